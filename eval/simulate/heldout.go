package simulate

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
)

// Requests are cut into parts to measure thresholds on requests that they were not
// chosen on; several times, since figures hang on how they are cut, but for so
// many that it hardly matters.
const (
	folds       = 5
	cuts        = 4
	mostForCuts = 50_000
)

// heldOut is the priced requests in parts, for each cut.
type heldOut struct {
	quality, cost [][]float64 // by model
	end           float64     // up to which cost AIQ goes
	parts         []part
}

// A part is measured with settings that were chosen on the others of its cut.
type part struct {
	rows    []int
	routers []*curve.Settings
	zero    []int // models whose mixes are best on the other parts, cheapest first

	// What the part comes to under weights, see weigh.
	weights []float64 // of rows
	weight  float64   // their sum
	points  [][]curve.Point
	singles []curve.Point
}

// heldOut chooses settings of every router on each four fifths of the priced
// groups. nil without costs, or with one group.
func (m *matrix) heldOut(end float64) (*heldOut, error) {
	if !m.cost.enough {
		return nil, nil
	}
	h := &heldOut{quality: m.cost.onlyOf(m.quality), cost: m.cost.onlyOf(m.cost.of), end: end}
	group := pickKnown(m.cost.known, m.group)
	times := cuts
	if len(group) > mostForCuts {
		times = 1
	}
	for cut := range times {
		fold := m.folds(fmt.Sprint("held out ", cut), group)
		for f := range folds {
			var rows, others []int
			for i, g := range group {
				if fold[g] == f {
					rows = append(rows, i)
				} else {
					others = append(others, i)
				}
			}
			if len(rows) == 0 {
				continue // fewer groups than folds
			}
			if len(others) == 0 {
				return nil, nil
			}
			p, err := m.newPart(h, rows, others)
			if err != nil {
				return nil, err
			}
			h.parts = append(h.parts, p)
		}
	}
	return h, nil
}

// folds deals the groups of some requests to folds by a hash of salt and the
// group's key; where that leaves a fold empty, in the order of the hashes in turn.
func (m *matrix) folds(salt string, group []int) map[int]int {
	type dealt struct {
		group int
		at    float64
	}
	var order []dealt
	fold, filled := map[int]int{}, map[int]bool{}
	for _, g := range group {
		if _, seen := fold[g]; seen {
			continue
		}
		at := datasets.Uniform(salt, m.keys[g])
		order = append(order, dealt{g, at})
		fold[g] = int(folds * at)
		filled[fold[g]] = true
	}
	if len(filled) == folds {
		return fold
	}
	slices.SortFunc(order, func(a, b dealt) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(m.keys[a.group], m.keys[b.group]))
	})
	for k, x := range order {
		fold[x.group] = k % folds
	}
	return fold
}

// newPart chooses settings on others, to be measured on rows.
func (m *matrix) newPart(h *heldOut, rows, others []int) (part, error) {
	p := part{rows: rows, weights: make([]float64, len(rows)), points: make([][]curve.Point, len(m.scores))}
	quality, cost := pickOf(h.quality, others), pickOf(h.cost, others)
	p.zero = onHull(quality, cost)
	for _, scores := range m.scores {
		scores = m.cost.only(scores)
		thresholds, err := chooseThresholds(pick(scores, others), quality, cost)
		if err != nil {
			return p, err
		}
		test := pick(scores, rows)
		order, err := curve.NewOrder(test)
		if err != nil {
			return p, err
		}
		p.routers = append(p.routers, order.Fix(order.Reach(test, thresholds), pickOf(h.quality, rows), pickOf(h.cost, rows)))
	}
	return p, nil
}

// chooseThresholds finds the hull's settings: from which scores requests go to
// each model but the first.
func chooseThresholds(scores []float64, quality, cost [][]float64) (thresholds [][]float64, err error) {
	order, err := curve.NewOrder(scores)
	if err != nil {
		return nil, err
	}
	mixes, _ := order.Divide(quality, cost, mostHull)
	ascending := append(order.Ascending(scores), math.Inf(1)) // from there on none
	ascending[0] = math.Inf(-1)                               // all, also of lower scores than were seen
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

// mean is over the parts, weighted as their requests are; NaN where nothing has
// a weight.
func (h *heldOut) mean(of func(p *part) float64) float64 {
	total, sum := 0.0, 0.0
	for f := range h.parts {
		if p := &h.parts[f]; p.weight > 0 {
			total += p.weight
			sum += p.weight * of(p)
		}
	}
	return sum / total
}

// aiq is that of router k, as it was measured.
func (h *heldOut) aiq(k int) float64 {
	return h.mean(func(p *part) float64 { return curve.Along(p.points[k], h.end) })
}

// qualityAt is that of router k at a cost.
func (h *heldOut) qualityAt(k int, cost float64) float64 {
	return h.mean(func(p *part) float64 { return curve.AlongAt(p.points[k], cost) })
}

// zeroAIQ is that of the zero router.
func (h *heldOut) zeroAIQ() float64 {
	return h.mean(func(p *part) float64 {
		var mixes []curve.Point
		for _, k := range p.zero {
			mixes = append(mixes, p.singles[k])
		}
		return curve.Along(mixes, h.end)
	})
}

// measureHeldOut fills in AIQ on requests that thresholds were not chosen on.
func (m *matrix) measureHeldOut(out *Routes) (*heldOut, error) {
	h, err := m.heldOut(float64(out.Largest))
	if h == nil || err != nil {
		return nil, err
	}
	h.weigh(slices.Repeat([]float64{1}, m.cost.count))
	h.measureSingles()
	zero := h.zeroAIQ()
	out.ZeroHeld = eval.Number(zero)
	for k := range out.Routers {
		h.measure(k)
		r := &out.Routers[k]
		aiq := h.aiq(k)
		r.Held.Value, r.HeldAbove.Value = eval.Number(aiq), eval.Number(aiq-zero)
		if k > 0 {
			r.HeldLess.Value = r.Held.Value - out.Routers[0].Held.Value
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
