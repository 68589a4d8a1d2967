package classify

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
)

var (
	plain    = Candidate{compass{"plain"}, Scorer{}}
	logistic = Candidate{compass{"plain"}, Scorer{Kind: centroids.ScorerLogistic, C: 10}}
	nearest  = Candidate{compass{"plain"}, Scorer{Kind: centroids.ScorerNearest, Neighbours: 3}}
)

// example is one of a group.
func example(group int, text string, tier int) eval.Example {
	return eval.Example{
		Text: datasets.NewText(text), Group: int32(group), Tier: uint8(tier),
		Fold: uint8(datasets.Fold("s/choose", fmt.Sprint(group), eval.Folds)),
	}
}

// scattered has n examples a tier around each of its angles.
func scattered(n int, angles ...[]float64) []eval.Example {
	rng := rand.New(rand.NewPCG(1, 1))
	var out []eval.Example
	for tier, around := range angles {
		for _, angle := range around {
			for range n {
				out = append(out, example(len(out), fmt.Sprintf("at %g", angle+15*rng.NormFloat64()), tier))
			}
		}
	}
	return out
}

func choose(t *testing.T, examples []eval.Example, candidates ...Candidate) *Choice {
	t.Helper()
	c := &Chooser{Tiers: twoTiers(t), Candidates: candidates, Seed: 1}
	choice, err := c.Choose(t.Context(), examples)
	if err != nil {
		t.Fatal(err)
	}
	return choice
}

func TestChooseKeepsThePlainestThatIsGoodEnough(t *testing.T) {
	c := choose(t, scattered(40, []float64{0}, []float64{90}), plain, logistic, nearest)
	if c.Chosen != 0 || c.N != 80 || c.Groups != 80 || len(c.Candidates) != 3 || c.Why != "" {
		t.Errorf("all candidates separate the tiers, expected the first: %+v", c)
	}
}

// Both tiers have the same mean direction: only neighbours tell them apart.
func TestChooseTakesTheBetter(t *testing.T) {
	c := choose(t, scattered(30, []float64{0, 180}, []float64{90, 270}), plain, logistic, nearest)
	if c.Chosen != 2 || c.Best != 2 || c.Candidates[2].Kappa < 0.9 || c.Candidates[0].Kappa > 0.5 {
		t.Errorf("expected the nearest examples: %+v", c)
	}
}

// Kappa and accuracy of each candidate by training it once a fold, from outside.
func TestChooseFiguresByHand(t *testing.T) {
	examples := scattered(25, []float64{0}, []float64{70})
	examples = append(examples, example(700, "nothing", 1))
	got := choose(t, examples, plain, logistic, nearest)
	for i, c := range []Candidate{plain, logistic, nearest} {
		cm := eval.NewConfusion(2)
		for fold := range eval.Folds {
			var in, out []eval.Example
			for _, x := range examples {
				if int(x.Fold) == fold {
					in = append(in, x)
				} else {
					out = append(out, x)
				}
			}
			trained, err := NewEmbeddingTrainer("x", twoTiers(t), 0, c.Embedder, c.Scorer).Train(t.Context(), out, nil)
			if err != nil {
				t.Fatal(err)
			}
			requests := make([]eval.Request, len(in))
			for j, x := range in {
				text, err := x.Text.Read()
				if err != nil {
					t.Fatal(err)
				}
				requests[j] = eval.Request{Text: text}
			}
			decisions, err := trained.Classify(t.Context(), requests)
			if err != nil {
				t.Fatal(err)
			}
			for j, x := range in {
				cm[x.Tier][decisions[j].Tier]++
			}
		}
		want := CandidateCV{Embedder: "compass", Scorer: c.Scorer.String(), Kappa: eval.Number(cm.QuadraticKappa()),
			Accuracy: eval.Number(cm.Accuracy()), MacroF1: eval.Number(cm.MacroF1()), Under: eval.Number(cm.UnderRouting())}
		if diff := cmp.Diff(want, got.Candidates[i], cmpopts.IgnoreFields(CandidateCV{}, "SE")); diff != "" {
			t.Errorf("%s: %s", c.Scorer, diff)
		}
		if se := float64(got.Candidates[i].SE); !(se > 0.01 && se < 0.3) {
			t.Errorf("%s: standard error %g of kappa on 51 examples", c.Scorer, se)
		}
	}
}

// Copies that were in train and in the fold would make neighbours look perfect.
func TestChooseKeepsGroupsTogether(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	var examples []eval.Example
	for i := range 60 {
		text, tier := fmt.Sprintf("at %g", 360*rng.Float64()), rng.IntN(2) // the angle says nothing
		for range 5 {
			examples = append(examples, example(3*i, text, tier))
		}
	}
	c := choose(t, examples, plain, Candidate{compass{"plain"}, Scorer{Kind: centroids.ScorerNearest, Neighbours: 1}})
	if k := c.Candidates[1].Kappa; k > 0.4 || c.Groups != 60 {
		t.Errorf("kappa %.2f of neighbours where nothing can be learned, %d groups", k, c.Groups)
	}
}

func TestChooseIsTheSameOnAnyProcessors(t *testing.T) {
	examples := scattered(20, []float64{0, 180}, []float64{60, 270})
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	one := choose(t, examples, plain, logistic, nearest)
	runtime.GOMAXPROCS(4)
	if diff := cmp.Diff(one, choose(t, examples, plain, logistic, nearest)); diff != "" {
		t.Error(diff)
	}
}

