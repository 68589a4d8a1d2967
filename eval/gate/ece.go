package gate

import (
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval/stats"
	"github.com/routeproof/routeproof/internal/spill"
	"github.com/routeproof/routeproof/internal/wording"
)

const (
	calibrationBins = 15
	// mostUnpaired is the share of prompts that may lack what a gate needs. They
	// are no random part, so a comparison on the others misleads if they are many.
	mostUnpaired = 0.05
)

// ece gates the expected calibration error, Σ (n_m/n)·|accuracy_m − confidence_m|
// over bins of nearly equal size. The bins are those of both sides' confidences
// together, so that the same errors in the same places cancel, and stay as they
// are while groups are drawn; a group's confidences are taken to be the mean of
// those alike. It looks at the first prompt by id of a group, and its first
// repeat: copies would make a chance deviation look sure. Chance alone keeps a side's
// error above 0, the more the more its confidences differ, so the permutation
// compares errors less that, and the bound is calibrationInterval's.
func (p *pair) ece(margin float64) (Gate, error) {
	g := newGate("ece", nil, false, margin)
	c := &p.claims
	g.N = c.n
	switch {
	case p.identical && c.unchanged:
		g.N, g.Identical = c.any(), true
		return g, nil
	case c.n == 0:
		g.unknown = "no prompt has a confidence on both sides: turn the gate off, or record confidences"
		return g, nil
	case c.tooFew():
		g.unknown = fmt.Sprintf("%s of %s lack a confidence on a side", wording.Thousands(c.missing), wording.Thousands(c.any()))
		return g, nil
	}
	g.Identical = c.changed == 0
	patterns, err := p.calibrationPatterns()
	if err != nil {
		return g, err
	}
	g = patterns.gate(g, p.rules, p.draws)
	g.Method = "group permutation, normal bound widened by what chance adds"
	return g, nil
}

// claims are the confidences of the first prompts of groups.
type claims struct {
	on        bool // they are looked at
	rows      spill.File
	n         int  // rows: groups with a confidence on both sides
	missing   int  // groups with one on one side alone
	changed   int  // rows that differ between the sides
	unchanged bool // no confidence of any prompt and repeat changed, absent ones included
	record    []byte
}

// any counts the groups with a confidence on either side.
func (c *claims) any() int { return c.n + c.missing }

func (c *claims) tooFew() bool { return tooFewPaired(c.missing, c.any()) }

