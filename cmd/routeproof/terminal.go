package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// say prints a message on standard error.
func (a *app) say(format string, args ...any) {
	fmt.Fprintln(a.err, "routeproof: "+safe(fmt.Sprintf(format, args...), a.args))
}

// safe makes a message fit for a terminal: arguments of the command line with
// control characters in them are quoted, and whatever other control characters
// there are, but for line ends and tabs, are escaped.
func safe(text string, args []string) string {
	for _, arg := range args {
		if _, value, found := strings.Cut(arg, "="); found && strings.HasPrefix(arg, "-") {
			arg = value
		}
		if strings.ContainsFunc(arg, unicode.IsControl) && strings.TrimSpace(arg) != "" {
			text = strings.ReplaceAll(text, arg, strconv.Quote(arg))
		}
	}
	var b strings.Builder
	for i, r := range text {
		switch _, size := utf8.DecodeRuneInString(text[i:]); {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case unicode.IsControl(r) && r != '\n' && r != '\t':
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// printable shows a name from a file or the command line on a terminal.
func printable(s string) string {
	quoted := strconv.Quote(s)
	if inner := quoted[1 : len(quoted)-1]; inner == s {
		return s
	}
	return quoted
}

// newEncoder returns an encoder of JSON that a terminal can show.
func newEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(controlEscaper{w})
	enc.SetEscapeHTML(false)
	return enc
}

// controlEscaper escapes the control characters that JSON allows in strings,
// U+007F to U+009F, which terminals obey, and "##[", which the logs of GitHub's
// runners do. Each Write has whole characters, as those of a JSON encoder do.
type controlEscaper struct{ io.Writer }

func (e controlEscaper) Write(b []byte) (int, error) {
	escaped := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '#' && bytes.HasPrefix(b[i:], []byte("##[")): // only within strings of JSON
			escaped = append(escaped, `\u0023`...)
		case c == 0x7f:
			escaped = append(escaped, `\u007f`...)
		case c == 0xc2 && i+1 < len(b) && b[i+1] < 0xa0: // UTF-8 of U+0080 to U+009F
			i++
			escaped = fmt.Appendf(escaped, `\u%04x`, b[i])
		default:
			escaped = append(escaped, c)
		}
	}
	if _, err := e.Writer.Write(escaped); err != nil {
		return 0, err
	}
	return len(b), nil
}
