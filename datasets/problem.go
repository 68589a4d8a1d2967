package datasets

import (
	"fmt"
	"strings"

	"github.com/routeproof/routeproof/internal/wording"
)

// ShownProblems is how many problems a [ContentError] keeps and prints.
const ShownProblems = 20

// A Problem is one fault of a file's content.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line"`  // from 1, in Parquet the row; 0 where it is about the file as a whole
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
	fmt.Fprintf(&b, "%s: %s", e.File, wording.Plural(e.Total, "problem"))
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
