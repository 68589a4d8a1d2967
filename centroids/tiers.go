package centroids

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a tier list.
const (
	MinTiers       = 2
	MaxTiers       = 8
	maxTierNameLen = 64
)

// Unlabelled is the tier name that files use for "no tier is known or none
// suffices". It can therefore not name a tier.
const Unlabelled = "NONE"

// Tiers is an immutable list of tier names, cheapest first. The zero value has
// no tiers; make others with [NewTiers].
type Tiers struct {
	names []string
}

// NewTiers returns the tiers with the given names, cheapest first. There must
// be 2 to 8 distinct names of at most 64 bytes. A name is printable, without
// spaces at its ends, and without a dot, which tensor names of the artifact
// reserve; NONE and __metadata__ are reserved too.
func NewTiers(names ...string) (Tiers, error) {
	if len(names) < MinTiers || len(names) > MaxTiers {
		return Tiers{}, fmt.Errorf("tiers: expected %d to %d names, found %d", MinTiers, MaxTiers, len(names))
	}
	for i, name := range names {
		if reason := tierNameFault(name); reason != "" {
			return Tiers{}, fmt.Errorf("tiers: name %d (%q) %s", i+1, name, reason)
		}
		if slices.Contains(names[:i], name) {
			return Tiers{}, fmt.Errorf("tiers: %q stands twice", name)
		}
	}
	return Tiers{names: slices.Clone(names)}, nil
}

// DefaultTiers returns SIMPLE < MEDIUM < COMPLEX < FRONTIER.
func DefaultTiers() Tiers {
	return Tiers{names: []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}}
}

func tierNameFault(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > maxTierNameLen:
		return fmt.Sprintf("is longer than %d bytes", maxTierNameLen)
	case name == Unlabelled || name == metadataKey:
		return "is reserved"
	case strings.Contains(name, "."):
		return "has a dot, which tensor names reserve"
	case !utf8.ValidString(name):
		return "is not valid UTF-8"
	case strings.TrimSpace(name) != name:
		return "has spaces at its ends"
	case !printable(name):
		return "has a character that cannot be printed"
	}
	return ""
}

// printable tells whether s can be shown on a terminal as it is.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Len returns the number of tiers.
func (t Tiers) Len() int { return len(t.names) }

// Name returns the name of tier i, 0 being the cheapest.
func (t Tiers) Name(i int) string { return t.names[i] }

// Names returns a copy of the names, cheapest first.
func (t Tiers) Names() []string { return slices.Clone(t.names) }

// Index returns the position of a name. Names are compared exactly.
func (t Tiers) Index(name string) (int, bool) {
	i := slices.Index(t.names, name)
	return i, i >= 0
}

// Fallback returns the tier for requests that no rule could place: MEDIUM if
// there is one, else the second cheapest.
func (t Tiers) Fallback() int {
	if i, ok := t.Index("MEDIUM"); ok {
		return i
	}
	return 1
}
