package curve

import (
	"cmp"
	"math"
	"slices"
)

// A Point is a cost and the quality it buys.
type Point struct {
	Cost    float64 `json:"cost"`
	Quality float64 `json:"quality"`
}

// A Hull is a concave line of points by rising cost and quality. Random mixes
// of two neighbours reach all that lies between them.
type Hull []Point

// NewHull returns the non-decreasing convex hull of points, as RouterBench
// (Hu et al., arXiv 2403.12031) has it: by cost, of equal costs the best; what
// is no better than something cheaper is dropped, and so is what lies on or below
// the line between two others. Means of equal sums differ in their last digits, so
// costs and qualities that differ by under 1e-12, costs relatively, count as
// equal; a point between two others on a line may stay by rounding. O(n log n).
func NewHull(points []Point) Hull {
	points = slices.Clone(points)
	slices.SortFunc(points, func(a, b Point) int { return cmp.Or(cmp.Compare(a.Cost, b.Cost), cmp.Compare(b.Quality, a.Quality)) })
	return hullOf(points, func(p Point) Point { return p })
}

// hullOf keeps what lies on the hull of values by rising cost.
func hullOf[T any](values []T, point func(T) Point) (h []T) {
	for _, v := range values {
		p := point(v)
		if len(h) > 0 && !better(p, point(h[len(h)-1])) {
			continue
		}
		for len(h) > 0 && !dearer(p, point(h[len(h)-1])) {
			h = h[:len(h)-1]
		}
		for len(h) > 1 && slope(point(h[len(h)-2]), point(h[len(h)-1])) <= slope(point(h[len(h)-1]), p) {
			h = h[:len(h)-1]
		}
		h = append(h, v)
	}
	return h
}

// better and dearer tell a from b by more than rounding.
func better(a, b Point) bool { return Better(a.Quality, b.Quality) }
func dearer(a, b Point) bool { return a.Cost > b.Cost+rounding*max(math.Abs(a.Cost), math.Abs(b.Cost)) }

func slope(a, b Point) float64 { return (b.Quality - a.Quality) / (b.Cost - a.Cost) }

// QualityAt returns the best quality of a mix at a cost; false below the
// cheapest point's cost.
func (h Hull) QualityAt(cost float64) (float64, bool) {
	if len(h) == 0 || !(cost >= h[0].Cost) {
		return 0, false
	}
	for i := 1; i < len(h); i++ {
		if cost < h[i].Cost {
			return h[i-1].Quality + slope(h[i-1], h[i])*(cost-h[i-1].Cost), true
		}
	}
	return h[len(h)-1].Quality, true
}

// CostAt returns the least cost of a mix of a quality; false above the best
// point's quality.
func (h Hull) CostAt(quality float64) (float64, bool) {
	if len(h) == 0 || !(quality <= h[len(h)-1].Quality) {
		return 0, false
	}
	for i := len(h) - 1; i > 0; i-- {
		if quality > h[i-1].Quality {
			return h[i-1].Cost + (quality-h[i-1].Quality)/slope(h[i-1], h[i]), true
		}
	}
	return h[0].Cost, true
}

// Integral returns ∫ quality d cost of the hull from its first point to the
// cost end, extended flat beyond its last point; 0 where end is not above the
// first point's cost.
func (h Hull) Integral(end float64) float64 {
	if len(h) == 0 || end <= h[0].Cost {
		return 0
	}
	sum := 0.0
	for i, p := range h {
		next := Point{end, p.Quality}
		if i+1 < len(h) && h[i+1].Cost < end {
			next = h[i+1]
		} else if i+1 < len(h) {
			next.Quality, _ = h.QualityAt(end)
		}
		sum += (next.Cost - p.Cost) * (next.Quality + p.Quality) / 2
		if next.Cost == end {
			break
		}
	}
	return sum
}

// AIQ is the average improvement in quality up to the cost end, the largest of
// all routers that are compared. RouterBench's code divides the integral by
// end; its paper by end less the first point's cost: both are returned. They are
// NaN where there is nothing to divide by.
func (h Hull) AIQ(end float64) (code, paper float64) {
	code, paper = math.NaN(), math.NaN()
	if len(h) == 0 || !(end > 0) {
		return code, paper
	}
	integral := h.Integral(end)
	if dearer(Point{Cost: end}, h[0]) {
		paper = integral / (end - h[0].Cost)
	}
	return integral / end, paper
}

// Along is the average quality up to the cost end, over end as [Hull.AIQ] has
// it, of random mixes of neighbours among settings that were chosen elsewhere:
// the line through points in their order, whether or not cost and quality rise,
// cut off at end and extended flat to it. NaN where there is nothing to divide by.
func Along(points []Point, end float64) float64 {
	if len(points) == 0 || !(end > 0) {
		return math.NaN()
	}
	area := 0.0
	for i, p := range points {
		next := Point{max(end, p.Cost), p.Quality}
		if i+1 < len(points) {
			next = points[i+1]
		}
		from, to := p, next
		if from.Cost > end && to.Cost > end {
			continue
		}
		if from.Cost > end {
			from = Point{end, to.Quality + slope(to, p)*(end-to.Cost)}
		}
		if to.Cost > end {
			to = Point{end, from.Quality + slope(p, next)*(end-from.Cost)}
		}
		area += (to.Cost - from.Cost) * (to.Quality + from.Quality) / 2
	}
	return area / end
}

// AlongAt is the quality of that line at a cost: where it first gets there, else
// that of the first point where the cost is below its cost, and of the last.
// points are not empty.
func AlongAt(points []Point, cost float64) float64 {
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if cost < min(a.Cost, b.Cost) || cost > max(a.Cost, b.Cost) {
			continue
		}
		if a.Cost == b.Cost {
			return b.Quality
		}
		return a.Quality + slope(a, b)*(cost-a.Cost)
	}
	if first := points[0]; cost < first.Cost {
		return first.Quality
	}
	return points[len(points)-1].Quality
}
