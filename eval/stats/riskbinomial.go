package stats

// RiskBinomial returns the exact p-value of the hypothesis that a loss of 0 or
// 1 has a mean over alpha, from errors losses of 1 among n independent rows:
//
//	P(Bin(n, alpha) ≤ errors).
//
// Where the hypothesis holds, the value is at most δ with a probability of at
// most δ, for every δ. For the risk among accepted rows n is the number of
// these: given that number, the errors are binomial. It is 1 with n = 0 or
// errors = n, grows with errors, and falls as n or alpha grow. The relative error
// is below 1e-11 for n up to 1e6, values below the smallest float64 are 0, and
// the cost is O(√n). It panics unless 0 ≤ errors ≤ n and 0 < alpha < 1. Source:
// Angelopoulos, Bates, Candès, Jordan and Lei, "Learn then Test", arXiv
// 2110.01052, of which this is the case of a binary loss.
func RiskBinomial(errors, n int, alpha float64) float64 {
	checkTrials(errors, n)
	checkRisk(alpha)
	return binomialAtMost(errors, n, alpha)
}

// BinomialUpper returns the one-sided exact (Clopper–Pearson) upper bound of a
// rate of which k successes in n independent trials were seen: the least rate
// under which k or fewer have a probability of at most 1−confidence. It is at
// most alpha exactly where RiskBinomial(k, n, alpha) ≤ 1−confidence, and it is
// the High of ClopperPearson at a confidence of 2·confidence−1. It is 1 where
// k = n, which n = 0 implies. The cost is O(√n). It panics unless 0 ≤ k ≤ n and
// 0 < confidence < 1. Source: Clopper and Pearson (1934), Biometrika 26:404–413.
func BinomialUpper(k, n int, confidence float64) float64 {
	checkTrials(k, n)
	checkConfidence(confidence)
	return upperAt(k, n, 1-confidence)
}

// upperAt is BinomialUpper of a probability of at most tail.
func upperAt(k, n int, tail float64) float64 {
	if k == n {
		return 1
	}
	low, high := 0.0, 1.0 // too probable at low, never at high
	for {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			return high
		}
		if binomialAtMost(k, n, middle) <= tail {
			high = middle
		} else {
			low = middle
		}
	}
}

func checkTrials(k, n int) {
	if k < 0 || n < 0 {
		panic("stats: negative count")
	}
	if k > n {
		panic("stats: more successes than trials")
	}
}

// checkRisk is for tolerated means of losses in [0, 1].
func checkRisk(alpha float64) {
	if !(alpha > 0 && alpha < 1) {
		panic("stats: risk level outside (0,1)")
	}
}

func checkDelta(delta float64) {
	if !(delta > 0 && delta < 1) {
		panic("stats: error level outside (0,1)")
	}
}
