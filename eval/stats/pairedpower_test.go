package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Sums over d of scipy.stats.binom.pmf(d, n, psi)·binom.sf(critical−1, d,
// (1+drop/psi)/2), the critical value from binom.isf and checked with sf; scipy
// 1.10.1.
func TestMcNemarPowerAgainstScipy(t *testing.T) {
	for _, c := range []struct {
		n                      int
		psi, drop, alpha, want float64
	}{
		{500, 0.1, 0.0365, 0.05, 0.8004194850212721},
		{500, 0.1, 0, 0.05, 0.03769651110580699},
		{100, 0.2, 0.1, 0.05 / 12, 0.2828046328429677},
		{1000, 0.15, 0.05, 0.05, 0.9922401742810583},
		{300, 0.15, 0.05, 0.05, 0.6838909527976316},
		{100, 0.15, 0.05, 0.05, 0.27737135107336},
		{50, 1, 0.3, 0.05, 0.6215870506059702},
		{200, 0.08, 0.08, 0.05, 0.9997292910002589},
	} {
		if got := McNemarPower(c.n, c.psi, c.drop, c.alpha); math.Abs(got-c.want) > 1e-11 {
			t.Errorf("McNemarPower(%d, %v, %v, %v) = %v, want %v", c.n, c.psi, c.drop, c.alpha, got, c.want)
		}
	}
	if got := McNemarPower(10, 0, 0, 0.05) + McNemarPower(0, 0.5, 0.1, 0.05) + McNemarPower(20, 0.5, -0.5, 0.05); got != 0 {
		t.Errorf("power where nothing can get worse: %v", got)
	}
}

// The values of the method notes: 3.69 points by the approximation at n = 500,
// ψ = 0.1, and 3.65 exactly, which scipy.optimize.brentq finds as
// 0.03647995931822352 over the sums above.
func TestMinimumDetectable(t *testing.T) {
	if got := MinimumDetectable(500, 0.1, 0.05, 0.8); math.Abs(got-0.0369) > 5e-5 {
		t.Errorf("%v, want 0.0369", got)
	}
	low, high := 0.0, 0.1
	for range 50 {
		if middle := (low + high) / 2; McNemarPower(500, 0.1, middle, 0.05) < 0.8 {
			low = middle
		} else {
			high = middle
		}
	}
	if math.Abs(low-0.03647995931822352) > 1e-10 {
		t.Errorf("exact: %v", low)
	}
}

// The approximation is off by at most a tenth of the exact effect where some
// twenty pairs change.
func TestMinimumDetectableIsNearExact(t *testing.T) {
	for _, n := range []int{200, 500, 1000, 3000} {
		for _, psi := range []float64{0.1, 0.2, 0.3} {
			for _, alpha := range []float64{0.05, 0.05 / 12} {
				effect := MinimumDetectable(n, psi, alpha, 0.8)
				if effect > psi {
					continue
				}
				if below, above := McNemarPower(n, psi, 0.9*effect, alpha), McNemarPower(n, psi, min(psi, 1.1*effect), alpha); below > 0.8 || above < 0.8 {
					t.Errorf("n=%d psi=%v alpha=%v: power %v at nine tenths, %v at eleven", n, psi, alpha, below, above)
				}
			}
		}
	}
}

func TestPairsNeeded(t *testing.T) {
	for _, effect := range []float64{0.003, 0.02, 0.0371} {
		n := PairsNeeded(effect, 0.1, 0.05/7, 0.8)
		if MinimumDetectable(int(n), 0.1, 0.05/7, 0.8) > effect || MinimumDetectable(int(n)-1, 0.1, 0.05/7, 0.8) <= effect {
			t.Errorf("%v pairs for %v", n, effect)
		}
	}
	if !math.IsNaN(PairsNeeded(0.02, 0, 0.05, 0.8)) || !math.IsNaN(MinimumDetectable(10, 0, 0.05, 0.8)) || !math.IsNaN(MinimumDetectable(0, 0.1, 0.05, 0.8)) {
		t.Error("defined where no pair is known to change")
	}
}

// Power equals how often samples are rejected, within four standard errors.
func TestMcNemarPowerSimulated(t *testing.T) {
	const draws, n, psi, drop, alpha = 20000, 120, 0.2, 0.08, 0.05
	rng := rand.New(rand.NewPCG(9, 2))
	rejected := 0
	for range draws {
		b, c := 0, 0
		for range n {
			switch u := rng.Float64(); {
			case u < (psi+drop)/2:
				b++
			case u < psi:
				c++
			}
		}
		if McNemarOneSided(b, c) <= alpha {
			rejected++
		}
	}
	want := McNemarPower(n, psi, drop, alpha)
	if got := float64(rejected) / draws; math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/draws) {
		t.Errorf("simulated %v, computed %v", got, want)
	}
}

func TestPairedPowerPanics(t *testing.T) {
	wantPanic(t, "n", "stats: negative count", func() { McNemarPower(-1, 0.1, 0, 0.05) })
	wantPanic(t, "psi", "stats: share outside [0,1]", func() { McNemarPower(1, 1.1, 0, 0.05) })
	wantPanic(t, "drop", "stats: drop over the share of changed pairs", func() { McNemarPower(1, 0.1, 0.2, 0.05) })
	wantPanic(t, "alpha", "stats: error level outside (0,1)", func() { McNemarPower(1, 0.1, 0, 0) })
	wantPanic(t, "n", "stats: negative count", func() { MinimumDetectable(-1, 0.1, 0.05, 0.8) })
	wantPanic(t, "psi", "stats: share outside [0,1]", func() { MinimumDetectable(1, math.NaN(), 0.05, 0.8) })
	wantPanic(t, "power", "stats: power outside (0,1)", func() { MinimumDetectable(1, 0.1, 0.05, 1) })
	wantPanic(t, "effect", "stats: effect not over 0", func() { PairsNeeded(0, 0.1, 0.05, 0.8) })
}
