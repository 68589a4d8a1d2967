package stats

import (
	"math"
	"slices"
	"testing"
)

// numpy: quantile(v, [(1-c)/2, (1+c)/2]) with v = unitMinstd(3, 37).
func TestPercentileAgainstNumPy(t *testing.T) {
	v := unitMinstd(3, 37)
	before := slices.Clone(v)
	for _, c := range []struct{ confidence, low, high float64 }{
		{0.9, 0.15639299850742933, 0.932095391923606},
		{0.95, 0.06068850958751916, 0.9616219263345106},
		{0.99, 0.012191648963928069, 0.9805273002295416},
		{0.5, 0.2781524827136437, 0.8040578159522535},
	} {
		got := Percentile(v, c.confidence)
		if !near(got.Low, c.low, 1e-14) || !near(got.High, c.high, 1e-14) {
			t.Errorf("%v: %v, want {%v %v}", c.confidence, got, c.low, c.high)
		}
		withUndefined := append(slices.Clone(v), make([]float64, 37)...)
		for i := 37; i < len(withUndefined); i++ {
			withUndefined[i] = math.NaN()
		}
		if again := Percentile(withUndefined, c.confidence); again != got {
			t.Errorf("half NaN: %v, want %v", again, got)
		}
		tooFew := Percentile(append(withUndefined, math.NaN()), c.confidence)
		if !math.IsNaN(tooFew.Low) || !math.IsNaN(tooFew.High) {
			t.Errorf("more than half NaN: %v", tooFew)
		}
	}
	if !slices.Equal(v, before) {
		t.Error("input changed")
	}
}

func TestPercentileEdges(t *testing.T) {
	if i := Percentile(nil, 0.95); !math.IsNaN(i.Low) || !math.IsNaN(i.High) {
		t.Errorf("no replicates: %v", i)
	}
	if i := Percentile([]float64{3}, 0.95); i != (Interval{3, 3}) {
		t.Errorf("one replicate: %v", i)
	}
	inf := math.Inf(1)
	if i := Percentile([]float64{inf, 1, inf, inf}, 0.5); i.High != inf {
		t.Errorf("infinite replicates: %v", i)
	}
	wantPanic(t, "level", "stats: confidence level outside (0,1)", func() { Percentile(nil, 1) })
}

// skewed is the sample of the BCa tests, x = u³, with a fixed 400-replicate
// bootstrap of it: item minstd(6, 400·25)[b·25+i] mod 25.
func skewed(stat func([]float64) float64) (estimate float64, replicates, jackknife []float64) {
	const n, rounds = 25, 400
	x := unitMinstd(5, n)
	for i, u := range x {
		x[i] = u * u * u
	}
	index := minstd(6, n*rounds)
	sample := make([]float64, n)
	for b := range rounds {
		for i := range sample {
			sample[i] = x[index[b*n+i]%n]
		}
		replicates = append(replicates, stat(sample))
	}
	for i := range x {
		jackknife = append(jackknife, stat(slices.Delete(slices.Clone(x), i, i+1)))
	}
	return stat(x), replicates, jackknife
}

func variance(x []float64) float64 {
	m, v := mean(x), 0.0
	for _, a := range x {
		v += (a - m) * (a - m)
	}
	return v / float64(len(x))
}

