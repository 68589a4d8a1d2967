package openaiapi

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// run holds a slot for some time.
func (l *limiter) run(t *testing.T, ctx context.Context, tokens int, d time.Duration, e *Error) error {
	if err := l.acquire(ctx, tokens); err != nil {
		return err
	}
	begun := time.Now()
	l.mu.Lock()
	if l.underway > int(l.allowed) && l.underway > l.most || l.underway < 1 {
		t.Errorf("%d under way", l.underway)
	}
	l.mu.Unlock()
	time.Sleep(d)
	l.release(begun, tokens, tokens, e)
	return nil
}

func (l *limiter) idle(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.underway != 0 || len(l.queue) != 0 || l.later != nil {
		t.Errorf("%d under way, %d waiting, timer %v", l.underway, len(l.queue), l.later)
	}
}

func TestConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(4, 0, 0)
		begun := time.Now()
		var order []int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if err := l.run(t, t.Context(), 0, time.Second, nil); err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
			})
			synctest.Wait() // they come one after the other
		}
		wg.Wait()
		if took := time.Since(begun); took != 5*time.Second {
			t.Errorf("20 requests of a second, four at a time, took %v", took)
		}
		for i, x := range order {
			if x/4 != i/4 {
				t.Errorf("order %v: expected those first that waited longest", order)
				break
			}
		}
		l.idle(t)
	})
}

// All that are refused together halve the concurrency once; successes restore it.
func TestHalving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(16, 0, 0)
		tooMany := &Error{Kind: Refused, Status: 429}
		together := func(n int, e *Error) {
			time.Sleep(time.Nanosecond) // after the last time
			var wg sync.WaitGroup
			for range n {
				wg.Go(func() { _ = l.run(t, t.Context(), 0, time.Second, e) })
			}
			wg.Wait()
		}
		for _, want := range []float64{8, 4, 2, 1, 1} {
			together(int(l.allowed), tooMany)
			if l.allowed != want {
				t.Errorf("%g at a time, expected %g", l.allowed, want)
			}
		}
		together(1, &Error{Kind: Refused, Status: 500})
		if l.allowed != 1 {
			t.Errorf("another status makes it %g", l.allowed)
		}
		before := 0.0
		for range 15 {
			before = l.allowed
			together(int(l.allowed), nil)
			if grown := l.allowed - before; grown <= 0.5 || grown > 1 {
				t.Errorf("from %g to %g", before, l.allowed)
			}
		}
		for range 16 {
			together(16, nil)
		}
		if l.allowed != 16 {
			t.Errorf("%g at a time in the end", l.allowed)
		}
		l.idle(t)
	})
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(2, 0, 0)
		begun := time.Now()
		if err := l.run(t, t.Context(), 0, 0, &Error{Kind: Refused, Status: 503, retryAfter: 7 * time.Second}); err != nil {
			t.Fatal(err)
		}
		if err := l.run(t, t.Context(), 0, 0, &Error{Kind: Refused, Status: 429, retryAfter: 24 * time.Hour}); err != nil || time.Since(begun) != 7*time.Second {
			t.Errorf("began after %v, %v", time.Since(begun), err)
		}
		if err := l.run(t, t.Context(), 0, 0, nil); err != nil || time.Since(begun) != 7*time.Second {
			t.Errorf("one that is to wait for a day holds up others: %v, %v", time.Since(begun), err)
		}
		l.idle(t)
	})
}

func TestRates(t *testing.T) {
	for _, c := range []struct {
		name                  string
		requestsPer, tokenPer float64
		n, tokens             int
		want                  time.Duration // until the last begins
	}{
		{"requests", 60, 0, 31, 5, 30 * time.Second},
		{"a burst of a second", 600, 0, 110, 0, 10 * time.Second},
		{"less than one a second", 6, 0, 4, 0, 30 * time.Second},
		{"tokens", 0, 6000, 31, 100, 30 * time.Second},
		{"more than a minute's share each", 0, 60, 3, 120, 4 * time.Minute},
		{"both", 60, 600, 11, 20, 20 * time.Second},
		{"none", 0, 0, 100, 1e9, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLimiter(1000, c.requestsPer, c.tokenPer)
				time.Sleep(time.Hour) // saves up nothing
				begun := time.Now()
				var wg sync.WaitGroup
				for range c.n {
					wg.Go(func() { _ = l.run(t, t.Context(), c.tokens, time.Minute, nil) })
				}
				wg.Wait()
				// A burst of a second may go first.
				took := time.Since(begun) - time.Minute
				if took > c.want+time.Millisecond || took < c.want-time.Second-time.Millisecond {
					t.Errorf("took %v, expected %v", took, c.want)
				}
				l.idle(t)
			})
		})
	}
	// What was not used is given back, what was used beyond is taken.
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1, 0, 60)
		for _, used := range []int{0, 60} {
			begun := time.Now()
			if err := l.acquire(t.Context(), 30); err != nil {
				t.Fatal(err)
			}
			l.release(begun, 30, used, nil)
			if err := l.run(t, t.Context(), 1, 0, nil); err != nil {
				t.Fatal(err)
			}
			if took, want := time.Since(begun), time.Duration(used)*time.Second; took < want-time.Second || took > want+time.Second {
				t.Errorf("%d of 30 used: the next began after %v", used, took)
			}
		}
	})
}

// Whoever gives up takes no slot with it and leaves nothing behind.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		l := newLimiter(1, 0, 0)
		if err := l.acquire(ctx, 1); err != context.Canceled {
			t.Errorf("got %v", err)
		}
		l.idle(t)
	})
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			l := newLimiter(3, 600, 6000)
			var wg sync.WaitGroup
			passed, gaveUp := 0, 0
			var mu sync.Mutex
			for range 200 {
				patience := time.Duration(random.IntN(30)) * time.Second
				d := time.Duration(random.IntN(1000)) * time.Millisecond
				tokens := random.IntN(100)
				wg.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					err := l.run(t, ctx, tokens, d, nil)
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						passed++
					} else {
						gaveUp++
					}
				})
			}
			wg.Wait()
			l.idle(t)
			if passed == 0 || gaveUp == 0 {
				t.Errorf("%d passed, %d gave up", passed, gaveUp)
			}
			begun := time.Now()
			time.Sleep(time.Minute)
			if err := l.run(t, t.Context(), 1, 0, nil); err != nil || time.Since(begun) != time.Minute {
				t.Errorf("afterwards: %v after %v", err, time.Since(begun))
			}
		})
	}
}

// A slot that comes free as its waiter gives up goes to the next.
func TestCancelledAsAdmitted(t *testing.T) {
	l := newLimiter(1, 0, 0)
	if err := l.acquire(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- l.acquire(ctx, 0) }()
	for waiting := 0; waiting == 0; {
		l.mu.Lock()
		waiting = len(l.queue)
		l.mu.Unlock()
	}
	l.mu.Lock()
	cancel()
	time.Sleep(10 * time.Millisecond) // by now it waits for the lock
	l.underway--
	l.admit()
	l.mu.Unlock()
	if err := <-ended; err == nil {
		l.release(time.Now(), 0, 0, nil)
	}
	l.idle(t)
}

func TestSleep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var took []time.Duration
		for _, d := range []time.Duration{-1, 0, time.Second, time.Hour} {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			begun := time.Now()
			if err := sleep(ctx, d); (err != nil) != (d > time.Minute) {
				t.Errorf("%v: %v", d, err)
			}
			took = append(took, time.Since(begun))
			cancel()
		}
		if !slices.Equal(took, []time.Duration{0, 0, time.Second, time.Minute}) {
			t.Errorf("took %v", took)
		}
	})
}
