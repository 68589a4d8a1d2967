package openaiapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	openai "github.com/sashabaranov/go-openai"
)

// stream asks for a streamed answer and reads it to its end. It is complete
// only with a finish reason: a stream that merely ends was cut.
func (c *Client) stream(ctx context.Context, x *exchange) (*ChatReply, error) {
	s, err := c.ai.CreateChatCompletionStream(ctx, openai.ChatCompletionRequest{})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if x.whole != nil {
		var answer openai.ChatCompletionResponse
		if err := json.Unmarshal(x.whole, &answer); err != nil {
			return nil, err
		}
		return replyOf(answer, x)
	}
	r := &ChatReply{}
	var text, refusal strings.Builder
	for {
		chunk, err := s.Recv()
		if errors.Is(err, io.EOF) || err != nil && r.FinishReason != "" && x.failure == nil {
			break // what broke after the answer was complete does not matter
		}
		if err != nil {
			return nil, err
		}
		if chunk.ID != "" {
			r.ID = chunk.ID
		}
		if chunk.Model != "" {
			r.Model = chunk.Model
		}
		for _, choice := range chunk.Choices {
			if choice.Index != 0 {
				continue
			}
			if piece := choice.Delta.Content + choice.Delta.Refusal; piece != "" && r.FirstToken == 0 {
				r.FirstToken = time.Since(x.began)
			}
			text.WriteString(choice.Delta.Content)
			refusal.WriteString(choice.Delta.Refusal)
			if f := choice.FinishReason; f != "" && f != openai.FinishReasonNull {
				r.FinishReason = string(f)
				r.Latency = time.Since(x.began) // usage may come later, or not at all
			}
		}
	}
	if r.FinishReason == "" {
		return nil, &Error{Kind: Cut, Message: fmt.Sprintf("the stream ended after %d bytes of text without a finish reason", text.Len())}
	}
	r.Text, r.Usage, r.Logprobs = text.String(), x.usage, x.logprobs()
	if r.Text == "" {
		r.Text = refusal.String()
	}
	return r, checkLength(r.Text)
}

// events passes the data lines of a stream of server-sent events on and drops
// the rest, of which go-openai counts each line as a fault. It notes usage as it
// passes, and ends with an [Error] where a line holds one.
type events struct {
	body    io.Closer
	rest    *io.LimitedReader
	lines   *bufio.Scanner
	x       *exchange
	redact  redactor
	pending []byte
	done    bool // the end was marked
}

const (
	maxEvent  = 16 << 20               // bytes of a line
	drainTime = 100 * time.Millisecond // for what comes after the mark of the end
)

func newEvents(body io.ReadCloser, x *exchange, redact redactor) *events {
	e := &events{body: body, x: x, redact: redact}
	e.rest = &io.LimitedReader{R: noting{body, x}, N: maxChat}
	e.lines = bufio.NewScanner(e.rest)
	e.lines.Buffer(nil, maxEvent)
	return e
}

// noting notes with what a body broke off.
type noting struct {
	io.Reader
	x *exchange
}

func (n noting) Read(p []byte) (int, error) {
	k, err := n.Reader.Read(p)
	if err != nil && err != io.EOF {
		n.x.broken = err
	}
	return k, err
}

// Close reads to the end of a stream of which the end was marked, lest its
// connection is closed and the next request needs another.
func (e *events) Close() error {
	if e.done {
		t := time.AfterFunc(drainTime, e.x.cancel)
		_, _ = io.CopyN(io.Discard, e.rest, 4<<10) // the answer is complete whatever comes
		t.Stop()
	}
	return e.body.Close()
}

func (e *events) Read(p []byte) (int, error) {
	for len(e.pending) == 0 {
		if e.done {
			return 0, io.EOF
		}
		if !e.lines.Scan() {
			return 0, e.end()
		}
		if err := e.line(e.lines.Bytes()); err != nil {
			return 0, err
		}
	}
	n := copy(p, e.pending)
	e.pending = e.pending[n:]
	return n, nil
}

// end is what a stream ends with that was not marked as done.
func (e *events) end() error {
	switch err := e.lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return e.fail(&Error{Kind: NotAnAnswer, Message: fmt.Sprintf("a line of the stream has more than %d MiB", maxEvent>>20)})
	case err != nil:
		return err
	case e.rest.N <= 0:
		return e.fail(&Error{Kind: NotAnAnswer, Message: fmt.Sprintf("the stream has more than %d MiB", maxChat>>20)})
	case !e.x.started:
		return e.fail(&Error{Kind: NotAnAnswer, Message: "the stream has no events"})
	}
	return io.EOF
}

func (e *events) fail(err *Error) error {
	e.x.failure = err
	return err
}

// line takes in one line of the stream.
func (e *events) line(line []byte) error {
	line = bytes.TrimSpace(line)
	data, isData := bytes.CutPrefix(line, []byte("data:"))
	if !isData {
		// Some servers end a stream with an error that is no event.
		data, _ = bytes.CutPrefix(line, []byte("error:"))
		if data = bytes.TrimSpace(data); len(data) == 0 || data[0] != '{' {
			return nil // a comment, an event's name, or the end of an event
		}
	}
	data = bytes.TrimSpace(data)
	switch string(data) {
	case "":
		return nil
	case "[DONE]":
		e.done, e.x.started = true, true
		e.pending = []byte("data: [DONE]\n")
		return nil
	}
	data = e.redact.bytes(data)
	var told said
	if err := json.Unmarshal(data, &told); err != nil {
		if e.x.broken != nil {
			return e.x.broken // amid the line
		}
		return e.fail(&Error{Kind: NotAnAnswer, Message: "expected a JSON object in an event, found " + e.redact.quoted(data)})
	}
	if present(told.Usage) {
		e.x.usage = usageOf(told.Usage)
	}
	e.x.addLogprobs(told.Choices)
	if raw := told.failure(); raw != nil {
		return e.fail(inBody(raw))
	}
	if !isData {
		if len(line) > 0 && line[0] == '{' {
			return e.fail(&Error{Kind: NotAnAnswer, Message: "expected events, found " + e.redact.quoted(data)})
		}
		return e.fail(inBody(data))
	}
	e.x.started = true
	data, err := told.plain(data)
	if err != nil {
		return e.fail(&Error{Kind: NotAnAnswer, Message: err.Error()})
	}
	e.pending = append(append([]byte("data: "), data...), '\n')
	return nil
}
