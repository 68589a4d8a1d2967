package calibrate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomChoices draws requests with many equal scores, margins and costs, whose
// sums are exact.
func randomChoices(rng *rand.Rand, n, tiers int) []Choice {
	rows := make([]Choice, n)
	for i := range rows {
		rows[i] = Choice{
			Nearest: rng.IntN(tiers+1) - 1, Score: float64(rng.IntN(5)-2) / 2, Margin: float64(rng.IntN(4)) / 4,
			Accepted: float64(rng.IntN(4)), Fallback: float64(rng.IntN(4)),
		}
		if rows[i].Nearest < 0 {
			rows[i].Score, rows[i].Margin = math.NaN(), math.NaN()
		}
	}
	return rows
}

// everyCut are all cuts that tell these requests apart, and the extremes.
func everyCut(rows []Choice, tiers int) []Cut {
	margins := []float64{0}
	scores := make([][]float64, tiers)
	for k := range scores {
		scores[k] = []float64{-1, acceptNone}
	}
	for _, x := range rows {
		if x.Nearest >= 0 {
			margins = append(margins, x.Margin)
			scores[x.Nearest] = append(scores[x.Nearest], x.Score)
		}
	}
	distinct := func(v []float64) []float64 {
		slices.Sort(v)
		return slices.Compact(v)
	}
	cuts := []Cut{}
	for _, m := range distinct(margins) {
		cuts = append(cuts, Cut{Margin: m})
	}
	for k := range scores {
		var more []Cut
		thresholds := distinct(scores[k])
		for _, c := range cuts {
			for _, s := range thresholds {
				more = append(more, Cut{c.Margin, append(slices.Clone(c.Thresholds), s)})
			}
		}
		cuts = more
	}
	return cuts
}

func accepted(c Cut, rows []Choice) (n int) {
	for _, x := range rows {
		if c.Accepts(x) {
			n++
		}
	}
	return n
}

// The cut is that of trying each: the cheapest, then that with the most accepted,
// then the lowest margin and thresholds.
func TestLeastCostTriesAll(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	for draw := range 2000 {
		tiers := 1 + rng.IntN(3)
		rows := randomChoices(rng, rng.IntN(12), tiers)
		got, err := LeastCost(rows, tiers)
		if err != nil {
			t.Fatal(err)
		}
		var want *Cut
		for _, c := range everyCut(rows, tiers) { // by margin, then thresholds, rising
			if want == nil || len(rows) > 0 && (c.Mean(rows) < want.Mean(rows) || c.Mean(rows) == want.Mean(rows) && accepted(c, rows) > accepted(*want, rows)) {
				want = &c
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(*want) {
			t.Fatalf("draw %d: found %v, expected %v, of %+v", draw, got, *want, rows)
		}
	}
}

// The order of requests changes nothing.
func TestLeastCostOfAnyOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 2))
	rows := make([]Choice, 500)
	for i := range rows {
		rows[i] = Choice{rng.IntN(4), 2*rng.Float64() - 1, rng.Float64(), rng.Float64(), rng.Float64()}
	}
	first, err := LeastCost(rows, 4)
	if err != nil {
		t.Fatal(err)
	}
	if !(first.Mean(rows) < AcceptAll(4).Mean(rows)) {
		t.Errorf("no better than accepting all: %v", first)
	}
	for range 20 {
		rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		if again, err := LeastCost(rows, 4); err != nil || fmt.Sprint(again) != fmt.Sprint(first) {
			t.Fatalf("%v, then %v, %v", first, again, err)
		}
	}
}

func TestLeastCostHostile(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, x := range []Choice{{Nearest: 2}, {Nearest: -2}, {Score: nan}, {Score: 1.5}, {Margin: nan}, {Margin: -1}, {Accepted: nan}, {Fallback: inf}, {Accepted: inf, Fallback: inf}} {
		if c, err := LeastCost([]Choice{{}, x}, 2); err == nil {
			t.Errorf("%+v: no error but %v", x, c)
		}
	}
	for name, rows := range map[string][]Choice{"no requests": nil, "no vectors": {{Nearest: -1, Score: nan, Margin: nan, Accepted: nan}}, "equal costs": {{Margin: 0.5, Score: 0.5}}} {
		if c, err := LeastCost(rows, 2); err != nil || fmt.Sprint(c) != fmt.Sprint(AcceptAll(2)) {
			t.Errorf("%s: %v, %v, expected to accept all", name, c, err)
		}
	}
	// Huge and tiny costs, none of which overflows a sum.
	rows := []Choice{{Score: 0.5, Accepted: 1e300}, {Score: 0.6, Fallback: 1e300}, {Score: 0.7, Accepted: 1e-300}}
	if c, err := LeastCost(rows, 1); err != nil || c.Thresholds[0] != 0.6 {
		t.Errorf("%v, %v", c, err)
	}
}

func BenchmarkLeastCost(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 3))
	rows := make([]Choice, 100_000)
	for i := range rows {
		rows[i] = Choice{rng.IntN(4), 2*rng.Float64() - 1, rng.Float64(), rng.Float64(), rng.Float64()}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := LeastCost(rows, 4); err != nil {
			b.Fatal(err)
		}
	}
}
