package stats

import (
	"math"
	"math/big"
	"sync"
	"testing"
)

// scipy: chi2_contingency([a, b], correction=False) without the columns that are
// empty on both sides, which scipy refuses.
func TestHomogeneity(t *testing.T) {
	for _, c := range []struct {
		a, b    []int
		chi2, p float64
		df      int
	}{
		{[]int{10, 20, 30}, []int{12, 18, 33}, 0.35698011261921103, 0.8365323750549782, 2},
		{[]int{3, 0, 5, 2}, []int{0, 4, 6, 0}, 9.09090909090909, 0.028106302856955485, 3},
		{[]int{7, 7}, []int{7, 7}, 0, 1, 1},
		{[]int{50, 30, 15, 5}, []int{4000, 3500, 1800, 700}, 4.240594755039425, 0.23662887714996644, 3},
		{[]int{1, 0, 0}, []int{0, 0, 1}, 2, 0.15729920705028105, 1},
		{[]int{20, 14, 9, 11, 7, 8, 5, 6, 6, 50}, []int{98123, 71234, 70001, 65002, 51003, 49004, 33005, 30006, 20007, 512615}, 16.54768706724799, 0.056288629559001865, 9},
		{[]int{5000000, 3000000, 2000000}, []int{5001000, 2999500, 1999500}, 0.20416795365484947, 0.9029537212960985, 2},
		{[]int{0, 5, 0, 9}, []int{0, 50, 0, 81}, 0.032343610587885395, 0.8572755935928289, 1},
		{[]int{80, 10, 0, 0, 10}, []int{10, 10, 0, 5, 80}, 113.83465608465607, 1.6404458811617782e-24, 3},
		{[]int{0, 5}, []int{0, 9}, 0, 1, 0},
		{nil, nil, math.NaN(), math.NaN(), 0},
		{[]int{0, 0}, []int{3, 4}, math.NaN(), math.NaN(), 0},
		{[]int{3, 4}, []int{0, 0}, math.NaN(), math.NaN(), 0},
	} {
		for _, rows := range [][2][]int{{c.a, c.b}, {c.b, c.a}} {
			chi2, df, p := Homogeneity(rows[0], rows[1])
			if !near(chi2, c.chi2, 1e-12) || df != c.df || !near(p, c.p, 1e-12) || !math.IsNaN(p) && !nearRelative(p, c.p, 1e-10) {
				t.Errorf("Homogeneity(%v, %v) = %v, %d, %v; want %v, %d, %v", rows[0], rows[1], chi2, df, p, c.chi2, c.df, c.p)
			}
		}
	}
}

// By hand from the rule; expected counts are the pooled ones, halved where the
// sides are equal.
func TestCochranRule(t *testing.T) {
	for _, c := range []struct {
		a, b []int
		want bool
	}{
		{[]int{10, 10}, []int{10, 10}, true},
		{[]int{16, 4}, []int{16, 4}, false},                                      // half are 4
		{[]int{9, 9, 9, 9, 4}, []int{9, 9, 9, 9, 4}, true},                       // a fifth is 4
		{[]int{9, 9, 9, 4}, []int{9, 9, 9, 4}, false},                            // a quarter is 4
		{[]int{9, 9, 9, 9, 3}, []int{9, 9, 9, 9, 1}, true},                       // a fifth is below 5, none below 1
		{[]int{9, 9, 9, 9, 1}, []int{9, 9, 9, 9, 0}, false},                      // below 1
		{[]int{9, 9, 0, 9, 9, 4}, []int{9, 9, 0, 9, 9, 4}, true},                 // an empty cell does not count
		{[]int{40, 40, 40, 10, 6}, []int{29000, 29000, 29000, 7000, 6000}, true}, // the smaller side decides
		{[]int{40, 40, 40, 15, 1}, []int{29900, 29900, 29900, 9900, 400}, false}, // 401·136/100,136 is below 1
		{[]int{70, 60, 6, 0}, []int{5_000_000, 4_500_000, 499_999, 1}, false},    // a rare cell
		{[]int{0, 0}, []int{4, 5}, false},
		{nil, nil, false},
	} {
		if got := CochranRule(c.a, c.b); got != c.want {
			t.Errorf("CochranRule(%v, %v) = %t", c.a, c.b, got)
		}
		if got := CochranRule(c.b, c.a); got != c.want {
			t.Errorf("CochranRule(%v, %v) = %t", c.b, c.a, got)
		}
	}
}

// exactPermutation enumerates all subsets by kind: the share of the subsets of
// sum(a) items whose χ² is at least the observed. Comparisons are of rational
// numbers: χ² grows with Σ x²/c.
func exactPermutation(a, b []int) float64 {
	pool, n := make([]int, len(a)), 0
	for k := range a {
		pool[k] = a[k] + b[k]
		n += a[k]
	}
	squares := func(row []int) *big.Rat {
		sum := new(big.Rat)
		for k, x := range row {
			if pool[k] > 0 {
				sum.Add(sum, big.NewRat(int64(x*x), int64(pool[k])))
			}
		}
		return sum
	}
	observed := squares(a)
	all, extreme := new(big.Int), new(big.Int)
	row := make([]int, len(a))
	var visit func(k, left int, ways *big.Int)
	visit = func(k, left int, ways *big.Int) {
		if k == len(pool) {
			if left == 0 {
				all.Add(all, ways)
				if squares(row).Cmp(observed) >= 0 {
					extreme.Add(extreme, ways)
				}
			}
			return
		}
		for x := 0; x <= min(pool[k], left); x++ {
			row[k] = x
			visit(k+1, left-x, new(big.Int).Mul(ways, new(big.Int).Binomial(int64(pool[k]), int64(x))))
		}
	}
	visit(0, n, big.NewInt(1))
	p, _ := new(big.Rat).SetFrac(extreme, all).Float64()
	return p
}

