package gate

import (
	"cmp"
	"slices"

	"github.com/routeproof/routeproof/internal/wording"
)

// pair is one classifier on both sides, over the prompts that both have of it with
// the same true tier.
type pair struct {
	*check
	name       string
	base, cand *classifier // of as many repeats, the fewer of the two sides

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
	base, cand := *m.base, *m.cand
	if base.repeats != cand.repeats {
		c.warn("Classifier %s: %s has %s of each prompt, %s %s: compared over the first %s.", quote(m.name), c.names[0],
			wording.Plural(base.repeats, "repeat"), c.names[1], wording.Thousands(cand.repeats), wording.Plural(min(base.repeats, cand.repeats), "repeat"))
	}
	// Means of other numbers of repeats differ in how they are skewed, so that a change
	// is not as likely one way as the other where nothing changed.
	base.repeats = min(base.repeats, cand.repeats)
	cand.repeats = base.repeats
	p := &pair{
		check: c, name: m.name, base: &base, cand: &cand, truths: make([]bool, c.base.source.Tiers.Len()), identical: true,
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
	base, cand = base[:p.base.repeats], cand[:p.cand.repeats]
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
