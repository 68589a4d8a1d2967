package stats

import "math"

// Fisher returns the two-sided p-value of Fisher's exact test of a table with
// rows (a, b) and (c, d): given its margins, the probability of all tables that
// are at most as probable as this one. Where a margin is 0 there is nothing to
// test and it is 1. It takes O(a+b+c+d) and panics on a negative count. Source:
// Fisher (1922), J. R. Stat. Soc. 85:87–94; tables count as equally probable up
// to a factor of 1 + 1e-7, as in R and scipy.
func Fisher(a, b, c, d int) float64 {
	if a < 0 || b < 0 || c < 0 || d < 0 {
		panic("stats: negative count")
	}
	row, column, n := a+b, a+c, a+b+c+d
	logP := func(k int) float64 { // of a table with k in the first cell, up to a constant
		return -logFactorial(k) - logFactorial(row-k) - logFactorial(column-k) - logFactorial(n-row-column+k)
	}
	observed := logP(a)
	var all, extreme float64
	for k := max(0, row+column-n); k <= min(row, column); k++ {
		p := math.Exp(logP(k) - observed)
		all += p
		if p <= 1+1e-7 {
			extreme += p
		}
	}
	if math.IsInf(all, 1) { // the observed table is too improbable to divide by
		return 0
	}
	return min(1, extreme/all)
}

func logFactorial(n int) float64 {
	v, _ := math.Lgamma(float64(n + 1))
	return v
}
