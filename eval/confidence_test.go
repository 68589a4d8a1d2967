package eval

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/stats"
)

// probable are 80 test prompts of three tiers with probabilities, and four of
// train with the tier mix ½, ¼, ¼:
//
//	x = minstd(17, 320)
//	p = np.array(x[:240], float).reshape(80, 3) % 1000 + 1; p /= p.sum(1, keepdims=True)
//	y = [np.argmax(r) if b % 10 < 4 else b % 3 for r, b in zip(p, x[240:])]
func probable() ([]Item, *Predictions) {
	const n, k = 80, 3
	x := minstd(17, n*(k+1))
	var truth []int
	var decisions []Decision
	p := &Predictions{Classifier: "it"}
	for i := range n {
		probabilities, sum := make([]float64, k), 0.0
		for t, v := range x[i*k : (i+1)*k] {
			probabilities[t] = float64(v%1000 + 1)
			sum += probabilities[t]
		}
		for t := range probabilities {
			probabilities[t] /= sum
		}
		top := slices.Index(probabilities, slices.Max(probabilities))
		y := top
		if b := x[n*k+i]; b%10 >= 4 {
			y = int(b % k)
		}
		truth = append(truth, y)
		decisions = append(decisions, Decision{Tier: top, Probabilities: probabilities, Confidence: new(probabilities[top]), CostUSD: Quantity{0, Computed}})
	}
	items := testItems(append(truth, digits("0012")...))
	for i := n; i < len(items); i++ {
		items[i].Split = datasets.Train
		decisions = append(decisions, Decision{CostUSD: Quantity{0, Computed}})
	}
	p.Final = DecisionsOf(decisions...)
	return items, p
}

func calibrationOf(t *testing.T, tiers int, items []Item, p *Predictions, replicates int) *Calibration {
	t.Helper()
	r, err := Evaluate(t.Context(), items, []*Predictions{p}, Options{Tiers: tiersOf(t, tiers), Costs: costsOf(tiers), Replicates: replicates, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	return r.Classifiers[0].Calibration
}

// sklearn 1.2.1: sum(metrics.brier_score_loss(y == c, p[:, c]) for c in range(3)), of
// the reference with p[:, c] = mix[c]. numpy 1.24.2, w = p.argmax(1) != y:
// o = argsort(-p.max(1)); mean(cumsum(w[o])/arange(1, 81)). Intervals are
// np.percentile(…, [2.5, 97.5]) of 20,000 and 4,000 resamples of rows, and p the
// share of 20,000 rng.permutation(w) whose area is no greater.
func TestBrierAndAURCAgainstReferences(t *testing.T) {
	items, p := probable()
	c := calibrationOf(t, 3, items, p, 4000)
	for _, f := range []struct {
		name                 string
		got, want, tolerance float64
	}{
		{"Brier", float64(c.Brier.Score.Value), 0.6105758559485319, 1e-12},
		{"reference", float64(c.Brier.Reference), 0.6875, 1e-12},
		{"gain", float64(c.Brier.Gain.Value), 0.6875 - 0.6105758559485319, 1e-12},
		{"Brier, low", float64(c.Brier.Score.Low), 0.53090747, 0.005},
		{"Brier, high", float64(c.Brier.Score.High), 0.69598201, 0.005},
		{"AURC", float64(c.Risk.AURC.Value), 0.3825791906736537, 1e-12},
		{"AURC, low", float64(c.Risk.AURC.Low), 0.23829582, 0.01},
		{"AURC, high", float64(c.Risk.AURC.High), 0.54220251, 0.01},
		{"random", float64(c.Risk.Random), 30. / 80, 1e-15},
		{"p", c.Risk.P, 0.56355, 0.03},
		{"mean", float64(c.Mean), 0.5336949921847098, 1e-12},
		{"accuracy", float64(c.Accuracy.Value), 50. / 80, 1e-15},
	} {
		if !within(f.got, f.want, f.tolerance) {
			t.Errorf("%s: %v, want %v", f.name, f.got, f.want)
		}
	}
	if c.N != 80 || c.Brier.N != 80 || len(c.Risk.Curve) != 80 || len(c.Bins) != 15 {
		t.Errorf("n %d and %d, %d points, %d bins", c.N, c.Brier.N, len(c.Risk.Curve), len(c.Bins))
	}
	n, gap := 0, 0.0
	for _, bin := range c.Bins {
		n += bin.N
		gap += float64(bin.N) * math.Abs(float64(bin.Accuracy.Value-bin.Mean)) / 80
		if !(bin.Least <= bin.Mean && bin.Mean <= bin.Greatest && bin.Accuracy.Low <= bin.Accuracy.Value && bin.Accuracy.Value <= bin.Accuracy.High) {
			t.Errorf("bin %+v", bin)
		}
	}
	if n != 80 || !near(c.ECE, gap) {
		t.Errorf("bins hold %d prompts, their gap is %v, the ECE %v", n, gap, c.ECE)
	}
}

// Only what is known is scored: probabilities where there are some, and a
// reference where there is a train split.
func TestBrierOfWhatIsStated(t *testing.T) {
	items, p := probable()
	for i := range 30 {
		edit(p.Final, i, func(d *Decision) { d.Probabilities = nil }) // a confidence alone
	}
	for i := 30; i < 40; i++ {
		edit(p.Final, i, func(d *Decision) { d.Probabilities, d.Confidence = nil, nil })
	}
	c := calibrationOf(t, 3, items, p, 50)
	if c.N != 70 || c.Brier == nil || c.Brier.N != 40 {
		t.Errorf("n %d, Brier %+v, want 70 and 40", c.N, c.Brier)
	}
	c = calibrationOf(t, 3, items[:80], p, 50)
	if b := c.Brier; b.Reference.Defined() || b.Gain.Value.Defined() || b.Gain.Low.Defined() || !b.Score.Low.Defined() {
		t.Errorf("without train: %+v", b)
	}
	for i := range p.Final.Len() {
		edit(p.Final, i, func(d *Decision) { d.Probabilities = nil })
	}
	if c = calibrationOf(t, 3, items, p, 50); c.N != 70 || c.Brier != nil {
		t.Errorf("without probabilities: n %d, Brier %+v", c.N, c.Brier)
	}
	for i := range p.Final.Len() {
		if i != 50 {
			edit(p.Final, i, func(d *Decision) { d.Confidence = nil })
		}
	}
	c = calibrationOf(t, 3, items, p, 50)
	if c.N != 1 || c.Risk.AURC.Low.Defined() || len(c.Risk.Curve) != 1 || c.Risk.Curve[0].Coverage != 1 || c.Risk.P != 1 {
		t.Errorf("one prompt: %+v", c)
	}
	if _, err := json.Marshal(c); err != nil {
		t.Error(err)
	}
}

// By hand, perfect and useless statements of two tiers.
func TestBrierByHand(t *testing.T) {
	for _, c := range []struct {
		probabilities []float64
		want          float64
	}{
		{[]float64{1, 0}, 0}, {[]float64{0, 1}, 2}, {[]float64{0.5, 0.5}, 0.5}, {[]float64{0.8, 0.2}, 0.08},
	} {
		p := predicted("it", digits("0000"))
		for i := range p.Final.Len() {
			edit(p.Final, i, func(d *Decision) { d.Probabilities, d.Confidence = c.probabilities, new(c.probabilities[0]) })
		}
		b := calibrationOf(t, 2, testItems(digits("0000")), p, 20).Brier
		if !near(b.Score.Value, c.want) || !near(b.Score.Low, c.want) || !near(b.Score.High, c.want) {
			t.Errorf("%v: %+v, want %v", c.probabilities, b.Score, c.want)
		}
	}
}

// The area under resampled predictions is that under as many copies.
func TestAreaOfResample(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 31))
	for range 200 {
		n := 1 + rng.IntN(12)
		conf, right, weights := make([]float64, n), make([]bool, n), make([]float64, n)
		for i := range conf {
			conf[i], right[i] = float64(rng.IntN(4))/4, rng.IntN(2) == 0
		}
		var copies []float64
		var correct []bool
		for range n {
			i := rng.IntN(n)
			weights[i]++
			copies, correct = append(copies, conf[i]), append(correct, right[i])
		}
		if got, want := rankByConfidence(conf, right).area(weights), stats.AURC(stats.RiskCoverageCurve(copies, correct)); !near(got, want) {
			t.Fatalf("area %v, want %v", got, want)
		}
	}
}

