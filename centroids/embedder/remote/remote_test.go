package remote

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder/embeddertest"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

// fake answers with vectors made from the texts, which are no unit vectors.
type fake struct {
	dims  int                                                                        // where none are requested
	spoil func(context.Context, openaiapi.EmbedRequest, *openaiapi.EmbedReply) error // nil: nothing

	mu       sync.Mutex
	requests []openaiapi.EmbedRequest
}

func (f *fake) Embed(ctx context.Context, r openaiapi.EmbedRequest) (*openaiapi.EmbedReply, error) {
	f.mu.Lock()
	f.requests = append(f.requests, r)
	f.mu.Unlock()
	dims := f.dims
	if r.Dims > 0 {
		dims = r.Dims
	}
	reply := &openaiapi.EmbedReply{Model: r.Model, Attempts: 1}
	for _, text := range r.Inputs {
		h := fnv.New64a()
		h.Write([]byte(text))
		random := rand.New(rand.NewPCG(h.Sum64(), 1))
		v := make([]float32, dims)
		for d := range v {
			v[d] = float32(3 * random.NormFloat64())
		}
		reply.Vectors = append(reply.Vectors, v)
	}
	if f.spoil != nil {
		if err := f.spoil(ctx, r, reply); err != nil {
			return nil, err
		}
	}
	return reply, ctx.Err()
}

// sent returns the texts of each request, in the order of the texts.
func (f *fake) sent() [][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all [][]string
	for _, r := range f.requests {
		all = append(all, r.Inputs)
	}
	slices.SortFunc(all, slices.Compare)
	return all
}

func words(text string) (int, error) { return len(strings.Fields(text)), nil }

func newEmbedder(t testing.TB, client Client, c Config) *Embedder {
	t.Helper()
	if c.Model == "" {
		c.Model = "small"
	}
	e, err := New(t.Context(), client, c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func embed(t testing.TB, e *Embedder, texts ...string) [][]float32 {
	t.Helper()
	dims := e.Identity().Dims
	dst := make([]float32, len(texts)*dims)
	for i := range dst {
		dst[i] = 7 // an element left unwritten shows
	}
	if err := e.Embed(t.Context(), dst, texts); err != nil {
		t.Fatal(err)
	}
	return slices.Collect(slices.Chunk(dst, dims))
}

func tryEmbed(ctx context.Context, e *Embedder, texts ...string) error {
	return e.Embed(ctx, make([]float32, len(texts)*e.Identity().Dims), texts)
}

// wantError wants an error with each of the parts in its text.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v, expected one with %q", err, part)
		}
	}
}

func TestConformance(t *testing.T) {
	for name, c := range map[string]Config{
		"defaults": {Dims: 24},
		"asked":    {},
		"small":    {Dims: 24, RequestDims: true, Prefix: "query: ", MaxInputs: 2, MaxTokensPerText: 12, MaxTokensPerRequest: 13, Concurrency: 1},
	} {
		t.Run(name, func(t *testing.T) { embeddertest.Run(t, newEmbedder(t, &fake{dims: 24}, c), 0) })
	}
}

func TestVectorsAreNormalised(t *testing.T) {
	f := &fake{dims: 2, spoil: func(_ context.Context, r openaiapi.EmbedRequest, reply *openaiapi.EmbedReply) error {
		for i, text := range r.Inputs {
			reply.Vectors[i] = map[string][]float32{
				"plain": {3, -4}, "huge": {3e38, -4e37 * 10 / 1.25}, "tiny": {3e-45, 0},
			}[text]
		}
		return nil
	}}
	got := embed(t, newEmbedder(t, f, Config{Dims: 2}), "plain", "huge", "tiny", " ")
	want := [][]float32{{0.6, -0.8}, {float32(3e38 / math.Hypot(3e38, 3.2e38)), float32(-3.2e38 / math.Hypot(3e38, 3.2e38))}, {1, 0}, {0, 0}}
	for i := range want {
		for d := range want[i] {
			if math.Abs(float64(got[i][d]-want[i][d])) > 1e-7 {
				t.Errorf("text %d, element %d: %g, expected %g", i, d, got[i][d], want[i][d])
			}
		}
	}
}

