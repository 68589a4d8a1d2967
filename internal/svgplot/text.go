package svgplot

import (
	"strconv"
	"strings"
	"unicode"
)

const (
	longestLabel = 400    // runes of a text that are looked at
	longestDesc  = 20_000 // runes of a description
)

// clean makes one line of presentable text out of s: see the package comment. It is idempotent.
func clean(s string) string { return cleanTo(s, longestLabel) }

func cleanLong(s string) string { return cleanTo(s, longestDesc) }

// cleanTo is clean with the number of runes at which an ellipsis ends the text.
func cleanTo(s string, most int) string {
	var out []rune
	gap := false
	for _, r := range s { // a byte that is not UTF-8 yields U+FFFD
		if unicode.IsSpace(r) { // U+2028 and U+2029 too
			gap = len(out) > 0
			continue
		}
		if gap {
			out = append(out, ' ')
			gap = false
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\uFFFE' || r == '\uFFFF' {
			r = unicode.ReplacementChar
		}
		out = append(out, r)
		if len(out) > most {
			return strings.TrimSpace(string(out[:most-1])) + "…"
		}
	}
	return string(out)
}

// named is clean, with a word for the empty text.
func named(s string) string {
	if s = clean(s); s == "" {
		return "(unnamed)"
	}
	return s
}

// asciiWidths are the advance widths of U+0020 to U+007E in hundredths of the font size: those of DejaVu Sans, which is
// wider than Helvetica, Arial and Liberation Sans (J excepted, taken from Helvetica), so that estimates err on the wide side.
var asciiWidths = [95]uint8{
	32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 53,
	100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 50, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50,
	50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
}

// runeWidth estimates the advance width of r in units of the font size, on the wide side.
func runeWidth(r rune) float64 {
	switch {
	case r >= ' ' && r <= '~':
		return float64(asciiWidths[r-' ']) / 100
	case unicode.Is(unicode.Mn, r):
		return 0.3 // drawn over its neighbour, but never free, so that a pile of marks is cut
	case r == '–' || r == '·':
		return 0.5
	case r < 0x250:
		return 0.75
	case r < 0x530:
		return 0.9
	case r >= 0x1F000:
		return 1.4
	}
	return 1.1
}

// textWidth estimates the width of s in pixels.
func textWidth(s string, size float64, bold bool) float64 {
	w := 0.0
	for _, r := range s {
		w += runeWidth(r)
	}
	if bold {
		w *= 1.13
	}
	return w * size
}

// widest is the greatest estimated width of ss, at most most; 0 for none.
func widest(ss []string, size float64, bold bool, most float64) float64 {
	w := 0.0
	for _, s := range ss {
		w = max(w, textWidth(s, size, bold))
	}
	return min(w, most)
}

// shorten takes runes out of the middle of clean text until it fits width with an ellipsis in their place. The tail is
// kept because names of one family often differ only there. At least the ellipsis is left.
func shorten(s string, width, size float64, bold bool) string {
	if textWidth(s, size, bold) <= width {
		return s
	}
	runes := []rune(s)
	upTo := make([]float64, len(runes)+1) // width of the first i runes
	for i, r := range runes {
		upTo[i+1] = upTo[i] + textWidth(string(r), size, bold)
	}
	width -= textWidth("…", size, bold)
	for kept := len(runes) - 1; kept > 0; kept-- {
		head := (kept*3 + 4) / 5
		tail := len(runes) - (kept - head)
		if upTo[head]+upTo[len(runes)]-upTo[tail] <= width {
			return strings.TrimSpace(string(runes[:head])) + "…" + strings.TrimSpace(string(runes[tail:]))
		}
	}
	return "…"
}

// wrap breaks clean text into at most most lines of width: after a space or a joining sign where it can, inside a
// word where it must. What does not fit the last line is shortened.
func wrap(s string, width, size float64, bold bool, most int) []string {
	var lines []string
	rest := []rune(s)
	for len(rest) > 0 {
		if len(lines) == most-1 {
			return append(lines, shorten(string(rest), width, size, bold))
		}
		cut := breakAt(rest, width, size, bold)
		lines = append(lines, strings.TrimSpace(string(rest[:cut])))
		rest = []rune(strings.TrimSpace(string(rest[cut:])))
	}
	return lines
}

// breakAt returns how many runes of text the next line takes: at least one.
func breakAt(text []rune, width, size float64, bold bool) int {
	last := 0 // after the last place fit for a break
	w := 0.0
	for i, r := range text {
		w += textWidth(string(r), size, bold)
		if w > width && r != ' ' {
			if last > 0 {
				return last
			}
			return max(i, 1)
		}
		if strings.ContainsRune(" -_/+:,", r) {
			last = i + 1
		}
	}
	return len(text)
}

// joined lists names in their order, at most six of them, then how many more there are.
func joined(names []string) string {
	const most = 6
	short := make([]string, 0, most)
	for _, n := range names[:min(len(names), most)] {
		short = append(short, shorten(named(n), 180, smallSize, false))
	}
	s := strings.Join(short, ", ")
	if more := len(names) - most; more > 0 {
		s += " and " + strconv.Itoa(more) + " more"
	}
	return s
}

// count writes n with a comma between groups of three digits.
func count(n int) string {
	s := strconv.Itoa(n)
	from := 0
	if n < 0 {
		from = 1
	}
	for i := len(s) - 3; i > from; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
