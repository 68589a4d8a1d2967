package datasets

import (
	"fmt"
	"strconv"
	"strings"
)

// ShownProblems is how many problems a [ContentError] keeps and prints.
const ShownProblems = 20

// A Problem is one fault of a file's content.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"`  // from 1; 0 where it is about the file as a whole
	Field  string `json:"field"` // empty where it is about the row as a whole
	Reason string `json:"reason"`
}

func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Field != "" {
		fmt.Fprintf(&b, ": %s", p.Field)
	}
	return b.String() + ": " + p.Reason
}

// A ContentError says that a file was read and its content refused. It holds
// the first [ShownProblems] problems and the number of all.
type ContentError struct {
	File  string
	First []Problem
	Total int
}

func (e *ContentError) Error() string {
	var b strings.Builder
	if e.Total == 1 {
		return e.First[0].String()
	}
	fmt.Fprintf(&b, "%s: %d problems", e.File, e.Total)
	if e.Total > len(e.First) {
		fmt.Fprintf(&b, ", the first %d:", len(e.First))
	} else {
		b.WriteString(":")
	}
	for _, p := range e.First {
		b.WriteString("\n  " + p.String())
	}
	return b.String()
}

// problems collects the faults of one file.
type problems struct {
	file  string
	each  func(Problem) // told of every problem; may be nil
	first []Problem
	total int
}

func (p *problems) add(line int, field, format string, args ...any) {
	problem := Problem{File: p.file, Line: line, Field: field, Reason: fmt.Sprintf(format, args...)}
	if p.total++; len(p.first) < ShownProblems {
		p.first = append(p.first, problem)
	}
	if p.each != nil {
		p.each(problem)
	}
}

func (p *problems) err() error {
	if p.total == 0 {
		return nil
	}
	return &ContentError{File: p.file, First: p.first, Total: p.total}
}

// longestName is the longest name, in bytes, that is compared with others, so
// that hostile ones cost nothing.
const longestName = 256

// Suggest returns the known name nearest to name, for error messages; empty
// where none is near or the name is over 256 bytes. A difference in case counts
// nothing, and otherwise at most a third of the letters may differ. Ties go to
// the first.
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

// didYouMean is a suggestion as the end of a sentence, or nothing.
func didYouMean(name string, known []string) string {
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

// quote shows text from a file in an error: quoted, escaped and cut.
func quote(s string) string { return strconv.Quote(shorten(s)) }

// shorten cuts text after 60 code points. What it returns does not keep a long
// text in memory.
func shorten(s string) string {
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
