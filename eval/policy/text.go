package policy

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// trim takes white space off both ends, as Python's str.strip knows it.
func trim(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}

// Chars returns how many code points a response has without white space at its
// ends.
func Chars(response string) int { return utf8.RuneCountInString(trim(response)) }

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

func isJSON(text string) bool { return json.Valid([]byte(text)) }

// phrases finds any of some phrases in texts, whatever the case. A typographic
// apostrophe is one.
type phrases struct {
	list  [][]rune  // lower-cased
	first [256]bool // bytes that one may begin with
}

const apostrophe = '’'

func newPhrases(list []string) *phrases {
	p := &phrases{}
	for _, text := range list {
		runes := []rune(text)
		for i, r := range runes {
			runes[i] = lower(r)
		}
		if len(runes) == 0 {
			continue
		}
		p.list = append(p.list, runes)
		p.mayBegin(runes[0])
		for r := unicode.SimpleFold(runes[0]); r != runes[0]; r = unicode.SimpleFold(r) {
			p.mayBegin(r)
		}
		if runes[0] == '\'' {
			p.mayBegin(apostrophe)
		}
	}
	return p
}

func (p *phrases) mayBegin(r rune) { p.first[string(r)[0]] = true }

func lower(r rune) rune {
	if r == apostrophe {
		return '\''
	}
	return unicode.ToLower(r)
}

// in tells whether a text holds a phrase. It takes time proportional to the
// text's length, times the phrases where one may begin.
func (p *phrases) in(text string) bool {
	for i := 0; i < len(text); i++ {
		if p.first[text[i]] && slices.ContainsFunc(p.list, func(phrase []rune) bool { return begins(text[i:], phrase) }) {
			return true
		}
	}
	return false
}

func begins(text string, phrase []rune) bool {
	for _, want := range phrase {
		if len(text) == 0 {
			return false
		}
		r, size := rune(text[0]), 1
		switch {
		case 'A' <= r && r <= 'Z':
			r += 'a' - 'A'
		case r >= utf8.RuneSelf:
			r, size = utf8.DecodeRuneInString(text)
			r = lower(r)
		}
		if r != want {
			return false
		}
		text = text[size:]
	}
	return true
}
