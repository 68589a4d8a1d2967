package eval

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func mixedOf(t *testing.T, mix []float64, costs Costs, items []Item, predictions ...*Predictions) *Mixed {
	t.Helper()
	r, err := Evaluate(t.Context(), items, predictions, Options{Tiers: tiersOf(t, len(mix)), Costs: costs, Replicates: 300, Seed: 1, Mix: mix})
	if err != nil {
		t.Fatal(err)
	}
	return r.Mixed
}

func (m *Mixed) of(t *testing.T, name string) MixedScore {
	t.Helper()
	i := slices.IndexFunc(m.Scores, func(s MixedScore) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no score of %s in %+v", name, m)
	}
	return m.Scores[i]
}

// A mix of 1:2:3 is what the figures are where each prompt of the tiers stands
// there once, twice and three times.
func TestMixRepeatsPrompts(t *testing.T) {
	truth, said := digits("000011112222"), digits("000100112121")
	var manyTruth, manySaid []int
	for i, tier := range truth {
		for range tier + 1 {
			manyTruth, manySaid = append(manyTruth, tier), append(manySaid, said[i])
		}
	}
	mix := []float64{1. / 6, 2. / 6, 3. / 6}
	got := mixedOf(t, mix, costsOf(3), testItems(truth), predicted("it", said))
	want := evaluate(t, 3, costsOf(3), testItems(manyTruth), predicted("it", manySaid))
	scores := append(want.Classifiers[:1:1], want.Baselines...)
	if len(got.Scores) != len(scores) {
		t.Fatalf("%d scores, expected %d", len(got.Scores), len(scores))
	}
	for i, s := range scores {
		m := got.of(t, s.Name)
		if i > 0 && got.Scores[i].Headline.Value < got.Scores[i-1].Headline.Value {
			t.Errorf("%s costs less than %s before it", got.Scores[i].Name, got.Scores[i-1].Name)
		}
		if s.Name == "length" || s.Name == "majority" {
			continue // these are fitted on what stands there
		}
		for what, v := range map[string][2]Number{
			"accuracy": {m.Accuracy.Value, s.Accuracy.Value}, "under-routing": {m.UnderRouting.Value, s.UnderRouting.Value},
			"headline": {m.Headline.Value, s.Cost.Headline.Value}, "saving": {m.Saving.Value, s.Cost.Saving.Value},
		} {
			if math.Abs(float64(v[0]-v[1])) > 1e-9 {
				t.Errorf("%s of %s: %v, expected %v", what, s.Name, v[0], v[1])
			}
		}
		if classifier := i == 0; m.Accuracy.Low.Defined() != classifier || m.Headline.Low.Defined() != classifier {
			t.Errorf("%s has the intervals %v and %v", s.Name, m.Accuracy, m.Headline)
		}
	}
}

func TestMixWithoutPrompts(t *testing.T) {
	items, p := testItems(digits("0011")), predicted("it", digits("0101"))
	if m := mixedOf(t, []float64{.5, .3, .2}, costsOf(3), items, p); m.Undefined != "no test prompt is of tier T2" || len(m.Scores) != 0 {
		t.Errorf("%+v", m)
	}
	if m := mixedOf(t, []float64{.4, .6, 0}, costsOf(3), items, p); m.Undefined != "" || m.of(t, "it").Accuracy.Value != .5 {
		t.Errorf("%+v", m)
	}
	unpriced := costsOf(3)
	unpriced.Tiers[0].InputPerM = nil
	if m := mixedOf(t, []float64{.4, .6, 0}, unpriced, items, p); m.of(t, "it").Headline.Value.Defined() || !m.of(t, "it").Accuracy.Low.Defined() {
		t.Errorf("%+v", m)
	}
	// Nothing of the cheapest tier can be sent too low.
	if m := mixedOf(t, []float64{1, 0, 0}, costsOf(3), items, p); m.of(t, "it").UnderRouting != (Estimate{}) {
		t.Errorf("%+v", m.of(t, "it").UnderRouting)
	}
	if r := evaluate(t, 3, costsOf(3), items, p); r.Mixed != nil {
		t.Errorf("%+v without a mix", r.Mixed)
	}
}

// Intervals of the mixed accuracy hold it, with rates near 1 and few prompts of
// the commonest tier.
func TestMixIntervalsCover(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 6))
	mix, rates := []float64{.7, .25, .05}, []float64{.95, .6, .8}
	truth := 0.0
	for k, share := range mix {
		truth += share * rates[k]
	}
	const trials = 400
	covered := 0
	for range trials {
		var tiers, said []int
		for range 60 {
			k := rng.IntN(3)
			pick := k
			if rng.Float64() > rates[k] {
				pick = (k + 1) % 3
			}
			tiers, said = append(tiers, k), append(said, pick)
		}
		a := mixedOf(t, mix, freeCosts(3), testItems(tiers), predicted("it", said)).of(t, "it").Accuracy
		if float64(a.Low) <= truth && truth <= float64(a.High) {
			covered++
		}
	}
	if covered < 362 { // 95 % less four standard errors
		t.Errorf("%d of %d intervals cover", covered, trials)
	}
	t.Logf("%d of %d", covered, trials)
}

// Copies of a prompt in its group are no further evidence.
func TestMixCountsGroups(t *testing.T) {
	truth, said := digits("00001111222200112"), digits("00010011212100120")
	var manyTruth, manySaid []int
	for i := range truth {
		manyTruth, manySaid = append(manyTruth, truth[i], truth[i]), append(manySaid, said[i], said[i])
	}
	many := testItems(manyTruth)
	for i := range many {
		many[i].Group = many[i-i%2].ID
	}
	mix := []float64{.2, .3, .5}
	a := mixedOf(t, mix, costsOf(3), testItems(truth), predicted("it", said)).of(t, "it")
	b := mixedOf(t, mix, costsOf(3), many, predicted("it", manySaid)).of(t, "it")
	for what, v := range map[string][2]Estimate{"accuracy": {a.Accuracy, b.Accuracy}, "under-routing": {a.UnderRouting, b.UnderRouting}, "headline": {a.Headline, b.Headline}} {
		if !near(v[0].Low, float64(v[1].Low)) || !near(v[0].High, float64(v[1].High)) {
			t.Errorf("%s: %v, with copies %v", what, v[0], v[1])
		}
	}
}
