package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// Expected numbers of the certificates' tests: mpmath 1.2.1 with 60 digits on
// the exact values of the float64 arguments; what else a table names agrees
// with it to its own accuracy.

// mpmath: terms of the smaller tail added until the next is under 1e-40 of the
// sum, the first from loggamma. scipy.stats.binom.cdf(errors, n, alpha) agrees
// to 5e-11, worst at 3 of 1e6.
func TestRiskBinomial(t *testing.T) {
	for _, c := range []struct {
		errors, n   int
		alpha, want float64
	}{
		{0, 0, 0.05, 1},
		{0, 1, 0.05, 0.95},
		{0, 45, 0.05, 0.099440256987092447},
		{0, 44, 0.05, 0.10467395472325521},
		{1, 77, 0.05, 0.097327426337201778},
		{3, 10, 0.3, 0.64961071840000003},
		{10, 10, 0.3, 1.0},
		{9, 10, 0.3, 0.9999940951},
		{7, 200, 0.05, 0.21330470278470477},
		{20, 1000, 0.02, 0.55909560576388785},
		{13, 1000, 0.02, 0.064226114899579565},
		{2, 1319, 0.01, 0.00018017806450637096},
		{25, 1000, 0.02, 0.89006688982571444},
		{180, 200, 0.9, 0.53446152917410297},
		{100, 1000, 0.5, 6.7017177900062963e-162},
		{12345, 20000, 0.6180339887498949, 0.41236632837785653},
		{1, 100000, 0.001, 3.5774550349849709e-42},
		{0, 1000000, 1e-05, 4.539765980761299e-5},
		{3, 1000000, 1e-5, 0.010335785844433462},
		{19700, 1000000, 0.02, 0.016040366065051203},
		{18000, 1000000, 0.02, 4.2421706635100862e-48},
		{20000, 1000000, 0.02, 0.50188071587782519},
		{20300, 1000000, 0.02, 0.98391677277151751},
		{499000, 1000000, 0.5, 0.022804149932691043},
		{989000, 1000000, 0.99, 2.349529796232623e-23},
		{0, 1000000, 0.5, 0},
	} {
		if got := RiskBinomial(c.errors, c.n, c.alpha); !nearRelative(got, c.want, 1e-11) {
			t.Errorf("%d of %d at %v: %.17g, want %.17g", c.errors, c.n, c.alpha, got, c.want)
		}
	}
}

// At α = ½ it is McNemar's one-sided p-value, which is computed on its own.
func TestRiskBinomialIsMcNemarAtHalf(t *testing.T) {
	for _, n := range []int{1, 2, 9, 100, 12345} {
		for k := 0; k <= n; k += 1 + n/50 {
			if got, want := RiskBinomial(k, n, 0.5), McNemarOneSided(n-k, k); !nearRelative(got, want, 1e-11) {
				t.Errorf("%d of %d: %v, want %v", k, n, got, want)
			}
		}
	}
}

// Against the sum of products for all counts of small samples; and it grows
// with errors and falls with n and alpha.
func TestRiskBinomialByBruteForce(t *testing.T) {
	alphas := []float64{1e-9, 0.01, 0.05, 0.3, 0.5, 0.77, 0.999}
	for n := range 41 {
		for a, alpha := range alphas {
			sum := 0.0
			for k := range n + 1 {
				mass := 1.0 // n over k, times α^k (1−α)^(n−k)
				for j := range k {
					mass *= float64(n-j) / float64(j+1) * alpha
				}
				mass *= math.Pow(1-alpha, float64(n-k))
				sum += mass
				p := RiskBinomial(k, n, alpha)
				if !nearRelative(p, sum, 1e-12) {
					t.Fatalf("%d of %d at %v: %v, want %v", k, n, alpha, p, sum)
				}
				const rounding = 1e-13
				if k > 0 && p < RiskBinomial(k-1, n, alpha)*(1-rounding) {
					t.Errorf("%d of %d at %v: falls with errors", k, n, alpha)
				}
				if p < RiskBinomial(k, n+1, alpha)*(1-rounding) {
					t.Errorf("%d of %d at %v: grows with n", k, n, alpha)
				}
				if a > 0 && p > RiskBinomial(k, n, alphas[a-1])*(1+rounding) {
					t.Errorf("%d of %d at %v: grows with alpha", k, n, alpha)
				}
			}
		}
	}
}