// What is sent, how often, and that equal texts have equal vectors.
func TestSentOnce(t *testing.T) {
	f := &fake{dims: 4}
	e := newEmbedder(t, f, Config{Dims: 4, Prefix: "query: "})
	got := embed(t, e, "b", "", "a", "b", " \t\u3000", "a\xff\xfe", "a\ufffd\ufffd", "b ")
	want := [][]string{{"query: b", "query: a", "query: a\ufffd\ufffd", "query: b "}}
	if d := cmp.Diff(want, f.sent()); d != "" {
		t.Errorf("sent (-expected +found):\n%s", d)
	}
	if d := cmp.Diff(got[0], got[3]) + cmp.Diff(got[5], got[6]); d != "" {
		t.Errorf("vectors of equal texts differ:\n%s", d)
	}
	zero := make([]float32, 4)
	if d := cmp.Diff(zero, got[1]) + cmp.Diff(zero, got[4]); d != "" {
		t.Errorf("blank texts have vectors:\n%s", d)
	}
	if slices.Equal(got[0], got[7]) {
		t.Error("texts that differ in white space have the same vector")
	}
	if got := f.requests[0]; got.Model != "small" || got.Dims != 0 {
		t.Errorf("asked model %q for %d dims, expected small and none", got.Model, got.Dims)
	}
}

func TestNothingToSend(t *testing.T) {
	f := &fake{dims: 4}
	embed(t, newEmbedder(t, f, Config{Dims: 4}), "", "\n")
	if len(f.sent()) > 0 {
		t.Errorf("sent %q", f.sent())
	}
}

func TestBatches(t *testing.T) {
	text := func(n int) string { return strings.TrimSpace(strings.Repeat("xxxx ", n)) + fmt.Sprint(n) }
	for _, c := range []struct {
		name   string
		config Config
		in     []int // words of each text
		want   []int // texts of each request
	}{
		{"texts", Config{MaxInputs: 2}, []int{1, 2, 3, 4, 5}, []int{2, 2, 1}},
		{"all in one", Config{MaxInputs: 5}, []int{1, 2, 3, 4, 5}, []int{5}},
		{"default", Config{}, make([]int, 600), []int{256, 256, 88}},
		{"tokens", Config{MaxTokensPerText: 40, MaxTokensPerRequest: 40}, []int{10, 20, 8, 3, 37, 40, 2}, []int{3, 2, 1, 1}},
		{"both", Config{MaxInputs: 3, MaxTokensPerText: 40, MaxTokensPerRequest: 40}, []int{3, 4, 5, 6, 40}, []int{3, 1, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var texts []string
			for i, n := range c.in {
				if n == 0 {
					texts = append(texts, fmt.Sprint("text ", i))
				} else {
					texts = append(texts, text(n))
				}
			}
			f := &fake{dims: 4}
			c.config.Dims, c.config.Count, c.config.Concurrency = 4, words, 1
			embed(t, newEmbedder(t, f, c.config), texts...)
			var got []int
			var all []string
			for _, r := range f.requests {
				got, all = append(got, len(r.Inputs)), append(all, r.Inputs...)
			}
			if !slices.Equal(got, c.want) || !slices.Equal(all, texts) {
				t.Errorf("requests of %d texts, expected %d, in the texts' order", got, c.want)
			}
		})
	}
}

