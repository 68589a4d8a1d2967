package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// TestBinomialDistribution compares draws with gonum's binomial mass by a
// chi-square test on cells of at least 20 expected draws. Cases lie on both
// sides of the switch between the two methods and on both sides of p = ½.
func TestBinomialDistribution(t *testing.T) {
	const draws = 200000
	for i, c := range []struct {
		n int
		p float64
	}{
		{1, 0.3}, {5, 0.5}, {19, 0.5}, {20, 0.5}, {21, 0.5}, {12, 0.93},
		{40, 0.249}, {40, 0.251}, {100, 0.099}, {100, 0.101}, {100, 0.9}, {100, 0.97},
		{1000, 0.001}, {1000, 0.37}, {1000, 0.63}, {100000, 0.00009}, {100000, 0.0001},
		{100000, 0.5}, {1000000, 0.3}, {1000000, 0.9999},
	} {
		t.Run(fmt.Sprintf("n=%d p=%v", c.n, c.p), func(t *testing.T) {
			src := rand.NewPCG(uint64(i), 20)
			d := newBinomial(c.p)
			seen := make(map[int]int)
			for range draws {
				k := d.draw(src, c.n)
				if k < 0 || k > c.n {
					t.Fatalf("drew %d", k)
				}
				seen[k]++
			}
			want := distuv.Binomial{N: float64(c.n), P: c.p}
			statistic, cells, counted := 0.0, 0, 0
			expected, observed := 0.0, 0
			left := float64(draws)
			for k := 0; k <= c.n; k++ {
				e := draws * want.Prob(float64(k))
				expected += e
				observed += seen[k]
				left -= e
				if expected >= 20 && left >= 20 {
					statistic += (float64(observed) - expected) * (float64(observed) - expected) / expected
					counted += observed
					cells++
					expected, observed = 0, 0
				}
			}
			last := expected + math.Max(left, 0)
			rest := float64(draws - counted)
			statistic += (rest - last) * (rest - last) / last
			if p := (distuv.ChiSquared{K: float64(cells)}).Survival(statistic); p < 1e-3 {
				t.Errorf("chi-square %v on %d degrees of freedom, p = %v", statistic, cells, p)
			}
		})
	}
}

func TestBinomialCertain(t *testing.T) {
	src := rand.NewPCG(1, 1)
	for _, n := range []int{0, 1, 7, 1000000} {
		never, always, half := newBinomial(0), newBinomial(1), newBinomial(0.5)
		if got := never.draw(src, n); got != 0 {
			t.Errorf("p=0 n=%d: %d", n, got)
		}
		if got := always.draw(src, n); got != n {
			t.Errorf("p=1 n=%d: %d", n, got)
		}
		if got := half.draw(src, 0); got != 0 {
			t.Errorf("n=0: %d", got)
		}
	}
}

// TestBinomialHuge checks mean and variance where a table of masses would be too
// long: within five standard errors of n·p and n·p·(1−p).
func TestBinomialHuge(t *testing.T) {
	const draws = 50000
	for _, c := range []struct {
		n int
		p float64
	}{{1 << 40, 0.25}, {1 << 40, 0.999}, {1 << 50, 1e-13}} {
		src := rand.NewPCG(4, 4)
		d := newBinomial(c.p)
		mean, variance := float64(c.n)*c.p, float64(c.n)*c.p*(1-c.p)
		var sum, squares float64
		for range draws {
			z := (float64(d.draw(src, c.n)) - mean) / math.Sqrt(variance)
			sum += z
			squares += z * z
		}
		if m := sum / draws; math.Abs(m) > 5/math.Sqrt(draws) {
			t.Errorf("n=%d p=%v: standardised mean %v", c.n, c.p, m)
		}
		if v := squares / draws; math.Abs(v-1) > 5*math.Sqrt(2.0/draws) {
			t.Errorf("n=%d p=%v: standardised variance %v", c.n, c.p, v)
		}
	}
}

// TestBinomialMassRatio compares every way of comparing with the mass to
// gonum's log-mass: the logarithm to its own error, the bounds by enclosing it,
// and the decision at a value just below and just above the ratio.
func TestBinomialMassRatio(t *testing.T) {
	for _, n := range []int{20, 21, 57, 100, 333, 1000, 20000} {
		for _, p := range []float64{0.5, 0.4999, 0.3, 0.11, 0.02, 0.001} {
			if float64(n)*p < rejectionMean {
				continue
			}
			d := newBinomial(p)
			exact := distuv.Binomial{N: float64(n), P: p}
			mode := math.Floor(float64(n+1) * p)
			variance := float64(n) * p * (1 - p)
			for k := 0.0; k <= float64(n); k++ {
				want := exact.LogProb(k) - exact.LogProb(mode)
				// The differences of log-gammas lose digits as n grows.
				noise := 1e-12 * float64(n)
				if got := d.logRatio(float64(n), k, mode); math.Abs(got-want) > noise {
					t.Fatalf("n=%d p=%v k=%v: log ratio %v, want %v", n, p, k, got, want)
				}
				if distance := math.Abs(k - mode); distance > 15 && distance < variance/2-1 {
					if low, high := logRatioBounds(distance, variance); want < low || want > high {
						t.Fatalf("n=%d p=%v k=%v: %v outside [%v, %v]", n, p, k, want, low, high)
					}
				}
				if want < -600 {
					continue
				}
				if !d.underMass(float64(n), k, math.Exp(want-3*noise)) || d.underMass(float64(n), k, math.Exp(want+3*noise)) {
					t.Fatalf("n=%d p=%v k=%v: wrong side of %v", n, p, k, math.Exp(want))
				}
			}
		}
	}
}

func BenchmarkBinomial(b *testing.B) {
	for _, n := range []int{10, 100, 10000, 1000000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			src := rand.NewPCG(1, 1)
			d := newBinomial(0.2)
			b.ReportAllocs()
			for b.Loop() {
				d.draw(src, n)
			}
		})
	}
}
