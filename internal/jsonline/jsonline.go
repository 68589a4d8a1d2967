// Package jsonline reads the fields of a JSON object on a line, strictly, in one
// pass, without allocating.
//
// Data flows so: Scanner.Reset takes a line, each Scanner.Next gives a field as
// its name and the raw bytes of its value, and Scanner.Err says at the end
// whether the line was one valid object. AppendString, ParseInt and ParseFloat
// decode raw values; a Scanner that is reset to the raw bytes of a nested object
// reads that.
//
// A text is accepted if, and only if, json.Valid of encoding/json and utf8.Valid
// accept it and it is an object. That includes the limit of 10,000 levels of
// nesting. Names that stand twice are left to the caller, who knows which matter.
package jsonline

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What Scanner.Err wraps where the text has no object, or not all of one.
// Everything else that is wrong is an error of its own.
var (
	ErrCut       = errors.New("the text ends inside the object")
	ErrNotObject = errors.New("not a JSON object")
)

// Kind is the kind of a JSON value. The zero Kind is that of no value.
type Kind uint8

// The kinds of JSON values.
const (
	String Kind = iota + 1
	Number
	True
	False
	Null
	Object
	Array
)

// String returns the kind as messages name it, such as "a number".
func (k Kind) String() string {
	switch k {
	case String:
		return "a string"
	case Number:
		return "a number"
	case True, False:
		return "true or false"
	case Null:
		return "null"
	case Object:
		return "an object"
	case Array:
		return "an array"
	}
	return "nothing"
}

type state uint8

const (
	fresh  state = iota // nothing was read
	inside              // after a field
	ended               // after the object or the first error
)

// Scanner walks the fields of a JSON object in the order of the text. Each byte
// is looked at a fixed number of times and nothing is allocated, save for errors,
// for values nested deeper than 64 levels and for a longer name with escapes than
// any before. The zero Scanner is one of an empty text.
type Scanner struct {
	text    []byte // without white space at its end
	err     error
	decoded []byte // the name, where it has escapes

	// Where the field's name, without quotes, and its value are in text, and where
	// the value before it ended.
	nameFrom, nameTo int
	rawFrom, rawTo   int
	leadFrom         int
	kind             Kind
	escaped          bool
	bare             bool // see Valid
	state            state
}

// Valid tells whether a text is a JSON value of any kind, with white space around
// it or not, as json.Valid of encoding/json does: strings may hold what is no
// UTF-8. It looks at each byte a fixed number of times and allocates nothing, save
// for values nested deeper than 64 levels.
func Valid(text []byte) bool {
	s := Scanner{text: text, bare: true}
	end, _ := s.value(skipSpace(text, 0))
	return end >= 0 && skipSpace(text, end) == len(text)
}

// Reset makes s read a text, which should be one JSON object with white space
// around it or not. The text must not change while s reads it.
func (s *Scanner) Reset(object []byte) {
	end := len(object)
	for end > 0 && isSpace(object[end-1]) {
		end--
	}
	s.text, s.err, s.state, s.rawTo = object[:end], nil, fresh, 0
}

// Next moves to the next field. It returns false at the end of the object and at
// the first error: Err tells which. The fields before an error were given by
// then, so that no field should count before Next returned false.
func (s *Scanner) Next() bool {
	i := s.nextName()
	if i < 0 {
		return false
	}
	nameEnd, from, escaped := s.name(i)
	if from < 0 {
		return false
	}
	end, kind := s.value(from)
	if end < 0 {
		return false
	}
	s.leadFrom, s.nameFrom, s.nameTo = s.rawTo, i+1, nameEnd-1
	if s.escaped = escaped; escaped {
		s.decoded = AppendString(s.decoded[:0], s.text[i:nameEnd])
	}
	s.rawFrom, s.rawTo, s.kind = from, end, kind
	s.state = inside
	return true
}

// A Lead is what stood before a field's value, behind the value before it: comma,
// name and colon. The zero Lead is like none.
type Lead struct {
	text             []byte
	nameFrom, nameTo int
}

// maxLead bounds what a Lead holds.
const maxLead = 256

// Lead puts the field's lead into l, whose memory it uses again. That of a name
// with escapes, of over 256 bytes, or of the object's first field, is the zero Lead.
func (s *Scanner) Lead(l *Lead) {
	lead := s.text[s.leadFrom:s.rawFrom]
	if s.escaped || len(lead) > maxLead || lead[0] != ',' {
		l.text = l.text[:0]
		return
	}
	l.text = append(l.text[:0], lead...)
	l.nameFrom, l.nameTo = s.nameFrom-s.leadFrom, s.nameTo-s.leadFrom
}

