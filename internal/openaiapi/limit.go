package openaiapi

import (
	"context"
	"slices"
	"sync"
	"time"
)

// limiter bounds what is under way: a number of requests at a time that is
// halved when the server says that it is too many and grows by one for as many
// successes as it allows, and requests and tokens a minute. Whoever waits longest
// is next.
type limiter struct {
	most   int           // requests at a time
	staged chan struct{} // holds those that are next, which note it meanwhile

	mu       sync.Mutex
	allowed  float64 // 1..most
	underway int
	queue    []*waiter   // longest first
	later    *time.Timer // looks at the queue again
	paused   time.Time   // nothing begins before
	cut      time.Time   // when allowed was last halved
	requests bucket
	tokens   bucket
}

type waiter struct {
	tokens   float64
	admitted chan struct{} // closed when the slot is its own
}

func newLimiter(most int, requestsPerMin, tokensPerMin float64) *limiter {
	return &limiter{most: most, staged: make(chan struct{}, max(1, most/4)), allowed: float64(most), requests: bucket{perMin: requestsPerMin}, tokens: bucket{perMin: tokensPerMin}}
}

// stage waits until a request is among those that are next: few, so that what is
// noted of requests that are to be sent is not far ahead of what is sent.
func (l *limiter) stage(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case l.staged <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unstage makes room for another.
func (l *limiter) unstage() { <-l.staged }

// acquire waits for a slot for a request of about so many tokens.
func (l *limiter) acquire(ctx context.Context, tokens int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &waiter{float64(tokens), make(chan struct{})}
	l.mu.Lock()
	l.queue = append(l.queue, w)
	l.admit()
	l.mu.Unlock()
	select {
	case <-w.admitted:
		return nil
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.queue, w); i >= 0 {
		l.queue = slices.Delete(l.queue, i, i+1)
	} else { // admitted meanwhile
		l.underway--
		l.requests.level++
		l.tokens.level += w.tokens
	}
	l.admit()
	return ctx.Err()
}

// admit lets in whoever may begin, and sees to it that it is called again when
// the next may.
func (l *limiter) admit() {
	if l.later != nil {
		l.later.Stop()
		l.later = nil
	}
	now := time.Now()
	for len(l.queue) > 0 && l.underway < int(l.allowed) {
		w := l.queue[0]
		if wait := max(l.paused.Sub(now), l.requests.wait(now, 1), l.tokens.wait(now, w.tokens)); wait > 0 {
			l.later = time.AfterFunc(wait, func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				l.admit()
			})
			return
		}
		l.queue = l.queue[1:]
		l.underway++
		l.requests.level--
		l.tokens.level -= w.tokens
		close(w.admitted)
	}
}

// release gives the slot of a request back that began at some time, was held to
// need reserved tokens and used others. e is its failure, or nil.
func (l *limiter) release(begun time.Time, reserved, used int, e *Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.underway--
	l.tokens.level += float64(reserved - used)
	switch {
	case e == nil:
		l.allowed = min(float64(l.most), l.allowed+1/l.allowed)
	case e.Status == 429 && begun.After(l.cut): // all that were under way are refused together
		l.allowed, l.cut = max(1, l.allowed/2), time.Now()
	}
	// Whoever is told to wait for longer gives up, and does not hold up others.
	if e != nil && e.retryAfter > 0 && e.retryAfter <= longestWait {
		if until := time.Now().Add(e.retryAfter); until.After(l.paused) {
			l.paused = until
		}
	}
	l.admit()
}

// bucket holds so many units a minute, and at most those of a second, or one.
// It may be overdrawn: whoever comes next waits for longer.
type bucket struct {
	perMin float64 // 0: no limit
	level  float64
	at     time.Time
}

// wait returns how long to wait before n units may be taken.
func (b *bucket) wait(now time.Time, n float64) time.Duration {
	if b.perMin <= 0 {
		return 0
	}
	perSecond := b.perMin / 60
	most := max(1, perSecond)
	if b.at.IsZero() {
		b.level = most
	} else {
		b.level = min(most, b.level+now.Sub(b.at).Seconds()*perSecond)
	}
	b.at = now
	const longest = 3600 // seconds, which a Duration holds: then it is looked at again
	return time.Duration(min(longest, max(0, min(1, n)-b.level)/perSecond) * float64(time.Second))
}

// sleep waits, unless ctx is done first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