// Neither batches nor concurrency nor the order of replies show in the vectors.
func TestSameWhateverTheBatches(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var texts []string
	for i := range 300 {
		texts = append(texts, strings.Repeat(fmt.Sprint("word", i%211, " "), random.IntN(60)))
	}
	want := embed(t, newEmbedder(t, &fake{dims: 8}, Config{Dims: 8, MaxTokensPerText: 64}), texts...)
	for _, c := range []Config{
		{MaxInputs: 1, Concurrency: 16}, {MaxInputs: 7, Concurrency: 3}, {MaxInputs: 2048, Concurrency: 1},
		{MaxInputs: 50, MaxTokensPerRequest: 64, Concurrency: 5},
	} {
		c.Dims, c.MaxTokensPerText = 8, 64
		synctest.Test(t, func(t *testing.T) {
			f := &fake{dims: 8, spoil: func(_ context.Context, r openaiapi.EmbedRequest, _ *openaiapi.EmbedReply) error {
				time.Sleep(time.Duration(len(r.Inputs[0])%17) * time.Second)
				return nil
			}}
			if d := cmp.Diff(want, embed(t, newEmbedder(t, f, c), texts...)); d != "" {
				t.Errorf("%d texts a request, %d at a time (-expected +found):\n%s", c.MaxInputs, c.Concurrency, d)
			}
		})
	}
}

// The limit holds over several calls together.
func TestConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		now, most := 0, 0
		f := &fake{dims: 4, spoil: func(context.Context, openaiapi.EmbedRequest, *openaiapi.EmbedReply) error {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return nil
		}}
		e := newEmbedder(t, f, Config{Dims: 4, MaxInputs: 1, Concurrency: 3})
		begun := time.Now()
		var wg sync.WaitGroup
		for call := range 3 {
			wg.Go(func() {
				embed(t, e, texts(fmt.Sprint("call ", call), 10)...)
			})
		}
		wg.Wait()
		if took := time.Since(begun); most != 3 || took != 10*time.Second {
			t.Errorf("%d requests at a time, 30 took %v; expected 3 and 10s", most, took)
		}
		if got := len(f.requests); got != 30 {
			t.Errorf("%d requests, expected 30", got)
		}
	})
}

func texts(name string, n int) []string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(name, " ", i))
	}
	return all
}

func TestWrongReplies(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for name, c := range map[string]struct {
		spoil func(*openaiapi.EmbedReply)
		want  string
	}{
		"fewer":   {func(r *openaiapi.EmbedReply) { r.Vectors = r.Vectors[:1] }, "expected 2 vectors, one a text, found 1"},
		"more":    {func(r *openaiapi.EmbedReply) { r.Vectors = append(r.Vectors, r.Vectors[0]) }, "expected 2 vectors, one a text, found 3"},
		"shorter": {func(r *openaiapi.EmbedReply) { r.Vectors[1] = r.Vectors[1][:3] }, `the vector of texts[3], sent as "text 3": expected 4 numbers, found 3: set dims to 3`},
		"longer":  {func(r *openaiapi.EmbedReply) { r.Vectors[0] = make([]float32, 5) }, `the vector of texts[2], sent as "text 2": expected 4 numbers, found 5`},
		"NaN":     {func(r *openaiapi.EmbedReply) { r.Vectors[1][2] = nan }, "expected finite numbers, found NaN as element 2"},
		"Inf":     {func(r *openaiapi.EmbedReply) { r.Vectors[1][0] = inf }, "expected finite numbers, found -Inf as element 0"},
		"zeros":   {func(r *openaiapi.EmbedReply) { clear(r.Vectors[1]) }, "found all zeros, though the text is not blank"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{dims: 4, spoil: func(_ context.Context, r openaiapi.EmbedRequest, reply *openaiapi.EmbedReply) error {
				if r.Inputs[0] == "text 2" {
					c.spoil(reply)
				}
				return nil
			}}
			e := newEmbedder(t, f, Config{Dims: 4, MaxInputs: 2})
			err := tryEmbed(t.Context(), e, texts("text", 6)...)
			wantError(t, err, `model "small", 2 of texts[2] to texts[3]: `, c.want)
			if errors.Is(err, context.Canceled) {
				t.Errorf("%v: the error of a request that was cancelled", err)
			}
		})
	}
}

