package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// PSI returns the population stability index of two rows of counts in the same
// K cells,
//
//	Σ (a_k − e_k)·ln(a_k/e_k),  e_k = (x_k/n + h)/(1 + K·h),
//
// with x_k of expected's n items in cell k, a_k alike of actual's m, and
// h = 1/(2·min(n, m)). It is 0 where the shares are equal and only there, at
// least 0, without a limit upwards, and the same with the rows exchanged or the
// cells in another order. Cells empty on both sides are left out, of K too.
//
// The h is for cells that one side lacks, where the logarithm has no value: half
// an item of the smaller side is added to every cell of both, as the same share.
// Half an item is what best removes the bias of a count's logarithm (Haldane
// 1956, Ann. Hum. Genet. 20:309–311). Half a count on each side would shrink the
// smaller one alone: of 136 items against ten million, ten cells with a share of
// 1e-5 each would then pass for drift though nothing has changed.
//
// How large a value chance alone explains depends on n and m: see [PSINull].
// Without counts on a side it is NaN. It panics on rows of unequal length and on
// a negative count. Source: Jeffreys (1946), Proc. R. Soc. A 186:453–461, whose
// divergence it is, of shares.
func PSI(expected, actual []int) float64 {
	n, m := checkCounts(expected, actual)
	if n == 0 || m == 0 {
		return math.NaN()
	}
	half := 0.5 / float64(min(n, m))
	sum, cells := 0.0, 0
	for k, x := range expected {
		if x == 0 && actual[k] == 0 {
			continue
		}
		e, a := float64(x)/float64(n), float64(actual[k])/float64(m)
		sum += (a - e) * math.Log((a+half)/(e+half))
		cells++
	}
	return sum / (1 + float64(cells)*half)
}

// PSINull returns the value that PSI exceeds with a probability of about
// 1−level where both sides are samples of one distribution over cells cells:
//
//	(1/nExpected + 1/nActual)·χ²,
//
// χ² being the quantile at level of cells−1 degrees of freedom. To second order
// in the differences of shares d_k, PSI is Σ d_k²/π_k, and each d_k has the
// variance (1/n + 1/m)·π_k·(1 − π_k). cells is the number that either side has
// counts in.
//
// The law is one of large samples; with few it is an upper limit, since PSI's h
// damps small counts. At 0.95 and against a log of 100,000, 136 items exceed it
// 4 % of the time in 20 cells of equal shares, and 0.2 % where the shares fall by
// a quarter from cell to cell. [HomogeneityPermutation] loses nothing there.
//
// It is NaN where a side is empty, else 0 with at most one cell, and panics on a
// negative number of items and unless 0 < level < 1. Source: Yurdakul (2018),
// Statistical Properties of Population Stability Index, Western Michigan
// University.
func PSINull(nExpected, nActual, cells int, level float64) float64 {
	checkConfidence(level)
	if nExpected < 0 || nActual < 0 {
		panic("stats: negative count")
	}
	if nExpected == 0 || nActual == 0 {
		return math.NaN()
	}
	if cells <= 1 {
		return 0
	}
	quantile := distuv.ChiSquared{K: float64(cells - 1)}.Quantile(level)
	return (1/float64(nExpected) + 1/float64(nActual)) * quantile
}

// checkCounts returns the sums of two rows of counts in the same cells.
func checkCounts(a, b []int) (n, m int) {
	if len(a) != len(b) {
		panic("stats: rows of counts of unequal length")
	}
	for k := range a {
		if a[k] < 0 || b[k] < 0 {
			panic("stats: negative count")
		}
		n += a[k]
		m += b[k]
	}
	return n, m
}
