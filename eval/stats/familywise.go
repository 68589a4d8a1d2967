package stats

import "slices"

// CertifyFixedSequence returns which of n settings are certified by testing
// them in a fixed order, p(0), p(1), … being the p-values of the hypotheses
// that a setting's risk is too high: from each start on, settings are certified
// until the first whose p-value is over delta/len(starts). The chance that any
// certified setting has too high a risk is at most delta, however many settings
// there are and however they depend on each other.
//
// The order and the starts must be fixed without the data behind p. Settings
// usually run from strict to permissive, one start is enough, and it must not
// be the strictest (see [LearnedStart]): a sequence that fails at once
// certifies nothing. Several starts bridge a failure in between; a start may
// run on through later ones, and starts may come in any order. No starts mean
// one at 0.
//
// p is asked at most once about a setting, and not about those beyond a
// failure. The indices are in rising order, nil where nothing is certified. It
// panics unless 0 < delta < 1, on a start outside [0, n) or given twice (with
// n = 0, on any start), and on a p-value outside [0, 1]. Source: Learn then
// Test, arXiv 2110.01052, algorithm 1; Bauer (1991), Statist. Med. 10:871–890.
func CertifyFixedSequence(n int, p func(i int) float64, delta float64, starts ...int) []int {
	if n < 0 {
		panic("stats: negative count")
	}
	checkDelta(delta)
	if len(starts) == 0 && n > 0 {
		starts = []int{0}
	}
	starts = slices.Sorted(slices.Values(starts))
	level := delta / float64(len(starts))
	var certified []int
	next := 0 // settings before it have been tested or passed over
	for k, start := range starts {
		if start < 0 || start >= n || k > 0 && start == starts[k-1] {
			panic("stats: start outside the settings, or given twice")
		}
		if start < next {
			continue // an earlier start has tested it, at the same level
		}
		for next = start; next < n; next++ {
			value := p(next)
			if !(value >= 0 && value <= 1) {
				panic("stats: probability outside [0,1]")
			}
			if value > level {
				next++
				break
			}
			certified = append(certified, next)
		}
	}
	return certified
}

// CertifyBonferroni returns the indices of the p-values that are at most
// delta/len(p), in rising order: the settings that may be certified without
// any order among them, with a chance of any mistake of at most delta. It
// panics unless 0 < delta < 1 and on a p-value outside [0, 1].
func CertifyBonferroni(p []float64, delta float64) []int {
	checkDelta(delta)
	checkProbabilities(p)
	return atMost(p, delta/float64(len(p)))
}

// CertifyHolm returns the indices of the p-values that [Holm] adjusts to at
// most delta, in rising order: all that CertifyBonferroni returns, often more,
// with the same guarantee. It panics as that does.
func CertifyHolm(p []float64, delta float64) []int {
	checkDelta(delta)
	return atMost(Holm(p), delta)
}

func atMost(values []float64, level float64) []int {
	var indices []int
	for i, v := range values {
		if v <= level {
			indices = append(indices, i)
		}
	}
	return indices
}
