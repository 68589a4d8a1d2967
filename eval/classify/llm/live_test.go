package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// token is what a token costs at a server of these tests, in USD: sums of it are
// exact.
const token = 1.0 / (1 << 20)

func price() openaiapi.Price {
	return openaiapi.Price{InputPerM: new(token * 1e6), OutputPerM: new(token * 1e6)}
}

func newClient(t testing.TB, url string, configure func(*openaiapi.Config)) *openaiapi.Client {
	t.Helper()
	store, err := openaiapi.OpenStore(filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	config := openaiapi.Config{BaseURL: url, Store: store, RetryWait: 2 * time.Millisecond, Retries: 2, Timeout: 20 * time.Second}
	if configure != nil {
		configure(&config)
	}
	c, err := openaiapi.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tierNamed answers with the tier that stands in the question behind "word:".
func tierNamed(r *openaitest.Request) string {
	_, word, _ := strings.Cut(r.User, "word:")
	word, _, _ = strings.Cut(word, " ")
	return word
}

// asked keeps what a server is asked.
type asked struct {
	mu       sync.Mutex
	requests []*openaitest.Request
}

func (a *asked) fault(r *openaitest.Request) openaitest.Fault {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests = append(a.requests, r)
	return openaitest.Fault{}
}

// What is sent is the prompt with the beginning of the request, at temperature 0
// and for a few tokens.
func TestLiveRequest(t *testing.T) {
	long := strings.Repeat("é😀\u0301", 300) // 900 code points
	runes := []rune(long)
	for name, c := range map[string]struct {
		live                   Live
		text                   string
		shown                  string
		maxTokens, topLogprobs any
	}{
		"defaults":           {Live{Model: "m"}, "hello", "hello", 5.0, nil},
		"log-probabilities":  {Live{Model: "m", TopLogprobs: 8}, "hello", "hello", 5.0, 8.0},
		"more tokens":        {Live{Model: "m", MaxTokens: 9, TopLogprobs: 20}, "hello", "hello", 9.0, 20.0},
		"the first 800":      {Live{Model: "m"}, long, string(runes[:800]), 5.0, nil},
		"exactly 800":        {Live{Model: "m"}, string(runes[:800]), string(runes[:800]), 5.0, nil},
		"not the mark in it": {Live{Model: "m"}, "{message}", "{message}", 5.0, nil},
	} {
		log := &asked{}
		s := openaitest.Start(t, openaitest.Config{Fault: log.fault, Answer: func(*openaitest.Request) string { return "SIMPLE" }})
		c.live.Asker = newClient(t, s.URL, nil)
		classify(t, newClassifier(t, c.live, func(c *Config) { c.MaxChars = 800 }), requestsOf(c.text))
		if len(log.requests) != 1 {
			t.Fatalf("%s: %d requests", name, len(log.requests))
		}
		q := log.requests[0]
		body := map[string]any{
			"model": "m", "messages": []any{map[string]any{"role": "user", "content": "Which tier? " + c.shown + " Word:"}},
			"temperature": 0.0, "max_tokens": c.maxTokens,
		}
		if c.topLogprobs != nil {
			body["logprobs"], body["top_logprobs"] = true, c.topLogprobs
		}
		if diff := cmp.Diff(body, q.Body); diff != "" || q.Path != "/v1/chat/completions" {
			t.Errorf("%s: %s (-want +got):\n%s", name, q.Path, diff)
		}
	}
}

// The answer's tier, scores and figures make the decision; what is no tier goes
// to the fallback.
func TestLiveDecisions(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{CostPerToken: token, Answer: tierNamed})
	client := newClient(t, s.URL, nil)
	requests := requestsOf("word:SIMPLE", "word:**frontier**", "word:perhaps", "word:", "word:COMPLEX")
	for _, logprobs := range []int{0, 8} {
		decisions := classify(t, newClassifier(t, Live{Asker: client, Model: "m", TopLogprobs: logprobs}, nil), requests)
		for i, tier := range []int{0, 3, 1, 1, 2} {
			d := decisions[i]
			if d.Tier != tier || d.Invalid != (tier == 1) || d.Err != "" || d.Model != "m" || *d.InputTokens != 4 || d.LatencyMS.Origin != eval.Recorded || d.LatencyMS.Value <= 0 {
				t.Errorf("request %d is decided as %+v, expected tier %d", i, d, tier)
			}
			if want := float64(*d.InputTokens+*d.OutputTokens) * token; d.CostUSD != (eval.Quantity{Value: want, Origin: eval.Recorded}) {
				t.Errorf("request %d costs %+v, expected %g", i, d.CostUSD, want)
			}
			switch scored := logprobs > 0 && !d.Invalid; {
			case !scored && (d.Confidence != nil || d.Probabilities != nil || d.Scores != nil):
				t.Errorf("request %d has scores %v", i, d.Scores)
			case scored && (d.Confidence == nil || *d.Confidence != 1 || d.Scores[tier] != 1):
				t.Errorf("request %d has scores %v, confidence %v", i, d.Scores, d.Confidence)
			}
		}
	}
	if s.Count() != 10 {
		t.Errorf("%d requests, expected another for each without log-probabilities", s.Count())
	}
}

// logprobsServer answers SIMPLE or, of "unsure", CAREFUL, which is no tier, with
// alternatives.
func logprobsServer(t testing.TB) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		word := "SIMPLE"
		if strings.Contains(string(body), "unsure") {
			word = "CAREFUL"
		}
		token := func(text string, p float64) string {
			return fmt.Sprintf(`{"token":%q,"logprob":%.17g,"bytes":null`, text, math.Log(p))
		}
		_, _ = fmt.Fprintf(w, `{"id":"x","model":"m-2026","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":%q},
			"logprobs":{"content":[%s,"top_logprobs":[%s},%s},%s},%s}]}]}}],"usage":{"prompt_tokens":21,"completion_tokens":1,"cost":0.25}}`,
			word, token(word, 0.5), token(word, 0.5), token(" medium", 0.25), token("C", 0.125), token("Sorry", 0.125))
	}))
	t.Cleanup(s.Close)
	return s
}

