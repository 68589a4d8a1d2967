package openaiapi

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// redactor takes secrets out of what a server sends, which may echo them, also
// with characters that are escaped as in JSON.
type redactor struct {
	all     []string
	secrets []string // of these, those that no answer holds by chance
}

const (
	redacted = "[secret]"
	// What is shorter than this is no key that a provider gives out, and may
	// stand in an answer by chance.
	leastSecret = 12
)

func newRedactor(c Config) redactor {
	var r redactor
	secrets := []string{c.Key}
	for _, name := range sortedKeys(c.Secrets) {
		value := c.Secrets[name]
		secrets = append(secrets, value)
		for _, part := range strings.Fields(value) { // as in "Bearer …"
			if part != value && len(part) >= leastSecret {
				secrets = append(secrets, part)
			}
		}
	}
	for _, s := range secrets {
		if len(s) >= 4 {
			r.all = append(r.all, s)
		}
		if len(s) >= leastSecret {
			r.secrets = append(r.secrets, s)
		}
	}
	return r
}

// message is for what is not an answer: there even a short secret is one.
func (r redactor) message(s string) string { return string(hide([]byte(s), r.all)) }

func (r redactor) bytes(b []byte) []byte { return hide(b, r.secrets) }

func (r redactor) text(s string) string { return string(hide([]byte(s), r.secrets)) }

// hide replaces secrets. What holds none is returned as it is.
func hide(b []byte, secrets []string) []byte {
	for _, s := range secrets {
		if bytes.Contains(b, []byte(s)) {
			b = bytes.ReplaceAll(b, []byte(s), []byte(redacted))
		}
		if bytes.IndexByte(b, '\\') >= 0 {
			b = hideEscaped(b, s)
		}
	}
	return b
}

func hideEscaped(b []byte, secret string) []byte {
	var out []byte
	kept := 0 // of b, what is in out
	for i := 0; i < len(b); {
		if b[i] != '\\' && b[i] != secret[0] {
			i++
			continue
		}
		switch n := escapedPrefix(b[i:], secret); {
		case n > 0:
			out = append(append(out, b[kept:i]...), redacted...)
			i += n
			kept = i
		case b[i] == '\\' && i+1 < len(b) && (b[i+1] == '\\' || b[i+1] == '"'):
			i += 2 // the second character is escaped and escapes nothing
		default:
			i++
		}
	}
	if kept == 0 {
		return b
	}
	return append(out, b[kept:]...)
}

// escapedPrefix returns how many bytes at the beginning of b are secret, any of
// its characters escaped or not; 0: they are something else.
func escapedPrefix(b []byte, secret string) int {
	i := 0
	for _, want := range secret {
		got, n := utf8.DecodeRune(b[i:])
		if got == '\\' && i+1 < len(b) {
			switch next := b[i+1]; {
			case next == 'u' && i+6 <= len(b):
				if v, err := strconv.ParseUint(string(b[i+2:i+6]), 16, 32); err == nil {
					got, n = rune(v), 6
				}
			case rune(next) == want && (next == '\\' || next == '"' || next == '/'):
				got, n = want, 2
			}
		}
		if n == 0 || got != want {
			return 0
		}
		i += n
	}
	return i
}
