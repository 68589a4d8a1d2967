package simulate

import (
	"context"
	"math"
	"sync"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
	"github.com/routeproof/routeproof/eval/stats"
)

// samplesAtOnce is how many samples are measured together: a request's figures are
// fetched once for all, and of many requests come from beyond the caches.
const samplesAtOnce = 16

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

	curve curve.Measures // of the last replicate
}

// resample fills in intervals and bands: groups are drawn for all routers at
// once, so that differences are paired. Chosen thresholds stay as they were
// chosen, on other requests than they are measured on; curves are gone through
// anew.
func (m *matrix) resample(ctx context.Context, out *Routes, rankings []ranking, h *heldOut, o Options) error {
	if m.groups < 2 || len(rankings) == 0 {
		return nil
	}
	two := len(m.quality) == 2
	at := curve.Grid{Recovered: recovered(), Shares: evenly(0, 1, bandShares)}
	drawn := make([]samples, len(rankings))
	for k := range drawn {
		d := &drawn[k]
		d.cpt, d.shares, d.costs = make([][]float64, len(at.Recovered)), make([][]float64, bandShares), make([][]float64, bandCosts)
		if hull := out.Routers[k].Hull; h != nil {
			d.costAt = evenly(hull[0].Cost, hull[len(hull)-1].Cost, bandCosts)
		}
	}
	var weights []float64 // of the curves between two models
	if two {
		weights = make([]float64, len(m.group))
	}
	err := stats.Draws(m.groups, samplesAtOnce, o.Replicates, o.Seed, func(_ int, groups [][]uint8) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if two {
			for _, times := range groups {
				for i, g := range m.group {
					weights[i] = float64(times[g])
				}
				each(len(rankings), func(k int) {
					rankings[k].all.Measure(m.quality[0], m.quality[1], weights, at, &drawn[k].curve)
					drawn[k].addCurve()
				})
			}
		}
		if h == nil {
			return nil
		}
		h.weigh(groups)
		each(len(rankings)+1, func(k int) {
			if k == len(rankings) {
				h.measureSingles()
			} else {
				h.measure(k)
			}
		})
		for sample := range groups {
			if h.hasAny(sample) {
				zero := h.zeroAIQ(sample)
				each(len(rankings), func(k int) { drawn[k].addHeld(h, k, sample, zero) })
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for k := range drawn {
		drawn[k].fill(&out.Routers[k], at.Shares)
		if k > 0 {
			drawn[k].fillLess(&out.Routers[k], &out.Routers[0], &drawn[0])
		}
	}
	return nil
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

// addHeld adds router k, as it was measured in a sample, beside the zero router's
// AIQ.
func (d *samples) addHeld(h *heldOut, k, sample int, zero float64) {
	aiq := h.aiq(k, sample)
	d.held, d.above = append(d.held, aiq), append(d.above, aiq-zero)
	for i, cost := range d.costAt {
		d.costs[i] = append(d.costs[i], h.qualityAt(k, sample, cost))
	}
}

// each calls for the numbers below n, all at the same time.
func each(n int, work func(k int)) {
	var wg sync.WaitGroup
	for k := range n {
		wg.Go(func() { work(k) })
	}
	wg.Wait()
}

// fill turns replicates into intervals, of what has a value.
func (d *samples) fill(r *Route, shares []float64) {
	r.AUCCI = rangeOf(d.auc)
	if r.APGR.Defined() && !tooOftenUndefined(d.apgr) {
		r.APGRCI = rangeOf(d.apgr)
		r.CPTCI = byRecovered(func(k int) Range { return rangeOf(d.cpt[k]) })
	}
	r.Held, r.HeldAbove = estimate(r.Held.Value, d.held), widened(estimate(r.HeldAbove.Value, d.above))
	r.ShareBand, r.CostBand = bandOf(shares, d.shares), bandOf(d.costAt, d.costs)
}

// fillLess fills in the differences to the first router.
func (d *samples) fillLess(r, first *Route, ofFirst *samples) {
	r.Less = noEstimate(r.APGR - first.APGR)
	if less := subtract(d.apgr, ofFirst.apgr); !tooOftenUndefined(less) {
		r.Less = estimate(r.Less.Value, less)
	}
	r.HeldLess = widened(estimate(r.HeldLess.Value, subtract(d.held, ofFirst.held)))
}

// mostUndefined is the share of replicates without a gap between the models from
// which there is no interval of what divides by it: those that are left out are the
// very ones in which that would be farthest off.
const mostUndefined = 0.02

func tooOftenUndefined(replicates []float64) bool {
	n := 0
	for _, v := range replicates {
		if math.IsNaN(v) {
			n++
		}
	}
	return float64(n) > mostUndefined*float64(len(replicates))
}

func rangeOf(replicates []float64) Range {
	i := stats.Percentile(replicates, confidence)
	return Range{eval.Number(i.Low), eval.Number(i.High)}
}

func estimate(value eval.Number, replicates []float64) eval.Estimate {
	if !value.Defined() {
		return noEstimate(value)
	}
	i := rangeOf(replicates)
	return eval.Estimate{Value: value, Low: i[0], High: i[1]}
}

// widened moves the ends of an interval half as far again from the value. Resamples
// hold the chosen thresholds fixed, so they miss that other requests would have
// chosen others. Nadeau and Bengio (2003), Machine Learning 52:239, put the
// variance of a mean over J folds at 1/J + (test size)/(training size) in place of
// 1/J: of five folds √(.45/.2) = 1.5 times the deviation.
func widened(e eval.Estimate) eval.Estimate {
	const by = 1.5
	e.Low, e.High = min(e.Low, e.Value-by*(e.Value-e.Low)), max(e.High, e.Value+by*(e.High-e.Value))
	return e
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
