package stats

import "math"

// KolmogorovSmirnov returns the two-sample Kolmogorov–Smirnov statistic of two
// rows of counts in the same ordered bins, and its two-sided p-value:
//
//	D = max_k |A_k/n − B_k/m|,  p = Q((√N + 0.12 + 0.11/√N)·D),  N = n·m/(n+m),
//
// A_k and B_k being the counts up to the upper edge of bin k, n and m the sums of
// the rows, and Q(λ) = 2·Σ_{j≥1} (−1)^{j−1}·exp(−2j²λ²). Unlike Homogeneity it
// knows the order of the bins, and so finds a shift of all scores sooner.
//
// p is that of values which are hardly ever equal. Over the edges of bins D is at
// most what it is over the values, so for binned data p is too large, the more
// so the fewer the bins: the test keeps its level, and finds less. The factor of
// D makes the large-sample law one for N from 4 upwards.
//
// Where a side is empty both are NaN. It panics on rows of unequal length and on
// a negative count. Source: Stephens (1970), J. R. Stat. Soc. B 32:115–122; Noether
// (1963), Metrika 7:114–116, on ties.
func KolmogorovSmirnov(a, b []int) (d, p float64) {
	n, m := checkCounts(a, b)
	if n == 0 || m == 0 {
		return math.NaN(), math.NaN()
	}
	nf, mf := float64(n), float64(m)
	upToA, upToB := 0, 0
	for k, x := range a {
		upToA += x
		upToB += b[k]
		d = max(d, math.Abs(float64(upToA)/nf-float64(upToB)/mf))
	}
	root := math.Sqrt(nf * mf / (nf + mf))
	return d, kolmogorovUpper((root + 0.12 + 0.11/root) * d)
}

// kolmogorovUpper returns Kolmogorov's Q(λ), λ ≥ 0, to a relative error of about
// 1e-13. Below 1, where the alternating series is slow, it takes the other form,
// 1 − √(2π)/λ·Σ_{j≥1} exp(−(2j−1)²π²/(8λ²)).
func kolmogorovUpper(lambda float64) float64 {
	if lambda < 1 {
		if lambda < 0.04 {
			return 1 // the sum is below the smallest float64, and λ may be 0
		}
		sum := 0.0
		for j := 1.0; j <= 7; j += 2 {
			sum += math.Exp(-j * j * math.Pi * math.Pi / (8 * lambda * lambda))
		}
		return 1 - math.Sqrt(2*math.Pi)/lambda*sum
	}
	sum := 0.0
	for j := 5.0; j >= 1; j-- {
		sum = math.Exp(-2*j*j*lambda*lambda) - sum
	}
	return 2 * sum
}
