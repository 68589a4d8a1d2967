package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/routeproof/routeproof/datasets"
)

// trainItems returns train items of the given tiers and lengths.
func trainItems(tiers, runes []int) []Item {
	items := testItems(tiers)
	for i := range items {
		items[i].Split = datasets.Train
		items[i].ID = fmt.Sprintf("train%04d", i)
		items[i].Group = items[i].ID
		items[i].Runes = runes[i]
	}
	return items
}

func TestBaselineNames(t *testing.T) {
	names := func(r *Result) []string {
		var out []string
		for _, s := range r.Baselines {
			out = append(out, s.Name)
		}
		return out
	}
	test := testItems(digits("012"))
	r := evaluate(t, 3, costsOf(3), test)
	if diff := cmp.Diff([]string{"always T0", "always T1", "always T2", "random", "oracle"}, names(r)); diff != "" {
		t.Errorf("without train items (-want +got):\n%s", diff)
	}
	r = evaluate(t, 3, costsOf(3), slices.Concat(trainItems([]int{1}, []int{5}), test))
	if diff := cmp.Diff([]string{"always T0", "always T1", "always T2", "random", "majority", "length", "oracle"}, names(r)); diff != "" {
		t.Errorf("with train items (-want +got):\n%s", diff)
	}
}

func TestLengthCuts(t *testing.T) {
	for _, c := range []struct {
		name         string
		tiers, runes []int
		cuts         []int
		at           map[int]int // length → tier
	}{
		{"one of each", []int{0, 1, 2}, []int{10, 20, 30}, []int{10, 20}, map[int]int{0: 0, 10: 0, 11: 1, 20: 1, 21: 2, 99: 2}},
		// Lengths alone are sorted: which prompt has which tier is not looked at.
		{"longest is cheap", []int{2, 1, 0}, []int{10, 20, 30}, []int{10, 20}, map[int]int{10: 0, 30: 2}},
		{"mix 3:1", []int{0, 0, 0, 2}, []int{4, 3, 2, 1}, []int{3, 3}, map[int]int{3: 0, 4: 2}},
		{"no cheapest tier", []int{1, 2}, []int{7, 9}, []int{-1, 7}, map[int]int{0: 1, 7: 1, 8: 2}},
		{"only the dearest", []int{2, 2}, []int{7, 9}, []int{-1, -1}, map[int]int{0: 2, 9: 2}},
		{"only the cheapest", []int{0, 0}, []int{7, 9}, []int{9, 9}, map[int]int{9: 0, 10: 2}},
		// The cut falls into a run of equal lengths: all of it goes cheap.
		{"tie at the cut", []int{0, 1, 1, 2}, []int{5, 5, 5, 8}, []int{5, 5}, map[int]int{5: 0, 6: 2, 8: 2}},
	} {
		items := trainItems(c.tiers, c.runes)
		b := &bench{Options: Options{Tiers: tiersOf(t, 3)}, items: items}
		cuts := b.lengthCuts(splitIndex(items, datasets.Train))
		if diff := cmp.Diff(c.cuts, cuts); diff != "" {
			t.Errorf("%s: cuts (-want +got):\n%s", c.name, diff)
		}
		for runes, want := range c.at {
			if got := lengthTier(cuts, runes); got != want {
				t.Errorf("%s: %d runes go to tier %d, want %d", c.name, runes, got, want)
			}
		}
	}
}

// Where no lengths are equal the baseline sends as many train prompts to each
// tier as belong there.
func TestLengthKeepsTierMix(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for range 50 {
		k, n := 2+rng.IntN(7), 1+rng.IntN(60)
		tiers := make([]int, n)
		for i := range tiers {
			tiers[i] = rng.IntN(k)
		}
		items := trainItems(tiers, rng.Perm(n))
		b := &bench{Options: Options{Tiers: tiersOf(t, k)}, items: items}
		cuts := b.lengthCuts(splitIndex(items, datasets.Train))
		sent := make([]int, n)
		for i, it := range items {
			sent[i] = lengthTier(cuts, it.Runes)
		}
		for tier := range k {
			if got, want := count(sent, tier), count(tiers, tier); got != want {
				t.Fatalf("%d prompts sent to tier %d of %d, want %d", got, tier, k, want)
			}
		}
	}
}

func TestMajority(t *testing.T) {
	for _, c := range []struct {
		name  string
		train string
		want  int
	}{
		{"clear", "0112", 1},
		{"tie goes to the cheaper", "2211", 1},
		{"tie of all", "210", 0},
		{"one", "2", 2},
	} {
		tiers := digits(c.train)
		items := slices.Concat(trainItems(tiers, make([]int, len(tiers))), testItems(digits("000")))
		s := baseline(t, evaluate(t, 3, costsOf(3), items), "majority")
		if got := s.PerTier[c.want].Predicted; got != 3 {
			t.Errorf("%s: %v of 3 test prompts sent to tier %d", c.name, got, c.want)
		}
	}
}

// Majority and length learn from train alone.
func TestBaselinesIgnoreTestLabels(t *testing.T) {
	train := trainItems(digits("0001112"), []int{1, 2, 3, 4, 5, 6, 7})
	for _, name := range []string{"majority", "length"} {
		var before []float64
		for _, truth := range []string{"012", "222", "000"} {
			test := testItems(digits(truth))
			for i := range test {
				test[i].Runes = 3 * i // 0, 3, 6
			}
			s := baseline(t, evaluate(t, 3, costsOf(3), slices.Concat(train, test)), name)
			var sent []float64
			for _, tier := range s.PerTier {
				sent = append(sent, tier.Predicted)
			}
			if before != nil && !slices.Equal(before, sent) {
				t.Errorf("%s sends %v with test labels %s, %v with others", name, sent, truth, before)
			}
			before = sent
		}
	}
}

func TestOracle(t *testing.T) {
	r := evaluate(t, 4, costsOf(4), testItems(digits("0123321012")))
	oracle := baseline(t, r, "oracle")
	if oracle.Accuracy.Value != 1 || oracle.UnderRouting.Value != 0 || oracle.OverRouting.Value != 0 || oracle.MeanTierError != 0 {
		t.Errorf("oracle: accuracy %v, under %v, over %v, distance %v", oracle.Accuracy.Value, oracle.UnderRouting.Value, oracle.OverRouting.Value, oracle.MeanTierError)
	}
	for _, s := range r.Baselines {
		if s.Cost.Headline.Value < oracle.Cost.Headline.Value {
			t.Errorf("%s costs %v, less than the oracle's %v, though prices rise with the tier", s.Name, s.Cost.Headline.Value, oracle.Cost.Headline.Value)
		}
		if s.Shuffled != nil || s.Cost.Classify.Value != 0 || !s.Cost.Classify.Known() {
			t.Errorf("%s: shuffled %v, classify %v", s.Name, s.Shuffled, s.Cost.Classify)
		}
	}
}