// scipy: a1, a2, _ = stats._resampling._bca_interval((x,), stat, -1,
// (1-c)/2, th, None), the routine behind stats.bootstrap(method='BCa'), with
// stat numpy.mean or numpy.var; then numpy.quantile(th, [a1, a2]).
func TestBCaAgainstSciPy(t *testing.T) {
	for _, c := range []struct {
		name                            string
		stat                            func([]float64) float64
		confidence, estimate, low, high float64
	}{
		{"mean", mean, 0.95, 0.3120918745369974, 0.21249520568280195, 0.4515314955491065},
		{"mean", mean, 0.9, 0.3120918745369974, 0.22981508252775465, 0.41962705706870373},
		{"variance", variance, 0.95, 0.1095613333226685, 0.07258962724316147, 0.15317941298474214},
		{"variance", variance, 0.9, 0.1095613333226685, 0.08008359489151086, 0.15113527456601103},
	} {
		estimate, replicates, jackknife := skewed(c.stat)
		if !near(estimate, c.estimate, 1e-14) {
			t.Fatalf("%s: estimate %v, want %v", c.name, estimate, c.estimate)
		}
		got := BCa(replicates, estimate, jackknife, nil, c.confidence)
		if !near(got.Low, c.low, 1e-12) || !near(got.High, c.high, 1e-12) {
			t.Errorf("%s %v: %v, want {%v %v}", c.name, c.confidence, got, c.low, c.high)
		}
	}
}

// TestBCaTiesAndWeights has a statistic of a table, the count of successes, so
// that 17 % of the replicates tie with the estimate. scipy as above with
// y = (x > .1) and numpy.mean: [11, 19] of 25. By cells there are two jackknife
// values, 14/24 without a success and 15/24 without a failure.
func TestBCaTiesAndWeights(t *testing.T) {
	success := func(x []float64) float64 {
		n := 0.0
		for _, v := range x {
			if v > 0.1 {
				n++
			}
		}
		return n
	}
	estimate, replicates, jackknife := skewed(success)
	for i := range jackknife {
		jackknife[i] /= 24
	}
	if estimate != 15 {
		t.Fatalf("estimate %v", estimate)
	}
	byItem := BCa(replicates, estimate, jackknife, nil, 0.95)
	byCell := BCa(replicates, estimate, []float64{math.NaN(), 14.0 / 24, 15.0 / 24}, []float64{0, 15, 10}, 0.95)
	if want := (Interval{11, 19}); byItem != want || byCell != want {
		t.Errorf("by item %v, by cell %v, want %v", byItem, byCell, want)
	}
	_, _, skewedJackknife := skewed(variance)
	weights := make([]float64, len(skewedJackknife))
	var doubled []float64
	for i, v := range skewedJackknife {
		weights[i] = float64(1 + i%3)
		for range 1 + i%3 {
			doubled = append(doubled, v)
		}
	}
	if got, want := acceleration(skewedJackknife, weights), acceleration(doubled, nil); !near(got, want, 1e-14) {
		t.Errorf("weighted acceleration %v, want %v", got, want)
	}
}

// By hand: values −1, −1, 2 have mean 0, u = 1, 1, −2, Σu² = 6, Σu³ = −6, so
// a = −6/(6·6^1.5) = −6^(−1.5). Two equal values and any one value give 0.
func TestAccelerationByHand(t *testing.T) {
	for _, c := range []struct {
		jackknife, weights []float64
		want               float64
	}{
		{[]float64{-1, -1, 2}, nil, -math.Pow(6, -1.5)},
		{[]float64{-1, 2}, []float64{2, 1}, -math.Pow(6, -1.5)},
		{[]float64{0.1, 0.1, 0.1}, nil, 0},
		{[]float64{0.1, 0.7}, []float64{3, 0}, 0},
		{nil, nil, 0},
		{[]float64{1, math.NaN()}, nil, math.NaN()},
		{[]float64{math.Inf(1), 1}, nil, math.NaN()},
		{[]float64{-1e-100, -1e-100, 2e-100}, nil, -math.Pow(6, -1.5)},
		{[]float64{-1e-150, -1e-150, 2e-150}, nil, 0}, // Σu³ is below float64
	} {
		if got := acceleration(c.jackknife, c.weights); !near(got, c.want, 1e-14) {
			t.Errorf("%v %v: %v, want %v", c.jackknife, c.weights, got, c.want)
		}
	}
}

