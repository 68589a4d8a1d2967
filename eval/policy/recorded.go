package policy

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/names"
	"github.com/routeproof/routeproof/internal/spill"
)

// Recorded is a backend that answers from outcomes. Texts beyond 8 MiB and calls
// beyond 4 are in temporary files, until [Recorded.Close]; a prompt takes some 55
// bytes and its id, however many models there are. Different errors are held once
// each.
type Recorded struct {
	// MadeUp says that nobody measured the outcomes' costs and latencies: they
	// are marked as assumed. It is set before the first is added.
	MadeUp bool

	models []Model
	count  func(text string) (int, error)
	rung   map[string]int // of a model's name
	ids    names.Table    // of requests
	asked  []asked        // by request
	seed   maphash.Seed   // of prints
	prints []print        // of texts, by request
	abouts abouts
	last   []int64  // the number of each request's last call in calls, from 1; 0: none
	seen   []uint64 // bits: which rungs of which request were added
	errs   names.Table
	calls  spill.File
	texts  spill.File
	in     *texts    // those of texts
	rooms  sync.Pool // of *[]byte, to read into
	others map[string]int
}

// NewRecorded returns a backend without outcomes for a ladder of different
// models. count counts the tokens of texts for which no count was recorded; nil:
// those stay unknown.
func NewRecorded(models []Model, count func(text string) (int, error)) (*Recorded, error) {
	r := &Recorded{models: slices.Clone(models), count: count, rung: map[string]int{}, others: map[string]int{}, abouts: newAbouts(), seed: maphash.MakeSeed()}
	r.texts = spill.File{Limit: nearTexts, What: "texts"}
	r.in = &texts{kept: &r.texts}
	r.calls = spill.File{Limit: nearCalls, What: "calls"}
	for i, m := range models {
		if _, twice := r.rung[m.Name]; twice {
			return nil, fmt.Errorf("ladder: model %q stands twice", m.Name)
		}
		r.rung[m.Name] = i
	}
	return r, nil
}

// Add takes in an outcome, in any order. Those of models that are not on the
// ladder are counted only. Costs and latencies are those recorded; else they
// are computed from tokens, prices and speed; else they are unknown.
func (r *Recorded) Add(o *datasets.Outcome) error {
	rung, ok := r.rung[o.Model]
	if !ok {
		r.others[o.Model]++
		return nil
	}
	i, added := r.ids.Add(o.ID)
	if added {
		r.asked, r.prints, r.last = append(r.asked, asked{}), append(r.prints, 0), append(r.last, 0)
	}
	if err := r.ask(i, o.Prompt); err != nil {
		return err
	}
	if r.asked[i].about == 0 {
		r.asked[i].about = r.abouts.add(about{domain: o.Domain})
	}
	if !r.firstOf(i, rung) {
		return fmt.Errorf("%q has two outcomes of model %q: expected each prompt once a model", o.ID, o.Model)
	}
	measured := eval.Recorded
	if r.MadeUp {
		measured = eval.Assumed
	}
	call, err := NewCall(o, &r.models[rung], measured, r.count)
	return errors.Join(err, r.keep(i, rung, &call))
}

// print stands for a text: 31 bits of its hash, and whether another was seen.
type print uint32

const isMixed print = 1 << 31

// ask keeps what request i asks, unless that is known, and notes where it is another
// text than was known.
func (r *Recorded) ask(i int, text string) error {
	if text == "" {
		return nil
	}
	own := print(maphash.String(r.seed, text)) &^ isMixed
	if r.asked[i].size > 0 {
		if own != r.prints[i]&^isMixed {
			r.prints[i] |= isMixed
		}
		return nil
	}
	r.prints[i] = own
	kept, err := r.Keep(text)
	r.asked[i].at, r.asked[i].size = kept.at, kept.size
	return err
}

// Ask says what an id that a ladder model answered asks, unless that is known. Another
// text than the outcomes' is counted by [Recorded.Mixed].
func (r *Recorded) Ask(id, text string) error {
	i, ok := r.ids.Find(id)
	if !ok {
		return nil
	}
	return r.ask(i, text)
}

// Mixed returns how many requests stand beside more than one text, so that answers to
// different prompts are compared there.
func (r *Recorded) Mixed() int {
	n := 0
	for _, p := range r.prints {
		n += int(p >> 31)
	}
	return n
}

