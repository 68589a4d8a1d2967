package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// scored makes the data sets of the temperature tests: n rows of classes scores
// in (0, scale), the label the best score's class except in about noise % of
// rows, where it is arbitrary.
func scored(seed uint64, n, classes int, scale float64, noise uint64) (scores []float64, labels []int) {
	x := minstd(seed, n*classes+2*n)
	for _, v := range x[:n*classes] {
		scores = append(scores, float64(v)/2147483647*scale)
	}
	for i := range n {
		best := 0
		row := scores[i*classes : (i+1)*classes]
		for k, s := range row {
			if s > row[best] {
				best = k
			}
		}
		if x[n*classes+2*i]%100 < noise {
			best = int(x[n*classes+2*i+1] % uint64(classes))
		}
		labels = append(labels, best)
	}
	return scores, labels
}

// beta, scipy: optimize.brentq of mean(sum(softmax(b·s)·s) − s_label),
// xtol=rtol=1e-14; optimize.minimize_scalar(nll, bounds=(0, 500),
// method='bounded') agrees to 2e-7. nll: sklearn metrics.log_loss(labels,
// softmax(beta·s)). brier: numpy mean(sum((softmax(s) − eye[labels])**2)), twice
// sklearn's brier_score_loss where there are two classes.
func TestFitTemperatureAgainstSciPy(t *testing.T) {
	for _, c := range []struct {
		seed             uint64
		n, classes       int
		scale            float64
		noise            uint64
		beta, nll, brier float64
	}{
		{1, 40, 3, 1.0, 40, 3.3825256620286037, 0.8727042543183139, 0.5809818133461674},
		{7, 200, 4, 1.0, 60, 2.2957546789557273, 1.237864327490947, 0.6933478624860845},
		{9, 100, 2, 30.0, 30, 0.15022373095386427, 0.4773527057286916, 0.29370660982945795},
		{11, 300, 5, 0.05, 20, 113.35965103833179, 1.0205841976235979, 0.7948467337766147},
	} {
		scores, labels := scored(c.seed, c.n, c.classes, c.scale, c.noise)
		fit := FitTemperature(scores, labels, c.classes)
		if !nearRelative(fit.Beta, c.beta, 1e-10) || !near(fit.NLL, c.nll, 1e-13) {
			t.Errorf("seed %d: %+v, want beta %v, nll %v", c.seed, fit, c.beta, c.nll)
		}
		if fit.N != c.n || fit.Separable || fit.Uninformative || fit.NLLUniform != math.Log(float64(c.classes)) {
			t.Errorf("seed %d: %+v", c.seed, fit)
		}
		p := make([]float64, len(scores))
		for i := range labels {
			Softmax(p[i*c.classes:(i+1)*c.classes], scores[i*c.classes:(i+1)*c.classes], 1)
		}
		if got := Brier(p, labels, c.classes); !near(got, c.brier, 1e-14) {
			t.Errorf("seed %d: Brier %v, want %v", c.seed, got, c.brier)
		}
	}
}

// In closed form: two classes with score difference 1, right in r of n rows,
// have NLL' = 0 at β = ln(r/(n−r)) and NLL there the entropy of r/n.
func TestFitTemperatureClosedForm(t *testing.T) {
	for _, shift := range []float64{0, 1e6, -3} {
		for _, scale := range []float64{1, 0.01, 1e4, 1e60} {
			const n, right = 10, 7
			var scores []float64
			labels := make([]int, n)
			for i := range n {
				scores = append(scores, shift+0, shift+scale)
				if i < right {
					labels[i] = 1
				}
			}
			if shift != 0 && scale != 1 {
				continue // the shift would round the scale away
			}
			fit := FitTemperature(scores, labels, 2)
			r := float64(right) / n
			if !nearRelative(fit.Beta, math.Log(r/(1-r))/scale, 1e-11) {
				t.Errorf("shift %v scale %v: beta %v", shift, scale, fit.Beta)
			}
			if want := -r*math.Log(r) - (1-r)*math.Log(1-r); !near(fit.NLL, want, 1e-14) {
				t.Errorf("shift %v scale %v: NLL %v, want %v", shift, scale, fit.NLL, want)
			}
		}
	}
}

