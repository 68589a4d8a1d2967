// Package llm is the classifier that asks a language model for the tier: it
// renders the classifier prompt, has a [Source] answer it, and reads the tier
// out of the answer.
package llm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
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
}

// A Source answers classifier prompts: a live endpoint, or [Recorded].
// Implementations are safe for concurrent use and return soon after ctx is
// done.
type Source interface {
	// Ask returns the answer to prompt, which was rendered for the request
	// with the given id.
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
		CostUSD: a.CostUSD.Pointer(), LatencyMS: a.LatencyMS.Pointer(),
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
// its decision.
func (c *Classifier) Classify(ctx context.Context, requests []eval.Request) ([]eval.Decision, error) {
	out := make([]eval.Decision, len(requests))
	next := make(chan int)
	var wg sync.WaitGroup
	for range max(1, c.config.Concurrency) {
		wg.Go(func() {
			for i := range next {
				out[i] = c.decide(ctx, requests[i])
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
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

func (c *Classifier) decide(ctx context.Context, q eval.Request) eval.Decision {
	prompt := c.render(q.Text)
	reply, err := c.source.Ask(ctx, q.ID, prompt)
	if err != nil {
		return eval.Decision{Tier: c.config.Fallback, Err: err.Error()}
	}
	d := eval.Decision{Model: reply.Model, InputTokens: reply.InputTokens, OutputTokens: reply.OutputTokens}
	tier, ok := ParseTier(reply.Text, c.config.Tiers)
	if d.Tier = tier; !ok {
		d.Tier, d.Invalid = c.config.Fallback, true
	}
	if err := c.account(&d, reply, prompt); err != nil {
		return eval.Decision{Tier: c.config.Fallback, Err: "counting tokens: " + err.Error()}
	}
	return d
}

func (c *Classifier) render(text string) string {
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
	switch in, out := d.InputTokens, d.OutputTokens; {
	case reply.CostUSD != nil:
		d.CostUSD = eval.Quantity{Value: *reply.CostUSD, Origin: eval.Recorded}
	case in != nil && out != nil && c.config.InputPerM != nil && c.config.OutputPerM != nil:
		usd := (float64(*in)**c.config.InputPerM + float64(*out)**c.config.OutputPerM) / 1e6
		d.CostUSD = eval.Quantity{Value: usd, Origin: eval.Computed}
	}
	switch {
	case reply.LatencyMS != nil:
		d.LatencyMS = eval.Quantity{Value: *reply.LatencyMS, Origin: eval.Recorded}
	case d.OutputTokens != nil && c.config.TTFTMS != nil && c.config.TokensPerS != nil:
		ms := *c.config.TTFTMS + 1000*float64(*d.OutputTokens) / *c.config.TokensPerS
		d.LatencyMS = eval.Quantity{Value: ms, Origin: eval.Computed}
	}
	return nil
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
