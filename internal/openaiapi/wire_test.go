package openaiapi

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	openai "github.com/sashabaranov/go-openai"

	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

const (
	sse      = "text/event-stream"
	inJSON   = "application/json"
	hello    = `{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],`
	billed   = `"usage":{"prompt_tokens":3,"completion_tokens":2,"cost":0.25}`
	piece    = `data: {"choices":[{"index":0,"delta":{"content":"hello"},"finish_reason":null}]}` + "\n\n"
	finish   = `data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	lastly   = `data: {"choices":[],` + billed + "}\n\n"
	done     = "data: [DONE]\n\n"
	vectors2 = `{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0,1]}],"model":"e",`
)

// What servers do with an answer: each trap that is known of them.
func TestAnswers(t *testing.T) {
	const unknown, none = -1, 0 // costs
	type want struct {
		text    string // of an answer
		kind    Kind   // of a failure
		message string // within its text
		cost    float64
		sent    int // requests; 0: one
		status  int // 0: 200
		check   func(*testing.T, *ChatReply)
	}
	ttft := func(measured bool) func(*testing.T, *ChatReply) {
		return func(t *testing.T, r *ChatReply) {
			if (r.FirstToken > 0) != measured || r.FirstToken > r.Latency || r.Latency <= 0 {
				t.Errorf("first token after %v, all after %v", r.FirstToken, r.Latency)
			}
		}
	}
	usage := func(in, out, cached, reasoning *int) func(*testing.T, *ChatReply) {
		return func(t *testing.T, r *ChatReply) {
			u := r.Usage
			if got := []*int{u.InputTokens, u.OutputTokens, u.CachedTokens, u.ReasoningTokens}; !reflect.DeepEqual(got, []*int{in, out, cached, reasoning}) {
				t.Errorf("usage is %s", u.Raw)
			}
		}
	}
	for _, c := range []struct {
		name         string
		status       int // 0: 200
		stream       bool
		kind, answer string
		want         want
	}{
		{"cost is kept", 0, false, inJSON, hello + billed + "}", want{text: "hello", cost: 0.25, check: ttft(false)}},
		{"cost is kept in the last chunk, which has no choices", 0, true, sse, piece + finish + lastly + done, want{text: "hello", cost: 0.25, check: ttft(true)}},
		{"tokens of all kinds", 0, false, inJSON, hello + `"usage":{"prompt_tokens":9,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":5},"cost":0.5}}`,
			want{text: "hello", cost: 0.5, check: usage(pointer(9), pointer(7), pointer(4), pointer(5))}},
		{"own key: the upstream cost is added", 0, false, inJSON, hello + `"usage":{"cost":0.25,"is_byok":true,"cost_details":{"upstream_inference_cost":0.5}}}`, want{text: "hello", cost: 0.75}},
		{"other key: the upstream cost is in it", 0, false, inJSON, hello + `"usage":{"cost":0.25,"is_byok":false,"cost_details":{"upstream_inference_cost":0.5}}}`, want{text: "hello", cost: 0.25}},
		{"figures that cannot be", 0, false, inJSON, hello + `"usage":{"prompt_tokens":1.5,"completion_tokens":-1,"cost":-3}}`, want{text: "hello", cost: unknown, check: usage(nil, nil, nil, nil)}},
		{"figures of other types", 0, false, inJSON, hello + `"usage":{"prompt_tokens":"7","completion_tokens":2,"cost":0.25,"is_byok":"no"}}`, want{text: "hello", cost: 0.25, check: usage(nil, pointer(2), nil, nil)}},
		{"figures that cannot be, in a stream", 0, true, sse, piece + finish + `data: {"choices":[],"usage":{"prompt_tokens":3.0,"completion_tokens":2.5,"cost":0.25}}` + "\n\n" + done,
			want{text: "hello", cost: 0.25, check: usage(pointer(3), nil, nil, nil)}},
		{"no usage", 0, false, inJSON, hello + `"usage":null}`, want{text: "hello", cost: unknown}},
		{"content in parts", 0, false, inJSON, `{"choices":[{"message":{"role":"assistant","content":[{"type":"text","text":"hel"},{"type":"text","text":"lo"}]},"finish_reason":"stop"}],` + billed + "}", want{text: "hello", cost: 0.25}},
		{"a refusal is the text", 0, false, inJSON, `{"choices":[{"message":{"role":"assistant","content":null,"refusal":"no"},"finish_reason":"stop"}],` + billed + "}", want{text: "no", cost: 0.25}},
		{"a refusal in a stream", 0, true, sse, strings.ReplaceAll(piece, "content", "refusal") + finish + lastly + done, want{text: "hello", cost: 0.25}},
		{"error is null", 0, false, inJSON, `{"error":null,` + hello[1:] + billed + "}", want{text: "hello", cost: 0.25}},
		{"error is null and stands first in a stream", 0, true, sse, strings.ReplaceAll(piece+finish, `{"choices"`, `{"error":null,"choices"`) + lastly + done, want{text: "hello", cost: 0.25}},

		{"error under 200", 0, false, inJSON, `{"error":{"code":400,"message":"too long"}}`, want{kind: InBody, status: 400, message: "too long", cost: unknown}},
		{"temporary error under 200", 0, false, inJSON, `{"error":{"code":"502","message":"upstream"}}`, want{kind: InBody, status: 502, message: "upstream", cost: unknown, sent: 3}},
		{"temporary error under 200 with its cost", 0, false, inJSON, `{"error":{"code":502,"message":"upstream"},` + billed + "}", want{kind: InBody, status: 502, cost: 0.25}},
		{"error with an answer", 0, false, inJSON, hello + `"error":{"code":502,"message":"upstream"}}`, want{kind: InBody, status: 502, message: "upstream", cost: unknown}},
		{"error in a choice", 0, false, inJSON, `{"choices":[{"message":{"content":"hel"},"finish_reason":"error","error":{"code":502,"message":"upstream"}}],` + billed + "}", want{kind: InBody, status: 502, message: "upstream", cost: 0.25}},
		{"the finish reason is error", 0, true, sse, piece + strings.ReplaceAll(finish, "stop", "error") + lastly + done, want{kind: InBody, message: "finish reason error", cost: unknown}},
		{"error in words", 0, false, inJSON, `{"error":"model is overloaded"}`, want{kind: InBody, message: "model is overloaded", cost: unknown}},
		{"error with what the provider says", 0, false, inJSON, `{"error":{"code":400,"message":"Provider returned error","metadata":{"raw":"context too long","provider_name":"Acme"}}}`,
			want{kind: InBody, status: 400, message: "Provider returned error: Acme context too long", cost: unknown}},
		{"error before anything of a stream", 0, true, sse, ": wait\n\n" + `data: {"error":{"code":503,"message":"busy"}}` + "\n\n", want{kind: InBody, status: 503, message: "busy", cost: unknown, sent: 3}},
		{"error amid a stream, behind comments", 0, true, sse, piece + strings.Repeat(": ping\n\n", 400) + `data: {"error":{"code":502,"message":"upstream"}}` + "\n\n", want{kind: InBody, status: 502, message: "upstream", cost: unknown}},
		{"error amid a stream that is no event", 0, true, sse, piece + `{"error":{"code":502,"message":"upstream"}}` + "\n", want{kind: InBody, status: 502, message: "upstream", cost: unknown}},
		{"error amid a stream in a field of its own", 0, true, sse, piece + `error: {"code":500,"message":"slot"}` + "\n\n", want{kind: InBody, status: 500, message: "slot", cost: unknown}},
		{"error for a stream as JSON", 0, true, inJSON, `{"error":{"code":400,"message":"too long"}}`, want{kind: InBody, status: 400, message: "too long", cost: unknown}},

		{"no [DONE]", 0, true, sse, piece + finish + lastly, want{text: "hello", cost: 0.25}},
		{"no usage and no [DONE]", 0, true, sse, piece + finish, want{text: "hello", cost: unknown}},
		{"no finish reason", 0, true, sse, piece + done, want{kind: Cut, message: "without a finish reason", cost: unknown}},
		{"no finish reason, tokens so far", 0, true, sse, strings.ReplaceAll(piece, `"choices"`, `"usage":{"prompt_tokens":3,"completion_tokens":1},"choices"`), want{kind: Cut, cost: unknown}},
		{"the finish reason is null", 0, false, inJSON, strings.ReplaceAll(hello, `"stop"`, "null") + `"usage":{"prompt_tokens":0,"completion_tokens":0}}`, want{kind: Cut, message: "no finish reason", cost: unknown}},
		{"lines end with CR and LF", 0, true, sse, strings.ReplaceAll(piece+finish+lastly+done, "\n", "\r\n"), want{text: "hello", cost: 0.25}},
		{"other fields", 0, true, sse, "retry: 5\nid: 7\nevent: message\n" + piece + finish + lastly + done, want{text: "hello", cost: 0.25}},
		{"no space behind the colon", 0, true, sse, strings.ReplaceAll(piece+finish+lastly+done, "data: ", "data:"), want{text: "hello", cost: 0.25}},
		{"a stream under another type", 0, true, "text/plain", piece + finish + lastly + done, want{text: "hello", cost: 0.25, check: ttft(true)}},
		{"another choice", 0, true, sse, piece + strings.ReplaceAll(piece, `"index":0`, `"index":1`) + finish + lastly + done, want{text: "hello", cost: 0.25}},
		{"JSON though a stream was asked for", 0, true, inJSON, hello + billed + "}", want{text: "hello", cost: 0.25, check: ttft(false)}},
		{"JSON under the type of a stream", 0, true, sse, hello + billed + "}", want{text: "hello", cost: 0.25, check: ttft(false)}},
		{"a line of 1 MiB", 0, true, sse, strings.ReplaceAll(piece, "hello", strings.Repeat("x", 1<<20)) + finish + lastly + done, want{text: strings.Repeat("x", 1<<20), cost: 0.25}},
		{"a line of 17 MiB", 0, true, sse, piece + ": " + strings.Repeat("x", 17<<20) + "\n", want{kind: NotAnAnswer, message: "more than 16 MiB", cost: unknown}},
		{"no stream", 0, true, sse, "upstream connect error\n", want{kind: NotAnAnswer, message: "no events", cost: unknown}},
		{"no stream, and said so", 0, true, "text/plain", "upstream connect error\n", want{kind: NotAnAnswer, message: `found "text/plain": "upstream connect error"`, cost: unknown}},
		{"an empty stream", 0, true, sse, "", want{kind: NotAnAnswer, message: "no events", cost: unknown}},
		{"an empty body", 0, false, inJSON, "", want{kind: NotAnAnswer, message: "expected a JSON object", cost: unknown}},
		{"half an event", 0, true, sse, piece + `data: {"choices":[` + "\n\n", want{kind: NotAnAnswer, message: "in an event", cost: unknown}},
		{"another object", 0, false, inJSON, `{"status":"ok"}`, want{kind: NotAnAnswer, message: "expected choices or data", cost: unknown}},
		{"no choices", 0, false, inJSON, `{"choices":[],` + billed + "}", want{kind: NotAnAnswer, message: "no choices", cost: 0.25}},
		{"a page", 0, false, "text/html", "<html><head><title>Sign in</title>", want{kind: NotAnAnswer, message: `"text/html": "<html>`, cost: unknown}},
		{"a page under 502", 502, false, "text/html", "<html><head><title>Bad gateway</title></head>", want{kind: Refused, status: 502, message: `a web page with the title "Bad gateway"`, sent: 3}},
		{"no body under 503", 503, true, inJSON, "", want{kind: Refused, status: 503, message: "Service Unavailable", sent: 3}},
		{"billed under 500", 500, false, inJSON, `{"error":{"message":"late"},` + billed + "}", want{kind: Refused, status: 500, message: "late", cost: 0.25}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := script(t, cmp.Or(c.status, 200), c.kind, c.answer)
			store := newStore(t)
			client := newClient(t, s.URL, func(c *Config) { c.Store = store })
			q := ChatRequest{Model: "m", User: "hi", Stream: c.stream, Price: price()}
			r, err := client.Chat(t.Context(), q)
			w := c.want
			if sent := cmp.Or(w.sent, 1); int(s.count.Load()) != sent {
				t.Errorf("%d requests, expected %d", s.count.Load(), sent)
			}
			var u Usage
			if w.kind == "" {
				if err != nil {
					t.Fatal(err)
				}
				if r.Text != w.text || r.FinishReason != "stop" || r.Attempts != 1 || r.At == 0 {
					t.Errorf("got %+v", r)
				}
				if w.check != nil {
					w.check(t, r)
				}
				u = r.Usage
			} else {
				e := AsError(err)
				if e == nil {
					t.Fatalf("got %v and %v, expected an error of kind %q", r, err, w.kind)
				}
				if e.Kind != w.kind || e.Status != cmp.Or(w.status, 200) || !strings.Contains(e.Error(), w.message) || e.Attempts != cmp.Or(w.sent, 1) {
					t.Errorf("got %v, %+v", e, e)
				}
				if e.Billed != (w.cost != none) || e.CostUnknown() != (w.cost == unknown) {
					t.Errorf("billed %t, expected a cost of %g", e.Billed, w.cost)
				}
				u = e.Usage
			}
			if w.cost > 0 && (u.CostUSD == nil || *u.CostUSD != w.cost) || w.cost <= 0 && u.CostUSD != nil {
				t.Errorf("expected a cost of %g in %s", w.cost, u.Raw)
			}
			spent := client.Ledger().Fresh()
			if w.kind != "" && w.cost == unknown && (spent.Unknown != cmp.Or(w.sent, 1) || spent.KnownUSD() != 0) {
				t.Errorf("spent %+v", spent)
			}
			if w.cost > 0 && spent.BilledUSD != w.cost*float64(cmp.Or(w.sent, 1)) {
				t.Errorf("spent %+v", spent)
			}

			failure := err
			offline := newClient(t, s.URL, func(c *Config) { c.Store, c.Offline = store, true })
			again, errAgain := offline.Chat(t.Context(), q)
			same(t, r, err, again, errAgain)
			later := newClient(t, s.URL, func(c *Config) { c.Store = store })
			held, err := later.Held(q)
			if passing := w.kind == Refused && w.cost == none; held == passing || err != nil {
				t.Errorf("held %t, %v", held, err)
			}
			if held {
				again, errAgain = later.Chat(t.Context(), q)
				same(t, r, failure, again, errAgain)
			}
			if n := int(s.count.Load()); n != cmp.Or(w.sent, 1) {
				t.Errorf("%d requests after it was asked again", n)
			}
		})
	}
}

