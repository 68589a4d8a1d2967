package describe

import "unicode"

// Scripts that are no script of their own.
const (
	noScript = "none" // the text has no letters
	other    = "Other"
)

// scriptNames are the scripts told apart.
var scriptNames = [...]string{"Latin", "Han", "Cyrillic", "Arabic", "Devanagari", "Kana", "Hangul", "Greek", "Hebrew", "Thai", "Bengali", "Tamil"}

// seenRunes bounds how much of a text is looked at.
const seenRunes = 4096

// scriptOf returns the script of most letters among a text's first 4,096 code
// points; on a tie the first of scriptNames. A text with kana is in Kana, for
// Japanese is mostly Han otherwise.
func scriptOf(text string) string {
	var n [len(scriptNames) + 1]int
	left := seenRunes
	for _, r := range text {
		if left--; left < 0 {
			break
		}
		if r < 0x80 {
			if r|0x20 >= 'a' && r|0x20 <= 'z' {
				n[0]++
			}
		} else if unicode.IsLetter(r) {
			n[scriptAt(r)]++
		}
	}
	if n[5] > 0 && n[5]+n[1] > n[0] {
		return scriptNames[5]
	}
	best := 0
	for k := range n {
		if n[k] > n[best] {
			best = k
		}
	}
	switch {
	case n[best] == 0:
		return noScript
	case best == len(scriptNames):
		return other
	}
	return scriptNames[best]
}

// scriptAt returns the place of a letter's script in scriptNames, or their
// number.
func scriptAt(r rune) int {
	if unicode.In(r, unicode.Hiragana, unicode.Katakana) {
		return 5
	}
	for k, name := range scriptNames {
		if table, ok := unicode.Scripts[name]; ok && unicode.Is(table, r) {
			return k
		}
	}
	return len(scriptNames)
}
