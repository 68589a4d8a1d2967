package eval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/routeproof/routeproof/datasets"
)

// splitItems returns n items over all splits, folds and three tiers.
func splitItems(n int) []Item {
	items := testItems(make([]int, n))
	for i := range items {
		items[i].Tier = (i / 3) % 3
		items[i].Split = datasets.Splits()[i%4]
		items[i].Fold = (i / 4) % Folds
	}
	return items
}

// spy records what it is given. Its classifiers decide by what they were
// trained on, so that a change of that changes decisions.
type spy struct {
	calls [][2][]Example
	asked [][]Request // by the classifier of each call
	fail  func(call int) error
	short bool // the classifiers return a decision too few
}

func (s *spy) Name() string { return "spy" }

func (s *spy) Train(_ context.Context, fit, tune []Example) (Classifier, error) {
	call := len(s.calls)
	s.calls = append(s.calls, [2][]Example{slices.Clone(fit), slices.Clone(tune)})
	s.asked = append(s.asked, nil)
	if s.fail != nil {
		if err := s.fail(call); err != nil {
			return nil, err
		}
	}
	state := 0
	for _, x := range slices.Concat(fit, tune) {
		state = (31*state + len(idOf(x)) + int(x.Tier)) % 1009
	}
	return &spied{s, call, state}, nil
}

type spied struct {
	*spy
	call, state int
}

func (c *spied) Classify(_ context.Context, requests []Request) ([]Decision, error) {
	c.asked[c.call] = slices.Clone(requests)
	out := make([]Decision, len(requests))
	for i, q := range requests {
		out[i] = Decision{Tier: (c.state + int(q.ID[len(q.ID)-1])) % 3, Model: fmt.Sprint("trained ", c.call)}
	}
	if c.short {
		out = out[1:]
	}
	return out, nil
}

// idOf is the id of the item that an example was, as its text has it.
func idOf(x Example) string {
	text, err := x.Text.Read()
	if err != nil {
		panic(err)
	}
	return strings.TrimPrefix(text, "text of ")
}

func ids(examples []Example) []string {
	out := make([]string, len(examples))
	for i, x := range examples {
		out[i] = idOf(x)
	}
	return out
}

// itemIDs returns the ids of the items that keep accepts, split by split.
func itemIDs(items []Item, splits []datasets.Split, keep func(Item) bool) []string {
	out := []string{}
	for _, s := range splits {
		for _, it := range items {
			if it.Split == s && keep(it) {
				out = append(out, it.ID)
			}
		}
	}
	return out
}

func TestWhatTrainersSee(t *testing.T) {
	items := splitItems(60)
	s := &spy{}
	final, p, err := Predict(t.Context(), s, items)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.calls) != 1+Folds {
		t.Fatalf("trained %d times, want once for good and once a fold", len(s.calls))
	}
	all := func(Item) bool { return true }
	same := func(what string, want, got []string) {
		t.Helper()
		if len(want) == 0 {
			t.Errorf("%s: the test wants nothing", what)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	same("final fit", itemIDs(items, []datasets.Split{datasets.Train}, all), ids(s.calls[0][0]))
	same("final tune", itemIDs(items, []datasets.Split{datasets.Tune}, all), ids(s.calls[0][1]))
	if final.(*spied).call != 0 {
		t.Error("the classifier returned is one of a fold")
	}
	for fold := range Folds {
		fit, tune := s.calls[1+fold][0], s.calls[1+fold][1]
		outside := func(it Item) bool { return it.Fold != fold }
		same(fmt.Sprintf("fit without fold %d", fold), itemIDs(items, []datasets.Split{datasets.Train, datasets.Calibrate, datasets.Test}, outside), ids(fit))
		same(fmt.Sprintf("tune without fold %d", fold), itemIDs(items, []datasets.Split{datasets.Tune}, outside), ids(tune))
		for _, it := range items {
			known := slices.Contains(ids(fit), it.ID) || slices.Contains(ids(tune), it.ID)
			if asked := slices.Contains(s.asked[1+fold], requestsOf([]Item{it})[0]); asked == known {
				t.Errorf("fold %d: item %s was trained on: %v, asked: %v", fold, it.ID, known, asked)
			}
		}
	}
	if diff := cmp.Diff(requestsOf(items), s.asked[0]); diff != "" {
		t.Errorf("asked for good (-want +got):\n%s", diff)
	}
	if p.Classifier != "spy" || p.FoldError != "" || p.Final.Len() != len(items) || p.OutOfFold.Len() != len(items) {
		t.Fatalf("%d and %d decisions, fold error %q", p.Final.Len(), p.OutOfFold.Len(), p.FoldError)
	}
	for i, it := range items {
		if want := fmt.Sprint("trained ", 1+it.Fold); p.OutOfFold.At(i).Model != want || p.Final.At(i).Model != "trained 0" {
			t.Errorf("item %s: out of fold by %q, finally by %q", it.ID, p.OutOfFold.At(i).Model, p.Final.At(i).Model)
		}
	}
}

// There may be millions of examples.
func TestExampleIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(Example{}); size > 24 {
		t.Errorf("%d bytes", size)
	}
}

// Labels go to the trainer as they are.
func TestTrainersSeeLabels(t *testing.T) {
	items := splitItems(60)
	s := &spy{}
	want := map[string]Item{}
	for i := range items {
		items[i].GroupNumber, items[i].ChoiceFold = int32(i/2), uint8(i%Folds)
		want[items[i].ID] = items[i]
	}
	if _, _, err := Predict(t.Context(), s, items); err != nil {
		t.Fatal(err)
	}
	for call, seen := range s.calls {
		for _, x := range slices.Concat(seen[0], seen[1]) {
			if it := want[idOf(x)]; (x != Example{it.Text, it.GroupNumber, uint8(it.Tier), it.ChoiceFold}) {
				t.Errorf("call %d: %+v, want those of %+v", call, x, it)
			}
		}
	}
}

