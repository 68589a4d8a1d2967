package stats

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// TestMultinomialEnumerated compares the frequency of every possible table of
// four items in three cells with its exact probability n!/Πnᵢ!·Πpᵢ^nᵢ.
func TestMultinomialEnumerated(t *testing.T) {
	const replicates = 200000
	counts := []int{2, 1, 1}
	seen := map[[3]int]int{}
	MultinomialEach(counts, replicates, 11, func(_ int, n []int) { seen[[3]int(n)]++ })
	factorial := []float64{1, 1, 2, 6, 24}
	statistic, tables, counted := 0.0, 0, 0
	for a := 0; a <= 4; a++ {
		for b := 0; a+b <= 4; b++ {
			c := 4 - a - b
			p := 24 / (factorial[a] * factorial[b] * factorial[c]) *
				math.Pow(0.5, float64(a)) * math.Pow(0.25, float64(b+c))
			got := seen[[3]int{a, b, c}]
			statistic += math.Pow(float64(got)-replicates*p, 2) / (replicates * p)
			counted += got
			tables++
		}
	}
	if counted != replicates || tables != 15 {
		t.Fatalf("%d replicates on %d tables", counted, tables)
	}
	if p := (distuv.ChiSquared{K: 14}).Survival(statistic); p < 1e-3 {
		t.Errorf("chi-square %v, p = %v", statistic, p)
	}
}

// TestMultinomialMoments compares with E nᵢ = cᵢ, Var nᵢ = cᵢ(1−cᵢ/n) and
// Cov(nᵢ, nⱼ) = −cᵢcⱼ/n, within five standard errors of the estimate.
func TestMultinomialMoments(t *testing.T) {
	const replicates = 100000
	counts := []int{0, 400, 7, 0, 90, 3, 500, 0}
	n := 1000.0
	sums := make([]float64, len(counts))
	products := make([][]float64, len(counts))
	for i := range products {
		products[i] = make([]float64, len(counts))
	}
	MultinomialEach(counts, replicates, 12, func(_ int, drawn []int) {
		total := 0
		for i, x := range drawn {
			total += x
			sums[i] += float64(x - counts[i])
			for j, y := range drawn {
				products[i][j] += float64((x - counts[i]) * (y - counts[j]))
			}
		}
		if total != 1000 {
			t.Fatalf("total %d", total)
		}
	})
	variance := func(i int) float64 { c := float64(counts[i]); return c * (1 - c/n) }
	for i := range counts {
		if got, se := sums[i]/replicates, math.Sqrt(variance(i)/replicates); math.Abs(got) > 5*se {
			t.Errorf("mean of cell %d is off by %v, standard error %v", i, got, se)
		}
		for j := range counts {
			want := -float64(counts[i]) * float64(counts[j]) / n
			if i == j {
				want = variance(i)
			}
			// The kurtosis of a small cell exceeds the normal's by 1/variance.
			spread := variance(i) * variance(j)
			se := math.Sqrt((spread + want*want + math.Sqrt(spread)) / replicates)
			if got := products[i][j] / replicates; math.Abs(got-want) > 5*se {
				t.Errorf("covariance of %d and %d is %v, want %v ± %v", i, j, got, want, se)
			}
		}
	}
}

// confusion is a 4×4 table of truth by prediction used below, row-major.
var confusion = []int{120, 15, 3, 2, 18, 70, 9, 3, 4, 11, 45, 8, 1, 2, 7, 22}

// macroF1 of a row-major confusion matrix: mean of 2·tp/(row + column).
func macroF1(cells []int, classes int) float64 {
	sum := 0.0
	for k := range classes {
		both := 0
		for j := range classes {
			both += cells[k*classes+j] + cells[j*classes+k]
		}
		if both > 0 {
			sum += 2 * float64(cells[k*classes+k]) / float64(both)
		}
	}
	return sum / float64(classes)
}

// numpy: default_rng(1).multinomial(340, C/340, size=4000000), macro-F1 of each
// table: mean .72172762, standard deviation .02797496, 2.5 and 97.5 %
// quantiles .66574714 and .77535823. sklearn: f1_score(average='macro') of the
// table is 0.7234154609754525. Tolerances are five standard errors at 200,000.
func TestMultinomialMacroF1AgainstNumPy(t *testing.T) {
	if got := macroF1(confusion, 4); !near(got, 0.7234154609754525, 1e-15) {
		t.Fatalf("macro-F1 %v", got)
	}
	const replicates = 200000
	values := Multinomial(confusion, replicates, 13, func(c []int) float64 { return macroF1(c, 4) })
	m, v := 0.0, 0.0
	for _, x := range values {
		m += x / replicates
	}
	for _, x := range values {
		v += (x - m) * (x - m) / replicates
	}
	if math.Abs(m-0.7217276) > 3.2e-4 || math.Abs(math.Sqrt(v)-0.0279750) > 2.3e-4 {
		t.Errorf("mean %v, standard deviation %v", m, math.Sqrt(v))
	}
	if i := Percentile(values, 0.95); math.Abs(i.Low-0.6657471) > 9e-4 || math.Abs(i.High-0.7753582) > 9e-4 {
		t.Errorf("interval %v", i)
	}
}

