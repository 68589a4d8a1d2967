// Package llm is the classifier that asks a language model for the tier: it
// renders the classifier prompt, has a [Source] answer it, and reads the tier
// out of the answer.
package llm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

// A Reply is a model's raw answer to one classifier prompt. Pointers are nil
// where a figure is not known.
type Reply struct {
	Text         string
	Model        string
	InputTokens  *int
	OutputTokens *int
	CostUSD      *float64
	LatencyMS    *float64
	Tokens       []openaiapi.Token // with log-probabilities; nil where there are none
}

// StopError is the error of a source that cannot answer anything any more: the
// classifier then fails as a whole, where other errors concern one request.
type StopError struct{ Err error }

func (e *StopError) Error() string { return e.Err.Error() }
func (e *StopError) Unwrap() error { return e.Err }

// A Source answers classifier prompts: a live endpoint, or [Recorded].
// Implementations are safe for concurrent use. After ctx is done they begin
// nothing new, but may wait for an answer that is being paid for.
type Source interface {
	// Ask returns the answer to prompt, which was rendered for the request
	// with the given id. Beside an error stands what it cost nevertheless.
	Ask(ctx context.Context, id, prompt string) (Reply, error)
}

// ErrNotRecorded is the error of a request that [Recorded] knows no answer to.
var ErrNotRecorded = errors.New("no answer is recorded")

// Recorded is the source of answers that were recorded before, by request id.
type Recorded map[string]datasets.Answer

// Ask implements [Source].
func (r Recorded) Ask(_ context.Context, id, _ string) (Reply, error) {
	a, ok := r[id]
	if !ok {
		return Reply{}, ErrNotRecorded
	}
	return Reply{
		Text: a.Text, Model: a.Model, InputTokens: a.InputTokens.Pointer(), OutputTokens: a.OutputTokens.Pointer(),
		CostUSD: a.CostUSD.Pointer(), LatencyMS: a.LatencyMS.Pointer(), Tokens: parseLogprobs(a.Logprobs),
	}, nil
}

// Config of a [Classifier].
type Config struct {
	Tiers    centroids.Tiers
	Fallback int    // the tier for answers that are none
	Prompt   string // the classifier prompt; {message} stands for the request
	MaxChars int    // code points of the request that are shown; 0: all

	Concurrency int // requests asked at a time; 0 is 1

	// What a classification costs and takes where it was not recorded. Prices
	// are USD per million tokens; nil where unknown. Tokens that were not
	// recorded are counted by Count, unless it is nil.
	InputPerM  *float64
	OutputPerM *float64
	TTFTMS     *float64 // time to the first token
	TokensPerS *float64
	Count      func(string) (int, error)
}

// MessageMark is what a classifier prompt has in the place of the request.
const MessageMark = "{message}"

// Classifier asks a language model. It implements [eval.Classifier].
type Classifier struct {
	name   string
	source Source
	config Config
}

// New returns the classifier. The prompt must hold [MessageMark] once.
func New(name string, source Source, config Config) (*Classifier, error) {
	if n := strings.Count(config.Prompt, MessageMark); n != 1 {
		return nil, fmt.Errorf("classifier prompt: expected %s once, found it %d times", MessageMark, n)
	}
	if config.MaxChars < 0 || config.Concurrency < 0 {
		return nil, errors.New("classifier: expected max_message_chars and concurrency of at least 0")
	}
	return &Classifier{name, source, config}, nil
}

// Name implements [eval.Classifier].
func (c *Classifier) Name() string { return c.name }

