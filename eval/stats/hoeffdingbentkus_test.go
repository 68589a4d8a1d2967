package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// mpmath: losses x mod m over d from minstd(seed, n) as exact fractions, the
// formula, tail as in TestRiskBinomial. The second of the two bounds is the
// smaller in the second case only.
func TestRiskHoeffdingBentkus(t *testing.T) {
	for _, c := range []struct {
		seed        uint64
		n           int
		mod, div    uint64
		alpha, want float64
	}{
		{1, 200, 11, 100, 0.1, 0.04535352775093672},
		{2, 500, 3, 10, 0.2, 1.5215635999440762e-8},
		{3, 1000, 21, 1000, 0.03, 0.00011246672644469649},
		{4, 10, 2, 20, 0.2, 0.21690338552754338},
		{5, 2000, 101, 100, 0.5, 1},
		{6, 50, 5, 100, 0.02, 0.97365983685316717},
		{7, 0, 5, 100, 0.02, 1},
	} {
		losses := make([]float64, c.n)
		for i, x := range minstd(c.seed, c.n) {
			losses[i] = float64(x%c.mod) / float64(c.div)
		}
		if got := RiskHoeffdingBentkus(losses, c.alpha); !nearRelative(got, c.want, 1e-11) {
			t.Errorf("seed %d: %.17g, want %.17g", c.seed, got, c.want)
		}
	}
}

// Without loss it is (1−α)ⁿ, the exact p-value; with losses of 0 and 1 the
// smaller of e times that and Hoeffding's bound of it.
func TestRiskHoeffdingBentkusOfCounts(t *testing.T) {
	for _, n := range []int{1, 45, 300} {
		for _, alpha := range []float64{0.02, 0.05, 0.4} {
			losses := make([]float64, n)
			for k := 0; k <= n; k++ {
				exact := RiskBinomial(k, n, alpha)
				got := RiskHoeffdingBentkus(losses, alpha)
				if k == 0 && !nearRelative(got, exact, 1e-12) {
					t.Errorf("no loss in %d at %v: %v, want %v", n, alpha, got, exact)
				}
				if got < exact*(1-1e-12) || got > min(1, math.E*exact)*(1+1e-12) {
					t.Errorf("%d of %d at %v: %v, exact %v", k, n, alpha, got, exact)
				}
				if k < n {
					losses[k] = 1
				}
			}
		}
	}
}

// A sum that is whole as written costs no error more, in whichever order and
// however its losses are off in float64.
func TestRiskHoeffdingBentkusWholeSums(t *testing.T) {
	const n, ones, alpha = 500, 6, 0.1 // where the binomial bound is the smaller
	score := 0.99
	for _, c := range []struct {
		name   string
		losses []float64
		errors int
	}{
		{"tenths", slices.Repeat([]float64{0.1}, 10), 1},
		{"thirds", slices.Repeat([]float64{1. / 3}, 6), 2},
		{"seven parts", []float64{0.7, 0.1, 0.2, 0.3, 0.3, 0.4}, 2},
		{"less than a score", slices.Repeat([]float64{1 - score}, 100), 1}, // 1 + 8.7e-16
		{"nothing", nil, 0},
	} {
		losses := slices.Concat(slices.Repeat([]float64{1}, ones), c.losses, make([]float64, n-ones-len(c.losses)))
		for range 2 {
			want := math.E * RiskBinomial(ones+c.errors, n, alpha)
			if got := RiskHoeffdingBentkus(losses, alpha); got != want {
				t.Errorf("%s: %v, want e·P(≤ %d) = %v", c.name, got, ones+c.errors, want)
			}
			slices.Reverse(losses)
		}
		// A trace more does cost an error, by which the other bound is the smaller.
		losses[slices.Index(losses, 0)] = 1e-12
		if got, whole := RiskHoeffdingBentkus(losses, alpha), math.E*RiskBinomial(ones+c.errors, n, alpha); got < 1.1*whole {
			t.Errorf("%s and a trace: %v, without %v", c.name, got, whole)
		}
	}
	// Added up as they come, these are 10000.00000002.
	if got, want := RiskHoeffdingBentkus(slices.Repeat([]float64{0.1}, 100000), 0.105), math.E*RiskBinomial(10000, 100000, 0.105); got != want {
		t.Errorf("many tenths: %v, want %v", got, want)
	}
}

// Greater losses never have a smaller p-value, and their order does not matter.
func TestRiskHoeffdingBentkusProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 2))
	for range 500 {
		losses := make([]float64, 1+rng.IntN(60))
		for i := range losses {
			losses[i] = rng.Float64() * rng.Float64()
		}
		alpha := 0.05 + 0.9*rng.Float64()
		p := RiskHoeffdingBentkus(losses, alpha)
		rng.Shuffle(len(losses), func(i, j int) { losses[i], losses[j] = losses[j], losses[i] })
		if again := RiskHoeffdingBentkus(losses, alpha); !nearRelative(again, p, 1e-12) {
			t.Fatalf("in another order %v, not %v", again, p)
		}
		i := rng.IntN(len(losses))
		losses[i] += (1 - losses[i]) * rng.Float64()
		if more := RiskHoeffdingBentkus(losses, alpha); more < p*(1-1e-12) {
			t.Fatalf("%v of a greater loss, %v before", more, p)
		}
	}
}

// trinomial calls visit for every count of two values among n with the
// probability of the counts.
func trinomial(n int, first, second float64, visit func(a, b int, chance float64)) {
	for a := range n + 1 {
		for b := range n - a + 1 {
			visit(a, b, math.Exp(logFactorial(n)-logFactorial(a)-logFactorial(b)-logFactorial(n-a-b))*
				math.Pow(first, float64(a))*math.Pow(second, float64(b))*math.Pow(1-first-second, float64(n-a-b)))
		}
	}
}

// Where losses of 0, ½ and 1 have a mean of just alpha, the p-value is at most δ
// with a probability of at most δ: the sum over all counts.
func TestRiskHoeffdingBentkusIsValid(t *testing.T) {
	const n = 40
	for _, alpha := range []float64{0.05, 0.3} {
		for _, one := range []float64{0, alpha / 3, alpha} { // the chance of a loss of 1
			var chance [3]float64
			deltas := [3]float64{0.02, 0.1, 0.5}
			trinomial(n, one, 2*(alpha-one), func(a, b int, c float64) {
				losses := make([]float64, n)
				for i := range a + b {
					losses[i] = 0.5
				}
				for i := range a {
					losses[i] = 1
				}
				p := RiskHoeffdingBentkus(losses, alpha)
				for d, delta := range deltas {
					if p <= delta {
						chance[d] += c
					}
				}
			})
			for d, delta := range deltas {
				if chance[d] > delta {
					t.Errorf("α %v, ones %v: at most %v with probability %v", alpha, one, delta, chance[d])
				}
			}
		}
	}
}

func TestRiskHoeffdingBentkusPanics(t *testing.T) {
	for _, loss := range []float64{-1e-9, 1.1, math.NaN()} {
		wantPanic(t, "loss", "stats: loss outside [0,1]", func() { RiskHoeffdingBentkus([]float64{0, loss}, 0.1) })
	}
	wantPanic(t, "alpha", "stats: risk level outside (0,1)", func() { RiskHoeffdingBentkus(nil, 0) })
}
