package classify

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// stated are 60 tune prompts in five folds and the probabilities that a model
// stated of four tiers, a few of them 0:
//
//	x = minstd(11, 300)       # x ← 48271·x mod (2³¹−1)
//	p = np.array(x[:240], float).reshape(60, 4)
//	p = np.where(p % 5 == 0, 0, (p % 1000 + 1)**3); p /= p.sum(1, keepdims=True)
//	y = [np.argmax(r) if b % 10 < 6 else b % 4 for r, b in zip(p, x[240:])]
func stated() (*eval.Predictions, []eval.Item) {
	const n, k = 60, 4
	x, seed := make([]uint64, n*(k+1)), uint64(11)
	for i := range x {
		seed = 48271 * seed % 2147483647
		x[i] = seed
	}
	p := &eval.Predictions{Classifier: "llm"}
	var items []eval.Item
	for i := range n {
		probabilities := make([]float64, k)
		sum := 0.0
		for t, v := range x[i*k : (i+1)*k] {
			if v%5 != 0 {
				probabilities[t] = math.Pow(float64(v%1000+1), 3)
			}
			sum += probabilities[t]
		}
		for t := range probabilities {
			probabilities[t] /= sum
		}
		top := slices.Index(probabilities, slices.Max(probabilities))
		truth := top
		if b := x[n*k+i]; b%10 >= 6 {
			truth = int(b % k)
		}
		p.Final = p.Final.With(eval.DecisionsOf(eval.Decision{Tier: top, Scores: probabilities, Probabilities: probabilities, Confidence: new(probabilities[top])}))
		id := fmt.Sprintf("p%02d", i)
		items = append(items, eval.Item{ID: id, Tier: truth, Group: id, Split: datasets.Tune, Fold: i % eval.Folds})
	}
	p.OutOfFold = p.Final
	return p, items
}

// scipy 1.10.1, with l = np.log(np.maximum(p, 2.**-24)) and, of a fold, the rows
// outside it: the root by optimize.brentq(xtol=1e-15) of
//
//	(special.softmax(b*l, axis=1)*l).sum(1).mean() - l[range(len(y)), y].mean()
//
// which optimize.minimize_scalar finds as the minimum of the mean negative
// log-likelihood to 1e-6; probabilities are special.softmax(beta*l[i]).
func TestTemperatureAgainstSciPy(t *testing.T) {
	const tolerance = 1e-9
	p, items := stated()
	scaled, got := ScaleTemperature(p, items)
	if want := 0.37607323339162074; got.N != 60 || got.Stated != 60 || math.Abs(got.Beta-want) > tolerance || got.Separable || got.Uninformative {
		t.Errorf("%+v, want β %v on 60 prompts", got, want)
	}
	approx := cmpopts.EquateApprox(0, tolerance)
	for i, want := range map[int][]float64{
		0: {0.36497491, 0.26321203, 0.316303, 0.05551006},
		7: {0.32335238, 0.35716499, 0.17839579, 0.14108684},
	} {
		if diff := cmp.Diff(want, scaled.Final.At(i).Probabilities, cmpopts.EquateApprox(0, 5e-9)); diff != "" {
			t.Errorf("prompt %d (-want +got):\n%s", i, diff)
		}
	}
	for fold, beta := range []float64{0.361960427073893, 0.33414858294730204, 0.4824540492783501, 0.40921247766607083, 0.32895513449244296} {
		want := make([]float64, 4)
		for k, v := range p.Final.At(fold).Probabilities {
			want[k] = math.Log(max(v, leastStated))
		}
		stats.Softmax(want, want, beta)
		if diff := cmp.Diff(want, scaled.OutOfFold.At(fold).Probabilities, approx); diff != "" {
			t.Errorf("out of fold %d (-want +got):\n%s", fold, diff)
		}
	}
}

