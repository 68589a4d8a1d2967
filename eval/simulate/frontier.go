package simulate

import (
	"cmp"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
)

// markFrontier marks the policies that no other is both at least as good as and
// at most as dear as, and better in one of the two. Equal ones stand together;
// the oracle is no policy.
func markFrontier(rows []Row) {
	for i := range rows {
		a := &rows[i]
		a.Frontier = !a.Oracle && !slices.ContainsFunc(rows, func(b Row) bool {
			return !b.Oracle && b.Quality.Value >= a.Quality.Value && b.Cost.Value <= a.Cost.Value &&
				(b.Quality.Value > a.Quality.Value || b.Cost.Value < a.Cost.Value)
		})
	}
}

// besideMix sets each policy beside random mixes of the single models: all
// points of the non-decreasing convex hull of their costs and qualities can be
// had by sending a share of requests to each of two models.
func besideMix(rows []Row) {
	hull := hullOf(rows)
	for i := range rows {
		r := &rows[i]
		r.BetterThanMix, r.CheaperThanMix = eval.Number(math.NaN()), eval.Number(math.NaN())
		cost, quality := float64(r.Cost.Value), float64(r.Quality.Value)
		if mix, ok := hull.quality(cost); ok {
			r.BetterThanMix = eval.Number(quality - mix)
		}
		if mix, ok := hull.cost(quality); ok && mix > 0 {
			r.CheaperThanMix = eval.Number(1 - cost/mix)
		}
	}
}

// hull is a concave, increasing line through points by cost.
type hull [][2]float64 // cost, quality

func hullOf(rows []Row) hull {
	var points hull
	for _, r := range rows {
		if r.Single {
			points = append(points, [2]float64{float64(r.Cost.Value), float64(r.Quality.Value)})
		}
	}
	slices.SortFunc(points, func(a, b [2]float64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(b[1], a[1])) })
	var h hull
	for _, p := range points {
		if len(h) > 0 && (p[0] == h[len(h)-1][0] || p[1] <= h[len(h)-1][1]) {
			continue
		}
		for len(h) > 1 && slope(h[len(h)-2], h[len(h)-1]) <= slope(h[len(h)-1], p) {
			h = h[:len(h)-1]
		}
		h = append(h, p)
	}
	return h
}

func slope(a, b [2]float64) float64 { return (b[1] - a[1]) / (b[0] - a[0]) }

// quality returns the best quality of a mix at a cost; false below the cheapest
// model's.
func (h hull) quality(cost float64) (float64, bool) {
	if len(h) == 0 || !(cost >= h[0][0]) {
		return 0, false
	}
	for i := 1; i < len(h); i++ {
		if cost < h[i][0] {
			return h[i-1][1] + slope(h[i-1], h[i])*(cost-h[i-1][0]), true
		}
	}
	return h[len(h)-1][1], true
}

// cost returns the least cost of a mix of a quality; false above the best
// model's.
func (h hull) cost(quality float64) (float64, bool) {
	if len(h) == 0 || !(quality <= h[len(h)-1][1]) {
		return 0, false
	}
	for i := len(h) - 1; i > 0; i-- {
		if quality > h[i-1][1] {
			return h[i-1][0] + (quality-h[i-1][1])/slope(h[i-1], h[i]), true
		}
	}
	return h[0][0], true
}
