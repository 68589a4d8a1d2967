package stats

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Homogeneity returns Pearson's chi-square test that two rows of counts in the
// same cells are samples of one distribution, without continuity correction:
//
//	χ² = n·m·Σ (a_k/n − b_k/m)²/(a_k + b_k),
//
// n and m being the sums of the rows, its degrees of freedom, one fewer than the
// cells in use, and the p-value of the chi-square law. Cells empty on both sides
// are left out. With one cell in use there is nothing to test, and the result is
// 0, 0 and 1. Where a side is empty chi2 and p are NaN and df is 0.
//
// The law is one of large samples. Where [CochranRule] is false, p can be too
// small (136 items in 20 cells whose shares fall by a quarter from cell to cell
// give p ≤ 0.05 in 8 % of samples), and [HomogeneityPermutation] is to be asked.
// It panics on rows of unequal length and on a negative count. Source: Pearson (1911), Biometrika 8:250–254.
func Homogeneity(a, b []int) (chi2 float64, df int, p float64) {
	n, m := checkCounts(a, b)
	if n == 0 || m == 0 {
		return math.NaN(), 0, math.NaN()
	}
	row, pool := inUse(a, b)
	df = len(pool) - 1
	if df == 0 {
		return 0, 0, 1
	}
	chi2 = pearson(row, pool, float64(n), float64(m))
	return chi2, df, distuv.ChiSquared{K: float64(df)}.Survival(chi2)
}

// CochranRule reports whether the chi-square law of Homogeneity can be relied
// on: no expected count is below 1 and at most a fifth of them below 5. The
// expected counts of cell k, of those in use, are its items on both sides,
// divided like the sums of the rows. They depend on the margins alone, given
// which HomogeneityPermutation keeps its level: choosing the test by the rule
// costs nothing there. It is false where a side is empty, and panics as
// Homogeneity does. Source: Cochran (1954), Biometrics 10:417–451.
func CochranRule(a, b []int) bool {
	n, m := checkCounts(a, b)
	if n == 0 || m == 0 {
		return false
	}
	_, pool := inUse(a, b)
	few := 0
	for _, side := range []int{n, m} {
		share := float64(side) / (float64(n) + float64(m))
		for _, c := range pool {
			switch expected := float64(c) * share; {
			case expected < 1:
				return false
			case expected < 5:
				few++
			}
		}
	}
	return 5*few <= 2*len(pool)
}

// HomogeneityPermutation returns the p-value of Homogeneity's χ² when the items
// of both sides are pooled and dealt out again at random, replicates times:
//
//	(1 + #{χ²* ≥ χ²})/(1 + replicates).
//
// Where both sides are samples of one distribution it is at most α with a
// probability of at most α, for every α, however small the counts and whatever
// replicates is (Phipson and Smyth 2010, Stat. Appl. Genet. Mol. Biol. 9:39). It
// is never below 1/(1 + replicates). Values of χ² that are equal up to a factor
// of 1 + 1e-9 are ties, which count.
//
// The smaller side is dealt, so a replicate takes the time of some binomial
// counts a cell however large the sides are. The value is a function of the
// counts, replicates and seed alone; neither the order of the cells nor that of
// the sides matters, but for the rounding of χ² just off a tie. Where a side is
// empty it is NaN. It panics as Homogeneity does, and on negative replicates.
func HomogeneityPermutation(a, b []int, replicates int, seed uint64) float64 {
	checkReplicates(replicates)
	n, m := checkCounts(a, b)
	if n == 0 || m == 0 {
		return math.NaN()
	}
	if n > m {
		a, b, n, m = b, a, m, n
	}
	row, pool := inUse(a, b)
	least := pearson(row, pool, float64(n), float64(m)) * (1 - 1e-9)
	slices.SortFunc(pool, func(x, y int) int { return y - x })
	deal := newDealer(pool)
	var src rand.PCG
	atLeast := 1
	for replicate := range replicates {
		seedReplicate(&src, seed, replicate)
		if pearson(deal.draw(&src, n), pool, float64(n), float64(m)) >= least {
			atLeast++
		}
	}
	return float64(atLeast) / float64(1+replicates)
}

// inUse returns a and a+b without the cells that are empty on both sides.
func inUse(a, b []int) (row, pool []int) {
	for k, x := range a {
		if c := x + b[k]; c > 0 {
			row, pool = append(row, x), append(pool, c)
		}
	}
	return row, pool
}

// pearson returns χ² of a row of sum n and the rest of the pool, of sum m. The
// difference of shares is exactly 0 where they are equal.
func pearson(row, pool []int, n, m float64) float64 {
	sum := 0.0
	for k, x := range row {
		d := float64(x)/n - float64(pool[k]-x)/m
		sum += d * d / float64(pool[k])
	}
	return n * m * sum
}