func TestServerThatLimitsDims(t *testing.T) {
	f := &fake{spoil: func(_ context.Context, r openaiapi.EmbedRequest, reply *openaiapi.EmbedReply) error {
		if r.Dims != 4096 {
			t.Errorf("asked for %d dims, expected 4096", r.Dims)
		}
		reply.Vectors[0] = reply.Vectors[0][:64]
		return nil
	}}
	e := newEmbedder(t, f, Config{Dims: 4096, RequestDims: true})
	wantError(t, tryEmbed(t.Context(), e, "x"), `texts[0]: the vector`, "expected 4096 numbers, as requested, found 64: the server limits or ignores")
}

func TestErrorEndsTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := &openaiapi.Error{Kind: openaiapi.Refused, Status: 401}
		f := &fake{dims: 4, spoil: func(ctx context.Context, r openaiapi.EmbedRequest, _ *openaiapi.EmbedReply) error {
			if r.Inputs[0] == "text 1" {
				time.Sleep(time.Second)
				return refused
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Hour):
			}
			return ctx.Err()
		}}
		e := newEmbedder(t, f, Config{Dims: 4, MaxInputs: 1, Concurrency: 3})
		begun := time.Now()
		err := tryEmbed(t.Context(), e, texts("text", 100)...)
		if openaiapi.AsError(err) != refused || time.Since(begun) != time.Second || len(f.requests) != 3 {
			t.Errorf("%v after %v and %d requests, expected %v after 1s and 3", err, time.Since(begun), len(f.requests), refused)
		}
		wantError(t, err, `model "small", texts[1]: `)
		// All slots are free again.
		f.spoil = nil
		embed(t, e, texts("text", 10)...)
	})
}

func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{dims: 4, spoil: func(ctx context.Context, _ openaiapi.EmbedRequest, _ *openaiapi.EmbedReply) error {
			<-ctx.Done()
			return errors.New("the server went away")
		}}
		e := newEmbedder(t, f, Config{Dims: 4, MaxInputs: 1, Concurrency: 2})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := tryEmbed(ctx, e, texts("text", 9)...); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, expected the deadline", err)
		}
		if len(f.requests) != 2 {
			t.Errorf("%d requests, expected 2", len(f.requests))
		}
		if err := tryEmbed(ctx, e, texts("text", 9)...); !errors.Is(err, context.DeadlineExceeded) || len(f.requests) != 2 {
			t.Errorf("%v after %d requests, expected the deadline and no more", err, len(f.requests))
		}
	})
}

func TestPriceReachesTheClient(t *testing.T) {
	price := 0.02
	f := &fake{dims: 4, spoil: func(_ context.Context, r openaiapi.EmbedRequest, _ *openaiapi.EmbedReply) error {
		if r.Price.InputPerM != &price {
			t.Error("the price did not reach the client")
		}
		return nil
	}}
	embed(t, newEmbedder(t, f, Config{Dims: 4, MaxInputs: 1, Price: openaiapi.Price{InputPerM: &price}}), texts("text", 10)...)
	if len(f.requests) != 10 {
		t.Errorf("%d requests, expected 10", len(f.requests))
	}
}

