package jsonline

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// maxDepth is how deep objects and arrays may nest, the outermost counted: the
// limit of encoding/json.
const maxDepth = 10_000

func isSpace(c byte) bool {
	const spaces = uint64(1)<<' ' | 1<<'\t' | 1<<'\n' | 1<<'\r'
	return c <= ' ' && spaces>>c&1 != 0
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// name checks the name at i and the colon after it. It returns where the name's
// closing quote ends and where the value should begin, which is -1 on an error.
func (s *Scanner) name(i int) (end, value int, escaped bool) {
	b := s.text
	if i >= len(b) || b[i] != '"' {
		return -1, s.fail(i, "a name in double quotes"), false
	}
	if end, escaped = s.quoted(i); end < 0 {
		return -1, -1, false
	}
	if i = skipSpace(b, end); i >= len(b) || b[i] != ':' {
		return -1, s.fail(i, "a colon"), false
	}
	return end, skipSpace(b, i+1), escaped
}

// value checks the value at i and returns where it ends, -1 on an error, and
// what kind it is or would be.
func (s *Scanner) value(i int) (end int, kind Kind) {
	b := s.text
	if i >= len(b) {
		return s.fail(i, "a value"), 0
	}
	switch b[i] {
	case '"':
		end, _ = s.quoted(i)
		return end, String
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return s.number(i), Number
	case 't':
		return s.literal(i, "true"), True
	case 'f':
		return s.literal(i, "false"), False
	case 'n':
		return s.literal(i, "null"), Null
	case '{':
		return s.nested(i), Object
	case '[':
		return s.nested(i), Array
	}
	return s.fail(i, "a value"), 0
}

func (s *Scanner) literal(i int, word string) int {
	rest := s.text[i:]
	if len(rest) >= len(word) && string(rest[:len(word)]) == word {
		return i + len(word)
	}
	if len(rest) < len(word) && string(rest) == word[:len(rest)] {
		i = len(s.text) // cut, not wrong
	}
	return s.fail(i, "a value")
}

func (s *Scanner) number(i int) int {
	b := s.text
	if b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' {
		if i++; i < len(b) && isDigit(b[i]) {
			return s.fail(i-1, "a number without zeros before it")
		}
	} else if i = s.digits(i); i < 0 {
		return -1
	}
	if i < len(b) && b[i] == '.' {
		if i = s.digits(i + 1); i < 0 {
			return -1
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		return s.digits(i)
	}
	return i
}

// digits checks that there is a digit at i and returns where the last one ends.
func (s *Scanner) digits(i int) int {
	b, from := s.text, i
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	if i == from {
		return s.fail(i, "a digit")
	}
	return i
}

// quoted checks the string whose opening quote is at i. It returns where its
// closing quote ends, -1 on an error, and whether there are escapes in it.
func (s *Scanner) quoted(i int) (end int, escaped bool) {
	const (
		ones = 0x0101010101010101
		tops = 0x80 * ones
	)
	b, from := s.text, i+1
	seen := uint64(0)
	for i = from; i+8 <= len(b); {
		x := binary.LittleEndian.Uint64(b[i:])
		seen |= x
		// The top bit of every byte that is a quote, a backslash or a control
		// character; perhaps of later ones, but never of one before the first.
		// Flipping bit 1 puts the quote beside the control characters.
		stop := (((x ^ 0x02*ones) - 0x21*ones) | ((x ^ '\\'*ones) - ones)) &^ x & tops
		if stop == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(stop) >> 3
		if b[i] == '"' {
			if seen&tops != 0 {
				return s.closed(from, i), escaped
			}
			return i + 1, escaped
		}
		if i = s.escape(i); i < 0 {
			return -1, false
		}
		escaped = true
	}
	for i < len(b) && b[i] != '"' {
		if b[i] >= ' ' && b[i] != '\\' {
			i++
		} else if i = s.escape(i); i < 0 {
			return -1, false
		} else {
			escaped = true
		}
	}
	return s.closed(from, i), escaped
}

// closed checks the UTF-8 of the string that begins at from, after the quote,
// and whose closing quote should be at i. It returns where that ends.
func (s *Scanner) closed(from, i int) int {
	if i >= len(s.text) {
		return s.fail(i, "a closing quote")
	}
	if body := s.text[from:i]; !s.bare && !utf8.Valid(body) {
		return s.fail(from+validPrefix(body), "UTF-8")
	}
	return i + 1
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

// escape checks the escape at i, or refuses the control character there, and
// returns where it ends.
func (s *Scanner) escape(i int) int {
	b := s.text
	if b[i] != '\\' {
		return s.fail(i, `no control character in a string (\n, \t or \u00.. stands for one)`)
	}
	if i++; i >= len(b) {
		return s.fail(i, "an escape")
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		for k := i + 1; k < i+5; k++ {
			if k >= len(b) || hexDigit(b[k]) < 0 {
				return s.fail(k, `four hexadecimal digits after \u`)
			}
		}
		return i + 5
	}
	return s.fail(i-1, `an escape (\" \\ \/ \b \f \n \r \t or \u and four digits)`)
}

// nested checks the object or array at i and returns where it ends.
func (s *Scanner) nested(i int) int {
	b := s.text
	var open nesting
	for {
		if i < len(b) && (b[i] == '{' || b[i] == '[') {
			if open.depth == s.mostOpen() {
				return s.fail(i, "no more than 10,000 levels of nesting")
			}
			open.push(b[i] == '{')
			i = skipSpace(b, i+1)
			if i >= len(b) || b[i] != open.closer() {
				if i = s.element(i, &open); i < 0 {
					return -1
				}
				continue
			}
		} else if i, _ = s.value(i); i < 0 {
			return -1
		}
		for i = skipSpace(b, i); i < len(b) && b[i] == open.closer(); i = skipSpace(b, i) {
			i++
			if open.pop(); open.depth == 0 {
				return i
			}
		}
		if i >= len(b) || b[i] != ',' {
			return s.fail(i, open.expected())
		}
		if i = s.element(skipSpace(b, i+1), &open); i < 0 {
			return -1
		}
	}
}

// mostOpen returns how deep the value of a field may nest, or one in no object.
func (s *Scanner) mostOpen() int {
	if s.bare {
		return maxDepth
	}
	return maxDepth - 1
}

// element returns where the value of the array element or object field at i
// should begin.
func (s *Scanner) element(i int, open *nesting) int {
	if open.closer() == ']' {
		return i
	}
	_, i, _ = s.name(i)
	return i
}
