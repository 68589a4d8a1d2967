package eval

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
)

// tiersOf returns k tiers named T0, T1, …
func tiersOf(t testing.TB, k int) centroids.Tiers {
	t.Helper()
	names := make([]string, k)
	for i := range names {
		names[i] = fmt.Sprintf("T%d", i)
	}
	tiers, err := centroids.NewTiers(names...)
	if err != nil {
		t.Fatal(err)
	}
	return tiers
}

// costsOf returns k tiers of which each costs five times the one before.
func costsOf(k int) Costs {
	c := Costs{OutputScale: 1}
	for i := range k {
		price := math.Pow(5, float64(i))
		c.Tiers = append(c.Tiers, TierModel{
			Model: fmt.Sprintf("model-%d", i), InputPerM: new(price / 4), OutputPerM: new(price),
			ExpectedOutput: 100 * float64(i+1),
		})
	}
	return c
}

// freeCosts returns k tiers that cost nothing, so that the headline is what a
// classifier costs itself.
func freeCosts(k int) Costs {
	c := costsOf(k)
	for i := range c.Tiers {
		c.Tiers[i].InputPerM, c.Tiers[i].OutputPerM = new(0.0), new(0.0)
	}
	return c
}

// digits reads one tier a digit.
func digits(s string) []int {
	out := make([]int, len(s))
	for i, r := range s {
		out[i] = int(r - '0')
	}
	return out
}

// testItems returns test items of the given tiers, each in its own group.
func testItems(tiers []int) []Item {
	items := make([]Item, len(tiers))
	for i, tier := range tiers {
		id := fmt.Sprintf("p%04d", i)
		items[i] = Item{
			ID: id, Text: datasets.NewText("text of " + id), Tier: tier, AltTier: -1,
			Group: id, Split: datasets.Test, Fold: i % Folds, InputTokens: 20, Runes: 40,
		}
	}
	return items
}

// sameText compares texts that are in memory.
var sameText = cmpopts.EquateComparable(datasets.Text{})

// requestsOf is what classifiers see of items.
func requestsOf(items []Item) []Request {
	requests := make([]Request, len(items))
	for i, it := range items {
		text, err := it.Text.Read()
		if err != nil {
			panic(err)
		}
		requests[i] = Request{it.ID, text}
	}
	return requests
}

// decided returns free decisions for the given tiers.
func decided(tiers []int) []Decision {
	out := make([]Decision, len(tiers))
	for i, tier := range tiers {
		out[i] = Decision{Tier: tier, CostUSD: Quantity{0, Computed}}
	}
	return out
}

func predicted(name string, tiers []int) *Predictions {
	return &Predictions{Classifier: name, Final: DecisionsOf(decided(tiers)...)}
}

// evaluate is Evaluate with few replicates, which must not fail.
func evaluate(t testing.TB, tiers int, costs Costs, items []Item, predictions ...*Predictions) *Result {
	t.Helper()
	r, err := Evaluate(t.Context(), items, predictions, Options{Tiers: tiersOf(t, tiers), Costs: costs, Replicates: 50, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// baseline returns the named baseline's score.
func baseline(t testing.TB, r *Result, name string) Score {
	t.Helper()
	i := slices.IndexFunc(r.Baselines, func(s Score) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no baseline %q", name)
	}
	return r.Baselines[i]
}

// near reports whether got is want to 1e-12, relative above 1; NaN is NaN.
func near[F ~float64](got F, want float64) bool { return within(float64(got), want, 1e-12) }

func within(got, want, tolerance float64) bool {
	if math.IsNaN(want) {
		return math.IsNaN(got)
	}
	return math.Abs(got-want) <= tolerance*max(1, math.Abs(want))
}

// minstd returns n values of x ← 48271·x mod (2³¹−1), as Python's
//
//	for _ in range(n): x = 48271*x % 2147483647; out.append(x)
func minstd(seed uint64, n int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		seed = 48271 * seed % 2147483647
		out[i] = seed
	}
	return out
}

// edit changes decision i.
func edit(d *Decisions, i int, change func(*Decision)) {
	decision := d.At(i)
	decision.Scores, decision.Probabilities = slices.Clone(decision.Scores), slices.Clone(decision.Probabilities)
	change(&decision)
	d.Set(i, &decision)
}
