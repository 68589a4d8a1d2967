package datasets

import (
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/internal/table"
	"github.com/routeproof/routeproof/internal/wording"
)

// scanner checks batches.
type scanner[T any] struct {
	kind     Kind[T]
	problems problems
	visit    func(*T) error
	firsts   *firsts
	place    string // before the line of a first: "on line", in Parquet "in row"
	rows     int
	check    checker
	at       T // the row at hand
	key      []byte
}

// maxProblems is how many problems are listed before reading stops, so that a
// small compressed file cannot fill a disk with them.
const maxProblems = 100_000

// batch takes in the next rows, and tells whether more are wanted.
func (s *scanner[T]) batch(b *table.Batch) (more bool, err error) {
	faults := s.faults(b)
	for i := range b.Rows {
		line := b.Line[i]
		for len(faults) > 0 && faults[0].Line < line {
			if !s.add(faults[0]) {
				return false, nil
			}
			faults = faults[1:]
		}
		s.check.found = s.check.found[:0]
		for len(faults) > 0 && faults[0].Line == line {
			s.check.found = append(s.check.found, faults[0])
			faults = faults[1:]
		}
		if more, err := s.row(b, i, line); err != nil || !more {
			return false, err
		}
	}
	for _, f := range faults {
		if !s.add(f) {
			return false, nil
		}
	}
	return true, nil
}

// faults returns the batch's faults with those of its values, which it makes
// absent.
func (s *scanner[T]) faults(b *table.Batch) []table.Fault {
	faults := b.Faults
	for k, f := range s.kind.fields {
		if f.fault == nil {
			continue
		}
		cells := &b.Cells[k]
		for i, reason := f.fault(cells, 0); i >= 0; i, reason = f.fault(cells, i+1) {
			faults = append(faults, table.Fault{Line: b.Line[i], Column: f.Name, Reason: reason})
			cells.Known[i] = false
		}
	}
	if len(faults) > len(b.Faults) {
		slices.SortStableFunc(faults, func(x, y table.Fault) int { return x.Line - y.Line })
	}
	return faults
}

// add tells of a fault, up to the limit.
func (s *scanner[T]) add(f table.Fault) bool {
	if s.problems.total >= maxProblems {
		s.problems.add(f.Line, "", "more than %d problems: the rest of the file was not read", maxProblems)
		return false
	}
	s.problems.add(f.Line, f.Column, "%s", f.Reason)
	return true
}

func (s *scanner[T]) row(b *table.Batch, i, line int) (more bool, err error) {
	c := &s.check
	c.line = line
	var none T
	s.at = none
	row := &s.at
	for k := range s.kind.fields {
		f, cells := &s.kind.fields[k], &b.Cells[k]
		if !cells.Known[i] {
			continue
		}
		f.load(row, cells, i, c)
	}
	if s.kind.check != nil {
		s.kind.check(row, c)
	}
	if len(s.kind.keys) > 0 && s.named() {
		s.key = s.kind.key(row, s.key[:0])
		if first := s.firsts.add(s.key, line); first != 0 {
			c.problem(s.kind.keys[0], "%s", s.kind.clash(row, fmt.Sprintf("%s %d", s.place, first)))
		}
		if s.firsts.n >= mostFirsts {
			if err := s.firsts.spill(); err != nil {
				return false, err
			}
		}
	}
	if len(c.found) == 0 {
		s.rows++
		return true, s.visit(row)
	}
	place := func(f table.Fault) int {
		return slices.IndexFunc(s.kind.fields, func(field field[T]) bool { return field.Name == f.Column })
	}
	slices.SortStableFunc(c.found, func(a, b table.Fault) int { return place(a) - place(b) })
	for _, f := range c.found {
		if !s.add(f) {
			return false, nil
		}
	}
	return true, nil
}

// late tells of rows whose name stands far before them.
func (s *scanner[T]) late() error {
	what := strings.Join(s.kind.keys, " and ")
	return s.firsts.late(func(line, first int) bool {
		return s.add(table.Fault{Line: line, Column: s.kind.keys[0], Reason: fmt.Sprintf("this %s stands %s %d already: expected each once", what, s.place, first)})
	})
}

// named tells whether the columns that name the row are sound.
func (s *scanner[T]) named() bool {
	return !slices.ContainsFunc(s.check.found, func(f table.Fault) bool { return slices.Contains(s.kind.keys, f.Column) })
}

// checker collects what is wrong with a row.
type checker struct {
	line  int
	found []table.Fault // of the row at hand
	dims  int           // of the vectors seen before; 0: there were none
}

func (c *checker) problem(field, format string, args ...any) {
	c.found = append(c.found, table.Fault{Line: c.line, Column: field, Reason: fmt.Sprintf(format, args...)})
}

// oneOf checks a value that may be empty.
func (c *checker) oneOf(field, value string, allowed []string) {
	if value == "" || slices.Contains(allowed, value) {
		return
	}
	c.problem(field, "expected one of %s, found %s%s", strings.Join(allowed, ", "), wording.Quote(value), wording.DidYouMean(value, allowed))
}
