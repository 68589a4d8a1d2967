package openaiapi

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// Whoever gives up before a request is sent has an error at once; what was sent
// is paid for, waited for and kept.
func TestContext(t *testing.T) {
	until := func(t *testing.T, s *openaitest.Server, n int) {
		for s.Count() < n {
			time.Sleep(time.Millisecond)
		}
	}
	q := ChatRequest{Model: "m", User: "hi", MaxTokens: 9, Price: price()}
	other := q
	other.User = "ho"

	t.Run("before", func(t *testing.T) {
		s := openaitest.Start(t, openaitest.Config{})
		store := newStore(t)
		c := newClient(t, s.URL, func(c *Config) { c.Store = store })
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.Chat(ctx, q); !errors.Is(err, context.Canceled) || s.Count() != 0 {
			t.Errorf("got %v after %d requests", err, s.Count())
		}
		if spent, err := store.Spent(); err != nil || spent != (Spend{}) || c.Ledger().Fresh() != (Spend{}) {
			t.Errorf("spent %+v, %v", spent, err)
		}
		if _, err := c.Chat(t.Context(), q); err != nil {
			t.Error(err)
		}
		if r, err := c.Chat(ctx, q); err != nil || !r.Stored {
			t.Errorf("what is in the store: %+v, %v", r, err)
		}
	})

	t.Run("waiting for a slot", func(t *testing.T) {
		s := openaitest.Start(t, openaitest.Config{Latency: 100 * time.Millisecond})
		store := newStore(t)
		c := newClient(t, s.URL, func(c *Config) { c.Concurrency, c.Ledger, c.Store = 1, NewLedger(1, 0), store })
		first := make(chan error)
		go func() { _, err := c.Chat(t.Context(), q); first <- err }()
		until(t, s, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := c.Chat(ctx, other); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if err := <-first; err != nil || s.Count() != 1 {
			t.Errorf("got %v after %d requests", err, s.Count())
		}
		if spent, err := store.Spent(); err != nil || spent.Requests != 1 {
			t.Errorf("the journal has %+v, %v", spent, err)
		}
		if _, err := c.Chat(t.Context(), other); err != nil || c.Ledger().reserved != 0 {
			t.Errorf("afterwards: %v, $%v reserved", err, c.Ledger().reserved)
		}
		c.limiter.idle(t)
	})

	t.Run("before it is sent again", func(t *testing.T) {
		s := openaitest.Start(t, openaitest.Config{Fault: func(r *openaitest.Request) openaitest.Fault {
			if r.Seen == 0 {
				return openaitest.Fault{Kind: openaitest.Status}
			}
			return openaitest.Fault{}
		}})
		store := newStore(t)
		c := newClient(t, s.URL, func(c *Config) { c.RetryWait, c.Store = time.Hour, store })
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { _, err := c.Chat(ctx, q); ended <- err }()
		until(t, s, 1)
		// Another client is not held up.
		follower := newClient(t, s.URL, func(c *Config) { c.Store = store })
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) || s.Count() != 1 {
			t.Errorf("got %v after %d requests", err, s.Count())
		}
		if held, err := c.Held(q); held || err != nil {
			t.Errorf("held %t, %v", held, err)
		}
		if r, err := follower.Chat(t.Context(), q); err != nil || r.Stored {
			t.Errorf("got %+v, %v", r, err)
		}
	})

	t.Run("the first of two gives up", func(t *testing.T) {
		s := openaitest.Start(t, openaitest.Config{Latency: 50 * time.Millisecond})
		c := newClient(t, s.URL, func(c *Config) { c.Concurrency = 1 })
		ctx, cancel := context.WithCancel(t.Context())
		slot, first, second := make(chan error), make(chan error), make(chan error)
		go func() { _, err := c.Chat(t.Context(), other); slot <- err }()
		until(t, s, 1)
		go func() { _, err := c.Chat(ctx, q); first <- err }()
		asked := func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return len(c.flights) == 2
		}
		for !asked() {
			time.Sleep(time.Millisecond)
		}
		go func() { _, err := c.Chat(t.Context(), q); second <- err }()
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the first: %v", err)
		}
		if err := errors.Join(<-slot, <-second); err != nil || s.Count() != 2 {
			t.Errorf("got %v after %d requests", err, s.Count())
		}
	})

	for _, stream := range []bool{false, true} {
		t.Run("amid an answer", func(t *testing.T) {
			s := openaitest.Start(t, openaitest.Config{Latency: 30 * time.Millisecond, TokenGap: 5 * time.Millisecond})
			store := newStore(t)
			c := newClient(t, s.URL, func(c *Config) { c.Store = store })
			q.Stream = stream
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() {
				r, err := c.Chat(ctx, q)
				if err == nil && (r.Text == "" || r.Usage.CostUSD == nil) {
					t.Errorf("got %+v", r)
				}
				ended <- err
			}()
			until(t, s, 1)
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if held, err := c.Held(q); !held || err != nil || !s.Entries()[0].CostTold {
				t.Errorf("held %t, %v", held, err)
			}
		})
	}
}
