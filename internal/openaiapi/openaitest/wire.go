package openaitest

import (
	"encoding/json"
	"hash/fnv"
	"io"
	"strings"
)

const (
	chatPath  = "/v1/chat/completions"
	embedPath = "/v1/embeddings"

	created = 1767225600 // answers do not hang on the clock
)

type errorBody struct {
	Error errorObject `json:"error"`
}

type errorObject struct {
	Message string `json:"message"`
	Type    string `json:"type"`
	Code    any    `json:"code"`
}

type upstreamErrorBody struct {
	Error upstreamErrorObject `json:"error"`
}

type upstreamErrorObject struct {
	Message string `json:"message"`
	Code    int    `json:"code"`
}

type completion struct {
	ID      string   `json:"id"`
	Object  string   `json:"object"`
	Created int      `json:"created"`
	Model   string   `json:"model"`
	Choices []choice `json:"choices"`
	Usage   *usage   `json:"usage,omitempty"`
}

type choice struct {
	Index        int       `json:"index"`
	Message      *message  `json:"message,omitempty"`
	Delta        *delta    `json:"delta,omitempty"`
	Logprobs     *logprobs `json:"logprobs"`
	FinishReason *string   `json:"finish_reason"`
}

type message struct {
	Role    string  `json:"role"`
	Content string  `json:"content"`
	Refusal *string `json:"refusal"`
}

type delta struct {
	Role    string  `json:"role,omitempty"`
	Content *string `json:"content,omitempty"`
}

type logprobs struct {
	Content []tokenLogprob `json:"content"`
}

type tokenLogprob struct {
	alternative
	Top []alternative `json:"top_logprobs"`
}

type alternative struct {
	Token   string  `json:"token"`
	Logprob float64 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
}

type usage struct {
	PromptTokens      int                `json:"prompt_tokens"`
	CompletionTokens  int                `json:"completion_tokens"`
	TotalTokens       int                `json:"total_tokens"`
	PromptDetails     *promptDetails     `json:"prompt_tokens_details"`
	CompletionDetails *completionDetails `json:"completion_tokens_details"`
	Cost              *float64           `json:"cost,omitempty"`
}

type promptDetails struct {
	CachedTokens int `json:"cached_tokens"`
}

type completionDetails struct {
	ReasoningTokens int `json:"reasoning_tokens"`
}

type embeddings struct {
	Object string      `json:"object"`
	Data   []embedding `json:"data"`
	Model  string      `json:"model"`
	Usage  *embedUsage `json:"usage,omitempty"`
}

type embedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // []float32, []float64 or a string of base64
}

type embedUsage struct {
	PromptTokens int      `json:"prompt_tokens"`
	TotalTokens  int      `json:"total_tokens"`
	Cost         *float64 `json:"cost,omitempty"`
}

func encode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // a function of Config gave what JSON cannot hold
	}
	return body
}

// parse fills q from its body and says what is wrong with it.
func (q *Request) parse() (problem string) {
	if err := json.Unmarshal(q.Raw, &q.Body); err != nil {
		return "the body is no JSON object"
	}
	if q.Model, _ = q.Body["model"].(string); q.Model == "" {
		return "model is missing"
	}
	if q.Path == embedPath {
		return q.parseEmbed()
	}
	return q.parseChat()
}

func (q *Request) parseChat() (problem string) {
	messages, _ := q.Body["messages"].([]any)
	if len(messages) == 0 {
		return "messages are missing"
	}
	h := fnv.New64a()
	io.WriteString(h, q.Model)
	for _, m := range messages {
		m, _ := m.(map[string]any)
		role, _ := m["role"].(string)
		text := content(m["content"])
		switch role {
		case "system", "developer":
			q.System = text
		case "user":
			q.User = text
		case "":
			return "a message has no role"
		}
		q.inputTokens += countWords(text)
		io.WriteString(h, "\x00"+role+"\x00"+text)
	}
	q.seed = h.Sum64()
	q.inputTokens = max(1, q.inputTokens)
	q.Stream, _ = q.Body["stream"].(bool)
	options, _ := q.Body["stream_options"].(map[string]any)
	q.streamUsage, _ = options["include_usage"].(bool)
	q.logprobs, _ = q.Body["logprobs"].(bool)
	for _, name := range []string{"max_tokens", "max_completion_tokens"} {
		if n, ok := q.Body[name].(float64); ok {
			if q.MaxTokens = int(n); q.MaxTokens < 1 {
				return name + " must be at least 1"
			}
		}
	}
	if n, ok := q.Body["top_logprobs"].(float64); ok {
		q.topLogprobs = int(n)
		if q.topLogprobs < 0 || q.topLogprobs > 20 || !q.logprobs {
			return "top_logprobs must be from 0 to 20 and needs logprobs"
		}
	}
	return ""
}

func (q *Request) parseEmbed() (problem string) {
	switch input := q.Body["input"].(type) {
	case string:
		q.Inputs = []string{input}
	case []any:
		for _, text := range input {
			text, ok := text.(string)
			if !ok {
				return "input must be texts"
			}
			q.Inputs = append(q.Inputs, text)
		}
	}
	if len(q.Inputs) == 0 {
		return "input is missing"
	}
	for _, text := range q.Inputs {
		q.inputTokens += max(1, countWords(text))
	}
	if n, ok := q.Body["dimensions"].(float64); ok {
		if q.Dims = int(n); q.Dims < 1 {
			return "dimensions must be at least 1"
		}
	}
	q.base64 = q.Body["encoding_format"] == "base64"
	return ""
}

// content is a message's text, given whole or in parts.
func content(v any) string {
	parts, ok := v.([]any)
	if !ok {
		text, _ := v.(string)
		return text
	}
	var b strings.Builder
	for _, part := range parts {
		part, _ := part.(map[string]any)
		text, _ := part["text"].(string)
		b.WriteString(text)
	}
	return b.String()
}

func countWords(text string) int {
	n := 0
	for range strings.FieldsSeq(text) {
		n++
	}
	return n
}
