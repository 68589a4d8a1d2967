package stats

import "math"

// RiskCoverage is one way to answer only part of the predictions: those of at
// least the given confidence.
type RiskCoverage struct {
	Coverage   float64 // share of predictions kept, in (0, 1]
	Risk       float64 // share of those kept that are wrong, in [0, 1]
	Confidence float64 // the least confidence kept
}

// RiskCoverageCurve returns what selecting by confidence buys: point j keeps
// all predictions whose confidence is at least the j-th greatest distinct one.
// Equal confidences are kept or left together, since no rule on confidence can
// tell them apart. Points run from the most confident to Coverage = 1; no
// predictions give nil.
//
// confidence may be on any scale but not NaN; confidence[i] and correct[i]
// belong to prediction i. It takes O(n log n) and panics on unequal lengths or
// NaN. Source: El-Yaniv and Wiener (2010), JMLR 11:1605–1641.
func RiskCoverageCurve(confidence []float64, correct []bool) []RiskCoverage {
	order := checkedOrder(confidence, correct)
	n := len(order)
	var curve []RiskCoverage
	wrong := 0
	for kept := 1; kept <= n; kept++ {
		i := order[n-kept]
		if !correct[i] {
			wrong++
		}
		if kept < n && confidence[order[n-kept-1]] == confidence[i] {
			continue
		}
		curve = append(curve, RiskCoverage{
			Coverage:   float64(kept) / float64(n),
			Risk:       float64(wrong) / float64(kept),
			Confidence: confidence[i],
		})
	}
	return curve
}

// AURC returns the area under a risk–coverage curve as a step function that
// has, on the stretch of coverage up to each point from the one before it
// (from 0 for the first), that point's risk:
//
//	Σ_j (coverage_j − coverage_{j−1})·risk_j.
//
// Without ties this is the mean over the n predictions of the risk of keeping
// it and all more confident ones, which is the definition of Geifman, Uziel and
// El-Yaniv (2019), ICLR. It is in [0, 1], lower is better; NaN for an empty
// curve. It panics unless coverage rises from point to point within (0, 1].
func AURC(curve []RiskCoverage) float64 {
	if len(curve) == 0 {
		return math.NaN()
	}
	area, previous := 0.0, 0.0
	for _, point := range curve {
		if !(point.Coverage > previous && point.Coverage <= 1) {
			panic("stats: coverage does not rise within (0,1]")
		}
		area += (point.Coverage - previous) * point.Risk
		previous = point.Coverage
	}
	return area
}