func TestBCaFallsBackToPercentile(t *testing.T) {
	replicates := unitMinstd(8, 101)
	want := Percentile(replicates, 0.9)
	for name, got := range map[string]Interval{
		"estimate below all": BCa(replicates, -1, []float64{1, 2, 9}, nil, 0.9),
		"estimate above all": BCa(replicates, 2, []float64{1, 2, 9}, nil, 0.9),
		"infinite estimate":  BCa(replicates, math.Inf(1), nil, nil, 0.9),
		"NaN jackknife":      BCa(replicates, 0.5, []float64{1, math.NaN()}, nil, 0.9),
	} {
		if got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	// One jackknife value far below the others gives a near its bound of 1/6;
	// with z0 > 0 and a level of 1 − 1e-12 the formula is past its pole.
	far := append(make([]float64, 1000), -1)
	if got := BCa(replicates, 0.5, far, nil, 1-1e-12); got != Percentile(replicates, 1-1e-12) {
		t.Errorf("past the pole: %v", got)
	}
	// An estimate at the median of a symmetric set and a = 0 correct nothing.
	if got := BCa([]float64{1, 2, 3, 4, 5}, 3, nil, nil, 0.8); !near(got.Low, 1.4, 1e-12) || !near(got.High, 4.6, 1e-12) {
		t.Errorf("nothing to correct: %v, want {1.4 4.6}", got)
	}
	if got := BCa(replicates, math.NaN(), nil, nil, 0.9); !math.IsNaN(got.Low) || !math.IsNaN(got.High) {
		t.Errorf("NaN estimate: %v", got)
	}
	if got := BCa([]float64{1, math.NaN(), math.NaN()}, 1, nil, nil, 0.9); !math.IsNaN(got.Low) {
		t.Errorf("mostly NaN: %v", got)
	}
}

func TestBCaPanics(t *testing.T) {
	wantPanic(t, "length", "stats: jackknife values and weights of unequal length",
		func() { BCa([]float64{1}, 1, []float64{1}, []float64{1, 2}, 0.9) })
	for _, w := range []float64{-1, math.NaN(), math.Inf(1)} {
		wantPanic(t, "weight", "stats: jackknife weight negative or not finite",
			func() { BCa([]float64{1}, 1, []float64{1}, []float64{w}, 0.9) })
	}
	wantPanic(t, "level", "stats: confidence level outside (0,1)", func() { BCa(nil, 1, nil, nil, 0) })
}

// TestIntervalCoverage draws 600 data sets of 340 items from a known table, and
// counts how often the 95 % intervals of macro-F1 hold the table's own value.
// The standard error of the count is 0.9 points; the bounds leave room for that
// and for the true coverage of a bootstrap at this size, somewhat under 95 %.
func TestIntervalCoverage(t *testing.T) {
	const sets = 600
	truth := macroF1(confusion, 4)
	stat := func(c []int) float64 { return macroF1(c, 4) }
	var percentile, bca int
	MultinomialEach(confusion, sets, 21, func(b int, drawn []int) {
		replicates := Multinomial(drawn, 400, uint64(1000+b), stat)
		jackknife, weights := make([]float64, 16), make([]float64, 16)
		estimate := stat(drawn)
		for i := range drawn {
			if weights[i] = float64(drawn[i]); drawn[i] > 0 {
				drawn[i]--
				jackknife[i] = stat(drawn)
				drawn[i]++
			}
		}
		if i := Percentile(replicates, 0.95); i.Low <= truth && truth <= i.High {
			percentile++
		}
		if i := BCa(replicates, estimate, jackknife, weights, 0.95); i.Low <= truth && truth <= i.High {
			bca++
		}
	})
	for name, hits := range map[string]int{"percentile": percentile, "BCa": bca} {
		t.Logf("%s: %.3f", name, float64(hits)/sets)
		if share := float64(hits) / sets; share < 0.91 || share > 0.98 {
			t.Errorf("%s: coverage %v", name, share)
		}
	}
}
