package curve

import (
	"cmp"
	"math"
	"slices"
)

// Quantiles returns order statistics at every threshold between two models: of
// weak's values first, then with the prompts of each further run of equal scores
// at strong's. The order statistic of level q is the ⌈q·n⌉-th smallest, at least
// the first. NaN is an unknown value: its prompt, which has to be unknown of both
// models, is passed over. quantiles[l][k] is of levels[l] with k runs sent. It
// takes O(n log n) and is exact.
func (o *Order) Quantiles(weak, strong, levels []float64) (quantiles [][]float64) {
	ranked := newRanked(weak, strong)
	quantiles = make([][]float64, len(levels))
	note := func() {
		for l, level := range levels {
			quantiles[l] = append(quantiles[l], ranked.at(level))
		}
	}
	for i := range weak {
		if weak[i] == weak[i] {
			ranked.count(ranked.rank[i], 1)
		}
	}
	note()
	start := int32(0)
	for _, end := range o.ends {
		for _, i := range o.rows[start:end] {
			if weak[i] == weak[i] {
				ranked.count(ranked.rank[i], -1)
				ranked.count(ranked.rank[len(weak)+int(i)], 1)
			}
		}
		start = end
		note()
	}
	return quantiles
}

// ranked counts values by rank, in a tree of partial sums (Fenwick 1994).
type ranked struct {
	rank   []int32 // of weak's values, then strong's, from 1
	sorted []float64
	sums   []int32
	n      int
}

func newRanked(weak, strong []float64) *ranked {
	all := slices.Concat(weak, strong)
	byValue := make([]int32, 0, len(all))
	for i, v := range all {
		if v == v {
			byValue = append(byValue, int32(i))
		}
	}
	slices.SortFunc(byValue, func(a, b int32) int { return cmp.Or(cmp.Compare(all[a], all[b]), cmp.Compare(a, b)) })
	r := &ranked{rank: make([]int32, len(all)), sums: make([]int32, len(byValue)+1)}
	for k, i := range byValue {
		r.rank[i] = int32(k + 1)
		r.sorted = append(r.sorted, all[i])
	}
	return r
}

func (r *ranked) count(rank, by int32) {
	r.n += int(by)
	for k := int(rank); k < len(r.sums); k += k & -k {
		r.sums[k] += by
	}
}

// at returns the order statistic of a level; NaN of none.
func (r *ranked) at(level float64) float64 {
	if r.n == 0 {
		return math.NaN()
	}
	left := int32(min(r.n, max(1, int(math.Ceil(level*float64(r.n)-rounding)))))
	step := 1
	for step*2 < len(r.sums) {
		step *= 2
	}
	k := 0
	for ; step > 0; step /= 2 {
		if k+step < len(r.sums) && r.sums[k+step] < left {
			k += step
			left -= r.sums[k]
		}
	}
	return r.sorted[k]
}
