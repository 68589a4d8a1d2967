package eval

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// drawnDecisions are decisions of every kind, of three tiers.
func drawnDecisions(rng *rand.Rand, n int) []Decision {
	some := func(value string) string {
		if rng.IntN(2) == 0 {
			return ""
		}
		return fmt.Sprint(value, " ", rng.IntN(3))
	}
	quantity := func() Quantity {
		if origin := Origin(rng.IntN(4)); origin != Unknown {
			return Quantity{float64(rng.IntN(3)), origin} // a known 0 too
		}
		return Quantity{}
	}
	numbers := func() []float64 {
		if rng.IntN(2) == 0 {
			return nil
		}
		return []float64{rng.NormFloat64(), 0, rng.NormFloat64()}
	}
	count := func() *int {
		if rng.IntN(2) == 0 {
			return nil
		}
		return new(rng.IntN(2))
	}
	out := make([]Decision, n)
	for i := range out {
		d := &out[i]
		*d = Decision{
			Tier: rng.IntN(256), Scores: numbers(), Probabilities: numbers(), Stage: some("stage"), Refused: rng.IntN(2) == 0, Invalid: rng.IntN(2) == 0,
			Err: some("timeout"), Model: some("model"), InputTokens: count(), OutputTokens: count(), CostUSD: quantity(), LatencyMS: quantity(),
		}
		if rng.IntN(2) == 0 {
			d.Confidence = new(float64(rng.IntN(2)))
		}
	}
	return out
}

// Decisions come back as they were set, whatever the order, and set again; and so do
// their parts.
func TestDecisions(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for range 50 {
		want := drawnDecisions(rng, rng.IntN(20))
		got := NewDecisions(len(want))
		for _, i := range rng.Perm(len(want)) {
			got.Set(i, &drawnDecisions(rng, 1)[0])
			got.Set(i, &want[i])
		}
		if diff := cmp.Diff(want, append([]Decision{}, listOf(got)...)); diff != "" || got.Len() != len(want) {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		for i, d := range want {
			if got.Tier(i) != d.Tier || got.CostUSD(i) != d.CostUSD || got.LatencyMS(i) != d.LatencyMS {
				t.Fatalf("decision %d: %d, %v, %v of %+v", i, got.Tier(i), got.CostUSD(i), got.LatencyMS(i), d)
			}
		}
		index := rng.Perm(len(want))[:len(want)/2]
		for j, d := range got.Some(index).All() {
			if diff := cmp.Diff(want[index[j]], d); diff != "" {
				t.Fatalf("some (-want +got):\n%s", diff)
			}
		}
		half := len(want) / 2
		both := DecisionsOf(want[:half]...).With(DecisionsOf(want[half:]...))
		if diff := cmp.Diff(listOf(got), listOf(both)); diff != "" {
			t.Fatalf("in two parts (-whole +both):\n%s", diff)
		}
	}
	var none *Decisions
	if none.Len() != 0 || listOf(none) != nil || none.With(none).Len() != 0 {
		t.Error("nil holds decisions")
	}
	for range DecisionsOf(Decision{}, Decision{}).All() { // leaving early is no error
		break
	}
}

// What none states takes no room, and what is set does not share that of the caller.
func TestDecisionsOwnTheirNumbers(t *testing.T) {
	plain := NewDecisions(1000)
	for i := range 1000 {
		plain.Set(i, &Decision{Tier: 1, CostUSD: Quantity{0, Computed}})
	}
	if plain.scores.values != nil || plain.confidence != nil || plain.in != nil || plain.stage.numbers != nil || plain.ms != nil {
		t.Errorf("columns without a value: %+v", plain)
	}
	scores := []float64{1, 2}
	d := DecisionsOf(Decision{Scores: scores}, Decision{Scores: scores})
	scores[0] = 9
	if got := d.At(0).Scores; got[0] != 1 || cap(got) != 2 {
		t.Errorf("scores %v with room for %d", got, cap(got))
	}
}

// What does not fit is told at once, and not cut.
func TestDecisionsPanic(t *testing.T) {
	for want, d := range map[string]Decision{
		"a decision for tier 256":                            {Tier: 256},
		"a decision for tier -1":                             {Tier: -1},
		"a decision with numbers of 3 tiers among some of 2": {Scores: []float64{1, 2, 3}},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("%q, want %q", got, want)
				}
			}()
			DecisionsOf(Decision{Scores: []float64{1, 2}}, d)
		}()
	}
}
