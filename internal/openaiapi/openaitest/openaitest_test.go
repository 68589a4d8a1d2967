package openaitest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

const (
	chat       = `{"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"which way"}]}`
	chatStream = `{"model":"m","messages":[{"role":"system","content":"be brief"},{"role":"user","content":"which way"}],"stream":true,"stream_options":{"include_usage":true}}`
	embed      = `{"model":"e","input":["one","two words"]}`

	answer = "down the hill"  // three tokens
	price  = 1.0 / (1 << 20)  // sums of it are exact
	cutOff = "unexpected EOF" // how a client sees a closed connection
)

// A reply is what came, also if it broke off.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

func post(ctx context.Context, s *openaitest.Server, path, body string, header ...string) reply {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+path, strings.NewReader(body))
	if err != nil {
		return reply{err: err}
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return reply{err: err}
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(got), err}
}

func pathOf(body string) string {
	if strings.Contains(body, `"input"`) {
		return "/embeddings"
	}
	return "/chat/completions"
}

func down(*openaitest.Request) string { return answer }

func only(t *testing.T, s *openaitest.Server) openaitest.Entry {
	t.Helper()
	entries := s.Entries()
	if len(entries) != 1 {
		t.Fatalf("%d entries, expected 1", len(entries))
	}
	return entries[0]
}

type usage struct {
	Prompt            int            `json:"prompt_tokens"`
	Completion        int            `json:"completion_tokens"`
	Total             int            `json:"total_tokens"`
	PromptDetails     map[string]int `json:"prompt_tokens_details"`
	CompletionDetails map[string]int `json:"completion_tokens_details"`
	Cost              *float64       `json:"cost"`
}

type token struct {
	Token   string
	Logprob float64
	Bytes   []int
	Top     []token `json:"top_logprobs"`
}

type completion struct {
	ID, Object, Model string
	Created           int
	Choices           []struct {
		Message, Delta struct{ Role, Content string }
		Logprobs       *struct{ Content []token }
		FinishReason   *string `json:"finish_reason"`
	}
	Usage *usage
}

type vectors struct {
	Data []struct {
		Index     int
		Embedding json.RawMessage
	}
	Usage *usage
}

func decode[T any](t *testing.T, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// events returns the data of a stream.
func events(t *testing.T, r reply) []string {
	t.Helper()
	if got := r.header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	var data []string
	for line := range strings.Lines(r.body) {
		if rest, ok := strings.CutPrefix(line, "data: "); ok {
			data = append(data, strings.TrimSuffix(rest, "\n"))
		}
	}
	return data
}

func TestChat(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{Answer: down, CostPerToken: price})
	r := post(t.Context(), s, "/chat/completions", chat)
	got := decode[completion](t, r.body)
	if r.err != nil || r.status != 200 || r.header.Get("Content-Type") != "application/json" {
		t.Errorf("HTTP %d %v, %v", r.status, r.header, r.err)
	}
	if len(got.Choices) != 1 || got.Choices[0].Message.Content != answer || *got.Choices[0].FinishReason != "stop" || got.Choices[0].Logprobs != nil {
		t.Errorf("choices are %+v", got.Choices)
	}
	if got.ID == "" || got.Object != "chat.completion" || got.Model != "m" || got.Created == 0 {
		t.Errorf("got %+v", got)
	}
	if u := got.Usage; u.Prompt != 4 || u.Completion != 3 || u.Total != 7 || *u.Cost != 7*price || len(u.PromptDetails) != 1 || len(u.CompletionDetails) != 1 {
		t.Errorf("usage is %+v", u)
	}

	entry := only(t, s)
	q := entry.Request
	if q.System != "be brief" || q.User != "which way" || q.Model != "m" || q.Path != "/v1/chat/completions" || q.Stream {
		t.Errorf("request is %+v", q)
	}
	if q.Header != nil || q.Body != nil || q.Raw != nil || entry.At.IsZero() {
		t.Errorf("entry is %+v", entry)
	}
	if !entry.Billed || entry.CostUSD != 7*price || !entry.CostTold || entry.Status != 200 || entry.Fault != openaitest.None {
		t.Errorf("entry is %+v", entry)
	}

	for _, limit := range []string{"max_tokens", "max_completion_tokens"} {
		r = post(t.Context(), s, "/chat/completions", chat[:len(chat)-1]+`,"`+limit+`":2}`)
		got = decode[completion](t, r.body)
		if got.Choices[0].Message.Content != "down the" || *got.Choices[0].FinishReason != "length" || got.Usage.Completion != 2 {
			t.Errorf("%s: got %s", limit, r.body)
		}
	}
	r = post(t.Context(), s, "/chat/completions", `{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"in "},{"type":"text","text":"parts"}]}]}`)
	if got := s.Entries()[3].Request.User; r.status != 200 || got != "in parts" {
		t.Errorf("HTTP %d, user %q", r.status, got)
	}
}