func TestFitTemperatureBounds(t *testing.T) {
	for _, c := range []struct {
		name                     string
		scores                   []float64
		labels                   []int
		classes                  int
		beta, nll                float64
		separable, uninformative bool
	}{
		// The label always has the highest score, by 0.1: NLL = ln(1+e⁻⁵⁰).
		{"separable", []float64{0.6, 0.5, 0.1, 0.2}, []int{0, 1}, 2, MaxBeta, math.Log1p(math.Exp(-50)), true, false},
		{"separable far", []float64{1e9, 0, 0, 1e9}, []int{0, 1}, 2, MaxBeta, 0, true, false},
		{"constant", []float64{3, 3, 3, 3}, []int{0, 1}, 2, 0, math.Log(2), false, true},
		{"wrong way", []float64{0, 1, 1, 0}, []int{0, 1}, 2, 0, math.Log(2), false, true},
		{"balanced", []float64{1, 0, 1, 0}, []int{0, 1}, 2, 0, math.Log(2), false, true},
		{"one class", []float64{5, 7}, []int{0, 0}, 1, 0, 0, false, true},
	} {
		fit := FitTemperature(c.scores, c.labels, c.classes)
		if fit.Beta != c.beta || !near(fit.NLL, c.nll, 1e-15) || fit.NLL > 0 && !nearRelative(fit.NLL, c.nll, 1e-12) ||
			fit.Separable != c.separable || fit.Uninformative != c.uninformative {
			t.Errorf("%s: %+v", c.name, fit)
		}
	}
}

// The fit is never worse than its neighbours or the uniform distribution.
func TestFitTemperatureIsMinimum(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for range 200 {
		n, classes := 1+rng.IntN(30), 2+rng.IntN(4)
		scale := math.Pow(10, 6*rng.Float64()-3)
		scores, labels := make([]float64, n*classes), make([]int, n)
		for i := range scores {
			scores[i] = scale * rng.NormFloat64()
		}
		for i := range labels {
			labels[i] = rng.IntN(classes)
		}
		fit := FitTemperature(scores, labels, classes)
		loss := temperatureLoss{scores: scores, labels: labels, classes: classes, p: make([]float64, classes)}
		for _, beta := range []float64{0, fit.Beta * 0.99, fit.Beta * 1.01, MaxBeta} {
			if beta <= MaxBeta && loss.mean(beta) < fit.NLL-1e-12 {
				t.Fatalf("NLL(%v) = %v < %v at %+v", beta, loss.mean(beta), fit.NLL, fit)
			}
		}
	}
}

// scipy: special.softmax(beta·array(scores)).
func TestSoftmaxAgainstSciPy(t *testing.T) {
	for _, c := range []struct {
		scores []float64
		beta   float64
		want   []float64
	}{
		{[]float64{.1, .2, .3}, 1, []float64{0.3006096053557273, 0.3322249935333473, 0.3671654011109255}},
		{[]float64{1000, 1001, 999.5}, 1, []float64{0.23122389762214907, 0.6285317192117624, 0.14024438316608848}},
		{[]float64{.31, .29, .28}, 50, []float64{0.6285317192117625, 0.2312238976221487, 0.14024438316608878}},
		{[]float64{-2, 0, 5}, .5, []float64{0.027149026101416524, 0.07379870431184087, 0.8990522695867426}},
		{[]float64{7, -7}, 0, []float64{0.5, 0.5}},
		{[]float64{1e308, 0}, 500, []float64{1, 0}},
		{nil, 3, nil},
	} {
		got := make([]float64, len(c.scores))
		Softmax(got, c.scores, c.beta)
		inPlace := append([]float64(nil), c.scores...)
		Softmax(inPlace, inPlace, c.beta)
		for k := range c.want {
			if !near(got[k], c.want[k], 2e-15) || inPlace[k] != got[k] {
				t.Errorf("Softmax(%v, %v) = %v, in place %v, want %v", c.scores, c.beta, got, inPlace, c.want)
			}
		}
	}
}

func TestTemperaturePanics(t *testing.T) {
	one := []float64{1, 2}
	wantPanic(t, "none", "stats: no rows to fit", func() { FitTemperature(nil, nil, 2) })
	wantPanic(t, "rows", "stats: rows and labels of unequal length", func() { FitTemperature(one, []int{0, 1}, 2) })
	wantPanic(t, "classes", "stats: fewer than one class", func() { FitTemperature(nil, []int{0}, 0) })
	wantPanic(t, "label", "stats: label out of range", func() { FitTemperature(one, []int{2}, 2) })
	wantPanic(t, "label", "stats: label out of range", func() { FitTemperature(one, []int{-1}, 2) })
	for _, s := range []float64{math.NaN(), math.Inf(1), -1e101} {
		wantPanic(t, "score", "stats: score is NaN or beyond 1e100", func() { FitTemperature([]float64{0, s}, []int{0}, 2) })
	}
	for _, s := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		wantPanic(t, "score", "stats: score not finite", func() { Softmax(one, []float64{0, s}, 1) })
		wantPanic(t, "beta", "stats: inverse temperature negative or not finite", func() { Softmax(one, one, s) })
	}
	wantPanic(t, "length", "stats: softmax slices of unequal length", func() { Softmax(one, one[:1], 1) })
}

func BenchmarkFitTemperature(b *testing.B) {
	scores, labels := scored(7, 10000, 4, 1, 30)
	b.ReportAllocs()
	for b.Loop() {
		FitTemperature(scores, labels, 4)
	}
}
