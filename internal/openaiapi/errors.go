package openaiapi

import (
	"errors"
	"fmt"
	"time"
)

// A Kind says what went wrong with a request.
type Kind string

// The kinds of failure.
const (
	Refused     Kind = "refused"       // an HTTP status other than of success
	InBody      Kind = "error in body" // an error under HTTP 200, also amid a stream
	Cut         Kind = "cut"           // the answer ended before it was complete
	NotAnAnswer Kind = "not an answer" // the body is no answer of this protocol
	TimedOut    Kind = "timeout"       // no complete answer within the time limit
	Unreachable Kind = "unreachable"   // no connection came about: nothing was sent
	Broken      Kind = "broken"        // the connection broke before anything was answered
)

// An Error is why there is no answer. Its text never holds the key.
type Error struct {
	Kind    Kind   `json:"kind"`
	Status  int    `json:"status"`  // of HTTP; 0: none came
	Message string `json:"message"` // the server's words, shortened
	Usage   Usage  `json:"usage"`   // what it cost nevertheless, as far as the server said it

	At       int64 `json:"at"`       // Unix time in milliseconds when it was asked last
	Attempts int   `json:"attempts"` // requests sent, this one included
	Billed   bool  `json:"billed"`   // something was or may have been generated and billed
	Stored   bool  `json:"-"`        // it was in the store: nothing was sent now

	retryAfter time.Duration
	started    bool // something of an answer came before it
}

func (e *Error) Error() string {
	text := string(e.Kind)
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Attempts > 1 {
		text += fmt.Sprintf(" after %d attempts", e.Attempts)
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// ErrNotHeld is the error of a client that may not send anything, for a request
// whose answer its store does not hold.
var ErrNotHeld = errors.New("the journal holds no answer")

// Fatal tells whether every other request would fail likewise: there is no
// connection, the key is refused, there is no credit, no such model or address.
// It is not kept in the store.
func (e *Error) Fatal() bool {
	return e.Kind == Unreachable || e.Kind == Refused && (e.Status == 401 || e.Status == 402 || e.Status == 404)
}

// CostUnknown tells whether something may have been billed of which the server
// did not say the cost.
func (e *Error) CostUnknown() bool { return e.Billed && e.Usage.CostUSD == nil }

// AsError returns the [Error] within err, or nil.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}