func TestStream(t *testing.T) {
	for _, text := range []string{answer, " two\n\nparts \n", "", "  "} {
		s := openaitest.Start(t, openaitest.Config{Answer: func(*openaitest.Request) string { return text }, CostPerToken: price, TokenGap: time.Millisecond})
		data := events(t, post(t.Context(), s, "/chat/completions", chatStream))
		n := len(data)
		if n < 4 || data[n-1] != "[DONE]" {
			t.Fatalf("got %q", data)
		}
		first := decode[completion](t, data[0]).Choices[0]
		if first.Delta.Role != "assistant" || first.Delta.Content != "" {
			t.Errorf("the first chunk is %s", data[0])
		}
		joined := ""
		for i, d := range data[:n-2] {
			c := decode[completion](t, d)
			joined += c.Choices[0].Delta.Content
			if (c.Choices[0].FinishReason != nil) != (i == n-3) || c.Usage != nil || c.Object != "chat.completion.chunk" {
				t.Errorf("chunk %d of %d is %s", i, n, d)
			}
		}
		if joined != text {
			t.Errorf("pieces make %q, expected %q", joined, text)
		}
		out := max(1, len(strings.Fields(text)))
		last := decode[completion](t, data[n-2])
		if last.Choices == nil || len(last.Choices) != 0 || last.Usage.Completion != out || *last.Usage.Cost != float64(4+out)*price {
			t.Errorf("the usage chunk is %s", data[n-2])
		}
		if e := only(t, s); !e.Billed || !e.CostTold || e.CostUSD != float64(4+out)*price {
			t.Errorf("entry is %+v", e)
		}
	}

	s := openaitest.Start(t, openaitest.Config{})
	r := post(t.Context(), s, "/chat/completions", strings.Replace(chatStream, `"include_usage":true`, `"include_usage":false`, 1))
	if e := only(t, s); strings.Contains(r.body, "usage") || !strings.HasSuffix(r.body, "data: [DONE]\n\n") || !e.Billed || e.CostTold {
		t.Errorf("without usage: %s, entry %+v", r.body, e)
	}
}

func TestLogprobs(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{Answer: down})
	ask := func(body string) string {
		return post(t.Context(), s, "/chat/completions", body[:len(body)-1]+`,"logprobs":true,"top_logprobs":20}`).body
	}
	whole := decode[completion](t, ask(chat)).Choices[0].Logprobs.Content
	var streamed []token
	for _, d := range events(t, post(t.Context(), s, "/chat/completions", chatStream[:len(chatStream)-1]+`,"logprobs":true,"top_logprobs":20}`)) {
		if d == "[DONE]" {
			break
		}
		for _, c := range decode[completion](t, d).Choices {
			if c.Logprobs != nil {
				streamed = append(streamed, c.Logprobs.Content...)
			}
		}
	}
	if !reflect.DeepEqual(whole, streamed) {
		t.Errorf("whole %+v, streamed %+v", whole, streamed)
	}
	text := ""
	for _, tok := range whole {
		text += tok.Token
		seen, mass := map[string]bool{}, 0.0
		for i, a := range tok.Top {
			seen[a.Token] = true
			mass += math.Exp(a.Logprob)
			if i > 0 && a.Logprob >= tok.Top[i-1].Logprob {
				t.Errorf("alternative %d of %q is not less likely than the one before", i, tok.Token)
			}
		}
		if len(seen) != 20 || mass > 1 || tok.Top[0].Token != tok.Token || len(tok.Bytes) != len(tok.Token) {
			t.Errorf("token %+v", tok)
		}
	}
	if text != answer {
		t.Errorf("tokens make %q", text)
	}
	if r := post(t.Context(), s, "/chat/completions", chat[:len(chat)-1]+`,"logprobs":true,"top_logprobs":21}`); r.status != 400 {
		t.Errorf("21 alternatives: HTTP %d", r.status)
	}
	without := openaitest.Start(t, openaitest.Config{NoLogprobs: true})
	if r := post(t.Context(), without, "/chat/completions", chat[:len(chat)-1]+`,"logprobs":true}`); r.status != 200 || !strings.Contains(r.body, `"logprobs":null`) {
		t.Errorf("NoLogprobs: %d %s", r.status, r.body)
	}
}