// same expects the store to hold what came fresh.
func same(t *testing.T, r *ChatReply, err error, again *ChatReply, errAgain error) {
	t.Helper()
	if r != nil && again != nil {
		fresh, stored := *r, *again
		if !stored.Stored {
			t.Error("the answer is not marked as stored")
		}
		stored.Stored, fresh.Stored = false, false
		if !reflect.DeepEqual(fresh, stored) {
			t.Errorf("got %+v, then %+v", fresh, stored)
		}
		return
	}
	e, f := AsError(err), AsError(errAgain)
	if e == nil || f == nil {
		t.Errorf("got %v and %v, then %v and %v", r, err, again, errAgain)
		return
	}
	fresh, stored := *e, *f
	stored.Stored, fresh.Stored = false, false
	fresh.retryAfter, fresh.started = 0, false
	if !reflect.DeepEqual(fresh, stored) {
		t.Errorf("got %+v, then %+v", fresh, stored)
	}
}

// What connections and statuses do: how often it is sent, and whether it may
// have been billed.
func TestFaults(t *testing.T) {
	type fault = openaitest.Fault
	for _, c := range []struct {
		fault  fault
		stream bool
		kind   Kind // empty: it is answered
		status int
		sent   int
		billed bool
		fatal  bool
	}{
		{fault{Kind: openaitest.Status, Status: 408}, false, Refused, 408, 3, false, false},
		{fault{Kind: openaitest.Status, Status: 429}, true, Refused, 429, 3, false, false},
		{fault{Kind: openaitest.Status, Status: 500}, false, Refused, 500, 3, false, false},
		{fault{Kind: openaitest.Status, Status: 529}, true, Refused, 529, 3, false, false},
		{fault{Kind: openaitest.Status, Status: 400}, false, Refused, 400, 1, false, false},
		{fault{Kind: openaitest.Status, Status: 403}, true, Refused, 403, 1, false, false},
		{fault{Kind: openaitest.Status, Status: 401}, false, Refused, 401, 1, false, true},
		{fault{Kind: openaitest.Status, Status: 402}, true, Refused, 402, 1, false, true},
		{fault{Kind: openaitest.Status, Status: 404}, false, Refused, 404, 1, false, true},
		{fault{Kind: openaitest.Status, Status: 429, RetryAfter: "86400"}, false, Refused, 429, 1, false, false},
		{fault{Kind: openaitest.ErrorIn200, Status: 429, RetryAfter: "86400"}, false, InBody, 429, 1, true, false},
		{fault{Kind: openaitest.HTML}, true, NotAnAnswer, 200, 1, true, false},
		{fault{Kind: openaitest.Hang}, false, TimedOut, 0, 1, true, false},
		{fault{Kind: openaitest.Hang}, true, TimedOut, 0, 1, true, false},
		{fault{Kind: openaitest.SlowHeaders, Delay: time.Hour}, true, TimedOut, 0, 1, true, false},
		{fault{Kind: openaitest.SlowBody, Delay: time.Hour}, false, TimedOut, 200, 1, true, false},
		{fault{Kind: openaitest.SlowBody, Delay: time.Hour}, true, TimedOut, 200, 1, true, false},
		{fault{Kind: openaitest.ResetBeforeHeaders}, false, Broken, 0, 1, true, false},
		{fault{Kind: openaitest.ResetBeforeHeaders}, true, Broken, 0, 1, true, false},
		{fault{Kind: openaitest.BadJSON}, false, NotAnAnswer, 200, 1, true, false},
		{fault{Kind: openaitest.BadJSON, After: 1}, true, NotAnAnswer, 200, 1, true, false},
		{fault{Kind: openaitest.CutBody}, false, Cut, 200, 1, true, false},
		{fault{Kind: openaitest.CutStream, After: 2}, true, Cut, 200, 1, true, false},
		{fault{Kind: openaitest.CutStream}, true, Cut, 200, 1, true, false},
		{fault{Kind: openaitest.CleanCut, After: 2}, true, Cut, 200, 1, true, false},
		{fault{Kind: openaitest.ErrorMidStream, After: 2}, true, InBody, 502, 1, true, false},
		{fault{Kind: openaitest.NotSSE}, true, NotAnAnswer, 200, 1, true, false},
		{fault{Kind: openaitest.NullFinish, After: 2}, true, Cut, 200, 1, true, false},
		{fault{Kind: openaitest.NullFinish, After: 2}, false, Cut, 200, 1, true, false},
		{fault{Kind: openaitest.NoChoices}, true, Cut, 200, 1, true, false},
		{fault{Kind: openaitest.NoDone}, true, "", 200, 1, true, false},
		{fault{Kind: openaitest.Pings}, true, "", 200, 1, true, false},
	} {
		t.Run(fmt.Sprintf("%s %d stream=%t", c.fault.Kind, c.fault.Status, c.stream), func(t *testing.T) {
			t.Parallel()
			s := openaitest.Start(t, openaitest.Config{CostPerToken: token, Fault: always(c.fault)})
			client := newClient(t, s.URL, func(config *Config) {
				config.Store = newStore(t)
				if c.kind == TimedOut {
					config.Timeout = 300 * time.Millisecond
				}
			})
			q := ChatRequest{Model: "m", User: "which way is it", MaxTokens: 9, Stream: c.stream, Price: price()}
			r, err := client.Chat(t.Context(), q)
			if s.Count() != c.sent {
				t.Errorf("%d requests, expected %d", s.Count(), c.sent)
			}
			if c.kind == "" {
				if err != nil || r.Text == "" || r.Usage.CostUSD == nil {
					t.Errorf("got %+v, %v", r, err)
				}
				return
			}
			e := AsError(err)
			if e == nil || e.Kind != c.kind || e.Status != c.status || e.Attempts != c.sent || e.Billed != c.billed || e.Fatal() != c.fatal {
				t.Fatalf("got %v and %+v", r, err)
			}
			t.Log(e)
			spent := client.Ledger().Fresh()
			if total := s.Totals(); spent.Requests != total.Requests || spent.BilledUSD != total.ToldUSD || spent.WorstUSD() < total.CostUSD || e.CostUnknown() != (spent.Unknown > 0) {
				t.Errorf("spent %+v, and the server's books have %+v", spent, total)
			}
			if journal, err := client.config.Store.Spent(); err != nil || journal != spent {
				t.Errorf("the journal has %+v, the ledger %+v, %v", journal, spent, err)
			}
			passing := e.temporary() && !e.Billed
			later := newClient(t, s.URL, func(other *Config) { other.Store = client.config.Store })
			if held, err := later.Held(q); err != nil || held == (c.fatal || passing) {
				t.Errorf("held %t, %v", held, err)
			}
			q.User = "another" // is not held up
			if _, err := client.Chat(t.Context(), q); AsError(err) == nil || AsError(err).Kind != c.kind {
				t.Errorf("then got %v", err)
			}
		})
	}
}

