package stats

import (
	"math/bits"
	"math/rand/v2"
	"runtime"
	"sync"
)

// Bootstrap returns the values of some figures of bootstrap samples of n items,
// or of n clusters of items: [figure][replicate]. fill is given how often each
// item was drawn, as [Resample] says, and puts the figures of that sample into
// out, NaN where one is undefined. It is called on all processors at once, so it
// must not write to anything else; it may change weights and must keep neither.
//
// The samples are those of Resample, and the result does not depend on the number
// of processors. It takes O(n) a replicate beside fill, and n + figures numbers a
// processor. It panics where Resample does.
func Bootstrap(n, figures, replicates int, seed uint64, fill func(weights, out []float64)) [][]float64 {
	checkItems(n)
	checkReplicates(replicates)
	values := make([][]float64, figures)
	for f := range values {
		values[f] = make([]float64, replicates)
	}
	eachReplicate(replicates, seed, func() func(*rand.PCG, int) {
		weights, out := make([]float64, n), make([]float64, figures)
		return func(src *rand.PCG, b int) {
			drawWeights(src, weights)
			fill(weights, out)
			for f, v := range out {
				values[f][b] = v
			}
		}
	})
	return values
}

// eachReplicate visits all replicates on all processors. Each calls begin for a
// visit of its own, which is given a replicate's generator and number.
func eachReplicate(replicates int, seed uint64, begin func() func(src *rand.PCG, b int)) {
	workers := min(runtime.GOMAXPROCS(0), replicates)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			visit := begin()
			var src rand.PCG
			for b := w; b < replicates; b += workers {
				seedReplicate(&src, seed, b)
				visit(&src, b)
			}
		})
	}
	wg.Wait()
}

// drawWeights draws as many items as there are weights, and counts how often each
// was drawn.
func drawWeights(src *rand.PCG, weights []float64) {
	clear(weights)
	n := uint64(len(weights))
	for range weights {
		weights[below(src, n)]++
	}
}

// below returns a number in [0, n), all equally likely. Source: Lemire (2019), ACM
// TOMACS 29:3.
func below(src *rand.PCG, n uint64) uint64 {
	high, low := bits.Mul64(src.Uint64(), n)
	if low < n {
		for least := -n % n; low < least; {
			high, low = bits.Mul64(src.Uint64(), n)
		}
	}
	return high
}
