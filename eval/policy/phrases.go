package policy

import (
	"math"
	"slices"
	"unicode"
	"unicode/utf8"
)

// phrases finds any of some phrases in texts, whatever the case. A typographic
// apostrophe is one.
//
// A phrase is at least shortest bytes of a text, and so holds whole grams of four
// bytes at its first shortest-3 places. So one of as many places of a text is
// looked at, and phrases are compared only before a gram that one may have.
type phrases struct {
	list     [][]rune         // lower-cased
	first    [256]bool        // bytes that one may begin with
	shortest int              // fewest bytes that one may have in a text
	step     int              // from one gram that is looked at to the next
	mask     uint32           // the bytes of a gram that count: fewer than four for short phrases
	grams    *[1 << slot]bool // those of phrases, by hash
}

const (
	apostrophe = '’'
	gramBytes  = 4
	slot       = 13 // bits of a gram's hash
	mostStep   = 16 // a longer one makes for more grams, which would be found more often
)

func newPhrases(list []string) *phrases {
	p := &phrases{shortest: math.MaxInt, grams: new([1 << slot]bool)}
	anyByte := false
	for _, text := range list {
		runes := []rune(text)
		for i, r := range runes {
			runes[i] = lower(r)
			anyByte = anyByte || r == utf8.RuneError
		}
		if len(runes) == 0 {
			continue
		}
		p.list = append(p.list, runes)
		p.shortest = min(p.shortest, fewestBytes(runes))
		p.mayBegin(runes[0])
		for r := unicode.SimpleFold(runes[0]); r != runes[0]; r = unicode.SimpleFold(r) {
			p.mayBegin(r)
		}
		if runes[0] == '\'' {
			p.mayBegin(apostrophe)
		}
	}
	size := min(p.shortest, gramBytes)
	if anyByte {
		size = 0 // every byte that is no UTF-8 may stand there: no gram says anything
	}
	p.mask = uint32(1<<(8*size) - 1)
	p.step = min(p.shortest-size+1, mostStep)
	for _, phrase := range p.list {
		p.addGrams(phrase, size)
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

// spellings returns the runes whose lower is r, and perhaps others.
func spellings(r rune) []rune {
	all := []rune{r}
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		all = append(all, other)
	}
	switch r {
	case '\'':
		all = append(all, apostrophe)
	case 'i':
		all = append(all, 'İ') // folds to nothing else, yet i is its lower case
	}
	return all
}

// fewestBytes returns how few bytes of a text may be a phrase.
func fewestBytes(phrase []rune) int {
	n := 0
	for _, r := range phrase {
		least := utf8.UTFMax
		for _, s := range spellings(r) {
			least = min(least, utf8.RuneLen(s))
		}
		if r == utf8.RuneError {
			least = 1 // a byte that is no UTF-8
		}
		n += least
	}
	return n
}

// addGrams adds what may stand at the places of a phrase where a text is looked
// at, however it is spelled.
func (p *phrases) addGrams(phrase []rune, size int) {
	for i, before := 0, 0; i < len(phrase) && before < p.step; i++ {
		for _, s := range spellings(phrase[i]) {
			for b := []byte(string(s)); len(b) > 0; b = b[1:] {
				p.addGram(b, phrase[i+1:], size)
			}
		}
		before += fewestBytes(phrase[i : i+1])
	}
}

// addGram adds the grams that begin with some bytes and go on with a phrase.
func (p *phrases) addGram(b []byte, rest []rune, size int) {
	if len(b) >= size {
		var gram [gramBytes]byte
		copy(gram[:], b[:size])
		p.grams[hash(gramAt(string(gram[:]), 0)&p.mask)] = true
		return
	}
	if len(rest) == 0 {
		return // it would end outside of the phrase
	}
	for _, s := range spellings(rest[0]) {
		p.addGram(append(slices.Clip(b), string(s)...), rest[1:], size)
	}
}

// gramAt returns the gram at a place, the same for both cases of ASCII letters.
func gramAt(text string, at int) uint32 {
	b := text[at : at+gramBytes]
	return (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24) | 0x20202020
}

func hash(gram uint32) uint32 { return gram * 0x9e3779b1 >> (32 - slot) }

// in tells whether a text holds a phrase. It takes time proportional to the
// text's length over step; behind a gram that phrases have, times the phrases and
// how much of them is there. No start is compared twice.
func (p *phrases) in(text string) bool {
	if len(p.list) == 0 {
		return false
	}
	from, step, mask, grams := 0, p.step, p.mask, p.grams
	for at := step - 1; at <= len(text)-gramBytes; at += step {
		if grams[hash(gramAt(text, at)&mask)] && p.beginsWithin(text, at-step+1, at+1) {
			return true
		}
		from = at + 1
	}
	return p.beginsWithin(text, from, len(text)-p.shortest+1)
}

// beginsWithin tells whether a phrase begins in a part of a text.
func (p *phrases) beginsWithin(text string, from, to int) bool {
	for i := from; i < to; i++ {
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