// Answers to failures that passed: the right number of requests, with the waits
// that the server asks for.
func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name       string
		fault      openaitest.Fault
		retryAfter string
		least      time.Duration
	}{
		{"status", openaitest.Fault{Kind: openaitest.Status, Status: 503}, "", time.Millisecond / 2},
		{"fraction of a second", openaitest.Fault{Kind: openaitest.Status, Status: 429}, "0.15", 150 * time.Millisecond},
		{"under 200", openaitest.Fault{Kind: openaitest.ErrorIn200, Status: 429}, "0.15", 150 * time.Millisecond},
		{"garbage", openaitest.Fault{Kind: openaitest.Status, Status: 429}, "soon", time.Millisecond / 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.fault.RetryAfter = c.retryAfter
			s := openaitest.Start(t, openaitest.Config{Fault: func(r *openaitest.Request) openaitest.Fault {
				if r.Seen < 2 {
					return c.fault
				}
				return openaitest.Fault{}
			}})
			r, err := newClient(t, s.URL).Chat(t.Context(), ChatRequest{Model: "m", User: "hi"})
			if err != nil || r.Attempts != 3 || s.Count() != 3 {
				t.Fatalf("got %+v, %v after %d requests", r, err, s.Count())
			}
			for i, e := range s.Entries()[1:] {
				if wait := e.At.Sub(s.Entries()[i].At); wait < c.least || wait > c.least+5*time.Second {
					t.Errorf("waited %v, expected %v", wait, c.least)
				}
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		s := openaitest.Start(t, openaitest.Config{Fault: always(openaitest.Fault{Kind: openaitest.Status})})
		_, err := newClient(t, s.URL, func(c *Config) { c.Retries = -1 }).Chat(t.Context(), ChatRequest{Model: "m", User: "hi"})
		if e := AsError(err); e == nil || e.Attempts != 1 || s.Count() != 1 {
			t.Errorf("got %v after %d requests", err, s.Count())
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, c := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "7", 7 * time.Second},
		{"Retry-After", "0.25", 250 * time.Millisecond},
		{"Retry-After", "Wed, 04 Mar 2026 05:06:37 GMT", 30 * time.Second},
		{"Retry-After", "Wed, 04 Mar 2026 05:06:00 GMT", 0},
		{"retry-after-ms", "80", 80 * time.Millisecond},
		{"Retry-After", "1e300", 24 * time.Hour},
		{"Retry-After", "inf", 24 * time.Hour},
		{"Retry-After", "9223372036854775807", 24 * time.Hour},
		{"Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT", 24 * time.Hour},
		{"Retry-After", "-5", 0},
		{"Retry-After", "NaN", 0},
		{"Retry-After", "in a while", 0},
		{"Retry-After", "", 0},
	} {
		if got := retryAfter(http.Header{http.CanonicalHeaderKey(c.name): {c.value}}, now); got != c.want {
			t.Errorf("%s: %s: got %v, expected %v", c.name, c.value, got, c.want)
		}
	}
}

func TestBackoff(t *testing.T) {
	waits := map[time.Duration]bool{}
	for i := range 64 {
		var k key
		for j := range k {
			k[j] = byte(i*37 + j*11)
		}
		for attempt, most := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60} {
			d := backoff(time.Second, k, attempt+1)
			if d < most*time.Second/2 || d > most*time.Second {
				t.Errorf("attempt %d waits %v, expected at most %d s and at least half of it", attempt+1, d, most)
			}
			waits[d] = true
		}
		if backoff(time.Hour, k, 1) > time.Minute {
			t.Error("more than a minute")
		}
	}
	if len(waits) < 200 {
		t.Errorf("%d different waits: too few", len(waits))
	}
}

