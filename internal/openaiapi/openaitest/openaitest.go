// Package openaitest is an OpenAI-compatible server on loopback for tests: it
// answers deterministically, with the faults a script asks for, and keeps the
// books of what it would bill.
//
// It serves POST /v1/chat/completions, whole or as a stream, and POST
// /v1/embeddings. A token is a word with the white space before it.
package openaitest

import (
	"context"
	"errors"
	"hash/fnv"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Config is how a server answers. Its functions are called by many requests at
// once.
type Config struct {
	Key     string            // bearer key that requests must bring, else 401; empty: any
	Headers map[string]string // headers that requests must bring, else 400; an empty value stands for any
	Models  []string          // that there are, others get 404; nil: any

	Latency  time.Duration // before the first byte of an answer; errors come at once
	TokenGap time.Duration // between the pieces of a streamed answer

	Answer func(r *Request) string               // text of an answer; nil: a few words made from model and messages
	Embed  func(text string, dims int) []float32 // nil: a unit vector made from the text
	Dims   int                                   // of vectors where the request does not say; 0: 8
	Fault  func(r *Request) Fault                // of a request that is valid; nil: none

	NoCost       bool    // no usage.cost
	NoUsage      bool    // no usage at all
	NoLogprobs   bool    // logprobs are not given though asked for
	CostPerToken float64 // USD a token of input or output; 0: 1e-6

	Forget bool // keep no entries, only totals and a number for each different body
}

// A Request is what came.
type Request struct {
	N    int // of all requests to this server, from 0
	Seen int // how often an equal body came to this path before

	Path   string
	Header http.Header
	Body   map[string]any
	Raw    []byte

	Model     string
	System    string // the last such message
	User      string // the last such message
	Stream    bool
	MaxTokens int      // 0: none
	Inputs    []string // to embed
	Dims      int      // asked for; 0: not

	hash        uint64 // of path and body
	seed        uint64 // of model and messages
	inputTokens int
	streamUsage bool
	logprobs    bool
	topLogprobs int
	base64      bool
}

// A Server answers until it is closed.
type Server struct {
	URL string // base address, with /v1

	config Config
	http   *http.Server
	closed chan struct{}
	close  func() error

	mu       sync.Mutex
	books    *books
	inFlight int
}

// Start serves until the test ends.
func Start(t testing.TB, c Config) *Server {
	t.Helper()
	s, err := Serve(c)
	if err != nil {
		t.Fatalf("openaitest: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("openaitest: closing: %v", err)
		}
	})
	return s
}

// Serve serves on a free port of 127.0.0.1 until Close.
func Serve(c Config) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if c.Dims == 0 {
		c.Dims = 8
	}
	if c.CostPerToken == 0 {
		c.CostPerToken = 1e-6
	}
	if c.Answer == nil {
		c.Answer = words
	}
	if c.Embed == nil {
		c.Embed = unitVector
	}
	s := &Server{
		URL:    "http://" + listener.Addr().String() + "/v1",
		config: c,
		closed: make(chan struct{}),
		books:  newBooks(),
	}
	s.http = &http.Server{Handler: http.HandlerFunc(s.handle)}
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(listener) }()
	s.close = sync.OnceValue(func() error {
		close(s.closed)
		err := s.http.Close()
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		return err
	})
	return s, nil
}

// Close breaks off what is in flight and does not wait for it.
func (s *Server) Close() error { return s.close() }

// An exchange is one request on its way to an answer.
type exchange struct {
	s       *Server
	w       http.ResponseWriter
	control *http.ResponseController
	ctx     context.Context
	request *Request
	record  *record
	fault   Fault
	status  int
	left    bool // no longer in flight
}

