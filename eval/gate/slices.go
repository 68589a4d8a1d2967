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
	known := map[string][]string{Domain: distinct(c.base.domain), Length: distinct(c.base.length)}
	for k, name := range c.base.source.Tiers.Names() {
		if c.base.truths[k] {
			known[Tier] = append(known[Tier], name)
		}
	}
	return known
}

// members tells which of the pair's prompts are in a slice.
func (p *pair) members(s Slice) func(e entry) bool {
	switch s.Kind {
	case Tier:
		k, _ := p.check.base.source.Tiers.Index(s.Name)
		return func(e entry) bool { return e.truth() == int8(k) }
	case Length:
		k, ok := p.check.base.length.Find(s.Name)
		return func(e entry) bool { return ok && e.length() == k }
	}
	k, ok := p.check.base.domain.Find(s.Name)
	return func(e entry) bool { return ok && e.domain() == k }
}
