package stats

import (
	"cmp"
	"slices"
)

// Holm returns the p-values adjusted by Holm's step-down rule, in the order of
// p: with p₍₁₎ ≤ … ≤ p₍ₘ₎ the adjusted value of rank i is
//
//	max over j ≤ i of min(1, (m−j+1)·p₍ⱼ₎).
//
// Rejecting where the adjusted value is at most α keeps the chance of any false
// rejection at α whatever the dependence. Equal p-values are ranked by index
// and receive equal adjusted values. The input is not changed; an empty input
// gives an empty result. It takes O(m log m) and panics on a value outside
// [0, 1] or NaN. Source: Holm (1979), Scand. J. Statist. 6:65–70.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i, v := range p {
		if !(v >= 0 && v <= 1) {
			panic("stats: probability outside [0,1]")
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	adjusted := make([]float64, len(p))
	highest := 0.0
	for rank, i := range order {
		highest = max(highest, min(1, float64(len(p)-rank)*p[i]))
		adjusted[i] = highest
	}
	return adjusted
}
