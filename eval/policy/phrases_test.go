package policy

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// everywhere looks for phrases plainly, at every byte: what phrases must find.
type everywhere struct {
	list  [][]rune
	first [256]bool
}

func newEverywhere(list []string) *everywhere {
	e := &everywhere{}
	for _, text := range list {
		runes := []rune(text)
		for i, r := range runes {
			runes[i] = lower(r)
		}
		if len(runes) == 0 {
			continue
		}
		e.list = append(e.list, runes)
		e.first[string(runes[0])[0]] = true
		for r := unicode.SimpleFold(runes[0]); r != runes[0]; r = unicode.SimpleFold(r) {
			e.first[string(r)[0]] = true
		}
		if runes[0] == '\'' {
			e.first[string(apostrophe)[0]] = true
		}
	}
	return e
}

func (e *everywhere) in(text string) bool {
	for i := 0; i < len(text); i++ {
		if e.first[text[i]] && slices.ContainsFunc(e.list, func(phrase []rune) bool { return hasPrefix(text[i:], phrase) }) {
			return true
		}
	}
	return false
}

func hasPrefix(text string, phrase []rune) bool {
	for _, want := range phrase {
		r, size := utf8.DecodeRuneInString(text)
		if size == 0 || lower(r) != want {
			return false
		}
		text = text[size:]
	}
	return true
}

// Of a phrase's letter no spelling is forgotten, in any alphabet.
func TestSpellings(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !slices.Contains(spellings(lower(r)), r) {
			t.Errorf("%q is no spelling of %q", r, lower(r))
		}
	}
}

func TestPhrasesAtEveryPlace(t *testing.T) {
	for _, list := range [][]string{DefaultPhrases(), {"K's İ", "’tis"}, {"ıſk"}, {"не знаю"}, {"я"}, {"xy"}, {"a\ufffdb"}, {strings.Repeat("never ", 9)}} {
		p := newPhrases(list)
		for _, phrase := range list {
			for before := range 40 {
				for after := range 4 {
					text := strings.Repeat("-", before) + strings.ToUpper(phrase) + strings.Repeat("-", after)
					if want := newEverywhere(list).in(text); p.in(text) != want || !want && !strings.ContainsAny(phrase, "ıſ") {
						t.Errorf("%q in %q: %t, expected %t", list, text, !want, want)
					}
				}
			}
		}
	}
}

// Texts and phrases of few different parts, so that phrases are often there,
// or almost.
func TestPhrasesOfFewParts(t *testing.T) {
	parts := []string{"a", "A", "b", "k", "K", "\u212a", "i", "I", "İ", "ı", "s", "ſ", "'", "’", " ", "ß", "ẞ", "θ", "ϴ", "ϑ", "Å", "å", "日", "\U0001F600", "\ufffd", "\xff", "\xe2", "\x80", "\x99", "\xc4"}
	random := rand.New(rand.NewPCG(5, 9))
	some := func(most, of int) string {
		var b strings.Builder
		for range random.IntN(most + 1) {
			b.WriteString(parts[random.IntN(of)])
		}
		return b.String()
	}
	rounds := 20_000
	if testing.Short() {
		rounds = 1_000
	}
	found := 0
	for range rounds {
		list, of := make([]string, random.IntN(4)), 1+random.IntN(len(parts))
		for i := range list {
			list[i] = some(12, of)
		}
		for range 10 {
			text := some(40, of)
			if len(list) > 0 && random.IntN(2) == 0 {
				text += strings.ToUpper(list[0]) + some(5, of)
			}
			if agreePhrases(t, text, list) {
				found++
			}
		}
	}
	if found < rounds || found > 9*rounds {
		t.Errorf("%d of %d texts have a phrase", found, 10*rounds)
	}
}

// agreePhrases fails unless a text has phrases where a plain look says so.
func agreePhrases(t *testing.T, text string, list []string) bool {
	t.Helper()
	got := newPhrases(list).in(text)
	if want := newEverywhere(list).in(text); got != want {
		t.Fatalf("%q in %q: %t, expected %t", list, text, got, want)
	}
	return got
}

func FuzzPhraseList(f *testing.F) {
	f.Add("Well, I’M NOT SURE", strings.Join(DefaultPhrases(), "\n"))
	f.Add("\u212anown as İ", "known\nas i")
	f.Add("\xff\xfe\xe2\x80", "\xff\n’")
	f.Fuzz(func(t *testing.T, text, list string) {
		agreePhrases(t, text, strings.Split(list, "\n"))
	})
}

func FuzzHasChars(f *testing.F) {
	f.Add(" \u2003é\x1f", 1)
	f.Add("\xff\xff", 2)
	f.Fuzz(func(t *testing.T, text string, n int) {
		for _, n := range []int{n, Chars(text), Chars(text) + 1, len(text), len(text) / 4} {
			if got, want := hasChars(text, n), Chars(text) >= n; got != want {
				t.Errorf("%q has %d characters: %t, expected %t", text, n, got, want)
			}
		}
		if want := strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }); trim(text) != want {
			t.Errorf("%q trimmed: %q, expected %q", text, trim(text), want)
		}
	})
}