// firstOf notes that a request's outcome of a rung was added, and tells whether it is
// the first.
func (r *Recorded) firstOf(i, rung int) bool {
	bit := i*len(r.models) + rung
	for len(r.seen) <= bit/64 {
		r.seen = append(r.seen, 0)
	}
	before := r.seen[bit/64]
	r.seen[bit/64] |= 1 << (bit % 64)
	return r.seen[bit/64] != before
}

// Close gives calls and texts up.
func (r *Recorded) Close() error { return errors.Join(r.calls.Close(), r.texts.Close()) }

// NewCall returns the call that an outcome of a model is. measured is the origin
// of the outcome's own figures. What it has not is computed from tokens, prices
// and speed, where those are known; tokens are counted by count, unless it is
// nil. Of a failed call no tokens are counted, nor is its latency computed.
func NewCall(o *datasets.Outcome, m *Model, measured eval.Origin, count func(text string) (int, error)) (Call, error) {
	c := Call{
		Err: o.Error, Score: o.Score, Confidence: o.Confidence,
		InputTokens: o.InputTokens, OutputTokens: o.OutputTokens,
		CostUSD: of(o.CostUSD, measured), FirstTokenMS: of(o.TTFTMS, measured), LatencyMS: of(o.LatencyMS, measured),
	}
	if o.Response.Known {
		c.Response = NewText(o.Response.Value)
	}
	if c.Err == "" && count != nil {
		if err := c.countTokens(o, m, count); err != nil {
			return c, err
		}
	}
	if in, out := c.InputTokens, c.OutputTokens; !c.CostUSD.Known() && in.Known && out.Known && m.InputPerM != nil && m.OutputPerM != nil {
		c.CostUSD = computed((float64(in.Value)**m.InputPerM + float64(out.Value)**m.OutputPerM) / 1e6)
	}
	if c.Err != "" {
		return c, nil
	}
	if !c.FirstTokenMS.Known() && m.TTFTMS != nil {
		c.FirstTokenMS = computed(*m.TTFTMS)
	}
	if !c.LatencyMS.Known() && c.FirstTokenMS.Known() && c.OutputTokens.Known && m.TokensPerS != nil {
		c.LatencyMS = computed(c.FirstTokenMS.Value + 1000*float64(c.OutputTokens.Value) / *m.TokensPerS)
	}
	return c, nil
}

// countTokens counts what was not recorded, where prices or speed need it.
func (c *Call) countTokens(o *datasets.Outcome, m *Model, count func(text string) (int, error)) error {
	priced := !c.CostUSD.Known() && m.InputPerM != nil && m.OutputPerM != nil
	timed := !c.LatencyMS.Known() && m.TokensPerS != nil
	if !priced && !timed {
		return nil
	}
	if !c.InputTokens.Known && o.Prompt != "" && priced {
		n, err := count(o.Prompt)
		if err != nil {
			return err
		}
		c.InputTokens = datasets.Known(n + m.SystemTokens)
	}
	if !c.OutputTokens.Known && o.Response.Known {
		n, err := count(o.Response.Value)
		if err != nil {
			return err
		}
		c.OutputTokens = datasets.Known(n)
	}
	return nil
}

func of(v datasets.Optional[float64], origin eval.Origin) eval.Quantity {
	if !v.Known {
		return eval.Quantity{}
	}
	return eval.Quantity{Value: v.Value, Origin: origin}
}

func computed(v float64) eval.Quantity { return eval.Quantity{Value: v, Origin: eval.Computed} }

// Models implements [Backend].
func (r *Recorded) Models() []Model { return r.models }

// Asked tells whether a ladder model answered a prompt.
func (r *Recorded) Asked(id string) bool {
	_, ok := r.ids.Find(id)
	return ok
}

// Others returns how many outcomes there were of each model off the ladder.
func (r *Recorded) Others() map[string]int { return r.others }

// Call implements [Backend].
func (r *Recorded) Call(ctx context.Context, request *Request, rung int) (Call, error) {
	at, err := r.At(request, false)
	if err != nil {
		return Call{}, err
	}
	return at.Call(ctx, request, rung)
}
