package logs

import (
	"cmp"
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/datasets"
)

// DrawSettings say what is drawn.
type DrawSettings struct {
	N    int    // requests, at least 2 for each stratum
	Seed uint64 // another seed draws others

	// Near is how far from a threshold a score, or from the margin the lead of the
	// highest, is near it.
	Near float64

	// Threshold of the score, where there is no artifact; nil: none.
	Threshold *float64
}

// Check returns an error unless requests can be drawn.
func (s DrawSettings) Check() error {
	switch least := 2 * len(strata()); {
	case s.N < least || s.N > MaxDraws:
		return fmt.Errorf("number of requests: expected %d to %d, found %d", least, MaxDraws, s.N)
	case !(s.Near >= 0 && s.Near <= maxScore):
		return fmt.Errorf("distance that is near: expected 0 or more, found %g", s.Near)
	}
	return nil
}

// MaxDraws is how many requests are drawn at most.
const MaxDraws = 100_000

// maxText is the longest text that is written, in bytes of JSON.
const maxText = 1 << 18

// Draws are requests to label.
type Draws struct {
	Strata []Stratum

	// Rows are in the order of the log. Where the log has no texts the ids are those
	// of its msg_hash, and else the first 12 hex digits of the text's SHA-256.
	Rows []datasets.Draw

	// Prompts has each text once, unlabelled, in the order of its first draw.
	Prompts []datasets.Prompt

	Textless int // draws without a text, or one that is too long
	Unrouted int // draws of which the log does not tell the tier that was chosen first
}

