package embedder

import (
	"bytes"
	"slices"
	"strconv"
)

func isSeparator(b byte) bool { return b == ' ' || b == '\t' }

func trim(b []byte) []byte { return bytes.Trim(b, " \t") }

// cutLast returns a line's last field and what stands before it.
func cutLast(line []byte) (rest, field []byte) {
	end := len(line)
	for end > 0 && isSeparator(line[end-1]) {
		end--
	}
	begin := end
	for begin > 0 && !isSeparator(line[begin-1]) {
		begin--
	}
	return line[:begin], line[begin:end]
}

func countFields(line []byte) int {
	n := 0
	for rest, field := cutLast(line); len(field) > 0; rest, field = cutLast(rest) {
		n++
	}
	return n
}

func isDigits(b []byte) bool {
	return len(b) > 0 && !slices.ContainsFunc(b, func(c byte) bool { return c < '0' || c > '9' })
}

// number reads a decimal number; ParseFloat alone would take hexadecimal ones,
// underscores and infinities too.
func number(field []byte) (float32, bool) {
	for _, c := range field {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(string(field), 32)
	return float32(v), err == nil
}

// looksBinary tells whether what follows a header is a word with bytes that no
// text of numbers has.
func looksBinary(start []byte) bool {
	_, numbers, _ := bytes.Cut(start, []byte(" "))
	return slices.ContainsFunc(numbers, func(c byte) bool { return c < ' ' && c != '\t' && c != '\n' && c != '\r' })
}