// Confidence is the score of the tier that the answer names, and what was
// recorded of live answers makes the same decisions, also through a file.
func TestLiveIsRecorded(t *testing.T) {
	server := logprobsServer(t)
	live := Live{Asker: newClient(t, server.URL, nil), Model: "m", TopLogprobs: 4}
	requests := requestsOf("sure", "unsure")
	priced := func(c *Config) {
		c.InputPerM, c.OutputPerM, c.Count = new(1.0), new(1.0), func(string) (int, error) { return 1, nil }
	}
	decisions := classify(t, newClassifier(t, live, priced), requests)
	want := []eval.Decision{
		{Tier: 0, Scores: []float64{0.5 / 0.875, 0.25 / 0.875, 0.125 / 0.875, 0}, Probabilities: []float64{0.5 / 0.875, 0.25 / 0.875, 0.125 / 0.875, 0}, Confidence: new(0.5 / 0.875)},
		{Tier: 1, Scores: []float64{0, 0.25 / 0.375, 0.125 / 0.375, 0}, Invalid: true},
	}
	for i := range want {
		want[i].Model, want[i].InputTokens, want[i].OutputTokens = "m-2026", new(21), new(1)
		want[i].CostUSD = eval.Quantity{Value: 0.25, Origin: eval.Recorded}
	}
	if diff := cmp.Diff(want, decisions, cmpopts.EquateApprox(1e-12, 0), cmpopts.IgnoreFields(eval.Decision{}, "LatencyMS")); diff != "" {
		t.Errorf("live (-want +got):\n%s", diff)
	}

	for _, ending := range []string{"jsonl", "csv", "parquet"} {
		path := filepath.Join(t.TempDir(), "answers."+ending)
		writeAnswers(t, path, newClassifier(t, live, nil), live, requests)
		file, err := datasets.ReadAnswers(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decisions, classify(t, newClassifier(t, Recorded(file.Answers), priced), requests)); diff != "" {
			t.Errorf("%s (-live +recorded):\n%s", ending, diff)
		}
	}
}

