package eval

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/routeproof/routeproof/datasets"
)

// rightWhere returns decisions that are right where the mask has a 1; truth is
// tier 0 throughout.
func rightWhere(mask string) []int {
	tiers := digits(mask)
	for i := range tiers {
		tiers[i] = 1 - tiers[i]
	}
	return tiers
}

func TestPairs(t *testing.T) {
	// Models are free, so accuracy ranks: A 10, C 8, B 4 of 12.
	r := evaluate(t, 2, freeCosts(2), testItems(make([]int, 12)),
		predicted("A", rightWhere("111111111100")),
		predicted("B", rightWhere("110000000011")),
		predicted("C", rightWhere("111111110000")))
	// McNemar by hand: 2·1/4; 2·(1+10+45)/1024; 2·(1+8+28)/256.
	// Holm: .109375·3, .2890625·2 = .578125, then .5·1 raised to .578125.
	want := []Pair{
		{A: "A", B: "C", OnlyA: 2, OnlyB: 0, P: 0.5, HolmP: 0.578125, Diff: 2. / 12},
		{A: "A", B: "B", OnlyA: 8, OnlyB: 2, P: 0.109375, HolmP: 0.328125, Diff: 6. / 12},
		{A: "C", B: "B", OnlyA: 6, OnlyB: 2, P: 0.2890625, HolmP: 0.578125, Diff: 4. / 12},
	}
	if diff := cmp.Diff(want, r.Pairs, cmpopts.EquateApprox(0, 1e-14)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestIdenticalPair(t *testing.T) {
	r := evaluate(t, 2, freeCosts(2), testItems(make([]int, 4)),
		predicted("A", rightWhere("1100")), predicted("B", rightWhere("1100")))
	if diff := cmp.Diff([]Pair{{A: "A", B: "B", P: 1, HolmP: 1}}, r.Pairs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r = evaluate(t, 2, freeCosts(2), testItems(make([]int, 4)), predicted("A", rightWhere("1100"))); len(r.Pairs) != 0 {
		t.Errorf("one classifier makes pairs %v", r.Pairs)
	}
}

func TestSlices(t *testing.T) {
	items := testItems(digits("0001112"))
	for i, part := range []struct {
		domain string
		runes  int
	}{{"b", 0}, {"b", 49}, {"a", 50}, {"a", 199}, {"c", 200}, {"c", 799}, {"c", 800}} {
		items[i].Domain, items[i].Runes = part.domain, part.runes
	}
	r := evaluate(t, 3, freeCosts(3), items, predicted("it", digits("0110110")), predicted("oracle", digits("0001112")))
	if r.Classifiers[0].Name != "oracle" {
		t.Fatalf("%s stands first", r.Classifiers[0].Name)
	}
	type slice struct {
		Kind, Name string
		N          int
		Accuracy   []Number
		Under      []Number
	}
	// Right of it, by hand: b 1/2, a 0/2, c 2/3; too low: a 1/2, c 1/3.
	want := []slice{
		{"domain", "c", 3, []Number{1, 2. / 3}, []Number{0, 1. / 3}},
		{"domain", "a", 2, []Number{1, 0}, []Number{0, 0.5}}, // equal sizes by name
		{"domain", "b", 2, []Number{1, 0.5}, []Number{0, 0}},
		{"length", "under 50 runes", 2, []Number{1, 0.5}, []Number{0, 0}},
		{"length", "50 to 199", 2, []Number{1, 0}, []Number{0, 0.5}},
		{"length", "200 to 799", 2, []Number{1, 1}, []Number{0, 0}},
		{"length", "800 and more", 1, []Number{1, 0}, []Number{0, 1}},
	}
	var got []slice
	sums := map[string]int{}
	for _, s := range r.Slices {
		x := slice{Kind: s.Kind, Name: s.Name, N: s.N}
		for c := range s.Accuracy {
			x.Accuracy = append(x.Accuracy, s.Accuracy[c].Value)
			x.Under = append(x.Under, s.Under[c].Value)
		}
		got = append(got, x)
		sums[s.Kind] += s.N
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-14)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if sums["domain"] != len(items) || sums["length"] != len(items) {
		t.Errorf("slices hold %v prompts, want %d of each kind", sums, len(items))
	}
}

func TestSlicesWithoutDomain(t *testing.T) {
	domains := func(items []Item) []string {
		var out []string
		for _, s := range evaluate(t, 2, freeCosts(2), items, predicted("it", make([]int, len(items)))).Slices {
			if s.Kind == "domain" {
				out = append(out, fmt.Sprintf("%s %d", s.Name, s.N))
			}
		}
		return out
	}
	items := testItems(digits("011"))
	if got := domains(items); got != nil {
		t.Errorf("domains %q, want none where no prompt has one", got)
	}
	items[0].Domain = "law"
	if diff := cmp.Diff([]string{" 2", "law 1"}, domains(items)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMistakeOrder(t *testing.T) {
	sure := func(p float64) *float64 { return &p }
	decisions := []Decision{
		{Tier: 1, Confidence: sure(0.9)},        // right: not shown
		{Tier: 2, Confidence: sure(0.99)},       // one too high
		{Tier: 0, Confidence: sure(0.2)},        // one too low
		{Tier: 0, Confidence: sure(0.7)},        // one too low, surer
		{Tier: 3, Confidence: sure(0.9)},        // two too high
		{Tier: 0},                               // two too low, no confidence
		{Tier: 0, Scores: []float64{0.5, 0, 0}}, // two too low, by margin
		{Tier: 0, Confidence: sure(0.5)},        // as the one before, by id
		{Tier: 0, Scores: []float64{0, 0, 1}},   // three too low
	}
	items := testItems(digits("111112223"))
	for i := range decisions {
		decisions[i].CostUSD = Quantity{0, Computed}
	}
	r := evaluate(t, 4, freeCosts(4), items, &Predictions{Classifier: "it", Final: DecisionsOf(decisions...)}, predicted("other", digits("111112223")))
	if got := r.Mistakes[0]; got.Classifier != "other" || got.Total != 0 || len(got.Worst) != 0 {
		t.Errorf("mistakes of the one that makes none: %+v", got)
	}
	var ids []string
	for _, m := range r.Mistakes[1].Worst {
		ids = append(ids, m.ID)
	}
	if diff := cmp.Diff([]string{"p0008", "p0006", "p0007", "p0005", "p0004", "p0003", "p0002", "p0001"}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := Mistake{ID: "p0008", Prompt: "text of p0008", Truth: "T3", Predicted: "T0",
		Scores: []float64{0, 0, 1}, Others: []string{"T3", "T0"}}
	if diff := cmp.Diff(want, r.Mistakes[1].Worst[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestShownMistakes(t *testing.T) {
	items := testItems(make([]int, 25))
	for i := range items {
		items[i].Text = datasets.NewText(strings.Repeat("é", 201))
	}
	m := evaluate(t, 2, freeCosts(2), items, predicted("it", slices.Repeat([]int{1}, 25))).Mistakes[0]
	if m.Total != 25 || len(m.Worst) != 10 {
		t.Errorf("%d of %d shown, want 10 of 25", len(m.Worst), m.Total)
	}
	if got, want := m.Worst[0].Prompt, strings.Repeat("é", 200)+"…"; got != want {
		t.Errorf("excerpt %q, want %q", got, want)
	}
	if got := excerpt(strings.Repeat("é", 200)); got != strings.Repeat("é", 200) {
		t.Errorf("a text of 200 runes is cut to %q", got)
	}
}

func TestRank(t *testing.T) {
	// Models are free: the headline is the classifier's own cost.
	at := func(name string, mask string, usd float64) *Predictions {
		p := predicted(name, rightWhere(mask))
		for i := range p.Final.Len() {
			edit(p.Final, i, func(d *Decision) { d.CostUSD = Quantity{usd, Recorded} })
			if math.IsNaN(usd) {
				edit(p.Final, i, func(d *Decision) { d.CostUSD = Quantity{} })
			}
		}
		return p
	}
	all := []*Predictions{
		at("unknown, right", "1111", math.NaN()),
		at("unknown, a", "1000", math.NaN()),
		at("z", "1100", 1),
		at("a", "1100", 1),
		at("as dear, better", "1110", 1),
		at("cheap, wrong", "0000", 0.5),
		at("dear, right", "1111", 2),
	}
	want := []string{"cheap, wrong", "as dear, better", "a", "z", "dear, right", "unknown, right", "unknown, a"}
	for range 2 {
		r := evaluate(t, 2, freeCosts(2), testItems(make([]int, 4)), all...)
		var got []string
		for i, s := range r.Classifiers {
			got = append(got, s.Name)
			if s.Name != r.Mistakes[i].Classifier {
				t.Errorf("mistakes of %s stand at the place of %s", r.Mistakes[i].Classifier, s.Name)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		slices.Reverse(all)
	}
}

// Costs are compared on the prompts on which every classifier's own cost is
// known.
func TestCostsAreAboutTheSamePrompts(t *testing.T) {
	dear, cheap := predicted("dear", make([]int, 4)), predicted("cheap", make([]int, 4))
	for i := range dear.Final.Len() {
		edit(dear.Final, i, func(d *Decision) { d.CostUSD = Quantity{2, Recorded} })
		edit(cheap.Final, i, func(d *Decision) { d.CostUSD = Quantity{} })
	}
	edit(cheap.Final, 1, func(d *Decision) { d.CostUSD = Quantity{1, Recorded} })
	r := evaluate(t, 2, freeCosts(2), testItems(make([]int, 4)), dear, cheap)
	// One prompt is one group: that says nothing of resamples.
	for i, want := range []struct {
		name string
		usd  Number
	}{{"cheap", 1000}, {"dear", 2000}} {
		s := r.Classifiers[i]
		if s.Name != want.name || s.Cost.N != 1 || s.Cost.Headline.Value != want.usd || s.Cost.Headline.Low.Defined() || s.Cost.Cheapest.Defined() {
			t.Errorf("place %d: %s, %+v, want %s at %v without interval", i+1, s.Name, s.Cost, want.name, want.usd)
		}
	}
}

// A classifier that failed on many prompts is not compared on the rest.
func TestLeastPriced(t *testing.T) {
	whole, part := predicted("whole", make([]int, 20)), predicted("part", make([]int, 20))
	for i := range whole.Final.Len() {
		edit(whole.Final, i, func(d *Decision) { d.CostUSD = Quantity{2, Recorded} })
		edit(part.Final, i, func(d *Decision) { d.CostUSD = Quantity{1, Recorded} })
	}
	for _, unknown := range []int{1, 2} {
		edit(part.Final, unknown, func(d *Decision) { d.CostUSD = Quantity{} })
		r, err := Evaluate(t.Context(), testItems(make([]int, 20)), []*Predictions{whole, part},
			Options{Tiers: tiersOf(t, 2), Costs: freeCosts(2), Replicates: 10, LeastPriced: 0.95})
		if err != nil {
			t.Fatal(err)
		}
		first, wantN := "part", 19 // 19 of 20 is enough
		if unknown == 2 {
			first, wantN = "whole", 20
		}
		if s := r.Classifiers[0]; s.Name != first || s.Cost.N != wantN {
			t.Errorf("%d unknown: %s stands first with n = %d, want %s with %d", unknown, s.Name, s.Cost.N, first, wantN)
		}
	}
}

// Against the majority baseline the test is paired.
func TestAgainstMajority(t *testing.T) {
	items := testItems(digits("0000000000" + "1111111111"))
	for i := range items[:15] {
		items = append(items, items[i])
		items[len(items)-1].Split = datasets.Train
		items[len(items)-1].Group += " train"
	}
	p := predicted("it", append(digits("0000000011"+"1111111110"), make([]int, 15)...))
	got := evaluate(t, 2, costsOf(2), items, p).Classifiers[0].Majority
	// Majority (0) is right on the first ten; it loses two of them, wins nine.
	want := &Pair{A: "it", B: "majority", OnlyA: 9, OnlyB: 2, Diff: Number(7. / 20),
		P: 0.0654296875, HolmP: 0.0654296875} // scipy 1.10.1: binomtest(2, 11).pvalue
	if diff := cmp.Diff(want, got, cmp.Comparer(func(x, y float64) bool { return near(x, y) })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Behind and Cheapest compare headlines, resample by resample.
func TestBehindAndCheapest(t *testing.T) {
	at := func(name string, usd ...float64) *Predictions {
		p := predicted(name, make([]int, len(usd)))
		for i := range usd {
			edit(p.Final, i, func(d *Decision) { d.CostUSD = Quantity{usd[i], Recorded} })
		}
		return p
	}
	unknown := at("unknown", 0, 0, 0, 0)
	for i := range unknown.Final.Len() {
		edit(unknown.Final, i, func(d *Decision) { d.CostUSD = Quantity{} })
	}
	// Always 1 dearer; and dearer by 1 or cheaper by ½.
	r := evaluate(t, 2, freeCosts(2), testItems(make([]int, 4)),
		at("best", 1, 2, 3, 4), at("always behind", 2, 3, 4, 5), at("mixed", 2, 3, 2.5, 3.5), unknown)
	best, mixed, behind, none := r.Classifiers[0], r.Classifiers[1], r.Classifiers[2], r.Classifiers[3]
	if best.Cost.Behind.Value.Defined() {
		t.Errorf("the best stands behind itself by %v", best.Cost.Behind)
	}
	if diff := cmp.Diff(Estimate{1000, 1000, 1000}, behind.Cost.Behind); diff != "" || behind.Cost.Cheapest != 0 {
		t.Errorf("cheapest %v; behind (-want +got):\n%s", behind.Cost.Cheapest, diff)
	}
	if b := mixed.Cost.Behind; b.Value != 250 || !(b.Low < 0 && b.High > 250) {
		t.Errorf("mixed stands behind by %+v, want 250 in an interval on both sides of 0", b)
	}
	// Those who tie share the resample, so the shares sum to 1.
	if sum := best.Cost.Cheapest + mixed.Cost.Cheapest; !(best.Cost.Cheapest > 0.5 && mixed.Cost.Cheapest > 0 && near(sum, 1)) {
		t.Errorf("cheapest in %v and %v of resamples", best.Cost.Cheapest, mixed.Cost.Cheapest)
	}
	if none.Cost.Behind.Value.Defined() || none.Cost.Cheapest.Defined() {
		t.Errorf("without a known cost: behind %v, cheapest %v", none.Cost.Behind, none.Cost.Cheapest)
	}
}
