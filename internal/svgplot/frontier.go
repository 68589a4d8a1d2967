package svgplot

import (
	"cmp"
	"slices"
)

// frontier returns the indices of the points that no other point beats, by ascending x: a point is beaten if another has
// an x no greater and a y no less, and differs in one of them. Of points at the same place the first is returned.
func frontier(points []XY) []int {
	order := make([]int, len(points))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(points[a].X, points[b].X), cmp.Compare(points[b].Y, points[a].Y))
	})
	var out []int
	for _, i := range order {
		if len(out) == 0 || points[i].Y > points[out[len(out)-1]].Y {
			out = append(out, i)
		}
	}
	return out
}
