package openaiapi

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// randomFault depends on the question and on how often it came, not on the order
// of requests.
func randomFault(seed uint64) func(*openaitest.Request) openaitest.Fault {
	kinds := []openaitest.Kind{
		openaitest.Status, openaitest.Status, openaitest.HTML, openaitest.ErrorIn200, openaitest.SlowHeaders, openaitest.SlowBody,
		openaitest.ResetBeforeHeaders, openaitest.BadJSON, openaitest.CutBody, openaitest.ErrorMidStream, openaitest.CutStream,
		openaitest.CleanCut, openaitest.NoDone, openaitest.Pings, openaitest.NotSSE, openaitest.NoChoices, openaitest.NullFinish,
	}
	statuses := []int{400, 403, 408, 429, 429, 500, 502, 503}
	return func(r *openaitest.Request) openaitest.Fault {
		h := fnv.New64a()
		_, _ = h.Write(r.Raw)
		random := rand.New(rand.NewPCG(seed+uint64(r.Seen), h.Sum64()))
		switch p := random.Float64(); {
		case p < 0.4:
			return openaitest.Fault{}
		case p < 0.41:
			return openaitest.Fault{Kind: openaitest.Hang}
		}
		return openaitest.Fault{
			Kind: kinds[random.IntN(len(kinds))], Status: statuses[random.IntN(len(statuses))], After: random.IntN(4),
			Delay: time.Millisecond, RetryAfter: []string{"", "0.002"}[random.IntN(2)],
		}
	}
}

// Whatever servers do, each question ends with one answer or one error, and what
// the server has in its books is in the ledger and in the journal: to the cent
// where it told the cost, and as an unknown cost where it did not.
func TestBooks(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	const questions, callers = 330, 16
	s := openaitest.Start(t, openaitest.Config{CostPerToken: token, Fault: randomFault(7)})
	store := newStore(t)
	client := newClient(t, s.URL, func(c *Config) {
		c.Store, c.Concurrency, c.Retries, c.Timeout = store, callers, 3, 2*time.Second
	})
	question := func(i int) ChatRequest {
		return ChatRequest{
			Model: "m", System: "be brief", User: fmt.Sprintf("question %d of many", i%(questions*9/10)), // some stand twice
			MaxTokens: 9, Stream: i%(questions*9/10)%2 == 0, Price: price(),
		}
	}
	type outcome struct {
		reply *ChatReply
		err   error
	}
	askAll := func(client *Client) []outcome {
		outcomes := make([]outcome, questions)
		next := make(chan int)
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for i := range next {
					r, err := client.Chat(t.Context(), question(i))
					outcomes[i] = outcome{r, err}
				}
			})
		}
		for i := range questions {
			next <- i
		}
		close(next)
		wg.Wait()
		return outcomes
	}

	first := askAll(client)
	answers, failures := 0, map[Kind]int{}
	for i, o := range first {
		switch e := AsError(o.err); {
		case o.err == nil && o.reply != nil && o.reply.Text != "" && o.reply.FinishReason != "":
			answers++
		case o.reply == nil && e != nil:
			failures[e.Kind]++
		default:
			t.Errorf("question %d: got %+v and %v", i, o.reply, o.err)
		}
	}
	t.Logf("%d answers, failures %v", answers, failures)
	if answers < questions/5 || len(failures) < 6 {
		t.Error("the faults do not test much")
	}

	untold, possibly := 0, 0
	for _, e := range s.Entries() {
		switch {
		case e.Billed && !e.CostTold:
			untold++
		case !e.CostTold && e.Fault != openaitest.Status:
			possibly++
		}
	}
	books, spent := s.Totals(), client.Ledger().Fresh()
	if spent.Requests != books.Requests {
		t.Errorf("%d requests in the ledger, %d at the server", spent.Requests, books.Requests)
	}
	if spent.BilledUSD != books.ToldUSD || spent.ComputedUSD != 0 {
		t.Errorf("$%v in the ledger, the server told $%v", spent.BilledUSD, books.ToldUSD)
	}
	if spent.Unknown < untold || spent.Unknown > untold+possibly {
		t.Errorf("%d requests of unknown cost, expected %d, and at most %d more that may have been billed", spent.Unknown, untold, possibly)
	}
	if untold == 0 || spent.WorstUSD() < books.CostUSD {
		t.Errorf("spent at most $%v, the server billed $%v, %d untold", spent.WorstUSD(), books.CostUSD, untold)
	}
	journal, err := store.Spent()
	if err != nil || math.Abs(journal.AtMostUSD-spent.AtMostUSD) > 1e-9 {
		t.Errorf("the journal has at most $%v, the ledger $%v, %v", journal.AtMostUSD, spent.AtMostUSD, err)
	}
	if journal.AtMostUSD = spent.AtMostUSD; journal != spent {
		t.Errorf("the journal has %+v, the ledger %+v", journal, spent)
	}
	entries := 0
	if err := store.Journal(func(e Entry) error {
		entries++
		if e.End == "" || e.Model != "m" || e.Attempt < 1 || len(e.Key) != 64 || e.WorstUSD == nil || (e.Failure == "") != (e.End == Answered) {
			t.Errorf("entry %+v", e)
		}
		return nil
	}); err != nil || entries != books.Requests {
		t.Errorf("%d entries, %v", entries, err)
	}

	offline := newClient(t, s.URL, func(c *Config) { c.Store, c.Offline = store, true })
	for i, o := range askAll(offline) {
		same(t, first[i].reply, first[i].err, o.reply, o.err)
	}
	if s.Count() != books.Requests {
		t.Errorf("%d requests were sent though all is in the store", s.Count()-books.Requests)
	}
	again := newClient(t, s.URL, func(c *Config) { c.Store, c.Retries, c.RetryFailures = store, -1, false })
	for i, o := range askAll(again) {
		e := AsError(first[i].err)
		if e == nil || !e.temporary() || e.Billed {
			same(t, first[i].reply, first[i].err, o.reply, o.err)
		}
	}

	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines+5; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), goroutines)
		}
	}
}

