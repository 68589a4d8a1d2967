package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The first two rows are the example of ci.prop.ps(.05, 12, 4, 26, 6) in the
// manual of Bonett's own R package statpsych 1.7.0, both ways round, to the seven
// digits that it prints, and se.prop.ps(16, 64, 5, 15) of R's vcmeta, estimate ±
// z·SE of what it prints. The others: the formula of the paper in Python with
// scipy.stats.norm.ppf, scipy 1.10.1.
func TestBonettPrice(t *testing.T) {
	const z95 = 1.959963984540054
	for _, c := range []struct {
		b, c, n                         int
		confidence, low, high, accuracy float64
	}{
		{4, 26, 48, 0.95, 0.2548067, 0.6251933, 5e-8},
		{26, 4, 48, 0.95, -0.6251933, -0.2548067, 5e-8},
		{5, 64, 100, 0.95, 0.5784314 - z95*0.05953213, 0.5784314 + z95*0.05953213, 2e-7},
		{0, 0, 100, 0.9, -0.022805630464248505, 0.022805630464248505, 1e-13},
		{7, 1, 21, 0.95, -0.5083593066664394, -0.013379823768343235, 1e-13},
		{60, 40, 1000, 0.9, -0.03650665421088116, -0.003413505469757567, 1e-13},
	} {
		got := BonettPrice(c.b, c.c, c.n, c.confidence)
		if math.Abs(got.Low-c.low) > c.accuracy || math.Abs(got.High-c.high) > c.accuracy {
			t.Errorf("BonettPrice(%d, %d, %d, %v) = %v, want %v, %v", c.b, c.c, c.n, c.confidence, got, c.low, c.high)
		}
		if low := BonettPriceLower(c.b, c.c, c.n, (1+c.confidence)/2); low != got.Low {
			t.Errorf("lower bound %v, want %v", low, got.Low)
		}
	}
	if got := BonettPrice(0, 0, 0, 0.95); got != (Interval{-1, 1}) {
		t.Errorf("without pairs: %v", got)
	}
}

// The bound of differences that are not whole is the plain normal bound of the
// differences with one of −1 and one of 1 beside them, summed one by one.
func TestPairedLowerAddsTwoPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	for range 200 {
		x := []float64{-1, 1}
		sum, squares := 0.0, 0.0
		for range 1 + rng.IntN(50) {
			v := float64(rng.IntN(7)-3) / 3
			x, sum, squares = append(x, v), sum+v, squares+v*v
		}
		mean, variance := 0.0, 0.0
		for _, v := range x {
			mean += v / float64(len(x))
		}
		for _, v := range x {
			variance += (v - mean) * (v - mean) / float64(len(x))
		}
		want := mean - 1.6448536269514722*math.Sqrt(variance/float64(len(x)))
		if got := PairedLower(sum, squares, len(x)-2, 0.95); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%v, want %v for %v", got, want, x)
		}
	}
}

// The share of samples whose lower bound lies above the true difference, counted
// exactly over all tables of n pairs, is near 5 %: Bonett and Price report a true
// coverage near the nominal one for n from 25 on.
func TestBonettPriceCoverage(t *testing.T) {
	for _, c := range []struct {
		n        int
		pb, pc   float64
		low, top float64
	}{
		{100, 0.05, 0.05, 0.03, 0.06},
		{100, 0.10, 0.05, 0.03, 0.06},
		{300, 0.08, 0.06, 0.04, 0.06},
	} {
		missed := 0.0
		for b := 0; b <= c.n; b++ {
			massB := binomialMass(b, c.n, c.pb)
			if massB < 1e-15 {
				continue
			}
			for k := 0; b+k <= c.n; k++ {
				if BonettPriceLower(b, k, c.n, 0.95) > c.pc-c.pb {
					missed += massB * massAt(k, c.n-b, c.pc/(1-c.pb))
				}
			}
		}
		if missed < c.low || missed > c.top {
			t.Errorf("n=%d, %v, %v: missed with probability %v", c.n, c.pb, c.pc, missed)
		}
	}
}

func TestBonettPricePanics(t *testing.T) {
	wantPanic(t, "negative", "stats: negative count", func() { BonettPrice(-1, 0, 3, 0.9) })
	wantPanic(t, "too many", "stats: more changed pairs than pairs", func() { BonettPriceLower(2, 2, 3, 0.9) })
	wantPanic(t, "level", "stats: confidence level outside (0,1)", func() { BonettPrice(0, 0, 3, 1) })
	wantPanic(t, "negative n", "stats: negative count", func() { PairedLower(0, 0, -1, 0.9) })
	for _, c := range [][2]float64{{4, 1}, {0, 4}, {0, -1}, {math.NaN(), 1}, {0, math.NaN()}} {
		wantPanic(t, "sums", "stats: sums of differences outside [-1,1]", func() { PairedLower(c[0], c[1], 3, 0.9) })
	}
}