func TestEmbed(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{CostPerToken: price})
	r := post(t.Context(), s, "/embeddings", embed)
	got := decode[vectors](t, r.body)
	if u := got.Usage; u.Prompt != 3 || u.Total != 3 || *u.Cost != 3*price || len(got.Data) != 2 {
		t.Errorf("got %s", r.body)
	}
	for i, d := range got.Data {
		square := 0.0
		v := decode[[]float64](t, string(d.Embedding))
		for _, x := range v {
			square += x * x
		}
		if d.Index != i || len(v) != 8 || math.Abs(square-1) > 1e-6 {
			t.Errorf("vector %d is %s, its index %d", i, d.Embedding, d.Index)
		}
	}
	alone := decode[vectors](t, post(t.Context(), s, "/embeddings", `{"model":"e","input":"two words"}`).body)
	if !bytes.Equal(alone.Data[0].Embedding, got.Data[1].Embedding) {
		t.Error("a text alone has another vector")
	}
	short := decode[vectors](t, post(t.Context(), s, "/embeddings", `{"model":"e","input":"one","dimensions":2}`).body)
	if n := len(decode[[]float64](t, string(short.Data[0].Embedding))); n != 2 {
		t.Errorf("%d dimensions, expected 2", n)
	}
	if e := s.Entries()[2]; e.Request.Dims != 2 || !slices.Equal(e.Request.Inputs, []string{"one"}) || !e.Billed || !e.CostTold {
		t.Errorf("entry is %+v", e)
	}
	if r := post(t.Context(), s, "/embeddings", `{"model":"e","input":"one","encoding_format":"base64"}`); !strings.Contains(r.body, `"embedding":"`) {
		t.Errorf("base64: %s", r.body)
	}
}

func TestRefused(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{
		Key: "k", Headers: map[string]string{"X-Any": "", "X-Exact": "v"}, Models: []string{"m", "e"},
		Fault: func(r *openaitest.Request) openaitest.Fault {
			if r.Header.Get("X-Any") != "1" || r.Body["model"] != r.Model || len(r.Raw) == 0 {
				t.Errorf("request is %+v", r)
			}
			return openaitest.Fault{}
		},
	})
	all := []string{"Authorization", "Bearer k", "X-Any", "1", "X-Exact", "v"}
	for _, c := range []struct {
		path, body string
		header     []string
		status     int
	}{
		{"/chat/completions", chat, all, 200},
		{"/embeddings", embed, all, 200},
		{"/chat/completions", chat, nil, 401},
		{"/chat/completions", chat, []string{"Authorization", "Bearer q", "X-Any", "1", "X-Exact", "v"}, 401},
		{"/chat/completions", chat, []string{"Authorization", "Bearer k", "X-Exact", "v"}, 400},
		{"/chat/completions", chat, []string{"Authorization", "Bearer k", "X-Any", "1", "X-Exact", "w"}, 400},
		{"/models", chat, all, 404},
		{"/chat/completions", strings.Replace(chat, `"m"`, `"n"`, 1), all, 404},
		{"/chat/completions", `{"model":`, all, 400},
		{"/chat/completions", `{"messages":[{"role":"user","content":"x"}]}`, all, 400},
		{"/chat/completions", `{"model":"m","messages":[]}`, all, 400},
		{"/chat/completions", `{"model":"m","messages":[{"content":"x"}]}`, all, 400},
		{"/embeddings", `{"model":"e","input":[]}`, all, 400},
		{"/embeddings", `{"model":"e","input":[1,2]}`, all, 400},
		{"/embeddings", `{"model":"e","input":"x","dimensions":0}`, all, 400},
	} {
		s.Reset()
		r := post(t.Context(), s, c.path, c.body, c.header...)
		e := only(t, s)
		if r.status != c.status || e.Status != c.status || e.Billed != (c.status == 200) || e.Request.N != 0 {
			t.Errorf("%s %s: HTTP %d, expected %d; entry %+v", c.path, c.body, r.status, c.status, e)
		}
		if problem := decode[struct {
			Error *struct{ Message, Type string }
		}](t, r.body).Error; c.status != 200 && (problem == nil || problem.Message == "" || problem.Type == "") {
			t.Errorf("%s %s: got %s", c.path, c.body, r.body)
		}
	}
}