// Without a connection nothing was sent: it is tried again, and not kept.
func TestUnreachable(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + closed.Addr().String() + "/v1"
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0)
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	for url, message := range map[string]string{
		nobody:       "connection refused",
		stranger.URL: "certificate",
	} {
		client := newClient(t, url, func(c *Config) { c.Store = newStore(t) })
		q := ChatRequest{Model: "m", User: "hi", MaxTokens: 5, Price: price()}
		_, err := client.Chat(t.Context(), q)
		e := AsError(err)
		if e == nil || e.Kind != Unreachable || e.Attempts != 3 || e.Billed || !e.Fatal() || !strings.Contains(e.Message, message) {
			t.Errorf("%s: got %+v", url, err)
		}
		if spent := client.Ledger().Fresh(); spent.WorstUSD() != 0 || spent.Unknown != 0 {
			t.Errorf("%s: spent %+v", url, spent)
		}
		if held, err := client.Held(q); held || err != nil {
			t.Errorf("%s: held %t, %v", url, held, err)
		}
	}
}

// What is sent.
func TestBody(t *testing.T) {
	s := script(t, 200, inJSON, hello+billed+"}")
	client := newClient(t, s.URL+"/")
	for _, c := range []struct {
		name string
		q    ChatRequest
		want map[string]any
	}{
		{"least", ChatRequest{Model: "m", User: "u"}, map[string]any{}},
		{"temperature 0", ChatRequest{Model: "m", User: "u", Temperature: pointer(0.0)}, map[string]any{"temperature": 0.0}},
		{"temperature", ChatRequest{Model: "m", User: "u", Temperature: pointer(0.7)}, map[string]any{"temperature": 0.7}},
		{"all", ChatRequest{Model: "openai/gpt-5", System: "s", User: "u", MaxTokens: 7, Temperature: pointer(0.0), TopLogprobs: 3, Stream: true, Version: "v", Repeat: 4}, map[string]any{
			"max_tokens": 7.0, "temperature": 0.0, "logprobs": true, "top_logprobs": 3.0, "stream": true, "stream_options": map[string]any{"include_usage": true},
		}},
		{"o3", ChatRequest{Model: "o3-mini", User: "u", MaxTokens: 7, Temperature: pointer(0.0), TopLogprobs: 3}, map[string]any{"max_completion_tokens": 7.0}},
		{"gpt-5", ChatRequest{Model: "gpt-5-nano", User: "u", MaxTokens: 7, Temperature: pointer(0.0), TopLogprobs: 3}, map[string]any{"max_completion_tokens": 7.0}},
		{"gpt-6", ChatRequest{Model: "gpt-6-luna", User: "u", MaxTokens: 7}, map[string]any{"max_completion_tokens": 7.0}},
		{"gpt-4", ChatRequest{Model: "gpt-4o", User: "u", MaxTokens: 7, Temperature: pointer(0.0)}, map[string]any{"max_tokens": 7.0, "temperature": 0.0}},
		{"oss", ChatRequest{Model: "gpt-oss-120b", User: "u", MaxTokens: 7}, map[string]any{"max_tokens": 7.0}},
		{"refused by go-openai", ChatRequest{Model: "text-davinci-003", User: "u", MaxTokens: 7}, map[string]any{"max_tokens": 7.0}},
	} {
		if _, err := client.Chat(t.Context(), c.q); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		messages := []any{map[string]any{"role": "user", "content": "u"}}
		if c.q.System != "" {
			messages = append([]any{map[string]any{"role": "system", "content": "s"}}, messages...)
		}
		c.want["model"], c.want["messages"] = c.q.Model, messages
		if got := s.body.Load(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: sent %v, expected %v", c.name, got, c.want)
		}
	}
	embed := script(t, 200, inJSON, `{"data":[{"embedding":[1,2]}],"model":"e"}`)
	if _, err := newClient(t, embed.URL).Embed(t.Context(), EmbedRequest{Model: "e", Inputs: []string{"u"}, Dims: 2}); err != nil {
		t.Error(err)
	}
	want := map[string]any{"model": "e", "input": []any{"u"}, "dimensions": 2.0, "encoding_format": "float"}
	if got := embed.body.Load(); !reflect.DeepEqual(got, want) {
		t.Errorf("sent %v, expected %v", got, want)
	}
}

