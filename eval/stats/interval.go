package stats

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is a closed two-sided confidence interval in the unit of the
// statistic it belongs to. Both ends are NaN where the interval is undefined;
// encoding/json refuses NaN, so such an interval must not be encoded.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Wilson returns the score interval, without continuity correction, for the
// rate k/n of k successes in n independent trials:
//
//	(k + z²/2 ± z√(k(n−k)/n + z²/4)) / (n + z²),  z = Φ⁻¹((1+confidence)/2).
//
// Low is exactly 0 at k = 0 and High exactly 1 at k = n. With n = 0 nothing is
// known and the interval is [0, 1]. It panics unless 0 ≤ k ≤ n and
// 0 < confidence < 1. Source: Wilson (1927), JASA 22:209–212.
func Wilson(k, n int, confidence float64) Interval {
	checkTrials(k, n)
	z := criticalValue(confidence)
	if n == 0 {
		return Interval{Low: 0, High: 1}
	}
	return Interval{Low: wilsonLow(float64(k), float64(n), z), High: 1 - wilsonLow(float64(n-k), float64(n), z)}
}

// WilsonShare is [Wilson] for a share, from 0 to 1, of n trials, neither of which
// need be whole: a mean over groups that count for n, see [EffectiveSize]. It panics
// unless 0 ≤ share ≤ 1 and n > 0.
func WilsonShare(share, n, confidence float64) Interval {
	if !(share >= 0 && share <= 1) {
		panic("stats: share outside [0,1]")
	}
	if !(n > 0) {
		panic("stats: no trials")
	}
	z := criticalValue(confidence)
	return Interval{Low: wilsonLow(share*n, n, z), High: 1 - wilsonLow((1-share)*n, n, z)}
}

// EffectiveSize returns (Σs)²/Σs² of the sizes s of groups, given both sums: for how
// many independent trials a share of their members counts where those of a group
// agree. It is the number of groups where all are of one size, and less where some are
// larger than others, as these then decide it; 0 without groups. Members that do not
// agree count for more. Source: Kish (1965), Survey Sampling, section 11.7.
func EffectiveSize(sum, squares float64) float64 {
	if sum == 0 {
		return 0
	}
	return sum * sum / squares
}

// wilsonLow is the smaller root of Wilson's quadratic, taken from the product
// of the roots, k²/(n(n+z²)), so that a small k loses no digits.
func wilsonLow(k, n, z float64) float64 {
	if k == 0 {
		return 0
	}
	return 2 * k * k / (n * (2*k + z*z + z*math.Sqrt(z*z+4*k*(n-k)/n)))
}

// NormalQuantile returns Φ⁻¹(p) of the standard normal distribution: −Inf at
// p = 0, +Inf at p = 1. It panics unless 0 ≤ p ≤ 1.
func NormalQuantile(p float64) float64 {
	if !(p >= 0 && p <= 1) {
		panic("stats: probability outside [0,1]")
	}
	return distuv.UnitNormal.Quantile(p)
}

// criticalValue is the two-sided normal critical value of a confidence level.
func criticalValue(confidence float64) float64 {
	checkConfidence(confidence)
	return NormalQuantile((1 + confidence) / 2)
}

func checkConfidence(confidence float64) {
	if !(confidence > 0 && confidence < 1) {
		panic("stats: confidence level outside (0,1)")
	}
}
