package stats

import (
	"encoding/json"
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// scipy: binomtest(k, n).proportion_ci(confidence, method='wilson'); the low
// end of (5, 1e9) from the textbook formula in mpmath, as scipy's loses digits.
func TestWilsonAgainstSciPy(t *testing.T) {
	for _, c := range []struct {
		k, n                  int
		confidence, low, high float64
	}{
		{0, 10, 0.95, 0.0, 0.27753279986288926},
		{10, 10, 0.95, 0.7224672001371109, 1.0},
		{1, 10, 0.95, 0.017876213095072896, 0.4041500267952385},
		{7, 20, 0.9, 0.20226004005676104, 0.5334873111515284},
		{176, 200, 0.95, 0.8276574790170326, 0.9180200729362449},
		{1, 1, 0.5, 0.6873152559174167, 1.0},
		{3, 100000, 0.99, 7.577617147522683e-06, 0.00011876296629561287},
		{99997, 100000, 0.99, 0.9998812370337044, 0.9999924223828524},
		{5, 1000000000, 0.95, 2.1357011394043436e-09, 1.1705757628118388e-08},
	} {
		got := Wilson(c.k, c.n, c.confidence)
		// High is 1 minus a small number, so its error is absolute.
		if !nearRelative(got.Low, c.low, 1e-13) || !near(got.High, c.high, 1e-15) {
			t.Errorf("Wilson(%d, %d, %v) = %v, want {%v %v}", c.k, c.n, c.confidence, got, c.low, c.high)
		}
	}
}

func TestWilsonEnds(t *testing.T) {
	for n := range 60 {
		for _, confidence := range []float64{1e-17, 0.5, 0.95, 0.999999} {
			if low := Wilson(0, n, confidence).Low; low != 0 {
				t.Errorf("n=%d: low %v at k=0", n, low)
			}
			if high := Wilson(n, n, confidence).High; high != 1 {
				t.Errorf("n=%d: high %v at k=n", n, high)
			}
			for k := 0; k <= n && n > 0; k++ {
				i := Wilson(k, n, confidence)
				rate := float64(k) / float64(n)
				if !(i.Low <= rate+1e-15 && rate-1e-15 <= i.High && i.Low >= 0 && i.High <= 1) {
					t.Errorf("Wilson(%d, %d, %v) = %v does not hold %v", k, n, confidence, i, rate)
				}
			}
		}
	}
	if got := Wilson(0, 0, 0.95); got != (Interval{0, 1}) {
		t.Errorf("no trials: %v", got)
	}
}

// TestWilsonCoverage sums the binomial mass, from gonum, of the counts whose
// interval holds the true rate. Brown, Cai and DasGupta (2001) show that this
// stays near the nominal level; the bounds are looser than their figure 6.
func TestWilsonCoverage(t *testing.T) {
	for _, n := range []int{20, 50, 200, 1000} {
		for _, p := range []float64{0.1, 0.3, 0.5, 0.77, 0.9} {
			coverage := 0.0
			bin := distuv.Binomial{N: float64(n), P: p}
			for k := 0; k <= n; k++ {
				if i := Wilson(k, n, 0.95); i.Low <= p && p <= i.High {
					coverage += bin.Prob(float64(k))
				}
			}
			if coverage < 0.92 || coverage > 0.985 {
				t.Errorf("n=%d p=%v: coverage %v", n, p, coverage)
			}
		}
	}
}

// scipy: special.ndtri(p).
func TestNormalQuantile(t *testing.T) {
	for _, c := range []struct{ p, want float64 }{
		{1e-12, -7.034483825301131},
		{0.025, -1.9599639845400545},
		{0.05, -1.6448536269514729},
		{0.2, -0.8416212335729142},
		{0.5, 0},
		{0.8, 0.8416212335729143},
		{0.975, 1.959963984540054},
		{0.999, 3.090232306167813},
		{0, math.Inf(-1)},
		{1, math.Inf(1)},
	} {
		if got := NormalQuantile(c.p); !near(got, c.want, 1e-14) {
			t.Errorf("NormalQuantile(%v) = %v, want %v", c.p, got, c.want)
		}
	}
}

func TestIntervalJSON(t *testing.T) {
	got, err := json.Marshal(Interval{Low: 0.25, High: 1})
	if want := `{"low":0.25,"high":1}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func TestIntervalPanics(t *testing.T) {
	wantPanic(t, "k<0", "stats: negative count", func() { Wilson(-1, 3, 0.95) })
	wantPanic(t, "n<0", "stats: negative count", func() { Wilson(0, -3, 0.95) })
	wantPanic(t, "k>n", "stats: more successes than trials", func() { Wilson(4, 3, 0.95) })
	for _, c := range []float64{0, 1, 95, -1, math.NaN()} {
		wantPanic(t, "level", "stats: confidence level outside (0,1)", func() { Wilson(0, 0, c) })
	}
	wantPanic(t, "NaN", "stats: probability outside [0,1]", func() { NormalQuantile(math.NaN()) })
	wantPanic(t, "1.1", "stats: probability outside [0,1]", func() { NormalQuantile(1.1) })
}

// A whole number of successes gives Wilson's interval; others are roots of
// the same quadratic, here n(p̂−p)² = z²p(1−p).
func TestWilsonShare(t *testing.T) {
	for n := 1; n <= 40; n++ {
		for k := range n + 1 {
			want, got := Wilson(k, n, 0.95), WilsonShare(float64(k)/float64(n), float64(n), 0.95)
			if math.Abs(want.Low-got.Low) > 1e-14 || math.Abs(want.High-got.High) > 1e-14 {
				t.Errorf("%d of %d: %v, want %v", k, n, got, want)
			}
		}
	}
	z := NormalQuantile(0.975)
	for _, share := range []float64{0, 0.013, 0.37, 0.5, 0.999, 1} {
		i := WilsonShare(share, 17, 0.95)
		for _, p := range []float64{i.Low, i.High} {
			if d := 17*(share-p)*(share-p) - z*z*p*(1-p); math.Abs(d) > 1e-12 {
				t.Errorf("share %g: end %g misses the quadratic by %g", share, p, d)
			}
		}
	}
	for _, bad := range []func(){
		func() { WilsonShare(-0.1, 3, 0.95) }, func() { WilsonShare(1.1, 3, 0.95) },
		func() { WilsonShare(math.NaN(), 3, 0.95) }, func() { WilsonShare(0.5, 0, 0.95) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("expected a panic")
				}
			}()
			bad()
		}()
	}
}

// By hand: equal sizes count in full, and one large group for little more than itself.
func TestEffectiveSize(t *testing.T) {
	for _, c := range []struct {
		sizes []float64
		want  float64
	}{{nil, 0}, {[]float64{1, 1, 1}, 3}, {[]float64{5, 5}, 2}, {[]float64{100}, 1}, {[]float64{3, 1}, 1.6}, {[]float64{0, 2}, 1}} {
		sum, squares := 0.0, 0.0
		for _, s := range c.sizes {
			sum, squares = sum+s, squares+s*s
		}
		if got := EffectiveSize(sum, squares); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%v count for %g, want %g", c.sizes, got, c.want)
		}
	}
}
