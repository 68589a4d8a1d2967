package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestCertifyFixedSequenceByHand(t *testing.T) {
	p := []float64{0.5, 0.01, 0.04, 0.06, 0.02, 0.001, 0.9, 0.03}
	for _, c := range []struct {
		name   string
		delta  float64
		starts []int
		want   []int
	}{
		{"fails at once", 0.1, nil, nil},
		{"the same said", 0.1, []int{0}, nil},
		{"from 1 to the first over .1", 0.1, []int{1}, []int{1, 2, 3, 4, 5}},
		{"stops at .06", 0.05, []int{1}, []int{1, 2}},
		{"two starts, .05 each", 0.1, []int{1, 4}, []int{1, 2, 4, 5}},
		{"in any order", 0.1, []int{4, 1}, []int{1, 2, 4, 5}},
		{"runs through a start", 0.2, []int{1, 3}, []int{1, 2, 3, 4, 5}},
		{"a start at a failure", 0.1, []int{1, 3}, []int{1, 2}},
		{"at equality", 0.06, []int{3}, []int{3, 4, 5}},
		{"the last alone", 0.1, []int{7}, []int{7}},
	} {
		asked := map[int]int{}
		got := CertifyFixedSequence(len(p), func(i int) float64 { asked[i]++; return p[i] }, c.delta, c.starts...)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		for i, n := range asked {
			if n > 1 {
				t.Errorf("%s: asked %d times about %d", c.name, n, i)
			}
		}
	}
}

// Algorithm 1 of arXiv 2110.01052 as it stands there: from each start, while
// p ≤ δ/|J|, add and go on.
func TestCertifyFixedSequenceByDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 3))
	for range 2000 {
		p := make([]float64, 1+rng.IntN(12))
		for i := range p {
			p[i] = float64(rng.IntN(8)) / 20
		}
		starts := rng.Perm(len(p))[:1+rng.IntN(len(p))]
		delta := 0.1 + 0.8*rng.Float64()
		set := map[int]bool{}
		for _, j := range starts {
			for j < len(p) && p[j] <= delta/float64(len(starts)) {
				set[j] = true
				j++
			}
		}
		got := CertifyFixedSequence(len(p), func(i int) float64 { return p[i] }, delta, starts...)
		if len(got) != len(set) || !slices.IsSorted(got) {
			t.Fatalf("%v from %v at %v: %v, want %v", p, starts, delta, got, set)
		}
		for _, i := range got {
			if !set[i] {
				t.Fatalf("%v from %v at %v: %v, want %v", p, starts, delta, got, set)
			}
		}
		// With a start at every setting it is Bonferroni.
		every := make([]int, len(p))
		for i := range every {
			every[i] = i
		}
		if a, b := CertifyFixedSequence(len(p), func(i int) float64 { return p[i] }, delta, every...), CertifyBonferroni(p, delta); !slices.Equal(a, b) {
			t.Fatalf("%v everywhere, Bonferroni %v", a, b)
		}
	}
}

func TestCertifyWithoutOrder(t *testing.T) {
	// Holm's factors 4, 3, 2, 1: .005·4 = .02, .01·3 = .03, .03·2 = .06, .04 → .06.
	p := []float64{0.01, 0.04, 0.03, 0.005}
	for _, c := range []struct {
		delta            float64
		bonferroni, holm []int
	}{
		{0.01, nil, nil},
		{0.02, []int{3}, []int{3}},
		{0.03, []int{3}, []int{0, 3}},
		{0.05, []int{0, 3}, []int{0, 3}},
		{0.07, []int{0, 3}, []int{0, 1, 2, 3}},
	} {
		if got := CertifyBonferroni(p, c.delta); !slices.Equal(got, c.bonferroni) {
			t.Errorf("Bonferroni at %v: %v, want %v", c.delta, got, c.bonferroni)
		}
		if got := CertifyHolm(p, c.delta); !slices.Equal(got, c.holm) {
			t.Errorf("Holm at %v: %v, want %v", c.delta, got, c.holm)
		}
	}
	if CertifyBonferroni(nil, 0.1) != nil || CertifyHolm(nil, 0.1) != nil || CertifyFixedSequence(0, nil, 0.1) != nil {
		t.Error("something of nothing")
	}
}

func TestCertifyPanics(t *testing.T) {
	none := func(int) float64 { return 0 }
	start := "stats: start outside the settings, or given twice"
	wantPanic(t, "below", start, func() { CertifyFixedSequence(3, none, 0.1, -1) })
	wantPanic(t, "beyond", start, func() { CertifyFixedSequence(3, none, 0.1, 3) })
	wantPanic(t, "of none", start, func() { CertifyFixedSequence(0, none, 0.1, 0) })
	wantPanic(t, "twice", start, func() { CertifyFixedSequence(3, none, 0.1, 1, 1) })
	wantPanic(t, "count", "stats: negative count", func() { CertifyFixedSequence(-1, none, 0.1) })
	for _, p := range []float64{-0.1, 1.1, math.NaN()} {
		want := "stats: probability outside [0,1]"
		wantPanic(t, "sequence", want, func() { CertifyFixedSequence(1, func(int) float64 { return p }, 0.1) })
		wantPanic(t, "Bonferroni", want, func() { CertifyBonferroni([]float64{p}, 0.1) })
		wantPanic(t, "Holm", want, func() { CertifyHolm([]float64{p}, 0.1) })
	}
	for _, delta := range []float64{0, 1, math.NaN()} {
		want := "stats: error level outside (0,1)"
		wantPanic(t, "sequence", want, func() { CertifyFixedSequence(1, none, delta) })
		wantPanic(t, "Bonferroni", want, func() { CertifyBonferroni(nil, delta) })
		wantPanic(t, "Holm", want, func() { CertifyHolm(nil, delta) })
	}
}
