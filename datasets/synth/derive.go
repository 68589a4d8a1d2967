package synth

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/wording"
)

// ErrModel is the error of a ladder with a model that has no outcomes.
var ErrModel = errors.New("ladder model without outcomes")

// A Derived is what outcomes say of prompts' tiers.
type Derived struct {
	Prompts  []datasets.Prompt // with id, text, tier and domain, in the order of their first rows
	PerTier  []int             // how many prompts have each of the ladder's tiers
	None     int               // how many no model answered right: unlabelled
	LeftOut  LeftOut
	Warnings []string
}

// LeftOut counts the prompts that got neither a tier nor NONE. A prompt counts
// once, under the first reason that holds in this order.
type LeftOut struct {
	TextDiffers int // rows of the id have different texts
	NoText      int // no row of the id has a text
	NoOutcome   int // the model that decides has no row
	Failed      int // its row has an error and no score
	NoScore     int // its row has neither
}

// A Deriver finds the tiers of prompts from outcomes in any order: a prompt's
// tier is that of the cheapest ladder model with a score of at least
// [datasets.Right], and it is unlabelled where every ladder model has a lower
// one.
//
// Rungs are looked at cheapest first, and the first one that is not known to
// be wrong decides: if it is right the tier is its own; if nothing is known of
// it the prompt is left out, since neither its tier nor a dearer one nor NONE
// can be told. An error is no wrong answer: a call that timed out says nothing
// of the model. Who counts failures as wrong records them with a score of 0,
// and they are wrong here too.
//
// Texts and domains are those of the rows that have one. A domain on which
// rows disagree is left empty; a text on which they disagree leaves the prompt
// out. Memory grows with prompts, not with rows.
type Deriver struct {
	ladder   datasets.Ladder
	rung     map[string]int // of a model
	index    map[string]int // of a prompt's id
	prompts  []derivation
	occurs   []bool   // a rung's model
	others   []string // models off the ladder, up to maxModels
	isOther  map[string]bool
	costs    [datasets.MaxRungs]cost
	warnings []string
}

// cost is what a model's answers cost where that is known.
type cost struct {
	usd float64
	n   int
}

func (c cost) mean() float64 { return c.usd / float64(c.n) }

// maxModels is how many models off the ladder are kept for messages.
const maxModels = 1000

type derivation struct {
	id, text, domain          string
	textDiffers, domainClosed bool
	known                     [datasets.MaxRungs]verdict
}

type verdict uint8

const (
	absent verdict = iota
	unscored
	failed
	wrong
	right
)

// NewDeriver returns a deriver for a ladder.
func NewDeriver(l datasets.Ladder) (*Deriver, error) {
	if err := l.Validate(); err != nil {
		return nil, err
	}
	d := &Deriver{
		ladder: slices.Clone(l), rung: map[string]int{}, index: map[string]int{},
		occurs: make([]bool, len(l)), isOther: map[string]bool{},
	}
	for i, r := range l {
		d.rung[r.Model] = i
	}
	return d, nil
}

// Add takes in an outcome. It is an error if a ladder model answered a prompt
// twice.
func (d *Deriver) Add(o *datasets.Outcome) error {
	i, seen := d.index[o.ID]
	if !seen {
		i = len(d.prompts)
		d.index[o.ID] = i
		d.prompts = append(d.prompts, derivation{id: o.ID})
	}
	p := &d.prompts[i]
	switch {
	case o.Prompt == "":
	case p.text == "":
		p.text = o.Prompt
	case p.text != o.Prompt:
		p.textDiffers = true
	}
	switch {
	case o.Domain == "" || p.domainClosed:
	case p.domain == "":
		p.domain = o.Domain
	case p.domain != o.Domain:
		p.domain, p.domainClosed = "", true
	}
	rung, onLadder := d.rung[o.Model]
	if !onLadder {
		if !d.isOther[o.Model] && len(d.others) < maxModels {
			d.isOther[o.Model] = true
			d.others = append(d.others, o.Model)
		}
		return nil
	}
	d.occurs[rung] = true
	if p.known[rung] != absent {
		return fmt.Errorf("%q has two outcomes of model %q: expected each prompt once a model", o.ID, o.Model)
	}
	p.known[rung] = verdictOf(o)
	if o.CostUSD.Known {
		d.costs[rung].usd += o.CostUSD.Value
		d.costs[rung].n++
	}
	return nil
}

func verdictOf(o *datasets.Outcome) verdict {
	switch {
	case o.Score.Known && o.Score.Value >= datasets.Right:
		return right
	case o.Score.Known:
		return wrong
	case o.Error != "":
		return failed
	}
	return unscored
}

