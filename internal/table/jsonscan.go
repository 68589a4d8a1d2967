package table

import (
	"iter"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/routeproof/routeproof/internal/jsonline"
)

// jsonGuess is a field of an earlier row, which the next rows mostly have at
// the same place.
type jsonGuess struct {
	lead jsonline.Lead
	name *jsonName
}

// maxGuesses is how many fields of a row are guessed.
const maxGuesses = 256

// scanLine finds the fields of the next row. It returns an error unless the line
// is one JSON object whose fields have different names.
func (j *jsonReader) scanLine(line []byte) error {
	j.row++
	j.rare, j.names, j.fields = nil, j.names[:0], j.fields[:0]
	var twice *jsonName
	j.scan.Reset(line)
	for {
		name, ok := j.nextField()
		if !ok {
			break
		}
		if twice != nil {
			continue
		}
		if name.row == j.row {
			twice = name
		}
		name.row = j.row
		j.names = append(j.names, name)
		if name.column >= 0 {
			j.fields = append(j.fields, jsonField{name.column, j.scan.Raw()})
		}
	}
	if err := j.scan.Err(); err != nil || twice == nil {
		return err
	}
	return &twiceError{twice.text}
}

// nextField moves to the line's next field.
func (j *jsonReader) nextField() (name *jsonName, ok bool) {
	i := len(j.names)
	if i < len(j.guesses) && j.scan.NextLike(&j.guesses[i].lead) {
		return j.guesses[i].name, true
	}
	if !j.scan.Next() {
		return nil, false
	}
	name, recurs := j.nameOf(j.scan.Name())
	if recurs && i < maxGuesses {
		j.guesses = longer(j.guesses, max(0, i+1-len(j.guesses)))
		j.guesses[i].name = name
		j.scan.Lead(&j.guesses[i].lead)
	}
	return name, true
}

// nameOf tells fields apart by their names, and whether the name is kept.
func (j *jsonReader) nameOf(name []byte) (_ *jsonName, recurs bool) {
	if known := j.recur[string(name)]; known != nil {
		return known, true
	}
	if known := j.rare[string(name)]; known != nil {
		return known, false
	}
	made := &jsonName{text: string(name), column: -1}
	if recurs = len(name) <= longestRecurer && len(j.recur) < maxInterned; recurs {
		j.recur[made.text] = made
		return made, true
	}
	if j.rare == nil {
		j.rare = map[string]*jsonName{}
	}
	j.rare[made.text] = made
	return made, false
}

// elements walks the values of a valid JSON array.
func elements(array []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := skipSpace(array, 1); array[i] != ']'; {
			end := valueEnd(array, i)
			if !yield(array[i:end]) {
				return
			}
			if i = skipSpace(array, end); array[i] == ',' {
				i = skipSpace(array, i+1)
			}
		}
	}
}

func skipSpace(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r' {
		i++
	}
	return i
}

// valueEnd returns where the valid JSON value that starts at i ends.
func valueEnd(b []byte, i int) int {
	switch b[i] {
	case '"':
		return stringEnd(b, i)
	case '{', '[':
		for depth := 0; ; i++ {
			switch b[i] {
			case '"':
				i = stringEnd(b, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	for ; i < len(b); i++ {
		switch b[i] {
		case ',', '}', ']', ' ', '\t', '\n', '\r':
			return i
		}
	}
	return i
}

func stringEnd(b []byte, i int) int {
	for i++; b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// kindOf names the kind of a JSON value.
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
