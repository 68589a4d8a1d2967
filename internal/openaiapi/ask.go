package openaiapi

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// question is a request ready to be sent.
type question[R any] struct {
	key    key
	model  string
	body   []byte
	stream bool
	price  Price
	input  int     // tokens of input, roughly
	most   int     // tokens of output at most; 0: not bounded
	worst  float64 // USD it can cost at most
	known  bool    // worst is known
	send   func(c *Client, ctx context.Context, x *exchange) (R, error)
}

// mostUSD is the most that a question can cost once; nil where that is unknown.
func (q *question[R]) mostUSD() *float64 {
	if !q.known {
		return nil
	}
	return &q.worst
}

// reply is what questions of both kinds come to.
type reply interface {
	usage() Usage
	finish(at time.Time, attempts int, redact redactor)
	markStored()
}

func (r *ChatReply) usage() Usage  { return r.Usage }
func (r *ChatReply) markStored()   { r.Stored = true }
func (r *EmbedReply) usage() Usage { return r.Usage }
func (r *EmbedReply) markStored()  { r.Stored = true }

func (r *ChatReply) finish(at time.Time, attempts int, redact redactor) {
	r.At, r.Attempts = at.UnixMilli(), attempts
	if n := len(r.Logprobs); n > 0 {
		sum := 0.0
		for _, t := range r.Logprobs {
			sum += t.Logprob
		}
		mean := sum / float64(n)
		r.MeanLogprob, r.Logprobs = &mean, r.Logprobs[:min(n, keptTokens)]
	}
	// The pieces of a stream may each be innocent.
	if text := redact.text(r.Text); text != r.Text {
		r.Text, r.Logprobs = text, nil
	}
}

func (r *EmbedReply) finish(at time.Time, attempts int, _ redactor) {
	r.At, r.Attempts = at.UnixMilli(), attempts
}

// keptTokens are as many tokens of an answer as are kept with their alternatives:
// enough for one word, and little beside a long answer.
const keptTokens = 16

// flight is a question that is being asked. What it came to is there when done
// is closed.
type flight struct {
	done  chan struct{}
	reply any
	err   error
}

// ask answers a question, once for all that ask it at a time.
func ask[T any, R interface {
	*T
	reply
}](ctx context.Context, c *Client, q *question[R]) (R, error) {
	for {
		c.mu.Lock()
		f, asked := c.flights[q.key]
		if !asked {
			f = &flight{done: make(chan struct{})}
			c.flights[q.key] = f
			c.mu.Unlock()
			r, err := askOnce[T](ctx, c, q)
			f.reply, f.err = r, err
			c.mu.Lock()
			delete(c.flights, q.key)
			c.mu.Unlock()
			close(f.done)
			return r, err
		}
		c.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		switch {
		case f.err == nil:
			shared := *f.reply.(R)
			R(&shared).markStored()
			return &shared, nil
		case AsError(f.err) != nil || errors.Is(f.err, ErrBudget):
			return nil, f.err
		} // else whoever asked gave up
	}
}

// askOnce looks in the store, and else asks the server until it answers or
// fails for good.
func askOnce[T any, R interface {
	*T
	reply
}](ctx context.Context, c *Client, q *question[R]) (R, error) {
	if r, err := fromStore[T, R](c, q); r != nil || err != nil {
		return r, err
	}
	if c.config.Offline {
		return nil, fmt.Errorf("%w of %s", ErrNotHeld, q.model)
	}
	ledger, billed := c.config.Ledger, false // an attempt that was repeated may have been billed
	for attempt := 1; ; attempt++ {
		if err := ledger.reserve(ctx, q.worst, q.known, q.model); err != nil {
			return nil, err
		}
		r, e, err := attemptOnce[T](ctx, c, q, attempt)
		var u Usage
		switch {
		case e != nil:
			u = e.Usage
		case r != nil:
			u = r.usage()
		}
		ledger.settle(q.worst, q.model, u, q.price, func(s *Spend) {
			switch {
			case e != nil:
				s.add(u, q.price, q.mostUSD(), false, e.Billed)
			case r != nil: // also where it could not be stored
				s.add(u, q.price, q.mostUSD(), true, true)
			}
		})
		if err != nil {
			return nil, err
		}
		if e == nil {
			return r, nil
		}
		billed = billed || e.Billed
		if c.final(e, attempt) {
			return nil, c.fail(q.key, e, billed)
		}
		if err := sleep(ctx, max(e.retryAfter, backoff(c.config.RetryWait, q.key, attempt))); err != nil {
			return nil, err
		}
	}
}

// again tells whether something that the store holds is asked again: a failure
// of which nothing was billed and that may pass is no answer to a later command.
func (c *Client) again(k key, h *held) bool {
	c.mu.Lock()
	failed := c.failed[k]
	c.mu.Unlock()
	switch {
	case c.config.Offline, failed:
		return false
	case h.Failure == nil:
		return c.config.Fresh
	}
	return c.config.Fresh || c.config.RetryFailures || h.Failure.temporary() && !h.Failure.Billed
}

