package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// sample draws n items by the shares, which sum to 1.
func sample(src *rand.PCG, shares []float64, n int) []int {
	counts := make([]int, len(shares))
	left, rest := n, 1.0
	last := len(shares) - 1
	for k, share := range shares[:last] {
		d := newBinomial(share / rest)
		counts[k] = d.draw(src, left)
		left -= counts[k]
		rest -= share
	}
	counts[last] = left
	return counts
}

// decaying returns shares of which each is the one before times ratio.
func decaying(cells int, ratio float64) []float64 {
	shares, sum := make([]float64, cells), 0.0
	for k := range shares {
		shares[k] = math.Pow(ratio, float64(k))
		sum += shares[k]
	}
	for k := range shares {
		shares[k] /= sum
	}
	return shares
}

// driftRates returns how often each test rejects at 5 %.
func driftRates(n, m int, expected, actual []float64, rounds, permutations int, seed uint64) (psi, chi2, permuted, ks float64) {
	src := rand.NewPCG(seed, 23)
	for round := range rounds {
		a, b := sample(src, expected, n), sample(src, actual, m)
		_, pool := inUse(a, b)
		if PSI(a, b) > PSINull(n, m, len(pool), 0.95) {
			psi++
		}
		if _, _, p := Homogeneity(a, b); p <= 0.05 {
			chi2++
		}
		if _, p := KolmogorovSmirnov(a, b); p <= 0.05 {
			ks++
		}
		if round < permutations && HomogeneityPermutation(a, b, 99, uint64(round)) <= 0.05 {
			permuted++
		}
	}
	return psi / float64(rounds), chi2 / float64(rounds), permuted / float64(permutations), ks / float64(rounds)
}

// Both sides are of one distribution. The limits are four standard errors, of
// the rounds, beyond the rates that 40,000 rounds of numpy's multinomial gave for
// PSI and χ², beyond 5 % for the permutation test, and above 5 % alone for
// Kolmogorov–Smirnov, which binning makes conservative.
func TestDriftUnderTheNull(t *testing.T) {
	const rounds, permutations = 4000, 1000
	rare := make([]float64, 20) // half of the cells with 1e-5 each
	for k := range rare {
		rare[k] = 1e-5
		if k < 10 {
			rare[k] = 0.1 - 1e-5
		}
	}
	even, falling := decaying(20, 1), decaying(20, 0.75)
	for i, c := range []struct {
		name      string
		n, m      int
		shares    []float64
		psi, chi2 float64 // numpy
	}{
		{"even, against a log", 136, 100_000, even, 0.0394, 0.0497},
		{"even, against few", 136, 500, even, 0.0336, 0.047},
		{"three tiers", 136, 100_000, []float64{0.7, 0.2, 0.1}, 0.0493, 0.0496},
		{"falling", 136, 100_000, falling, 0.0024, 0.0819},
		{"falling, against few", 136, 500, falling, 0.0051, 0.0493},
		{"rare cells", 136, 10_000_000, rare, 0.0004, 0.0132},
	} {
		t.Run(c.name, func(t *testing.T) {
			psi, chi2, permuted, ks := driftRates(c.n, c.m, c.shares, c.shares, rounds, permutations, uint64(i))
			t.Logf("PSI %.4f, χ² %.4f, permuted %.4f, KS %.4f", psi, chi2, permuted, ks)
			off := func(rate, want float64, n int) bool {
				return math.Abs(rate-want) > 4*math.Sqrt(want*(1-want)/float64(n))
			}
			if off(psi, c.psi, rounds) || off(chi2, c.chi2, rounds) {
				t.Errorf("PSI %v, want %v; χ² %v, want %v", psi, c.psi, chi2, c.chi2)
			}
			if off(permuted, 0.05, permutations) || ks > 0.05+4*math.Sqrt(0.05*0.95/rounds) {
				t.Errorf("permuted %v, Kolmogorov–Smirnov %v", permuted, ks)
			}
		})
	}
}

// Each bin has a share 5 % larger than the one before: every test finds it more
// often than by chance, the one that knows the order most.
func TestDriftFound(t *testing.T) {
	even, shifted := decaying(20, 1), decaying(20, 1.05)
	psi, chi2, permuted, ks := driftRates(136, 100_000, even, shifted, 1000, 200, 9)
	t.Logf("PSI %.4f, χ² %.4f, permuted %.4f, KS %.4f", psi, chi2, permuted, ks)
	if psi < 0.2 || chi2 < 0.2 || permuted < 0.2 || ks < chi2+0.1 {
		t.Errorf("PSI %v, χ² %v, permuted %v, Kolmogorov–Smirnov %v", psi, chi2, permuted, ks)
	}
}
