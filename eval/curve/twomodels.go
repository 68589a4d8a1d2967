package curve

import (
	"errors"
	"math"
)

// A Curve is quality against the share of prompts that a strong model gets
// rather than a weak one, at every distinct threshold of a score. Prompts of
// equal score move together; between two points lies what random choice among
// them gives on average.
type Curve struct {
	Share   []float64 // of prompts sent to the strong model, from 0 to 1
	Quality []float64 // mean, from the weak model's to the strong one's
	Weak    float64   // mean quality of the weak model alone
	Strong  float64   // and of the strong one
	Area    float64   // under the curve, by trapezoids
}

// Reasons for which APGR and CPT have no value.
var (
	ErrNotBetter = errors.New("the strong model is not better than the weak one")
	ErrNoPrompts = errors.New("there are no prompts")
)

// TwoModels goes through every threshold. weak and strong are qualities by
// prompt, in the order of the scores that o was made of; weights say how often
// each prompt counts, nil: once. It takes O(n).
func (o *Order) TwoModels(weak, strong, weights []float64) *Curve {
	c := &Curve{}
	var total float64
	total, c.Weak, c.Strong = means(weak, strong, weights)
	gains := make([]float64, len(weak)) // looked up out of order below
	for i := range gains {
		gains[i] = weightOf(weights, i) * (strong[i] - weak[i])
	}
	c.Share, c.Quality = make([]float64, 1, len(o.ends)+1), make([]float64, 1, len(o.ends)+1)
	c.Quality[0] = c.Weak
	var sent, gain blocks
	start := int32(0)
	for _, end := range o.ends {
		for k := start; k < end; k++ {
			i := o.rows[k]
			sent.part += weightOf(weights, int(i))
			gain.part += gains[i]
			if k%block == 0 {
				sent.close()
				gain.close()
			}
		}
		c.Share = append(c.Share, sent.sum()/total)
		c.Quality = append(c.Quality, c.Weak+gain.sum()/total)
		start = end
	}
	last := len(c.Share) - 1
	c.Share[last] = 1 // but for rounding
	for k := 1; k <= last; k++ {
		c.Area += (c.Share[k] - c.Share[k-1]) * (c.Quality[k] + c.Quality[k-1]) / 2
	}
	return c
}

// means are the sum of the weights, and the means of both models.
func means(weak, strong, weights []float64) (total, w, s float64) {
	for start := 0; start < len(weak); start += block {
		var n, ofWeak, ofStrong float64
		for i := start; i < min(start+block, len(weak)); i++ {
			weight := weightOf(weights, i)
			n += weight
			ofWeak += weight * weak[i]
			ofStrong += weight * strong[i]
		}
		total, w, s = total+n, w+ofWeak, s+ofStrong
	}
	return total, w / total, s / total
}

// block is how many numbers are summed before they go to the sum of all, so that
// rounding grows with the number of blocks: under 1e-12 of a mean of a million.
const block = 256

// blocks is a sum in blocks.
type blocks struct{ whole, part float64 }

func (b *blocks) sum() float64 { return b.whole + b.part }
func (b *blocks) close()       { b.whole, b.part = b.whole+b.part, 0 }

func weightOf(weights []float64, i int) float64 {
	if weights == nil {
		return 1
	}
	return weights[i]
}

// defined tells why APGR and CPT have no value.
func (c *Curve) defined() error {
	switch {
	case math.IsNaN(c.Weak):
		return ErrNoPrompts
	case !Better(c.Strong, c.Weak):
		return ErrNotBetter
	}
	return nil
}

// APGR is the average performance gap recovered: (area − weak)/(strong − weak)
// over shares from 0 to 1. Random routing has ½; it is not bounded by 1, since
// a router may be better than the strong model. Source: Ong et al., RouteLLM,
// arXiv 2406.18665.
func (c *Curve) APGR() (float64, error) {
	if err := c.defined(); err != nil {
		return math.NaN(), err
	}
	return (c.Area - c.Weak) / (c.Strong - c.Weak), nil
}

// CPT is the call-performance threshold: the first share at which the curve,
// straight between points, reaches weak + recovered·(strong − weak), recovered
// from 0 to 1; 1e-12 less counts as reached, since sums are rounded. Source as of
// [Curve.APGR].
func (c *Curve) CPT(recovered float64) (float64, error) {
	if err := c.defined(); err != nil {
		return math.NaN(), err
	}
	target := c.Weak + recovered*(c.Strong-c.Weak)
	for k, y := range c.Quality {
		if y < target-rounding {
			continue
		}
		if k == 0 {
			return 0, nil
		}
		x0, y0 := c.Share[k-1], c.Quality[k-1]
		return x0 + (c.Share[k]-x0)*min(1, (target-y0)/(y-y0)), nil
	}
	return 1, nil // the strong model alone, but for rounding
}

const rounding = 1e-12

// Better tells whether the mean quality strong is above weak by more than the
// rounding of their sums, 1e-12.
func Better(strong, weak float64) bool { return strong > weak+rounding }

// Differences are strong less weak by prompt: the scores of the oracle.
func Differences(weak, strong []float64) []float64 {
	d := make([]float64, len(weak))
	for i := range d {
		d[i] = strong[i] - weak[i]
	}
	return d
}
