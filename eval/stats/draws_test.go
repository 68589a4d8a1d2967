package stats

import (
	"errors"
	"math/rand/v2"
	"testing"
)

// Draws draws the samples of Resample, however many at a time.
func TestDraws(t *testing.T) {
	for _, c := range []struct{ n, atOnce, replicates int }{{0, 3, 2}, {1, 1, 3}, {7, 4, 10}, {1000, 16, 33}, {5, 8, 0}} {
		var want [][]float64
		Resample(c.n, c.replicates, 5, func(_ int, weights []float64) { want = append(want, append([]float64{}, weights...)) })
		seen := 0
		err := Draws(c.n, c.atOnce, c.replicates, 5, func(first int, drawn [][]uint8) error {
			if first != seen || len(drawn) > c.atOnce {
				t.Fatalf("%d samples from %d on, expected at most %d from %d on", len(drawn), first, c.atOnce, seen)
			}
			for _, sample := range drawn {
				for i, times := range sample {
					if float64(times) != want[seen][i] {
						t.Fatalf("%+v: item %d is %d times in sample %d, expected %g", c, i, times, seen, want[seen][i])
					}
				}
				seen++
			}
			return nil
		})
		if err != nil || seen != c.replicates {
			t.Errorf("%+v: %d samples, %v", c, seen, err)
		}
	}
	failed := errors.New("failed")
	calls := 0
	if err := Draws(3, 2, 10, 1, func(int, [][]uint8) error { calls++; return failed }); !errors.Is(err, failed) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

// A sum of parts is that of all at once, to the bit.
func TestDotSum(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		a, b := make([]float64, n), make([]float64, n)
		for i := range n {
			a[i], b[i] = rng.Float64(), rng.NormFloat64()
		}
		var s DotSum
		for from := 0; from < n; {
			to := min(n, from+4*(1+rng.IntN(3)))
			s.Add(a[from:to], b[from:to])
			from = to
		}
		if want := Dot(a, b); s.Sum() != want {
			t.Errorf("%d: %g, expected %g", n, s.Sum(), want)
		}
	}
}