// What goes in is left alone, though Final and OutOfFold share it; what comes
// out differs in probabilities and confidence alone.
func TestTemperatureChangesConfidenceAlone(t *testing.T) {
	p, items := stated()
	edit(p.Final, 3, func(d *eval.Decision) { d.Tier = (d.Tier + 1) % 4 }) // an answer that was not the likeliest
	p.Final.Set(4, &eval.Decision{Tier: 2, Scores: []float64{0, 1, 0, 0}, Invalid: true})
	p.Final.Set(5, &eval.Decision{Tier: 1, Err: "timeout"})
	p.Elapsed, p.FoldError = 5, "reason"
	before, _ := stated()
	for i := 3; i < 6; i++ {
		before.Final.Set(i, new(p.Final.At(i)))
	}
	scaled, got := ScaleTemperature(p, items)
	if diff := cmp.Diff(listOf(before.Final), listOf(p.Final)); diff != "" {
		t.Errorf("the decisions given were changed (-before +after):\n%s", diff)
	}
	if got.Stated != 58 || got.N != 58 {
		t.Errorf("%+v, want 58 decisions with probabilities", got)
	}
	for name, decisions := range map[string]*eval.Decisions{"final": scaled.Final, "out of fold": scaled.OutOfFold} {
		if diff := cmp.Diff(listOf(p.Final), listOf(decisions), cmpopts.IgnoreFields(eval.Decision{}, "Probabilities", "Confidence")); diff != "" {
			t.Errorf("%s (-stated +scaled):\n%s", name, diff)
		}
		for i, d := range decisions.All() {
			if d.Probabilities == nil {
				if d.Confidence != nil || p.Final.At(i).Probabilities != nil {
					t.Errorf("%s %d: %+v", name, i, d)
				}
				continue
			}
			sum := 0.0
			for k, v := range d.Probabilities {
				sum += v
				if a, b := p.Final.At(i).Probabilities[k], p.Final.At(i).Probabilities[0]; a > b && b > leastStated && !(v > d.Probabilities[0]) {
					t.Errorf("%s %d: the order of %v is not that of %v", name, i, d.Probabilities, p.Final.At(i).Probabilities)
				}
			}
			if math.Abs(sum-1) > 1e-12 || d.Confidence == nil || *d.Confidence != d.Probabilities[d.Tier] {
				t.Errorf("%s %d: probabilities %v sum to %v, confidence %v of tier %d", name, i, d.Probabilities, sum, d.Confidence, d.Tier)
			}
		}
	}
	if scaled.Classifier != "llm" || scaled.Elapsed != 5 || scaled.FoldError != "reason" {
		t.Errorf("%+v", scaled)
	}
	p.OutOfFold = nil
	if again, _ := ScaleTemperature(p, items); again.OutOfFold != nil {
		t.Error("out-of-fold decisions from nothing")
	}
}

// Labels outside tune move nothing; those of tune move β, but not that of the
// fold they are in.
func TestTemperatureIsFittedOnTuneAlone(t *testing.T) {
	p, items := stated()
	for i := range 20 {
		items[i].Split = []datasets.Split{datasets.Train, datasets.Calibrate, datasets.Test}[i%3]
	}
	want, fit := ScaleTemperature(p, items)
	if fit.N != 40 {
		t.Fatalf("fitted on %d prompts, want the 40 of tune", fit.N)
	}
	permuted := slices.Clone(items)
	for i := range 20 {
		permuted[i].Tier = (permuted[i].Tier + 1 + i) % 4
	}
	if got, again := ScaleTemperature(p, permuted); again != fit || !cmp.Equal(want, got, cmp.Transformer("list", listOf)) {
		t.Errorf("other labels outside tune: %+v, want %+v", again, fit)
	}
	permuted = slices.Clone(items)
	for i := 20; i < 60; i++ {
		if permuted[i].Fold == 2 {
			permuted[i].Tier = (permuted[i].Tier + 1) % 4
		}
	}
	got, again := ScaleTemperature(p, permuted)
	if again.Beta == fit.Beta {
		t.Error("other labels in tune leave β as it is")
	}
	for i, it := range items {
		if same := cmp.Equal(want.OutOfFold.At(i), got.OutOfFold.At(i)); same != (it.Fold == 2) {
			t.Errorf("labels of fold 2 changed; a decision of fold %d is the same: %v", it.Fold, same)
		}
	}
}