// Permuting the labels of test and calibrate items changes neither what the
// final classifier is trained on nor what it decides; permuting those of train
// or tune does.
func TestTestLabelsChangeNothing(t *testing.T) {
	items := splitItems(80)
	train := func(items []Item) ([2][]Example, []Decision) {
		s := &spy{}
		_, p, err := Predict(t.Context(), s, items)
		if err != nil {
			t.Fatal(err)
		}
		return s.calls[0], listOf(p.Final)
	}
	call, final := train(items)
	for _, c := range []struct {
		split  datasets.Split
		change bool
	}{{datasets.Test, false}, {datasets.Calibrate, false}, {datasets.Train, true}, {datasets.Tune, true}} {
		permuted := slices.Clone(items)
		index := splitIndex(items, c.split)
		for j, i := range index {
			permuted[i].Tier = items[index[(j+1)%len(index)]].Tier
		}
		if cmp.Equal(items, permuted, sameText) {
			t.Fatalf("%s: the permutation changes no label", c.split)
		}
		gotCall, gotFinal := train(permuted)
		if changed := !cmp.Equal(call, gotCall, sameText) || !cmp.Equal(final, gotFinal); changed != c.change {
			t.Errorf("labels of %s permuted: training changed %v, want %v", c.split, changed, c.change)
		}
	}
}

// constant decides the same for all.
type constant int

func (constant) Name() string { return "constant" }

func (c constant) Classify(_ context.Context, requests []Request) ([]Decision, error) {
	return decided(slices.Repeat([]int{int(c)}, len(requests))), nil
}

type countingCalls struct {
	Classifier
	calls int
}

func (c *countingCalls) Classify(ctx context.Context, requests []Request) ([]Decision, error) {
	c.calls++
	return c.Classifier.Classify(ctx, requests)
}

func TestFixedAndFitted(t *testing.T) {
	items := splitItems(20)
	once := &countingCalls{Classifier: constant(2)}
	c, p, err := Predict(t.Context(), Fixed{once}, items)
	if err != nil {
		t.Fatal(err)
	}
	if c != once || p.FoldError != "" || p.Final.Len() != 20 {
		t.Errorf("fixed: classifier %v, fold error %q, %d decisions", c, p.FoldError, p.Final.Len())
	}
	if once.calls != 1 {
		t.Errorf("fixed: asked %d times, want once: an answer may cost money", once.calls)
	}
	if diff := cmp.Diff(listOf(p.Final), listOf(p.OutOfFold)); diff != "" {
		t.Errorf("fixed: out of fold (-final +out of fold):\n%s", diff)
	}
	c, p, err = Predict(t.Context(), Fitted{constant(1)}, items)
	if err != nil {
		t.Fatal(err)
	}
	if c != constant(1) || p.OutOfFold != nil || p.FoldError == "" || p.Final.Len() != 20 {
		t.Errorf("fitted: classifier %v, out of fold %v because of %q", c, p.OutOfFold, p.FoldError)
	}
	for _, d := range p.Final.All() {
		if d.Tier != 1 {
			t.Errorf("fitted: decision %+v, want tier 1", d)
		}
	}
}

// A fold that cannot be fitted costs the out-of-fold decisions and no others.
func TestFailingFold(t *testing.T) {
	items := splitItems(60)
	s := &spy{fail: func(call int) error {
		if call == 3 {
			return errors.New("tier T2 has no training text")
		}
		return nil
	}}
	_, p, err := Predict(t.Context(), s, items)
	if err != nil {
		t.Fatal(err)
	}
	if p.OutOfFold != nil || p.FoldError != "fold 3 of 5: tier T2 has no training text" || p.Final.Len() != 60 {
		t.Errorf("out of fold %v, fold error %q, %d final decisions", p.OutOfFold, p.FoldError, p.Final.Len())
	}
	sc := evaluate(t, 3, costsOf(3), items, p).Classifiers[0]
	if sc.OutOfFold != nil || !sc.Accuracy.Value.Defined() {
		t.Errorf("out of fold %v, accuracy %v", sc.OutOfFold, sc.Accuracy)
	}
}

func TestPredictErrors(t *testing.T) {
	_, p, err := Predict(t.Context(), &spy{fail: func(int) error { return errors.New("no text") }}, splitItems(8))
	if p != nil || err == nil || err.Error() != "classifier spy: no text" {
		t.Errorf("training fails: %v, %v", p, err)
	}
	_, p, err = Predict(t.Context(), &spy{short: true}, splitItems(8))
	if p != nil || err == nil || !strings.Contains(err.Error(), "expected 8 decisions, found 7") {
		t.Errorf("a decision too few: %v, %v", p, err)
	}
}

func TestPredictCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &spy{fail: func(call int) error {
		if call == 2 {
			cancel()
			return ctx.Err()
		}
		return nil
	}}
	_, p, err := Predict(ctx, s, splitItems(60))
	if p != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v, want context.Canceled and no fold error", p, err)
	}
	if len(s.calls) != 3 {
		t.Errorf("trained %d times, want no more after the third", len(s.calls))
	}
}

func TestPredictNothing(t *testing.T) {
	_, p, err := Predict(t.Context(), Fixed{constant(0)}, nil)
	if err != nil || p.Final.Len() != 0 {
		t.Errorf("%+v, %v, want no decisions", p, err)
	}
}

// listOf is decisions as comparing them prints them.
func listOf(d *Decisions) []Decision {
	var out []Decision
	for _, decision := range d.All() {
		out = append(out, decision)
	}
	return out
}
