package live

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of a number: its digits and its exponent of ten, and the bytes of a
// fraction in LaTeX.
const (
	judgeDigits    = 400
	judgeFracBytes = 2*judgeDigits + 40
)

// judgeFigures finds numbers in texts.
type judgeFigures struct {
	frac  *regexp.Regexp // LaTeX
	ten   *regexp.Regexp // times a power of ten
	power *regexp.Regexp
}

func newJudgeFigures() *judgeFigures {
	return &judgeFigures{
		frac:  regexp.MustCompile(`^\\[dt]?frac\s*\{\s*([0-9]{1,400})\s*\}\s*\{\s*([0-9]{1,400})\s*\}`),
		ten:   regexp.MustCompile(`^[ \t]*(?:×|[xX*·]|\\times|\\cdot)[ \t]*10[ \t]*(?:\^|\*\*)\{?([+−-]?)([0-9]+)\}?`),
		power: regexp.MustCompile(`^(?:\^\{?([+−-]?)([0-9]+|\pL)\}?|\*\*([+−-]?)([0-9]+))`),
	}
}

// final returns the final number of a text, nil if there is none, and whether
// it is the only one or marked as final.
func (f *judgeFigures) final(text string) (value *big.Rat, only bool) {
	if i := strings.LastIndex(text, "####"); i >= 0 {
		if found, ok := f.behindMark(text[i+len("####"):]); ok {
			return found.value(), true
		}
	}
	if inner, ok := judgeBoxed(text); ok {
		if found, _, ok := f.last(inner); ok {
			return found.value(), true
		}
	}
	found, n, _ := f.last(text)
	return found.value(), n == 1
}

// behindMark returns the number that a text begins with, white space, currency
// and Markdown marks aside, unless it is that of a heading.
func (f *judgeFigures) behindMark(text string) (judgeFigure, bool) {
	line, _, _ := strings.Cut(text, "\n")
	found, ok := f.next(line, 0)
	if !ok || strings.Trim(line[:found.start], " \t\r$€£¥*_`:=+-−–\\(") != "" {
		return judgeFigure{}, false
	}
	behind := line[found.end:]
	if behind != "" && strings.IndexByte(".):", behind[0]) >= 0 && !judgeBlank(strings.Trim(behind, ".):*_`")) {
		return judgeFigure{}, false
	}
	return found, true
}

// judgeBoxed returns what stands in the braces of the last \boxed{…}, at most
// 2000 bytes.
func judgeBoxed(text string) (string, bool) {
	const mark, most = `\boxed{`, 2000
	i := strings.LastIndex(text, mark)
	if i < 0 {
		return "", false
	}
	text = text[i+len(mark):]
	inner, _ := judgeBraces(text[:min(len(text), most)])
	return inner, true
}

// last returns the last number of a text, and how many there are.
func (f *judgeFigures) last(text string) (last judgeFigure, n int, ok bool) {
	for at := 0; ; n++ {
		found, more := f.next(text, at)
		if !more {
			return last, n, n > 0
		}
		last, at = found, found.end
	}
}

// A judgeFigure is a number in a text.
type judgeFigure struct {
	start, end int
	negative   bool
	whole      string // digits of an integer that is added, or empty
	number     string // digits with or without a point
	over       string // the denominator, or empty
	exponent   int    // of ten
	bad        bool   // it cannot be computed with
}

// value returns nil where there is none.
func (x judgeFigure) value() *big.Rat {
	if x.bad || x.number == "" || len(x.whole)+len(x.number)+len(x.over) > judgeDigits ||
		x.exponent < -judgeDigits || x.exponent > judgeDigits {
		return nil
	}
	v, ok := new(big.Rat).SetString(x.number + "e" + strconv.Itoa(x.exponent))
	if !ok {
		return nil
	}
	for _, part := range []struct {
		digits string
		apply  func(r *big.Rat)
	}{
		{x.over, func(r *big.Rat) { v.Quo(v, r) }},
		{x.whole, func(r *big.Rat) { v.Add(v, r) }},
	} {
		if part.digits == "" {
			continue
		}
		r, ok := new(big.Rat).SetString(part.digits)
		if !ok || r.Sign() == 0 && part.digits == x.over {
			return nil
		}
		part.apply(r)
	}
	if x.negative {
		v.Neg(v)
	}
	return v
}

