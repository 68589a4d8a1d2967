package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// TestDealerDistribution compares how many of the first kind are drawn with the
// hypergeometric mass by a chi-square test on cells of at least 20 expected
// draws. Cases lie on both sides of the switch from single items to binomials.
func TestDealerDistribution(t *testing.T) {
	const draws = 20000
	for i, c := range []struct {
		pool []int
		n    int
	}{
		{[]int{5, 3, 2}, 4}, {[]int{40, 30, 30}, 32}, {[]int{40, 30, 30}, 33}, {[]int{40, 30, 30}, 50},
		{[]int{1000, 700, 9}, 300}, {[]int{10, 5000, 5000}, 4000}, {[]int{90000, 60000, 40000}, 136},
		{[]int{90000, 60000, 40000}, 95000}, {[]int{60, 60}, 119}, {[]int{3_000_000, 17_000_000}, 1000},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			src := rand.NewPCG(uint64(i), 21)
			d := newDealer(c.pool)
			seen := map[int]int{}
			for range draws {
				sum := 0
				drawn := d.draw(src, c.n)
				for k, x := range drawn {
					if x < 0 || x > c.pool[k] {
						t.Fatalf("drew %v", drawn)
					}
					sum += x
				}
				if sum != c.n {
					t.Fatalf("drew %v", drawn)
				}
				seen[drawn[0]]++
			}
			first, rest := c.pool[0], d.total-c.pool[0]
			statistic, cells, counted := 0.0, 0, 0
			expected, observed, left := 0.0, 0, float64(draws)
			for k := max(0, c.n-rest); k <= min(first, c.n); k++ {
				e := draws * math.Exp(logChoose(first, k)+logChoose(rest, c.n-k)-logChoose(d.total, c.n))
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
			last, rare := expected+math.Max(left, 0), float64(draws-counted)
			statistic += (rare - last) * (rare - last) / last
			if cells == 0 {
				t.Fatal("nothing to compare")
			}
			if p := (distuv.ChiSquared{K: float64(cells)}).Survival(statistic); p < 1e-3 {
				t.Errorf("chi-square %v on %d degrees of freedom, p = %v", statistic, cells, p)
			}
		})
	}
}

func logChoose(n, k int) float64 { return logFactorial(n) - logFactorial(k) - logFactorial(n-k) }

// TestDealerCovariance: n·(N−n)/(N−1)·(π_j·[j = k] − π_j·π_k), to five standard
// errors of a covariance of about normal counts.
func TestDealerCovariance(t *testing.T) {
	const draws = 20000
	pool, n := []int{500, 300, 150, 50}, 400
	src := rand.NewPCG(5, 22)
	d := newDealer(pool)
	var sums [4][4]float64
	for range draws {
		x := d.draw(src, n)
		for j := range pool {
			for k := range pool {
				sums[j][k] += (float64(x[j]) - 0.4*float64(pool[j])) * (float64(x[k]) - 0.4*float64(pool[k])) / draws
			}
		}
	}
	factor := 400.0 * 600 / 999
	covariance := func(j, k int) float64 {
		share := float64(pool[j]) / 1000
		if j == k {
			return factor * share * (1 - share)
		}
		return -factor * share * float64(pool[k]) / 1000
	}
	for j := range pool {
		for k := range pool {
			want := covariance(j, k)
			se := math.Sqrt((covariance(j, j)*covariance(k, k) + want*want) / draws)
			if math.Abs(sums[j][k]-want) > 5*se {
				t.Errorf("%d, %d: %v, want %v ± %v", j, k, sums[j][k], want, se)
			}
		}
	}
}

func TestDealerAllAndNone(t *testing.T) {
	src := rand.NewPCG(1, 1)
	for _, pool := range [][]int{{}, {3}, {1_000_000, 0, 7}} {
		d := newDealer(pool)
		for k, x := range d.draw(src, d.total) {
			if x != pool[k] {
				t.Errorf("all of %v: %d of kind %d", pool, x, k)
			}
		}
		for k, x := range d.draw(src, 0) {
			if x != 0 {
				t.Errorf("none of %v: %d of kind %d", pool, x, k)
			}
		}
	}
}
