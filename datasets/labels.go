package datasets

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/internal/spill"
	"github.com/routeproof/routeproof/internal/wording"
)

// Labels looks for prompts whose labels are doubtful. What it finds does not
// depend on the order of the prompts. The labels of 8 MiB of texts, 16 bytes, tier and id
// each, are in memory, and others in a temporary file until it is closed. The zero value
// is ready.
type Labels struct {
	blank  int
	rows   spill.Sorter // hash of a labelled text, its tier and id
	record []byte       // room for one
}

// shownIDs is how many ids are kept of a text, as no more are told.
const shownIDs = 10

// Add takes in a prompt.
func (l *Labels) Add(p *Prompt) error {
	if strings.TrimSpace(p.Text) == "" {
		l.blank++
		return nil
	}
	if p.Tier == "" {
		return nil
	}
	text := textHash(p.Text)
	l.record = append(l.record[:0], text[:]...)
	l.record = append(appendName(l.record, p.Tier), p.ID...)
	l.rows.Limit, l.rows.What = sortedBytes, "labels of texts"
	return l.rows.Add(l.record)
}

func firstIDs(ids []string) []string {
	slices.Sort(ids)
	return ids[:min(len(ids), shownIDs)]
}

// labelled are the prompts of one text.
type labelled struct {
	text, tier []byte // of the first
	differ     bool   // in their tiers
	n          int
	ids        []string // the first in order, at most shownIDs
}

// Warnings tells of blank texts, and of texts that got more than one tier.
// Texts are equal where they are but for case and white space; blank ones have
// nothing to be equal in. Its time is O(n log n).
func (l *Labels) Warnings() ([]string, error) {
	var warnings []string
	if l.blank > 0 {
		warnings = append(warnings, fmt.Sprintf("%d prompts are blank", l.blank))
	}
	texts, prompts := 0, 0
	var ids []string
	var of labelled
	end := func() {
		if of.differ {
			texts++
			prompts += of.n
			ids = firstIDs(append(ids, of.ids...))
		}
		of = labelled{text: of.text[:0], tier: of.tier[:0], ids: of.ids[:0]}
	}
	for record, err := range l.rows.All() {
		if err != nil {
			return nil, err
		}
		text, rest := record[:16], record[16:]
		length, n := binary.Uvarint(rest)
		tier, id := rest[n:n+int(length)], rest[n+int(length):]
		if of.n > 0 && !bytes.Equal(of.text, text) {
			end()
		}
		if of.n == 0 {
			of.text, of.tier = append(of.text, text...), append(of.tier, tier...)
		}
		of.n++
		of.differ = of.differ || !bytes.Equal(of.tier, tier)
		if len(of.ids) < shownIDs || string(id) < of.ids[shownIDs-1] {
			of.ids = firstIDs(append(of.ids, string(id)))
		}
	}
	end()
	if texts > 0 {
		more := ""
		if n := prompts - len(ids); n > 0 {
			more = fmt.Sprintf(" and %d more", n)
		}
		warnings = append(warnings, fmt.Sprintf("texts with more than one tier: %d (prompts %s%s)", texts, wording.List(ids), more))
	}
	return warnings, nil
}

// Close gives up what was taken in.
func (l *Labels) Close() error { return l.rows.Close() }
