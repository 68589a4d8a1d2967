package curve

import (
	"math"
	"slices"
)

// A Mix is what one choice of ordered thresholds comes to: the means of cost
// and quality, and where the models begin.
type Mix struct {
	Point
	// From[k] is how many prompts, lowest scores first, go to models below k+1:
	// the thresholds lie behind these prompts. It has one fewer entry than there
	// are models and does not decrease.
	From []int `json:"-"`
}

// Divide returns the hull of ordered thresholds: of all ways to send
// prompts to models such that a prompt with a higher score goes to no earlier
// model, those that are best at some price of quality, cheapest first. Equal
// scores stay together. quality and cost are by model and prompt.
//
// Each is found by a dynamic programme over prompts and models for the slope
// between two known ones, O(n·k) each, so the time is O(n·k·h) for h points. At
// most most points are returned; truncated says that there are more.
func (o *Order) Divide(quality, cost [][]float64, most int) (hull []Mix, truncated bool) {
	d := newDivision(o, quality, cost)
	if d.n == 0 {
		return nil, false
	}
	cheapest := d.best(weights{0, 1}, weights{1, 0})
	best := d.best(weights{1, 0}, weights{0, 1})
	hull = append(hull, cheapest)
	if better(best.Point, cheapest.Point) {
		between, more := d.between(cheapest, best, most-2)
		hull = append(append(hull, between...), best)
		truncated = more
	}
	return hullOf(hull, func(x Mix) Point { return x.Point }), truncated
}

// weights say what is maximised: quality·w − cost·w.
type weights struct{ quality, cost float64 }

// division divides prompts, lowest scores first, among models.
type division struct {
	n, models     int
	ends          []int       // of runs of equal scores
	quality, cost [][]float64 // by model: prefix sums at the runs' ends, from 0

	// Of the programme, used again: reach[k] is the best value of the first k runs
	// with models up to m; from[m][k] is where model m begins then.
	reach []value
	from  [][]int32
}

func newDivision(o *Order, quality, cost [][]float64) *division {
	d := &division{n: o.Len(), models: len(quality)}
	rows := slices.Clone(o.rows)
	slices.Reverse(rows)
	d.ends = append(d.ends, 0)
	for k := len(o.ends) - 2; k >= 0; k-- {
		d.ends = append(d.ends, d.n-int(o.ends[k]))
	}
	d.ends = append(d.ends, d.n)
	prefix := func(values []float64) []float64 {
		sums, at := make([]float64, len(d.ends)), 0
		var sum blocks
		for k, end := range d.ends {
			for ; at < end; at++ {
				if sum.part += values[rows[at]]; at%block == 0 {
					sum.close()
				}
			}
			sums[k] = sum.sum()
		}
		return sums
	}
	for m := range quality {
		d.quality, d.cost = append(d.quality, prefix(quality[m])), append(d.cost, prefix(cost[m]))
	}
	d.reach, d.from = make([]value, len(d.ends)), make([][]int32, d.models)
	for m := 1; m < d.models; m++ {
		d.from[m] = make([]int32, len(d.ends))
	}
	return d
}

// value is what is maximised, and what decides between equals.
type value struct{ first, second float64 }

func (a value) above(b value) bool {
	return a.first > b.first || a.first == b.first && a.second > b.second
}

func (a value) plus(b value) value  { return value{a.first + b.first, a.second + b.second} }
func (a value) minus(b value) value { return value{a.first - b.first, a.second - b.second} }

// best returns the division that maximises first, and second among equals; of
// those equal in both the one that changes models latest.
func (d *division) best(first, second weights) Mix {
	runs := len(d.ends)
	at := func(m, k int) value {
		q, c := d.quality[m][k], d.cost[m][k]
		return value{first.quality*q - first.cost*c, second.quality*q - second.cost*c}
	}
	reach, from := d.reach, d.from
	for k := range reach {
		reach[k] = at(0, k)
	}
	for m := 1; m < d.models; m++ {
		begin, gain := 0, reach[0].minus(at(m, 0))
		for k := range reach {
			if g := reach[k].minus(at(m, k)); g.above(gain) || k == 0 || g == gain {
				begin, gain = k, g
			}
			from[m][k] = int32(begin)
			reach[k] = gain.plus(at(m, k))
		}
	}
	x := Mix{From: make([]int, d.models-1)}
	end := runs - 1
	for m := d.models - 1; m >= 0; m-- {
		begin := 0
		if m > 0 {
			begin = int(from[m][end])
			x.From[m-1] = d.ends[begin]
		}
		x.Quality += d.quality[m][end] - d.quality[m][begin]
		x.Cost += d.cost[m][end] - d.cost[m][begin]
		end = begin
	}
	x.Quality /= float64(d.n)
	x.Cost /= float64(d.n)
	return x
}

// between returns the points above the line from a to b, in order. The first may
// cost no more than a, where both cost the same but for rounding.
func (d *division) between(a, b Mix, most int) (points []Mix, truncated bool) {
	if !(b.Cost > a.Cost) {
		return nil, false
	}
	s := slope(a.Point, b.Point)
	x := d.best(weights{1, s}, weights{1, 0})
	rise := func(p Mix) float64 { return p.Quality - s*p.Cost }
	if !(rise(x) > rise(a)+1e-12*math.Max(1, math.Abs(rise(a)))) || x.Cost >= b.Cost {
		return nil, false
	}
	if most <= 0 {
		return nil, true
	}
	left, more := d.between(a, x, (most-1)/2)
	right, moreRight := d.between(x, b, most-1-len(left))
	return append(append(left, x), right...), more || moreRight
}
