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
	end   float64 // up to which cost AIQ goes
	parts []part
}

// A part is measured with settings that were chosen on the others of its cut.
type part struct {
	group   []int32 // of each request
	routers []*curve.Settings
	singles *curve.Settings // each model alone
	zero    []int           // models whose mixes are best on the other parts, cheapest first

	// What the part comes to in each sample, see weigh.
	weights []uint8
	weight  []float64         // their sums
	points  [][][]curve.Point // by router
	ofModel [][]curve.Point
}

// heldOut chooses settings of every router on each four fifths of the priced
// groups. nil without costs, or with one group.
func (m *matrix) heldOut(end float64) (*heldOut, error) {
	if !m.cost.enough {
		return nil, nil
	}
	group := pickKnown(m.cost.known, m.group)
	h := &heldOut{end: end}
	quality, cost := m.cost.onlyOf(m.quality), m.cost.onlyOf(m.cost.of)
	times := cuts
	if len(group) > mostForCuts {
		times = 1
	}
	for cut := range times {
		fold := m.folds(fmt.Sprint("held out ", cut), group)
		for f := range folds {
			var rows, others []int32
			for i, g := range group {
				if int(fold[g]) == f {
					rows = append(rows, int32(i))
				} else {
					others = append(others, int32(i))
				}
			}
			if len(rows) == 0 {
				continue // fewer groups than folds
			}
			if len(others) == 0 {
				return nil, nil
			}
			p, err := m.newPart(curve.NewTable(pickOf(quality, rows), pickOf(cost, rows)), rows, pickOf(quality, others), pickOf(cost, others), others)
			if err != nil {
				return nil, err
			}
			for _, i := range rows {
				p.group = append(p.group, int32(group[i]))
			}
			h.parts = append(h.parts, p)
		}
	}
	return h, nil
}

// folds deals the groups of some requests to folds, by a hash of salt and the
// group's key; where that leaves a fold empty, in the order of the hashes in turn.
// What it returns is by group.
func (m *matrix) folds(salt string, group []int) []int8 {
	const none = -1
	fold, filled := slices.Repeat([]int8{none}, m.groups), [folds]bool{}
	at := func(g int) float64 { return datasets.Uniform(salt, m.keys[g]) }
	for _, g := range group {
		if fold[g] == none {
			fold[g] = int8(folds * at(g))
			filled[fold[g]] = true
		}
	}
	if !slices.Contains(filled[:], false) {
		return fold
	}
	var order []int
	for g := range fold {
		if fold[g] != none {
			order = append(order, g)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(at(a), at(b)), cmp.Compare(m.keys[a], m.keys[b]))
	})
	for k, g := range order {
		fold[g] = int8(k % folds)
	}
	return fold
}

// newPart chooses settings on other requests, of which these are quality and cost,
// to be measured on a table of rows.
func (m *matrix) newPart(table *curve.Table, rows []int32, quality, cost [][]float64, others []int32) (part, error) {
	p := part{singles: table.Alone(), zero: onHull(quality, cost), points: make([][][]curve.Point, len(m.scores))}
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
		p.routers = append(p.routers, order.Fix(order.Reach(test, thresholds), table))
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

// weigh weights the priced requests in some samples, of which each says how often it
// holds each group.
func (h *heldOut) weigh(drawn [][]uint8) {
	each := (len(drawn) + curve.Lanes - 1) / curve.Lanes * curve.Lanes
	for f := range h.parts {
		p := &h.parts[f]
		p.weights = slices.Grow(p.weights[:0], each*len(p.group))[:each*len(p.group)]
		p.weight = make([]float64, len(drawn))
		for k, times := range drawn {
			total := 0
			for j, g := range p.group {
				p.weights[j*each+k] = times[g]
				total += int(times[g])
			}
			p.weight[k] = float64(total)
		}
	}
}

// hasAny tells whether a sample holds any priced request.
func (h *heldOut) hasAny(sample int) bool {
	return slices.ContainsFunc(h.parts, func(p part) bool { return p.weight[sample] > 0 })
}

// measure serves the parts by router k's settings, in the samples. Routers may be
// measured at the same time.
func (h *heldOut) measure(k int) {
	for f := range h.parts {
		p := &h.parts[f]
		p.points[k] = slices.Grow(p.points[k][:0], len(p.weight))[:len(p.weight)]
		p.routers[k].Points(p.weights, p.weight, p.points[k])
	}
}

// measureSingles serves the parts by each model alone.
func (h *heldOut) measureSingles() {
	for f := range h.parts {
		p := &h.parts[f]
		p.ofModel = slices.Grow(p.ofModel[:0], len(p.weight))[:len(p.weight)]
		p.singles.Points(p.weights, p.weight, p.ofModel)
	}
}

// mean is over the parts, weighted as their requests are in a sample; NaN where
// nothing has a weight.
func (h *heldOut) mean(sample int, of func(p *part) float64) float64 {
	total, sum := 0.0, 0.0
	for f := range h.parts {
		p := &h.parts[f]
		if weight := p.weight[sample]; weight > 0 {
			total += weight
			sum += weight * of(p)
		}
	}
	return sum / total
}

// aiq is that of router k, as it was measured in a sample.
func (h *heldOut) aiq(k, sample int) float64 {
	return h.mean(sample, func(p *part) float64 { return curve.Along(p.points[k][sample], h.end) })
}

// qualityAt is that of router k at a cost.
func (h *heldOut) qualityAt(k, sample int, cost float64) float64 {
	return h.mean(sample, func(p *part) float64 { return curve.AlongAt(p.points[k][sample], cost) })
}

// zeroAIQ is that of the zero router.
func (h *heldOut) zeroAIQ(sample int) float64 {
	return h.mean(sample, func(p *part) float64 {
		var mixes []curve.Point
		for _, k := range p.zero {
			mixes = append(mixes, p.ofModel[sample][k])
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
	h.weigh([][]uint8{slices.Repeat([]uint8{1}, m.groups)})
	h.measureSingles()
	zero := h.zeroAIQ(0)
	out.ZeroHeld = eval.Number(zero)
	for k := range out.Routers {
		h.measure(k)
		r := &out.Routers[k]
		aiq := h.aiq(k, 0)
		r.Held.Value, r.HeldAbove.Value = eval.Number(aiq), eval.Number(aiq-zero)
		if k > 0 {
			r.HeldLess.Value = r.Held.Value - out.Routers[0].Held.Value
		}
	}
	return h, nil
}

func pick[R int | int32](values []float64, rows []R) []float64 {
	out := make([]float64, len(rows))
	for j, i := range rows {
		out[j] = values[i]
	}
	return out
}

func pickOf(values [][]float64, rows []int32) [][]float64 {
	out := make([][]float64, len(values))
	for k := range values {
		out[k] = pick(values[k], rows)
	}
	return out
}
