package synth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/datasets"
)

// Bounds of a ladder.
const (
	MinRungs = 2
	MaxRungs = 8
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
// Where models stand alone their tiers are called as tiers says, of which there
// must be one a model; with no tiers given they are called as the models are.
func ParseLadder(text string, tiers []string) (Ladder, error) {
	if strings.TrimSpace(text) == "" {
		return nil, fmt.Errorf("ladder is empty: expected %d to %d rungs, cheapest first, such as T1=small-model,T2=large-model", MinRungs, MaxRungs)
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
	case named == 0 && tiers != nil && len(tiers) != len(l):
		return nil, fmt.Errorf("ladder: %d models for %d tiers (%s): expected one a tier, or TIER=MODEL", len(l), len(tiers), strings.Join(tiers, ", "))
	case named == 0:
		for i := range l {
			if l[i].Tier = l[i].Model; tiers != nil {
				l[i].Tier = tiers[i]
			}
		}
	}
	return l, l.Validate()
}

// Validate tells what is wrong with the ladder: it has 2 to 8 rungs, and no
// tier and no model stands twice. NONE is no tier.
func (l Ladder) Validate() error {
	if len(l) < MinRungs || len(l) > MaxRungs {
		return fmt.Errorf("ladder: expected %d to %d rungs, found %d", MinRungs, MaxRungs, len(l))
	}
	for i, r := range l {
		switch {
		case r.Tier == "" || r.Model == "":
			return fmt.Errorf("ladder: rung %d needs a tier and a model", i+1)
		case r.Tier == datasets.Unlabelled:
			return fmt.Errorf("ladder: %s means that no model suffices: expected another name for rung %d", r.Tier, i+1)
		case slices.ContainsFunc(l[:i], func(o Rung) bool { return o.Tier == r.Tier }):
			return fmt.Errorf("ladder: tier %q stands twice", r.Tier)
		case slices.ContainsFunc(l[:i], func(o Rung) bool { return o.Model == r.Model }):
			return fmt.Errorf("ladder: model %q stands twice", r.Model)
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

// Models returns the models, cheapest first.
func (l Ladder) Models() []string {
	names := make([]string, len(l))
	for i, r := range l {
		names[i] = r.Model
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

// nearest returns the known name that shares the largest part of name's pairs
// of neighbouring letters, without regard to case, if that is at least half of
// them; else the empty string. Unlike an edit distance it finds a model by a
// part of its name. Ties go to the shorter name, then to the first.
func nearest(name string, known []string) string {
	pairs := letterPairs(name)
	best, most := "", len(pairs)/2
	for _, k := range known {
		shared := 0
		other := letterPairs(k)
		for p := range pairs {
			if other[p] {
				shared++
			}
		}
		if shared > 0 && (shared > most || shared == most && (best == "" || len(k) < len(best))) {
			best, most = k, shared
		}
	}
	return best
}

func letterPairs(s string) map[[2]rune]bool {
	letters := []rune(strings.ToLower(s))
	pairs := map[[2]rune]bool{}
	for i := 1; i < len(letters); i++ {
		pairs[[2]rune(letters[i-1:i+1])] = true
	}
	return pairs
}
