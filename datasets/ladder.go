package datasets

import (
	"fmt"
	"slices"
	"strings"
)

// Bounds of a ladder.
const (
	MinRungs = 2
	MaxRungs = 8

	MaxModels = 64 // of ParseModels
)

// A Rung is a tier and the model that serves it.
type Rung struct {
	Tier  string
	Model string
}

// A Ladder is a list of rungs, cheapest first.
type Ladder []Rung

// ParseLadder reads a ladder as flags have it: rungs with commas between them,
// cheapest first, each TIER=MODEL or, all of them, MODEL alone. Space around
// names counts nothing. A tier ends at the first "=", so that a model's name
// may hold one; it cannot hold a comma.
//
// Where models stand alone, their tiers are called as they are.
func ParseLadder(text string) (Ladder, error) { return parseLadder(text, MaxRungs) }

// ParseModels reads a ladder as [ParseLadder] does, of up to [MaxModels] rungs:
// for what needs no tiers of its own.
func ParseModels(text string) (Ladder, error) { return parseLadder(text, MaxModels) }

func parseLadder(text string, most int) (Ladder, error) {
	if strings.TrimSpace(text) == "" {
		return nil, fmt.Errorf("ladder is empty: expected %d to %d rungs, cheapest first, such as T1=small-model,T2=large-model", MinRungs, most)
	}
	var l Ladder
	named := 0
	for part := range strings.SplitSeq(text, ",") {
		tier, model, found := strings.Cut(part, "=")
		if !found {
			tier, model = "", part
		} else {
			named++
		}
		r := Rung{Tier: strings.TrimSpace(tier), Model: strings.TrimSpace(model)}
		switch n := len(l) + 1; {
		case r.Model == "" && found:
			return nil, fmt.Errorf("ladder: rung %d (%q) names no model: expected TIER=MODEL", n, strings.TrimSpace(part))
		case r.Model == "":
			return nil, fmt.Errorf("ladder: rung %d is empty: expected a model between two commas", n)
		case found && r.Tier == "":
			return nil, fmt.Errorf("ladder: rung %d (%q) names no tier: expected TIER=MODEL", n, strings.TrimSpace(part))
		}
		l = append(l, r)
	}
	switch {
	case named != 0 && named != len(l):
		return nil, fmt.Errorf("ladder: %d of %d rungs name a tier: expected TIER=MODEL for all or MODEL for all", named, len(l))
	case named == 0:
		for i := range l {
			l[i].Tier = l[i].Model
		}
	}
	return l, l.validate(most)
}

// Validate tells what is wrong with the ladder: it has 2 to 8 rungs, and no
// tier and no model stands twice. NONE is no tier.
func (l Ladder) Validate() error { return l.validate(MaxRungs) }

func (l Ladder) validate(most int) error {
	if len(l) < MinRungs || len(l) > most {
		return fmt.Errorf("ladder: expected %d to %d rungs, found %d", MinRungs, most, len(l))
	}
	for i, r := range l {
		switch {
		case r.Tier == "" || r.Model == "":
			return fmt.Errorf("ladder: rung %d needs a tier and a model", i+1)
		case r.Tier == Unlabelled:
			return fmt.Errorf("ladder: %s means that no model suffices: expected another name for rung %d", r.Tier, i+1)
		case slices.ContainsFunc(l[:i], func(o Rung) bool { return o.Model == r.Model }):
			return fmt.Errorf("ladder: model %q stands twice", r.Model)
		case slices.ContainsFunc(l[:i], func(o Rung) bool { return o.Tier == r.Tier }):
			return fmt.Errorf("ladder: tier %q stands twice", r.Tier)
		}
	}
	return nil
}

// Tiers returns the tiers, cheapest first.
func (l Ladder) Tiers() []string {
	names := make([]string, len(l))
	for i, r := range l {
		names[i] = r.Tier
	}
	return names
}

// String returns the ladder as [ParseLadder] reads it.
func (l Ladder) String() string {
	parts := make([]string, len(l))
	for i, r := range l {
		parts[i] = r.Tier + "=" + r.Model
	}
	return strings.Join(parts, ",")
}