func TestNewAsksForDims(t *testing.T) {
	f := &fake{dims: 12}
	e := newEmbedder(t, f, Config{})
	if got := e.Identity().Dims; got != 12 || len(f.requests) != 1 || len(f.requests[0].Inputs) != 1 || f.requests[0].Dims != 0 {
		t.Errorf("%d dims after the requests %+v, expected 12 after one of a text", got, f.requests)
	}
	embed(t, e, "x")

	f = &fake{dims: 12}
	newEmbedder(t, f, Config{Dims: 5})
	if len(f.requests) > 0 {
		t.Errorf("asked %+v although dims are given", f.requests)
	}

	refused := errors.New("refused")
	for _, f := range []*fake{
		{dims: 0}, {dims: 1<<16 + 1},
		{spoil: func(context.Context, openaiapi.EmbedRequest, *openaiapi.EmbedReply) error { return refused }},
		{spoil: func(_ context.Context, _ openaiapi.EmbedRequest, r *openaiapi.EmbedReply) error {
			r.Vectors = nil
			return nil
		}},
	} {
		if _, err := New(t.Context(), f, Config{Model: "small"}); err == nil || f.spoil != nil && f.dims == 0 && !strings.Contains(err.Error(), `asking model "small"`) {
			t.Errorf("%v, expected an error that names the model", err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{Dims: 4}, "expected kind, model"},
		{Config{Model: "a\nb", Dims: 4}, "cannot be printed"},
		{Config{Model: "a", Dims: -1}, "found \"openai\", \"a\" and -1"},
		{Config{Model: "a", Dims: 1 << 17}, "1 to 65536 dims"},
		{Config{Model: "a", RequestDims: true}, "dimensions are to be requested"},
		{Config{Model: "a", MaxInputs: 2049}, "expected 1 to 2,048 texts a request, found 2049; 0 means 256"},
		{Config{Model: "a", MaxInputs: -1}, "texts a request"},
		{Config{Model: "a", MaxTokensPerText: 3}, "expected 4 to 1,048,576 tokens a text, found 3"},
		{Config{Model: "a", MaxTokensPerText: 1 << 21}, "tokens a text"},
		{Config{Model: "a", MaxTokensPerRequest: -1}, "expected at least 1 tokens a request, found -1; 0 means 200,000"},
		{Config{Model: "a", MaxTokensPerRequest: 8191}, "at least as many tokens a request as a text, found 8191 and 8192"},
		{Config{Model: "a", Concurrency: -1}, "requests at a time"},
		{Config{Model: "a", Prefix: "\xff"}, "not UTF-8"},
		{Config{Model: "a", Prefix: "123456789", MaxTokensPerText: 12}, "expected at most 8 bytes"},
	} {
		f := &fake{dims: 4}
		_, err := New(t.Context(), f, c.config)
		wantError(t, err, c.want)
		if len(f.requests) > 0 {
			t.Errorf("%+v: asked the server", c.config)
		}
	}
	// The default of tokens a request grows with those of a text.
	newEmbedder(t, &fake{}, Config{Dims: 4, MaxTokensPerText: 1 << 20})
}

func TestCut(t *testing.T) {
	runes := func(text string) (int, error) { return utf8.RuneCountInString(text), nil }
	for _, c := range []struct {
		name   string
		limit  int
		prefix string
		count  func(string) (int, error)
		text   string
		least  int // code points that are sent, without the prefix
		most   int
		calls  int // of count at most
	}{
		{"short", 100, "", runes, strings.Repeat("x", 100), 100, 100, 0},
		{"short with prefix", 100, "q: ", runes, strings.Repeat("x", 97), 97, 97, 0},
		{"long in bytes only", 100, "", runes, strings.Repeat("é", 100), 100, 100, 1},
		{"long", 1000, "", runes, strings.Repeat("é", 3000), 969, 1000, 3},
		{"long with prefix", 1000, "query: ", runes, strings.Repeat("é", 3000), 962, 993, 4},
		{"one too many", 1000, "", runes, strings.Repeat("x", 1001), 969, 1000, 3},
		{"small limit, exact", 10, "", runes, strings.Repeat("x", 79), 10, 10, 8},
		{"tiny limit", 5, "p", runes, strings.Repeat("x", 79), 4, 4, 8},
		{"more than is seen", 100, "", func(text string) (int, error) { return len(text) / 1000, nil }, strings.Repeat("x", 1<<23), 800, 800, 1},
		// The first part has a token each 100 code points, the second one each.
		{"dense end", 1000, "", func(text string) (int, error) {
			return strings.Count(text, " ")/100 + strings.Count(text, "x"), nil
		}, "x" + strings.Repeat(" ", 3999) + strings.Repeat("x", 4000), 4900, 4961, 12},
		{"sparse end", 1000, "", func(text string) (int, error) {
			return strings.Count(text, " ")/100 + strings.Count(text, "x"), nil
		}, strings.Repeat("x", 900) + strings.Repeat(" ", 300) + strings.Repeat("x", 4000), 1266, 1300, 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &fake{dims: 4}
			calls := 0
			e := newEmbedder(t, f, Config{Dims: 4, Prefix: c.prefix, MaxTokensPerText: c.limit, Count: func(text string) (int, error) {
				calls++
				return c.count(text)
			}})
			input, err := e.input(c.text)
			if err != nil {
				t.Fatal(err)
			}
			kept, ok := strings.CutPrefix(input, c.prefix)
			if !ok || !strings.HasPrefix(c.text, kept) {
				t.Fatalf("sent %q, which is not the beginning of the text after the prefix", input)
			}
			if n := utf8.RuneCountInString(kept); n < c.least || n > c.most {
				t.Errorf("%d code points are sent, expected %d to %d", n, c.least, c.most)
			}
			if tokens, _ := c.count(input); tokens > c.limit {
				t.Errorf("%d tokens are sent, expected at most %d", tokens, c.limit)
			}
			if calls > c.calls {
				t.Errorf("counted %d times, expected at most %d", calls, c.calls)
			}
			if again, err := e.input(c.text); err != nil || again != input {
				t.Errorf("sent otherwise the second time, %v", err)
			}
		})
	}
}

