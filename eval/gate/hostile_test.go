package gate

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
)

// Whatever does not match makes the verdict invalid, with all that it is about.
func TestInvalid(t *testing.T) {
	truth, pred := strings.Repeat("SMCF", 25), strings.Repeat("SMCF", 25)
	type input struct {
		base, cand             []datasets.Prediction
		baseSource, candSource Source
		rules                  Rules
		costs                  *Costs
	}
	two, err := centroids.NewTiers("A", "B")
	if err != nil {
		t.Fatal(err)
	}
	repeat := func(rows []datasets.Prediction, n int) []datasets.Prediction {
		var out []datasets.Prediction
		for r := range n {
			for _, p := range rows {
				p.Repeat = r
				out = append(out, p)
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		break_ func(*input)
		why    string
		ids    []string
	}{
		"data set hash":        {func(i *input) { i.baseSource.Hashes.Dataset, i.candSource.Hashes.Dataset = "aa", "bb" }, `the data sets differ by hash, "aa" in the baseline and "bb" in the candidate`, nil},
		"label hash":           {func(i *input) { i.baseSource.Hashes.Label, i.candSource.Hashes.Label = "aa", "bb" }, "the labels differ by hash", nil},
		"split hash":           {func(i *input) { i.baseSource.Hashes.Split, i.candSource.Hashes.Split = "aa", "bb" }, "the splits differ by hash", nil},
		"missing in candidate": {func(i *input) { i.cand = i.cand[2:] }, "the candidate lacks 2 prompts", []string{"p000000", "p000001"}},
		"missing in baseline":  {func(i *input) { i.base = i.base[:99] }, "the baseline lacks 1 prompt", []string{"p000099"}},
		"other ids": {func(i *input) {
			for k := range i.cand {
				i.cand[k].ID = "q" + i.cand[k].ID
			}
		}, "the candidate lacks 100 prompts", nil},
		"changed label":      {func(i *input) { i.cand[7].Tier = "SIMPLE" }, "1 true tier changed", []string{"p000007"}},
		"no classifier":      {func(i *input) { i.rules.Classifiers = []string{"y"} }, "has no predictions of it", nil},
		"classifier is gone": {func(i *input) { i.base = append(i.base, rows("y", truth, pred)...) }, "the candidate has no predictions of it", nil},
		"error":              {func(i *input) { i.cand[3].Error = "timeout" }, "the candidate has no answer to 1 prompt, and max_errors is 0", []string{"p000003"}},
		"error in baseline":  {func(i *input) { i.base[3].Error = "timeout" }, "the baseline has no answer to 1 prompt", []string{"p000003"}},
		"two repeats":        {func(i *input) { i.base, i.cand = repeat(i.base, 2), repeat(i.cand, 2) }, "ask at least 3 times", nil},
		"one against three":  {func(i *input) { i.cand = repeat(i.cand, 3) }, "ask both at least 3 times", nil},
		"tiers": {func(i *input) {
			i.candSource.Tiers, i.cand = two, []datasets.Prediction{{ID: "p000000", Classifier: "x", Tier: "A", Predicted: "A"}}
		}, "the tiers differ", nil},
		"slice of nobody": {func(i *input) { i.rules.Slices = []Slice{{Domain, "law"}} }, `no prompt is of the gated domain "law"`, nil},
		"no domains":      {func(i *input) { i.rules.Slices = []Slice{{Domain, "*"}} }, "no prompt has a domain", nil},
		"floor of nobody": {func(i *input) { i.rules.Floors = []Floor{{Metric: Accuracy, Slice: &Slice{Length, "x"}, Value: 0.5}} }, "no prompt is of the gated length", nil},
		"cost, no prices": {func(i *input) { i.rules.Cost.On = true }, "there are no prices", nil},
		"cost, half prices": {func(i *input) {
			i.rules.Cost.On = true
			i.costs = priced()
			i.costs.Candidate.Tiers[2].OutputPerM = nil
		}, "tier COMPLEX has no price", nil},
		"wrong certificate": {func(i *input) {
			i.candSource.Certificates = []Retest{{N: 3, Errors: 4, Certificate: centroids.Certificate{Alpha: 0.1, Delta: 0.1}}}
		}, "its errors must be", nil},
		"certificate of next to nothing": {func(i *input) {
			i.candSource.Certificates = []Retest{{N: 3, Errors: 1, Certificate: centroids.Certificate{Alpha: 1e-17, Delta: 0.1}}}
		}, "its alpha must be from 1e-9 to 1 - 1e-9", nil},
	} {
		in := input{base: rows("x", truth, pred), cand: rows("x", truth, pred), baseSource: source("a"), candSource: source("b")}
		c.break_(&in)
		v := decide(t, sideOf(t, in.baseSource, in.base), sideOf(t, in.candSource, in.cand), in.rules, in.costs)
		if v.Outcome != Invalid || len(v.Faults) == 0 || !strings.HasPrefix(v.Why, "Invalid: ") {
			t.Errorf("%s: %s, %s", name, v.Outcome, v.Why)
			continue
		}
		if i := slices.IndexFunc(v.Faults, func(f Fault) bool { return strings.Contains(f.Why, c.why) }); i < 0 {
			t.Errorf("%s: faults %+v lack %q", name, v.Faults, c.why)
		} else if c.ids != nil && !slices.Equal(v.Faults[i].IDs, c.ids) {
			t.Errorf("%s: ids %v, want %v", name, v.Faults[i].IDs, c.ids)
		}
	}
}

func TestSidesWithoutRowsAreInvalid(t *testing.T) {
	side := sideOf(t, source("a"), rows("x", "S", "S"))
	for _, pair := range [][2]*Side{{side, nil}, {nil, side}, {side, {}}, {nil, nil}} {
		if v := decide(t, pair[0], pair[1], Rules{}, nil); v.Outcome != Invalid {
			t.Errorf("%s", v.Why)
		}
	}
}

// A side that could not be read makes a verdict too, with null for what is unknown.
func TestInvalidated(t *testing.T) {
	v := Invalidated(Fault{Why: "the candidate's file has 2 problems"})
	if got := written(t, v); v.Outcome != Invalid || v.Why != "Invalid: the candidate's file has 2 problems." || !strings.Contains(got, `"margin": null`) || !strings.Contains(got, `"classifiers": []`) {
		t.Errorf("%s", got)
	}
}

// One classifier that cannot be compared spoils the verdict; the others are still
// told.
func TestOthersAreToldBesideAnInvalidOne(t *testing.T) {
	truth, pred := strings.Repeat("SMCF", 5), strings.Repeat("SMCF", 5)
	base := append(rows("x", truth, pred), rows("y", truth, pred)...)
	v := decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), base[:39]), Rules{}, nil)
	if v.Outcome != Invalid || len(v.Classifiers) != 2 || v.Classifiers[0].Outcome != Pass || v.Classifiers[1].Outcome != Invalid || !strings.Contains(v.Classifiers[1].Why, "lacks 1 prompt") {
		t.Errorf("%s", written(t, v))
	}
}

