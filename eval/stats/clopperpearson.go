package stats

import "gonum.org/v1/gonum/mathext"

// ClopperPearson returns the exact interval for the rate k/n of k successes in
// n independent trials: the rates under which k or more, and k or fewer,
// successes have a probability of (1−confidence)/2. It covers at least as often
// as confidence says, whatever the true rate. Its ends are quantiles of the beta
// distribution; low is 0 at k = 0 and high 1 at k = n. With n = 0 nothing is known and the
// interval is [0, 1]. It panics unless 0 ≤ k ≤ n and 0 < confidence < 1.
// Source: Clopper and Pearson (1934), Biometrika 26:404–413.
func ClopperPearson(k, n int, confidence float64) Interval {
	checkConfidence(confidence)
	checkTrials(k, n)
	tail := (1 - confidence) / 2
	i := Interval{Low: 0, High: 1}
	if k > 0 {
		i.Low = mathext.InvRegIncBeta(float64(k), float64(n-k+1), tail)
	}
	if k < n {
		i.High = mathext.InvRegIncBeta(float64(k+1), float64(n-k), 1-tail)
	}
	return i
}
