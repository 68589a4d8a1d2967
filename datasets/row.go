package datasets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

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
	dec.UseNumber() // else the error of one that is too large holds all its digits
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
	} else if escape := halfSurrogate(raw); escape != "" {
		r.problem(name, "expected whole characters, found %s, half of a surrogate pair: write both halves or the character itself", escape)
	}
	return s
}

// requiredText takes a string that must be there; it may be empty.
func (r *row) requiredText(name string) string {
	switch raw, ok := r.values[name]; {
	case !ok:
		r.problem(name, "missing: expected a string%s", didYouMean(name, r.order))
	case string(raw) == "null":
		r.take(name)
		r.problem(name, "expected a string, found null")
	default:
		return r.text(name)
	}
	return ""
}

// name takes a string that must be there and must not be empty. It is the
// first field to be taken.
func (r *row) name(field string) string {
	s := r.requiredText(field)
	if s == "" && !r.bad {
		r.problem(field, "is empty: expected a name of its own for each prompt")
	}
	return s
}

// halfSurrogate returns the first escape of a JSON string that is half a
// character, which decoding would replace by U+FFFD; empty where there is none.
func halfSurrogate(raw []byte) string {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if i++; raw[i] != 'u' {
			continue
		}
		unit := escaped(raw[i-1:])
		if utf16.IsSurrogate(unit) {
			if utf16.DecodeRune(unit, escaped(raw[i+5:])) == utf8.RuneError {
				return string(raw[i-1 : i+5])
			}
			i += 6
		}
		i += 4
	}
	return ""
}

// escaped returns the code unit of an escape like \u12ab at the start of raw;
// 0 where there is none.
func escaped(raw []byte) rune {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0
	}
	unit, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(unit)
}

// number takes an optional number from low to high; nil where it is absent.
func (r *row) number(name string, low, high float64) *float64 {
	raw, ok := r.take(name)
	if !ok {
		return nil
	}
	var v float64
	if err := json.Unmarshal(raw, &v); err != nil {
		if found := kindOf(raw); found != "a number" {
			r.problem(name, "expected a number, found %s", found)
		} else {
			r.problem(name, "expected a number within ±%.2g, found %s", math.MaxFloat64, shorten(string(raw)))
		}
		return nil
	}
	if v < low || v > high {
		r.problem(name, "expected %g to %g, found %g", low, high, v)
		return nil
	}
	return &v
}

// maxCount bounds counts; beyond lies a mistake.
const maxCount = 1_000_000_000

// count takes an optional whole number of at least 0; nil where it is absent.
func (r *row) count(name string) *int {
	v := r.number(name, 0, maxCount)
	if v == nil {
		return nil
	}
	if *v != math.Trunc(*v) {
		r.problem(name, "expected a whole number, found %g", *v)
		return nil
	}
	n := int(*v)
	return &n
}

// done notes the columns that nobody took, and tells whether the row is good.
func (r *row) done() bool {
	for _, name := range r.order {
		if len(r.lines.unknown) == maxUnknown {
			break
		}
		if _, left := r.values[name]; !left {
			continue
		}
		if name = shorten(name); !slices.Contains(r.lines.unknown, name) {
			r.lines.unknown = append(r.lines.unknown, name)
		}
	}
	return !r.bad
}