// NextLike is Next where the text goes on with a lead; otherwise it returns false
// and moves nowhere, so that Next is due. Lines that one program wrote mostly have
// the same leads, and one that was checked once need not be checked again.
func (s *Scanner) NextLike(l *Lead) bool {
	from := s.rawTo + len(l.text)
	if s.state != inside || len(l.text) == 0 || from > len(s.text) || !bytes.Equal(s.text[s.rawTo:from], l.text) {
		return false
	}
	end, kind := s.value(from)
	if end < 0 {
		s.state, s.err = inside, nil // Next says what is wrong
		return false
	}
	s.leadFrom, s.nameFrom, s.nameTo, s.escaped = s.rawTo, s.rawTo+l.nameFrom, s.rawTo+l.nameTo, false
	s.rawFrom, s.rawTo, s.kind = from, end, kind
	return true
}

// Name returns the decoded name of the field to which Next moved. It is good
// until the next call of Next or Reset.
func (s *Scanner) Name() []byte {
	if s.escaped {
		return s.decoded
	}
	return s.text[s.nameFrom:s.nameTo]
}

// Raw returns the bytes of the field's value, without white space around them:
// a part of the text that Reset was given.
func (s *Scanner) Raw() []byte { return s.text[s.rawFrom:s.rawTo] }

// Kind returns the kind of the field's value.
func (s *Scanner) Kind() Kind { return s.kind }

// Err returns what is wrong with the text, with the byte, counted from 1, and
// what was expected there; nil where Next met no error. After Next returned
// false, nil means that the text is one valid object. The error wraps ErrCut
// where the text is the beginning of an object, and ErrNotObject where it is
// empty, another JSON value or no JSON from its first byte that is not white space.
func (s *Scanner) Err() error { return s.err }

// nextName returns where the next field's name should begin; -1 at the end of
// the object, of which it checks that nothing follows, and on an error.
func (s *Scanner) nextName() int {
	b, i := s.text, s.rawTo
	switch s.state {
	case fresh:
		if i = skipSpace(b, 0); i == len(b) || b[i] != '{' {
			return s.failNoObject(i)
		}
		if i = skipSpace(b, i+1); i == len(b) || b[i] != '}' {
			return i
		}
	case inside:
		i = skipSpace(b, i)
		if i < len(b) && b[i] == ',' {
			return skipSpace(b, i+1)
		}
		if i == len(b) || b[i] != '}' {
			return s.fail(i, "a comma or }")
		}
	default:
		return -1
	}
	if i++; i < len(b) {
		return s.fail(skipSpace(b, i), "nothing after the object")
	}
	s.state = ended
	return -1
}

// fail notes an error and returns -1, which is no place in a text.
func (s *Scanner) fail(at int, expected string) int {
	s.state = ended
	if s.bare {
		return -1 // nobody asks why
	}
	if at >= len(s.text) {
		s.err = fmt.Errorf("expected %s at byte %d: %w", expected, len(s.text)+1, ErrCut)
		return -1
	}
	hint := ""
	if isNoNumber(s.text[at:]) {
		hint = " (JSON has no NaN or Infinity)"
	}
	s.err = fmt.Errorf("expected %s at byte %d, found %s%s", expected, at+1, quote(s.text[at:]), hint)
	return -1
}

func (s *Scanner) failNoObject(at int) int {
	s.state = ended
	rest := s.text[at:]
	// Another JSON value, or the beginning of one, is named; other text is quoted.
	found := quote(rest)
	probe := Scanner{text: rest}
	if end, kind := probe.value(0); end > 0 || errors.Is(probe.err, ErrCut) {
		found = kind.String()
	}
	s.err = fmt.Errorf("%w: expected { at byte %d, found %s", ErrNotObject, at+1, found)
	return -1
}

// quote returns the beginning of a text as messages show it.
func quote(b []byte) string {
	const most = 20
	if len(b) > most {
		end := most
		for end > most-utf8.UTFMax && !utf8.RuneStart(b[end]) {
			end--
		}
		b = b[:end]
	}
	return strconv.Quote(string(b))
}

// isNoNumber tells whether a text begins with what other formats have for
// numbers that are none.
func isNoNumber(b []byte) bool {
	b = bytes.TrimLeft(b, "+-")
	n := 0
	for n < min(len(b), 9) && (b[n]|0x20 >= 'a' && b[n]|0x20 <= 'z') {
		n++
	}
	switch strings.ToLower(string(b[:n])) {
	case "nan", "inf", "infinity":
		return true
	}
	return false
}