// Derived returns what was found so far. It is an [ErrModel] if a model of the
// ladder has no outcome at all.
func (d *Deriver) Derived() (*Derived, error) {
	for i, r := range d.ladder {
		if !d.occurs[i] {
			return nil, d.unknown(r.Model)
		}
	}
	out := &Derived{PerTier: make([]int, len(d.ladder))}
	var differ, domains []string
	for i := range d.prompts {
		p := &d.prompts[i]
		if p.domainClosed {
			domains = append(domains, p.id)
		}
		if p.textDiffers {
			differ = append(differ, p.id)
		}
		tier, ok := d.decide(p, &out.LeftOut)
		if !ok {
			continue
		}
		row := datasets.Prompt{ID: p.id, Text: p.text, Domain: p.domain}
		if tier < len(d.ladder) {
			row.Tier = d.ladder[tier].Tier
			out.PerTier[tier]++
		} else {
			out.None++
		}
		out.Prompts = append(out.Prompts, row)
	}
	out.Warnings = slices.Clone(d.warnings)
	if len(differ) > 0 {
		out.Warnings = append(out.Warnings, fmt.Sprintf("prompts left out because their rows have different texts: %d (%s)", len(differ), wording.List(differ)))
	}
	if len(domains) > 0 {
		out.Warnings = append(out.Warnings, fmt.Sprintf("prompts whose rows have different domains, which is left empty: %d (%s)", len(domains), wording.List(domains)))
	}
	out.Warnings = append(out.Warnings, d.costWarnings()...)
	return out, nil
}

// costWarnings tells of recorded costs by which the ladder is not in order.
func (d *Deriver) costWarnings() []string {
	const noise = 1e-9 // of sums
	dearest, disordered := 0.0, false
	var means []string
	for i, r := range d.ladder {
		c := d.costs[i]
		if c.n == 0 {
			continue
		}
		means = append(means, fmt.Sprintf("%s $%.3g over %s", wording.Quote(r.Model), c.mean(), wording.Plural(c.n, "answer")))
		disordered = disordered || c.mean() < dearest*(1-noise)
		dearest = max(dearest, c.mean())
	}
	if !disordered {
		return nil
	}
	return []string{"the recorded mean costs contradict the ladder, which is to be cheapest first: " + strings.Join(means, ", ")}
}

// decide returns the rung of a prompt, or the number of rungs where none is
// right, or counts why it cannot be told.
func (d *Deriver) decide(p *derivation, out *LeftOut) (tier int, ok bool) {
	if p.textDiffers {
		out.TextDiffers++
		return 0, false
	}
	if p.text == "" {
		out.NoText++
		return 0, false
	}
	for i := range d.ladder {
		switch p.known[i] {
		case right:
			return i, true
		case absent:
			out.NoOutcome++
			return 0, false
		case failed:
			out.Failed++
			return 0, false
		case unscored:
			out.NoScore++
			return 0, false
		}
	}
	return len(d.ladder), true
}

func (d *Deriver) unknown(model string) error {
	known := slices.Clone(d.others)
	for i, r := range d.ladder {
		if d.occurs[i] {
			known = append(known, r.Model)
		}
	}
	slices.Sort(known)
	meant := ""
	if s := wording.Nearest(model, known); s != "" {
		meant = fmt.Sprintf(" (did you mean %q?)", s)
	}
	if len(known) == 0 {
		return fmt.Errorf("%w: %q%s; there are no outcomes", ErrModel, model, meant)
	}
	return fmt.Errorf("%w: %q%s; the outcomes are of %s", ErrModel, model, meant, wording.List(known))
}

// Derive derives tiers from the outcomes that scan hands out.
func Derive(l datasets.Ladder, scan func(visit func(*datasets.Outcome) error) (datasets.Summary, error)) (*Derived, error) {
	d, err := NewDeriver(l)
	if err != nil {
		return nil, err
	}
	summary, err := scan(d.Add)
	if err != nil {
		return nil, err
	}
	d.warnings = summary.Warnings
	return d.Derived()
}

// Put writes the prompts as [datasets.Kind.WriteFile] wants them, the
// unlabelled ones with NONE.
func (d *Derived) Put(put func(datasets.Prompt) error) error {
	for _, p := range d.Prompts {
		if p.Tier == "" {
			p.Tier = datasets.Unlabelled
		}
		if err := put(p); err != nil {
			return err
		}
	}
	return nil
}