func TestLongCurvesAreThinned(t *testing.T) {
	rng := rand.New(rand.NewPCG(32, 32))
	for _, n := range []int{500, 501, 3001} {
		conf, right := make([]float64, n), make([]bool, n)
		for i := range conf {
			conf[i], right[i] = rng.Float64(), rng.IntN(2) == 0
			if n == 3001 && i%2 == 0 {
				conf[i] = 0.5 // half of them tie
			}
		}
		full := stats.RiskCoverageCurve(conf, right)
		got := thinned(full)
		if len(got) > 500 || n == 500 && len(got) != 500 || n == 3001 && len(got) < 240 {
			t.Errorf("%d points of %d", len(got), len(full))
		}
		if last := got[len(got)-1]; last.Coverage != 1 {
			t.Errorf("the last point is %+v", last)
		}
		for i, p := range got {
			if !slices.Contains(full, stats.RiskCoverage{Coverage: float64(p.Coverage), Risk: float64(p.Risk), Confidence: float64(p.Confidence)}) {
				t.Fatalf("point %+v is not of the curve", p)
			}
			if i > 0 && p.Coverage <= got[i-1].Coverage {
				t.Fatalf("coverage %v after %v", p.Coverage, got[i-1].Coverage)
			}
		}
	}
}

// Copies of a prompt in its group change no figure of the probabilities either.
func TestCopiesLeaveProbabilities(t *testing.T) {
	items, p := probable()
	once := calibrationOf(t, 3, items, p, 100)
	var many []Item
	var decisions []Decision
	for i, it := range items {
		for c := range 3 {
			it.ID = fmt.Sprintf("%s-%d", items[i].ID, c)
			many, decisions = append(many, it), append(decisions, p.Final.At(i))
		}
	}
	if diff := cmp.Diff(once, calibrationOf(t, 3, many, &Predictions{Classifier: "it", Final: DecisionsOf(decisions...)}, 100)); diff != "" {
		t.Errorf("(-once +copies):\n%s", diff)
	}
}
