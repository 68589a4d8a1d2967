package openaiapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	openai "github.com/sashabaranov/go-openai"

	"github.com/routeproof/routeproof/internal/wording"
)

// exchange is what the transport and the sender of one request tell each other.
type exchange struct {
	body   []byte // to be sent
	stream bool   // is asked for
	began  time.Time
	cancel context.CancelFunc // ends the request

	connected  atomic.Bool // from here on something may have been sent
	status     int         // of HTTP; 0: none came
	retryAfter time.Duration
	usage      Usage  // as far as it was told
	failure    *Error // found in the body of a stream
	broken     error  // what reading the body ended with, but for its end
	answered   bool   // a status of success came: something may have been generated
	started    bool   // something of an answer came
	whole      []byte // a stream was asked for, and this came
	tokens     []Token
	vague      bool // a token came without its log-probability
}

type exchangeKey struct{}

// Bounds of what a server may send.
const (
	maxBody    = 256 << 20 // bytes: 2,048 vectors of 4,096 numbers as text
	maxRefusal = 64 << 10  // bytes of an error that are read
	maxUsage   = 64 << 10  // bytes of usage that are kept as they came
	maxMessage = 300       // code points of an error that are kept
)

// transport is the http.RoundTripper beneath go-openai.
type transport struct {
	client *Client
	base   http.RoundTripper
}

func (c *Client) newTransport() *transport {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConnsPerHost = c.config.Concurrency // of the default two, most requests would connect anew
	base.MaxIdleConns = 0
	// A connection of HTTP/2 that died is noticed, lest every request over it
	// waits for its time limit.
	base.HTTP2 = &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second}
	return &transport{c, base}
}

// RoundTrip implements [http.RoundTripper]. Whatever is no answer becomes an
// [Error]: go-openai never sees it.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	x := req.Context().Value(exchangeKey{}).(*exchange)
	if req.Body != nil {
		defer req.Body.Close() // it is not what is sent
	}
	req = req.Clone(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { x.connected.Store(true) },
	}))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(x.body)), nil }
	req.Body, _ = req.GetBody()
	req.ContentLength = int64(len(x.body))
	for _, headers := range []map[string]string{t.client.config.Headers, t.client.config.Secrets} {
		for name, value := range headers {
			req.Header.Set(name, value)
		}
	}
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	x.status, x.retryAfter = resp.StatusCode, retryAfter(resp.Header, time.Now())
	x.answered = resp.StatusCode >= 200 && resp.StatusCode < 300
	if !x.answered {
		defer resp.Body.Close()
		return nil, t.refusal(resp)
	}
	if x.stream {
		peeked := bufio.NewReader(resp.Body)
		body := &body{peeked, resp.Body}
		if isStream(resp.Header, peeked) {
			resp.Body = newEvents(body, x, t.client.redact)
			return resp, nil
		}
		resp.Body = body
	}
	// Else a server that does not stream, or an error that came before it could.
	defer resp.Body.Close()
	return t.whole(resp, x)
}

type body struct {
	io.Reader
	io.Closer
}

// isStream tells whether a body is a stream of events: by how it begins, and
// else by what it is said to be.
func isStream(h http.Header, body *bufio.Reader) bool {
	head, _ := body.Peek(len("event:")) // an error comes again when it is read
	for _, field := range []string{"data:", "event:", "id:", "retry:", ":"} {
		if bytes.HasPrefix(head, []byte(field)) {
			return true
		}
	}
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return kind == "text/event-stream" && !bytes.HasPrefix(bytes.TrimLeft(head, " \r\n\t"), []byte("{"))
}

// refusal is the error of a status that is none of success.
func (t *transport) refusal(resp *http.Response) *Error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal)) // what came of it is enough
	body = t.client.redact.bytes(body)
	e := &Error{Kind: Refused, Status: resp.StatusCode, Message: messageOf(body)}
	if e.Message == "" {
		e.Message = http.StatusText(resp.StatusCode)
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		e.Message = "the address redirects elsewhere: set the base URL to where it leads"
	}
	var told said
	if json.Unmarshal(body, &told) == nil {
		e.Usage = usageOf(told.Usage)
		e.Billed = e.Usage.CostUSD != nil && *e.Usage.CostUSD > 0
	}
	return e
}