func (s *Server) handle(w http.ResponseWriter, r *http.Request) {
	x := &exchange{s: s, w: w, control: http.NewResponseController(w), ctx: r.Context()}
	s.enter()
	defer x.leave()

	raw, readErr := io.ReadAll(r.Body)
	h := fnv.New64a()
	io.WriteString(h, r.URL.Path+"\n")
	h.Write(raw)
	q := &Request{Path: r.URL.Path, Header: r.Header, Raw: raw, hash: h.Sum64()}
	x.request = q
	known := r.Method == http.MethodPost && (q.Path == chatPath || q.Path == embedPath)
	var problem string
	switch {
	case readErr != nil:
		problem = "the body could not be read"
	case known:
		problem = q.parse()
	}
	x.record = s.arrive(q)

	if !known {
		x.fail(http.StatusNotFound, "there is no "+r.Method+" "+q.Path, nil)
		return
	}
	if key := s.config.Key; key != "" && r.Header.Get("Authorization") != "Bearer "+key {
		x.fail(http.StatusUnauthorized, "the key is not known", "invalid_api_key")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.config.Headers)) {
		want, got := s.config.Headers[name], r.Header.Get(name)
		if got == "" || want != "" && got != want {
			problem = "header " + name + " is missing or not as expected"
		}
	}
	if problem != "" {
		x.fail(http.StatusBadRequest, problem, nil)
		return
	}
	if models := s.config.Models; models != nil && !slices.Contains(models, q.Model) {
		x.fail(http.StatusNotFound, "there is no model "+q.Model, "model_not_found")
		return
	}
	if s.config.Fault != nil {
		x.fault = s.config.Fault(q)
		if !x.fault.fits(q) {
			x.fault = Fault{}
		}
		x.record.setFault(x.fault.Kind)
	}
	if x.failed() || !x.wait(s.config.Latency) {
		return
	}
	if q.Path == chatPath {
		x.chat()
	} else {
		x.embed()
	}
}

// begin sets the head of the answer. A length below 0 is not told.
func (x *exchange) begin(status int, contentType string, length int) {
	header := x.w.Header()
	header.Set("Content-Type", contentType)
	if length >= 0 {
		header.Set("Content-Length", strconv.Itoa(length))
	}
	if x.fault.RetryAfter != "" {
		header.Set("Retry-After", x.fault.RetryAfter)
	}
	x.status = status
	x.w.WriteHeader(status)
}

// A mark is what bytes that are sent mean for the books.
type mark struct {
	tokens int  // billed for the request when they are sent, in all
	told   bool // they complete what the client is told of the cost
	last   bool // the client may take the answer for complete
}

// send writes p at once and reports whether that worked. The record is locked
// meanwhile: whoever has read p finds it in the books.
func (x *exchange) send(p []byte, m mark) bool {
	if m.last {
		x.leave()
	}
	x.record.mu.Lock()
	defer x.record.mu.Unlock()
	x.record.entry.Status = x.status
	x.record.bill(m.tokens)
	if m.told {
		x.record.tell(true)
	}
	_, err := x.w.Write(p)
	if err == nil {
		err = x.control.Flush()
	}
	if err != nil && m.told {
		x.record.tell(false)
	}
	return err == nil
}

const forever = time.Duration(math.MaxInt64)

// wait reports whether somebody still waits for the answer after d. If not, the
// connection is cut, lest the answer ends as though it were complete.
func (x *exchange) wait(d time.Duration) bool {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-x.ctx.Done():
		case <-x.s.closed:
		}
	}
	select {
	case <-x.s.closed:
	default:
		if x.ctx.Err() == nil {
			return true
		}
	}
	x.cut(true)
	return false
}

// cut closes the connection amid the answer. With reset, the client sees a
// reset rather than an end.
func (x *exchange) cut(reset bool) {
	x.leave()
	conn, _, err := x.control.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // closes it likewise
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// fail answers with an error under its status.
func (x *exchange) fail(status int, message string, code any) {
	kind := "invalid_request_error"
	switch {
	case status == http.StatusTooManyRequests:
		kind = "rate_limit_error"
	case status >= 500:
		kind = "server_error"
	}
	x.page(status, "application/json", encode(errorBody{errorObject{message, kind, code}}))
}

// page answers with a body that bills nothing.
func (x *exchange) page(status int, contentType string, body []byte) {
	x.begin(status, contentType, len(body))
	x.send(body, mark{last: true})
}

// body answers with JSON that was generated for so many tokens.
func (x *exchange) body(full []byte, tokens int, told bool) {
	const contentType = "application/json"
	half := len(full) / 2
	switch x.fault.Kind {
	case BadJSON:
		x.begin(http.StatusOK, contentType, half)
		x.send(full[:half], mark{tokens: tokens, last: true})
	case CutBody:
		x.begin(http.StatusOK, contentType, len(full))
		x.send(full[:half], mark{tokens: tokens, last: true})
		x.cut(false)
	case SlowBody:
		x.begin(http.StatusOK, contentType, len(full))
		if x.send(full[:half], mark{tokens: tokens}) && x.wait(x.fault.Delay) {
			x.send(full[half:], mark{tokens: tokens, told: told, last: true})
		}
	default:
		x.begin(http.StatusOK, contentType, len(full))
		x.send(full, mark{tokens: tokens, told: told, last: true})
	}
}
