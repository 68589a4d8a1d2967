package datasets

import (
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/internal/wording"
)

// Labels looks for prompts whose labels are doubtful. What it finds does not
// depend on the order of the prompts. It takes some 40 bytes a labelled text, and
// its id. The zero value is ready.
type Labels struct {
	blank int
	texts *firsts           // numbers labelled texts, from 1
	first labels            // the label with which each came first
	again map[int]*labelled // of each that came more than once
}

// labels are tiers and ids side by side.
type labels struct {
	names  []string // of the tiers, as they came
	number map[string]uint32
	tiers  []uint32 // numbers of names
	ids    []byte
	ends   []int64 // of each id
}

func (l *labels) add(tier, id string) {
	k, known := l.number[tier]
	if !known {
		if l.number == nil {
			l.number = map[string]uint32{}
		}
		k = uint32(len(l.names))
		l.names, l.number[tier] = append(l.names, tier), k
	}
	l.tiers, l.ids = append(l.tiers, k), append(l.ids, id...)
	l.ends = append(l.ends, int64(len(l.ids)))
}

func (l *labels) id(i int) string {
	start := int64(0)
	if i > 0 {
		start = l.ends[i-1]
	}
	return string(l.ids[start:l.ends[i]])
}

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
	if l.texts == nil {
		l.texts, l.again = newFirsts(), map[int]*labelled{}
	}
	text := textHash(p.Text)
	number := l.texts.add(text[:], len(l.first.tiers)+1)
	if number == 0 {
		l.first.add(p.Tier, p.ID)
		return
	}
	i := number - 1
	of := l.again[i]
	if of == nil {
		of = &labelled{n: 1, ids: []string{l.first.id(i)}}
		l.again[i] = of
	}
	of.n++
	of.differ = of.differ || p.Tier != l.first.names[l.first.tiers[i]]
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