// next returns the first number in text[at:].
func (f *judgeFigures) next(text string, at int) (judgeFigure, bool) {
	for i := at; i < len(text); {
		switch {
		case text[i] == '\\':
			if m := f.frac.FindStringSubmatch(text[i:min(len(text), i+judgeFracBytes)]); m != nil {
				return judgeFigure{start: i, end: i + len(m[0]), negative: judgeNegative(text, i), number: m[1], over: m[2]}, true
			}
			i++
		case !judgeStartsNumber(text, i):
			i++
		case judgeGlued(text, i):
			i = judgeSkipDigits(text, i)
		default:
			return f.numberAt(text, i), true
		}
	}
	return judgeFigure{}, false
}

func judgeIsDigit(text string, i int) bool {
	return i < len(text) && text[i] >= '0' && text[i] <= '9'
}

func judgeStartsNumber(text string, i int) bool {
	return judgeIsDigit(text, i) || text[i] == '.' && judgeIsDigit(text, i+1)
}

// judgeSkipDigits returns the end of the digits and points at i.
func judgeSkipDigits(text string, i int) int {
	for judgeIsDigit(text, i) || i < len(text) && text[i] == '.' && judgeIsDigit(text, i+1) {
		i++
	}
	return i
}

// judgeGlued tells whether the digits at i belong to a word, are an exponent or
// an index.
func judgeGlued(text string, i int) bool {
	before := strings.TrimSuffix(strings.TrimRight(text[:i], "-−+"), "{")
	if strings.HasSuffix(before, "^") {
		return true
	}
	if bare, ok := strings.CutSuffix(before, "_"); ok {
		r, _ := utf8.DecodeLastRuneInString(bare)
		return judgeCased(r) || r == '}' || r == ')'
	}
	r, _ := utf8.DecodeLastRuneInString(text[:i])
	return judgeCased(r)
}

// judgeCased tells whether a character is a letter of an alphabet with case;
// Chinese characters stand beside numbers.
func judgeCased(r rune) bool { return unicode.IsUpper(r) || unicode.IsLower(r) }

// judgeNegative tells whether a minus is right before i.
func judgeNegative(text string, i int) bool {
	before := strings.TrimRight(text[:i], "$€£¥\\")
	for _, minus := range []string{"-", "−", "–", "－"} {
		if bare, ok := strings.CutSuffix(before, minus); ok {
			r, size := utf8.DecodeLastRuneInString(bare)
			return size == 0 || !judgeCased(r) && !unicode.IsDigit(r) && !strings.ContainsRune(")]}%-−–", r)
		}
	}
	return false
}

// numberAt returns the number that begins at i.
func (f *judgeFigures) numberAt(text string, i int) judgeFigure {
	x := judgeFigure{start: i, negative: judgeNegative(text, i)}
	x.number, x.end = judgePlain(text, i)
	if end := judgeSkipDigits(text, x.end); end > x.end {
		x.end, x.bad = end, true // 1.2.3
		return x
	}
	f.mixed(text, &x)
	f.over(text, &x)
	if x.over == "" {
		f.scale(text, &x)
	}
	return x
}

// judgePlain returns the digits at i, with a point but without what separates
// thousands, and their end.
func judgePlain(text string, i int) (digits string, end int) {
	end = i
	for judgeIsDigit(text, end) {
		end++
	}
	digits = text[i:end]
	if end-i >= 1 && end-i <= 3 {
		for {
			next, ok := judgeThousand(text, end)
			if !ok {
				break
			}
			if len(digits) <= judgeDigits { // more make no difference
				digits += text[next-3 : next]
			}
			end = next
		}
	}
	if end < len(text) && text[end] == '.' && judgeIsDigit(text, end+1) {
		point := end
		for end++; judgeIsDigit(text, end); {
			end++
		}
		digits += text[point:end]
	}
	return digits, end
}

