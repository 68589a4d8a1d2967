package datasets

import (
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/internal/wording"
)

// Labels looks for prompts whose labels are doubtful. What it finds does not
// depend on the order of the prompts. The zero value is ready.
type Labels struct {
	blank int
	first map[[16]byte]label     // of each labelled text
	again map[[16]byte]*labelled // of each that came more than once
}

type label struct{ tier, id string }

// labelled are the prompts of one text.
type labelled struct {
	differ bool // in their tiers
	n      int
	ids    []string // the first in order, at most shownIDs
}

// shownIDs is how many ids are kept of a text, as no more are told.
const shownIDs = 10

// Add takes in a prompt.
func (l *Labels) Add(p *Prompt) {
	if strings.TrimSpace(p.Text) == "" {
		l.blank++
		return
	}
	if p.Tier == "" {
		return
	}
	if l.first == nil {
		l.first, l.again = map[[16]byte]label{}, map[[16]byte]*labelled{}
	}
	text := textHash(p.Text)
	first, seen := l.first[text]
	if !seen {
		l.first[text] = label{p.Tier, p.ID}
		return
	}
	of := l.again[text]
	if of == nil {
		of = &labelled{n: 1, ids: []string{first.id}}
		l.again[text] = of
	}
	of.n++
	of.differ = of.differ || p.Tier != first.tier
	of.ids = firstIDs(append(of.ids, p.ID))
}

func firstIDs(ids []string) []string {
	slices.Sort(ids)
	return ids[:min(len(ids), shownIDs)]
}

// Warnings tells of blank texts, and of texts that got more than one tier.
// Texts are equal where they are but for case and white space; blank ones have
// nothing to be equal in.
func (l *Labels) Warnings() []string {
	var warnings []string
	if l.blank > 0 {
		warnings = append(warnings, fmt.Sprintf("%d prompts are blank", l.blank))
	}
	texts, prompts := 0, 0
	var ids []string
	for _, of := range l.again {
		if of.differ {
			texts++
			prompts += of.n
			ids = firstIDs(append(ids, of.ids...))
		}
	}
	if texts > 0 {
		more := ""
		if n := prompts - len(ids); n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		warnings = append(warnings, fmt.Sprintf("texts with more than one tier: %d (prompts %s%s)", texts, wording.List(ids), more))
	}
	return warnings
}
