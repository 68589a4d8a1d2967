package stats

import "math"

// BonettPrice returns the two-sided interval for the difference of two paired
// proportions, later minus earlier, of n pairs of which b changed for the worse
// and c for the better:
//
//	Δ̃ ± z √((p̃b + p̃c − Δ̃²)/(n+2)),  p̃b = (b+1)/(n+2), p̃c = (c+1)/(n+2), Δ̃ = p̃c − p̃b,
//
// with z = Φ⁻¹((1+confidence)/2). Its Low alone is BonettPriceLower at
// (1+confidence)/2. Ends are not cut at −1 and 1, beyond which they may lie for a
// few pairs. With n = 0 nothing is known and the interval is [−1, 1]. It panics
// on negative counts, unless b + c ≤ n, and unless 0 < confidence < 1. Source:
// Bonett and Price (2012), J. Educ. Behav. Stat. 37:479–488.
func BonettPrice(b, c, n int, confidence float64) Interval {
	checkConfidence(confidence)
	return Interval{
		Low:  BonettPriceLower(b, c, n, (1+confidence)/2),
		High: -BonettPriceLower(c, b, n, (1+confidence)/2),
	}
}

// BonettPriceLower returns the one-sided lower bound of the difference that
// [BonettPrice] is about: z is Φ⁻¹(confidence). With n = 0 it is −1. Panics are
// those of BonettPrice.
func BonettPriceLower(b, c, n int, confidence float64) float64 {
	checkDiscordant(b, c)
	if b+c > n {
		panic("stats: more changed pairs than pairs")
	}
	return PairedLower(float64(c-b), float64(b+c), n, confidence)
}

// PairedLower is [BonettPriceLower] for n paired differences x from −1 to 1 that
// need not be whole, such as means over repeats, of which only the sum Σx and
// the sum of squares Σx² matter:
//
//	Δ̃ − z √(((Σx² + 2)/(n+2) − Δ̃²)/(n+2)),  Δ̃ = Σx/(n+2).
//
// It is the normal bound of the mean after one pair more is added that got all
// worse and one that got all better, which for whole differences is Bonett and
// Price's. It panics on a negative n, on sums that no n such differences have
// (beyond rounding), and unless 0 < confidence < 1.
func PairedLower(sum, squares float64, n int, confidence float64) float64 {
	checkConfidence(confidence)
	if n < 0 {
		panic("stats: negative count")
	}
	most := float64(n) * (1 + 1e-9)
	if !(squares >= 0 && squares <= most && math.Abs(sum) <= most) {
		panic("stats: sums of differences outside [-1,1]")
	}
	if n == 0 {
		return -1
	}
	m := float64(n + 2)
	mean := sum / m
	variance := math.Max(0, (squares+2)/m-mean*mean)
	return mean - NormalQuantile(confidence)*math.Sqrt(variance/m)
}
