package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// By hand: (0+1)/100 = .01, (3+1)/100 = .04, (4+1)/100 = .05, (4.5+1)/100.
func TestConformalThreshold(t *testing.T) {
	totals := []float64{0, 3, 4, 4.5, 20}
	for _, c := range []struct {
		alpha float64
		want  int
	}{{0.009, -1}, {0.01, 0}, {0.03, 0}, {0.04, 1}, {0.05, 2}, {0.06, 3}, {0.5, 4}} {
		if got := ConformalThreshold(totals, 99, c.alpha); got != c.want {
			t.Errorf("α %v: %d, want %d", c.alpha, got, c.want)
		}
	}
	// Without rows, or too few, nothing is small enough.
	if got := ConformalThreshold([]float64{0, 0}, 0, 0.9); got != -1 {
		t.Errorf("no rows: %d", got)
	}
	if got := ConformalThreshold([]float64{0, 0}, 9, 0.1); got != 1 {
		t.Errorf("nine rows at .1: %d", got)
	}
	if got := ConformalThreshold(nil, 10, 0.1); got != -1 {
		t.Errorf("no settings: %d", got)
	}
}

// Of n+1 exchangeable rows, each in turn left out, the losses of those left out
// have a mean of at most alpha: the theorem, for any rows at all.
func TestConformalThresholdLeavingOneOut(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 6))
	for range 500 {
		n, settings := 1+rng.IntN(30), 1+rng.IntN(8)
		alpha := 0.02 + 0.9*rng.Float64()
		losses := make([][]float64, n+1) // rising along the settings
		sums := make([]float64, settings)
		for i := range losses {
			loss := 0.0
			for j := range settings {
				if rng.IntN(3) == 0 {
					loss += (1 - loss) * rng.Float64()
				}
				losses[i] = append(losses[i], loss)
				sums[j] += loss
			}
		}
		left := 0.0
		for i := range losses {
			totals := make([]float64, settings)
			for j := range totals {
				totals[j] = sums[j] - losses[i][j]
			}
			if j := ConformalThreshold(totals, n, alpha); j >= 0 {
				left += losses[i][j]
			}
		}
		if mean := left / float64(n+1); mean > alpha+1e-12 {
			t.Fatalf("n %d, α %v: mean loss %v", n, alpha, mean)
		}
	}
}

func TestConformalThresholdPanics(t *testing.T) {
	wantPanic(t, "falls", "stats: total loss falls", func() { ConformalThreshold([]float64{2, 1}, 10, 0.1) })
	for _, total := range []float64{-1, 11, math.NaN()} {
		wantPanic(t, "total", "stats: total loss outside [0,n]", func() { ConformalThreshold([]float64{total}, 10, 0.1) })
	}
	wantPanic(t, "n", "stats: negative count", func() { ConformalThreshold(nil, -1, 0.1) })
	wantPanic(t, "alpha", "stats: risk level outside (0,1)", func() { ConformalThreshold(nil, 1, 1) })
}
