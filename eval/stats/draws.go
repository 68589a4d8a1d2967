package stats

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
)

// Draws draws the samples of [Resample], several at a time, and calls visit with
// those of replicates first, first+1, … in order on the calling goroutine:
// drawn[k][i] says how often sample first+k holds item i. What is fetched of an item
// is then fetched once for all of them, where it is more than caches hold. There are
// at most atOnce samples at a time; their slices are reused, and visit must not keep
// them.
//
// It uses all processors to draw, and a byte an item and sample. It ends with the
// first error of visit, and panics where Resample does, for an atOnce below 1, and
// where an item is drawn 256 times, as happens with a probability below n/256!, which
// is 10⁻⁵⁰⁰.
func Draws(n, atOnce, replicates int, seed uint64, visit func(first int, drawn [][]uint8) error) error {
	checkItems(n)
	checkReplicates(replicates)
	if atOnce < 1 {
		panic("stats: no samples at a time")
	}
	drawn := make([][]uint8, min(atOnce, replicates))
	for k := range drawn {
		drawn[k] = make([]uint8, n)
	}
	for first := 0; first < replicates; first += len(drawn) {
		drawn = drawn[:min(len(drawn), replicates-first)]
		workers := min(runtime.GOMAXPROCS(0), len(drawn))
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				var src rand.PCG
				for k := w; k < len(drawn); k += workers {
					seedReplicate(&src, seed, first+k)
					drawCounts(&src, drawn[k])
				}
			})
		}
		wg.Wait()
		if err := visit(first, drawn); err != nil {
			return err
		}
	}
	return nil
}

// drawCounts is drawWeights in bytes.
func drawCounts(src *rand.PCG, counts []uint8) {
	clear(counts)
	n := uint64(len(counts))
	for range counts {
		i := below(src, n)
		if counts[i] == math.MaxUint8 {
			panic("stats: an item was drawn 256 times")
		}
		counts[i]++
	}
}