func TestLogprobs(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{Answer: func(*openaitest.Request) string { return "down the hill" }})
	client := newClient(t, s.URL)
	var replies [2]*ChatReply
	for i, stream := range []bool{false, true} {
		var err error
		if replies[i], err = client.Chat(t.Context(), ChatRequest{Model: "m", User: "hi", TopLogprobs: 4, Stream: stream}); err != nil {
			t.Fatal(err)
		}
	}
	tokens := replies[0].Logprobs
	if len(tokens) != 3 || len(tokens[1].Top) != 4 || tokens[1].Text != " the" || tokens[1].Top[0].Text != " the" || tokens[1].Logprob != tokens[1].Top[0].Logprob || !(tokens[1].Logprob < 0) {
		t.Errorf("got %+v", tokens)
	}
	if !reflect.DeepEqual(tokens, replies[1].Logprobs) {
		t.Errorf("whole %+v, streamed %+v", tokens, replies[1].Logprobs)
	}
}

func TestTimeToFirstToken(t *testing.T) {
	const latency, gap = 50 * time.Millisecond, 70 * time.Millisecond
	s := openaitest.Start(t, openaitest.Config{Latency: latency, TokenGap: gap, Answer: func(*openaitest.Request) string { return "one two three four" }})
	r, err := newClient(t, s.URL).Chat(t.Context(), ChatRequest{Model: "m", User: "hi", Stream: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.FirstToken < latency || r.FirstToken > r.Latency-gap || r.Latency < latency+3*gap {
		t.Errorf("first token after %v, all after %v", r.FirstToken, r.Latency)
	}
}

func TestEmbeddings(t *testing.T) {
	two := []string{"one", "two"}
	for _, c := range []struct {
		name    string
		dims    int
		answer  string
		message string // of a failure; empty: vectors are those of two axes
	}{
		{"in order", 0, vectors2 + billed + "}", ""},
		{"asked for", 2, vectors2 + billed + "}", ""},
		{"another order", 0, `{"data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[1,0]}],` + billed + "}", ""},
		{"base64", 0, `{"data":[{"index":0,"embedding":"AACAPwAAAAA="},{"index":1,"embedding": "AAAAAAAAgD8="}],` + billed + "}", ""},
		{"half in base64", 0, `{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":"AAAAAAAAgD8="}],` + billed + "}", ""},
		{"not in base64", 0, `{"data":[{"index":0,"embedding":"?"},{"index":1,"embedding":"?"}],` + billed + "}", "base64"},
		{"NaN in base64", 0, `{"data":[{"index":0,"embedding":"AADAfwAAAAA="},{"index":1,"embedding":"AAAAAAAAgD8="}],` + billed + "}", "NaN"},
		{"dims cut silently", 4, vectors2 + billed + "}", "expected vectors of 4 numbers, found one of 2"},
		{"too few", 0, `{"data":[{"index":0,"embedding":[1,0]}],` + billed + "}", "expected 2 vectors, found 1"},
		{"too many", 0, `{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1]},{"index":2,"embedding":[1]}],` + billed + "}", "expected 2 vectors, found 3"},
		{"none", 0, `{"data":[],` + billed + "}", "expected 2 vectors, found 0"},
		{"twice", 0, `{"data":[{"index":0,"embedding":[1,0]},{"index":0,"embedding":[0,1]}],` + billed + "}", "found 0 out of range or twice"},
		{"out of range", 0, `{"data":[{"index":0,"embedding":[1,0]},{"index":-1,"embedding":[0,1]}],` + billed + "}", "found -1"},
		{"lengths differ", 0, `{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0]}],` + billed + "}", "expected vectors of 2 numbers, found one of 1"},
		{"empty", 0, `{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":null}],` + billed + "}", "found one of 0"},
		{"null as an element", 0, `{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0, null]}],` + billed + "}", "found null"},
		{"all zeros", 0, `{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0,-0]}],` + billed + "}", "vector of zeros"},
		{"overflow", 0, `{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0,1e39]}],` + billed + "}", "1e39"},
		{"a failure", 0, `{"error":{"message":"no"},` + billed + "}", "no"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := script(t, 200, inJSON, c.answer)
			client := newClient(t, s.URL, func(c *Config) { c.Store = newStore(t) })
			q := EmbedRequest{Model: "e", Inputs: two, Dims: c.dims}
			var got [2]*EmbedReply
			for i := range got {
				r, err := client.Embed(t.Context(), q)
				if e := AsError(err); c.message != "" {
					if e == nil || !strings.Contains(e.Message, c.message) || e.Usage.CostUSD == nil || !e.Billed {
						t.Fatalf("got %+v, %+v", r, err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(r.Vectors, vectors{{1, 0}, {0, 1}}) || *r.Usage.CostUSD != 0.25 || r.Stored != (i == 1) {
					t.Errorf("got %+v", r)
				}
			}
			if n := s.count.Load(); n != 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// Every float32 comes out of the store as it was put in.
func TestVectorsAreKept(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{Dims: 7, Embed: func(text string, dims int) []float32 {
		v := make([]float32, dims)
		for i := range v {
			v[i] = math.Float32frombits(uint32(len(text)*2654435761+i*40503) &^ (1 << 30))
		}
		return v
	}})
	client := newClient(t, s.URL, func(c *Config) { c.Store = newStore(t) })
	q := EmbedRequest{Model: "e", Inputs: []string{"a", "bb", "ccc"}}
	first, err := client.Embed(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	second, err := client.Embed(t.Context(), q)
	if err != nil || !second.Stored || !reflect.DeepEqual(first.Vectors, second.Vectors) {
		t.Errorf("got %v, then %v, %v", first, second, err)
	}
}

// A redirect is not followed, and the key goes nowhere else.
func TestRedirect(t *testing.T) {
	elsewhere := script(t, 200, inJSON, hello+billed+"}")
	s := httptest.NewServer(http.RedirectHandler(elsewhere.URL+"/chat/completions", http.StatusTemporaryRedirect))
	t.Cleanup(s.Close)
	_, err := newClient(t, s.URL).Chat(t.Context(), ChatRequest{Model: "m", User: "hi"})
	if e := AsError(err); e == nil || e.Kind != Refused || e.Status != 307 || !strings.Contains(e.Message, "base URL") || e.Billed {
		t.Errorf("got %v", err)
	}
	if elsewhere.count.Load() != 0 {
		t.Error("it was followed")
	}
}

func TestHeaders(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{Key: testKey, Headers: map[string]string{"X-Portkey-Provider": "openai", "X-Secret": "hush", "Accept": "*/*"}})
	client := newClient(t, s.URL, func(c *Config) {
		c.Headers = map[string]string{"x-portkey-provider": "openai", "accept": "*/*"}
		c.Secrets = map[string]string{"x-secret": "hush"}
	})
	for _, stream := range []bool{false, true} {
		if r, err := client.Chat(t.Context(), ChatRequest{Model: "m", User: "hi", Stream: stream}); err != nil || stream != (r.FirstToken > 0) {
			t.Errorf("got %+v, %v", r, err)
		}
	}
}

func TestNew(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string // empty: it is fine
	}{
		{Config{BaseURL: "https://openrouter.ai/api/v1/"}, ""},
		{Config{BaseURL: "openrouter.ai/api/v1"}, "base URL"},
		{Config{}, "base URL"},
		{Config{BaseURL: "https://u:p@host/v1"}, "environment"},
		{Config{BaseURL: "https://host/v1?key=k"}, "environment"},
		{Config{BaseURL: "https://host/v1/chat/completions"}, "without /chat/completions"},
		{Config{BaseURL: "https://host", Key: "a\n"}, "white space"},
		{Config{BaseURL: "https://host", Headers: map[string]string{"a b": "c"}}, `header "a b"`},
		{Config{BaseURL: "https://host", Headers: map[string]string{"": "c"}}, `header ""`},
		{Config{BaseURL: "https://host", Secrets: map[string]string{"A": "hush\r\nX: y"}}, "header A"},
		{Config{BaseURL: "https://host", Headers: map[string]string{"Accept-Encoding": "br"}}, "Accept-Encoding"},
		{Config{BaseURL: "https://host", Headers: map[string]string{"idempotency-key": "1"}}, "same"},
		{Config{BaseURL: "https://host", Headers: map[string]string{"x-a": "1"}, Secrets: map[string]string{"X-A": "2"}}, "once"},
	} {
		_, err := New(c.config)
		if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush")) {
			t.Errorf("%+v: got %v, expected %q", c.config, err, c.want)
		}
	}
	client := newClient(t, "https://host")
	for _, q := range []ChatRequest{{User: "u"}, {Model: "m", TopLogprobs: 21}, {Model: "m", MaxTokens: -1}, {Model: "m", Temperature: pointer(math.NaN())}} {
		if _, err := client.Chat(t.Context(), q); err == nil || AsError(err) != nil {
			t.Errorf("%+v: got %v", q, err)
		}
	}
	for _, q := range []EmbedRequest{{Inputs: []string{"u"}}, {Model: "m"}} {
		if _, err := client.Embed(t.Context(), q); err == nil || AsError(err) != nil {
			t.Errorf("%+v: got %v", q, err)
		}
	}
}

// Connections are used again, whatever came over them.
func TestConnections(t *testing.T) {
	var mu sync.Mutex
	opened := 0
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("X-Kind") {
		case "stream":
			w.Header().Set("Content-Type", sse)
			for _, part := range []string{piece, finish, lastly, done} {
				fmt.Fprint(w, part)
				w.(http.Flusher).Flush()
			}
			time.Sleep(time.Millisecond) // the end comes later than [DONE]
		case "error":
			w.WriteHeader(400)
			fmt.Fprint(w, `{"error":{"message":"`+strings.Repeat("x", 5000)+`"}}`)
		default:
			fmt.Fprint(w, hello+billed+"}")
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			mu.Lock()
			opened++
			mu.Unlock()
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	const callers = 16
	for _, kind := range []string{"stream", "whole", "error"} {
		mu.Lock()
		opened = 0
		mu.Unlock()
		client := newClient(t, s.URL, func(c *Config) {
			c.Headers, c.Concurrency = map[string]string{"X-Kind": kind}, callers
		})
		var wg sync.WaitGroup
		for w := range callers {
			wg.Go(func() {
				for i := range 10 {
					_, err := client.Chat(t.Context(), ChatRequest{Model: "m", User: fmt.Sprint(w, i), Stream: kind == "stream"})
					if e := AsError(err); (err != nil) != (kind == "error") || e != nil && e.Status != 400 {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		mu.Lock()
		if opened > 2*callers { // where the next is quicker than the pool, one more is made
			t.Errorf("%s: %d connections for %d callers", kind, opened, callers)
		}
		mu.Unlock()
	}
}

// Over HTTP/2 a stream that breaks off is one as well, and is told apart.
func TestHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("asked by %s", r.Proto)
		}
		if raw, _ := io.ReadAll(r.Body); !strings.Contains(string(raw), "cut") {
			w.Header().Set("Content-Type", sse)
			fmt.Fprint(w, piece+finish+lastly+done)
			return
		}
		w.Header().Set("Content-Type", sse)
		fmt.Fprint(w, piece)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	c := newClient(t, s.URL)
	transport := c.newTransport()
	transport.base.(*http.Transport).TLSClientConfig = s.Client().Transport.(*http.Transport).TLSClientConfig
	config := openai.DefaultConfig(testKey)
	config.BaseURL, config.HTTPClient = s.URL, &http.Client{Transport: transport}
	c.ai = openai.NewClientWithConfig(config)
	for range 3 {
		if r, err := c.Chat(t.Context(), ChatRequest{Model: "m", User: "whole", Stream: true}); err != nil || r.Text != "hello" {
			t.Errorf("got %+v, %v", r, err)
		}
		_, err := c.Chat(t.Context(), ChatRequest{Model: "m", User: "cut", Stream: true})
		if e := AsError(err); e == nil || e.Kind != Cut || !e.CostUnknown() || e.Attempts != 1 {
			t.Errorf("got %+v", err)
		}
	}
}

// An end that the server holds back is not waited for.
func TestStreamIsHeldOpen(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", sse)
		fmt.Fprint(w, piece+finish+lastly+done)
		w.(http.Flusher).Flush()
		<-release
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(release) })
	begun := time.Now()
	r, err := newClient(t, s.URL).Chat(t.Context(), ChatRequest{Model: "m", User: "hi", Stream: true})
	if err != nil || r.Text != "hello" || *r.Usage.CostUSD != 0.25 || time.Since(begun) > 10*time.Second {
		t.Errorf("got %+v, %v after %v", r, err, time.Since(begun))
	}
}

// A break behind the finish reason does not lose the answer.
func TestBreakAfterFinish(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", sse)
		fmt.Fprint(w, piece+finish+`data: {"choices":[],"usa`)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(s.Close)
	r, err := newClient(t, s.URL).Chat(t.Context(), ChatRequest{Model: "m", User: "hi", Stream: true})
	if err != nil || r.Text != "hello" || r.Usage.CostUSD != nil {
		t.Errorf("got %+v, %v", r, err)
	}
}

// Equal questions at a time are sent once, also where the first asker gives up.
func TestFlights(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{Latency: 50 * time.Millisecond, CostPerToken: token})
	client := newClient(t, s.URL)
	var wg sync.WaitGroup
	texts := make([]string, 32)
	for i := range texts {
		wg.Go(func() {
			r, err := client.Chat(t.Context(), ChatRequest{Model: "m", User: "same"})
			if err != nil {
				t.Error(err)
				return
			}
			texts[i] = r.Text
		})
	}
	wg.Wait()
	if s.Count() != 1 || texts[0] == "" || len(slices.Compact(texts)) != 1 {
		t.Errorf("%d requests for %q", s.Count(), texts)
	}
	if fresh, stored := client.Ledger().Fresh(), client.Ledger().Stored(); fresh.Answers != 1 || stored != (Spend{}) {
		t.Errorf("fresh %+v, stored %+v", fresh, stored)
	}
}

func TestOffline(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{Fault: func(r *openaitest.Request) openaitest.Fault {
		if r.User == "bad" {
			return openaitest.Fault{Kind: openaitest.Status, Status: 400}
		}
		return openaitest.Fault{}
	}})
	store := newStore(t)
	online := newClient(t, s.URL, func(c *Config) { c.Store = store })
	offline := newClient(t, s.URL, func(c *Config) { c.Store, c.Offline = store, true })
	retrying := newClient(t, s.URL, func(c *Config) { c.Store, c.RetryFailures = store, true })
	good, bad := ChatRequest{Model: "m", User: "good"}, ChatRequest{Model: "m", User: "bad"}
	for _, q := range []ChatRequest{good, bad} {
		if _, err := offline.Chat(t.Context(), q); !errors.Is(err, ErrNotHeld) {
			t.Errorf("got %v", err)
		}
		if held, err := offline.Held(q); held || err != nil {
			t.Errorf("held %t, %v", held, err)
		}
		r, err := online.Chat(t.Context(), q)
		again, errAgain := offline.Chat(t.Context(), q)
		same(t, r, err, again, errAgain)
		if held, err := retrying.Held(q); held != (q == good) || err != nil {
			t.Errorf("held %t, %v", held, err)
		}
		if _, err := retrying.Chat(t.Context(), q); AsError(err) != nil && AsError(err).Stored {
			t.Errorf("got %v", err)
		}
	}
	if s.Count() != 3 {
		t.Errorf("%d requests, expected 3", s.Count())
	}
	if stored := offline.Ledger().Stored(); stored.Requests != 2 || stored.Answers != 1 || stored.BilledUSD == 0 {
		t.Errorf("stored %+v", stored)
	}
	if fresh := offline.Ledger().Fresh(); fresh != (Spend{}) {
		t.Errorf("fresh %+v", fresh)
	}
}
