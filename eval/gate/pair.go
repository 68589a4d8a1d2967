package gate

import (
	"cmp"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval/stats"
)

// pair is one classifier on both sides, over the prompts that both have of it with
// the same true tier.
type pair struct {
	*check
	name       string
	base, cand *classifier

	n, units  int    // prompts, and groups of them
	truths    []bool // which tiers are true of any
	identical bool   // all predictions are as they were
	failures  [2]int // prompts without an answer, of each side

	groups  table          // entries of each group, sorted
	domains map[int]*table // the same over the prompts of a domain that is looked at, by number
	lengths map[int]*table // and of a length
	open    []byte         // entries of the group under way
	labels  []labels       // of its prompts
	claims  claims
	spent   spending
	flips   Flips
	key     []byte // room for one, of flips
}

// pair makes a pair of a match, of the classifier of such a number.
func (c *check) pair(m *match, number int) *pair {
	p := &pair{
		check: c, name: m.name, base: m.base, cand: m.cand, truths: make([]bool, c.base.source.Tiers.Len()), identical: true,
		domains: map[int]*table{}, lengths: map[int]*table{}, flips: Flips{store: c.flips, of: uint32(number)},
	}
	p.claims = claims{on: !c.gates || c.rules.ECE.On, unchanged: true, rows: c.room("confidences")}
	p.spent = spending{on: c.costs != nil, own: m.own, groups: c.room("costs")}
	if p.spent.on {
		p.spent.between, p.spent.differ = c.costs.oldTokens(), c.pricesDiffer()
	}
	return p
}

// labels are the numbers of a prompt's domain and length.
type labels struct{ domain, length int }

// add takes in a prompt, which is of the group under way.
func (p *pair) add(b, d *prompt) error {
	base, cand := b.of(p.base.number), d.of(p.cand.number)
	if len(base) == 0 || len(cand) == 0 {
		return nil
	}
	p.n++
	p.truths[b.truth] = true
	for i, of := range [][]decision{base, cand} {
		if failed(of) {
			p.failures[i]++
		}
	}
	first := len(p.open) == 0
	e := p.enter(b, base, cand)
	p.identical = p.identical && !e.differs()
	if err := p.claims.add(b.truth, base, cand, first); err != nil {
		return err
	}
	p.spend(b, d, base, cand)
	if e.differs() {
		return p.flip(b, base, cand)
	}
	return nil
}

// end ends the group under way, if any prompt is in it.
func (p *pair) end() error {
	if len(p.open) == 0 {
		return nil
	}
	p.units++
	p.divide(p.domains, p.sliced.domains, func(of labels) int { return of.domain })
	p.divide(p.lengths, p.sliced.lengths, func(of labels) int { return of.length })
	p.groups.addTimes(sortedChunks(p.open, p.width()), 1)
	p.open, p.labels = p.open[:0], p.labels[:0]
	return p.spent.end()
}

// divide adds what of the group under way is of each label that is wanted.
func (p *pair) divide(to map[int]*table, wanted []bool, label func(labels) int) {
	add := func(of int, key []byte) {
		if !wanted[of] {
			return
		}
		if to[of] == nil {
			to[of] = new(table)
		}
		to[of].addTimes(sortedChunks(key, p.width()), 1)
	}
	switch {
	case wanted == nil:
		return
	case len(p.labels) == 1:
		add(label(p.labels[0]), p.open)
		return
	}
	order := make([]int, len(p.labels))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return cmp.Compare(label(p.labels[x]), label(p.labels[y])) })
	var key []byte
	for at := 0; at < len(order); {
		of := label(p.labels[order[at]])
		key = key[:0]
		for ; at < len(order) && label(p.labels[order[at]]) == of; at++ {
			from := order[at] * p.width()
			key = append(key, p.open[from:from+p.width()]...)
		}
		add(of, key)
	}
}

// entry is what rates and confusion matrices see of a prompt: its true tier, whether
// anything changed, and by side the picks, sorted. Prompts alike have equal entries.
type entry []byte

const (
	truthAt  = 0
	changeAt = 1
	picksAt  = 2

	pickChanged    = 1
	invalidChanged = 2
)

func (p *pair) width() int { return picksAt + p.base.repeats + p.cand.repeats }

// enter puts a prompt's entry behind the others of the group.
func (p *pair) enter(b *prompt, base, cand []decision) entry {
	from := len(p.open)
	change := byte(0)
	if !slices.EqualFunc(base, cand, func(x, y decision) bool { return x.pick == y.pick }) {
		change |= pickChanged
	}
	if !slices.EqualFunc(base, cand, func(x, y decision) bool { return x.flags&invalidFlag == y.flags&invalidFlag }) {
		change |= invalidChanged
	}
	p.open = append(p.open, byte(b.truth), change)
	p.labels = append(p.labels, labels{b.domain, b.length})
	for _, of := range [][]decision{base, cand} {
		at := len(p.open)
		for _, d := range of {
			p.open = append(p.open, byte(d.pick)<<1|d.flags&invalidFlag)
		}
		slices.Sort(p.open[at:])
	}
	return entry(p.open[from:])
}

func (e entry) truth() int8          { return int8(e[truthAt]) }
func (e entry) differs() bool        { return e[changeAt]&pickChanged != 0 }
func (e entry) invalidDiffers() bool { return e[changeAt]&invalidChanged != 0 }

// picks returns those of the baseline and of the candidate.
func (p *pair) picks(e entry) (base, cand []byte) {
	return e[picksAt : picksAt+p.base.repeats], e[picksAt+p.base.repeats:]
}

func tierOfPick(pick byte) int8  { return int8(pick >> 1) }
func invalidPick(pick byte) bool { return pick&invalidFlag != 0 }

// rate is what a gate counts of a decision on a prompt.
type rate struct {
	name         string
	moreIsBetter bool
	hit          func(pick byte, truth int8) bool
	changed      func(e entry) bool // whether anything it looks at changed
}

func accuracyRate() rate {
	return rate{Accuracy, true, func(pick byte, truth int8) bool { return tierOfPick(pick) == truth }, entry.differs}
}

func overRouting() rate {
	return rate{OverRouting, false, func(pick byte, truth int8) bool { return tierOfPick(pick) > truth }, entry.differs}
}

func underRouting() rate {
	return rate{UnderRouting, false, func(pick byte, truth int8) bool { return tierOfPick(pick) < truth }, entry.differs}
}

func invalidRate() rate {
	return rate{InvalidRate, false, func(pick byte, _ int8) bool { return invalidPick(pick) }, entry.invalidDiffers}
}

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
	}
	g.Baseline, g.Candidate = number(e.base), number(e.cand)
	g.Change, g.Bound = number(sign*change), number(sign*low)
	g.passes = low > -float64(g.Margin)
	worse, better := e.p(draws, rules.Seed)
	g.P, g.BetterP = number(worse), number(better)
	g.fell = e.change < 0 && e.sum < 0
	g.changed, g.psi = e.worse+e.better, e.psi()
}