func TestFaults(t *testing.T) {
	const whole, streamed, embedded = 7, 7, 3 // tokens of complete answers
	tested := map[openaitest.Kind]bool{}
	for _, c := range []struct {
		fault  openaitest.Fault
		body   string
		status int    // 0: no answer begins
		err    string // of reading; empty: none
		tokens int    // billed
		told   bool
		check  func(t *testing.T, r reply)
	}{
		{openaitest.Fault{Kind: openaitest.Status, Status: 429, RetryAfter: "7"}, chat, 429, "", 0, false, func(t *testing.T, r reply) {
			if r.header.Get("Retry-After") != "7" || !strings.Contains(r.body, `{"error":{"message":"`) || !strings.Contains(r.body, `"code":null`) {
				t.Errorf("got %v %s", r.header, r.body)
			}
		}},
		{openaitest.Fault{Kind: openaitest.Status, Body: "{}"}, embed, 500, "", 0, false, is("{}")},
		{openaitest.Fault{Kind: openaitest.HTML, Status: 503}, chatStream, 503, "", 0, false, contains("<html>")},
		{openaitest.Fault{Kind: openaitest.HTML}, chat, 200, "", 0, false, func(t *testing.T, r reply) {
			if got := r.header.Get("Content-Type"); !strings.HasPrefix(got, "text/html") {
				t.Errorf("content type %q", got)
			}
		}},
		{openaitest.Fault{Kind: openaitest.ErrorIn200}, chat, 200, "", 0, false, contains(`"code":502`)},
		{openaitest.Fault{Kind: openaitest.ErrorIn200, Status: 429}, embed, 200, "", 0, false, contains(`"code":429`)},
		{openaitest.Fault{Kind: openaitest.SlowHeaders, Delay: time.Millisecond}, chat, 200, "", whole, true, contains(answer)},
		{openaitest.Fault{Kind: openaitest.SlowBody, Delay: time.Millisecond}, chat, 200, "", whole, true, contains(answer)},
		{openaitest.Fault{Kind: openaitest.SlowBody, Delay: time.Millisecond}, chatStream, 200, "", streamed, true, contains("[DONE]")},
		{openaitest.Fault{Kind: openaitest.ResetBeforeHeaders}, chat, 0, "reset", 0, false, nil},
		{openaitest.Fault{Kind: openaitest.BadJSON}, chat, 200, "", whole, false, isNotJSON},
		{openaitest.Fault{Kind: openaitest.BadJSON}, embed, 200, "", embedded, false, isNotJSON},
		{openaitest.Fault{Kind: openaitest.BadJSON, After: 1}, chatStream, 200, "", 5, false, func(t *testing.T, r reply) {
			data := events(t, r)
			if len(data) != 3 || json.Valid([]byte(data[2])) {
				t.Errorf("got %q", data)
			}
		}},
		{openaitest.Fault{Kind: openaitest.CutBody}, chat, 200, cutOff, whole, false, isNotJSON},
		{openaitest.Fault{Kind: openaitest.CutBody}, embed, 200, cutOff, embedded, false, isNotJSON},
		{openaitest.Fault{Kind: openaitest.ErrorMidStream, After: 2}, chatStream, 200, "", 6, false, func(t *testing.T, r reply) {
			data := events(t, r)
			if len(data) != 4 || !strings.HasPrefix(data[3], `{"error":{`) || !strings.Contains(data[3], `"code":502`) || !strings.Contains(r.body, ": ping\n") {
				t.Errorf("got %s", r.body)
			}
		}},
		{openaitest.Fault{Kind: openaitest.ErrorMidStream}, chatStream, 200, "", 0, false, chunks(2)},
		{openaitest.Fault{Kind: openaitest.CutStream, After: 2}, chatStream, 200, cutOff, 6, false, chunks(3)},
		{openaitest.Fault{Kind: openaitest.CutStream, After: 99}, chatStream, 200, cutOff, 7, false, chunks(4)},
		{openaitest.Fault{Kind: openaitest.CutStream}, chatStream, 200, cutOff, 0, false, chunks(1)},
		{openaitest.Fault{Kind: openaitest.CleanCut, After: 2}, chatStream, 200, "", 6, false, chunks(3)},
		{openaitest.Fault{Kind: openaitest.NoDone}, chatStream, 200, "", streamed, true, func(t *testing.T, r reply) {
			if !strings.Contains(r.body, `"stop"`) || !strings.Contains(r.body, `"cost"`) || strings.Contains(r.body, "DONE") {
				t.Errorf("got %s", r.body)
			}
		}},
		{openaitest.Fault{Kind: openaitest.Pings}, chatStream, 200, "", streamed, true, func(t *testing.T, r reply) {
			rest, ok := strings.CutPrefix(r.body, strings.Repeat(": ping\n\n", 200))
			if !ok || !strings.HasPrefix(rest, "data: ") || !strings.HasSuffix(rest, "data: [DONE]\n\n") {
				t.Errorf("got %s", r.body)
			}
		}},
		{openaitest.Fault{Kind: openaitest.NotSSE, Body: "busy"}, chatStream, 200, "", 0, false, is("busy")},
		{openaitest.Fault{Kind: openaitest.NoChoices}, chat, 200, "", whole, true, contains(`"choices":[],"usage":{"prompt_tokens":4,`)},
		{openaitest.Fault{Kind: openaitest.NoChoices}, chatStream, 200, "", streamed, true, chunks(2)},
		{openaitest.Fault{Kind: openaitest.NullFinish}, chat, 200, "", 0, true, contains(`"content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":{"prompt_tokens":0,`)},
		{openaitest.Fault{Kind: openaitest.NullFinish, After: 2}, chat, 200, "", 0, true, contains(`"content":"down the"`)},
		{openaitest.Fault{Kind: openaitest.NullFinish, After: 2}, chatStream, 200, "", 0, true, func(t *testing.T, r reply) {
			if n := strings.Count(r.body, `"finish_reason":null`); n != 4 || !strings.Contains(r.body, `"total_tokens":0`) || !strings.Contains(r.body, "[DONE]") {
				t.Errorf("got %s", r.body)
			}
		}},
		{openaitest.Fault{Kind: openaitest.FewerVectors}, embed, 200, "", embedded, true, shapes("0:8")},
		{openaitest.Fault{Kind: openaitest.MoreVectors}, embed, 200, "", embedded, true, shapes("0:8 1:8 2:8")},
		{openaitest.Fault{Kind: openaitest.WrongDims}, embed, 200, "", embedded, true, shapes("0:8 1:9")},
		{openaitest.Fault{Kind: openaitest.Reordered}, embed, 200, "", embedded, true, shapes("1:8 0:8")},
		{openaitest.Fault{Kind: openaitest.DuplicateIndex}, embed, 200, "", embedded, true, shapes("0:8 0:8")},
		{openaitest.Fault{Kind: openaitest.HugeNumber}, embed, 200, "", embedded, true, func(t *testing.T, r reply) {
			shapes("0:8 1:8")(t, r)
			var v []float32
			if err := json.Unmarshal(decode[vectors](t, r.body).Data[1].Embedding, &v); err == nil {
				t.Error("every element fits a float32")
			}
		}},
		{openaitest.Fault{Kind: openaitest.ZeroVector}, embed, 200, "", embedded, true, contains(`"embedding":[0,0,0,0,0,0,0,0]`)},
		{openaitest.Fault{Kind: openaitest.Base64}, embed, 200, "", embedded, true, contains(`"index":1,"embedding":"`)},
	} {
		tested[c.fault.Kind] = true
		t.Run(fmt.Sprintf("%s of %s stream=%t", c.fault.Kind, pathOf(c.body), c.body == chatStream), func(t *testing.T) {
			s := openaitest.Start(t, openaitest.Config{Answer: down, CostPerToken: price, Fault: func(*openaitest.Request) openaitest.Fault { return c.fault }})
			start := time.Now()
			r := post(t.Context(), s, pathOf(c.body), c.body)
			if took := time.Since(start); took < c.fault.Delay {
				t.Errorf("took %v, expected %v", took, c.fault.Delay)
			}
			if r.status != c.status {
				t.Errorf("HTTP %d, expected %d", r.status, c.status)
			}
			if (r.err != nil) != (c.err != "") || r.err != nil && !strings.Contains(r.err.Error(), c.err) {
				t.Errorf("error %v, expected %q", r.err, c.err)
			}
			if c.check != nil {
				c.check(t, r)
			}
			cost := float64(c.tokens) * price
			e := only(t, s)
			if e.Fault != c.fault.Kind || e.Status != c.status || e.Billed != (c.tokens > 0) || e.CostUSD != cost || e.CostTold != c.told {
				t.Errorf("entry is %+v, expected a cost of %g", e, cost)
			}
			if got := s.Totals(); got.CostUSD != cost || (got.Billed == 1) != e.Billed || (got.Told == 1) != e.CostTold {
				t.Errorf("totals are %+v", got)
			}
		})
	}
	tested[openaitest.Hang] = true // in TestHang
	for _, kind := range openaitest.Kinds() {
		if !tested[kind] {
			t.Errorf("kind %q is not tested", kind)
		}
	}
}

