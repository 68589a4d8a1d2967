package openaiapi

import (
	"errors"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// What an attempt that was repeated may have been billed is not forgotten for
// the last one, of which nothing was.
func TestBilledBefore(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{Fault: func(r *openaitest.Request) openaitest.Fault {
		if r.Seen == 0 {
			return openaitest.Fault{Kind: openaitest.ErrorIn200, Status: 502}
		}
		return openaitest.Fault{Kind: openaitest.Status, Status: 503}
	}})
	store := newStore(t)
	c := newClient(t, s.URL, func(c *Config) { c.Store = store })
	q := ChatRequest{Model: "m", User: "q", MaxTokens: 5, Price: price()}
	for _, stored := range []bool{false, true} {
		_, err := c.Chat(t.Context(), q)
		if e := AsError(err); e == nil || e.Status != 503 || !e.CostUnknown() || e.Stored != stored {
			t.Errorf("%+v", e)
		}
	}
	if s.Count() != 3 || c.Ledger().Fresh().Unknown != 1 {
		t.Errorf("%d requests, %+v", s.Count(), c.Ledger().Fresh())
	}
}

// A question that failed is not asked again by the command that asked it, not
// even where failures are.
func TestFailedOnce(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{Fault: always(openaitest.Fault{Kind: openaitest.CutStream, After: 1})})
	store := newStore(t)
	q := ChatRequest{Model: "m", User: "q", MaxTokens: 5, Stream: true, Price: price()}
	for sent := 1; sent <= 3; sent++ {
		c := newClient(t, s.URL, func(c *Config) { c.Store, c.RetryFailures = store, true })
		for range 4 {
			if _, err := c.Chat(t.Context(), q); AsError(err) == nil || AsError(err).Kind != Cut {
				t.Fatal(err)
			}
		}
		if s.Count() != sent {
			t.Fatalf("%d requests, expected %d", s.Count(), sent)
		}
	}
}

// A limit that rests on prices which do not hold is none: asking ends.
func TestOverrun(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{CostPerToken: 1})
	for _, free := range []bool{false, true} {
		p := price()
		if free {
			p = Price{new(float64), new(float64)}
		}
		c := newClient(t, s.URL, func(c *Config) { c.Ledger = NewLedger(100, 0) })
		before := s.Count()
		if _, err := c.Chat(t.Context(), ChatRequest{Model: "m", User: "first", MaxTokens: 5, Price: p}); err != nil {
			t.Fatal(err)
		}
		_, err := c.Chat(t.Context(), ChatRequest{Model: "m", User: "second", MaxTokens: 5, Price: p})
		if !errors.Is(err, ErrBudget) || !strings.Contains(err.Error(), "correct input_per_m") || s.Count() != before+1 {
			t.Errorf("free %t: %v after %d requests", free, err, s.Count()-before)
		}
	}
}

