package stats

// ConformalThreshold returns the most permissive of settings, ordered from
// strict to permissive, up to which conformal risk control keeps the risk at
// alpha, or −1 where it accepts none: the last j such that, for it and all
// before it,
//
//	(totals[j] + 1)/(n + 1) ≤ alpha,
//
// totals[j] being the sum of the n calibration losses under setting j. The
// guarantee is one on average: over calibration sets and a next row that is
// exchangeable with them, the expected loss is at most alpha. It says nothing
// about the risk of the setting chosen this time, which is over alpha about as
// often as not; a certificate in that sense is CertifyFixedSequence's.
//
// Losses must be in [0, 1], that of every row must not fall from one setting to
// the next, and there must be a setting of no loss to fall back on. Counts and
// sums of errors over all rows are of that kind; the risk among accepted rows
// is not. It panics where totals fall, by more than rounding (1e-9·n), leave
// [0, n] or are NaN, and unless 0 < alpha < 1. Source: Angelopoulos, Bates,
// Fisch, Lei and Schuster, "Conformal Risk Control", arXiv 2208.02814, theorem 1.
func ConformalThreshold(totals []float64, n int, alpha float64) int {
	if n < 0 {
		panic("stats: negative count")
	}
	checkRisk(alpha)
	rounding := 1e-9 * float64(n)
	threshold, previous, passing := -1, 0.0, true
	for j, total := range totals {
		if !(total >= -rounding && total <= float64(n)+rounding) {
			panic("stats: total loss outside [0,n]")
		}
		if total < previous-rounding {
			panic("stats: total loss falls")
		}
		previous = total
		if passing = passing && (total+1)/float64(n+1) <= alpha; passing {
			threshold = j
		}
	}
	return threshold
}