func is(want string) func(*testing.T, reply) {
	return func(t *testing.T, r reply) {
		if r.body != want {
			t.Errorf("got %q, expected %q", r.body, want)
		}
	}
}

func contains(want string) func(*testing.T, reply) {
	return func(t *testing.T, r reply) {
		if !strings.Contains(r.body, want) {
			t.Errorf("got %s, expected %s in it", r.body, want)
		}
	}
}

func isNotJSON(t *testing.T, r reply) {
	if r.body == "" || json.Valid([]byte(r.body)) {
		t.Errorf("got %q", r.body)
	}
}

func chunks(want int) func(*testing.T, reply) {
	return func(t *testing.T, r reply) {
		if data := events(t, r); len(data) != want || strings.Contains(r.body, `"stop"`) {
			t.Errorf("got %q, expected %d", data, want)
		}
	}
}

// shapes expects each vector's index and length.
func shapes(want string) func(*testing.T, reply) {
	return func(t *testing.T, r reply) {
		var got []string
		for _, d := range decode[vectors](t, r.body).Data {
			got = append(got, fmt.Sprintf("%d:%d", d.Index, len(decode[[]float64](t, string(d.Embedding)))))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("vectors are %v, expected %s", got, want)
		}
	}
}

func TestFaultThatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		kind openaitest.Kind
		body string
	}{
		{openaitest.CutStream, chat}, {openaitest.CutBody, chatStream}, {openaitest.ZeroVector, chat},
		{openaitest.NoChoices, embed}, {openaitest.Reordered, `{"model":"e","input":"one"}`},
	} {
		s := openaitest.Start(t, openaitest.Config{Fault: func(*openaitest.Request) openaitest.Fault { return openaitest.Fault{Kind: c.kind} }})
		r := post(t.Context(), s, pathOf(c.body), c.body)
		if e := only(t, s); r.err != nil || e.Fault != openaitest.None || !e.CostTold {
			t.Errorf("%s: error %v, entry %+v", c.kind, r.err, e)
		}
	}
}