func TestChooseWithoutEnough(t *testing.T) {
	examples := scattered(10, []float64{0}, nil)
	lone := example(77, "at 90", 1)
	c := choose(t, append(examples, lone), plain, logistic)
	if c.Chosen != 0 || !strings.Contains(c.Why, `"CHEAP"`) || c.Candidates[1].Why == "" {
		t.Errorf("one example of a tier out of two: %+v, expected the first and why", c)
	}
	broken := &Chooser{Tiers: twoTiers(t), Candidates: []Candidate{plain, logistic}}
	if _, err := broken.Choose(t.Context(), examplesOf("broken")); err == nil {
		t.Error("an embedder that fails: expected its error")
	}
}

// A tier with a single example is missed in its fold and learned in the others.
func TestChooseWithARareTier(t *testing.T) {
	tiers, err := centroids.NewTiers("RARE", "CHEAP", "DEAR")
	if err != nil {
		t.Fatal(err)
	}
	examples := scattered(30, []float64{180}, []float64{0}, []float64{90})[29:]
	chooser := &Chooser{Tiers: tiers, Candidates: []Candidate{plain, logistic, nearest}, Seed: 1}
	c, err := chooser.Choose(t.Context(), examples)
	if err != nil || c.Why != "" {
		t.Fatalf("%+v, %v", c, err)
	}
	for _, x := range c.Candidates {
		if got := float64(x.Accuracy) * 61; got < 57 || got > 60 {
			t.Errorf("%s: %.0f of 61 right, expected nearly all but the rare one", x.Scorer, got)
		}
	}
}

func examplesOf(texts ...string) []eval.Example {
	return examples(make([]int, len(texts)), texts...)
}

// An embedder that has vectors for nothing is out, and does not take the others
// with it.
func TestChooseLeavesOutWhatCannotBeFitted(t *testing.T) {
	c := choose(t, scattered(30, []float64{0, 180}, []float64{90, 270}), Candidate{silent{}, Scorer{}}, plain, nearest)
	if c.Chosen != 2 || c.Best != 2 || c.Why != "" || c.Candidates[0].Why == "" || c.Candidates[0].Kappa.Defined() {
		t.Errorf("%+v", c)
	}
}

// silent has no vector for any text.
type silent struct{}

func (silent) Identity() centroids.Identity {
	return centroids.Identity{Kind: "silent", Model: "m", Dims: 2}
}

func (silent) Embed(_ context.Context, dst []float32, _ []string) error {
	clear(dst)
	return nil
}

func TestOneStandardErrorRule(t *testing.T) {
	nan := eval.Number(math.NaN())
	for name, c := range map[string]struct {
		kappa        []eval.Number
		chosen, best int
		unknown      bool // the best's standard error
	}{
		"within":                      {[]eval.Number{0.52, 0.4, 0.6}, 0, 2, false},
		"exactly one":                 {[]eval.Number{0.5, 0.4, 0.625}, 0, 2, false},
		"beyond":                      {[]eval.Number{0.3, 0.4, 0.6}, 2, 2, false},
		"the first of equals":         {[]eval.Number{0.3, 0.6, 0.6}, 1, 1, false},
		"plainest of those within":    {[]eval.Number{0.1, 0.55, 0.6}, 1, 2, false},
		"no standard error":           {[]eval.Number{0.3, 0.4, 0.6}, 0, 2, true},
		"undefined never beats":       {[]eval.Number{nan, 0.1, nan}, 1, 1, false},
		"undefined all: the plainest": {[]eval.Number{nan, nan, nan}, 0, 0, false},
	} {
		x := &Choice{}
		for _, k := range c.kappa {
			x.Candidates = append(x.Candidates, CandidateCV{Kappa: k, SE: 0.125})
		}
		if c.unknown {
			x.Candidates[c.best].SE = nan
		}
		if x.decide(); x.Chosen != c.chosen || x.Best != c.best {
			t.Errorf("%s: chosen %d, best %d, expected %d and %d", name, x.Chosen, x.Best, c.chosen, c.best)
		}
	}
}

func TestHeadsLeaveOutWhatHasNoVector(t *testing.T) {
	all := append(fit(), examples([]int{1}, "nothing")...)
	for _, c := range []Candidate{logistic, nearest} {
		trained, err := NewEmbeddingTrainer("x", twoTiers(t), 1, c.Embedder, c.Scorer).Train(t.Context(), all, fit())
		if err != nil {
			t.Fatal(err)
		}
		decisions, err := trained.Classify(t.Context(), []eval.Request{{Text: "at 5"}, {Text: "at 85"}, {Text: "nothing"}})
		if err != nil {
			t.Fatal(err)
		}
		if decisions[0].Tier != 0 || decisions[1].Tier != 1 || decisions[2].Tier != 1 || decisions[2].Scores != nil || decisions[0].Confidence == nil {
			t.Errorf("%s: %+v", c.Scorer, decisions)
		}
		if n := trained.(*Embedding).Artifact().Head().Nearest; n != nil && len(n.Tiers) != 4 {
			t.Errorf("expected the 4 examples with a vector, found %d", len(n.Tiers))
		}
	}
}
