package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

// A Rung is a model of the ladder and how it is asked.
type Rung struct {
	policy.Model
	Asker       Asker
	Temperature *float64 // nil: the server's default
	Stream      bool     // measure the time to the first token
	Logprobs    bool     // ask for log-probabilities, of which the answer's confidence follows
}

// request is the question that a prompt becomes.
func (r *Rung) request(prompt string) openaiapi.ChatRequest {
	q := openaiapi.ChatRequest{
		Model: r.Name, System: r.SystemPrompt, User: prompt, MaxTokens: r.MaxTokens,
		Temperature: r.Temperature, Stream: r.Stream, Version: requestVersion,
		Price: openaiapi.Price{InputPerM: r.InputPerM, OutputPerM: r.OutputPerM},
	}
	if r.Logprobs {
		q.TopLogprobs = 1
	}
	return q
}

// requestVersion names how a prompt becomes a question. It is part of the key
// under which answers are kept.
const requestVersion = "serve-1"

// Backend asks the models of a ladder. [Collect] and [Replay] have policies
// served by it.
type Backend struct {
	rungs  []Rung
	models []policy.Model
	judge  Judge
	count  func(text string) (int, error)
}

// NewBackend returns a backend for a ladder of different models. judge gives
// answers their score; nil: they have none. count counts the tokens of texts of
// which the server does not say how many they have; nil: those stay unknown.
func NewBackend(rungs []Rung, judge Judge, count func(text string) (int, error)) (*Backend, error) {
	b := &Backend{rungs: slices.Clone(rungs), judge: judge, count: count}
	for i, r := range rungs {
		for _, other := range rungs[:i] {
			if other.Name == r.Name {
				return nil, fmt.Errorf("ladder: model %q stands twice", r.Name)
			}
		}
		b.models = append(b.models, r.Model)
	}
	return b, nil
}

// Models returns the ladder, cheapest first.
func (b *Backend) Models() []policy.Model { return b.models }

// A Record is one call to a model.
type Record struct {
	Rung    int
	Outcome datasets.Outcome
	At      time.Time     // when it was asked for
	Stored  bool          // it was asked before, and came out of the store
	Judged  eval.Quantity // what judging the answer cost
	Why     string        // there is no score, or the judge's reason for it
}

// ask asks the model at a rung. The error is for what ends the work; it is
// [policy.ErrUnrecorded] where an offline client does not hold the answer, or
// what a judge says of it, beside which the answer stands.
func (b *Backend) ask(ctx context.Context, prompt *datasets.Prompt, rung int) (Record, error) {
	r := &b.rungs[rung]
	rec := Record{Rung: rung, Outcome: datasets.Outcome{ID: prompt.ID, Model: r.Name, Prompt: prompt.Text, Domain: prompt.Domain}}
	o := &rec.Outcome
	reply, err := r.Asker.Chat(ctx, r.request(prompt.Text))
	switch e := openaiapi.AsError(err); {
	case errors.Is(err, openaiapi.ErrNotHeld):
		return rec, fmt.Errorf("%w: %w", policy.ErrUnrecorded, err)
	case err != nil && (e == nil || e.Fatal()):
		return rec, fmt.Errorf("model %s: %w", r.Name, err)
	case err != nil:
		o.Error = e.Error()
		rec.note(e.Usage, e.At, e.Stored)
		if !e.Billed && e.Usage.CostUSD == nil {
			o.CostUSD = datasets.Known(0.0)
		}
		return rec, nil
	}
	rec.note(reply.Usage, reply.At, reply.Stored)
	o.Response, o.FinishReason = datasets.Known(reply.Text), reply.FinishReason
	o.LatencyMS = milliseconds(max(reply.Latency, reply.FirstToken)) // text may come behind the finish reason
	if m := reply.MeanLogprob; m != nil {                            // the geometric mean of the tokens' probabilities
		o.Confidence = datasets.Known(min(1, math.Exp(*m))) // rounding may lift it
	}
	if reply.FirstToken > 0 {
		o.TTFTMS = milliseconds(reply.FirstToken)
	}
	return rec, b.score(ctx, prompt, &rec)
}

// The most that an outcome holds. What a server says beyond is no figure, and
// would keep the whole file from being written.
const (
	mostTokens = 1_000_000_000
	mostUSD    = 1e6
)

func (r *Record) note(u openaiapi.Usage, at int64, stored bool) {
	r.At, r.Stored = time.UnixMilli(at), stored
	r.Outcome.InputTokens, r.Outcome.OutputTokens = upTo(mostTokens, u.InputTokens), upTo(mostTokens, u.OutputTokens)
	r.Outcome.CostUSD = upTo(mostUSD, u.CostUSD)
}

func upTo[T cmp.Ordered](most T, p *T) datasets.Optional[T] {
	if p == nil || *p > most {
		return datasets.Optional[T]{}
	}
	return datasets.Known(*p)
}

func milliseconds(d time.Duration) datasets.Optional[float64] {
	return datasets.Known(float64(d.Microseconds()) / 1e3)
}

// score has the judge give an answer its quality.
func (b *Backend) score(ctx context.Context, prompt *datasets.Prompt, rec *Record) error {
	if b.judge == nil {
		return nil
	}
	v, err := b.judge.Score(ctx, prompt, rec.Outcome.Response.Value)
	switch {
	case errors.Is(err, openaiapi.ErrNotHeld):
		return fmt.Errorf("%w: %w", policy.ErrUnrecorded, err)
	case err != nil:
		return fmt.Errorf("judge %s: %w", b.judge.Name(), err)
	}
	rec.Outcome.Score, rec.Judged, rec.Why = v.Score, v.CostUSD, v.Why
	if v.Score.Known {
		rec.Outcome.Judge = b.judge.Name()
	}
	return nil
}

// call is what a record is to a policy: the same that it is when it is read
// from a file of outcomes.
func (b *Backend) call(rec *Record) (policy.Call, error) {
	return policy.NewCall(&rec.Outcome, &b.models[rec.Rung], eval.Recorded, b.count)
}

// single serves one prompt and keeps the calls that were made for it. It is the
// [policy.Backend] of that prompt's request.
type single struct {
	*Backend
	prompt *datasets.Prompt
	each   func(*Record)

	mu      sync.Mutex
	records []Record
}

// Call implements [policy.Backend].
func (s *single) Call(ctx context.Context, _ *policy.Request, rung int) (policy.Call, error) {
	rec, err := s.ask(ctx, s.prompt, rung)
	if err == nil || rec.Outcome.Response.Known { // also where it waits for its judge
		s.mu.Lock()
		s.records = append(s.records, rec)
		s.mu.Unlock()
	}
	if err != nil {
		return policy.Call{}, err
	}
	if s.each != nil {
		s.each(&rec)
	}
	return s.call(&rec)
}
