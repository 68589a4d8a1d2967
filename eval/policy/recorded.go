package policy

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
)

// Recorded is a backend that answers from outcomes.
type Recorded struct {
	// MadeUp says that nobody measured the outcomes' costs and latencies: they
	// are marked as assumed. It is set before the first is added.
	MadeUp bool

	models []Model
	count  func(text string) (int, error)
	rung   map[string]int // of a model's name
	index  map[string]int // of a request's id
	asked  []Request
	calls  []Call // of request i: calls[i*len(models) : (i+1)*len(models)]
	known  []bool // likewise
	others map[string]int
}

// NewRecorded returns a backend without outcomes for a ladder of different
// models. count counts the tokens of texts for which no count was recorded; nil:
// those stay unknown.
func NewRecorded(models []Model, count func(text string) (int, error)) (*Recorded, error) {
	r := &Recorded{models: slices.Clone(models), count: count, rung: map[string]int{}, index: map[string]int{}, others: map[string]int{}}
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
	i, seen := r.index[o.ID]
	if !seen {
		i = len(r.asked)
		r.index[o.ID] = i
		r.asked = append(r.asked, Request{ID: o.ID})
		r.calls = append(r.calls, make([]Call, len(r.models))...)
		r.known = append(r.known, make([]bool, len(r.models))...)
	}
	if r.asked[i].Text == "" {
		r.asked[i].Text = o.Prompt
	}
	if r.asked[i].Domain == "" {
		r.asked[i].Domain = o.Domain
	}
	at := i*len(r.models) + rung
	if r.known[at] {
		return fmt.Errorf("%q has two outcomes of model %q: expected each prompt once a model", o.ID, o.Model)
	}
	measured := eval.Recorded
	if r.MadeUp {
		measured = eval.Assumed
	}
	call, err := NewCall(o, &r.models[rung], measured, r.count)
	r.calls[at], r.known[at] = call, true
	return err
}

// NewCall returns the call that an outcome of a model is. measured is the origin
// of the outcome's own figures. What it has not is computed from tokens, prices
// and speed, where those are known; tokens are counted by count, unless it is
// nil. Of a failed call no tokens are counted, nor is its latency computed.
func NewCall(o *datasets.Outcome, m *Model, measured eval.Origin, count func(text string) (int, error)) (Call, error) {
	c := Call{
		Response: o.Response, Err: o.Error, Score: o.Score, Confidence: o.Confidence,
		InputTokens: o.InputTokens, OutputTokens: o.OutputTokens,
		CostUSD: of(o.CostUSD, measured), FirstTokenMS: of(o.TTFTMS, measured), LatencyMS: of(o.LatencyMS, measured),
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

// Requests returns a request for each prompt that a ladder model answered, by
// id, without task types.
func (r *Recorded) Requests() []Request {
	return slices.SortedFunc(slices.Values(r.asked), func(a, b Request) int { return cmp.Compare(a.ID, b.ID) })
}

// Others returns how many outcomes there were of each model off the ladder.
func (r *Recorded) Others() map[string]int { return r.others }

// Call implements [Backend].
func (r *Recorded) Call(_ context.Context, request *Request, rung int) (Call, error) {
	i, ok := r.index[request.ID]
	if !ok || !r.known[i*len(r.models)+rung] {
		return Call{}, fmt.Errorf("%w: an answer of model %q to %q", ErrUnrecorded, r.models[rung].Name, request.ID)
	}
	return r.calls[i*len(r.models)+rung], nil
}
