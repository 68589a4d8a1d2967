package stats

import "math"

// RiskHoeffdingBentkus returns a p-value of the hypothesis that losses in
// [0, 1] have a mean over alpha, from the n = len(losses) losses of independent
// rows, whose mean is R̂:
//
//	min(1, exp(−n·h(min(R̂, alpha), alpha)), e·P(Bin(n, alpha) ≤ ⌈n·R̂⌉)),
//
// with h the divergence of two coins, a ln(a/b) + (1−a) ln((1−a)/(1−b)). It
// holds for every distribution of losses and every n. Losses of 0 and 1 have
// the exact and smaller [RiskBinomial]; for losses of small variance, and signed
// ones, [RiskBetting] is far stronger. Without rows it is 1.
//
// A sum of losses that is whole as written may be over it in float64 (a hundred
// times 1 − 0.99 is 1 + 8.7e-16), which must not cost an error: up to n·2⁻⁵²,
// twice what taking n scores from 1 can add, is not rounded up. The order of the
// losses does not matter but for the last digit. It takes O(n) and panics on a loss
// outside [0, 1] and unless 0 < alpha < 1. Source: Bates, Angelopoulos, Lei, Malik and
// Jordan, arXiv 2101.02703; as a p-value in Learn then Test, arXiv 2110.01052.
func RiskHoeffdingBentkus(losses []float64, alpha float64) float64 {
	checkRisk(alpha)
	n := float64(len(losses))
	sum, lost := 0.0, 0.0 // lost: what the additions rounded off (Kahan, Neumaier)
	for _, loss := range losses {
		if !(loss >= 0 && loss <= 1) {
			panic("stats: loss outside [0,1]")
		}
		next := sum + loss
		if sum >= loss {
			lost += (sum - next) + loss
		} else {
			lost += (loss - next) + sum
		}
		sum = next
	}
	sum = math.Min(n, sum+lost)
	hoeffding := 1.0
	if sum < n*alpha {
		hoeffding = math.Exp(-divergence(sum, n, alpha))
	}
	whole := int(math.Ceil(math.Max(0, sum-n*0x1p-52)))
	return min(1, hoeffding, math.E*binomialAtMost(whole, len(losses), alpha))
}
