package openaiapi

import (
	"encoding/json"
	"time"
)

// A ChatRequest is one question to a model.
type ChatRequest struct {
	Model       string
	System      string // system prompt; empty: none is sent
	User        string
	MaxTokens   int      // of the answer; 0: the server's limit
	Temperature *float64 // nil: the server's default; 0 is really sent; not to OpenAI's reasoning models, which refuse it
	TopLogprobs int      // alternatives of each token to ask for, at most 20; 0: no log-probabilities; likewise
	Stream      bool     // measure the time to the first token

	// Version names the prompt's wording, and Repeat the repetition of an
	// equal question. They are part of the key, never sent.
	Version string
	Repeat  int

	Price Price // for the ledger, where the server does not say what it bills
}

// A Price is in USD per million tokens. nil is unknown.
type Price struct {
	InputPerM  *float64
	OutputPerM *float64
}

// Of returns what tokens cost, and false where that is unknown.
func (p Price) Of(input, output *int) (float64, bool) {
	if p.InputPerM == nil || p.OutputPerM == nil || input == nil || output == nil {
		return 0, false
	}
	return (float64(*input)**p.InputPerM + float64(*output)**p.OutputPerM) / 1e6, true
}

// A ChatReply is a model's answer to a [ChatRequest], complete: it has a finish
// reason. Those who ask the same at a time share its memory: it is not to be
// changed.
type ChatReply struct {
	Text         string        `json:"text"`
	Model        string        `json:"model"` // that the server says it asked
	ID           string        `json:"id"`    // the server's; not always unique
	FinishReason string        `json:"finish_reason"`
	Usage        Usage         `json:"usage"`
	FirstToken   time.Duration `json:"first_token_ns"`         // until the first piece of text; 0 where not streamed
	Latency      time.Duration `json:"latency_ns"`             // of the last attempt, until the answer was complete
	Logprobs     []Token       `json:"logprobs,omitempty"`     // of the first tokens
	MeanLogprob  *float64      `json:"mean_logprob,omitempty"` // of all tokens; nil without log-probabilities

	At       int64 `json:"at"`       // Unix time in milliseconds when it was asked for
	Attempts int   `json:"attempts"` // requests sent for it
	Stored   bool  `json:"-"`        // it was in the store: nothing was sent or paid now
}

// A Token is one token of an answer with the likeliest tokens in its place.
type Token struct {
	Text    string        `json:"token"`
	Logprob float64       `json:"logprob"`
	Top     []Alternative `json:"top_logprobs,omitempty"`
}

// An Alternative is a token that could stand in a place, with the natural
// logarithm of its probability.
type Alternative struct {
	Text    string  `json:"token"`
	Logprob float64 `json:"logprob"`
}

// Usage is what a server says was used and billed. nil is unknown.
type Usage struct {
	InputTokens     *int     `json:"input_tokens"`
	OutputTokens    *int     `json:"output_tokens"`
	CachedTokens    *int     `json:"cached_tokens,omitempty"`    // of the input, billed at a lower price
	ReasoningTokens *int     `json:"reasoning_tokens,omitempty"` // of the output, not part of the text
	CostUSD         *float64 `json:"cost_usd"`                   // as billed

	Raw json.RawMessage `json:"raw,omitempty"` // as it came but for white space, with whatever else there was; nil beyond 64 KiB
}

// An EmbedRequest asks for the vectors of texts, within the server's limits for
// one request.
type EmbedRequest struct {
	Model  string
	Inputs []string
	Dims   int   // to ask for; 0: the model's own
	Price  Price // OutputPerM is not looked at
}

// An EmbedReply has one vector a text, in the texts' order, all of one length. It
// may be shared as well.
type EmbedReply struct {
	Vectors  vectors       `json:"vectors"` // of float32, [][]float32
	Model    string        `json:"model"`
	Usage    Usage         `json:"usage"`
	Latency  time.Duration `json:"latency_ns"`
	At       int64         `json:"at"`
	Attempts int           `json:"attempts"`
	Stored   bool          `json:"-"`
}