// Errors up to the maximum are tolerated, and count as what the fallback tier is.
func TestMaxErrors(t *testing.T) {
	base, cand := rows("x", "SMCF", "SMCF"), rows("x", "SMCF", "SMCF")
	cand[1].Error = "timeout"
	v := decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{MaxErrors: 1}, nil)
	if v.Outcome != Pass || v.Classifiers[0].CandidateErrors != 1 || v.Classifiers[0].BaselineErrors != 0 {
		t.Errorf("%s", written(t, v))
	}
}

func TestRulesCheckTellsAll(t *testing.T) {
	rules := Rules{
		Classifiers: []string{"x", "", "x"}, Margin: known(0), Alpha: known(0.5), Power: known(1), MaxErrors: -1, Replicates: 10,
		MacroF1: Margin{On: true, Value: known(math.NaN())}, Cost: Margin{Value: known(0.1)},
		Slices: []Slice{{"domian", "x"}, {Tier, ""}, {Tier, "A"}, {Tier, "A"}},
		Floors: []Floor{{Metric: "acuracy", Value: 0.5}, {Metric: Accuracy, Slice: &Slice{"x", "y"}, Value: 88}},
	}
	err := rules.Check()
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, want := range []string{
		"margin: expected over 0 and below 1, found 0", "alpha: expected over 0 and below 0.5", "power", "macro_f1 margin", "cost: it has a margin but is off",
		"max_errors", "replicates", "classifiers: name 2 is empty", `"x" stands twice`, `slice 1: kind: expected one of domain, tier, length, found "domian" (did you mean "domain"?)`,
		"slice 2: name", "slice 4: tier A stands twice", `floor 1: metric: expected one of accuracy, under_routing, invalid, found "acuracy" (did you mean "accuracy"?)`,
		"floor 2: slice: kind", "floor 2: value: expected over 0 and below 1, found 88",
	} {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Fatalf("line %d lacks %q:\n%v", i+1, want, err)
		}
	}
	if _, again := Decide(context.Background(), nil, nil, rules, nil); again == nil || again.Error() != err.Error() {
		t.Errorf("%v", again)
	}
	// 1 less these is 1, or next to it.
	near := Rules{Alpha: known(1e-17), Floors: []Floor{{Metric: UnderRouting, Value: 1e-17}}}.Check()
	if near == nil || !strings.Contains(near.Error(), "alpha: expected at least 1e-06, found 1e-17") || !strings.Contains(near.Error(), "floor 1: value: expected 1e-9 to 1 - 1e-9, found 1e-17") {
		t.Errorf("%v", near)
	}
	if err := (Rules{}).Check(); err != nil {
		t.Errorf("the zero value: %v", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	side := sideOf(t, source("a"), rows("x", "S", "S"))
	if _, err := Decide(ctx, side, side, Rules{}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// However a candidate that is as good as the baseline is spoilt, the verdict is
// never a pass.
func TestSpoiltNeverPasses(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	spoil := []func(rows []datasets.Prediction, at int) []datasets.Prediction{
		func(rows []datasets.Prediction, at int) []datasets.Prediction { return append(rows, rows[at]) },
		func(rows []datasets.Prediction, at int) []datasets.Prediction { return slices.Delete(rows, at, at+1) },
		func(rows []datasets.Prediction, at int) []datasets.Prediction { rows[at].ID += "x"; return rows },
		func(rows []datasets.Prediction, at int) []datasets.Prediction {
			rows[at].Classifier += "x"
			return rows
		},
		func(rows []datasets.Prediction, at int) []datasets.Prediction { rows[at].Repeat++; return rows[:0] },
		func(rows []datasets.Prediction, at int) []datasets.Prediction {
			rows[at].Scores = []float64{math.NaN(), 0, 0, 0}
			return rows
		},
		func(rows []datasets.Prediction, at int) []datasets.Prediction {
			rows[at].Confidence = known(math.NaN())
			return rows
		},
		func(rows []datasets.Prediction, at int) []datasets.Prediction {
			rows[at].Error = "timeout"
			return rows
		},
		func(rows []datasets.Prediction, at int) []datasets.Prediction {
			for i := range rows { // in all rows of the prompt, so that the side is sound in itself
				if rows[i].ID == rows[at].ID {
					rows[i].Tier = map[string]string{"SIMPLE": "MEDIUM", "MEDIUM": "COMPLEX", "COMPLEX": "FRONTIER", "FRONTIER": "SIMPLE"}[rows[i].Tier]
				}
			}
			return rows
		},
	}
	base := wild(rng, 40, 2, 1, 0.9)
	for range 50 {
		for k, f := range spoil {
			cand := slices.Clone(base)
			if v := decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{}, nil); v.Outcome != Pass {
				t.Fatalf("unspoilt: %s", v.Why)
			}
			cand = f(cand, rng.IntN(len(cand)))
			side, err := NewSide(source("b"), func(visit func(*datasets.Prediction) error) error {
				for i := range cand {
					if err := visit(&cand[i]); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				continue
			}
			if v := decide(t, sideOf(t, source("a"), base), side, Rules{}, nil); v.Outcome != Invalid {
				t.Fatalf("way %d: %s", k, v.Why)
			}
		}
	}
}
