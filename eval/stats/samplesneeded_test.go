package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// By the formula, ⌈ln δ / ln(1−α)⌉; the first three are those of the project's
// notes on methods. The last is a tie, (½)² = ¼.
func TestLeastErrorFree(t *testing.T) {
	for _, c := range []struct {
		alpha, delta float64
		want         int
	}{
		{0.05, 0.1, 45}, {0.02, 0.1, 114}, {0.01, 0.05, 299},
		{0.05, 0.05, 59}, {0.01, 0.1, 230}, {0.001, 0.05, 2995}, {1e-6, 0.01, 4605168}, {0.99, 0.1, 1}, {0.5, 0.25, 2},
	} {
		if got := LeastErrorFree(c.alpha, c.delta); got != c.want {
			t.Errorf("α %v, δ %v: %d, want %d", c.alpha, c.delta, got, c.want)
		}
	}
	rng := rand.New(rand.NewPCG(7, 4))
	for range 2000 {
		alpha, delta := math.Pow(10, -4*rng.Float64())*0.999, math.Pow(10, -4*rng.Float64())*0.999
		n := LeastErrorFree(alpha, delta)
		if RiskBinomial(0, n, alpha) > delta || n > 1 && RiskBinomial(0, n-1, alpha) <= delta {
			t.Errorf("α %v, δ %v: %d is not the least", alpha, delta, n)
		}
	}
	wantPanic(t, "tiny alpha", "stats: more rows than can be counted", func() { LeastErrorFree(1e-300, 0.1) })
	wantPanic(t, "alpha", "stats: risk level outside (0,1)", func() { LeastErrorFree(0, 0.1) })
	wantPanic(t, "delta", "stats: error level outside (0,1)", func() { LeastErrorFree(0.1, 1) })
}

// numpy and scipy: n = arange(N+1); p = binom.cdf(floor(rate·n + .5), n, α);
// flatnonzero(~(p ≤ δ))[-1] + 1, N at least twice the result.
func TestSamplesNeeded(t *testing.T) {
	for _, c := range []struct {
		rate, alpha, delta float64
		want               int
	}{
		{0, 0.05, 0.1, 45},
		{0.01, 0.02, 0.1, 462}, // the first to pass by luck: 333
		{0.015, 0.02, 0.1, 1576},
		{0.019, 0.02, 0.1, 33871},
		{0.0195, 0.02, 0.1, 132232},
		{0.005, 0.01, 0.05, 1312},
		{0.04, 0.05, 0.1, 940},
		{0.3, 0.5, 0.05, 26},
		{0.9, 0.95, 0.1, 66},
		{1. / 3, 0.4, 0.1, 111},
		{0.001, 0.05, 0.1, 45},
	} {
		if got, ok := SamplesNeeded(c.rate, c.alpha, c.delta); got != c.want || !ok {
			t.Errorf("rate %v, α %v, δ %v: %d %t, want %d", c.rate, c.alpha, c.delta, got, ok, c.want)
		}
	}
}

// Every size is looked at, up to twice where Chernoff's bound is sure.
func TestSamplesNeededByBruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 5))
	for range 150 {
		alpha := 0.02 + 0.9*rng.Float64()
		rate := alpha * rng.Float64() * 0.8
		if rng.IntN(5) == 0 {
			rate = 0
		}
		delta := 0.01 + 0.4*rng.Float64()
		last, sure := 0, 1
		for !chernoffSuffices(sure, rate, alpha, delta) {
			sure++
		}
		for n := 1; n <= 2*sure; n++ {
			if RiskBinomial(int(math.Floor(rate*float64(n)+0.5)), n, alpha) > delta {
				last = n
			}
		}
		if got, ok := SamplesNeeded(rate, alpha, delta); got != last+1 || !ok {
			t.Errorf("rate %v, α %v, δ %v: %d %t, want %d (sure from %d)", rate, alpha, delta, got, ok, last+1, sure)
		}
	}
}

func TestSamplesNeededNever(t *testing.T) {
	for _, rate := range []float64{0.02, 0.03, 1} {
		if n, ok := SamplesNeeded(rate, 0.02, 0.1); n != 0 || ok {
			t.Errorf("rate %v: %d %t", rate, n, ok)
		}
	}
	if n, ok := SamplesNeeded(0.02*(1-1e-9), 0.02, 0.1); n != 0 || ok {
		t.Errorf("all but alpha: %d %t", n, ok)
	}
	// The closest that is answered, and it takes no time.
	if n, ok := SamplesNeeded(0.01995, 0.02, 0.1); n < 12e6 || n > 14e6 || !ok {
		t.Errorf("%d %t", n, ok)
	}
	for _, rate := range []float64{-0.1, 1.1, math.NaN()} {
		wantPanic(t, "rate", "stats: rate outside [0,1]", func() { SamplesNeeded(rate, 0.1, 0.1) })
	}
	wantPanic(t, "alpha", "stats: risk level outside (0,1)", func() { SamplesNeeded(0, 1, 0.1) })
	wantPanic(t, "delta", "stats: error level outside (0,1)", func() { SamplesNeeded(0, 0.1, 0) })
}

func BenchmarkSamplesNeeded(b *testing.B) {
	for _, rate := range []float64{0.01, 0.019, 0.01995} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				SamplesNeeded(rate, 0.02, 0.1)
			}
		})
	}
}
