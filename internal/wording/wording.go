// Package wording has the words that messages share: text from files, quoted
// and cut, the known name that an unknown one may have meant, and numbers of
// things.
package wording

import (
	"fmt"
	"strconv"
	"strings"
)

// longestName is the longest name, in bytes, that is compared with others, so
// that hostile ones cost nothing.
const longestName = 256

// Suggest returns the known name nearest to name; empty where none is near or
// the name is over 256 bytes. A difference in case counts nothing, and
// otherwise at most a third of the letters may differ. Ties go to the first.
func Suggest(name string, known []string) string {
	if len(name) > longestName {
		return ""
	}
	best, bestDistance := "", len([]rune(name))/3+1
	for _, k := range known {
		if len(k) > longestName {
			continue
		}
		if d := editDistance(strings.ToLower(name), strings.ToLower(k)); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// Nearest returns the known name that shares the largest part of name's pairs
// of neighbouring letters, without regard to case, if that is at least half of
// them; else the empty string. Unlike an edit distance it finds a model by a
// part of its name. Ties go to the shorter name, then to the first.
func Nearest(name string, known []string) string {
	pairs := letterPairs(name)
	best, most := "", len(pairs)/2
	for _, k := range known {
		shared := 0
		other := letterPairs(k)
		for p := range pairs {
			if other[p] {
				shared++
			}
		}
		if shared > 0 && (shared > most || shared == most && (best == "" || len(k) < len(best))) {
			best, most = k, shared
		}
	}
	return best
}

func letterPairs(s string) map[[2]rune]bool {
	letters := []rune(strings.ToLower(s))
	pairs := map[[2]rune]bool{}
	for i := 1; i < len(letters); i++ {
		pairs[[2]rune(letters[i-1:i+1])] = true
	}
	return pairs
}

// DidYouMean is a suggestion as the end of a sentence, or nothing.
func DidYouMean(name string, known []string) string {
	if s := Suggest(name, known); s != "" {
		return fmt.Sprintf(" (did you mean %q?)", s)
	}
	return ""
}

// editDistance counts the insertions, deletions, substitutions and swaps of
// neighbours between two texts, over code points; no part is edited twice
// (optimal string alignment).
func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, above, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range above {
		above[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			substitute := above[j]
			if x[i] != y[j] {
				substitute++
			}
			row[j+1] = min(substitute, above[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, above, row = above, row, before
	}
	return above[len(y)]
}

// Quote shows text from a file: quoted, escaped and cut.
func Quote(s string) string { return strconv.Quote(Shorten(s)) }

// Shorten cuts text after 60 code points. What it returns does not keep a long
// text in memory.
func Shorten(s string) string {
	const longest = 60
	n := 0
	for i := range s {
		if n == longest {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

// List quotes up to ten names and counts the others.
func List(names []string) string {
	const shown = 10
	quoted := make([]string, min(len(names), shown))
	for i := range quoted {
		quoted[i] = Quote(names[i])
	}
	text := strings.Join(quoted, ", ")
	if more := len(names) - len(quoted); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Plural is "1 prompt" or "2,000 prompts".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Thousands(n) + " " + noun + "s"
}

// Thousands writes a number of at least 0 with commas between thousands.
func Thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
