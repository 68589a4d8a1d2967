package simulate

import (
	"sync"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
	"github.com/routeproof/routeproof/eval/stats"
)

// Places of bands.
const (
	bandShares = 41 // from 0 to 1
	bandCosts  = 41 // from the hull's first cost to its last
)

// samples are the figures of one router in every replicate.
type samples struct {
	auc, apgr, held, above []float64
	cpt                    [][]float64 // by share recovered
	shares, costs          [][]float64 // by place of the band
	costAt                 []float64   // of the band

	curve  curve.Measures // of the last replicate
	points []curve.Point
}

// resample fills in intervals and bands: groups are drawn for all routers at
// once, so that differences are paired. Chosen thresholds, those of hulls, stay
// as they were chosen; curves are gone through anew.
func (m *matrix) resample(out *Routes, rankings []ranking, h *heldOut, o Options) {
	if m.groups < 2 || len(rankings) == 0 {
		return
	}
	two := len(m.quality) == 2
	at := curve.Grid{Recovered: recovered(), Shares: evenly(0, 1, bandShares)}
	drawn := make([]samples, len(rankings))
	for k := range drawn {
		d := &drawn[k]
		d.cpt, d.shares, d.costs = make([][]float64, len(at.Recovered)), make([][]float64, bandShares), make([][]float64, bandCosts)
		if hull := out.Routers[k].Hull; len(hull) > 0 {
			d.costAt = evenly(hull[0].Cost, hull[len(hull)-1].Cost, bandCosts)
		}
	}
	weights, priced := make([]float64, len(m.group)), make([]float64, 0, m.cost.count)
	stats.Resample(m.groups, o.Replicates, o.Seed, func(_ int, groups []float64) {
		for i, g := range m.group {
			weights[i] = groups[g]
		}
		priced = m.cost.appendOnly(priced[:0], weights)
		hulls := m.cost.enough && sum(priced) > 0
		if hulls && h != nil {
			h.weigh(priced)
		}
		var wg sync.WaitGroup
		for k := range rankings {
			wg.Go(func() {
				if two {
					rankings[k].all.Measure(m.quality[0], m.quality[1], weights, at, &drawn[k].curve)
					drawn[k].addCurve()
				}
				if hulls {
					drawn[k].points = rankings[k].settings.Points(priced, drawn[k].points[:0])
					drawn[k].addHull()
				}
				if hulls && h != nil {
					h.measure(k)
				}
			})
		}
		if hulls && h != nil {
			h.measureSingles()
		}
		wg.Wait()
		if hulls && h != nil {
			routers, zero := h.aiq()
			for k, v := range routers {
				drawn[k].held, drawn[k].above = append(drawn[k].held, v), append(drawn[k].above, v-zero)
			}
		}
	})
	for k := range drawn {
		drawn[k].fill(&out.Routers[k], at.Shares)
		if k > 0 {
			drawn[k].fillLess(&out.Routers[k], &out.Routers[0], &drawn[0])
		}
	}
}

func (d *samples) addCurve() {
	x := &d.curve
	d.auc, d.apgr = append(d.auc, x.Area), append(d.apgr, x.APGR)
	for i, v := range x.CPT {
		d.cpt[i] = append(d.cpt[i], v)
	}
	for i, v := range x.Quality {
		d.shares[i] = append(d.shares[i], v)
	}
}

// addHull looks at the hull at the places of the band; before its first point it
// has that one's quality.
func (d *samples) addHull() {
	h := curve.NewHull(d.points)
	for i, cost := range d.costAt {
		quality, _ := h.QualityAt(max(cost, h[0].Cost))
		d.costs[i] = append(d.costs[i], quality)
	}
}

// fill turns replicates into intervals.
func (d *samples) fill(r *Route, shares []float64) {
	r.AUCCI, r.APGRCI = rangeOf(d.auc), rangeOf(d.apgr)
	r.CPTCI = byRecovered(func(k int) Range { return rangeOf(d.cpt[k]) })
	r.Held, r.HeldAbove = estimate(r.Held.Value, d.held), estimate(r.HeldAbove.Value, d.above)
	r.ShareBand, r.CostBand = bandOf(shares, d.shares), bandOf(d.costAt, d.costs)
}

// fillLess fills in the differences to the first router.
func (d *samples) fillLess(r, first *Route, ofFirst *samples) {
	r.Less = estimate(r.APGR-first.APGR, subtract(d.apgr, ofFirst.apgr))
	r.HeldLess = estimate(r.HeldLess.Value, subtract(d.held, ofFirst.held))
}

func rangeOf(replicates []float64) Range {
	i := stats.Percentile(replicates, confidence)
	return Range{eval.Number(i.Low), eval.Number(i.High)}
}

func estimate(value eval.Number, replicates []float64) eval.Estimate {
	i := rangeOf(replicates)
	return eval.Estimate{Value: value, Low: i[0], High: i[1]}
}

func subtract(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}

func bandOf(at []float64, replicates [][]float64) (out []Band) {
	for k, place := range at {
		if i := rangeOf(replicates[k]); i[0].Defined() {
			out = append(out, Band{place, float64(i[0]), float64(i[1])})
		}
	}
	return out
}

// evenly are n numbers from low to high.
func evenly(low, high float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = low + (high-low)*float64(i)/float64(n-1)
	}
	return out
}