func TestNoUsage(t *testing.T) {
	for _, body := range []string{chat, chatStream, embed} {
		for _, config := range []openaitest.Config{{NoCost: true}, {NoUsage: true}} {
			s := openaitest.Start(t, config)
			r := post(t.Context(), s, pathOf(body), body)
			if strings.Contains(r.body, "usage") != config.NoCost || strings.Contains(r.body, "cost") {
				t.Errorf("got %s", r.body)
			}
			if e := only(t, s); !e.Billed || e.CostTold || e.CostUSD == 0 {
				t.Errorf("entry is %+v", e)
			}
		}
	}
}

// A client that goes away ends what waits, and so does Close.
func TestHang(t *testing.T) {
	for _, c := range []struct {
		config openaitest.Config
		body   string
		billed bool
	}{
		{openaitest.Config{Fault: always(openaitest.Fault{Kind: openaitest.Hang})}, chat, false},
		{openaitest.Config{Fault: always(openaitest.Fault{Kind: openaitest.SlowHeaders, Delay: time.Hour})}, chat, false},
		{openaitest.Config{Latency: time.Hour}, embed, false},
		{openaitest.Config{Fault: always(openaitest.Fault{Kind: openaitest.SlowBody, Delay: time.Hour})}, chat, true},
		{openaitest.Config{Fault: always(openaitest.Fault{Kind: openaitest.SlowBody, Delay: time.Hour})}, chatStream, false},
		{openaitest.Config{TokenGap: time.Hour}, chatStream, true},
	} {
		for _, closing := range []bool{false, true} {
			s, err := openaitest.Serve(c.config)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			replies := make(chan reply)
			go func() { replies <- post(ctx, s, pathOf(c.body), c.body) }()
			for s.Count() == 0 || s.Totals().Billed == 0 && c.billed {
				time.Sleep(time.Millisecond)
			}
			if closing {
				err = s.Close()
			} else {
				cancel()
			}
			r := <-replies
			if r.err == nil || err != nil || errors.Is(r.err, context.Canceled) == closing {
				t.Errorf("closing %t: got %+v, close %v", closing, r, err)
			}
			if e := only(t, s); e.Billed != c.billed || e.CostTold {
				t.Errorf("closing %t: entry %+v", closing, e)
			}
			cancel()
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			if r := post(t.Context(), s, "/embeddings", embed); !errors.Is(r.err, syscall.ECONNREFUSED) {
				t.Errorf("after Close: %+v", r)
			}
		}
	}
}

