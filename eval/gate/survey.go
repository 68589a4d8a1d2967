package gate

import (
	"bytes"
	"context"
	"math"
	"slices"

	"github.com/routeproof/routeproof/internal/wording"
)

// survey is what a first look at both sides tells.
type survey struct {
	matched int      // prompts that both have with the same true tier
	changed []string // ids of those that both have with another
	domain  described
	length  described
	group   described
}

// described counts prompts of which the candidate says something else than the
// baseline. That of the baseline counts, so that a candidate cannot describe prompts out
// of a gate.
type described struct{ differ, alone int }

func (d *described) add(same, inBase, inCand bool) {
	switch {
	case !inCand || same:
	case inBase:
		d.differ++
	default:
		d.alone++
	}
}

// match is one classifier, by name, on both sides.
type match struct {
	name       string
	base, cand *classifier // nil where a side lacks it
	lack       [2][]string // ids of prompts that base, or cand, lacks
	failed     [2][]string // and of those without an answer, where these are too many
	own        bool        // either side recorded own costs
}

// look goes through both sides once.
func (c *check) look(ctx context.Context, names []string) error {
	for _, name := range names {
		c.matches = append(c.matches, &match{name: name, base: c.base.classifier(name), cand: c.cand.classifier(name)})
	}
	s := &survey{}
	c.seen = s
	return c.each(ctx, [2][]bool{}, func(b, d *prompt) error {
		var id string // once it is needed
		name := func() string {
			if id == "" {
				some := b
				if b == nil {
					some = d
				}
				id = string(some.id)
			}
			return id
		}
		if b != nil && d != nil {
			if b.truth == d.truth {
				s.matched++
			} else {
				s.changed = append(s.changed, name())
			}
			domain, length := c.base.domain.Name(b.domain), c.base.length.Name(b.length)
			s.domain.add(domain == c.cand.domain.Name(d.domain), b.domain != 0, d.domain != 0)
			s.length.add(length == c.cand.length.Name(d.length), b.length != 0, d.length != 0)
			s.group.add(bytes.Equal(b.group, d.group), len(b.group) > 0, len(d.group) > 0)
		}
		for _, m := range c.matches {
			m.look(b, d, c.rules.MaxErrors, name)
		}
		return nil
	})
}

// look takes in a prompt; a side that lacks it is nil.
func (m *match) look(b, d *prompt, maxErrors int, id func() string) {
	var sides [2][]decision
	for i, side := range []struct {
		prompt *prompt
		of     *classifier
	}{{b, m.base}, {d, m.cand}} {
		if side.prompt == nil || side.of == nil {
			continue
		}
		sides[i] = side.prompt.of(side.of.number)
		if side.of.failures > maxErrors && failed(sides[i]) {
			m.failed[i] = append(m.failed[i], id())
		}
	}
	if m.base == nil || m.cand == nil {
		return
	}
	for i := range sides {
		if len(sides[i]) == 0 && len(sides[1-i]) > 0 {
			m.lack[i] = append(m.lack[i], id())
		}
	}
	if !m.own && len(sides[0]) > 0 && len(sides[1]) > 0 && b.truth == d.truth {
		known := func(d decision) bool { return !math.IsNaN(d.cost) }
		m.own = slices.ContainsFunc(sides[0], known) || slices.ContainsFunc(sides[1], known)
	}
}

// failed tells whether any of a prompt's decisions has no answer.
func failed(of []decision) bool {
	return slices.ContainsFunc(of, func(d decision) bool { return d.flags&failedFlag != 0 })
}

// tellSurvey says what of the first look matters to all classifiers.
func (c *check) tellSurvey() {
	if changed := c.seen.changed; len(changed) > 0 {
		c.fault("", changed, "%s changed between the sides: %s", wording.Plural(len(changed), "true tier"), wording.List(changed))
	}
	for _, what := range []struct {
		name string
		of   described
	}{{"domain", c.seen.domain}, {"length", c.seen.length}, {"group", c.seen.group}} {
		if n := what.of.differ; n > 0 {
			c.warn("%s another %s in the %s: that of the %s counts.", haveOrHas(n, "prompt"), what.name, c.names[1], c.names[0])
		}
		if n := what.of.alone; n > 0 {
			c.warn("%s a %s in the %s alone, which does not count: the %s has none.", haveOrHas(n, "prompt"), what.name, c.names[1], c.names[0])
		}
	}
}

func haveOrHas(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " has"
	}
	return wording.Plural(n, noun) + " have"
}

// gated returns the names of the classifiers to gate, sorted.
func (c *check) gated() []string {
	names := slices.Clone(c.rules.Classifiers)
	if len(names) == 0 && c.base != nil {
		names = c.base.Classifiers()
	}
	slices.Sort(names)
	return names
}

// pairs are the matches that can be compared. Those of the others are faults.
func (c *check) pairs() []*pair {
	if len(c.rules.Classifiers) == 0 {
		for _, name := range c.cand.Classifiers() {
			if c.base.classifier(name) == nil {
				c.warn("Classifier %s is not gated: the baseline has none of that name.", quote(name))
			}
		}
	}
	c.warnUnfolded()
	tiers := c.base.source.Tiers.Len()
	c.draws = c.rules.draws(len(c.matches) * (1 + len(c.slices) + len(c.rules.further()) + tiers + len(c.rules.Floors)))
	var out []*pair
	for _, m := range c.matches {
		before := len(c.faults)
		c.tellMatch(m)
		if len(c.faults) == before {
			out = append(out, c.pair(m, len(out)))
		}
	}
	return out
}

func (c *check) warnUnfolded() {
	for _, side := range c.sides() {
		for _, name := range side.unfolded {
			c.warn("Classifier %s has no out-of-fold predictions in %s, and others are in part about prompts that it was fitted on: they are left out.", quote(name), side.what)
		}
	}
}

// tellMatch says why a classifier cannot be compared.
func (c *check) tellMatch(m *match) {
	for _, side := range c.sides() {
		if in := side.classifier(m.name); in == nil {
			c.fault(m.name, nil, "%s has no predictions of it%s", side.what, wording.DidYouMean(m.name, side.Classifiers()))
		} else if in.repeats == 2 {
			c.fault(m.name, nil, "%s has 2 repeats of each prompt, which show no spread: ask at least 3 times, or once where answers never vary", side.what)
		}
	}
	if m.base == nil || m.cand == nil {
		return
	}
	if (m.base.repeats == 1) != (m.cand.repeats == 1) {
		c.fault(m.name, nil, "one side has 1 repeat of each prompt, the other %d: ask both at least 3 times", max(m.base.repeats, m.cand.repeats))
	}
	for _, k := range []int{1, 0} {
		if ids := m.lack[k]; len(ids) > 0 {
			c.fault(m.name, ids, "%s lacks %s that the other side has: %s", c.names[k], wording.Plural(len(ids), "prompt"), wording.List(ids))
		}
	}
	for k, ids := range m.failed {
		if len(ids) > 0 {
			c.fault(m.name, ids, "%s has no answer to %s, and max_errors is %d: ask again, or raise it", c.names[k], wording.Plural(len(ids), "prompt"), c.rules.MaxErrors)
		}
	}
}
