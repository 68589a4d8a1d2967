package openaiapi

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	openai "github.com/sashabaranov/go-openai"
)

// key names a request: the SHA-256 of all that can change the answer.
type key [sha256.Size]byte

// keyOf hashes, each behind its length: base URL, path, the exact body, version,
// repeat, and the names and values of custom headers, sorted.
func (c *Client) keyOf(path string, body []byte, version string, repeat int) key {
	h := sha256.New()
	part := func(s string) {
		_ = binary.Write(h, binary.BigEndian, uint64(len(s))) // a hash takes everything
		_, _ = io.WriteString(h, s)
	}
	for _, s := range []string{c.config.BaseURL, path, string(body), version, fmt.Sprint(repeat)} {
		part(s)
	}
	for _, name := range sortedKeys(c.config.Headers) {
		part(name)
		part(c.config.Headers[name])
	}
	return key(h.Sum(nil))
}

func sortedKeys(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// reasoning tells whether OpenAI itself serves a model that takes no temperature
// and no log-probabilities, and the most tokens under another name only: o1, o3,
// gpt-5 and so on. Names with a provider before them are served by routers, which
// translate.
func reasoning(model string) bool {
	if version, ok := strings.CutPrefix(model, "gpt-"); ok {
		return version != "" && version[0] >= '5' && version[0] <= '9'
	}
	return len(model) > 1 && model[0] == 'o' && model[1] >= '0' && model[1] <= '9'
}

func (c *Client) chatQuestion(r ChatRequest) (*question[*ChatReply], error) {
	switch {
	case r.Model == "":
		return nil, errors.New("chat: expected the name of a model")
	case r.TopLogprobs < 0 || r.TopLogprobs > 20:
		return nil, fmt.Errorf("chat: expected 0 to 20 alternatives of a token, found %d", r.TopLogprobs)
	case r.MaxTokens < 0:
		return nil, fmt.Errorf("chat: expected 0 or more tokens, found %d", r.MaxTokens)
	}
	type message struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	}
	var messages []message
	if r.System != "" {
		messages = append(messages, message{openai.ChatMessageRoleSystem, r.System})
	}
	messages = append(messages, message{openai.ChatMessageRoleUser, r.User})
	body := map[string]any{"model": r.Model, "messages": messages}
	limit := "max_tokens"
	if reasoning(r.Model) {
		limit = "max_completion_tokens"
	} else if r.Temperature != nil {
		body["temperature"] = *r.Temperature
	}
	if r.MaxTokens > 0 {
		body[limit] = r.MaxTokens
	}
	if r.TopLogprobs > 0 && !reasoning(r.Model) {
		body["logprobs"], body["top_logprobs"] = true, r.TopLogprobs
	}
	if r.Stream {
		body["stream"], body["stream_options"] = true, map[string]bool{"include_usage": true}
	}
	raw, err := json.Marshal(body) // keys of maps are sorted
	if err != nil {
		return nil, err
	}
	q := &question[*ChatReply]{
		key: c.keyOf("/chat/completions", raw, r.Version, r.Repeat), model: r.Model, body: raw, stream: r.Stream, price: r.Price,
		input: (len(r.System)+len(r.User))/4 + 8, most: r.MaxTokens, send: (*Client).chat,
	}
	if r.Stream {
		q.send = (*Client).stream
	}
	most := mostTokens(r.System) + mostTokens(r.User) + 32 // some are around each message
	if q.worst, q.known = r.Price.Of(&most, &r.MaxTokens); r.MaxTokens == 0 {
		q.known = false
	}
	return q, nil
}

// mostTokens is the most tokens that a text can be. None is shorter than a byte.
func mostTokens(text string) int {
	if !utf8.ValidString(text) {
		text = string([]rune(text)) // as it is sent
	}
	return len(text)
}

// chat asks for an answer that comes whole. The transport sends the question's
// own body in the place of that which go-openai makes of an empty request.
func (c *Client) chat(ctx context.Context, x *exchange) (*ChatReply, error) {
	answer, err := c.ai.CreateChatCompletion(ctx, openai.ChatCompletionRequest{})
	if err != nil {
		return nil, err
	}
	return replyOf(answer, x)
}

