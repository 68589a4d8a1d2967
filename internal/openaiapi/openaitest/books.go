package openaitest

import (
	"sync"
	"time"
)

// An Entry is one request in the books.
type Entry struct {
	Request  Request // without Header, Body and Raw
	At       time.Time
	Fault    Kind    // that came about
	Status   int     // of HTTP; 0: no answer began
	Billed   bool    // at least a part of an answer was generated
	CostUSD  float64 // billed: input and the pieces that were sent, or a whole body even if a part of it was sent
	CostTold bool    // usage with its cost was sent whole
}

// Totals are sums over all requests.
type Totals struct {
	Requests int
	Billed   int     // requests
	CostUSD  float64 // of those
	Told     int     // requests
	ToldUSD  float64 // the part of CostUSD that clients were told
}

// books are guarded by the mutex of their server.
type books struct {
	seen     map[uint64]int
	records  []*record
	inFlight int // the most at once

	requests, billed, told   int
	billedTokens, toldTokens int // exact in any order of requests, unlike sums of costs
}

func newBooks() *books { return &books{seen: map[uint64]int{}} }

// A record is an entry that is being written. Its mutex may be held when the
// server's is taken, never the other way round.
type record struct {
	s *Server
	b *books // those of its arrival, also after a Reset

	mu     sync.Mutex
	entry  Entry
	tokens int
}

func (s *Server) enter() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight++
	s.books.inFlight = max(s.books.inFlight, s.inFlight)
}

// leave comes before the last bytes of an answer: a client that has them may
// send its next request at once.
func (x *exchange) leave() {
	if x.left {
		return
	}
	x.left = true
	x.s.mu.Lock()
	defer x.s.mu.Unlock()
	x.s.inFlight--
}

// arrive numbers the request and enters it.
func (s *Server) arrive(q *Request) *record {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.books
	q.N, q.Seen = b.requests, b.seen[q.hash]
	b.requests++
	b.seen[q.hash]++
	light := *q
	light.Header, light.Body, light.Raw = nil, nil, nil
	r := &record{s: s, b: b, entry: Entry{Request: light, At: time.Now()}}
	if !s.config.Forget {
		b.records = append(b.records, r)
	}
	return r
}

func (r *record) setFault(kind Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.entry.Fault = kind
}

// bill raises what the request has used to tokens. r.mu is held.
func (r *record) bill(tokens int) {
	if tokens <= r.tokens {
		return
	}
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if r.tokens == 0 {
		r.b.billed++
	}
	r.b.billedTokens += tokens - r.tokens
	r.tokens = tokens
	r.entry.Billed, r.entry.CostUSD = true, r.s.cost(tokens)
}

// tell notes that the client is told the cost, or takes that back. r.mu is held.
func (r *record) tell(told bool) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	sign := 1
	if !told {
		sign = -1
	}
	r.b.told += sign
	r.b.toldTokens += sign * r.tokens
	r.entry.CostTold = told
}

func (s *Server) cost(tokens int) float64 { return float64(tokens) * s.config.CostPerToken }

// Entries returns the requests so far in order of arrival; nothing with
// [Config.Forget]. What a client has read is in them.
func (s *Server) Entries() []Entry {
	s.mu.Lock()
	records := s.books.records[:len(s.books.records):len(s.books.records)]
	s.mu.Unlock()
	entries := make([]Entry, len(records))
	for i, r := range records {
		r.mu.Lock()
		entries[i] = r.entry
		r.mu.Unlock()
	}
	return entries
}

// Totals returns the sums so far. What a client has read is in them.
func (s *Server) Totals() Totals {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.books
	return Totals{
		Requests: b.requests,
		Billed:   b.billed, CostUSD: s.cost(b.billedTokens),
		Told: b.told, ToldUSD: s.cost(b.toldTokens),
	}
}

// Count returns how many requests came.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books.requests
}

// InFlightMax returns how many requests were in flight at once at most. A
// client that gives up counts until the server notices.
func (s *Server) InFlightMax() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.books.inFlight
}

// Reset opens new books. Requests in flight stay in the old ones.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books = newBooks()
	s.books.inFlight = s.inFlight
}
