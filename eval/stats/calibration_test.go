package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// claims returns n distinct confidences, and outcomes right where another
// uniform is below the square of the confidence: overconfident on purpose.
func claims(n int) (confidence []float64, correct []bool) {
	u := unitMinstd(13, 2*n)
	for i, c := range u[:n] {
		confidence = append(confidence, c)
		correct = append(correct, u[n+i] < c*c)
	}
	return confidence, correct
}

// sklearn: calibration.calibration_curve(correct, confidence, n_bins=5,
// strategy='quantile'), whose bins are the same where n is a multiple of bins
// and confidences are distinct; ECE from the two arrays by numpy
// mean(abs(prob_true − prob_pred)), since all bins have 12 items.
func TestReliabilityAgainstScikitLearn(t *testing.T) {
	confidence, correct := claims(60)
	accuracy := []float64{0, 0.25, 0.08333333333333333, 0.4166666666666667, 1}
	claimed := []float64{0.08425027857732505, 0.29979013568556717, 0.5242475887951041, 0.6866869504346296, 0.8877273831226525}
	bins := Reliability(confidence, correct, 5)
	if len(bins) != 5 {
		t.Fatalf("%d bins", len(bins))
	}
	for m, bin := range bins {
		if bin.N != 12 || !near(bin.Accuracy, accuracy[m], 1e-15) || !near(bin.MeanConfidence, claimed[m], 1e-14) {
			t.Errorf("bin %d: %+v, want accuracy %v of 12, confidence %v", m, bin, accuracy[m], claimed[m])
		}
		if bin.Interval != Wilson(bin.Correct, 12, 0.95) {
			t.Errorf("bin %d: interval %v", m, bin.Interval)
		}
	}
	if got := ECE(confidence, correct, 5); !near(got, 0.19144951407399466, 1e-14) {
		t.Errorf("ECE %v", got)
	}
}

// By hand from the definition: n = 10, 4 bins, boundaries 2.5, 5, 7.5, 10. In
// rising order .1 .2 .2 .2 .2 .6 .6 .7 .8 .9 the first change at or after 2.5
// is at 5, which also meets boundary 5; the first at or after 7.5 is at 8.
func TestReliabilityTies(t *testing.T) {
	confidence := []float64{0.9, 0.2, 0.6, 0.2, 0.1, 0.8, 0.2, 0.7, 0.6, 0.2}
	correct := []bool{true, false, true, true, false, false, false, true, false, false}
	type bin struct {
		N, Correct int
		Low, High  float64
	}
	var got []bin
	for _, b := range Reliability(confidence, correct, 4) {
		got = append(got, bin{b.N, b.Correct, b.Low, b.High})
	}
	want := []bin{{5, 1, 0.1, 0.2}, {3, 2, 0.6, 0.7}, {2, 1, 0.8, 0.9}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// |1 − .9| + |2 − 1.9| + |1 − 1.7| = .9, of 10 predictions.
	if ece := ECE(confidence, correct, 4); !near(ece, 0.09, 1e-15) {
		t.Errorf("ECE %v, want 0.09", ece)
	}
}

func TestReliabilityProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 500 {
		n, levels, count := 1+rng.IntN(50), 1+rng.IntN(60), 1+rng.IntN(70)
		confidence, correct := make([]float64, n), make([]bool, n)
		for i := range confidence {
			confidence[i] = float64(rng.IntN(levels+1)) / float64(levels)
			correct[i] = rng.IntN(2) == 0
		}
		bins := Reliability(confidence, correct, count)
		if len(bins) == 0 || len(bins) > count {
			t.Fatalf("%d bins of %d", len(bins), count)
		}
		// The definition, restated: each boundary k·n/count closes a bin at the
		// first position at or after it that splits no tie.
		sorted := slices.Sorted(slices.Values(confidence))
		cuts := map[int]bool{}
		for k := 1; k <= count; k++ {
			end := (k*n + count - 1) / count
			for end < n && sorted[end] == sorted[end-1] {
				end++
			}
			cuts[end] = true
		}
		total, right, last := 0, 0, -1.0
		for _, b := range bins {
			total += b.N
			right += b.Correct
			if !cuts[total] || b.N < 1 || b.Low <= last || b.High < b.Low {
				t.Fatalf("bins %+v of %v", bins, sorted)
			}
			last = b.High
		}
		want := 0
		for _, c := range correct {
			if c {
				want++
			}
		}
		if total != n || right != want || len(cuts) != len(bins) {
			t.Fatalf("%d of %d items, %d of %d right, %d of %d bins", total, n, right, want, len(bins), len(cuts))
		}
		ece := ECE(confidence, correct, count)
		if !(ece >= 0 && ece <= 1) {
			t.Fatalf("ECE %v", ece)
		}
		// Order does not matter, to the last bit.
		rng.Shuffle(n, func(i, j int) {
			confidence[i], confidence[j] = confidence[j], confidence[i]
			correct[i], correct[j] = correct[j], correct[i]
		})
		if diff := cmp.Diff(bins, Reliability(confidence, correct, count)); diff != "" {
			t.Fatalf("after shuffling (-want +got):\n%s", diff)
		}
	}
}

