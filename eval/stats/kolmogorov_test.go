package stats

import (
	"math"
	"testing"
)

// D is scipy's ks_2samp(…).statistic of the bins' numbers, each repeated as often
// as it is counted (mpmath's where there are ten million), p is
// scipy.special.kolmogorov((√N + 0.12 + 0.11/√N)·D).
func TestKolmogorovSmirnov(t *testing.T) {
	for _, c := range []struct {
		a, b []int
		d, p float64
	}{
		{[]int{10, 20, 30}, []int{12, 18, 33}, 0.023809523809523808, 1},
		{[]int{3, 0, 5, 2}, []int{0, 4, 6, 0}, 0.3, 0.6750781537165953},
		{[]int{7, 7}, []int{7, 7}, 0, 1},
		{[]int{50, 30, 15, 5}, []int{4000, 3500, 1800, 700}, 0.1, 0.26137328452411996},
		{[]int{1, 0, 0}, []int{0, 0, 1}, 1, 0.28904142837082675},
		{[]int{20, 14, 9, 11, 7, 8, 5, 6, 6, 50}, []int{98123, 71234, 70001, 65002, 51003, 49004, 33005, 30006, 20007, 512615}, 0.14496794117647058, 0.005799810859029155},
		{[]int{5000000, 3000000, 2000000}, []int{5001000, 2999500, 1999500}, 0.0001, 0.9999999997837554},
		{[]int{0, 5, 0, 9}, []int{0, 50, 0, 81}, 0.024536532170119956, 1},
		{[]int{80, 10, 0, 0, 10}, []int{10, 10, 0, 5, 80}, 0.7095238095238096, 1.1196209957892082e-23},
		{nil, nil, math.NaN(), math.NaN()},
		{[]int{0, 0}, []int{3, 4}, math.NaN(), math.NaN()},
		{[]int{3, 4}, []int{0, 0}, math.NaN(), math.NaN()},
	} {
		for _, rows := range [][2][]int{{c.a, c.b}, {c.b, c.a}} {
			d, p := KolmogorovSmirnov(rows[0], rows[1])
			if !near(d, c.d, 1e-15) || !near(p, c.p, 1e-11) || !math.IsNaN(p) && !nearRelative(p, c.p, 1e-10) {
				t.Errorf("KolmogorovSmirnov(%v, %v) = %v, %v; want %v, %v", rows[0], rows[1], d, p, c.d, c.p)
			}
		}
	}
}

// scipy: special.kolmogorov(λ), which mpmath's sum of the alternating series
// confirms to 2e-16 from 0.2 up.
func TestKolmogorovUpper(t *testing.T) {
	for _, c := range []struct{ lambda, want float64 }{
		{0, 1},
		{0.01, 1},
		{0.04, 1},
		{0.1, 1},
		{0.2, 0.999999999999495},
		{0.3, 0.9999906941986655},
		{0.5, 0.9639452436648751},
		{0.7, 0.7112351950296893},
		{0.9, 0.3927307079406543},
		{0.99, 0.2808738392255489},
		{0.999999, 0.27000074362745646},
		{1, 0.26999967167735456},
		{1.000001, 0.26999859973033974},
		{1.2, 0.11224966667072497},
		{1.36, 0.049485876755377876},
		{1.63, 0.009846364888486529},
		{2, 0.0006709252557796953},
		{3, 3.045995948942526e-08},
		{5, 3.8574996959278356e-22},
		{10, 2.767793053473475e-87},
		{18, 7.554499944724249e-282},
		{30, 0},
	} {
		if got := kolmogorovUpper(c.lambda); !nearRelative(got, c.want, 2e-13) {
			t.Errorf("kolmogorovUpper(%v) = %v, want %v", c.lambda, got, c.want)
		}
	}
}

func TestKolmogorovSmirnovProperties(t *testing.T) {
	a, b := []int{10, 0, 20, 30, 40}, []int{300, 0, 350, 250, 100}
	d, p := KolmogorovSmirnov(a, b)
	if got, _ := KolmogorovSmirnov([]int{40, 30, 20, 0, 10}, []int{100, 250, 350, 0, 300}); !near(got, d, 1e-15) {
		t.Errorf("turned round: %v, want %v", got, d)
	}
	if got, _ := KolmogorovSmirnov([]int{10, 40, 20, 30}, []int{300, 100, 350, 250}); near(got, d, 0.1) {
		t.Errorf("out of order D is %v too", got)
	}
	// Joining bins can only hide a difference.
	merged, larger := KolmogorovSmirnov([]int{10, 50, 40}, []int{300, 600, 100})
	if merged >= d || larger <= p {
		t.Errorf("joined: D = %v, p = %v; apart %v, %v", merged, larger, d, p)
	}
}

func TestKolmogorovSmirnovPanics(t *testing.T) {
	wantPanic(t, "lengths", "stats: rows of counts of unequal length", func() { KolmogorovSmirnov([]int{1}, nil) })
	wantPanic(t, "count", "stats: negative count", func() { KolmogorovSmirnov([]int{-1}, []int{1}) })
}