// Draw reads the logs once more and draws requests at random from each stratum,
// so that weighing each draw by the requests that it stands for gives unbiased
// sums over the log (Horvitz and Thompson 1952). A quarter of the draws falls to
// each stratum; what a stratum does not have falls to the others. seen is the
// log's tally and drift its comparison, without which no score has drifted. Memory
// is bounded by four times the draws' texts.
func (t *Tally) Draw(ctx context.Context, sources []Source, drift *Drift, s DrawSettings) (*Draws, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	d := drawer{DrawSettings: s, tally: newTally(t.reader), bins: t.drift, drifted: t.driftedBins(drift)}
	for i := range d.strata {
		d.strata[i].most = s.N
	}
	err := t.reader.scan(ctx, sources, func(b *block) error {
		if b.unread != nil {
			return fmt.Errorf("%s: %w", b.file, b.unread)
		}
		d.tally.unrepeated(b)
		for i := range b.records {
			d.take(b, &b.records[i])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if int(d.ordinal) != t.all.requests {
		return nil, fmt.Errorf("the log has changed while it was read: %d requests, then %d: draw from files that are closed", t.all.requests, d.ordinal)
	}
	return d.draws(), nil
}

// A drawer draws.
type drawer struct {
	DrawSettings
	tally   *Tally      // for repeated lines
	bins    *driftTally // of scores; nil: there is no artifact
	drifted []bool      // by bin; nil: none has
	ordinal uint64
	strata  [4]pool
}

// A pool has the requests of the lowest priorities of a stratum, the highest of
// them on top.
type pool struct {
	most, requests int
	kept           []kept
}

type kept struct {
	priority, ordinal uint64
	datasets.Draw
	text string
}

func (p pool) Len() int           { return len(p.kept) }
func (p pool) Less(i, j int) bool { return p.kept[i].priority > p.kept[j].priority }
func (p pool) Swap(i, j int)      { p.kept[i], p.kept[j] = p.kept[j], p.kept[i] }
func (p *pool) Push(x any)        { p.kept = append(p.kept, x.(kept)) }
func (p *pool) Pop() any {
	last := p.kept[len(p.kept)-1]
	p.kept = p.kept[:len(p.kept)-1]
	return last
}

func (d *drawer) take(b *block, r *record) {
	d.ordinal++
	stratum := d.stratum(r)
	p := &d.strata[stratum]
	p.requests++
	priority := mix64(mix64(d.Seed) ^ d.ordinal)
	if len(p.kept) == p.most && priority >= p.kept[0].priority {
		return
	}
	k := kept{priority: priority, ordinal: d.ordinal, Draw: d.row(b, r)}
	k.Stratum = strata()[stratum]
	if r.prompt.to-r.prompt.from <= maxText {
		k.text = string(textOf(b, r.prompt))
	}
	if k.text != "" {
		k.ID = textID(k.text)
	}
	if len(p.kept) < p.most {
		heap.Push(p, k)
		return
	}
	p.kept[0] = k
	heap.Fix(p, 0)
}

// row is what a draw says of a request. Its id is the logged hash, else its place.
func (d *drawer) row(b *block, r *record) datasets.Draw {
	row := datasets.Draw{File: b.file, Line: datasets.Known(r.line), ID: strings.ToLower(string(shortened(textOf(b, r.hash))))}
	if row.ID == "" {
		row.ID = fmt.Sprintf("%s:%d", b.file, r.line)
	}
	if r.feature >= 0 {
		row.Feature = b.features[r.feature]
	}
	if tier := r.first(); tier != noTier {
		row.Routed = d.tally.reader.Tiers.Name(int(tier))
	}
	return row
}

// draws gives each stratum its part and weighs the requests.
func (d *drawer) draws() *Draws {
	out := &Draws{}
	var sizes []int
	for i := range d.strata {
		sizes = append(sizes, d.strata[i].requests)
	}
	parts := allot(d.N, sizes)
	var rows []kept
	for i, name := range strata() {
		p := &d.strata[i]
		slices.SortFunc(p.kept, func(a, b kept) int { return cmp.Compare(a.priority, b.priority) })
		out.Strata = append(out.Strata, Stratum{name, p.requests, parts[i]})
		for _, k := range p.kept[:parts[i]] {
			k.Weight = float64(p.requests) / float64(parts[i])
			rows = append(rows, k)
		}
	}
	slices.SortFunc(rows, func(a, b kept) int { return cmp.Compare(a.ordinal, b.ordinal) })
	texts := map[string]bool{}
	for _, k := range rows {
		out.Rows = append(out.Rows, k.Draw)
		if k.Routed == "" {
			out.Unrouted++
		}
		switch {
		case k.text == "":
			out.Textless++
		case !texts[k.ID]:
			texts[k.ID] = true
			out.Prompts = append(out.Prompts, datasets.Prompt{ID: k.ID, Text: k.text, Domain: k.Feature, Source: fmt.Sprintf("%s:%d", k.File, k.Line.Value)})
		}
	}
	return out
}

// FindTexts looks for the texts of draws that have none among prompts, by the
// first hex digits of their SHA-256, which are the draws' ids where the log has them
// as msg_hash, 12 of them or another number. What it finds becomes part of Prompts, labels included, under
// these ids. scan visits the prompts.
func (d *Draws) FindTexts(scan func(visit func(*datasets.Prompt) error) error) error {
	have := map[string]bool{}
	for _, p := range d.Prompts {
		have[p.ID] = true
	}
	missing := map[string]*datasets.Prompt{}
	lengths := map[int]bool{}
	for _, row := range d.Rows {
		if n := len(row.ID); !have[row.ID] && n <= 2*sha256.Size {
			missing[row.ID] = nil
			lengths[n] = true
		}
	}
	if err := scan(func(p *datasets.Prompt) error {
		whole := sha256.Sum256([]byte(p.Text))
		digits := hex.EncodeToString(whole[:])
		for n := range lengths {
			if found, wanted := missing[digits[:n]]; wanted && found == nil {
				found := *p
				found.ID = digits[:n]
				missing[digits[:n]] = &found
			}
		}
		return nil
	}); err != nil {
		return err
	}
	d.Textless = 0
	for _, row := range d.Rows {
		switch p := missing[row.ID]; {
		case have[row.ID]:
		case p == nil:
			d.Textless++
		default:
			have[row.ID] = true
			d.Prompts = append(d.Prompts, *p)
		}
	}
	return nil
}

// textID is the id of a text: the msg_hash that routers log.
func textID(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}
