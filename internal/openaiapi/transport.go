package openaiapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	openai "github.com/sashabaranov/go-openai"
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
	vague      bool // a token came without its log-probability, or with what is none
}

type exchangeKey struct{}

// Bounds of what a server may send.
const (
	maxVectors = 256 << 20 // bytes: 2,048 vectors of 4,096 numbers as text
	maxChat    = 32 << 20  // bytes of an answer, log-probabilities included, or of a stream
	maxText    = 4 << 20   // bytes of an answer's text
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
	most := int64(maxChat)
	if strings.HasSuffix(resp.Request.URL.Path, "/embeddings") {
		most = maxVectors
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		x.broken = err
		return nil, err
	}
	notAnAnswer := func(format string, args ...any) error {
		return &Error{Kind: NotAnAnswer, Message: fmt.Sprintf(format, args...)}
	}
	if int64(len(body)) > most {
		return nil, notAnAnswer("the answer has more than %d MiB", most>>20)
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
	if data == nil || json.Unmarshal(data, &list) != nil {
		return nil, nil
	}
	for _, e := range list {
		if bytes.HasPrefix(e.Embedding, []byte{'['}) && bytes.Contains(e.Embedding, []byte("null")) { // which would be read as 0
			return nil, &Error{Kind: NotAnAnswer, Message: "expected numbers in a vector, found null, which some servers write for NaN"}
		}
	}
	if !slices.ContainsFunc(list, inBase64) {
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
