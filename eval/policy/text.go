package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/routeproof/routeproof/internal/jsonline"
)

// trim takes white space off both ends, as Python's str.strip knows it.
func trim(text string) string {
	if n := len(text); n > 0 && isGraphic(text[0]) && isGraphic(text[n-1]) {
		return text
	}
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}

// isGraphic tells whether a byte is an ASCII character other than white space.
func isGraphic(c byte) bool { return c > ' ' && c < utf8.RuneSelf }

// Chars returns how many code points a response has without white space at its
// ends.
func Chars(response string) int { return utf8.RuneCountInString(trim(response)) }

// hasChars tells whether Chars is n or more, and counts no more than it must.
func hasChars(response string, n int) bool {
	text := trim(response)
	// A code point has at most utf8.UTFMax bytes, and n may be any number.
	return len(text)/utf8.UTFMax >= n || len(text) >= n && utf8.RuneCountInString(text) >= n
}

// UnwrapFence returns what stands in a Markdown code fence if that is all of
// the text, and else the text; without white space around it.
func UnwrapFence(text string) string {
	text = trim(text)
	inner, ok := strings.CutPrefix(text, "```")
	if !ok {
		return text
	}
	_, inner, ok = strings.Cut(inner, "\n") // behind the language's name
	if !ok {
		return text
	}
	inner, ok = strings.CutSuffix(inner, "```")
	if !ok {
		return text
	}
	return trim(inner)
}

// isJSON tells what json.Valid of encoding/json does. Texts of up to 1 KiB, as
// most answers are, are copied to the stack, others to the heap.
func isJSON(text string) bool { return jsonline.Valid(append(make([]byte, 0, 1<<10), text...)) }
