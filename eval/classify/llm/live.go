package llm

import (
	"context"
	"encoding/json"
	"math"

	"github.com/routeproof/routeproof/internal/openaiapi"
)

// An Asker answers chat requests: an [openaiapi.Client].
type Asker interface {
	Chat(ctx context.Context, r openaiapi.ChatRequest) (*openaiapi.ChatReply, error)
}

// Live is the source that asks an endpoint, at temperature 0 and for the few
// tokens that a tier's name has. Equal prompts are asked once.
type Live struct {
	Asker       Asker
	Model       string
	MaxTokens   int // of an answer; 0: [DefaultMaxTokens]
	TopLogprobs int // alternatives of each token to ask for, at most 20; 0: none
	Repeat      int // which repetition of the questions this is, from 0
	Price       openaiapi.Price
}

// DefaultMaxTokens has room for one word.
const DefaultMaxTokens = 5

// promptVersion names how a request becomes a question, but for the prompt
// itself: it is part of the key under which answers are kept.
const promptVersion = "classify-1"

// Request is the question that the endpoint gets.
func (l Live) Request(prompt string) openaiapi.ChatRequest {
	zero := 0.0
	tokens := l.MaxTokens
	if tokens == 0 {
		tokens = DefaultMaxTokens
	}
	return openaiapi.ChatRequest{
		Model: l.Model, User: prompt, MaxTokens: tokens, Temperature: &zero, TopLogprobs: l.TopLogprobs,
		Version: promptVersion, Repeat: l.Repeat, Price: l.Price,
	}
}

// Ask implements [Source]. What would fail every other request likewise, such
// as a refused key or an empty budget, is a [StopError].
func (l Live) Ask(ctx context.Context, _, prompt string) (Reply, error) {
	r, err := l.Asker.Chat(ctx, l.Request(prompt))
	switch e := openaiapi.AsError(err); {
	case err == nil:
	case e == nil || e.Fatal():
		return Reply{}, &StopError{err}
	default:
		return Reply{InputTokens: e.Usage.InputTokens, OutputTokens: e.Usage.OutputTokens, CostUSD: costOf(e)}, err
	}
	latency := float64(r.Latency.Microseconds()) / 1e3
	return Reply{
		Text: r.Text, Model: r.Model, InputTokens: r.Usage.InputTokens, OutputTokens: r.Usage.OutputTokens,
		CostUSD: r.Usage.CostUSD, LatencyMS: &latency, Tokens: r.Logprobs,
	}, nil
}

// costOf is what a failure cost; nil where that is not known.
func costOf(e *openaiapi.Error) *float64 {
	if e.Usage.CostUSD == nil && !e.Billed {
		return new(float64)
	}
	return e.Usage.CostUSD
}

// parseLogprobs reads log-probabilities as servers give them: a list of tokens,
// or an object that holds it as content. What is neither is none.
func parseLogprobs(text string) []openaiapi.Token {
	var tokens []loggedToken
	if json.Unmarshal([]byte(text), &tokens) == nil {
		return plainTokens(tokens)
	}
	var object struct {
		Content []loggedToken `json:"content"`
	}
	if json.Unmarshal([]byte(text), &object) == nil {
		return plainTokens(object.Content)
	}
	return nil
}

// loggedToken is a token in a file, or an alternative to one: it may lack its
// log-probability, which is not 0 then.
type loggedToken struct {
	Text    string        `json:"token"`
	Logprob *float64      `json:"logprob"`
	Top     []loggedToken `json:"top_logprobs"`
}

func (t loggedToken) logprob() float64 {
	if t.Logprob == nil {
		return math.NaN()
	}
	return *t.Logprob
}

func plainTokens(logged []loggedToken) []openaiapi.Token {
	var tokens []openaiapi.Token
	for _, l := range logged {
		t := openaiapi.Token{Text: l.Text, Logprob: l.logprob()}
		for _, a := range l.Top {
			t.Top = append(t.Top, openaiapi.Alternative{Text: a.Text, Logprob: a.logprob()})
		}
		tokens = append(tokens, t)
	}
	return tokens
}