// Classify implements [eval.Classifier]. What fails for one request stands in
// its decision. Probabilities are the scores of [TierScores], as the model
// stated them; an answer that names no tier has scores alone, since the fallback
// was not the model's choice.
func (c *Classifier) Classify(ctx context.Context, requests []eval.Request) ([]eval.Decision, error) {
	out := make([]eval.Decision, len(requests))
	next := make(chan int)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	for range max(1, c.config.Concurrency) {
		wg.Go(func() {
			for i := range next {
				var err error
				if out[i], err = c.decide(ctx, requests[i]); err != nil {
					stop(err)
				}
			}
		})
	}
	for i := range requests {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return out, nil
}

// decide decides on one request. The error is for what stops all of them.
func (c *Classifier) decide(ctx context.Context, q eval.Request) (eval.Decision, error) {
	prompt := c.Render(q.Text)
	reply, err := c.source.Ask(ctx, q.ID, prompt)
	var stop *StopError
	switch {
	case errors.As(err, &stop):
		return eval.Decision{}, stop.Err
	case err != nil:
		d := eval.Decision{Tier: c.config.Fallback, Err: err.Error(), InputTokens: reply.InputTokens, OutputTokens: reply.OutputTokens}
		d.CostUSD = c.cost(reply.CostUSD, d.InputTokens, d.OutputTokens)
		return d, nil
	}
	d := eval.Decision{Model: reply.Model, InputTokens: reply.InputTokens, OutputTokens: reply.OutputTokens}
	tier, ok := ParseTier(reply.Text, c.config.Tiers)
	if d.Tier = tier; !ok {
		d.Tier, d.Invalid = c.config.Fallback, true
	}
	if d.Scores = TierScores(reply.Tokens, c.config.Tiers); d.Scores != nil && ok {
		d.Probabilities, d.Confidence = slices.Clone(d.Scores), new(d.Scores[tier])
	}
	if err := c.account(&d, reply, prompt); err != nil {
		return eval.Decision{Tier: c.config.Fallback, Err: "counting tokens: " + err.Error()}, nil
	}
	return d, nil
}

// Render returns the classifier prompt for a request.
func (c *Classifier) Render(text string) string {
	if c.config.MaxChars > 0 {
		text = firstChars(text, c.config.MaxChars)
	}
	return strings.Replace(c.config.Prompt, MessageMark, text, 1)
}

func firstChars(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// account fills in tokens, cost and latency: recorded, else computed from
// tokens and prices, else unknown.
func (c *Classifier) account(d *eval.Decision, reply Reply, prompt string) error {
	if c.config.Count != nil {
		for _, t := range []struct {
			tokens **int
			text   string
		}{{&d.InputTokens, prompt}, {&d.OutputTokens, reply.Text}} {
			if *t.tokens == nil {
				n, err := c.config.Count(t.text)
				if err != nil {
					return err
				}
				*t.tokens = &n
			}
		}
	}
	d.CostUSD = c.cost(reply.CostUSD, d.InputTokens, d.OutputTokens)
	switch {
	case reply.LatencyMS != nil:
		d.LatencyMS = eval.Quantity{Value: *reply.LatencyMS, Origin: eval.Recorded}
	case d.OutputTokens != nil && c.config.TTFTMS != nil && c.config.TokensPerS != nil:
		ms := *c.config.TTFTMS + 1000*float64(*d.OutputTokens) / *c.config.TokensPerS
		d.LatencyMS = eval.Quantity{Value: ms, Origin: eval.Computed}
	}
	return nil
}

func (c *Classifier) cost(recorded *float64, in, out *int) eval.Quantity {
	if recorded != nil {
		return eval.Quantity{Value: *recorded, Origin: eval.Recorded}
	}
	price := openaiapi.Price{InputPerM: c.config.InputPerM, OutputPerM: c.config.OutputPerM}
	if usd, ok := price.Of(in, out); ok {
		return eval.Quantity{Value: usd, Origin: eval.Computed}
	}
	return eval.Quantity{}
}

// ParseTier reads a tier out of an answer: the whole answer must be a tier's
// name, without regard to case, with nothing but white space, punctuation and
// symbols around it. An answer that merely mentions a tier is none. Where
// names are part of each other (C and C++) the longest that fits is meant.
func ParseTier(answer string, tiers centroids.Tiers) (int, bool) {
	answer = strings.ToUpper(answer)
	best, length := 0, 0
	for k, name := range tiers.Names() {
		name = strings.ToUpper(name)
		before, after, found := strings.Cut(answer, name)
		if found && blank(before) && blank(after) && len(name) > length {
			best, length = k, len(name)
		}
	}
	return best, length > 0
}

// blank tells whether s holds nothing but white space, punctuation and symbols.
func blank(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsSpace(r) && !unicode.IsPunct(r) && !unicode.IsSymbol(r)
	})
}
