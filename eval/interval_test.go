package eval

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

// noisy returns n truths over the tiers and decisions that are right with
// chance accuracy, else uniform.
func noisy(rng *rand.Rand, tiers, n int, accuracy float64) (truth, picks []int) {
	for range n {
		k := rng.IntN(tiers)
		truth = append(truth, k)
		if rng.Float64() >= accuracy {
			k = rng.IntN(tiers)
		}
		picks = append(picks, k)
	}
	return truth, picks
}

func TestSameSeedSameBytes(t *testing.T) {
	truth, picks := noisy(rand.New(rand.NewPCG(6, 6)), 4, 60, 0.6)
	items := testItems(truth)
	for i := range items {
		items[i].Domain = fmt.Sprint(i % 7) // a map on the way to the slices
	}
	for _, groups := range []int{60, 20} {
		for i := range items {
			items[i].Group = fmt.Sprint(i % groups)
		}
		p, other := predicted("it", picks), predicted("other", truth)
		for i := range p.Final.Len() {
			edit(p.Final, i, func(d *Decision) { d.Confidence = new(float64(i) / 60) })
		}
		run := func(seed uint64) []byte {
			r, err := Evaluate(t.Context(), items, []*Predictions{p, other}, Options{Tiers: tiersOf(t, 4), Costs: costsOf(4), Replicates: 200, Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			b, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		first := run(1)
		for range 3 {
			if !bytes.Equal(first, run(1)) {
				t.Fatalf("%d groups: one seed gives two results", groups)
			}
		}
		if bytes.Equal(first, run(2)) {
			t.Errorf("%d groups: two seeds give one result", groups)
		}
	}
}

func TestIntervalsHoldTheEstimate(t *testing.T) {
	truth, picks := noisy(rand.New(rand.NewPCG(7, 7)), 4, 200, 0.6)
	for _, groups := range []int{200, 50} {
		items := testItems(truth)
		for i := range items {
			items[i].Group = fmt.Sprint(i % groups)
		}
		r, err := Evaluate(t.Context(), items, []*Predictions{predicted("it", picks)}, Options{Tiers: tiersOf(t, 4), Costs: costsOf(4), Replicates: 1000, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		if r.Groups != groups {
			t.Errorf("%d groups, want %d", r.Groups, groups)
		}
		s := r.Classifiers[0]
		for name, e := range map[string]Estimate{
			"accuracy": s.Accuracy, "macro-F1": s.MacroF1, "balanced accuracy": s.BalancedAccuracy, "kappa": s.QuadraticKappa,
			"headline": s.Cost.Headline, "saving": s.Cost.Saving, "random's headline": baseline(t, r, "random").Cost.Headline,
		} {
			if !(e.Low < e.Value && e.Value < e.High) {
				t.Errorf("%d groups: %s %v is not within %v to %v", groups, name, e.Value, e.Low, e.High)
			}
		}
	}
}

// Five copies of each prompt say no more than one: where they form a group the
// intervals are about √5 times as wide as if each stood for itself.
func TestClusterIntervals(t *testing.T) {
	truth, picks := noisy(rand.New(rand.NewPCG(8, 8)), 3, 60, 0.6)
	copies := func(tiers []int) []int { return slices.Repeat(tiers, 5) }
	score := func(groups int) Score {
		items := testItems(copies(truth))
		for i := range items {
			items[i].Group = fmt.Sprint(i % groups)
		}
		r, err := Evaluate(t.Context(), items, []*Predictions{predicted("it", copies(picks))}, Options{Tiers: tiersOf(t, 3), Costs: costsOf(3), Replicates: 1000, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		return r.Classifiers[0]
	}
	apart, grouped := score(300), score(60)
	width := func(e Estimate) float64 { return float64(e.High - e.Low) }
	for _, e := range []struct {
		name           string
		apart, grouped Estimate
	}{
		{"macro-F1", apart.MacroF1, grouped.MacroF1},
		{"balanced accuracy", apart.BalancedAccuracy, grouped.BalancedAccuracy},
		{"kappa", apart.QuadraticKappa, grouped.QuadraticKappa},
		{"headline", apart.Cost.Headline, grouped.Cost.Headline},
		{"saving", apart.Cost.Saving, grouped.Cost.Saving},
	} {
		if e.apart.Value != e.grouped.Value {
			t.Errorf("%s: %v in groups, %v apart", e.name, e.grouped.Value, e.apart.Value)
		}
		if ratio := width(e.grouped) / width(e.apart); !(ratio > 1.8 && ratio < 2.8) {
			t.Errorf("%s: groups make the interval %.2f times as wide, want about 2.24", e.name, ratio)
		}
	}
}

// One group, however many prompts it has, says nothing of the spread.
func TestOneGroupHasNoInterval(t *testing.T) {
	items := testItems(digits("0101"))
	for i := range items {
		items[i].Group = "all"
	}
	r := evaluate(t, 2, costsOf(2), items, predicted("it", digits("0111")), predicted("other", digits("0000")))
	for _, s := range r.Classifiers {
		for name, e := range map[string]Estimate{"macro-F1": s.MacroF1, "kappa": s.QuadraticKappa, "headline": s.Cost.Headline, "saving": s.Cost.Saving} {
			if !e.Value.Defined() || e.Low.Defined() || e.High.Defined() {
				t.Errorf("%s: %s %+v, want a value without an interval", s.Name, name, e)
			}
		}
		if s.Cost.Cheapest.Defined() {
			t.Errorf("%s: cheapest in %v of resamples of one group", s.Name, s.Cost.Cheapest)
		}
	}
	if b := r.Classifiers[1].Cost.Behind; !b.Value.Defined() || b.Low.Defined() {
		t.Errorf("behind %+v, want a value without an interval", b)
	}
}

// 200 samples of 150 prompts from a population whose mean is known: the 95 %
// interval of the headline must cover it in 90 % or more, and not always.
func TestHeadlineCoverage(t *testing.T) {
	const draws, n = 200, 150
	costs := costsOf(2)
	joint := [2][2]float64{{0.45, 0.1}, {0.15, 0.3}} // [truth][tier]
	var mean float64
	for truth, row := range joint {
		for tier, p := range row {
			mean += p * costs.Served(tier, truth, 20) * 1000
		}
	}
	rng := rand.New(rand.NewPCG(9, 9))
	covered := 0
	for draw := range draws {
		truth, picks := make([]int, n), make([]int, n)
		for i := range truth {
			switch u := rng.Float64(); {
			case u < 0.45:
			case u < 0.55:
				picks[i] = 1
			case u < 0.7:
				truth[i] = 1
			default:
				truth[i], picks[i] = 1, 1
			}
		}
		r, err := Evaluate(t.Context(), testItems(truth), []*Predictions{predicted("it", picks)},
			Options{Tiers: tiersOf(t, 2), Costs: costs, Replicates: 200, Seed: uint64(draw)})
		if err != nil {
			t.Fatal(err)
		}
		if h := r.Classifiers[0].Cost.Headline; float64(h.Low) <= mean && mean <= float64(h.High) {
			covered++
		}
	}
	if covered < draws*90/100 || covered > draws*99/100 {
		t.Errorf("%d of %d intervals cover the mean, want about 190", covered, draws)
	}
}

// Items of other splits are not resampled, whatever their groups.
func TestGroupsOfTestOnly(t *testing.T) {
	items := testItems(digits("0101"))
	train := testItems(digits("0101"))
	for i := range train {
		train[i].Split = datasets.Train
		train[i].Group = "one"
	}
	if r := evaluate(t, 2, costsOf(2), slices.Concat(train, items), predicted("it", digits("01010101"))); r.Groups != 4 || r.N != 4 {
		t.Errorf("%d groups of %d prompts, want 4 of 4", r.Groups, r.N)
	}
}
