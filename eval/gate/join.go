package gate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/internal/wording"
)

// check is a comparison under way.
type check struct {
	base, cand *Side
	names      [2]string // of base and cand, in messages
	gates      bool      // it decides, else it informs
	rules      Rules
	costs      *Costs // nil where unknown, and then
	unpriced   string // says why

	other    []int32 // place in cand of each prompt of base; −1 where it has none
	unit     []int32 // the group of each prompt of base, from 0
	units    int
	domain   labels // of the prompts of base
	length   labels
	slices   []Slice
	draws    int // of permutations
	faults   []Fault
	warnings []string
}

// A namedSide is a side under the name that messages have for it.
type namedSide struct {
	what string
	*Side
}

func (c *check) sides() []namedSide {
	return []namedSide{{c.names[0], c.base}, {c.names[1], c.cand}}
}

func (c *check) fault(classifier string, ids []string, format string, args ...any) {
	c.faults = append(c.faults, Fault{Classifier: classifier, IDs: ids, Why: fmt.Sprintf(format, args...)})
}

func (c *check) warn(format string, args ...any) {
	c.warnings = append(c.warnings, fmt.Sprintf(format, args...))
}

// join matches the sides' prompts and finds everything that makes the verdict
// invalid as a whole.
func (c *check) join() {
	for _, side := range c.sides() {
		if side.Side == nil || len(side.ids) == 0 {
			c.fault("", nil, "%s has no predictions", side.what)
		}
	}
	if len(c.faults) > 0 {
		return
	}
	if !slices.Equal(c.base.source.Tiers.Names(), c.cand.source.Tiers.Names()) {
		c.fault("", nil, "the tiers differ: %s in %s, %s in %s", strings.Join(c.base.source.Tiers.Names(), ", "), c.names[0], strings.Join(c.cand.source.Tiers.Names(), ", "), c.names[1])
		return
	}
	if c.base.source.OutOfFold != c.cand.source.OutOfFold {
		with, without := c.names[0], c.names[1]
		if c.cand.source.OutOfFold {
			with, without = without, with
		}
		c.fault("", nil, "the predictions of the %s are out of fold, those of the %s are not, and may be about prompts that were fitted on: give the folder of a run, or predictions that have a fold", with, without)
	}
	c.hashes()
	c.findPrompts()
	c.labels()
	c.domain = c.described("domain", c.base.domain, c.cand.domain)
	c.length = c.described("length", c.base.length, c.cand.length)
	c.group(c.described("group", c.base.group, c.cand.group))
	c.findSlices()
	c.pricesKnown()
	if !c.gates {
		return
	}
	for _, r := range c.cand.source.Certificates {
		if why := r.fault(); why != "" {
			c.fault("", nil, "certificate %s: %s", quote(r.Certificate.Claim), why)
		}
	}
}

// hashes refuses sides that were made from different things. Prices are not
// among them: what they change is told apart.
func (c *check) hashes() {
	b, d := c.base.source.Hashes, c.cand.source.Hashes
	for _, h := range []struct{ what, base, cand string }{
		{"data sets", b.Dataset, d.Dataset}, {"labels", b.Label, d.Label}, {"splits", b.Split, d.Split},
	} {
		switch {
		case h.base == h.cand:
		case h.base == "" || h.cand == "":
			c.warn("The hash of the %s is known of one side only: that both had the same is told from ids and tiers alone.", h.what)
		default:
			mend := "run both on the same"
			if c.gates {
				mend += ", or move the baseline"
			}
			c.fault("", nil, "the %s differ by hash, %s in %s and %s in %s: %s", h.what, quote(h.base), c.names[0], quote(h.cand), c.names[1], mend)
		}
	}
}

// findPrompts finds each prompt of the baseline in the candidate. Both are sorted.
func (c *check) findPrompts() {
	c.other = make([]int32, len(c.base.ids))
	j := 0
	for i, id := range c.base.ids {
		for j < len(c.cand.ids) && c.cand.ids[j] < id {
			j++
		}
		c.other[i] = -1
		if j < len(c.cand.ids) && c.cand.ids[j] == id {
			c.other[i] = int32(j)
		}
	}
}

func (c *check) labels() {
	var changed []string
	for i, j := range c.other {
		if j >= 0 && c.base.truth[i] != c.cand.truth[j] {
			changed = append(changed, c.base.ids[i])
		}
	}
	if len(changed) > 0 {
		c.fault("", changed, "%s changed between the sides: %s", wording.Plural(len(changed), "true tier"), wording.List(changed))
	}
}

// described is what a text about prompts is: as the baseline has it, so that a
// candidate cannot describe prompts out of a gate.
func (c *check) described(what string, base, cand labels) labels {
	inBase := make([]int32, cand.names.Len()) // number there of the candidate's texts; −1 where it is in none
	for k := range inBase {
		inBase[k] = -1
		if number, ok := base.names.Find(cand.names.Name(k)); ok {
			inBase[k] = int32(number)
		}
	}
	differ, alone := 0, 0
	for i, j := range c.other {
		switch {
		case j < 0 || cand.of[j] == 0 || inBase[cand.of[j]] == base.of[i]:
		case base.of[i] == 0:
			alone++
		default:
			differ++
		}
	}
	if differ > 0 {
		c.warn("%s another %s in the %s: that of the %s counts.", haveOrHas(differ, "prompt"), what, c.names[1], c.names[0])
	}
	if alone > 0 {
		c.warn("%s a %s in the %s alone, which does not count: the %s has none.", haveOrHas(alone, "prompt"), what, c.names[1], c.names[0])
	}
	return base
}

