package curve

import "math"

// A Grid says where a curve is looked at. Both rise.
type Grid struct {
	Recovered []float64 // shares of the gap to recover: CPT
	Shares    []float64 // of prompts sent to the strong model
}

// Measures are what is taken of a curve between two models. APGR and CPT are
// NaN where the strong model is not better.
type Measures struct {
	Weak, Strong float64 // mean qualities alone
	Area         float64
	APGR         float64
	CPT          []float64 // at each of the grid's shares of the gap
	Quality      []float64 // at each of the grid's shares of prompts, straight between thresholds
}

// Measure takes measures of the curve without keeping it, for resampling:
// those of [Order.TwoModels]. The slices of into are used again. O(n).
func (o *Order) Measure(weak, strong, weights []float64, at Grid, into *Measures) {
	m := into
	*m = Measures{CPT: m.CPT[:0], Quality: m.Quality[:0]}
	var total float64
	total, m.Weak, m.Strong = means(weak, strong, weights)
	gap := 0.0
	if Better(m.Strong, m.Weak) {
		gap = m.Strong - m.Weak
	}
	var sent, gain blocks
	start := int32(0)
	x0, y0 := 0.0, m.Weak
	for _, end := range o.ends {
		for k := start; k < end; k++ {
			i := o.rows[k]
			w := weightOf(weights, int(i))
			sent.part += w
			gain.part += w * (strong[i] - weak[i])
			if k%block == 0 {
				sent.close()
				gain.close()
			}
		}
		start = end
		x, y := sent.sum()/total, m.Weak+gain.sum()/total
		m.Area += (x - x0) * (y + y0) / 2
		for gap > 0 && len(m.CPT) < len(at.Recovered) && y >= m.Weak+at.Recovered[len(m.CPT)]*gap-rounding {
			target, share := m.Weak+at.Recovered[len(m.CPT)]*gap, x0
			if y > y0 {
				share = x0 + (x-x0)*max(0, min(1, (target-y0)/(y-y0)))
			}
			m.CPT = append(m.CPT, share)
		}
		for len(m.Quality) < len(at.Shares) && at.Shares[len(m.Quality)] <= x {
			quality := y
			if x > x0 {
				quality = y0 + (y-y0)*(at.Shares[len(m.Quality)]-x0)/(x-x0)
			}
			m.Quality = append(m.Quality, quality)
		}
		x0, y0 = x, y
	}
	for len(m.CPT) < len(at.Recovered) {
		m.CPT = append(m.CPT, math.NaN())
	}
	for len(m.Quality) < len(at.Shares) {
		m.Quality = append(m.Quality, y0) // 1, but for rounding
	}
	m.APGR = math.NaN()
	if gap > 0 {
		m.APGR = (m.Area - m.Weak) / gap
	}
}

// RouteLLMDeciles takes measures as RouteLLM's own evaluation does: of eleven
// thresholds only, the deciles of the scores, at or above which a prompt goes
// to the strong model (above the last). ok is false where two deciles are equal,
// at which that evaluation fails, or the strong model is not better. CPT is the
// first crossing of the line through these points; that evaluation interpolates
// as if quality rose throughout.
func RouteLLMDeciles(scores, weak, strong []float64) (apgr float64, cpt [3]float64, ok bool) {
	o, err := NewOrder(scores)
	if err != nil || len(scores) == 0 {
		return 0, cpt, false
	}
	n := len(scores)
	at := func(k int) float64 { return scores[o.rows[n-1-k]] } // ascending
	var thresholds []float64
	for d := range 11 {
		position := float64(n-1) * float64(d) / 10
		low := int(position)
		v := at(low)
		if low+1 < n {
			f := position - float64(low)
			v = v*(1-f) + at(low+1)*f
		}
		if d > 0 && v == thresholds[d-1] {
			return 0, cpt, false
		}
		thresholds = append(thresholds, v)
	}
	var c Curve
	for d := 10; d >= 0; d-- {
		sent, quality := 0.0, 0.0
		for i, s := range scores {
			if s >= thresholds[d] && d < 10 || s > thresholds[d] {
				sent, quality = sent+1, quality+strong[i]
			} else {
				quality += weak[i]
			}
		}
		c.Share, c.Quality = append(c.Share, sent/float64(n)), append(c.Quality, quality/float64(n))
	}
	c.Weak, c.Strong = c.Quality[0], c.Quality[10]
	for k := 1; k < 11; k++ {
		c.Area += (c.Share[k] - c.Share[k-1]) * (c.Quality[k] + c.Quality[k-1]) / 2
	}
	if apgr, err = c.APGR(); err != nil {
		return 0, cpt, false
	}
	for k, q := range []float64{.2, .5, .8} {
		cpt[k], _ = c.CPT(q)
	}
	return apgr, cpt, true
}