func TestHomogeneityPermutationAgainstEnumeration(t *testing.T) {
	const replicates = 20000
	for _, c := range [][2][]int{
		{{3, 0, 5, 2}, {0, 4, 6, 0}},
		{{2, 1}, {0, 3}},
		{{1, 0, 0}, {0, 0, 1}}, // all ways but two tie
		{{4, 4, 4}, {8, 8, 8}},
		{{9, 2, 0, 1}, {20, 15, 6, 0}},
		{{30, 20, 10}, {25, 10, 25}},
		{{60, 40}, {45, 55}},
	} {
		want := exactPermutation(c[0], c[1])
		got := HomogeneityPermutation(c[0], c[1], replicates, 1)
		if math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/replicates)+1.0/replicates {
			t.Errorf("%v: %v, want %v", c, got, want)
		}
	}
}

// With large counts the chi-square law is the limit.
func TestHomogeneityPermutationAgainstChiSquare(t *testing.T) {
	const replicates = 5000
	for _, c := range [][2][]int{
		{{20, 24, 19, 21, 17, 35}, {15123, 17234, 15001, 14002, 13003, 20637}},
		{{3_000_000, 2_000_000, 4_000_000, 1_000_000}, {3_001_500, 1_998_000, 4_002_000, 998_500}},
	} {
		_, _, want := Homogeneity(c[0], c[1])
		got := HomogeneityPermutation(c[0], c[1], replicates, 3)
		if math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/replicates)+0.003 {
			t.Errorf("%v: %v, want %v", c, got, want)
		}
	}
}

func TestHomogeneityPermutationProperties(t *testing.T) {
	a, b := []int{30, 0, 12, 5, 0, 49}, []int{720, 13, 200, 94, 0, 890}
	want := HomogeneityPermutation(a, b, 999, 7)
	if got := HomogeneityPermutation(b, a, 999, 7); got != want {
		t.Errorf("exchanged: %v, want %v", got, want)
	}
	if got := HomogeneityPermutation([]int{49, 5, 12, 0, 30}, []int{890, 94, 200, 13, 720}, 999, 7); got != want {
		t.Errorf("reordered, and without the empty cell: %v, want %v", got, want)
	}
	if got := HomogeneityPermutation(a, b, 999, 8); got == want {
		t.Errorf("another seed gives %v too", got)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if got := HomogeneityPermutation(a, b, 999, 7); got != want {
				t.Errorf("concurrently: %v, want %v", got, want)
			}
		})
	}
	group.Wait()
	if got := HomogeneityPermutation([]int{90, 0}, []int{0, 800}, 999, 1); got != 1.0/1000 {
		t.Errorf("apart: %v", got)
	}
	for _, certain := range []float64{
		HomogeneityPermutation(a, b, 0, 7),
		HomogeneityPermutation([]int{5, 10}, []int{50, 100}, 99, 7),
		HomogeneityPermutation([]int{5, 0}, []int{50, 0}, 99, 7),
	} {
		if certain != 1 {
			t.Errorf("without replicates, of equal shares, in one cell: %v", certain)
		}
	}
	for _, undefined := range []float64{HomogeneityPermutation(nil, nil, 9, 1), HomogeneityPermutation([]int{0}, []int{4}, 9, 1)} {
		if !math.IsNaN(undefined) {
			t.Errorf("an empty side: %v", undefined)
		}
	}
}

func TestHomogeneityPanics(t *testing.T) {
	wantPanic(t, "lengths", "stats: rows of counts of unequal length", func() { Homogeneity([]int{1}, nil) })
	wantPanic(t, "count", "stats: negative count", func() { CochranRule([]int{-1}, []int{1}) })
	wantPanic(t, "count", "stats: negative count", func() { HomogeneityPermutation([]int{1}, []int{-1}, 9, 1) })
	wantPanic(t, "replicates", "stats: negative number of replicates", func() { HomogeneityPermutation([]int{1}, []int{1}, -1, 1) })
}

func BenchmarkHomogeneityPermutation(b *testing.B) {
	for _, c := range []struct {
		name string
		n, m int
	}{{"136 of 10M", 136, 10_000_000}, {"5000 of 10M", 5000, 10_000_000}, {"10M of 20M", 10_000_000, 10_000_000}} {
		b.Run(c.name, func(b *testing.B) {
			rows := [2][]int{make([]int, 20), make([]int, 20)}
			for k := range 20 {
				rows[0][k], rows[1][k] = c.n/20, c.m/20
			}
			b.ReportAllocs()
			for b.Loop() {
				HomogeneityPermutation(rows[0], rows[1], 1000, 1)
			}
		})
	}
}
