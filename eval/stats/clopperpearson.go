package stats

// ClopperPearson returns the exact interval for the rate k/n of k successes in
// n independent trials: the rates under which k or more, and k or fewer,
// successes have a probability of (1−confidence)/2. It covers at least as often
// as confidence says, whatever the true rate. Low is 0 at k = 0 and high 1 at
// k = n. With n = 0 nothing is known and the interval is [0, 1]. The cost is
// O(√n). It panics unless 0 ≤ k ≤ n and 0 < confidence < 1.
// Source: Clopper and Pearson (1934), Biometrika 26:404–413.
func ClopperPearson(k, n int, confidence float64) Interval {
	checkConfidence(confidence)
	checkTrials(k, n)
	tail := (1 - confidence) / 2
	return Interval{Low: 1 - upperAt(n-k, n, tail), High: upperAt(k, n, tail)}
}