// With one bin and one confidence p the null ECE is E|Bin(n, p)/n − p|. scipy:
// sum(binom.pmf(k, n, p)·abs(k/n − p)). The standard deviation of a replicate
// is below its mean, so the tolerance is over five standard errors.
func TestNullECEAgainstSciPy(t *testing.T) {
	for _, c := range []struct {
		n    int
		p    float64
		want float64
	}{
		{50, 0.8, 0.04474208165578094},
		{200, 0.9, 0.01685453605889497},
		{1000, 0.37, 0.012178453130239762},
	} {
		const replicates = 20000
		got, interval := NullECE(slices.Repeat([]float64{c.p}, c.n), 15, replicates, 6)
		if !nearRelative(got, c.want, 5/math.Sqrt(replicates)) {
			t.Errorf("n=%d p=%v: %v, want %v", c.n, c.p, got, c.want)
		}
		// |X/n − p| exceeds 2.24 standard deviations in 2.5 % of draws; counts
		// are whole, so within one and a half of them.
		sd := math.Sqrt(c.p * (1 - c.p) / float64(c.n))
		if high := interval.High; math.Abs(high-2.2414*sd) > 1.5/float64(c.n) {
			t.Errorf("n=%d p=%v: interval %v, want high near %v", c.n, c.p, interval, 2.2414*sd)
		}
	}
}

func TestNullECEDeterministic(t *testing.T) {
	confidence, correct := claims(300)
	m, i := NullECE(confidence, 15, 500, 1)
	slices.Reverse(confidence)
	if m2, i2 := NullECE(confidence, 15, 500, 1); m2 != m || i2 != i {
		t.Error("depends on the order of the input")
	}
	if m2, _ := NullECE(confidence, 15, 500, 2); m2 == m {
		t.Error("seed has no effect")
	}
	slices.Reverse(confidence)
	if ece := ECE(confidence, correct, 15); ece <= i.High {
		t.Errorf("overconfident on purpose, but ECE %v is inside %v", ece, i)
	}
	if m, i := NullECE([]float64{0, 1, 1, 0}, 15, 9, 1); m != 0 || i != (Interval{}) {
		t.Errorf("certain claims: %v %v, want 0", m, i)
	}
}

func TestCalibrationEmpty(t *testing.T) {
	if bins := Reliability(nil, nil, 15); bins != nil {
		t.Errorf("bins %v", bins)
	}
	m, i := NullECE(nil, 15, 100, 1)
	m2, _ := NullECE([]float64{0.5}, 15, 0, 1)
	for name, v := range map[string]float64{
		"ECE": ECE(nil, nil, 15), "Brier": Brier(nil, nil, 3),
		"NullECE": m, "low": i.Low, "high": i.High, "no replicates": m2,
	} {
		if !math.IsNaN(v) {
			t.Errorf("%s of nothing: %v", name, v)
		}
	}
}

// By hand: certain and right 0, certain and wrong 2, uniform on K classes
// (1−1/K)² + (K−1)/K² = 1 − 1/K.
func TestBrierByHand(t *testing.T) {
	prob := []float64{1, 0, 0, 0, 0, 1, 1.0 / 3, 1.0 / 3, 1.0 / 3}
	if got, want := Brier(prob, []int{0, 1, 2}, 3), (0+2+2.0/3)/3; !near(got, want, 1e-15) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestCalibrationPanics(t *testing.T) {
	const unequal, outside = "stats: confidences and outcomes of unequal length", "stats: probability outside [0,1]"
	wantPanic(t, "length", unequal, func() { Reliability([]float64{0.5}, nil, 5) })
	wantPanic(t, "length", unequal, func() { ECE(nil, []bool{true}, 5) })
	wantPanic(t, "bins", "stats: fewer than one bin", func() { Reliability(nil, nil, 0) })
	wantPanic(t, "bins", "stats: fewer than one bin", func() { ECE(nil, nil, 0) })
	wantPanic(t, "bins", "stats: fewer than one bin", func() { NullECE(nil, 0, 1, 1) })
	wantPanic(t, "range", outside, func() { Reliability([]float64{1.5}, []bool{true}, 5) })
	wantPanic(t, "range", outside, func() { NullECE([]float64{-1}, 5, 1, 1) })
	wantPanic(t, "NaN", outside, func() { NullECE([]float64{math.NaN()}, 5, 1, 1) })
	wantPanic(t, "NaN", "stats: confidence is NaN", func() { ECE([]float64{math.NaN()}, []bool{true}, 5) })
	wantPanic(t, "replicates", "stats: negative number of replicates", func() { NullECE(nil, 5, -1, 1) })
	wantPanic(t, "range", outside, func() { Brier([]float64{2, 0}, []int{0}, 2) })
	wantPanic(t, "rows", "stats: rows and labels of unequal length", func() { Brier([]float64{1}, []int{0}, 2) })
}

func BenchmarkNullECE(b *testing.B) {
	confidence, _ := claims(1000)
	b.ReportAllocs()
	for b.Loop() {
		NullECE(confidence, 15, 1000, 1)
	}
}