// Copies in a group are no evidence: the first that has probabilities counts.
func TestTemperatureCountsGroups(t *testing.T) {
	p, items := stated()
	_, want := ScaleTemperature(p, items)
	for range 3 {
		for i := range 30 {
			copied := items[i]
			copied.Tier = (copied.Tier + 1) % 4
			items, p.Final = append(items, copied), p.Final.With(p.Final.Some([]int{i}))
		}
	}
	silent, first := items[0], eval.Decision{Err: "timeout"}
	items, p.Final = slices.Insert(items, 0, silent), eval.DecisionsOf(first).With(p.Final)
	p.OutOfFold = p.Final
	_, got := ScaleTemperature(p, items)
	if got.N != want.N || got.Beta != want.Beta || got.Stated != 150 {
		t.Errorf("%+v with copies, want %+v", got, want)
	}
}

func TestTemperatureAtItsLimits(t *testing.T) {
	one := func(probabilities []float64, truth int, split datasets.Split) (*eval.Predictions, []eval.Item) {
		d := eval.Decision{Probabilities: probabilities, Confidence: new(probabilities[0])}
		p := &eval.Predictions{Final: eval.DecisionsOf(d)}
		return p, []eval.Item{{ID: "a", Tier: truth, Group: "a", Split: split}}
	}
	for name, c := range map[string]struct {
		probabilities []float64
		truth         int
		split         datasets.Split
		want          Temperature
		confidence    float64
	}{
		"separable":        {[]float64{0.6, 0.4}, 0, datasets.Tune, Temperature{Stated: 1, N: 1, Beta: stats.MaxBeta, Separable: true}, 1},
		"uninformative":    {[]float64{0.6, 0.4}, 1, datasets.Tune, Temperature{Stated: 1, N: 1, Uninformative: true}, 0.5},
		"nothing in tune":  {[]float64{0.6, 0.4}, 0, datasets.Test, Temperature{Stated: 1, Beta: 1}, 0.6},
		"certain, right":   {[]float64{1, 0}, 0, datasets.Tune, Temperature{Stated: 1, N: 1, Beta: stats.MaxBeta, Separable: true}, 1},
		"certain, wrong":   {[]float64{1, 0}, 1, datasets.Tune, Temperature{Stated: 1, N: 1, Uninformative: true}, 0.5},
		"certain, unknown": {[]float64{1, 0}, 1, datasets.Train, Temperature{Stated: 1, Beta: 1}, 1},
	} {
		p, items := one(c.probabilities, c.truth, c.split)
		scaled, got := ScaleTemperature(p, items)
		if got != c.want || math.Abs(*scaled.Final.At(0).Confidence-c.confidence) > 1e-12 {
			t.Errorf("%s: %+v with confidence %v, want %+v with %v", name, got, *scaled.Final.At(0).Confidence, c.want, c.confidence)
		}
	}
	if p, got := ScaleTemperature(&eval.Predictions{}, nil); p.Final.Len() != 0 || got != (Temperature{Beta: 1}) {
		t.Errorf("nothing: %+v", got)
	}
}

// A model that names one tier alone, whose log-probability reads as 0, is as
// confident after scaling as it is right: three of four here. By hand:
// 1/(1 + e^(−β·ln 2²⁴)) = ¾, so β = ln 3 / ln 2²⁴.
func TestZeroIsAFloorNotACertainty(t *testing.T) {
	p, items := &eval.Predictions{}, []eval.Item{}
	for i := range 4 {
		p.Final = p.Final.With(eval.DecisionsOf(eval.Decision{Probabilities: []float64{1, 0}, Confidence: new(1.0)}))
		items = append(items, eval.Item{Group: fmt.Sprint(i), Split: datasets.Tune, Tier: i / 3})
	}
	scaled, got := ScaleTemperature(p, items)
	if want := math.Log(3) / (24 * math.Ln2); math.Abs(got.Beta-want) > 1e-12 || math.Abs(*scaled.Final.At(0).Confidence-0.75) > 1e-12 {
		t.Errorf("%+v, confidence %v, want β %v and ¾", got, *scaled.Final.At(0).Confidence, want)
	}
}

// edit changes decision i.
func edit(d *eval.Decisions, i int, change func(*eval.Decision)) {
	decision := d.At(i)
	decision.Scores, decision.Probabilities = slices.Clone(decision.Scores), slices.Clone(decision.Probabilities)
	change(&decision)
	d.Set(i, &decision)
}

// listOf is decisions as comparing them prints them.
func listOf(d *eval.Decisions) []eval.Decision {
	var out []eval.Decision
	for _, decision := range d.All() {
		out = append(out, decision)
	}
	return out
}