// A limit holds whatever is asked at a time, and even if each request costs what
// it can at most.
func TestLimitHolds(t *testing.T) {
	const limit = 400 * token
	s := openaitest.Start(t, openaitest.Config{CostPerToken: token, Fault: randomFault(3), Answer: func(r *openaitest.Request) string {
		return strings.Repeat("word ", 1+int(r.N)%12)
	}})
	store := newStore(t)
	ledger := NewLedger(limit, 0)
	client := newClient(t, s.URL, func(c *Config) {
		c.Store, c.Concurrency, c.Ledger, c.Timeout = store, 16, ledger, time.Second
	})
	var wg sync.WaitGroup
	var mu sync.Mutex
	over := 0
	for w := range 16 {
		wg.Go(func() {
			for i := range 10 {
				_, err := client.Chat(t.Context(), ChatRequest{Model: "m", User: fmt.Sprint("q ", w, i), MaxTokens: 6, Stream: i%2 == 0, Price: price()})
				if errors.Is(err, ErrBudget) {
					mu.Lock()
					over++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	spent := ledger.Fresh()
	if s.Totals().CostUSD > limit || spent.WorstUSD() > limit || over == 0 || spent.Answers == 0 {
		t.Errorf("limit $%v, spent %+v, the server billed $%v; %d over budget", limit, spent, s.Totals().CostUSD, over)
	}
	journal, err := store.Spent()
	if err != nil {
		t.Fatal(err)
	}
	if r := newClient(t, s.URL, func(c *Config) { c.Ledger = NewLedger(limit, journal.WorstUSD()) }); journal.WorstUSD() > 0 {
		count := s.Count()
		_, err := r.Chat(t.Context(), ChatRequest{Model: "m", User: strings.Repeat("long ", 80), MaxTokens: 6, Price: price()})
		if !errors.Is(err, ErrBudget) || s.Count() != count {
			t.Errorf("with what was spent before: %v", err)
		}
	}
}

func TestLedger(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		limit, before, worst float64
		known                bool
		want                 string // empty: there is room
	}{
		{1, 0, 1, true, ""},
		{1, 0.5, 0.5, true, ""},
		{0, 0, 0, true, ""},
		{1, 0.5, 0.75, true, "over budget: of $1.0000 are left $0.5000, and a request to m may cost $0.7500"},
		{1, 2, 0.000125, true, "over budget: of $1.0000 are left $0.0000, and a request to m may cost $0.00013"},
		{1, 0, 0, false, "over budget: no price is known of m: a budget needs input_per_m and output_per_m, and max_tokens"},
	} {
		l := NewLedger(c.limit, c.before)
		err := l.reserve(ctx, c.worst, c.known, "m")
		if (err == nil) != (c.want == "") || err != nil && (!errors.Is(err, ErrBudget) || err.Error() != c.want) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
	var free Ledger
	if err := free.reserve(ctx, 1e9, false, "m"); err != nil {
		t.Errorf("without a limit: %v", err)
	}

	l := NewLedger(1, 0)
	if err := l.reserve(ctx, 0.75, true, "m"); err != nil {
		t.Fatal(err)
	}
	waiting, cancel := context.WithCancel(ctx)
	waited := make(chan error)
	go func() { waited <- l.reserve(waiting, 0.5, true, "m") }()
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	go func() { waited <- l.reserve(ctx, 0.5, true, "m") }()
	select {
	case err := <-waited:
		t.Errorf("did not wait: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	l.settle(0.75, "m", Usage{}, Price{}, func(s *Spend) { s.BilledUSD += 0.25 })
	if err := <-waited; err != nil {
		t.Errorf("after there was room: %v", err)
	}
}

// At no time can what is under way exceed the limit, and everything ends.
func TestLedgerRandom(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 0))
		limit := float64(1+random.IntN(100)) / 64
		l := NewLedger(limit, 0)
		var mu sync.Mutex
		most, spent, passed, refused := 0.0, 0.0, 0, 0
		var wg sync.WaitGroup
		for w := range 8 {
			random := rand.New(rand.NewPCG(seed, uint64(w)+1))
			wg.Go(func() {
				for range 25 {
					worst := float64(random.IntN(16)) / 64
					if err := l.reserve(context.Background(), worst, true, "m"); err != nil {
						mu.Lock()
						refused++
						mu.Unlock()
						continue
					}
					mu.Lock()
					passed++
					if most += worst; most+spent > limit {
						t.Errorf("seed %d: $%v may be spent of $%v", seed, most+spent, limit)
					}
					mu.Unlock()
					runtime.Gosched()
					actual := worst * float64(random.IntN(5)) / 4
					unknown := random.IntN(4) == 0
					u := Usage{CostUSD: &actual}
					if unknown {
						u.CostUSD, actual = nil, worst
					}
					mu.Lock()
					l.settle(worst, "m", u, Price{}, func(s *Spend) { s.add(u, Price{}, &worst, true, true) })
					most -= worst
					spent += actual
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if got := l.Fresh().WorstUSD(); got != spent || got > limit || passed == 0 {
			t.Errorf("seed %d: spent $%v, ledger $%v, limit $%v, %d passed, %d refused", seed, spent, got, limit, passed, refused)
		}
		if l.reserved != 0 {
			t.Errorf("seed %d: $%v are still reserved", seed, l.reserved)
		}
	}
}

func TestPrice(t *testing.T) {
	in, out := 2.0, 8.0
	if usd, ok := (Price{&in, &out}).Of(pointer(1_000_000), pointer(500_000)); usd != 6 || !ok {
		t.Errorf("got %v, %t", usd, ok)
	}
	for _, p := range []Price{{}, {InputPerM: &in}, {OutputPerM: &out}} {
		if _, ok := p.Of(pointer(1), pointer(1)); ok {
			t.Errorf("%+v is known", p)
		}
	}
	if _, ok := (Price{&in, &out}).Of(nil, pointer(1)); ok {
		t.Error("unknown tokens have a price")
	}

	// Without a billed cost it is computed; worst is what all bytes would cost.
	s := openaitest.Start(t, openaitest.Config{CostPerToken: token, NoCost: true})
	client := newClient(t, s.URL, func(c *Config) { c.Ledger = NewLedger(1, 0) })
	if _, err := client.Chat(t.Context(), ChatRequest{Model: "m", User: "two words", MaxTokens: 9, Price: price()}); err != nil {
		t.Fatal(err)
	}
	spent := client.Ledger().Fresh()
	if got := s.Totals().CostUSD; math.Abs(spent.ComputedUSD-got) > 1e-12 || spent.BilledUSD != 0 || spent.Unknown != 0 {
		t.Errorf("spent %+v, the server billed $%v", spent, got)
	}
	if _, err := client.Chat(t.Context(), ChatRequest{Model: "m", User: "two words", Price: price()}); !errors.Is(err, ErrBudget) {
		t.Errorf("without max_tokens: %v", err)
	}
	q, err := client.chatQuestion(ChatRequest{Model: "m", User: "a\xff\xfeb", MaxTokens: 100, Price: price()})
	if want := (1 + 3 + 3 + 1 + 32 + 100) * token; err != nil || math.Abs(q.worst-want) > 1e-12 {
		t.Errorf("worst is $%v, expected $%v, %v", q.worst, want, err)
	}
}
