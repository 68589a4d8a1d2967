package jsonline

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendString appends to dst what a JSON string stands for and returns the
// longer slice. raw is a valid string with its quotes, as Scanner.Raw gives it
// of a String; of other bytes some text is appended. Half of a surrogate pair
// becomes U+FFFD, as in encoding/json. It takes time linear in raw.
func AppendString(dst, raw []byte) []byte {
	if len(raw) < 2 {
		return dst
	}
	rest := raw[1 : len(raw)-1]
	for {
		i := bytes.IndexByte(rest, '\\')
		if i < 0 || i+1 >= len(rest) {
			return append(dst, rest...)
		}
		dst = append(dst, rest[:i]...)
		if rest[i+1] == 'u' {
			r, size := escapedRune(rest[i:])
			dst = utf8.AppendRune(dst, r)
			rest = rest[i+size:]
			continue
		}
		dst = append(dst, unescaped(rest[i+1]))
		rest = rest[i+2:]
	}
}

func unescaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c // " \ /
}

// escapedRune decodes the escape \u at the start of b, with the second one of a
// surrogate pair, and returns the length of what it decoded.
func escapedRune(b []byte) (r rune, size int) {
	r, ok := codeUnit(b)
	if !ok {
		return utf8.RuneError, min(6, len(b)) // not in a valid string
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if low, ok := codeUnit(b[6:]); ok {
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, 12
		}
	}
	return utf8.RuneError, 6
}

// codeUnit decodes an escape like \u12ab at the start of b.
func codeUnit(b []byte) (unit rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		d := hexDigit(c)
		if d < 0 {
			return 0, false
		}
		unit = unit<<4 | rune(d)
	}
	return unit, true
}

// hexDigit returns the value of a hexadecimal digit; -1 of other bytes.
func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// ParseInt returns the whole number that raw, a valid JSON value, is. It is not
// ok where raw is no number, has a fraction or an exponent, even of zero, or is
// beyond the range of int64.
func ParseInt(raw []byte) (v int64, ok bool) {
	digits := raw
	negative := len(raw) > 0 && raw[0] == '-'
	if negative {
		digits = raw[1:]
	}
	if len(digits) == 0 || len(digits) > 19 { // 19 digits never overflow uint64
		return 0, false
	}
	n := uint64(0)
	for _, c := range digits {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	switch {
	case negative && n <= -math.MinInt64:
		return -int64(n), true
	case !negative && n <= math.MaxInt64:
		return int64(n), true
	}
	return 0, false
}

// powers holds the powers of ten that float64 has exactly.
var powers = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// ParseFloat returns the float64 nearest to the number that raw, a valid JSON
// value, is: the bits that strconv.ParseFloat returns. It is not ok where raw is
// no number, or so large that it would be infinite. Numbers of more than 32
// bytes may allocate.
func ParseFloat(raw []byte) (v float64, ok bool) {
	if v, ok = parseShort(raw); ok {
		return v, true
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return 0, false
	}
	return v, true
}

// parseShort reads a number of digits up to 2^53 times a power of ten from -22
// to 22: both are exact as float64, so that multiplying or dividing rounds once.
func parseShort(raw []byte) (v float64, ok bool) {
	i := 0
	if len(raw) > 0 && raw[0] == '-' {
		i = 1
	}
	from := i
	n, i := appendDigits(0, raw, i)
	if i == from {
		return 0, false
	}
	digits, exponent := i-from, 0
	if i < len(raw) && raw[i] == '.' {
		from = i + 1
		n, i = appendDigits(n, raw, from)
		exponent = from - i
		digits -= exponent
	}
	if i < len(raw) && raw[i]|0x20 == 'e' {
		e, ok := parseExponent(raw[i+1:])
		if !ok {
			return 0, false
		}
		exponent += e
		i = len(raw)
	}
	// 19 digits never overflow n.
	if i < len(raw) || digits > 19 || n > 1<<53 || exponent < -22 || exponent > 22 {
		return 0, false
	}
	if v = float64(n); exponent < 0 {
		v /= powers[-exponent]
	} else {
		v *= powers[exponent]
	}
	if raw[0] == '-' {
		v = -v
	}
	return v, true
}

// appendDigits reads the digits at i behind those of n and returns where they end.
func appendDigits(n uint64, raw []byte, i int) (uint64, int) {
	for i < len(raw) && isDigit(raw[i]) {
		n = n*10 + uint64(raw[i]-'0')
		i++
	}
	return n, i
}

// parseExponent reads exponents near enough to be of use to parseShort.
func parseExponent(b []byte) (e int, ok bool) {
	if len(b) > 1 && b[0] == '+' && isDigit(b[1]) {
		b = b[1:]
	}
	v, ok := ParseInt(b)
	return int(v), ok && -99 <= v && v <= 99
}