func TestMultinomialDeterministic(t *testing.T) {
	stat := func(c []int) float64 { return macroF1(c, 4) }
	long := Multinomial(confusion, 500, 3, stat)
	if !slices.Equal(long, Multinomial(confusion, 500, 3, stat)) {
		t.Error("same seed, other replicates")
	}
	if !slices.Equal(long[:70], Multinomial(confusion, 70, 3, stat)) {
		t.Error("replicates depend on their number")
	}
	if slices.Equal(long, Multinomial(confusion, 500, 4, stat)) {
		t.Error("seed has no effect")
	}
	// What visit leaves in the slice does not reach the next replicate.
	spoiled := Multinomial(confusion, 500, 3, func(c []int) float64 {
		defer clear(c)
		return stat(c)
	})
	if !slices.Equal(long, spoiled) {
		t.Error("changing the slice changes later replicates")
	}
}

func TestMultinomialEdges(t *testing.T) {
	calls := 0
	MultinomialEach(nil, 3, 1, func(b int, c []int) {
		if b != calls || len(c) != 0 {
			t.Errorf("replicate %d: %v", b, c)
		}
		calls++
	})
	MultinomialEach([]int{0, 0}, 2, 1, func(_ int, c []int) {
		if !slices.Equal(c, []int{0, 0}) {
			t.Errorf("empty table drew %v", c)
		}
		calls++
	})
	MultinomialEach([]int{0, 9, 0}, 2, 1, func(_ int, c []int) {
		if !slices.Equal(c, []int{0, 9, 0}) {
			t.Errorf("one cell drew %v", c)
		}
		calls++
	})
	if got := Multinomial([]int{1}, 0, 1, nil); len(got) != 0 || calls != 7 {
		t.Errorf("%d values, %d calls", len(got), calls)
	}
	wantPanic(t, "count", "stats: negative count", func() { MultinomialEach([]int{1, -1}, 1, 1, nil) })
	wantPanic(t, "replicates", "stats: negative number of replicates", func() { Multinomial(nil, -1, 1, nil) })
}

// TestResampleMoments uses that a bootstrap weight has mean 1 and variance
// 1 − 1/n, and two weights covariance −1/n; hence the bootstrap variance of a
// mean is the plug-in variance over n. Tolerances are about five standard errors.
func TestResampleMoments(t *testing.T) {
	const n, replicates = 30, 100000
	x := unitMinstd(17, n)
	var mean, plugIn float64
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		plugIn += (v - mean) * (v - mean) / n
	}
	var first, square, cross, spread float64
	Resample(n, replicates, 5, func(b int, w []float64) {
		sum, boot := 0.0, 0.0
		for i, v := range w {
			if v != math.Trunc(v) || v < 0 {
				t.Fatalf("weight %v", v)
			}
			sum += v
			boot += v * x[i] / n
		}
		if sum != n {
			t.Fatalf("replicate %d sums to %v", b, sum)
		}
		first += w[4] / replicates
		square += (w[4] - 1) * (w[4] - 1) / replicates
		cross += (w[4] - 1) * (w[29] - 1) / replicates
		spread += (boot - mean) * (boot - mean) / replicates
	})
	if math.Abs(first-1) > 0.016 || math.Abs(square-29.0/30) > 0.027 || math.Abs(cross+1.0/30) > 0.016 {
		t.Errorf("weight: mean %v, variance %v, covariance %v", first, square, cross)
	}
	if !nearRelative(spread, plugIn/n, 0.023) {
		t.Errorf("variance of the mean %v, want %v", spread, plugIn/n)
	}
}

func TestResampleDeterministic(t *testing.T) {
	collect := func(replicates int, seed uint64) (all []float64) {
		Resample(9, replicates, seed, func(_ int, w []float64) {
			all = append(all, w...)
			w[0] = -1
		})
		return all
	}
	long := collect(50, 1)
	if !slices.Equal(long[:90], collect(10, 1)) || slices.Equal(long, collect(50, 2)) {
		t.Error("replicates are not a function of seed and number")
	}
	if slices.Equal(long[:9], long[9:18]) {
		t.Error("two replicates are equal")
	}
	calls := 0
	Resample(0, 4, 1, func(_ int, w []float64) { calls += 1 + len(w) })
	if calls != 4 {
		t.Errorf("%d calls on no items", calls)
	}
	wantPanic(t, "n", "stats: negative count", func() { Resample(-1, 1, 1, nil) })
	wantPanic(t, "replicates", "stats: negative number of replicates", func() { Resample(1, -1, 1, nil) })
}

// BenchmarkMultinomialMacroF1 is the bootstrap of a report: 10,000 replicates of
// macro-F1 over 16 cells holding 100,000 items.
func BenchmarkMultinomialMacroF1(b *testing.B) {
	counts := make([]int, 16)
	for i, c := range confusion {
		counts[i] = c * 100000 / 340
	}
	b.ReportAllocs()
	for b.Loop() {
		Multinomial(counts, 10000, 1, func(c []int) float64 { return macroF1(c, 4) })
	}
}

func BenchmarkMultinomialSmall(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Multinomial(confusion, 10000, 1, func(c []int) float64 { return macroF1(c, 4) })
	}
}

func BenchmarkResample(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Resample(1000, 1000, 1, func(int, []float64) {})
	}
}

// By hand, and against a plain sum for all small lengths: whole numbers add up
// exactly in any order.
func TestDot(t *testing.T) {
	if got := Dot([]float64{1, 2, 3, 4, 5}, []float64{2, 3, 5, 7, 11, 1000}); got != 106 {
		t.Errorf("%v, want 106", got)
	}
	for n := range 40 {
		a, b, want := make([]float64, n), make([]float64, n), 0.0
		for i := range a {
			a[i], b[i] = float64(i*i-7), float64(3*i-20)
			want += a[i] * b[i]
		}
		if got := Dot(a, b); got != want {
			t.Errorf("of %d: %v, want %v", n, got, want)
		}
	}
}
