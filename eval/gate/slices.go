package gate

import (
	"slices"

	"github.com/routeproof/routeproof/internal/wording"
)

// findSlices puts the names there are for "*", and refuses slices that no prompt
// is in.
func (c *check) findSlices() {
	known := c.sliceNames()
	find := func(s Slice) []Slice {
		if s.Name != "*" {
			if !slices.Contains(known[s.Kind], s.Name) {
				c.fault("", nil, "no prompt is of the gated %s %s%s", s.Kind, quote(s.Name), wording.DidYouMean(s.Name, known[s.Kind]))
			}
			return []Slice{s}
		}
		if len(known[s.Kind]) == 0 {
			c.fault("", nil, "no prompt has a %s, and each is gated", s.Kind)
		}
		var out []Slice
		for _, name := range known[s.Kind] {
			out = append(out, Slice{s.Kind, name})
		}
		return out
	}
	for _, s := range c.rules.Slices {
		for _, found := range find(s) {
			if !slices.Contains(c.slices, found) {
				c.slices = append(c.slices, found)
			}
		}
	}
	var floors []Floor
	for _, f := range c.rules.Floors {
		if f.Slice == nil {
			floors = append(floors, f)
			continue
		}
		for _, found := range find(*f.Slice) {
			floors = append(floors, Floor{Metric: f.Metric, Slice: &found, Value: f.Value})
		}
	}
	c.rules.Floors = floors
}

// sliceNames are the names there are of each kind of slice.
func (c *check) sliceNames() map[string][]string {
	known := map[string][]string{Domain: distinct(c.base.domain, nil), Length: distinct(c.base.length, c.base.lengths)}
	for k, name := range c.base.source.Tiers.Names() {
		if c.base.truths[k] {
			known[Tier] = append(known[Tier], name)
		}
	}
	return known
}

// sliced says by number which domains and lengths are looked at; nil: none.
type sliced struct{ domains, lengths []bool }

// slice notes what slices are about.
func (c *check) slice() {
	if !c.gates {
		c.sliced = sliced{slices.Repeat([]bool{true}, c.base.domain.Len()), slices.Repeat([]bool{true}, c.base.length.Len())}
		return
	}
	all := slices.Clone(c.slices)
	for _, f := range c.rules.Floors {
		if f.Slice != nil {
			all = append(all, *f.Slice)
		}
	}
	for _, s := range all {
		of, names := &c.sliced.domains, c.base.domain
		switch s.Kind {
		case Tier:
			continue
		case Length:
			of, names = &c.sliced.lengths, c.base.length
		}
		if *of == nil {
			*of = make([]bool, names.Len())
		}
		if k, ok := names.Find(s.Name); ok {
			(*of)[k] = true
		}
	}
}

// members are the pair's prompts that are in a slice.
func (p *pair) members(s Slice) part {
	labelled, names := p.domains, p.check.base.domain
	switch s.Kind {
	case Tier:
		k, _ := p.check.base.source.Tiers.Index(s.Name)
		return part{&p.groups, func(e entry) bool { return e.truth() == int8(k) }}
	case Length:
		labelled, names = p.lengths, p.check.base.length
	}
	if k, ok := names.Find(s.Name); ok && labelled[k] != nil {
		return part{of: labelled[k]}
	}
	return part{of: new(table)}
}