// fromStore returns what the store holds, or neither.
func fromStore[T any, R interface {
	*T
	reply
}](c *Client, q *question[R]) (R, error) {
	if c.config.Store == nil {
		return nil, nil
	}
	held, err := c.config.Store.get(q.key)
	if err != nil || held == nil {
		return nil, err
	}
	if c.again(q.key, held) {
		return nil, nil
	}
	if held.Failure != nil {
		e := held.Failure
		e.Stored = true
		c.config.Ledger.noteStored(e.Usage, q.price, q.mostUSD(), false, e.Billed)
		return nil, e
	}
	r := R(new(T))
	if err := held.decode(r); err != nil {
		return nil, err
	}
	r.markStored()
	c.config.Ledger.noteStored(r.usage(), q.price, q.mostUSD(), true, true)
	return r, nil
}

// attemptOnce sends a question once. What comes of it stands in the store when
// it returns: err is not nil where nothing was sent, or nothing could be stored.
func attemptOnce[T any, R interface {
	*T
	reply
}](ctx context.Context, c *Client, q *question[R], attempt int) (R, *Error, error) {
	tokens := q.input + q.most
	number, err := c.enter(ctx, Entry{Model: q.model, Attempt: attempt, WorstUSD: q.mostUSD()}, q.key, tokens)
	if err != nil {
		return nil, nil, err
	}
	begun := time.Now()
	// From here on it is paid for: it ends by its own time limit only.
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.config.Timeout)
	defer cancel()
	x := &exchange{body: q.body, stream: q.stream, began: begun, cancel: cancel}
	r, sendErr := q.send(c, context.WithValue(own, exchangeKey{}, x), x)
	if e := c.errorOf(sendErr, x, own); e != nil {
		e.At, e.Attempts = begun.UnixMilli(), attempt
		unknown := 0
		if e.Billed {
			unknown = tokens
		}
		c.limiter.release(begun, tokens, used(e.Usage, unknown), e)
		return nil, e, c.config.Store.failed(number, q.key, e, q.price, c.keeps(e, attempt))
	}
	c.limiter.release(begun, tokens, used(r.usage(), tokens), nil)
	r.finish(begun, attempt, c.redact)
	return r, nil, c.config.Store.answered(number, q.key, r, begun, r.usage(), q.price)
}

// enter notes in the journal that a request is about to be sent, and waits for
// its slot. The slot is not held while the disk is waited for.
func (c *Client) enter(ctx context.Context, entry Entry, k key, tokens int) (number uint64, err error) {
	if err := c.limiter.stage(ctx); err != nil {
		return 0, err
	}
	defer c.limiter.unstage()
	if number, err = c.config.Store.begin(entry, k); err != nil {
		return 0, err
	}
	if err := c.limiter.acquire(ctx, tokens); err != nil {
		if failed := c.config.Store.withdraw(number); failed != nil {
			return 0, failed
		}
		return 0, err
	}
	return number, nil
}

// used is how many tokens were used, or otherwise where that was not told.
func used(u Usage, otherwise int) int {
	if u.InputTokens == nil || u.OutputTokens == nil {
		return otherwise
	}
	return *u.InputTokens + *u.OutputTokens
}

// final tells whether a request that failed is not sent again.
func (c *Client) final(e *Error, attempt int) bool {
	return !e.temporary() || attempt > c.config.Retries || e.retryAfter > longestWait
}

// keeps tells whether the store keeps a failure: not one of the key or the
// address, nor of another try, for which what is held stays.
func (c *Client) keeps(e *Error, attempt int) bool {
	return c.final(e, attempt) && !e.Fatal() && !c.config.Fresh
}

// fail returns the failure that a question ended with. billed tells whether one
// of its attempts may have been billed.
func (c *Client) fail(k key, e *Error, billed bool) error {
	if !e.Fatal() {
		c.mu.Lock()
		c.failed[k] = true
		c.mu.Unlock()
	}
	if !billed || e.Billed {
		return e
	}
	e.Billed = true // at a cost that is not the last attempt's
	e.Usage = Usage{}
	if c.config.Fresh || e.Fatal() {
		return e
	}
	if err := c.config.Store.keepFailure(k, e); err != nil {
		return err
	}
	return e
}

const longestWait = 10 * time.Minute // that a server may ask for

// backoff is how long to wait before attempt+1: half to all of the first wait,
// twice, four times it, … up to a minute. Which part is drawn from the key, so
// that equal runs wait alike.
func backoff(first time.Duration, k key, attempt int) time.Duration {
	d := min(first, time.Minute)
	for range attempt - 1 {
		d = min(2*d, time.Minute)
	}
	part := float64(k[attempt%len(k)]) / 255
	return d/2 + time.Duration(part*float64(d/2))
}
