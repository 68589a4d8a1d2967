package openaiapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/routeproof/routeproof/internal/wording"
)

// inBody is the error in a body under a status of success.
func inBody(raw json.RawMessage) *Error {
	e := &Error{Kind: InBody, Message: messageOf(append(append([]byte(`{"error":`), raw...), '}'))}
	var told struct{ Code json.Number }
	if json.Unmarshal(raw, &told) == nil {
		if n, err := strconv.Atoi(told.Code.String()); err == nil && n >= 400 && n < 600 {
			e.Status = n
		}
	}
	return e
}

// temporary tells whether the same request may succeed later, and nothing of an
// answer came.
func (e *Error) temporary() bool {
	switch e.Kind {
	case Unreachable:
		return true
	case Refused, InBody:
		billed := e.Usage.CostUSD != nil && *e.Usage.CostUSD > 0
		return !e.started && !billed && (e.Status == 408 || e.Status == 429 || e.Status >= 500 && e.Status < 600)
	}
	return false
}

// errorOf puts whatever sending ended with into an [Error].
func (c *Client) errorOf(err error, x *exchange, ctx context.Context) *Error {
	if err == nil {
		return nil
	}
	e := AsError(err)
	if x.failure != nil {
		e = x.failure
	}
	switch {
	case e != nil:
	case !x.connected.Load():
		e = &Error{Kind: Unreachable, Message: withoutAddress(err).Error()}
		if ctx.Err() != nil {
			e.Message = fmt.Sprintf("no connection within %v", c.config.Timeout)
		}
	case ctx.Err() != nil:
		e = &Error{Kind: TimedOut, Message: fmt.Sprintf("no complete answer within %v", c.config.Timeout)}
	case x.status == 0:
		e = &Error{Kind: Broken, Message: "the connection broke before an answer: " + rootCause(err)}
	case x.broken != nil:
		e = &Error{Kind: Cut, Message: "the connection broke amid the answer: " + rootCause(x.broken)}
	default:
		e = &Error{Kind: NotAnAnswer, Message: "the answer is not as the protocol has it: " + rootCause(err)}
	}
	e.Message = shorten(c.redact.message(e.Message))
	if e.Status == 0 {
		e.Status = x.status
	}
	if e.Usage.Raw == nil {
		e.Usage = x.usage
	}
	if u := &e.Usage; x.stream && x.whole == nil && (u.CostUSD == nil || *u.CostUSD == 0) {
		u.OutputTokens, u.CostUSD = nil, nil // what was told amid a stream is not all, and 0 is no bill
	}
	if x.answered || e.Kind == Broken || e.Kind == TimedOut {
		e.Billed = true
	}
	e.started, e.retryAfter = x.started, x.retryAfter
	return e
}

// withoutAddress leaves out the method and address that net/http puts before an
// error.
func withoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// rootCause leaves out what net and net/http put around an error, such as the
// local port.
func rootCause(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// retryAfter reads how long a server asks to wait: retry-after-ms, or
// Retry-After in seconds or as a date. 0: not said, or not to be understood.
func retryAfter(h http.Header, now time.Time) time.Duration {
	const longest = 24 * time.Hour
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return time.Duration(min(ms*float64(time.Millisecond), float64(longest)))
	}
	text := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(text, 64); err == nil && s > 0 {
		return time.Duration(min(s*float64(time.Second), float64(longest)))
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return min(at.Sub(now), longest)
	}
	return 0
}

// messageOf finds the words in the body of an error: {"error":{"message":…}},
// {"error":"…"}, {"message":…}, the title of a web page, else all of it.
func messageOf(body []byte) string {
	var told struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
	}
	// Members of other types than expected are left out, and the rest is there.
	_ = json.Unmarshal(body, &told)
	var inner struct {
		Message  string `json:"message"`
		Metadata struct {
			Raw          string `json:"raw"`
			ProviderName string `json:"provider_name"`
		} `json:"metadata"`
	}
	_ = json.Unmarshal(told.Error, &inner)
	var text string
	_ = json.Unmarshal(told.Error, &text)
	switch {
	case inner.Message != "" && inner.Metadata.Raw != "":
		return inner.Message + ": " + strings.TrimSpace(inner.Metadata.ProviderName+" "+inner.Metadata.Raw)
	case inner.Message != "":
		return inner.Message
	case text != "":
		return text
	case told.Message != "":
		return told.Message
	}
	text = strings.TrimSpace(string(body))
	if strings.HasPrefix(text, "<") {
		if _, rest, ok := strings.Cut(text, "<title>"); ok {
			title, _, _ := strings.Cut(rest, "</title>")
			return "a web page with the title " + wording.Quote(shorten(title))
		}
	}
	return text
}

// shorten makes one line of at most maxMessage code points, without what would
// steer a terminal.
func shorten(text string) string {
	printable := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(text, "\uFFFD"))
	line := strings.Join(strings.Fields(printable), " ")
	if utf8.RuneCountInString(line) <= maxMessage {
		return line
	}
	return string([]rune(line)[:maxMessage]) + "…"
}

// quoted is the beginning of what a server sent, for a message.
func (r redactor) quoted(b []byte) string {
	const look = 4 << 10 // bytes, of which less is shown
	return wording.Quote(shorten(r.message(string(b[:min(len(b), look)]))))
}
