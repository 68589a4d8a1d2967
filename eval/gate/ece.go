package gate

import (
	"fmt"
	"math"
	"slices"

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
// repeat: copies would make a chance deviation look sure.
func (p *pair) ece(margin float64) Gate {
	g := newGate("ece", nil, false, margin)
	rows, missing, first := p.confidences()
	g.N = len(rows)
	switch {
	case p.unchangedConfidence():
		g.N, g.Identical = first, true
		return g
	case len(rows) == 0:
		g.unknown = "no prompt has a confidence on both sides: turn the gate off, or record confidences"
		return g
	case tooFewPaired(missing, first):
		g.unknown = fmt.Sprintf("%s of %s lack a confidence on a side", wording.Thousands(missing), wording.Thousands(first))
		return g
	}
	g.Identical = !slices.ContainsFunc(rows, func(r confident) bool { return r.base != r.cand })
	return calibrationPatterns(rows).gate(g, p.rules, p.draws)
}

// unchangedConfidence tells whether no prediction and no confidence changed,
// absent ones included.
func (p *pair) unchangedConfidence() bool {
	same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
	return !slices.Contains(p.same, false) && slices.EqualFunc(p.base.confidence, p.cand.confidence, same)
}

// tooFewPaired tells whether so many of all lack what a comparison needs that the
// others say nothing.
func tooFewPaired(missing, all int) bool { return float64(missing) > mostUnpaired*float64(all) }

// calibrationPatterns are claims by bin; their score is 0 less the ECE.
func calibrationPatterns(rows []confident) *patterns {
	cells := calibrationCells(rows)
	s := &patterns{counts: make([]int, len(cells)), fixed: make([]bool, len(cells))}
	for i, c := range cells {
		s.counts[i] = c.n
		s.fixed[i] = c.base == c.cand
	}
	b, d := make([]float64, 2*calibrationBins), make([]float64, 2*calibrationBins)
	s.score = func(drawn, swapped []int) (float64, float64) {
		clear(b)
		clear(d)
		n := 0
		for i, c := range cells {
			kept, other := float64(drawn[i]-swapped[i]), float64(swapped[i])
			n += drawn[i]
			b[c.base.bin] += kept * c.base.gap
			b[c.cand.bin] += other * c.cand.gap
			d[c.cand.bin] += kept * c.cand.gap
			d[c.base.bin] += other * c.base.gap
		}
		return -total(b) / float64(n), -total(d) / float64(n)
	}
	return s
}

// total is the sum of absolute values.
func total(gaps []float64) float64 {
	sum := 0.0
	for _, v := range gaps {
		sum += math.Abs(v)
	}
	return sum
}

// claim is a confidence and whether the decision was right.
type claim struct {
	confidence float64
	right      bool
}

type confident struct{ base, cand claim }

// confidences are those of the first prompts of groups that have one on both
// sides; missing is how many have one on one side alone, of all that have any.
func (p *pair) confidences() (rows []confident, missing, any int) {
	seen := make([]bool, p.units)
	for i, truth := range p.truth {
		if seen[p.unit[i]] {
			continue
		}
		seen[p.unit[i]] = true
		b, d := i*p.base.repeats, i*p.cand.repeats
		base := claim{p.base.confidence[b], p.base.predicted[b] == truth}
		cand := claim{p.cand.confidence[d], p.cand.predicted[d] == truth}
		switch {
		case math.IsNaN(base.confidence) && math.IsNaN(cand.confidence):
			continue
		case math.IsNaN(base.confidence) || math.IsNaN(cand.confidence):
			missing++
		default:
			rows = append(rows, confident{base, cand})
		}
		any++
	}
	return rows, missing, any
}

// place is a bin and, of the claims in it, mean rightness less confidence.
type place struct {
	bin int
	gap float64
}

// cell is groups whose claims lie in the same bins and are right alike.
type cell struct {
	n          int
	base, cand place
}

// calibrationCells bins claims, in the order of their keys.
func calibrationCells(rows []confident) []cell {
	pooled := make([]float64, 0, 2*len(rows))
	for _, r := range rows {
		pooled = append(pooled, r.base.confidence, r.cand.confidence)
	}
	slices.Sort(pooled)
	var last []float64 // the greatest confidence of each bin but the last
	for k := 1; k < calibrationBins; k++ {
		if edge := pooled[(k*len(pooled)-1)/calibrationBins]; len(last) == 0 || edge > last[len(last)-1] {
			last = append(last, edge)
		}
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
	for _, r := range rows {
		b, baseGap := side(r.base)
		d, candGap := side(r.cand)
		c := &all[b*bins+d]
		c.n++
		c.base.bin, c.cand.bin = b/2, d/2
		c.base.gap += baseGap
		c.cand.gap += candGap
	}
	var out []cell
	for _, c := range all {
		if c.n > 0 {
			c.base.gap /= float64(c.n)
			c.cand.gap /= float64(c.n)
			out = append(out, c)
		}
	}
	return out
}