// checkLength refuses a text that no file of outcomes has room for beside its prompt.
func checkLength(text string) error {
	if len(text) > maxText {
		return &Error{Kind: NotAnAnswer, Message: fmt.Sprintf("the answer has %d MiB of text, more than %d: limit it by max_tokens", len(text)>>20, maxText>>20)}
	}
	return nil
}

// replyOf is the reply of an answer that came whole.
func replyOf(answer openai.ChatCompletionResponse, x *exchange) (*ChatReply, error) {
	if len(answer.Choices) == 0 {
		return nil, &Error{Kind: NotAnAnswer, Message: "the answer has no choices"}
	}
	choice := answer.Choices[0]
	if choice.FinishReason == "" || choice.FinishReason == openai.FinishReasonNull {
		return nil, &Error{Kind: Cut, Message: "the answer has no finish reason"}
	}
	r := &ChatReply{
		Text: choice.Message.Content, Model: answer.Model, ID: answer.ID, FinishReason: string(choice.FinishReason),
		Usage: x.usage, Latency: time.Since(x.began),
	}
	for _, part := range choice.Message.MultiContent {
		r.Text += part.Text
	}
	if r.Text == "" {
		r.Text = choice.Message.Refusal
	}
	r.Logprobs = x.logprobs()
	return r, checkLength(r.Text)
}

func (c *Client) embedQuestion(r EmbedRequest) (*question[*EmbedReply], error) {
	switch {
	case r.Model == "":
		return nil, errors.New("embeddings: expected the name of a model")
	case len(r.Inputs) == 0:
		return nil, errors.New("embeddings: expected at least one text")
	}
	body := map[string]any{"model": r.Model, "input": r.Inputs, "encoding_format": "float"}
	if r.Dims > 0 {
		body["dimensions"] = r.Dims
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, text := range r.Inputs {
		size += mostTokens(text) + 2
	}
	none := 0.0
	price := Price{r.Price.InputPerM, &none}
	q := &question[*EmbedReply]{
		key: c.keyOf("/embeddings", raw, "", 0), model: r.Model, body: raw, price: price, input: size / 4, send: sendEmbed(r),
	}
	output := 0
	q.worst, q.known = price.Of(&size, &output)
	return q, nil
}

func sendEmbed(r EmbedRequest) func(*Client, context.Context, *exchange) (*EmbedReply, error) {
	return func(c *Client, ctx context.Context, x *exchange) (*EmbedReply, error) {
		answer, err := c.ai.CreateEmbeddings(ctx, openai.EmbeddingRequest{})
		if err != nil {
			return nil, err
		}
		if x.usage.OutputTokens == nil { // embeddings have none
			x.usage.OutputTokens = new(int)
		}
		vectors, err := inOrder(answer.Data, len(r.Inputs), r.Dims)
		if err != nil {
			return nil, err
		}
		return &EmbedReply{Vectors: vectors, Model: string(answer.Model), Usage: x.usage, Latency: time.Since(x.began)}, nil
	}
}

// inOrder puts n vectors in the order of their indices. dims is the length that
// was asked for; 0: any, the same for all.
func inOrder(data []openai.Embedding, n, dims int) ([][]float32, error) {
	wrong := func(format string, args ...any) error {
		return &Error{Kind: NotAnAnswer, Message: fmt.Sprintf(format, args...)}
	}
	if len(data) != n {
		return nil, wrong("expected %d vectors, found %d", n, len(data))
	}
	vectors := make([][]float32, n)
	for _, d := range data {
		if d.Index < 0 || d.Index >= n || vectors[d.Index] != nil {
			return nil, wrong("expected each index from 0 to %d once, found %d out of range or twice", n-1, d.Index)
		}
		if dims == 0 {
			dims = len(d.Embedding)
		}
		if len(d.Embedding) != dims || dims == 0 {
			return nil, wrong("expected vectors of %d numbers, found one of %d: ask for the dims that the model has", dims, len(d.Embedding))
		}
		if !slices.ContainsFunc(d.Embedding, func(v float32) bool { return v != 0 }) {
			return nil, wrong("expected a direction, found a vector of zeros")
		}
		vectors[d.Index] = d.Embedding
	}
	return vectors, nil
}