// What is left of a text may be blank.
func TestCutToBlank(t *testing.T) {
	f := &fake{dims: 4}
	e := newEmbedder(t, f, Config{Dims: 4, MaxTokensPerText: 10, Count: func(text string) (int, error) { return len(text), nil }})
	for _, text := range []string{strings.Repeat(" ", 11) + "x", strings.Repeat("\n", 81) + "x"} {
		if got := embed(t, e, text)[0]; !slices.Equal(got, make([]float32, 4)) {
			t.Errorf("vector %g, expected zeros", got)
		}
	}
	if len(f.requests) > 0 {
		t.Errorf("sent %q", f.sent())
	}
}

func TestCountFails(t *testing.T) {
	broken := errors.New("broken vocabulary")
	count := func(string) (int, error) { return 0, broken }
	e := newEmbedder(t, &fake{dims: 4}, Config{Dims: 4, MaxTokensPerText: 10, Count: count})
	err := tryEmbed(t.Context(), e, "x", "longer than ten")
	if wantError(t, err, "texts[1]: counting tokens"); !errors.Is(err, broken) {
		t.Errorf("%v, expected %v", err, broken)
	}
	e = newEmbedder(t, &fake{dims: 4}, Config{Dims: 4, MaxTokensPerText: 10, MaxTokensPerRequest: 10, Count: count})
	if err := tryEmbed(t.Context(), e, "x"); !errors.Is(err, broken) {
		t.Errorf("%v, expected %v", err, broken)
	}
}

// With the vocabulary that there is, cuts of hostile texts keep their limits.
func TestCutOfHostileText(t *testing.T) {
	e := newEmbedder(t, &fake{dims: 4}, Config{Dims: 4, Prefix: "query: "})
	for _, unit := range []string{"a", "The quick brown fox, twice.\n", "你好吗", "!", " \n.", "\xff", "👩‍👩‍👧‍👦", "\u0300"} {
		text := strings.Repeat(unit, 8<<20/len(unit))
		begun := time.Now()
		input, err := e.input(text)
		if err != nil {
			t.Fatal(err)
		}
		tokens, err := e.config.Count(input)
		points := utf8.RuneCountInString(input) - len("query: ")
		if err != nil || tokens > 8192 || points < 8192/4-1 || tokens < 8192*31/32 && points < 8*8192 {
			t.Errorf("repeated %q: %d tokens of %d code points, %v", unit, tokens, points, err)
		}
		t.Logf("repeated %q: %d tokens of %d code points in %v", unit, tokens, points, time.Since(begun))
	}
}

func TestRoom(t *testing.T) {
	e := newEmbedder(t, &fake{dims: 4}, Config{Dims: 4})
	wantError(t, e.Embed(t.Context(), make([]float32, 7), []string{"a", "b"}), "expected room for 2 texts × 4 dims, found 7")
}

var _ centroids.Embedder = (*Embedder)(nil)
