package gate

import (
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval/stats"
)

// pair is one classifier on both sides, its prompts matched: prompt i of the pair
// is base.prompts[i] and cand.prompts[i].
type pair struct {
	*check
	name       string
	base, cand *column

	truth  []int8
	unit   []int32 // the group of each prompt, from 0
	units  int
	single bool // every group is one prompt, and has one repeat
	// same tells of each prompt whether all its predictions are as they were.
	same []bool
}

// prepare fills in what gates look at.
func (p *pair) prepare() {
	n := len(p.base.prompts)
	p.truth, p.unit, p.same = make([]int8, n), make([]int32, n), make([]bool, n)
	number := slices.Repeat([]int32{-1}, p.check.units)
	for i, at := range p.base.prompts {
		p.truth[i] = p.check.base.truth[at]
		g := p.check.unit[at]
		if number[g] < 0 {
			number[g] = int32(p.units)
			p.units++
		}
		p.unit[i] = number[g]
		p.same[i] = slices.Equal(p.base.of(i), p.cand.of(i))
	}
	p.single = p.units == n && p.base.repeats == 1 && p.cand.repeats == 1
}

// rate is what a gate counts of a decision on a prompt.
type rate struct {
	name         string
	moreIsBetter bool
	hit          func(c *column, at int, truth int8) bool // at is the decision's place in the column
	changed      func(p *pair, i int) bool                // whether anything it looks at changed
}

func accuracyRate() rate {
	return rate{Accuracy, true, func(c *column, at int, truth int8) bool { return c.predicted[at] == truth }, differs}
}

func overRouting() rate {
	return rate{OverRouting, false, func(c *column, at int, truth int8) bool { return c.predicted[at] > truth }, differs}
}

func underRouting() rate {
	return rate{UnderRouting, false, func(c *column, at int, truth int8) bool { return c.predicted[at] < truth }, differs}
}

func invalidRate() rate {
	return rate{InvalidRate, false, func(c *column, at int, _ int8) bool { return c.invalid(at) }, func(p *pair, i int) bool {
		return !slices.EqualFunc(p.base.flagsOf(i), p.cand.flagsOf(i), func(b, c uint8) bool { return b&invalidFlag == c&invalidFlag })
	}}
}

func differs(p *pair, i int) bool { return !p.same[i] }

// evidence is how a rate changed over the groups of some prompts. Changes count
// upwards where they are for the better.
type evidence struct {
	n, groups     int
	base, cand    float64 // mean over prompts
	candGroups    float64 // mean over groups, of the candidate
	worse, better int     // groups
	sum, squares  float64 // of the groups' mean changes
	nets          []int   // changes of groups, times the product of repeats; nil where each is one prompt and one repeat
	spread        float64 // Σ size²·(mean change − that over prompts)² over groups
	largest       int     // prompts of the largest group
	change        float64 // of the mean over prompts, upwards for the better
	identical     bool
}

// lowerOverPrompts is a lower bound of the mean change over prompts, where groups
// differ in size: normal, with the groups as clusters, after one prompt more is
// added that got all worse and one that got all better, as in
// [stats.PairedLower].
func (e *evidence) lowerOverPrompts(confidence float64) float64 {
	n := float64(e.n + 2)
	mean := e.change * float64(e.n) / n
	return mean - stats.NormalQuantile(confidence)*math.Sqrt(e.spread+2)/n
}

// psi is the share of groups that changed; of repeats and larger groups, where a
// change need not be whole, their mean square change.
func (e *evidence) psi() float64 {
	if e.nets == nil {
		return float64(e.worse+e.better) / float64(e.groups)
	}
	return math.Min(1, e.squares/float64(e.groups))
}

// counted is a rate's hits over some prompts.
type counted struct {
	n          int
	base, cand float64 // mean over prompts
	net, size  []int32 // by group: candidate's hits less the baseline's, times the product of repeats; prompts
	hits       []int32 // by group: the candidate's
	identical  bool
}

// count counts a rate over the prompts that in holds for; nil: all.
func (p *pair) count(r rate, in func(i int) bool) counted {
	e := counted{identical: true, net: make([]int32, p.units), size: make([]int32, p.units), hits: make([]int32, p.units)}
	rb, rc := p.base.repeats, p.cand.repeats
	var baseHits, candHits int
	for i, truth := range p.truth {
		if in != nil && !in(i) {
			continue
		}
		b, c := 0, 0
		for k := range rb {
			if r.hit(p.base, i*rb+k, truth) {
				b++
			}
		}
		for k := range rc {
			if r.hit(p.cand, i*rc+k, truth) {
				c++
			}
		}
		e.n++
		e.identical = e.identical && !r.changed(p, i)
		baseHits, candHits = baseHits+b, candHits+c
		e.net[p.unit[i]] += int32(c*rb - b*rc)
		e.size[p.unit[i]]++
		e.hits[p.unit[i]] += int32(c)
	}
	e.base, e.cand = float64(baseHits)/float64(e.n*rb), float64(candHits)/float64(e.n*rc)
	return e
}

