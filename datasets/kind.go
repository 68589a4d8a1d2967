package datasets

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/internal/table"
	"github.com/routeproof/routeproof/internal/wording"
)

// Optional is a value that may be unknown. The zero value is unknown.
type Optional[T any] struct {
	Value T
	Known bool
}

// Known returns a value that is known.
func Known[T any](v T) Optional[T] { return Optional[T]{v, true} }

// OptionalOf returns the value at p, unknown where p is nil.
func OptionalOf[T any](p *T) Optional[T] {
	if p == nil {
		return Optional[T]{}
	}
	return Known(*p)
}

// Pointer returns the value's address, or nil where it is unknown.
func (o Optional[T]) Pointer() *T {
	if !o.Known {
		return nil
	}
	return &o.Value
}

// A Kind is a kind of file with rows of type T: its columns, what they may
// hold, and which of them name a row.
type Kind[T any] struct {
	noun   string // of many rows
	needs  string // the columns that make sense of a file
	fields []field[T]
	check  func(*T, *checker)      // what columns alone do not show; may be nil
	keys   []string                // columns that together name a row; nil: rows need not differ
	key    func(*T, []byte) []byte // appends what they hold, or what of them must be unique
	clash  func(*T, string) string // how to say that two rows share it, with the place of the first
}

// field binds a column to a part of T.
type field[T any] struct {
	table.Column
	// fault finds the next cell from a place on that has a value but none of the
	// column's, and why; −1: there is none. nil: any value is one.
	fault func(*table.Cells, int) (int, string)
	load  func(*T, *table.Cells, int, *checker)
	store func(*T, *table.Batch, int) // nil: is read but not written
}

// A Summary is what a scan found beside the rows.
type Summary struct {
	Rows     int
	Columns  []string // the known ones that the file has, in the kind's order
	Warnings []string // what a reader of the results should know
	metadata func(key string) string
}

// Metadata returns a value of the file's own key-value pairs, which only
// Parquet has; empty where there is none.
func (s Summary) Metadata(key string) string { return s.metadata(key) }

// Again returns the kind for another pass over a file that was scanned before:
// whether rows differ is not looked at, so memory does not grow with them.
func (k Kind[T]) Again() Kind[T] {
	k.keys = nil
	return k
}

// ScanFile reads the file at path. See [Kind.Scan].
func (k Kind[T]) ScanFile(path string, each func(Problem), visit func(*T) error) (Summary, error) {
	source, err := table.Open(path)
	if err != nil {
		return Summary{}, contentError(path, err, each)
	}
	defer source.Close()
	return k.scan(source, path, each, visit)
}

// Scan reads rows as JSON Lines, CSV or Parquet, plain, gzip or zstd, as the
// content says, and calls visit for every good one, in order; the row is good
// until visit returns. An error of visit ends the scan and is returned.
//
// Either every row is good, or the error is a [ContentError]; each is told of
// every problem, unless it is nil. A file without rows is one too. name stands
// for the file in messages. Memory does not grow with the size of rows, nor with
// their number: where rows must differ it takes some 25 bytes a row for up to a
// million, and then a temporary file, of 17 bytes a row. That a row has the name of
// another million rows away is told at the end, after it was visited.
func (k Kind[T]) Scan(r io.Reader, name string, each func(Problem), visit func(*T) error) (Summary, error) {
	source, err := table.New(r, name)
	if err != nil {
		return Summary{}, contentError(name, err, each)
	}
	defer source.Close()
	return k.scan(source, name, each, visit)
}

// Metadata returns a value of a file's own key-value pairs without reading its
// rows; empty where there is none, or the file is refused, of which a scan says
// why.
func (k Kind[T]) Metadata(path, key string) (string, error) {
	source, err := table.Open(path)
	var refused *table.Refused
	if errors.As(err, &refused) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer source.Close()
	reader, err := source.Rows(k.Columns())
	if errors.As(err, &refused) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return reader.Metadata(key), nil
}

// contentError turns a refusal of the file into a [ContentError].
func contentError(name string, err error, each func(Problem)) error {
	var refused *table.Refused
	if !errors.As(err, &refused) {
		return err
	}
	p := problems{file: name, each: each}
	p.add(0, "", "%s", refused.Reason)
	return p.err()
}

// Columns returns the columns that are read of such a file, in the kind's order.
func (k Kind[T]) Columns() []table.Column {
	columns := make([]table.Column, len(k.fields))
	for i, f := range k.fields {
		columns[i] = f.Column
	}
	return columns
}

func (k Kind[T]) names() []string {
	names := make([]string, len(k.fields))
	for i, f := range k.fields {
		names[i] = f.Name
	}
	return names
}

func (k Kind[T]) scan(source *table.Source, name string, each func(Problem), visit func(*T) error) (Summary, error) {
	reader, err := source.Rows(k.Columns())
	if err != nil {
		return Summary{}, contentError(name, err, each)
	}
	s := scanner[T]{kind: k, problems: problems{file: name, each: each}, visit: visit, firsts: newFirsts(), place: "on line"}
	if source.IsParquet() {
		s.place = "in row"
	}
	defer s.firsts.close()
	for batch := new(table.Batch); ; {
		err := reader.Read(batch)
		if err != nil && !errors.Is(err, io.EOF) {
			return Summary{}, fmt.Errorf("%s: %w", name, err)
		}
		more, visitErr := s.batch(batch)
		if visitErr != nil {
			return Summary{}, visitErr
		}
		if err != nil || !more {
			break
		}
	}
	if err := s.late(); err != nil {
		return Summary{}, fmt.Errorf("%s: %w", name, err)
	}
	if s.problems.total == 0 && s.rows == 0 {
		s.problems.add(0, "", "no %s: expected rows with %s", k.noun, k.needs)
	}
	if err := s.problems.err(); err != nil {
		return Summary{}, err
	}
	summary := Summary{Rows: s.rows, metadata: reader.Metadata}
	for i, present := range reader.Present() {
		if present {
			summary.Columns = append(summary.Columns, k.fields[i].Name)
		}
	}
	summary.Warnings = append(unused(reader.Unknown(), k.names()), reader.Notes()...)
	return summary, nil
}

// unused names the columns that were passed over, with the field that each may
// have meant.
func unused(columns, fields []string) []string {
	if len(columns) == 0 {
		return nil
	}
	names := slices.Sorted(slices.Values(columns))
	said := make([]string, min(len(names), 20))
	for i := range said {
		said[i] = wording.Quote(names[i]) + wording.DidYouMean(names[i], fields)
	}
	more := ""
	switch n := len(names) - len(said); {
	case len(names) == table.MaxUnknown:
		more = fmt.Sprintf(" and at least %d more", n)
	case n > 0:
		more = fmt.Sprintf(" and %d more", n)
	}
	return []string{fmt.Sprintf("columns not used: %s%s", strings.Join(said, ", "), more)}
}
