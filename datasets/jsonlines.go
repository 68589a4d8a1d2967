package datasets

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxLine is the longest line, in bytes, that readers take. It bounds memory
// on hostile files.
const MaxLine = 8 << 20

// lines walks a JSON Lines file. Bad lines go to problems and are passed over.
type lines struct {
	r        *bufio.Reader
	problems *problems
	buf      []byte
	line     int
	unknown  []string // columns that nobody asked for, in order of appearance
}

func newLines(r io.Reader, p *problems) *lines {
	return &lines{r: bufio.NewReaderSize(r, 1<<16), problems: p}
}

// next returns the next row that is a JSON object, and false at the end. Only
// a failure to read is an error; damaged compression counts as a problem of
// the content and ends the file.
func (l *lines) next() (*row, bool, error) {
	for {
		line, tooLong, err := l.read()
		if errors.Is(err, io.EOF) {
			return nil, false, nil
		}
		if err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) || strings.HasPrefix(err.Error(), "gzip:") || strings.HasPrefix(err.Error(), "flate:") {
				l.problems.add(l.line, "", "compressed data is damaged or cut short (%v): fetch the file again", err)
				return nil, false, nil
			}
			return nil, false, err
		}
		switch {
		case tooLong:
			l.problems.add(l.line, "", "line is longer than %d MiB", MaxLine>>20)
			continue
		case len(bytes.TrimSpace(line)) == 0:
			continue
		case !utf8.Valid(line):
			l.problems.add(l.line, "", "not valid UTF-8 from byte %d of the line: save the file as UTF-8", validPrefix(line)+1)
			continue
		}
		r := &row{lines: l, line: l.line}
		if err := r.parse(line); err != nil {
			l.problems.add(l.line, "", "expected one JSON object: %v", err)
			continue
		}
		return r, true, nil
	}
}

// read returns the next line without its end. The slice is valid until the
// next call. A line over MaxLine is read to its end and dropped.
func (l *lines) read() (line []byte, tooLong bool, err error) {
	l.buf = l.buf[:0]
	l.line++
	for {
		part, err := l.r.ReadSlice('\n')
		if !tooLong {
			l.buf = append(l.buf, part...)
			tooLong = len(l.buf) > MaxLine
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			if len(l.buf) == 0 {
				return nil, false, io.EOF
			}
		case err != nil:
			return nil, false, err
		}
		if l.line == 1 {
			l.buf = bytes.TrimPrefix(l.buf, []byte("\ufeff"))
		}
		return l.buf, tooLong, nil
	}
}

func validPrefix(b []byte) int {
	n := 0
	for n < len(b) {
		r, size := utf8.DecodeRune(b[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}

// warnings names the columns that were passed over.
func (l *lines) warnings() []string {
	if len(l.unknown) == 0 {
		return nil
	}
	shown := l.unknown[:min(len(l.unknown), 20)]
	quoted := make([]string, len(shown))
	for i, name := range shown {
		quoted[i] = quote(name)
	}
	more := ""
	if n := len(l.unknown) - len(shown); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return []string{fmt.Sprintf("columns not used: %s%s", strings.Join(quoted, ", "), more)}
}

// row is one JSON object, its values still raw.
type row struct {
	lines  *lines
	line   int
	values map[string]json.RawMessage
	order  []string
	bad    bool // a problem was added
}

func (r *row) parse(line []byte) error {
	dec := json.NewDecoder(bytes.NewReader(line))
	token, err := dec.Token()
	if err != nil {
		return cutShort(err)
	}
	if token != json.Delim('{') {
		return fmt.Errorf("found %s", kindOf(bytes.TrimSpace(line)))
	}
	r.values = make(map[string]json.RawMessage, 8)
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return cutShort(err)
		}
		name, _ := token.(string)
		if _, twice := r.values[name]; twice {
			return fmt.Errorf("field %s stands twice", quote(name))
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return cutShort(err)
		}
		r.values[name] = raw
		r.order = append(r.order, name)
	}
	if _, err := dec.Token(); err != nil {
		return cutShort(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("found more after its end")
	}
	return nil
}

func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the line ends inside it")
	}
	return err
}

func kindOf(raw []byte) string {
	switch {
	case len(raw) == 0:
		return "nothing"
	case raw[0] == '"':
		return "a string"
	case raw[0] == '{':
		return "an object"
	case raw[0] == '[':
		return "an array"
	case raw[0] == 't' || raw[0] == 'f':
		return "true or false"
	case raw[0] == 'n':
		return "null"
	}
	return "a number"
}

func (r *row) problem(field, format string, args ...any) {
	r.bad = true
	r.lines.problems.add(r.line, field, format, args...)
}

// take removes and returns a value. An absent value and null are alike.
func (r *row) take(name string) (json.RawMessage, bool) {
	raw, ok := r.values[name]
	delete(r.values, name)
	return raw, ok && string(raw) != "null"
}

// text takes an optional string.
func (r *row) text(name string) string {
	raw, ok := r.take(name)
	if !ok {
		return ""
	}
	var s string
	if raw[0] != '"' {
		r.problem(name, "expected a string, found %s", kindOf(raw))
	} else if err := json.Unmarshal(raw, &s); err != nil {
		r.problem(name, "%v", err)
	} else if halfSurrogate(raw, s) {
		r.problem(name, "has half of a \\u surrogate pair")
	}
	return s
}

// requiredText takes a string that must be there; it may be empty.
func (r *row) requiredText(name string) string {
	if raw, ok := r.values[name]; !ok || string(raw) == "null" {
		delete(r.values, name)
		r.problem(name, "missing: expected a string%s", didYouMean(name, r.order))
		return ""
	}
	return r.text(name)
}

// halfSurrogate tells whether decoding lost an escape that is no character.
func halfSurrogate(raw []byte, decoded string) bool {
	return strings.Count(decoded, "\ufffd") > bytes.Count(raw, []byte("\ufffd"))+bytes.Count(bytes.ToLower(raw), []byte(`\ufffd`))
}

// number takes an optional number of at least low; nil where it is absent.
func (r *row) number(name string, low float64) *float64 {
	raw, ok := r.take(name)
	if !ok {
		return nil
	}
	var v float64
	if err := json.Unmarshal(raw, &v); err != nil {
		r.problem(name, "expected a number, found %s", kindOf(raw))
		return nil
	}
	if v < low {
		r.problem(name, "expected at least %g, found %g", low, v)
	}
	return &v
}

// count takes an optional whole number of at least 0; nil where it is absent.
func (r *row) count(name string) *int {
	v := r.number(name, 0)
	if v == nil {
		return nil
	}
	if *v != math.Trunc(*v) || *v > math.MaxInt32 {
		r.problem(name, "expected a whole number up to %d, found %g", math.MaxInt32, *v)
		return nil
	}
	n := int(*v)
	return &n
}

// done notes the columns that nobody took, and tells whether the row is good.
func (r *row) done() bool {
	for _, name := range r.order {
		if _, left := r.values[name]; left && !slices.Contains(r.lines.unknown, name) && len(r.lines.unknown) < 1000 {
			r.lines.unknown = append(r.lines.unknown, name)
		}
	}
	return !r.bad
}
