package stats

// BinomialLower returns the one-sided exact (Clopper–Pearson) lower bound of a
// rate of which k successes in n independent trials were seen: the greatest rate
// under which k or more have a probability of at most 1−confidence. It is 0 where
// k = 0, which n = 0 implies, and it is 1 − BinomialUpper(n−k, n, confidence),
// whose cost and panics hold.
func BinomialLower(k, n int, confidence float64) float64 {
	checkTrials(k, n)
	return 1 - BinomialUpper(n-k, n, confidence)
}