func always(f openaitest.Fault) func(*openaitest.Request) openaitest.Fault {
	return func(*openaitest.Request) openaitest.Fault { return f }
}

func TestDeterministic(t *testing.T) {
	a, b := openaitest.Start(t, openaitest.Config{}), openaitest.Start(t, openaitest.Config{})
	post(t.Context(), b, "/embeddings", `{"model":"e","input":"other"}`)
	for _, body := range []string{chat, chatStream, embed} {
		if x, y := post(t.Context(), a, pathOf(body), body), post(t.Context(), b, pathOf(body), body); x.body != y.body || x.body == "" {
			t.Errorf("got %s and %s", x.body, y.body)
		}
	}
	other := strings.Replace(chat, "which", "what", 1)
	contents := map[string]bool{}
	for _, body := range []string{chat, other, strings.Replace(chat, `"m"`, `"n"`, 1)} {
		contents[decode[completion](t, post(t.Context(), a, "/chat/completions", body).body).Choices[0].Message.Content] = true
	}
	if len(contents) != 3 {
		t.Errorf("different questions have answers %v", contents)
	}
}

func TestSeen(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{Fault: func(r *openaitest.Request) openaitest.Fault {
		if r.Seen == 0 {
			return openaitest.Fault{Kind: openaitest.Status, Status: 500}
		}
		return openaitest.Fault{}
	}})
	var got []int
	for _, body := range []string{chat, chat, embed, chat, embed} {
		got = append(got, post(t.Context(), s, pathOf(body), body).status)
	}
	if !slices.Equal(got, []int{500, 200, 500, 200, 200}) {
		t.Errorf("got %v", got)
	}
	for i, e := range s.Entries() {
		if e.Request.N != i {
			t.Errorf("entry %d has N %d", i, e.Request.N)
		}
	}
	s.Reset()
	if r := post(t.Context(), s, "/embeddings", embed); r.status != 500 || s.Count() != 1 {
		t.Errorf("after Reset: HTTP %d, count %d", r.status, s.Count())
	}
}

func TestManyAtOnce(t *testing.T) {
	const workers, each = 8, 50
	s := openaitest.Start(t, openaitest.Config{Answer: down, CostPerToken: price, Forget: true, Latency: 5 * time.Millisecond})
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				body := chat
				if i%2 == 1 {
					body = chatStream
				}
				if r := post(t.Context(), s, "/chat/completions", body); r.err != nil || r.status != 200 {
					t.Errorf("worker %d: %+v", w, r)
				}
			}
		})
	}
	wg.Wait()
	const n, cost = workers * each, workers * each * 7 * price
	if got := s.Totals(); got != (openaitest.Totals{Requests: n, Billed: n, CostUSD: cost, Told: n, ToldUSD: cost}) {
		t.Errorf("totals are %+v", got)
	}
	if got := s.InFlightMax(); got < 2 || got > workers {
		t.Errorf("%d in flight, expected up to %d", got, workers)
	}
	if got := s.Entries(); len(got) != 0 {
		t.Errorf("%d entries though they are to be forgotten", len(got))
	}
}

func BenchmarkChat(b *testing.B) {
	s := openaitest.Start(b, openaitest.Config{Forget: true})
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			response, err := client.Post(s.URL+"/chat/completions", "application/json", strings.NewReader(chat))
			if err != nil {
				b.Error(err)
				return
			}
			_, err = io.Copy(io.Discard, response.Body)
			if err := errors.Join(err, response.Body.Close()); err != nil {
				b.Error(err)
			}
		}
	})
}
