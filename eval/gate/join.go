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
	domain   []string // of each prompt of base
	length   []string
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
	c.match()
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

// match finds each prompt of the baseline in the candidate. Both are sorted.
func (c *check) match() {
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
func (c *check) described(what string, base, cand []string) []string {
	differ, alone := 0, 0
	for i, j := range c.other {
		switch {
		case j < 0 || base[i] == cand[j] || cand[j] == "":
		case base[i] == "":
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
func (c *check) group(names []string) {
	c.unit = make([]int32, len(names))
	number := map[string]int32{}
	for i, name := range names {
		n, seen := number[name]
		if !seen || name == "" {
			n = int32(c.units)
			c.units++
			number[name] = n
		}
		c.unit[i] = n
	}
}

// pairs matches the gated classifiers, in the order of their names.
func (c *check) pairs() []*pair {
	names := slices.Clone(c.rules.Classifiers)
	if len(names) == 0 {
		names = c.base.Classifiers()
		for _, name := range c.cand.Classifiers() {
			if c.base.column(name) == nil {
				c.warn("Classifier %s is not gated: the baseline has none of that name.", quote(name))
			}
		}
	}
	c.warnUnfolded()
	slices.Sort(names)
	tiers := c.base.source.Tiers.Len()
	c.draws = c.rules.draws(len(names) * (1 + len(c.slices) + len(c.rules.further()) + tiers + len(c.rules.Floors)))
	var out []*pair
	for _, name := range names {
		before := len(c.faults)
		p := c.pair(name)
		if len(c.faults) == before {
			out = append(out, p)
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

// pair matches one classifier, or says why that cannot be.
func (c *check) pair(name string) *pair {
	p := &pair{check: c, name: name, base: c.base.column(name), cand: c.cand.column(name)}
	for _, side := range c.sides() {
		if in := side.column(name); in == nil {
			c.fault(name, nil, "%s has no predictions of it%s", side.what, wording.DidYouMean(name, side.Classifiers()))
		} else if in.repeats == 2 {
			c.fault(name, nil, "%s has 2 repeats of each prompt, which show no spread: ask at least 3 times, or once where answers never vary", side.what)
		}
	}
	if p.base == nil || p.cand == nil {
		return p
	}
	if (p.base.repeats == 1) != (p.cand.repeats == 1) {
		c.fault(name, nil, "one side has 1 repeat of each prompt, the other %d: ask both at least 3 times", max(p.base.repeats, p.cand.repeats))
	}
	baseIDs, candIDs := p.base.ids(c.base), p.cand.ids(c.cand)
	for _, side := range []struct {
		what string
		ids  []string
	}{{c.names[1], without(baseIDs, candIDs)}, {c.names[0], without(candIDs, baseIDs)}} {
		if len(side.ids) > 0 {
			c.fault(name, side.ids, "%s lacks %s that the other side has: %s", side.what, wording.Plural(len(side.ids), "prompt"), wording.List(side.ids))
		}
	}
	for _, side := range c.sides() {
		failed := side.column(name).failures(side.Side)
		if n := len(failed); n > c.rules.MaxErrors {
			c.fault(name, failed, "%s has no answer to %s, and max_errors is %d: ask again, or raise it", side.what, wording.Plural(n, "prompt"), c.rules.MaxErrors)
		}
	}
	return p
}

func (c *column) ids(of *Side) []string {
	out := make([]string, len(c.prompts))
	for i, p := range c.prompts {
		out[i] = of.ids[p]
	}
	return out
}

// failures are the prompts of which any repeat has no answer.
func (c *column) failures(of *Side) []string {
	var out []string
	for i, p := range c.prompts {
		if slices.Contains(c.failed[i*c.repeats:(i+1)*c.repeats], true) {
			out = append(out, of.ids[p])
		}
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