// Where the risk is just alpha, the p-value is at most δ with a probability of
// at most δ: the sum over all counts.
func TestRiskBinomialIsValid(t *testing.T) {
	for _, n := range []int{1, 5, 30, 300} {
		for _, alpha := range []float64{0.01, 0.05, 0.3} {
			for _, delta := range []float64{0.01, 0.05, 0.1, 0.5} {
				chance := 0.0
				for k := range n + 1 {
					if RiskBinomial(k, n, alpha) <= delta {
						chance += binomialMass(k, n, alpha)
					}
				}
				if chance > delta*(1+1e-12) {
					t.Errorf("n %d, α %v: at most %v with probability %v", n, alpha, delta, chance)
				}
			}
		}
	}
}

// mpmath: findroot of the tail above, from scipy's value. scipy 1.10.1,
// scipy.stats.beta.ppf(confidence, k+1, n−k), agrees to 3e-16, and
// binomtest(k, n).proportion_ci(2·confidence−1, "exact").high to 1e-11.
func TestBinomialUpper(t *testing.T) {
	for _, c := range []struct {
		k, n             int
		confidence, want float64
	}{
		{0, 0, 0.9, 1},
		{7, 7, 0.9, 1},
		{0, 45, 0.9, 0.04988149268185629},
		{0, 299, 0.95, 0.0099691467928992681},
		{1, 10, 0.95, 0.39416330243650471},
		{5, 10, 0.95, 0.77755889899187087},
		{18, 1080, 0.95, 0.024615033798594547},
		{3, 400, 0.9, 0.016625229696591421},
		{299, 300, 0.99, 0.99996649944164457},
		{12345, 20000, 0.95, 0.62291542524646027},
		{9, 10, 0.3, 0.88656815056521333},
		{20000, 1000000, 0.95, 0.020231809299629688},
	} {
		if got := BinomialUpper(c.k, c.n, c.confidence); !nearRelative(got, c.want, 1e-13) {
			t.Errorf("%d of %d at %v: %.17g, want %.17g", c.k, c.n, c.confidence, got, c.want)
		}
	}
	// In closed form without errors.
	for _, n := range []int{1, 45, 1000, 1000000} {
		if got, want := BinomialUpper(0, n, 0.9), -math.Expm1(math.Log(1-0.9)/float64(n)); !nearRelative(got, want, 1e-12) {
			t.Errorf("0 of %d: %v, want %v", n, got, want)
		}
	}
}

// It is the other side of the p-value, and the upper end of the two-sided
// interval.
func TestBinomialUpperAgrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	for range 2000 {
		n := 1 + rng.IntN(400)
		k, confidence := rng.IntN(n+1), 0.5+rng.Float64()/2
		upper := BinomialUpper(k, n, confidence)
		if two := ClopperPearson(k, n, 2*confidence-1).High; !near(upper, two, 1e-10) {
			t.Errorf("%d of %d at %v: %v, two-sided %v", k, n, confidence, upper, two)
		}
		for _, alpha := range []float64{upper * (1 - 1e-9), upper * (1 + 1e-9), rng.Float64()} {
			if alpha > 0 && alpha < 1 && (upper <= alpha) != (RiskBinomial(k, n, alpha) <= 1-confidence) {
				t.Errorf("%d of %d at %v: upper %v, p-value of %v is %v", k, n, confidence, upper, alpha, RiskBinomial(k, n, alpha))
			}
		}
	}
}

func TestRiskBinomialPanics(t *testing.T) {
	for _, c := range []struct {
		errors, n int
		alpha     float64
		want      string
	}{
		{-1, 5, 0.1, "stats: negative count"},
		{0, -1, 0.1, "stats: negative count"},
		{6, 5, 0.1, "stats: more successes than trials"},
		{1, 5, 0, "stats: risk level outside (0,1)"},
		{1, 5, 1, "stats: risk level outside (0,1)"},
		{1, 5, math.NaN(), "stats: risk level outside (0,1)"},
	} {
		wantPanic(t, fmt.Sprint(c), c.want, func() { RiskBinomial(c.errors, c.n, c.alpha) })
	}
	wantPanic(t, "count", "stats: more successes than trials", func() { BinomialUpper(2, 1, 0.9) })
	wantPanic(t, "confidence", "stats: confidence level outside (0,1)", func() { BinomialUpper(1, 2, 1) })
}

func BenchmarkRiskBinomial(b *testing.B) {
	for _, n := range []int{1000, 1000000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				RiskBinomial(n*19/1000, n, 0.02)
			}
		})
	}
}

func BenchmarkBinomialUpper(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		BinomialUpper(19, 1000, 0.9)
	}
}