// add takes in a prompt, the first of its group or not.
func (c *claims) add(truth int8, base, cand []decision, first bool) error {
	if !c.on {
		return nil
	}
	same := func(a, b decision) bool {
		return a.confidence == b.confidence || math.IsNaN(a.confidence) && math.IsNaN(b.confidence)
	}
	c.unchanged = c.unchanged && slices.EqualFunc(base, cand, same)
	if !first {
		return nil
	}
	r := confident{claim{base[0].confidence, base[0].pick == truth}, claim{cand[0].confidence, cand[0].pick == truth}}
	switch {
	case math.IsNaN(r.base.confidence) && math.IsNaN(r.cand.confidence):
		return nil
	case math.IsNaN(r.base.confidence) || math.IsNaN(r.cand.confidence):
		c.missing++
		return nil
	}
	c.n++
	if r.base != r.cand {
		c.changed++
	}
	c.record = appendFloat(appendFloat(c.record[:0], r.base.confidence), r.cand.confidence)
	c.record = append(c.record, bit(r.base.right)|bit(r.cand.right)<<1)
	return c.rows.AppendFrame(c.record)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// each visits the rows.
func (c *claims) each(visit func(confident) error) error {
	frames := c.rows.Frames(0, c.rows.Len(), 1<<16)
	for range c.n {
		raw, err := frames.Next()
		if err != nil {
			return err
		}
		r := reading(raw)
		row := confident{base: claim{confidence: r.float()}, cand: claim{confidence: r.float()}}
		right := r.byte()
		row.base.right, row.cand.right = right&1 != 0, right&2 != 0
		if err := visit(row); err != nil {
			return err
		}
	}
	return nil
}

// tooFewPaired tells whether so many of all lack what a comparison needs that the
// others say nothing.
func tooFewPaired(missing, all int) bool { return float64(missing) > mostUnpaired*float64(all) }

// calibrationPatterns are claims by bin; their score is 0 less the ECE.
func (p *pair) calibrationPatterns() (*patterns, error) {
	cells, err := p.calibrationCells()
	if err != nil {
		return nil, err
	}
	s := &patterns{counts: make([]int, len(cells)), fixed: make([]bool, len(cells))}
	for i, c := range cells {
		s.counts[i] = c.n
		s.fixed[i] = c.base == c.cand
	}
	s.interval = func(confidence float64) stats.Interval { return calibrationInterval(cells, confidence) }
	var b, d [calibrationBins]binClaims
	fill := func(drawn, swapped []int) (n int) {
		b, d = [calibrationBins]binClaims{}, [calibrationBins]binClaims{}
		for i, c := range cells {
			kept, other := drawn[i]-swapped[i], swapped[i]
			n += drawn[i]
			b[c.base.bin].add(kept, c.base.gap, c.squares.base)
			b[c.cand.bin].add(other, c.cand.gap, c.squares.cand)
			d[c.cand.bin].add(kept, c.cand.gap, c.squares.cand)
			d[c.base.bin].add(other, c.base.gap, c.squares.base)
		}
		return n
	}
	s.score = func(drawn, swapped []int) (float64, float64) {
		n := float64(fill(drawn, swapped))
		return -total(&b) / n, -total(&d) / n
	}
	s.compared = func(drawn, swapped []int) float64 {
		n := float64(fill(drawn, swapped))
		return (total(&b) - chance(&b) - total(&d) + chance(&d)) / n
	}
	return s, nil
}

// total is the sum of absolute gaps.
func total(bins *[calibrationBins]binClaims) float64 {
	sum := 0.0
	for k := range bins {
		sum += math.Abs(bins[k].gap)
	}
	return sum
}

// chance is what total would be on average, were every confidence exact.
func chance(bins *[calibrationBins]binClaims) float64 {
	sum := 0.0
	for k := range bins {
		sum += math.Sqrt(math.Max(0, bins[k].chance))
	}
	return math.Sqrt(2/math.Pi) * sum
}

// claim is a confidence and whether the decision was right.
type claim struct {
	confidence float64
	right      bool
}

type confident struct{ base, cand claim }

// place is a bin and, of the claims in it, mean rightness less confidence.
type place struct {
	bin int
	gap float64
}

// cell is groups whose claims lie in the same bins and are right alike.
type cell struct {
	n          int
	base, cand place
	squares    struct{ base, cand, both float64 } // mean squares of gaps, and mean product
	same       bool                               // both sides are alike in all of them
}

// calibrationEdges returns the greatest confidence of each bin but the last, of both
// sides' together.
func (p *pair) calibrationEdges() (last []float64, err error) {
	pooled := p.sorter("confidences")
	defer pooled.Close()
	var record []byte
	err = p.claims.each(func(r confident) error {
		for _, v := range []float64{r.base.confidence, r.cand.confidence} {
			record = spill.AppendNumber(record[:0], v)
			if err := pooled.Add(record); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	k := 1 // the next edge
	err = eachRun(pooled, func(v float64, _, to int) {
		for ; k < calibrationBins && (k*2*p.claims.n-1)/calibrationBins < to; k++ {
			if len(last) == 0 || v > last[len(last)-1] {
				last = append(last, v)
			}
		}
	})
	return last, err
}

// calibrationCells bins claims, in the order of their keys.
func (p *pair) calibrationCells() ([]cell, error) {
	last, err := p.calibrationEdges()
	if err != nil {
		return nil, err
	}
	const bins = 2 * calibrationBins // bin and rightness
	side := func(c claim) (key int, gap float64) {
		bin, _ := slices.BinarySearch(last, c.confidence)
		if c.right {
			return 2*bin + 1, 1 - c.confidence
		}
		return 2 * bin, -c.confidence
	}
	var all [bins * bins]cell
	err = p.claims.each(func(r confident) error {
		b, baseGap := side(r.base)
		d, candGap := side(r.cand)
		c := &all[b*bins+d]
		c.same = (c.n == 0 || c.same) && r.base == r.cand
		c.n++
		c.base.bin, c.cand.bin = b/2, d/2
		c.base.gap += baseGap
		c.cand.gap += candGap
		c.squares.base += baseGap * baseGap
		c.squares.cand += candGap * candGap
		c.squares.both += baseGap * candGap
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []cell
	for _, c := range all {
		if c.n > 0 {
			n := float64(c.n)
			c.base.gap /= n
			c.cand.gap /= n
			c.squares.base /= n
			c.squares.cand /= n
			c.squares.both /= n
			out = append(out, c)
		}
	}
	return out, nil
}
