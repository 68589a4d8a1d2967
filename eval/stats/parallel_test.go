package stats

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// TestBootstrapIsResample gives the samples of Resample, on any number of
// processors.
func TestBootstrapIsResample(t *testing.T) {
	const n, replicates = 13, 57
	var want [2][]float64
	Resample(n, replicates, 9, func(_ int, weights []float64) {
		want[0], want[1] = append(want[0], weights[3]), append(want[1], weights[12]-weights[0])
	})
	for _, processors := range []int{1, 2, 5, 100} {
		before := runtime.GOMAXPROCS(processors)
		got := Bootstrap(n, 2, replicates, 9, func(weights, out []float64) {
			out[0], out[1] = weights[3], weights[12]-weights[0]
			clear(weights) // it may be changed
		})
		runtime.GOMAXPROCS(before)
		if !slices.Equal(got[0], want[0]) || !slices.Equal(got[1], want[1]) {
			t.Errorf("%d processors: %v, want %v", processors, got, want)
		}
	}
	if got := Bootstrap(0, 1, 2, 1, func(weights, out []float64) { out[0] = float64(len(weights)) }); !slices.Equal(got[0], []float64{0, 0}) {
		t.Errorf("of nothing: %v", got)
	}
	wantPanic(t, "items", "stats: negative count", func() { Bootstrap(-1, 1, 1, 1, nil) })
	wantPanic(t, "replicates", "stats: negative number of replicates", func() { Bootstrap(1, 1, -1, 1, nil) })
}

// TestNullsOnAnyProcessors has figures of all replicates that do not depend on
// who computes them.
func TestNullsOnAnyProcessors(t *testing.T) {
	confidence := unitMinstd(2, 200)
	right := make([]bool, len(confidence))
	for i, p := range confidence {
		right[i] = p > .4
	}
	figures := func() []float64 {
		mean, null := NullECE(confidence, 10, 100, 1)
		return []float64{mean, null.Low, null.High, AURCTest(confidence, right, 100, 1)}
	}
	before := runtime.GOMAXPROCS(1)
	one := figures()
	runtime.GOMAXPROCS(3)
	three := figures()
	runtime.GOMAXPROCS(before)
	if !slices.Equal(one, three) {
		t.Errorf("%v on one processor, %v on three", one, three)
	}
}

// TestBelow counts draws: each value's count is within five standard deviations.
func TestBelow(t *testing.T) {
	const draws = 300_000
	src := rand.NewPCG(1, 2)
	for _, n := range []uint64{1, 3, 10} {
		counts := make([]int, n)
		for range draws {
			counts[below(src, n)]++
		}
		mean := draws / float64(n)
		for v, count := range counts {
			if d := float64(count) - mean; d*d > 25*mean {
				t.Errorf("%d of %d: drawn %d times, expected about %v", v, n, count, mean)
			}
		}
	}
	// A third of all words must be thrown away here, or low values are likelier.
	low, n := 0, uint64(3)<<62
	for range draws {
		v := below(src, n)
		if v >= n {
			t.Fatalf("%d is not below %d", v, n)
		}
		if v < n/2 {
			low++
		}
	}
	if d := float64(low) - draws/2; d*d > 25*draws/4 {
		t.Errorf("%d of %d draws are in the lower half", low, draws)
	}
}
