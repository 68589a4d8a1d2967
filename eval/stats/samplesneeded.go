package stats

import (
	"math"
	"sort"
)

// LeastErrorFree returns how many rows without any error it takes to certify a
// risk of at most alpha at the level delta:
//
//	⌈ln delta / ln(1−alpha)⌉,
//
// the least n at which RiskBinomial(0, n, alpha) ≤ delta. With fewer rows
// nothing can be certified whatever they show. It is at least 1, and panics
// unless 0 < alpha < 1 and 0 < delta < 1 and where it would be over 2⁵³.
func LeastErrorFree(alpha, delta float64) int {
	checkRisk(alpha)
	checkDelta(delta)
	least := math.Ceil(math.Log(delta) / math.Log1p(-alpha))
	if !(least <= 1<<53) {
		panic("stats: more rows than can be counted")
	}
	// The quotient may be a digit off a whole number.
	n := max(1, int(least)-1)
	for RiskBinomial(0, n, alpha) > delta {
		n++
	}
	return n
}

// mostSamples bounds what SamplesNeeded looks at.
const mostSamples = 1 << 26

// SamplesNeeded returns the size from which on a sample certifies a risk of at
// most alpha at the level delta, if errors keep coming at errorRate: the least n
// such that for it and every greater n
//
//	RiskBinomial(⌊errorRate·n + ½⌋, n, alpha) ≤ delta.
//
// Smaller sizes may do by luck, where the count of errors is about to be rounded
// up; those beyond n all do. n counts what that p-value counts, for the risk
// among accepted rows the accepted ones. With errorRate = 0 it is
// LeastErrorFree. It is an extrapolation from a rate that is itself uncertain,
// not a promise. ok is false, and n 0, where no size would do (errorRate ≥
// alpha), or none up to 2²⁶ for sure.
//
// It panics unless 0 ≤ errorRate ≤ 1, 0 < alpha < 1 and 0 < delta < 1.
func SamplesNeeded(errorRate, alpha, delta float64) (n int, ok bool) {
	if !(errorRate >= 0 && errorRate <= 1) {
		panic("stats: rate outside [0,1]")
	}
	checkRisk(alpha)
	checkDelta(delta)
	if errorRate >= alpha {
		return 0, false
	}
	enough := 1
	for !chernoffSuffices(enough, errorRate, alpha, delta) {
		if enough *= 2; enough > mostSamples {
			return 0, false
		}
	}
	s := sampleSizes{rate: errorRate, alpha: alpha, delta: delta}
	errors := s.lastFailure(0, s.errors(enough))
	// It fails where the errors become so many, and passes where they become
	// more; in between the p-value falls.
	from := s.first(errors)
	to := enough
	if errors < s.errors(enough) {
		to = s.first(errors + 1)
	}
	return from + sort.Search(to-from, func(k int) bool {
		return binomialAtMost(errors, from+k, alpha) <= delta
	}), true
}

// chernoffSuffices reports whether exp(−n·h(rate + ½/n, alpha)), which bounds
// the p-value from above, is at most delta. Where it is, it is for every
// greater n.
func chernoffSuffices(n int, rate, alpha, delta float64) bool {
	nf := float64(n)
	errors := rate*nf + 0.5
	return errors < alpha*nf && divergence(errors, nf, alpha) >= -math.Log(delta)
}

// sampleSizes is what SamplesNeeded is asked.
type sampleSizes struct{ rate, alpha, delta float64 }

// errors is how many are expected among n samples, halves rounded up.
func (s sampleSizes) errors(n int) int { return int(math.Floor(s.rate*float64(n) + 0.5)) }

// first is the least n with at least k errors, k no more than some n has.
func (s sampleSizes) first(k int) int {
	if k == 0 {
		return 0
	}
	n := int(math.Ceil((float64(k) - 0.5) / s.rate))
	for n > 0 && s.errors(n-1) >= k {
		n--
	}
	for s.errors(n) < k {
		n++
	}
	return n
}

// lastFailure returns the greatest count of errors from low to high with which
// the least sample that has so many is not certified, or −1. More errors in
// fewer samples have a greater p-value, so one look at the most errors in the
// fewest samples may clear all counts in between.
func (s sampleSizes) lastFailure(low, high int) int {
	if binomialAtMost(high, s.first(low), s.alpha) <= s.delta {
		return -1
	}
	if low == high {
		return low
	}
	middle := low + (high-low)/2
	if k := s.lastFailure(middle+1, high); k >= 0 {
		return k
	}
	return s.lastFailure(low, middle)
}
