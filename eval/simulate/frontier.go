package simulate

import "slices"

// markFrontier marks the policies that no other is both at least as good as and
// at most as dear as, and better in one of the two. Equal ones stand together;
// the oracle is no policy. On the axis of last_share a policy that always asks
// two models is not marked, since the axis does not see what the other call
// costs.
func markFrontier(rows []Row, axis string) {
	takes := func(r Row) bool { return !r.Oracle && !(axis == AxisLast && r.Both) }
	for i := range rows {
		a := &rows[i]
		a.Frontier = takes(*a) && !slices.ContainsFunc(rows, func(b Row) bool {
			return takes(b) && b.Quality.Value >= a.Quality.Value && b.Cost.Value <= a.Cost.Value &&
				(b.Quality.Value > a.Quality.Value || b.Cost.Value < a.Cost.Value)
		})
	}
}
