package eval

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/routeproof/routeproof/datasets"
)

func TestEvaluateNeedsTestItems(t *testing.T) {
	items := testItems(digits("01"))
	items[0].Split, items[1].Split = datasets.Train, datasets.Calibrate
	_, err := Evaluate(t.Context(), items, nil, Options{Tiers: tiersOf(t, 2), Costs: costsOf(2), Replicates: 10})
	if !errors.Is(err, ErrNoTest) {
		t.Errorf("error %v, want ErrNoTest", err)
	}
}

func TestEvaluateStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Evaluate(ctx, testItems(digits("01")), nil, Options{Tiers: tiersOf(t, 2), Costs: costsOf(2), Replicates: 10})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

func TestWarnings(t *testing.T) {
	items := testItems(digits("00000111122222"))
	quiet := predicted("quiet", digits("00000111122222"))
	loud := predicted("loud", digits("00000111122222"))
	for i := range 2 {
		edit(loud.Final, i, func(d *Decision) { d.Err, d.CostUSD = "timeout", Quantity{} })
	}
	edit(loud.Final, 2, func(d *Decision) { d.Invalid = true })
	loud.FoldError = "fold 2 of 5: no text"
	want := []string{
		"all cost figures hold for the 12 of 14 test prompts on which every classifier's own cost is known",
		"test prompts of tier T1: 4, too few for a claim about it; read quadratic kappa and under-routing first",
		"test prompts of tier T3: 0, too few for a claim about it; read quadratic kappa and under-routing first",
		"classifier loud gave no answer for 2 of 14 test prompts: they are scored as sent to the fallback tier",
		"classifier loud: 1 of 14 answers are no tier and went to the fallback tier",
		"classifier loud has no out-of-fold predictions: fold 2 of 5: no text",
	}
	if diff := cmp.Diff(want, evaluate(t, 4, costsOf(4), items, quiet, loud).Warnings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := evaluate(t, 2, costsOf(2), testItems(digits("0000011111")), predicted("it", digits("0000011111"))).Warnings; len(got) != 0 {
		t.Errorf("warnings %q where there is nothing to warn of", got)
	}
}

// Evaluate changes neither items nor predictions.
func TestEvaluateLeavesItsInput(t *testing.T) {
	items := testItems(digits("0123"))
	p := predicted("it", digits("3210"))
	before, err := json.Marshal([]any{items, p})
	if err != nil {
		t.Fatal(err)
	}
	evaluate(t, 4, costsOf(4), items, p, predicted("other", digits("0000")))
	after, err := json.Marshal([]any{items, p})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(after)); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// Unknown costs are null in JSON, never 0.
func TestUnknownCostsInJSON(t *testing.T) {
	costs := costsOf(2)
	costs.Tiers[0].InputPerM = nil
	p := predicted("it", digits("0101"))
	for i := range p.Final.Len() {
		edit(p.Final, i, func(d *Decision) { d.CostUSD = Quantity{} })
	}
	b, err := json.Marshal(evaluate(t, 2, costs, testItems(digits("0101")), p).Classifiers[0])
	if err != nil {
		t.Fatal(err)
	}
	nothing := `{"value":null,"low":null,"high":null}`
	want := `"cost":{"n":0,"classify":null,"picked":null,"asked_again":null,"headline":` + nothing + `,"saving":` + nothing +
		`,"behind":` + nothing + `,"cheapest":null},"shuffled":{"accuracy":0.5,"headline":null,"skill":{"value":null,"low":null,"high":null}},"majority":null,"latency_p50_ms":null,"latency_p95_ms":null}`
	if !strings.HasSuffix(string(b), want) {
		t.Errorf("score %s\nwant it to end in %s", b, want)
	}
}

// Out of fold the figures are of all items: here those of the test.
func TestOutOfFoldIsOverAllItems(t *testing.T) {
	truth, said := digits("00001111222233330123"), digits("01001121222323310120")
	p := predicted("it", said)
	p.OutOfFold = p.Final
	for _, grouped := range []bool{false, true} {
		items := testItems(truth)
		if grouped {
			items[1].Group = items[0].Group
		}
		s := evaluate(t, 4, costsOf(4), items, p).Classifiers[0]
		if diff := cmp.Diff(s.Accuracy, *s.OutOfFold); diff != "" {
			t.Errorf("accuracy (-test +out of fold):\n%s", diff)
		}
		if diff := cmp.Diff(s.QuadraticKappa, *s.OutOfFoldKappa); diff != "" || !s.OutOfFoldKappa.Low.Defined() {
			t.Errorf("kappa (-test +out of fold):\n%s", diff)
		}
	}
}
