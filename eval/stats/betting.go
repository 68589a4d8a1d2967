package stats

import "math"

// RiskBetting returns a p-value of the hypothesis that losses in [−1, 1] have a
// mean over alpha, from the n = len(losses) losses of independent rows. A bettor
// who starts with a capital of 1 stakes, row by row, a share of it on the mean
// being below alpha; under the hypothesis no game makes money on average, so a
// capital that ever reached K has a p-value of 1/K. With X = (L+1)/2 and
// a = (alpha+1)/2 in [0, 1] it is
//
//	min(1, 1/max over t of K_t),  K_t = Π over i ≤ t of (1 + λᵢ(a − Xᵢ)),
//	λᵢ = min(√(2 ln(1/delta)/(n·σ̂²ᵢ₋₁)), ½/(1−a)),
//	μ̂ᵢ = (½ + Σ over j ≤ i of Xⱼ)/(i+1),  σ̂²ᵢ = (¼ + Σ over j ≤ i of (Xⱼ−μ̂ⱼ)²)/(i+1).
//
// It is ≤ δ with a probability of at most δ under the hypothesis, for every
// δ: delta only tunes the stakes to the level that the value is to be compared
// with. The order of the rows is the caller's and matters: it must be fixed
// without regard to the losses, such as by a hash of ids. Losses in [0, 1] may
// be given as they are. Without rows it is 1.
//
// The capital is kept as a logarithm; p-values below the smallest float64 are
// 0. It takes O(n) and panics on a loss outside [−1, 1], and unless
// −1 < alpha < 1 and 0 < delta < 1. Source: Waudby-Smith and Ramdas,
// "Estimating means of bounded random variables by betting", arXiv 2010.09686,
// with their predictable plug-in stakes for a fixed n, one-sided.
func RiskBetting(losses []float64, alpha, delta float64) float64 {
	if !(alpha > -1 && alpha < 1) {
		panic("stats: risk level outside (-1,1)")
	}
	checkDelta(delta)
	a := (alpha + 1) / 2
	most := 0.5 / (1 - a)
	stake := -2 * math.Log(delta) / float64(len(losses))
	sum, squares := 0.5, 0.25
	capital, highest := 0.0, 0.0 // logarithms
	for i, loss := range losses {
		if !(loss >= -1 && loss <= 1) {
			panic("stats: loss outside [-1,1]")
		}
		seen := float64(i + 1) // the prior counts as one row
		x := (loss + 1) / 2
		capital += math.Log1p(min(math.Sqrt(stake/(squares/seen)), most) * (a - x))
		highest = max(highest, capital)
		sum += x
		gap := x - sum/(seen+1)
		squares += gap * gap
	}
	return math.Exp(-highest)
}