// writeAnswers records what a source answers.
func writeAnswers(t *testing.T, path string, c *Classifier, s Source, requests []eval.Request) {
	t.Helper()
	err := datasets.Answers().WriteFile(path, datasets.WriteOptions{}, func(put func(datasets.RecordedAnswer) error) error {
		for _, q := range requests {
			r, err := s.Ask(t.Context(), q.ID, c.Render(q.Text))
			if err != nil {
				return err
			}
			logprobs, err := json.Marshal(r.Tokens)
			if err != nil {
				return err
			}
			if err := put(datasets.RecordedAnswer{ID: q.ID, Answer: datasets.Answer{
				Text: r.Text, Model: r.Model, InputTokens: datasets.Known(*r.InputTokens), OutputTokens: datasets.Known(*r.OutputTokens),
				CostUSD: datasets.Known(*r.CostUSD), LatencyMS: datasets.Known(*r.LatencyMS), Logprobs: string(logprobs),
			}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A request that fails costs what it cost, and leaves the others alone.
func TestLiveFailures(t *testing.T) {
	faults := map[string]openaitest.Fault{
		"refused": {Kind: openaitest.Status, Status: 400}, "busy": {Kind: openaitest.Status, Status: 503}, "cut": {Kind: openaitest.CutBody}, "empty": {Kind: openaitest.NoChoices},
	}
	fault := func(r *openaitest.Request) openaitest.Fault {
		_, name, _ := strings.Cut(r.User, "fault:")
		name, _, _ = strings.Cut(name, " ")
		return faults[name]
	}
	requests := requestsOf("word:SIMPLE", "fault:refused word:SIMPLE", "fault:busy word:SIMPLE", "fault:cut word:SIMPLE", "fault:empty word:SIMPLE", "word:FRONTIER")
	quantity := func(v float64, o eval.Origin) eval.Quantity { return eval.Quantity{Value: v, Origin: o} }
	for name, c := range map[string]struct {
		noCost bool
		change func(*Config)
		empty  eval.Quantity // of the answer without choices, of 5 + 1 tokens
	}{
		"cost told":            {false, nil, quantity(6*token, eval.Recorded)},
		"tokens told":          {true, func(c *Config) { c.InputPerM, c.OutputPerM = price().InputPerM, price().OutputPerM }, quantity(6*token, eval.Computed)},
		"tokens, but no price": {true, nil, eval.Quantity{}},
	} {
		s := openaitest.Start(t, openaitest.Config{CostPerToken: token, Answer: tierNamed, Fault: fault, NoCost: c.noCost})
		live := Live{Asker: newClient(t, s.URL, nil), Model: "m"}
		change := func(config *Config) {
			config.Concurrency = 3
			if c.change != nil {
				c.change(config)
			}
		}
		for round := range 2 { // the second time from the journal: a client asks nothing twice
			decisions := classify(t, newClassifier(t, live, change), requests)
			want := []eval.Decision{
				{Tier: 0, Model: "m"},
				{Tier: 1, Err: "refused (HTTP 400): this fault was asked for", CostUSD: quantity(0, eval.Recorded)},
				{Tier: 1, Err: "refused (HTTP 503) after 3 attempts: this fault was asked for", CostUSD: quantity(0, eval.Recorded)},
				{Tier: 1, Err: "cut (HTTP 200): the connection broke amid the answer: unexpected EOF"},
				{Tier: 1, Err: "not an answer (HTTP 200): the answer has no choices", InputTokens: new(5), OutputTokens: new(1), CostUSD: c.empty},
				{Tier: 3, Model: "m"},
			}
			for i, d := range decisions {
				if i == 0 || i == 5 {
					d.CostUSD, d.LatencyMS, d.InputTokens, d.OutputTokens = eval.Quantity{}, eval.Quantity{}, nil, nil
				}
				if diff := cmp.Diff(want[i], d); diff != "" {
					t.Errorf("%s, request %d, round %d (-want +got):\n%s", name, i, round, diff)
				}
			}
			if n := 6 + 2; s.Count() != n {
				t.Errorf("%s: %d requests in round %d, expected %d", name, s.Count(), round, n)
			}
		}
	}
}

// What every request would fail with is the whole classification's error.
func TestLiveFatal(t *testing.T) {
	s := openaitest.Start(t, openaitest.Config{Key: "right", Models: []string{"m"}, CostPerToken: token, Latency: 5 * time.Millisecond, Answer: tierNamed})
	key := func(key string) func(*openaiapi.Config) { return func(c *openaiapi.Config) { c.Key = key } }
	status := func(want int) func(error) bool {
		return func(err error) bool {
			e := openaiapi.AsError(err)
			return e != nil && e.Status == want
		}
	}
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, c := range map[string]struct {
		ctx    context.Context
		client *openaiapi.Client
		model  string
		is     func(error) bool
		most   int // requests: each of 16 workers begins nothing after its first failure
	}{
		"refused key":   {t.Context(), newClient(t, s.URL, key("wrong")), "m", status(401), 16},
		"no such model": {t.Context(), newClient(t, s.URL, key("right")), "n", status(404), 16},
		"no connection": {t.Context(), newClient(t, "http://127.0.0.1:1/v1", nil), "m", func(err error) bool {
			e := openaiapi.AsError(err)
			return e != nil && e.Kind == openaiapi.Unreachable
		}, 0},
		"no budget": {t.Context(), newClient(t, s.URL, func(c *openaiapi.Config) { c.Key, c.Ledger = "right", openaiapi.NewLedger(0, 0) }), "m", is(openaiapi.ErrBudget), 0},
		"budget for some": {t.Context(), newClient(t, s.URL, func(c *openaiapi.Config) { c.Key, c.Ledger = "right", openaiapi.NewLedger(200*token, 0) }), "m",
			is(openaiapi.ErrBudget), 40},
		"offline":   {t.Context(), newClient(t, s.URL, func(c *openaiapi.Config) { c.Offline = true }), "m", is(openaiapi.ErrNotHeld), 0},
		"cancelled": {cancelled, newClient(t, s.URL, nil), "m", is(context.Canceled), 0},
	} {
		s.Reset()
		texts := make([]string, 100)
		for i := range texts {
			texts[i] = fmt.Sprintf("%d word:SIMPLE", i)
		}
		llm := newClassifier(t, Live{Asker: c.client, Model: c.model, Price: price()}, func(c *Config) { c.Concurrency = 16 })
		decisions, err := llm.Classify(c.ctx, requestsOf(texts...))
		if decisions != nil || !c.is(err) || s.Count() > c.most || s.Totals().Billed == 0 && name == "budget for some" {
			t.Errorf("%s: %d decisions, error %v after %d requests", name, len(decisions), err, s.Count())
		}
	}
}

// Equal prompts are asked once, and each repetition anew.
func TestLiveRepeats(t *testing.T) {
	log := &asked{}
	s := openaitest.Start(t, openaitest.Config{Answer: tierNamed, Fault: log.fault, Latency: 5 * time.Millisecond})
	client := newClient(t, s.URL, nil)
	same := strings.Repeat("x", 90)
	requests := requestsOf("word:SIMPLE", same+" word:MEDIUM", "word:SIMPLE", same+" another word:COMPLEX", "word:SIMPLE")
	for repeat := range 3 {
		for range 2 {
			llm := newClassifier(t, Live{Asker: client, Model: "m", Repeat: repeat}, func(c *Config) { c.Concurrency, c.MaxChars = 5, 90 })
			for i, d := range classify(t, llm, requests) {
				if invalid := i%2 == 1; d.Invalid != invalid {
					t.Errorf("request %d: %+v", i, d)
				}
			}
			if s.Count() != 2*(repeat+1) {
				t.Errorf("%d requests, expected 2 for each of %d repetitions", s.Count(), repeat+1)
			}
		}
	}
	bodies := map[string]int{}
	for _, r := range log.requests {
		bodies[string(r.Raw)]++
	}
	for body, n := range bodies {
		if n != 3 {
			t.Errorf("%s was sent %d times, expected once a repetition", body, n)
		}
	}
}

// BenchmarkClassifyLive asks about 10,000 texts at 64 requests at a time, each of
// which takes 20 ms: 3.125 s if nothing else did.
func BenchmarkClassifyLive(b *testing.B) {
	const n, concurrency, latency = 10_000, 64, 20 * time.Millisecond
	requests := make([]eval.Request, n)
	for i := range requests {
		requests[i] = eval.Request{ID: fmt.Sprint(i), Text: fmt.Sprintf("%d %s word:%s", i, strings.Repeat("some text ", 60), centroids.DefaultTiers().Name(i%4))}
	}
	s := openaitest.Start(b, openaitest.Config{Latency: latency, Forget: true, Answer: tierNamed})
	var ratio, grown float64
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		client := newClient(b, s.URL, func(c *openaiapi.Config) { c.Concurrency = concurrency })
		llm := newClassifier(b, Live{Asker: client, Model: "m", TopLogprobs: 5, Price: price()}, func(c *Config) { c.Concurrency, c.MaxChars = 2*concurrency, 800 })
		before := heap()
		b.StartTimer()
		begun := time.Now()
		decisions := classify(b, llm, requests)
		ratio += time.Since(begun).Seconds() / (float64(n) / concurrency * latency.Seconds())
		b.StopTimer()
		grown += float64(heap()-before) / (1 << 20)
		for i, d := range decisions {
			if d.Tier != i%4 || d.Err != "" || d.Confidence == nil {
				b.Fatalf("request %d: %+v", i, d)
			}
		}
		b.StartTimer()
	}
	b.ReportMetric(ratio/float64(b.N), "x-ideal")
	b.ReportMetric(grown/float64(b.N), "MB-heap")
}

// heap is what is in use after collecting garbage.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
