package simulate

import (
	"math"
	"slices"
	"strconv"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
)

// folds are how many parts the requests are cut into, to measure thresholds on
// requests that they were not chosen on.
const folds = 5

// heldOut is the priced requests in parts.
type heldOut struct {
	quality, cost [][]float64 // by model
	parts         []part
}

// A part is measured with settings that were chosen on the others.
type part struct {
	rows    []int
	routers []*curve.Settings
	zero    []int // models whose mixes are best on the other parts, cheapest first

	// What the parts come to under weights, see weigh.
	weights []float64 // of rows
	weight  float64   // their sum
	points  [][]curve.Point
	singles []curve.Point
}

// heldOut chooses settings of every router on each four fifths of the priced
// groups. nil without costs, and where a part would be empty.
func (m *matrix) heldOut() (*heldOut, error) {
	if !m.cost.enough {
		return nil, nil
	}
	fold := make([]int, m.groups)
	for g := range fold {
		fold[g] = int(folds * datasets.Uniform("held out", strconv.Itoa(g)))
	}
	h := &heldOut{quality: m.cost.onlyOf(m.quality), cost: m.cost.onlyOf(m.cost.of), parts: make([]part, folds)}
	others := make([][]int, folds)
	row := 0
	for i, known := range m.cost.known {
		if !known {
			continue
		}
		for f := range folds {
			if f == fold[m.group[i]] {
				h.parts[f].rows = append(h.parts[f].rows, row)
			} else {
				others[f] = append(others[f], row)
			}
		}
		row++
	}
	for f := range h.parts {
		p := &h.parts[f]
		if len(p.rows) == 0 || len(others[f]) == 0 {
			return nil, nil
		}
		p.weights, p.points = make([]float64, len(p.rows)), make([][]curve.Point, len(m.scores))
		quality, cost := pickOf(h.quality, others[f]), pickOf(h.cost, others[f])
		p.zero = onHull(quality, cost)
		for _, scores := range m.scores {
			scores = m.cost.only(scores)
			thresholds, err := chooseThresholds(pick(scores, others[f]), quality, cost)
			if err != nil {
				return nil, err
			}
			test := pick(scores, p.rows)
			order, err := curve.NewOrder(test)
			if err != nil {
				return nil, err
			}
			p.routers = append(p.routers, order.Fix(order.Reach(test, thresholds), pickOf(h.quality, p.rows), pickOf(h.cost, p.rows)))
		}
	}
	return h, nil
}

// chooseThresholds finds the hull's settings: from which scores requests go to
// each model but the first.
func chooseThresholds(scores []float64, quality, cost [][]float64) (thresholds [][]float64, err error) {
	order, err := curve.NewOrder(scores)
	if err != nil {
		return nil, err
	}
	mixes, _ := order.Divide(quality, cost, mostHull)
	ascending := append(order.Ascending(scores), math.Inf(1))
	for _, mix := range mixes {
		thresholds = append(thresholds, pick(ascending, mix.From))
	}
	return thresholds, nil
}

// onHull are the models on the hull of single models, cheapest first.
func onHull(quality, cost [][]float64) (models []int) {
	points := make([]curve.Point, len(quality))
	for k := range points {
		points[k] = curve.Point{Cost: average(cost[k]), Quality: average(quality[k])}
	}
	for _, p := range curve.NewHull(points) {
		models = append(models, slices.Index(points, p))
	}
	return models
}

// weigh weights the priced requests.
func (h *heldOut) weigh(weights []float64) {
	for f := range h.parts {
		p := &h.parts[f]
		p.weight = 0
		for j, i := range p.rows {
			p.weights[j] = weights[i]
			p.weight += weights[i]
		}
	}
}

// measure serves the parts by router k's settings. Routers may be measured at the
// same time.
func (h *heldOut) measure(k int) {
	for f := range h.parts {
		if p := &h.parts[f]; p.weight > 0 {
			p.points[k] = p.routers[k].Points(p.weights, p.points[k][:0])
		}
	}
}

// measureSingles serves the parts by each model alone.
func (h *heldOut) measureSingles() {
	for f := range h.parts {
		p := &h.parts[f]
		p.singles = make([]curve.Point, len(h.quality))
		for k := range p.singles {
			quality, cost := 0.0, 0.0
			for j, i := range p.rows {
				quality += p.weights[j] * h.quality[k][i]
				cost += p.weights[j] * h.cost[k][i]
			}
			p.singles[k] = curve.Point{Quality: quality / p.weight, Cost: cost / p.weight}
		}
	}
}

// aiq is that of every router and of the zero router, as they were measured: the
// mean of the parts, weighted as their requests are. Each part goes up to the
// largest cost of anything in it. NaN where nothing has a weight.
func (h *heldOut) aiq() (routers []float64, zero float64) {
	routers = make([]float64, len(h.parts[0].routers))
	total := 0.0
	for f := range h.parts {
		p := &h.parts[f]
		if p.weight == 0 {
			continue
		}
		total += p.weight
		end := dearestOf(p.singles)
		for _, points := range p.points {
			end = max(end, dearestOf(points))
		}
		var mixes []curve.Point
		for _, k := range p.zero {
			mixes = append(mixes, p.singles[k])
		}
		zero += p.weight * curve.Along(mixes, end)
		for k, points := range p.points {
			routers[k] += p.weight * curve.Along(points, end)
		}
	}
	for k := range routers {
		routers[k] /= total
	}
	return routers, zero / total
}

// dearestOf is the largest cost of points.
func dearestOf(points []curve.Point) float64 {
	largest := 0.0
	for _, p := range points {
		largest = max(largest, p.Cost)
	}
	return largest
}

// measureHeldOut fills in AIQ on requests that thresholds were not chosen on.
func (m *matrix) measureHeldOut(out *Routes) (*heldOut, error) {
	h, err := m.heldOut()
	if h == nil || err != nil {
		return nil, err
	}
	h.weigh(slices.Repeat([]float64{1}, m.cost.count))
	h.measureSingles()
	for k := range out.Routers {
		h.measure(k)
	}
	values, zero := h.aiq()
	out.ZeroHeld = eval.Number(zero)
	for k := range out.Routers {
		r := &out.Routers[k]
		r.Held.Value, r.HeldAbove.Value = eval.Number(values[k]), eval.Number(values[k]-zero)
		if k > 0 {
			r.HeldLess.Value = eval.Number(values[k] - values[0])
		}
	}
	return h, nil
}

func pick(values []float64, rows []int) []float64 {
	out := make([]float64, len(rows))
	for j, i := range rows {
		out[j] = values[i]
	}
	return out
}

func pickOf(values [][]float64, rows []int) [][]float64 {
	out := make([][]float64, len(values))
	for k := range values {
		out[k] = pick(values[k], rows)
	}
	return out
}