// Servers that bill nothing themselves are held to what they count: one that answers
// with more tokens than it may is not asked on.
func TestOverrunByTokens(t *testing.T) {
	s := script(t, 200, "application/json", `{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":10,"completion_tokens":20000}}`)
	c := newClient(t, s.URL, func(c *Config) { c.Ledger = NewLedger(100, 0) })
	q := ChatRequest{Model: "m", User: "first", MaxTokens: 5, Price: price()}
	if _, err := c.Chat(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	q.User = "second"
	if _, err := c.Chat(t.Context(), q); !errors.Is(err, ErrBudget) || !strings.Contains(err.Error(), "does not keep to max_tokens") || s.count.Load() != 1 {
		t.Errorf("%v after %d requests", err, s.count.Load())
	}
}

// A text that outcomes have no room for is no answer, and a body is not read without end.
func TestLongAnswers(t *testing.T) {
	for name, text := range map[string]string{"text": strings.Repeat("a", maxText+1), "body": strings.Repeat("a", maxChat)} {
		s := script(t, 200, "application/json", `{"choices":[{"message":{"content":"`+text+`"},"finish_reason":"stop"}]}`)
		_, err := newClient(t, s.URL).Chat(t.Context(), ChatRequest{Model: "m", User: "q"})
		if e := AsError(err); e == nil || e.Kind != NotAnAnswer || !strings.Contains(e.Message, "MiB") || !e.Billed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is free is asked also when nothing is left, and reservations leave
// nothing behind that others would wait for.
func TestNothingLeft(t *testing.T) {
	l := NewLedger(1, 2)
	if err := l.reserve(t.Context(), 0, true, "m"); err != nil {
		t.Error(err)
	}
	l.settle(0, "m", Usage{}, Price{}, func(*Spend) {})
	if err := l.reserve(t.Context(), 0.1, true, "m"); !errors.Is(err, ErrBudget) {
		t.Error(err)
	}
	l = NewLedger(1e6, 0)
	worst := []float64{1.2345678, 0.0001234567, 123.456789e-7}
	for i := range 3000 {
		if err := l.reserve(t.Context(), worst[i%3], true, "m"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3000 {
		l.settle(worst[(i+1)%3], "m", Usage{}, Price{}, func(*Spend) {})
	}
	if l.reserved != 0 {
		t.Errorf("%g is reserved by nobody", l.reserved)
	}
}

// Costs that nothing bounds are counted, not taken for 0.
func TestUnbounded(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{NoUsage: true})
	store := newStore(t)
	c := newClient(t, s.URL, func(c *Config) { c.Store = store })
	for _, q := range []ChatRequest{{Model: "m", User: "no price", MaxTokens: 5}, {Model: "m", User: "priced", MaxTokens: 5, Price: price()}} {
		if _, err := c.Chat(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	fresh := c.Ledger().Fresh()
	if fresh.Unknown != 2 || fresh.Unbounded != 1 || !(fresh.AtMostUSD > 0) {
		t.Errorf("%+v", fresh)
	}
	if spent, err := store.Spent(); err != nil || spent != fresh {
		t.Errorf("the journal has %+v, %v", spent, err)
	}
}

// A header that holds a key behind a word, as Authorization does, hides the key
// by itself too.
func TestPartOfASecret(t *testing.T) {
	const key = "sk-live-0123456789abcdef"
	s := openaitest.Start(t, openaitest.Config{Answer: func(r *openaitest.Request) string {
		_, token, _ := strings.Cut(r.Header.Get("X-Auth"), " ")
		return "you sent " + token
	}})
	c := newClient(t, s.URL, func(c *Config) { c.Secrets = map[string]string{"X-Auth": "Bearer " + key} })
	r, err := c.Chat(t.Context(), ChatRequest{Model: "m", User: "q", MaxTokens: 50})
	if err != nil || r.Text != "you sent [secret]" {
		t.Errorf("%+v, %v", r, err)
	}
}

// A token without a log-probability is not a certain one.
func TestMissingLogprob(t *testing.T) {
	for name, content := range map[string]string{
		"null":    `[{"token":"a","logprob":null},{"token":"b","logprob":-1}]`,
		"missing": `[{"token":"a","logprob":-1},{"token":"b"}]`,
		"words":   `[{"token":"a","logprob":"low"}]`,
		"low":     `[{"token":"a","logprob":-1.7e308},{"token":"b","logprob":-1.7e308}]`,
		"high":    `[{"token":"a","logprob":5}]`,
	} {
		s := script(t, 200, "application/json", `{"choices":[{"message":{"content":"ab"},"finish_reason":"stop","logprobs":{"content":`+content+`}}]}`)
		r, err := newClient(t, s.URL).Chat(t.Context(), ChatRequest{Model: "m", User: "q", TopLogprobs: 1})
		switch {
		case name == "words" && err != nil: // go-openai refuses it
		case err != nil || r.Logprobs != nil || r.MeanLogprob != nil:
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}
