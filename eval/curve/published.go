package curve

import (
	"cmp"
	"math"
	"slices"
)

// Bounds of cost, in USD per 1,000 requests, and the weight of quality in
// RouterArena's score.
const (
	arenaLeast   = 0.0044
	arenaLargest = 200.0
	arenaBeta    = 0.1
)

// ArenaScore is RouterArena's score of a quality from 0 to 1 and a cost in USD
// per 1,000 requests: (1+β)·A·C/(β·A+C), with C the place of the cost between
// $200 (0) and $0.0044 (1) on a logarithmic scale, to which costs are clamped, and
// β = 0.1. It is 0 where A and C are, and where nothing is right. Source: Lu et
// al., RouterArena, arXiv 2510.00202; its code refuses a cost of 0, which is
// clamped here too.
func ArenaScore(quality, usdPerThousand float64) float64 {
	if math.IsNaN(quality) || math.IsNaN(usdPerThousand) {
		return math.NaN()
	}
	cost := max(arenaLeast, min(arenaLargest, usdPerThousand))
	c := math.Log2(arenaLargest/cost) / math.Log2(arenaLargest/arenaLeast)
	if arenaBeta*quality+c == 0 {
		return 0
	}
	return (1 + arenaBeta) * quality * c / (arenaBeta*quality + c)
}

// CascadeRoutingAUC is the area under points by trapezoids, over the range from
// the cheapest model's cost to the dearest's and divided by it: the mean quality
// over costs. Points are taken by cost, equal costs by quality, whether or not
// quality rises; what lies outside the range is cut off at its ends. Where the
// first point is dearer than the cheapest model, the line starts at that model's
// cost with the lowest quality of all models; where the last is cheaper than the
// dearest, it goes on flat. NaN without points, or where all models cost the
// same. O(n log n). Source: the code of Dekoninck et al., A unified approach to
// routing and cascading, arXiv 2410.10347.
func CascadeRoutingAUC(points, models []Point) float64 {
	if len(points) == 0 || len(models) == 0 {
		return math.NaN()
	}
	lowest := math.Inf(1)
	from, to := math.Inf(1), math.Inf(-1)
	for _, m := range models {
		from, to, lowest = min(from, m.Cost), max(to, m.Cost), min(lowest, m.Quality)
	}
	if !(to > from) {
		return math.NaN()
	}
	line := byCostThenQuality(points)
	if line[0].Cost > from {
		line = slices.Insert(line, 0, Point{from, lowest})
	}
	if last := line[len(line)-1]; last.Cost < to {
		line = append(line, Point{to, last.Quality})
	}
	area := 0.0
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		left, right := max(a.Cost, from), min(b.Cost, to)
		if !(right > left) {
			continue
		}
		at := func(cost float64) float64 { return a.Quality + slope(a, b)*(cost-a.Cost) }
		area += (right - left) * (at(left) + at(right)) / 2
	}
	return area / (to - from)
}

// byCostThenQuality sorts points, with costs that are equal but for rounding made
// equal.
func byCostThenQuality(points []Point) []Point {
	points = slices.Clone(points)
	slices.SortFunc(points, func(a, b Point) int { return cmp.Compare(a.Cost, b.Cost) })
	for i := 1; i < len(points); i++ {
		if !dearer(points[i], points[i-1]) {
			points[i].Cost = points[i-1].Cost
		}
	}
	slices.SortFunc(points, func(a, b Point) int { return cmp.Or(cmp.Compare(a.Cost, b.Cost), cmp.Compare(a.Quality, b.Quality)) })
	return points
}

// exact is 0 where a ratio of rounded sums is 1.
func exact(difference float64) float64 {
	if math.Abs(difference) < rounding {
		return 0
	}
	return difference
}

// BestSingle returns the model of the highest quality, of those within 1e-12 of
// it the cheapest; false of none.
func BestSingle(models []Point) (best Point, ok bool) {
	most := math.Inf(-1)
	for _, m := range models {
		most = max(most, m.Quality)
	}
	for _, m := range models {
		if !Better(most, m.Quality) && (!ok || m.Cost < best.Cost) {
			best, ok = m, true
		}
	}
	return best, ok
}

