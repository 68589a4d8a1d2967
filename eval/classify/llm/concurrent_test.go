package llm

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/routeproof/routeproof/centroids"
)

// counting answers after a time that falls with the id, so that answers come
// in another order than they were asked for, and counts what is in flight.
type counting struct {
	mu             sync.Mutex
	inFlight, most int
	asked          int
}

func (c *counting) Ask(ctx context.Context, id, _ string) (Reply, error) {
	c.mu.Lock()
	c.asked++
	c.inFlight++
	c.most = max(c.most, c.inFlight)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.inFlight--
		c.mu.Unlock()
	}()
	n, err := strconv.Atoi(strings.TrimPrefix(id, "p"))
	if err != nil {
		return Reply{}, err
	}
	select {
	case <-time.After(time.Duration(100-n%7*10) * time.Millisecond):
		return Reply{Text: centroids.DefaultTiers().Name(n % 4), Model: id}, nil
	case <-ctx.Done():
		return Reply{}, ctx.Err()
	}
}

func TestConcurrency(t *testing.T) {
	for configured, want := range map[int]int{0: 1, 1: 1, 3: 3, 8: 8, 100: 20} {
		synctest.Test(t, func(t *testing.T) {
			s := &counting{}
			c := newClassifier(t, s, func(c *Config) { c.Concurrency = configured })
			requests := requestsOf(make([]string, 20)...)
			for i, d := range classify(t, c, requests) {
				if d.Model != requests[i].ID || d.Tier != i%4 || d.Err != "" {
					t.Errorf("concurrency %d: request %d is answered by %+v", configured, i, d)
				}
			}
			if s.most != want || s.asked != 20 {
				t.Errorf("concurrency %d: %d in flight, %d asked, want %d and 20", configured, s.most, s.asked, want)
			}
		})
	}
}

// Inside the bubble time moves only when everything waits, and the test fails
// where a goroutine outlives it.
func TestCancellation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
		defer cancel()
		s := &counting{}
		begin := time.Now()
		d, err := newClassifier(t, s, func(c *Config) { c.Concurrency = 2 }).Classify(ctx, requestsOf(make([]string, 1000)...))
		if d != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%d decisions, %v, want the context's error alone", len(d), err)
		}
		if took := time.Since(begin); took != 150*time.Millisecond {
			t.Errorf("returned after %v, want at once after 150ms", took)
		}
		if s.inFlight != 0 || s.asked > 6 {
			t.Errorf("%d in flight after the end, %d asked, want none and few", s.inFlight, s.asked)
		}
	})
}

func TestCancelledBefore(t *testing.T) {
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 {
		s := &counting{}
		if d, err := newClassifier(t, s, func(c *Config) { c.Concurrency = 4 }).Classify(ctx, requestsOf("a", "b", "c")); d != nil || !errors.Is(err, context.Canceled) {
			t.Fatalf("%v, %v, want context.Canceled alone", d, err)
		}
	}
	for range 100 { // goroutines of others may still be on their way out
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestNothingToClassify(t *testing.T) {
	if d := classify(t, newClassifier(t, Recorded{}, nil), nil); len(d) != 0 {
		t.Errorf("%v, want no decisions", d)
	}
}