func haveOrHas(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " has"
	}
	return wording.Plural(n, noun) + " have"
}

// group numbers the groups in the order of their first prompts. A prompt without
// one is its own.
func (c *check) group(groups labels) {
	c.unit = make([]int32, len(groups.of))
	number := slices.Repeat([]int32{-1}, groups.names.Len())
	for i, name := range groups.of {
		if n := number[name]; n >= 0 && name != 0 {
			c.unit[i] = n
			continue
		}
		c.unit[i], number[name] = int32(c.units), int32(c.units)
		c.units++
	}
}

// pairs matches the gated classifiers, in the order of their names.
func (c *check) pairs() []*match {
	names := slices.Clone(c.rules.Classifiers)
	if len(names) == 0 {
		names = c.base.Classifiers()
		for _, name := range c.cand.Classifiers() {
			if c.base.stored(name) == nil {
				c.warn("Classifier %s is not gated: the baseline has none of that name.", quote(name))
			}
		}
	}
	c.warnUnfolded()
	slices.Sort(names)
	tiers := c.base.source.Tiers.Len()
	c.draws = c.rules.draws(len(names) * (1 + len(c.slices) + len(c.rules.further()) + tiers + len(c.rules.Floors)))
	var out []*match
	for _, name := range names {
		before := len(c.faults)
		m := c.match(name)
		if len(c.faults) == before {
			out = append(out, m)
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

// match is one classifier on both sides, whose decisions are not in memory yet.
type match struct {
	*check
	name       string
	base, cand *stored
}

// match matches one classifier, or says why that cannot be.
func (c *check) match(name string) *match {
	m := &match{check: c, name: name, base: c.base.stored(name), cand: c.cand.stored(name)}
	for _, side := range c.sides() {
		if in := side.stored(name); in == nil {
			c.fault(name, nil, "%s has no predictions of it%s", side.what, wording.DidYouMean(name, side.Classifiers()))
		} else if in.repeats == 2 {
			c.fault(name, nil, "%s has 2 repeats of each prompt, which show no spread: ask at least 3 times, or once where answers never vary", side.what)
		}
	}
	if m.base == nil || m.cand == nil {
		return m
	}
	if (m.base.repeats == 1) != (m.cand.repeats == 1) {
		c.fault(name, nil, "one side has 1 repeat of each prompt, the other %d: ask both at least 3 times", max(m.base.repeats, m.cand.repeats))
	}
	if !m.samePrompts() {
		baseIDs, candIDs := c.base.named(m.base.prompts), c.cand.named(m.cand.prompts)
		for _, side := range []struct {
			what string
			ids  []string
		}{{c.names[1], without(baseIDs, candIDs)}, {c.names[0], without(candIDs, baseIDs)}} {
			if len(side.ids) > 0 {
				c.fault(name, side.ids, "%s lacks %s that the other side has: %s", side.what, wording.Plural(len(side.ids), "prompt"), wording.List(side.ids))
			}
		}
	}
	for _, side := range c.sides() {
		if failed := side.stored(name).failed; len(failed) > c.rules.MaxErrors {
			c.fault(name, side.named(failed), "%s has no answer to %s, and max_errors is %d: ask again, or raise it", side.what, wording.Plural(len(failed), "prompt"), c.rules.MaxErrors)
		}
	}
	return m
}

// samePrompts tells whether both sides have predictions of the same prompts.
func (m *match) samePrompts() bool {
	if len(m.base.prompts) != len(m.cand.prompts) {
		return false
	}
	for i, at := range m.base.prompts {
		if m.other[at] != m.cand.prompts[i] {
			return false
		}
	}
	return true
}

// load reads the decisions on both sides.
func (m *match) load() (*pair, error) {
	inBase, inCand := m.common()
	p := &pair{check: m.check, name: m.name}
	var err error
	if p.base, err = m.check.base.load(m.base, inBase); err != nil {
		return nil, err
	}
	if p.cand, err = m.check.cand.load(m.cand, inCand); err != nil {
		return nil, err
	}
	p.prepare()
	return p, nil
}

// common returns the places of the prompts that both sides have with the same true
// tier; nil where these are all.
func (m *match) common() (inBase, inCand []int32) {
	sameTruth := func(i, j int) bool {
		return m.check.base.truth[m.base.prompts[i]] == m.check.cand.truth[m.cand.prompts[j]]
	}
	n := len(m.base.prompts)
	if m.samePrompts() {
		all := 0
		for all < n && sameTruth(all, all) {
			all++
		}
		if all == n {
			return nil, nil
		}
	}
	inBase, inCand = make([]int32, 0, n), make([]int32, 0, n)
	j := 0
	for i, at := range m.base.prompts {
		to := m.other[at]
		for j < len(m.cand.prompts) && m.cand.prompts[j] < to {
			j++
		}
		if j < len(m.cand.prompts) && m.cand.prompts[j] == to && sameTruth(i, j) {
			inBase, inCand = append(inBase, int32(i)), append(inCand, int32(j))
		}
	}
	return inBase, inCand
}

// named returns the ids of prompts.
func (s *Side) named(prompts []int32) []string {
	out := make([]string, len(prompts))
	for i, p := range prompts {
		out[i] = s.ids[p]
	}
	return out
}

// without returns what of a is not in b; both are sorted.
func without(a, b []string) []string {
	var out []string
	j := 0
	for _, id := range a {
		for j < len(b) && cmp.Less(b[j], id) {
			j++
		}
		if j == len(b) || b[j] != id {
			out = append(out, id)
		}
	}
	return out
}
