package gate

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// Compare sets side b beside side a: what each measure comes to, how far it
// differs, and which prompts flipped. Where the sides do not match, by hash, id or
// true tier, that is told as a fault, and what both have is compared; without
// predictions on a side, or with other tiers, there is nothing to compare. costs may
// be nil where prices are not known; replicates is 1,000 to 1,000,000, or 0 for
// 2,000, and else an error. Equal input gives equal comparisons, whatever the order
// of rows was.
//
// It takes time and memory as [Decide] does, and O(replicates) a slice. The comparison is to
// be closed.
func Compare(ctx context.Context, a, b *Side, costs *Costs, replicates int, seed uint64) (*Comparison, error) {
	rules := Rules{Replicates: replicates, Seed: seed, MaxErrors: math.MaxInt}
	if err := rules.Check(); err != nil {
		return nil, err
	}
	c := &check{base: a, cand: b, names: [2]string{"A", "B"}, rules: rules, costs: costs, draws: rules.draws(1)}
	if err := c.join(ctx, c.common()); err != nil {
		return nil, err
	}
	out := &Comparison{
		Version: ComparisonVersion, A: a.compared(b), B: b.compared(a), Replicates: rules.replicates(), Seed: seed,
		Classifiers: []ClassifierChange{},
	}
	if c.seen != nil {
		c.warnUnfolded()
		out.N = c.seen.matched
		var pairs []*pair
		for _, m := range c.matches {
			c.tellMatch(m) // what one side has is compared nevertheless
			pairs = append(pairs, c.pair(m, len(pairs)))
		}
		changes, err := each(ctx, c, pairs, (*pair).compare)
		if err != nil {
			return nil, errors.Join(err, c.flips.Close())
		}
		c.flips.Sorted() // so that reading changes nothing
		out.Classifiers = append(out.Classifiers, changes...)
	}
	adjustChanges(out.Classifiers)
	out.Faults, out.Warnings = append([]Fault{}, c.faults...), append([]string{}, c.warnings...)
	return out, nil
}

// Only returns the side with the named classifiers alone; names that it has not
// are ignored.
func (s *Side) Only(names ...string) *Side {
	out := *s
	out.classifiers = slices.DeleteFunc(slices.Clone(s.classifiers), func(c classifier) bool { return !slices.Contains(names, c.name) })
	out.unfolded = slices.DeleteFunc(slices.Clone(s.unfolded), func(name string) bool { return !slices.Contains(names, name) })
	return &out
}

func (s *Side) compared(other *Side) Compared {
	out := Compared{Only: []string{}}
	if s == nil {
		return out
	}
	out.Name, out.Prompts, out.Hashes = s.source.Name, s.N(), s.source.Hashes
	for _, c := range s.classifiers {
		if other == nil || other.classifier(c.name) == nil {
			out.Only = append(out.Only, c.name)
		}
	}
	return out
}

// common returns the classifiers that both sides have, by name.
func (c *check) common() []string {
	if c.base == nil || c.cand == nil {
		return nil
	}
	return slices.DeleteFunc(c.base.Classifiers(), func(name string) bool { return c.cand.classifier(name) == nil })
}

// compare computes all about one classifier, but for what needs the others.
func (p *pair) compare() (ClassifierChange, error) {
	out := ClassifierChange{
		Name: p.name, N: p.n, Groups: p.units, Identical: p.identical, ErrorsA: p.failures[0], ErrorsB: p.failures[1],
		P: nan(), HolmP: nan(), Measures: []Measure{}, Slices: []Measure{}, Flips: p.flips,
	}
	if out.N == 0 {
		return out, nil
	}
	e := p.collect(accuracyRate(), p.whole())
	out.OnlyA, out.OnlyB, out.P = e.worse, e.better, number(e.twoSided(p.draws, p.rules.Seed))
	if err := p.measure(&out); err != nil {
		return out, err
	}
	names := p.sliceNames()
	for _, kind := range []string{Domain, Tier, Length} {
		for _, name := range names[kind] {
			s := Slice{kind, name}
			if m := p.rateMeasure(accuracyRate(), p.members(s)); m.N > 0 {
				m.Slice = &s
				out.Slices = append(out.Slices, m)
			}
		}
	}
	return out, nil
}

// twoSided is the chance of a change so large either way where each group is as
// likely to change one way as the other.
func (e *evidence) twoSided(draws int, seed uint64) float64 {
	if e.nets == nil {
		return stats.McNemar(e.worse, e.better)
	}
	worse, better := e.p(draws, seed)
	return math.Min(1, 2*math.Min(worse, better))
}

// adjustChanges sets Holm's p-values over the classifiers.
func adjustChanges(changes []ClassifierChange) {
	var p []float64
	var to []*eval.Number
	for i := range changes {
		if changes[i].P.Defined() {
			p, to = append(p, float64(changes[i].P)), append(to, &changes[i].HolmP)
		}
	}
	for i, adjusted := range stats.Holm(p) {
		*to[i] = number(adjusted)
	}
}
