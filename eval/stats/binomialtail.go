package stats

import "math"

// binomialAtMost returns P(Bin(n, p) ≤ k) for n ≥ 0 and 0 < p < 1: 0 for k < 0,
// 1 for k ≥ n. It adds the terms from the one nearest the mean outwards, each
// its neighbour times a ratio of at most 1, until the rest cannot matter, and
// takes the other tail where that is the smaller sum. The relative error is
// below 1e-11 for n up to 1e6, values below the smallest float64 are 0, and the
// cost is O(√n).
func binomialAtMost(k, n int, p float64) float64 {
	if k < 0 {
		return 0
	}
	if k >= n {
		return 1
	}
	odds := p / (1 - p)
	term, sum := 1.0, 1.0
	if float64(k) <= float64(n)*p {
		for j := k; j > 0 && term > 1e-18*sum; j-- {
			term *= float64(j) / (float64(n-j+1) * odds)
			sum += term
		}
		return math.Min(1, binomialMass(k, n, p)*sum)
	}
	for j := k + 1; j < n && term > 1e-18*sum; j++ {
		term *= float64(n-j) / float64(j+1) * odds
		sum += term
	}
	return math.Max(0, 1-binomialMass(k+1, n, p)*sum)
}

// binomialMass returns P(Bin(n, p) = k) for 0 ≤ k ≤ n and 0 < p < 1 by Loader's
// saddle-point expansion, of which fairMass is the case p = ½.
func binomialMass(k, n int, p float64) float64 {
	nf, kf, rest := float64(n), float64(k), float64(n-k)
	switch k {
	case 0:
		return math.Exp(nf * math.Log1p(-p))
	case n:
		return math.Exp(nf * math.Log(p))
	}
	logMass := stirlingError(nf) - stirlingError(kf) - stirlingError(rest) - divergence(kf, nf, p)
	return math.Exp(logMass) * math.Sqrt(nf/(2*math.Pi*kf*rest))
}

// divergence returns n·h(k/n, p) for 0 ≤ k ≤ n, where
//
//	h(a, b) = a ln(a/b) + (1−a) ln((1−a)/(1−b)),  0 ln 0 = 0,
//
// is the Kullback–Leibler divergence between coins that fall with rates a and b.
// It is ≥ 0. k need not be whole.
func divergence(k, n, p float64) float64 {
	return deviance(k, n*p) + deviance(n-k, n*(1-p))
}

// deviance returns x ln(x/mean) + mean − x for x ≥ 0 and mean > 0, near the
// mean by a series in which nothing cancels. Source: Loader (2000), the
// function bd0.
func deviance(x, mean float64) float64 {
	if x == 0 {
		return mean
	}
	if math.Abs(x-mean) >= 0.1*(x+mean) {
		return x*math.Log(x/mean) + mean - x
	}
	v := (x - mean) / (x + mean)
	sum, term := (x-mean)*v, 2*x*v
	for j := 3.0; ; j += 2 {
		term *= v * v
		next := sum + term/j
		if next == sum {
			return sum
		}
		sum = next
	}
}
