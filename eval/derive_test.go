package eval_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/classify"
)

// byLength is a trainer whose classifiers are sure of some texts only, and
// shift their tier by how many examples they were fitted on.
type byLength struct {
	name  string
	every int // unsure of texts of whose length this is no divisor
}

func (b byLength) Name() string { return b.name }

func (b byLength) Train(_ context.Context, fit, _ []eval.Example) (eval.Classifier, error) {
	return lengthClassifier{b, len(fit)}, nil
}

type lengthClassifier struct {
	byLength
	shift int
}

func (c lengthClassifier) Classify(_ context.Context, requests []eval.Request) ([]eval.Decision, error) {
	out := make([]eval.Decision, len(requests))
	for i, q := range requests {
		d := &out[i]
		d.Tier = (len(q.Text) + c.shift) % 3
		d.Scores = []float64{0, float64(len(q.Text) % c.every)}
		d.CostUSD = eval.Quantity{Value: 0.25, Origin: eval.Recorded}
		d.LatencyMS = eval.Quantity{Value: float64(len(q.Text)), Origin: eval.Computed}
	}
	return out, nil
}

func hybridOf(_ int, parts []eval.Classifier) eval.Classifier {
	return classify.NewHybrid("both", classify.Stage{Classifier: parts[0], Sure: classify.MarginAtLeast(1)}, classify.Stage{Classifier: parts[1]})
}

func derivedItems() []eval.Item {
	var items []eval.Item
	for i := range 43 {
		id := fmt.Sprintf("p%02d", i)
		items = append(items, eval.Item{
			ID: id, Text: datasets.NewText(strings.Repeat("x", i)), Group: id,
			Split: datasets.Splits()[i%4], Fold: (i * 7) % 3, // unequal folds, two of them empty
		})
	}
	return items
}

// hybridTrainer trains both parts and combines them: what Derive replays.
type hybridTrainer []eval.Trainer

func (hybridTrainer) Name() string { return "both" }

func (h hybridTrainer) Train(ctx context.Context, fit, tune []eval.Example) (eval.Classifier, error) {
	var parts []eval.Classifier
	for _, t := range h {
		c, err := t.Train(ctx, fit, tune)
		if err != nil {
			return nil, err
		}
		parts = append(parts, c)
	}
	return hybridOf(eval.Final, parts), nil
}

func TestDeriveEqualsTheHybrid(t *testing.T) {
	items := derivedItems()
	trainers := hybridTrainer{byLength{"first", 2}, byLength{"second", 3}}
	var parts []*eval.Predictions
	for _, trainer := range trainers {
		_, p, err := eval.Predict(t.Context(), trainer, items)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	_, want, err := eval.Predict(t.Context(), trainers, items)
	if err != nil {
		t.Fatal(err)
	}
	got, err := eval.Derive(t.Context(), items, parts, hybridOf)
	if err != nil {
		t.Fatal(err)
	}
	want.Elapsed, want.ByFold = 0, nil
	if diff := cmp.Diff(want, got, cmp.Transformer("list", listOf)); diff != "" {
		t.Errorf("(-hybrid +derived):\n%s", diff)
	}
	stages := map[string]int{}
	for _, d := range got.Final.All() {
		stages[d.Stage]++
	}
	if stages["first"] == 0 || stages["second"] == 0 || cmp.Equal(listOf(got.Final), listOf(got.OutOfFold)) {
		t.Errorf("decided by %v: the comparison above shows nothing", stages)
	}
}

func TestDeriveWithoutOutOfFold(t *testing.T) {
	items := derivedItems()
	_, first, err := eval.Predict(t.Context(), byLength{"first", 2}, items)
	if err != nil {
		t.Fatal(err)
	}
	second := &eval.Predictions{Classifier: "second", Final: first.Final, FoldError: "it was fitted before"}
	p, err := eval.Derive(t.Context(), items, []*eval.Predictions{first, second}, hybridOf)
	if err != nil {
		t.Fatal(err)
	}
	if p.OutOfFold != nil || p.FoldError != "second: it was fitted before" || p.Final.Len() != len(items) {
		t.Errorf("out of fold %v because of %q, %d final decisions", p.OutOfFold, p.FoldError, p.Final.Len())
	}
}

// A part of a derived classifier may differ by fold, and decides what that fold's
// parts decided; a classifier without a fold can be asked about other items.
func TestDeriveByFold(t *testing.T) {
	items := derivedItems()
	var parts []*eval.Predictions
	for _, trainer := range []eval.Trainer{byLength{"first", 2}, byLength{"second", 3}} {
		_, p, err := eval.Predict(t.Context(), trainer, items)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	// The second part is asked in odd folds alone.
	got, err := eval.Derive(t.Context(), items, parts, func(fold int, parts []eval.Classifier) eval.Classifier {
		return classify.NewHybrid("either", classify.Stage{Classifier: parts[(fold+2)%2]})
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, it := range items {
		if want := parts[it.Fold%2].OutOfFold.At(i).Tier; got.OutOfFold.At(i).Tier != want || got.Final.At(i).Tier != parts[1].Final.At(i).Tier {
			t.Errorf("%s, fold %d: tiers %d and %d, expected %d and %d", it.ID, it.Fold, got.OutOfFold.At(i).Tier, got.Final.At(i).Tier, want, parts[1].Final.At(i).Tier)
		}
		for fold := range eval.Folds {
			same, err := parts[0].WithoutFold(t.Context(), fold, items, []int{i})
			if err != nil || same.Len() != 1 || fold == it.Fold && same.Tier(0) != parts[0].OutOfFold.Tier(i) {
				t.Errorf("%s without fold %d: %+v, %v", it.ID, fold, same, err)
			}
		}
	}
	fixed := &eval.Predictions{OutOfFold: parts[1].OutOfFold}
	if same, err := fixed.WithoutFold(t.Context(), 0, items, []int{4, 2}); err != nil || !cmp.Equal(listOf(same), []eval.Decision{fixed.OutOfFold.At(4), fixed.OutOfFold.At(2)}) {
		t.Errorf("%+v, %v", same, err)
	}
}

// listOf is decisions as comparing them prints them.
func listOf(d *eval.Decisions) []eval.Decision {
	var out []eval.Decision
	for _, decision := range d.All() {
		out = append(out, decision)
	}
	return out
}