// collect counts a rate, as count does, and how its groups changed.
func (p *pair) collect(r rate, in func(i int) bool) evidence {
	all := p.count(r, in)
	e := evidence{n: all.n, base: all.base, cand: all.cand, change: all.cand - all.base, identical: all.identical}
	if !r.moreIsBetter {
		e.change = -e.change
	}
	rb, rc := p.base.repeats, p.cand.repeats
	var nets []int
	for g, n := range all.size {
		if n == 0 {
			continue
		}
		e.groups++
		e.largest = max(e.largest, int(n))
		e.candGroups += float64(all.hits[g]) / float64(int(n)*rc)
		net := all.net[g]
		if !r.moreIsBetter {
			net = -net
		}
		apart := float64(net)/float64(rb*rc) - float64(n)*e.change
		e.spread += apart * apart
		switch {
		case net > 0:
			e.better++
		case net < 0:
			e.worse++
		default:
			continue
		}
		mean := float64(net) / float64(int(n)*rb*rc)
		e.sum += mean
		e.squares += mean * mean
		nets = append(nets, int(net))
	}
	e.candGroups /= float64(e.groups)
	if max(rb, rc) > 1 || e.largest > 1 {
		e.nets = nets
	}
	return e
}

// p returns the chance of a change so much for the worse, or for the better,
// where each group is as likely to change one way as the other.
func (e *evidence) p(draws int, seed uint64) (worse, better float64) {
	if e.nets == nil {
		return stats.McNemarOneSided(e.worse, e.better), stats.McNemarOneSided(e.better, e.worse)
	}
	better, _ = stats.SignFlip(e.nets, draws, seed)
	down := make([]int, len(e.nets))
	for i, v := range e.nets {
		down[i] = -v
	}
	worse, _ = stats.SignFlip(down, draws, seed)
	return worse, better
}

// rateGate is a gate on a paired rate, but for what needs the other gates.
func (p *pair) rateGate(name string, r rate, slice *Slice, margin float64, in func(i int) bool) Gate {
	e := p.collect(r, in)
	g := newGate(name, slice, r.moreIsBetter, margin)
	g.fill(e, p.rules, p.draws)
	switch {
	case e.largest > 1:
		g.Method = "sign flips of groups, Bonett–Price bound over groups and a normal one over prompts"
	case p.base.repeats > 1:
		g.Method = "sign flips of means over repeats, Bonett–Price bound"
	}
	return g
}

func newGate(name string, slice *Slice, moreIsBetter bool, margin float64) Gate {
	return Gate{
		Name: name, Slice: slice, moreIsBetter: moreIsBetter, Margin: number(margin),
		Baseline: nan(), Candidate: nan(), Change: nan(), Bound: nan(), P: nan(), HolmP: nan(),
		BetterP: nan(), BetterHP: nan(), Detectable: nan(), Needed: nan(),
	}
}

// fill turns evidence into figures.
func (g *Gate) fill(e evidence, rules Rules, draws int) {
	g.Method = "exact McNemar, Bonett–Price bound"
	g.N, g.Groups, g.Worse, g.Better, g.Identical = e.n, e.groups, e.worse, e.better, e.identical
	if e.n == 0 {
		g.unknown = "no prompt is of it"
		return
	}
	sign := 1.0
	if !g.moreIsBetter {
		sign = -1
	}
	low, change := stats.PairedLower(e.sum, e.squares, e.groups, 1-rules.alpha()), e.sum/float64(e.groups)
	if e.largest > 1 {
		// A fall that sits in a few large groups must not pass because these have
		// few votes.
		if over := e.lowerOverPrompts(1 - rules.alpha()); over < low {
			low, change = over, e.change
		}
	}
	g.Baseline, g.Candidate = number(e.base), number(e.cand)
	g.Change, g.Bound = number(sign*change), number(sign*low)
	g.passes = low > -float64(g.Margin)
	worse, better := e.p(draws, rules.Seed)
	g.P, g.BetterP = number(worse), number(better)
	g.fell = e.change < 0 && e.sum < 0
	g.changed, g.psi = e.worse+e.better, e.psi()
}