// whole reads an answer that is not streamed and gives go-openai what it can
// make sense of.
func (t *transport) whole(resp *http.Response, x *exchange) (*http.Response, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		x.broken = err
		return nil, err
	}
	notAnAnswer := func(format string, args ...any) error {
		return &Error{Kind: NotAnAnswer, Message: fmt.Sprintf(format, args...)}
	}
	if len(body) > maxBody {
		return nil, notAnAnswer("the answer has more than %d MiB", maxBody>>20)
	}
	redact := t.client.redact
	body = redact.bytes(body)
	var told said
	if err := json.Unmarshal(body, &told); err != nil {
		found := redact.quoted(body)
		if kind := resp.Header.Get("Content-Type"); kind != "" {
			found = redact.quoted([]byte(kind)) + ": " + found
		}
		return nil, notAnAnswer("expected a JSON object, found %s", found)
	}
	x.usage = usageOf(told.Usage)
	x.addLogprobs(told.Choices)
	x.started = present(told.Choices) || present(told.Data)
	failure := told.failure()
	switch {
	case failure != nil:
		return nil, inBody(failure)
	case told.Choices == nil && told.Data == nil:
		return nil, notAnAnswer("expected choices or data, found %s", redact.quoted(body))
	}
	if body, err = told.plain(body); err != nil {
		return nil, notAnAnswer("%v", err)
	}
	if x.stream {
		x.whole, body = body, nil
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// said is what this package reads of an answer, or of an event of a stream.
type said struct {
	Error   json.RawMessage `json:"error"`
	Usage   json.RawMessage `json:"usage"`
	Choices json.RawMessage `json:"choices"`
	Data    json.RawMessage `json:"data"`
}

// failure returns the error in it, or nil: it stands alone, with an answer, or in
// a choice, or a choice just says that it ended so.
func (s *said) failure() json.RawMessage {
	if present(s.Error) {
		return s.Error
	}
	if !bytes.Contains(s.Choices, []byte(`"error"`)) {
		return nil
	}
	var choices []struct {
		Error  json.RawMessage `json:"error"`
		Finish json.RawMessage `json:"finish_reason"`
	}
	_ = json.Unmarshal(s.Choices, &choices) // what is amiss otherwise is go-openai's
	for _, c := range choices {
		switch {
		case present(c.Error):
			return c.Error
		case string(c.Finish) == `"error"`:
			return json.RawMessage(`"the answer ended with the finish reason error"`)
		}
	}
	return nil
}

// plain returns body without what go-openai stumbles over: an error that is
// null, usage with figures that cannot be, and vectors in base64.
func (s *said) plain(body []byte) ([]byte, error) {
	drop := map[string]bool{
		"error": s.Error != nil,
		"usage": present(s.Usage) && json.Unmarshal(s.Usage, &openai.Usage{}) != nil,
	}
	data, err := numbers(s.Data)
	if err != nil {
		return nil, err
	}
	if !drop["error"] && !drop["usage"] && data == nil {
		return body, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, err
	}
	for name := range members {
		if drop[strings.ToLower(name)] { // as names are matched
			delete(members, name)
		}
	}
	if data != nil {
		members["data"] = data
	}
	return json.Marshal(members)
}

// numbers writes vectors in base64 of float32, little-endian, as numbers: some
// servers give nothing else. nil: there are none.
func numbers(data json.RawMessage) (json.RawMessage, error) {
	type entry struct {
		Index     int             `json:"index"`
		Embedding json.RawMessage `json:"embedding"`
	}
	var list []entry
	inBase64 := func(e entry) bool { return bytes.HasPrefix(e.Embedding, []byte{'"'}) }
	if data == nil || json.Unmarshal(data, &list) != nil || !slices.ContainsFunc(list, inBase64) {
		return nil, nil
	}
	for i := range list {
		if !inBase64(list[i]) {
			continue
		}
		var text string
		if err := json.Unmarshal(list[i].Embedding, &text); err != nil {
			return nil, err
		}
		row, err := floats(text)
		if err != nil {
			return nil, err
		}
		if list[i].Embedding, err = json.Marshal(row); err != nil {
			return nil, err // a number that is none
		}
	}
	return json.Marshal(list)
}

func present(raw json.RawMessage) bool {
	switch string(raw) {
	case "", "null", "{}", "[]", `""`, "false":
		return false
	}
	return true
}

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
	if x.stream && x.whole == nil && e.Usage.CostUSD == nil {
		e.Usage.OutputTokens = nil // what was told amid a stream is not all
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

// figure is a number in usage. What is none is unknown, and spoils nothing else.
type figure struct {
	known bool
	value float64
}

// UnmarshalJSON implements [json.Unmarshaler].
func (f *figure) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseFloat(string(b), 64)
	*f = figure{err == nil && v >= 0 && v < 1e15, v} // else it is none, and sums stay finite
	return nil
}

// count is a number of tokens; nil where it can be none.
func (f figure) count() *int {
	if !f.known || f.value > math.MaxInt32 || f.value != math.Trunc(f.value) {
		return nil
	}
	n := int(f.value)
	return &n
}

// usageOf reads a usage object. Figures that cannot be are unknown, and so are
// all tokens of a server that counts none of the input, which aborted.
func usageOf(raw json.RawMessage) Usage {
	if !present(raw) {
		return Usage{}
	}
	var told struct {
		Prompt     figure `json:"prompt_tokens"`
		Completion figure `json:"completion_tokens"`
		Cost       figure `json:"cost"`
		OwnKey     bool   `json:"is_byok"`
		Details    struct {
			Upstream figure `json:"upstream_inference_cost"`
		} `json:"cost_details"`
		PromptDetails struct {
			Cached figure `json:"cached_tokens"`
		} `json:"prompt_tokens_details"`
		CompletionDetails struct {
			Reasoning figure `json:"reasoning_tokens"`
		} `json:"completion_tokens_details"`
	}
	var u Usage
	if len(raw) <= maxUsage {
		u.Raw, _ = json.Marshal(raw) // as it will come out of the store; nil where it is no JSON
	}
	_ = json.Unmarshal(raw, &told) // members of other types than expected are left out
	if told.Cost.known {
		u.CostUSD = &told.Cost.value
		if told.OwnKey && told.Details.Upstream.known {
			*u.CostUSD += told.Details.Upstream.value // the router bills its fee only
		}
	}
	if told.Prompt.known && told.Prompt.value == 0 {
		return u
	}
	u.InputTokens, u.OutputTokens = told.Prompt.count(), told.Completion.count()
	u.CachedTokens, u.ReasoningTokens = told.PromptDetails.Cached.count(), told.CompletionDetails.Reasoning.count()
	return u
}