// PerfGain is by what share the best of points is better than the best single
// model: max A/A* − 1. NaN without points, or where no model is ever right.
// Source of this and of CostSave: Li et al., LLMRouterBench, arXiv 2601.07206.
func PerfGain(points, models []Point) float64 {
	best, ok := BestSingle(models)
	if !ok || len(points) == 0 || best.Quality == 0 {
		return math.NaN()
	}
	most := math.Inf(-1)
	for _, p := range points {
		most = max(most, p.Quality)
	}
	return exact(most/best.Quality - 1)
}

// CostSave is the largest share of the best single model's cost that one of
// points saves while it is as good, 1e-12 less counting as such, since sums are
// rounded. It is negative where only dearer ones are. NaN where none is as good, or
// that model costs nothing.
func CostSave(points, models []Point) float64 {
	best, ok := BestSingle(models)
	if !ok || best.Cost == 0 {
		return math.NaN()
	}
	least := math.Inf(1)
	for _, p := range points {
		if p.Quality >= best.Quality-rounding {
			least = min(least, p.Cost)
		}
	}
	if math.IsInf(least, 1) {
		return math.NaN()
	}
	return exact(1 - least/best.Cost)
}

// ParetoDist returns, for each set of points, their mean distance to the nearest
// point of the frontier of all sets: those than which none is both as cheap and
// as good, and better in one of the two. Cost and quality are first scaled to 0
// to 1 over all points; one that is the same everywhere counts as no distance.
// NaN for an empty set. Our reading of LLMRouterBench, which gives no formula.
// Note that a set of nothing but points on the frontier, such as one single
// model, is at distance 0. O(n·f) for n points, f of them on the frontier.
func ParetoDist(sets ...[]Point) []float64 {
	all := slices.Concat(sets...)
	var low, high Point
	for i, p := range all {
		if i == 0 {
			low, high = p, p
		}
		low = Point{min(low.Cost, p.Cost), min(low.Quality, p.Quality)}
		high = Point{max(high.Cost, p.Cost), max(high.Quality, p.Quality)}
	}
	width, height := math.Inf(1), math.Inf(1) // of what differs by more than rounding
	if dearer(high, low) {
		width = high.Cost - low.Cost
	}
	if better(high, low) {
		height = high.Quality - low.Quality
	}
	frontier := Frontier(all)
	out := make([]float64, len(sets))
	for k, set := range sets {
		sum := 0.0
		for _, p := range set {
			nearest := math.Inf(1)
			for _, f := range frontier {
				nearest = min(nearest, math.Hypot((p.Cost-f.Cost)/width, (p.Quality-f.Quality)/height))
			}
			sum += nearest
		}
		out[k] = sum / float64(len(set))
	}
	return out
}

// Frontier returns the points than which none is both as cheap and as good, and
// better in one of the two, by cost; equal ones once. What is equal but for
// rounding is as [NewHull] has it. O(n log n).
func Frontier(points []Point) []Point {
	points = slices.Clone(points)
	slices.SortFunc(points, func(a, b Point) int { return cmp.Or(cmp.Compare(a.Cost, b.Cost), cmp.Compare(b.Quality, a.Quality)) })
	var out []Point
	for _, p := range points {
		if len(out) > 0 && !better(p, out[len(out)-1]) {
			continue
		}
		for len(out) > 0 && !dearer(p, out[len(out)-1]) {
			out = out[:len(out)-1]
		}
		out = append(out, p)
	}
	return out
}

// IBC is the incremental benefit per cost of a point over the cheap one of two
// models, relative to the dear one's: (Δ − σ)/σ, with Δ the quality gained per
// cost by the point and σ by the dear model. 0 is as good as a random mix of
// the two. NaN where the dear model is not both dearer and better, or the point is
// not dearer than the cheap model. Near that it grows without bound, so the IBC
// of a threshold that few requests pass means little. Source: Aggarwal et al.,
// AutoMix, arXiv 2310.12963.
func IBC(p, cheap, dear Point) float64 {
	if !dearer(dear, cheap) || !better(dear, cheap) || !dearer(p, cheap) {
		return math.NaN()
	}
	return exact(slope(cheap, p)/slope(cheap, dear) - 1)
}
