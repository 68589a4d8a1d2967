package openaiapi

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
)

// ErrBudget is the error of a request that was not sent because it might have
// exceeded the ledger's limit.
var ErrBudget = errors.New("over budget")

// A Spend adds up what requests cost.
type Spend struct {
	Requests        int     `json:"requests"` // sent, or tried where no connection came about
	Answers         int     `json:"answers"`
	BilledUSD       float64 `json:"billed_usd"`    // as servers said
	ComputedUSD     float64 `json:"computed_usd"`  // from tokens and prices, of answers without a billed cost
	Unknown         int     `json:"cost_unknown"`  // requests that may have been billed, at a cost that is not known
	AtMostUSD       float64 `json:"at_most_usd"`   // of those, as far as prices are known
	Unbounded       int     `json:"unbounded"`     // of those, the ones of which they are not
	InputTokens     int     `json:"input_tokens"`  // as far as told
	OutputTokens    int     `json:"output_tokens"` // likewise
	CachedTokens    int     `json:"cached_tokens"`
	ReasoningTokens int     `json:"reasoning_tokens"`
}

// KnownUSD returns what is known to be spent.
func (s Spend) KnownUSD() float64 { return s.BilledUSD + s.ComputedUSD }

// WorstUSD returns what may have been spent.
func (s Spend) WorstUSD() float64 { return s.KnownUSD() + s.AtMostUSD }

// add takes in what one request came to. worst is the most that it can cost; nil
// where that is not known.
func (s *Spend) add(u Usage, p Price, worst *float64, answered, billed bool) {
	s.Requests++
	if answered {
		s.Answers++
	}
	for _, t := range []struct {
		sum *int
		n   *int
	}{{&s.InputTokens, u.InputTokens}, {&s.OutputTokens, u.OutputTokens}, {&s.CachedTokens, u.CachedTokens}, {&s.ReasoningTokens, u.ReasoningTokens}} {
		if t.n != nil {
			*t.sum += *t.n
		}
	}
	usd, computed := p.Of(u.InputTokens, u.OutputTokens)
	switch {
	case u.CostUSD != nil:
		s.BilledUSD += *u.CostUSD
	case computed:
		s.ComputedUSD += usd
	case billed:
		s.Unknown++
		if worst == nil {
			s.Unbounded++
			return
		}
		s.AtMostUSD += *worst
	}
}

// A Ledger keeps what is paid now apart from what was paid before, and keeps
// what is paid now within a limit. Clients may share one. The zero value has no
// limit.
type Ledger struct {
	mu       sync.Mutex
	limit    *float64
	before   float64 // spent before, counted against the limit
	fresh    Spend
	stored   Spend
	underway int           // reservations
	reserved float64       // by them
	overrun  error         // a server billed more than its price allows
	changed  chan struct{} // closed when something is settled
}

// NewLedger returns a ledger that lets requests through while all of them
// together cost no more than limit USD even if each is as dear as it can be.
// spent is what counts against the limit already.
func NewLedger(limit, spent float64) *Ledger { return &Ledger{limit: &limit, before: spent} }

// Fresh returns what was sent and paid now.
func (l *Ledger) Fresh() Spend {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fresh
}

// Stored returns what the answers and failures that came out of the store once
// cost, each by its last request.
func (l *Ledger) Stored() Spend {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stored
}

// reserve waits for room for a request that costs at most worst USD, as long as
// others are under way that may turn out cheaper.
func (l *Ledger) reserve(ctx context.Context, worst float64, known bool, what string) error {
	for {
		l.mu.Lock()
		if l.limit == nil {
			l.mu.Unlock()
			return nil
		}
		if !known {
			l.mu.Unlock()
			return fmt.Errorf("%w: no price is known of %s: a budget needs input_per_m and output_per_m, and max_tokens", ErrBudget, what)
		}
		if l.overrun != nil {
			l.mu.Unlock()
			return l.overrun
		}
		room := *l.limit - l.before - l.fresh.WorstUSD()
		if worst == 0 || worst <= room-l.reserved {
			l.underway++
			l.reserved += worst
			l.mu.Unlock()
			return nil
		}
		if l.underway == 0 {
			l.mu.Unlock()
			return fmt.Errorf("%w: of %s are left %s, and a request to %s may cost %s", ErrBudget, usd(*l.limit), usd(max(0, room)), what, usd(worst))
		}
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// settle replaces a reservation by what the request came to. Nothing more is sent
// once a request cost more than it could, by what the server billed or by the tokens that
// it counted: then the limit rests on prices, or on a limit of tokens, that do not hold.
func (l *Ledger) settle(worst float64, what string, u Usage, p Price, add func(*Spend)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limit != nil {
		l.reserved -= worst
		if l.underway--; l.underway == 0 {
			l.reserved = 0 // what is left of adding and subtracting
		}
		if l.overrun == nil {
			l.overrun = overrun(worst, what, u, p)
		}
	}
	add(&l.fresh)
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

// overrun is the error of a request that cost more than worst USD; nil: it did not, or
// that is not known.
func overrun(worst float64, what string, u Usage, p Price) error {
	most := worst * (1 + 1e-9)
	if u.CostUSD != nil {
		if *u.CostUSD > most {
			return fmt.Errorf("%w: %s billed %s for a request that costs at most %s by its configured price: correct input_per_m and output_per_m", ErrBudget, what, usd(*u.CostUSD), usd(worst))
		}
		return nil
	}
	if computed, known := p.Of(u.InputTokens, u.OutputTokens); known && computed > most {
		return fmt.Errorf("%w: %s counted tokens worth %s for a request that costs at most %s: it does not keep to max_tokens, or counts what nobody sent; raise max_tokens to what it takes, or ask another", ErrBudget, what, usd(computed), usd(worst))
	}
	return nil
}

func (l *Ledger) noteStored(u Usage, p Price, worst *float64, answered, billed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored.add(u, p, worst, answered, billed)
}

// usd writes an amount with four decimals, and small ones with as many as show
// two digits.
func usd(v float64) string {
	decimals := 4
	for least := 0.001; v > 0 && v < least && decimals < 12; least /= 10 {
		decimals++
	}
	return "$" + strconv.FormatFloat(v, 'f', decimals, 64)
}