// judgeThousand returns the end of a separator at i and exactly three digits.
func judgeThousand(text string, i int) (int, bool) {
	for _, separator := range []string{",", "{,}", `\,`, "\u00a0", "\u202f", "\u2009"} {
		if !strings.HasPrefix(text[i:], separator) {
			continue
		}
		end := i + len(separator)
		for judgeIsDigit(text, end) && end < i+len(separator)+4 {
			end++
		}
		return end, end == i+len(separator)+3
	}
	return 0, false
}

// mixed reads the fraction behind an integer and a space, which LaTeX does not
// need.
func (f *judgeFigures) mixed(text string, x *judgeFigure) {
	if behind := strings.TrimPrefix(text[x.end:], " "); strings.HasPrefix(behind, `\`) && !strings.Contains(x.number, ".") {
		at := len(text) - len(behind)
		if m := f.frac.FindStringSubmatch(behind[:min(len(behind), judgeFracBytes)]); m != nil && judgeLess(m[1], m[2]) {
			x.whole, x.number, x.over, x.end = x.number, m[1], m[2], at+len(m[0])
		}
		return
	}
	if !strings.HasPrefix(text[x.end:], " ") || !judgeIsDigit(text, x.end+1) || strings.Contains(x.number, ".") {
		return
	}
	y := judgeFigure{}
	y.number, y.end = judgePlain(text, x.end+1)
	f.over(text, &y)
	if y.over != "" && !y.bad && !strings.Contains(y.number+y.over, ".") && judgeLess(y.number, y.over) {
		x.whole, x.number, x.over, x.end = x.number, y.number, y.over, y.end
	}
}

// judgeLess compares integers by their digits.
func judgeLess(a, b string) bool {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return len(a) < len(b) || len(a) == len(b) && a < b
}

// over reads a denominator.
func (f *judgeFigures) over(text string, x *judgeFigure) {
	if x.over != "" || !strings.HasPrefix(text[x.end:], "/") || !judgeIsDigit(text, x.end+1) {
		return
	}
	x.over, x.end = judgePlain(text, x.end+1)
	for strings.HasPrefix(text[x.end:], "/") && judgeIsDigit(text, x.end+1) {
		_, x.end = judgePlain(text, x.end+1)
		x.bad = true // a date
	}
}

// scale reads a power of ten: e3, × 10^3, or ^3 behind a ten. Other powers
// cannot be computed with.
func (f *judgeFigures) scale(text string, x *judgeFigure) {
	if end, exponent, ok := judgeExponent(text, x.end); ok {
		x.end, x.exponent = end, exponent
		return
	}
	window := text[x.end:min(len(text), x.end+judgeWindow)]
	if m := f.ten.FindStringSubmatch(window); m != nil {
		x.end += len(m[0])
		x.exponent = judgeAtoi(m[1], m[2])
		return
	}
	if m := f.power.FindStringSubmatch(window); m != nil {
		x.end += len(m[0])
		x.exponent = judgeAtoi(m[1]+m[3], m[2]+m[4])
		x.bad = x.number != "10" || !judgeIsDigit(m[2]+m[4], 0)
		x.number = strings.TrimSuffix(x.number, "0")
	}
}

// judgeExponent reads e3, E+3 or e−3 that no letter or digit follows.
func judgeExponent(text string, i int) (end, exponent int, ok bool) {
	if i >= len(text) || text[i]|0x20 != 'e' {
		return 0, 0, false
	}
	i++
	sign := ""
	for _, s := range []string{"+", "-", "−"} {
		if strings.HasPrefix(text[i:], s) {
			sign = s
			i += len(s)
			break
		}
	}
	end = i
	for judgeIsDigit(text, end) {
		end++
	}
	r, _ := utf8.DecodeRuneInString(text[end:])
	return end, judgeAtoi(sign, text[i:end]), end > i && !judgeCased(r)
}

// judgeAtoi reads an exponent; one that is too large is one beyond the bound.
func judgeAtoi(sign, digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil || n > judgeDigits {
		n = judgeDigits + 1
	}
	if sign == "-" || sign == "−" {
		return -n
	}
	return n
}
