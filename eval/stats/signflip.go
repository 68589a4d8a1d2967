package stats

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// exactSignWork bounds the additions by which SignFlip computes a p-value
// exactly: some tens of milliseconds.
const exactSignWork = 1 << 24

// SignFlip returns the one-sided p-value of the sign-flip permutation test of
// paired differences, times[i] of each x[i], or one where times is nil: the probability that Σ ±|x|, with every sign a fair coin,
// is at least Σ x. It is small where the sum is larger than chance explains.
// Differences are whole numbers so that sums that tie do tie: means over k
// repeats are given times k. A tie with the observed sum counts as at least as
// large. Zeros change nothing; without anything else the value is 1. For
// differences of −1, 0 and 1 it is McNemarOneSided of the counts of 1 and −1.
//
// Where (number of non-zeros)·Σ|x| is at most 2²⁴, which holds for up to 20
// differences of up to 40,000 and for 2,000 of up to 4, the distribution of all
// sign patterns is summed exactly and draws and seed do not matter; exact is
// then true. Else draws patterns are drawn and the value is (1 + those at least as
// large)/(1 + draws), which keeps the level whatever draws is (Phipson and Smyth
// 2010, Stat. Appl. Genet. Mol. Biol. 9:39). A draw takes a binomial count for
// each distinct |x|, so its cost does not grow with the number of differences.
// The order of x does not matter.
//
// It panics on draws < 1 and where Σ|x| is over 2⁵³. Source: Fisher (1935), The
// Design of Experiments, section 21.
func SignFlip(x, times []int, draws int, seed uint64) (p float64, exact bool) {
	if draws < 1 {
		panic("stats: fewer than one draw")
	}
	sizes, counts, sum, total := bySize(x, times)
	if len(sizes) == 0 {
		return 1, true
	}
	nonzero := 0
	for _, n := range counts {
		nonzero += n
	}
	if total <= exactSignWork/nonzero {
		return signTail(sizes, counts, sum, total), true
	}
	samplers := newBinomial(0.5)
	var src rand.PCG
	atLeast := 1
	for b := range draws {
		seedReplicate(&src, seed, b)
		drawn := 0
		for i, size := range sizes {
			drawn += size * (2*samplers.draw(&src, counts[i]) - counts[i])
		}
		if drawn >= sum {
			atLeast++
		}
	}
	return float64(atLeast) / float64(1+draws), false
}

// bySize returns the distinct absolute values but 0, ascending, how many have
// each, and the sums of x and |x|.
func bySize(x, times []int) (sizes, counts []int, sum, total int) {
	type many struct{ size, n int }
	all := make([]many, 0, len(x))
	for i, v := range x {
		n := 1
		if times != nil {
			n = times[i]
		}
		size := max(v, -v)
		if size < 0 || n < 0 || size > 0 && n > (1<<53-total)/size {
			panic("stats: differences too large")
		}
		sum += n * v
		total += n * size
		if size > 0 && n > 0 {
			all = append(all, many{size, n})
		}
	}
	slices.SortFunc(all, func(a, b many) int { return cmp.Compare(a.size, b.size) })
	for i, of := range all {
		if i == 0 || of.size != all[i-1].size {
			sizes, counts = append(sizes, of.size), append(counts, 0)
		}
		counts[len(counts)-1] += of.n
	}
	return sizes, counts, sum, total
}

// signTail sums the distribution of the total T of the sizes with sign +, one
// size after the other, and returns P(2T − total ≥ sum). All terms are positive,
// so that nothing cancels.
func signTail(sizes, counts []int, sum, total int) float64 {
	mass := make([]float64, total+1)
	mass[0] = 1
	reached := 0
	for i, size := range sizes {
		for range counts[i] {
			reached += size
			for t := reached; t >= 0; t-- {
				mass[t] /= 2
				if t >= size {
					mass[t] += mass[t-size] / 2
				}
			}
		}
	}
	tail := 0.0
	for t := total; 2*t-total >= sum; t-- {
		tail += mass[t]
		if t == 0 {
			break
		}
	}
	return math.Min(1, tail)
}

// LeastPairedP returns the smallest p-value that McNemarOneSided and SignFlip can
// have with changed pairs that changed, 2^−changed: all of them one way. Where it
// is over the level, the test cannot reject whatever the data show. It is 1
// without any, and panics on a negative number.
func LeastPairedP(changed int) float64 {
	if changed < 0 {
		panic("stats: negative number of changed pairs")
	}
	return math.Exp2(-float64(changed))
}
