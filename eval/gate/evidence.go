package gate

import (
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval/stats"
)

// evidence is how a rate changed over the groups of some prompts. Changes count
// upwards where they are for the better.
type evidence struct {
	n, groups     int
	base, cand    float64 // mean over prompts
	candGroups    float64 // mean over groups, of the candidate
	worse, better int     // groups
	sum, squares  float64 // of the groups' mean changes
	nets, times   []int   // changes of groups, times the product of repeats, and how many have it; nil where each is one prompt and one repeat
	spread        float64 // Σ size²·(mean change − that over prompts)² over groups
	largest       int     // prompts of the largest group
	unseen        unseen  // prompts that a group can change
	change        float64 // of the mean over prompts, upwards for the better
	identical     bool
}

// lowerOverPrompts is a lower bound of the mean change over prompts, where groups
// differ in size: normal, with the groups as clusters, after one group more is
// added that got all worse and one that got all better, as in
// [stats.PairedLower]. Single prompts would not do: where large groups change
// seldom, that none did is hardly more than chance.
func (e *evidence) lowerOverPrompts(confidence float64) float64 {
	size := e.unseen.size()
	n := float64(e.n) + 2*size
	mean := e.change * float64(e.n) / n
	return mean - stats.NormalQuantile(confidence)*math.Sqrt(e.spread+2*size*size)/n
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
	groups     []countedGroup
	identical  bool
}

// countedGroup is groups that are alike.
type countedGroup struct {
	times int // how many there are
	size  int // prompts
	net   int // the candidate's hits less the baseline's, times the product of repeats
	hits  int // the candidate's
}

// part is some of a pair's prompts: those in a table that in holds for; nil: all.
type part struct {
	of *table
	in func(e entry) bool
}

func (p *pair) whole() part { return part{of: &p.groups} }

// count counts a rate over some prompts.
func (p *pair) count(r rate, over part) counted {
	out := counted{identical: true}
	rb, rc := p.base.repeats, p.cand.repeats
	var baseHits, candHits int
	for k, key := range over.of.keys {
		g := countedGroup{times: over.of.counts[k]}
		before := 0
		for e := range slices.Chunk(entry(key), p.width()) {
			if over.in != nil && !over.in(e) {
				continue
			}
			b, c := 0, 0
			base, cand := p.picks(e)
			for _, pick := range base {
				if r.hit(pick, e.truth()) {
					b++
				}
			}
			for _, pick := range cand {
				if r.hit(pick, e.truth()) {
					c++
				}
			}
			out.identical = out.identical && !r.changed(e)
			g.size++
			g.net += c*rb - b*rc
			g.hits += c
			before += b
		}
		if g.size == 0 {
			continue
		}
		out.n += g.times * g.size
		baseHits, candHits = baseHits+g.times*before, candHits+g.times*g.hits
		out.groups = append(out.groups, g)
	}
	out.base, out.cand = float64(baseHits)/float64(out.n*rb), float64(candHits)/float64(out.n*rc)
	return out
}

// collect counts a rate, as count does, and how its groups changed.
func (p *pair) collect(r rate, over part) evidence {
	all := p.count(r, over)
	e := evidence{n: all.n, base: all.base, cand: all.cand, change: all.cand - all.base, identical: all.identical}
	if !r.moreIsBetter {
		e.change = -e.change
	}
	rb, rc := p.base.repeats, p.cand.repeats
	var nets, times []int
	for _, g := range all.groups {
		many := float64(g.times)
		e.groups += g.times
		e.largest = max(e.largest, g.size)
		e.unseen.add(float64(g.size), g.times)
		e.candGroups += many * float64(g.hits) / float64(g.size*rc)
		net := g.net
		if !r.moreIsBetter {
			net = -net
		}
		apart := float64(net)/float64(rb*rc) - float64(g.size)*e.change
		e.spread += many * apart * apart
		switch {
		case net > 0:
			e.better += g.times
		case net < 0:
			e.worse += g.times
		default:
			continue
		}
		mean := float64(net) / float64(g.size*rb*rc)
		e.sum += many * mean
		e.squares += many * mean * mean
		nets, times = append(nets, net), append(times, g.times)
	}
	e.candGroups /= float64(e.groups)
	if max(rb, rc) > 1 || e.largest > 1 {
		e.nets, e.times = nets, times
	}
	return e
}

// p returns the chance of a change so much for the worse, or for the better,
// where each group is as likely to change one way as the other.
func (e *evidence) p(draws int, seed uint64) (worse, better float64) {
	if e.nets == nil {
		return stats.McNemarOneSided(e.worse, e.better), stats.McNemarOneSided(e.better, e.worse)
	}
	better, _ = stats.SignFlip(e.nets, e.times, draws, seed)
	down := make([]int, len(e.nets))
	for i, v := range e.nets {
		down[i] = -v
	}
	worse, _ = stats.SignFlip(down, e.times, draws, seed)
	return worse, better
}

// rateGate is a gate on a paired rate, but for what needs the other gates.
func (p *pair) rateGate(name string, r rate, slice *Slice, margin float64, over part) Gate {
	e := p.collect(r, over)
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
		g.weight = e.unseen.size() * float64(e.groups) / float64(e.n)
	}
	g.Baseline, g.Candidate = number(e.base), number(e.cand)
	g.Change, g.Bound = number(sign*change), number(sign*low)
	g.passes = low > -float64(g.Margin)
	worse, better := e.p(draws, rules.Seed)
	g.P, g.BetterP = number(worse), number(better)
	g.fell = e.change < 0 && e.sum < 0
	g.changed, g.psi = e.worse+e.better, e.psi()
}
