package llm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
)

// source answers with a function.
type source func(ctx context.Context, id, prompt string) (Reply, error)

func (s source) Ask(ctx context.Context, id, prompt string) (Reply, error) { return s(ctx, id, prompt) }

func newClassifier(t testing.TB, s Source, change func(*Config)) *Classifier {
	t.Helper()
	config := Config{Tiers: centroids.DefaultTiers(), Fallback: 1, Prompt: "Which tier? {message} Word:"}
	if change != nil {
		change(&config)
	}
	c, err := New("llm", s, config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func requestsOf(texts ...string) []eval.Request {
	out := make([]eval.Request, len(texts))
	for i, text := range texts {
		out[i] = eval.Request{ID: fmt.Sprintf("p%d", i), Text: text}
	}
	return out
}

func classify(t testing.TB, c *Classifier, requests []eval.Request) []eval.Decision {
	t.Helper()
	decisions, err := c.Classify(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	return decisions
}

func TestRecordedAnswers(t *testing.T) {
	answers := Recorded{
		"p0": {Text: "complex", Model: "m", InputTokens: datasets.Known(12), OutputTokens: datasets.Known(1), CostUSD: datasets.Known(0.5), LatencyMS: datasets.Known(250.0)},
		"p1": {Text: "no idea", Model: "m"},
	}
	got := classify(t, newClassifier(t, answers, nil), requestsOf("a", "b", "c"))
	want := []eval.Decision{
		{Tier: 2, Model: "m", InputTokens: new(12), OutputTokens: new(1),
			CostUSD: eval.Quantity{Value: 0.5, Origin: eval.Recorded}, LatencyMS: eval.Quantity{Value: 250, Origin: eval.Recorded}},
		{Tier: 1, Model: "m", Invalid: true},
		{Tier: 1, Err: ErrNotRecorded.Error()},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := answers.Ask(t.Context(), "p9", ""); !errors.Is(err, ErrNotRecorded) {
		t.Errorf("error %v, want ErrNotRecorded", err)
	}
}

// Costs and latency are recorded, else computed, else unknown.
func TestAccounting(t *testing.T) {
	priced := func(c *Config) {
		c.InputPerM, c.OutputPerM, c.TTFTMS, c.TokensPerS = new(2.0), new(10.0), new(300.0), new(50.0)
	}
	runes := func(s string) (int, error) { return utf8.RuneCountInString(s), nil }
	counted := func(c *Config) { priced(c); c.Count = runes }
	var unknown eval.Quantity
	recorded := func(v float64) eval.Quantity { return eval.Quantity{Value: v, Origin: eval.Recorded} }
	computed := func(v float64) eval.Quantity { return eval.Quantity{Value: v, Origin: eval.Computed} }
	// The prompt "Which tier? abc Word:" has 21 runes, the answer "SIMPLE" 6.
	for _, c := range []struct {
		name          string
		answer        datasets.Answer
		change        func(*Config)
		in, out       *int
		cost, latency eval.Quantity
	}{
		{"nothing known", datasets.Answer{}, nil, nil, nil, unknown, unknown},
		{"all recorded", datasets.Answer{InputTokens: datasets.Known(40), OutputTokens: datasets.Known(2), CostUSD: datasets.Known(0.0), LatencyMS: datasets.Known(7.0)}, counted, new(40), new(2), recorded(0), recorded(7)},
		// 40·2/1e6 + 2·10/1e6 and 300 + 1000·2/50.
		{"tokens recorded", datasets.Answer{InputTokens: datasets.Known(40), OutputTokens: datasets.Known(2)}, priced, new(40), new(2), computed(1e-4), computed(340)},
		// 21·2/1e6 + 6·10/1e6 and 300 + 1000·6/50.
		{"tokens counted", datasets.Answer{}, counted, new(21), new(6), computed(1.02e-4), computed(420)},
		{"one recorded, one counted", datasets.Answer{InputTokens: datasets.Known(40)}, counted, new(40), new(6), computed(1.4e-4), computed(420)},
		{"no input tokens", datasets.Answer{OutputTokens: datasets.Known(2)}, priced, nil, new(2), unknown, computed(340)},
		{"no output tokens", datasets.Answer{InputTokens: datasets.Known(40)}, priced, new(40), nil, unknown, unknown},
		{"no input price", datasets.Answer{}, func(c *Config) { counted(c); c.InputPerM = nil }, new(21), new(6), unknown, computed(420)},
		{"no output price", datasets.Answer{}, func(c *Config) { counted(c); c.OutputPerM = nil }, new(21), new(6), unknown, computed(420)},
		{"no speed", datasets.Answer{}, func(c *Config) { counted(c); c.TokensPerS = nil }, new(21), new(6), computed(1.02e-4), unknown},
		{"no time to the first token", datasets.Answer{}, func(c *Config) { counted(c); c.TTFTMS = nil }, new(21), new(6), computed(1.02e-4), unknown},
		{"free", datasets.Answer{}, func(c *Config) { counted(c); c.InputPerM, c.OutputPerM = new(0.0), new(0.0) }, new(21), new(6), computed(0), computed(420)},
	} {
		c.answer.Text = "SIMPLE"
		got := classify(t, newClassifier(t, Recorded{"p0": c.answer}, c.change), requestsOf("abc"))
		want := []eval.Decision{{InputTokens: c.in, OutputTokens: c.out, CostUSD: c.cost, LatencyMS: c.latency}}
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-14, 0)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// An answer whose tokens cannot be counted is none.
func TestCountFails(t *testing.T) {
	c := newClassifier(t, Recorded{"p0": {Text: "FRONTIER"}}, func(c *Config) {
		c.Count = func(string) (int, error) { return 0, errors.New("no vocabulary") }
	})
	want := []eval.Decision{{Tier: 1, Err: "counting tokens: no vocabulary"}}
	if diff := cmp.Diff(want, classify(t, c, requestsOf("a"))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPrompt(t *testing.T) {
	for _, c := range []struct {
		name, template string
		chars          int
		text, want     string
	}{
		{"all", "<{message}>", 0, "héllo", "<héllo>"},
		{"shorter", "<{message}>", 6, "héllo", "<héllo>"},
		{"as long", "<{message}>", 5, "héllo", "<héllo>"},
		{"cut within bytes", "<{message}>", 2, "héllo", "<hé>"},
		{"four bytes each", "<{message}>", 3, "😀😀😀😀", "<😀😀😀>"},
		{"combining marks are code points", "<{message}>", 1, "e\u0301", "<e>"},
		{"empty", "<{message}>", 3, "", "<>"},
		{"mark in the text", "<{message}>", 0, "say {message} twice {message}", "<say {message} twice {message}>"},
		{"mark and cut", "<{message}>", 9, "{message} and more", "<{message}>"},
		{"other braces", "{x} {message}", 0, "{y} %s $1", "{x} {y} %s $1"},
	} {
		var got string
		s := source(func(_ context.Context, _, prompt string) (Reply, error) {
			got = prompt
			return Reply{Text: "SIMPLE"}, nil
		})
		classify(t, newClassifier(t, s, func(config *Config) { config.Prompt, config.MaxChars = c.template, c.chars }), requestsOf(c.text))
		if got != c.want {
			t.Errorf("%s: prompt %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNewErrors(t *testing.T) {
	for _, c := range []struct {
		name    string
		config  Config
		mention string
	}{
		{"no mark", Config{Prompt: "Which tier?"}, "found it 0 times"},
		{"two marks", Config{Prompt: "{message} {message}"}, "found it 2 times"},
		{"negative length", Config{Prompt: "{message}", MaxChars: -1}, "max_message_chars"},
		{"negative concurrency", Config{Prompt: "{message}", Concurrency: -1}, "concurrency"},
	} {
		if got, err := New("llm", Recorded{}, c.config); got != nil || err == nil || !strings.Contains(err.Error(), c.mention) {
			t.Errorf("%s: %v, %v, want an error that holds %q", c.name, got, err, c.mention)
		}
	}
}

// What fails for some leaves the others alone, and unknown costs unknown.
func TestSomeFail(t *testing.T) {
	s := source(func(_ context.Context, id, _ string) (Reply, error) {
		if strings.HasSuffix(id, "3") {
			return Reply{}, errors.New("rate limited")
		}
		return Reply{Text: "FRONTIER", CostUSD: new(1.0)}, nil
	})
	c := newClassifier(t, s, func(c *Config) { c.Concurrency = 4 })
	if c.Name() != "llm" {
		t.Errorf("name %q", c.Name())
	}
	for i, d := range classify(t, c, requestsOf(make([]string, 30)...)) {
		want := eval.Decision{Tier: 3, CostUSD: eval.Quantity{Value: 1, Origin: eval.Recorded}}
		if i%10 == 3 {
			want = eval.Decision{Tier: 1, Err: "rate limited"}
		}
		if diff := cmp.Diff(want, d); diff != "" {
			t.Errorf("request %d (-want +got):\n%s", i, diff)
		}
	}
	total := eval.Quantity{Origin: eval.Recorded}
	for _, d := range classify(t, c, requestsOf("a", "b", "c", "d")) {
		total = total.Add(d.CostUSD)
	}
	if total.Known() || math.Abs(total.Value) > 0 {
		t.Errorf("the sum with a failed one is %v, want unknown", total)
	}
}
