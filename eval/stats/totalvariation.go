package stats

import "math"

// TotalVariation returns ½·Σ |a_k/n − b_k/m| of two rows of counts in the same
// cells with the sums n and m, from 0 to 1: the least share of the items of one
// side that would have to be in other cells for the shares to be equal. Chance
// alone makes it more than 0. Where a side is empty it is NaN. It panics on rows
// of unequal length and on a negative count.
func TotalVariation(a, b []int) float64 {
	n, m := checkCounts(a, b)
	if n == 0 || m == 0 {
		return math.NaN()
	}
	sum := 0.0
	for k, x := range a {
		sum += math.Abs(float64(x)/float64(n) - float64(b[k])/float64(m))
	}
	return min(1, sum/2)
}
