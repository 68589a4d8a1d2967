package synth

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/names"
	"github.com/routeproof/routeproof/internal/spill"
	"github.com/routeproof/routeproof/internal/wording"
)

// ErrModel is the error of a ladder with a model that has no outcomes.
var ErrModel = errors.New("ladder model without outcomes")

// A Derived is what outcomes say of prompts' tiers.
type Derived struct {
	Prompts  int   // that a tier or none is told of
	PerTier  []int // how many of them have each of the ladder's tiers
	None     int   // how many no model answered right: unlabelled
	LeftOut  LeftOut
	Warnings []string

	from *Deriver
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
// out. A prompt takes some 50 bytes and its id, however many rows it has; texts
// beyond 8 MiB are in a temporary file until Close.
type Deriver struct {
	ladder   datasets.Ladder
	rung     map[string]int // of a model
	ids      names.Table
	prompts  []derivation // by number of the id
	domains  names.Table
	texts    spill.File
	room     []byte   // to read a text into
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

// nearTexts is how many bytes of texts are in memory, before a temporary file is.
const nearTexts = 8 << 20

type derivation struct {
	at                        int64  // of the text
	size                      uint32 // 0: none
	domain                    int32  // its number and 1; 0: none
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
		ladder: slices.Clone(l), rung: map[string]int{}, occurs: make([]bool, len(l)), isOther: map[string]bool{},
		texts: spill.File{Limit: nearTexts, What: "texts of prompts"},
	}
	for i, r := range l {
		d.rung[r.Model] = i
	}
	return d, nil
}

// Add takes in an outcome. It is an error if a ladder model answered a prompt
// twice.
func (d *Deriver) Add(o *datasets.Outcome) error {
	i, added := d.ids.Add(o.ID)
	if added {
		d.prompts = append(d.prompts, derivation{})
	}
	p := &d.prompts[i]
	if err := d.addText(p, o.Prompt); err != nil {
		return err
	}
	if o.Domain != "" && !p.domainClosed {
		number, _ := d.domains.Add(o.Domain)
		if p.domain == 0 {
			p.domain = int32(number) + 1
		} else if p.domain != int32(number)+1 {
			p.domain, p.domainClosed = 0, true
		}
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

// addText takes in the text that a row gives a prompt.
func (d *Deriver) addText(p *derivation, text string) (err error) {
	switch {
	case text == "" || p.textDiffers:
	case len(text) > math.MaxUint32:
		return fmt.Errorf("a text of %d bytes: expected up to %d", len(text), math.MaxUint32)
	case p.size == 0:
		p.size = uint32(len(text))
		p.at, err = d.texts.Append([]byte(text))
	case int(p.size) != len(text):
		p.textDiffers = true
	default:
		var first []byte
		first, err = d.text(p)
		p.textDiffers = string(first) != text
	}
	return err
}

// text returns the text of a prompt, until it is called again.
func (d *Deriver) text(p *derivation) ([]byte, error) {
	d.room = slices.Grow(d.room[:0], int(p.size))[:p.size]
	return d.room, d.texts.Read(d.room, p.at)
}

// Close gives texts up. A Deriver may be closed again.
func (d *Deriver) Close() error { return d.texts.Close() }

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
	out := &Derived{PerTier: make([]int, len(d.ladder)), from: d}
	var differ, domains []string
	for i := range d.prompts {
		p := &d.prompts[i]
		if p.domainClosed {
			domains = append(domains, d.ids.Name(i))
		}
		if p.textDiffers {
			differ = append(differ, d.ids.Name(i))
		}
		switch tier, ok := d.decide(p, &out.LeftOut); {
		case !ok:
			continue
		case tier < len(d.ladder):
			out.PerTier[tier]++
		default:
			out.None++
		}
		out.Prompts++
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
	if p.size == 0 {
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

// Derive derives tiers from the outcomes that scan hands out. What it returns is to
// be closed.
func Derive(l datasets.Ladder, scan func(visit func(*datasets.Outcome) error) (datasets.Summary, error)) (*Derived, error) {
	d, err := NewDeriver(l)
	if err != nil {
		return nil, err
	}
	summary, err := scan(d.Add)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.warnings = summary.Warnings
	out, err := d.Derived()
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return out, nil
}

// Put writes the prompts as [datasets.Kind.WriteFile] wants them, with id, text, tier
// and domain in the order of their first rows, the unlabelled ones with NONE.
func (d *Derived) Put(put func(datasets.Prompt) error) error {
	for i := range d.from.prompts {
		p := &d.from.prompts[i]
		tier, ok := d.from.decide(p, &LeftOut{})
		if !ok {
			continue
		}
		text, err := d.from.text(p)
		if err != nil {
			return err
		}
		row := datasets.Prompt{ID: d.from.ids.Name(i), Text: string(text), Tier: datasets.Unlabelled}
		if tier < len(d.from.ladder) {
			row.Tier = d.from.ladder[tier].Tier
		}
		if p.domain > 0 {
			row.Domain = d.from.domains.Name(int(p.domain) - 1)
		}
		if err := put(row); err != nil {
			return err
		}
	}
	return nil
}

// Close gives the prompts up.
func (d *Derived) Close() error { return d.from.Close() }
