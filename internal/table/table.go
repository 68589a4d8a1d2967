// Package table reads and writes rows of named, typed columns as JSON Lines,
// CSV or Parquet, plain, gzip or zstd.
//
// A [Source] finds out what a file is from its first bytes; its [Reader] fills
// a [Batch] with the columns that were asked for and notes every fault with its
// line. A [Writer] does the reverse, and gives the same bytes for the same
// rows. What the columns mean is for others to know.
package table

import (
	"errors"
	"fmt"
	"slices"
)

// A Type is what a column's values are.
type Type uint8

// The types, and where a value lies in [Cells].
const (
	Text    Type = iota // a string: Cells.Text
	Name                // a string; in CSV and Parquet also an integer, taken as its digits: Cells.Text
	JSON                // a JSON object or array, as text, or a string that holds one: Cells.Text
	Number              // a finite number: Cells.Number
	Whole               // a whole number within ±(2^53 − 1): Cells.Number
	Boolean             // true or false: Cells.Bool
	Numbers             // a list of finite numbers: Cells.List
	Vector              // a list of finite numbers as float32: Cells.Vector
)

func (t Type) String() string {
	return [...]string{"a string", "a string", "a string", "a number", "a whole number", "true or false", "a list of numbers", "a list of numbers"}[t]
}

// element is what a list's elements are, or the type itself.
func (t Type) element() Type {
	if t == Numbers || t == Vector {
		return Number
	}
	return t
}

func (t Type) isText() bool { return t <= JSON }

// A Column is one that a reader is asked for or a writer is given.
type Column struct {
	Name     string
	Type     Type
	Required bool // a row without it is at fault
	Repeats  bool // values recur, so that a dictionary pays
}

// Cells are the values of a column in a batch; of the value slices only that
// of the column's type is used. Where Known is false the value is absent.
type Cells struct {
	Known  []bool
	Text   []string
	Number []float64
	Bool   []bool
	List   [][]float64
	Vector [][]float32
}

// Batch sizes: a batch ends with the row that reaches one of them.
const (
	maxBatchRows   = 1024
	maxBatchBytes  = 4 << 20
	maxBatchFaults = 4096
)

// MaxRow is the longest line or record, in bytes, and in Parquet the longest
// value. It bounds memory on hostile files.
const MaxRow = 8 << 20

// A Batch is some rows of a file. Cells[c] belongs to the column c that was
// asked for. List and Vector values are good until the batch is read again.
type Batch struct {
	Rows   int
	Line   []int // of each row: line, or row number in Parquet, from 1
	Cells  []Cells
	Faults []Fault // ordered by line

	columns []Column
	lists   []float64 // what Cells.List points into
	vectors []float32
	bytes   int // of the values
}

// A Fault is something wrong with the content. A row with a fault at its line
// has no good values.
type Fault struct {
	Line   int    // 0 where it is about the file as a whole
	Column string // empty where it is about the row as a whole
	Reason string
}

// A Reader hands out the rows of a file in order.
type Reader interface {
	// Read replaces the batch by the next rows, of which there may be none.
	// The end is io.EOF, with no rows but perhaps faults; any other error is a
	// failure to read, and not one of the content.
	Read(*Batch) error
	// Present tells for each column asked for whether it was seen so far.
	Present() []bool
	// Unknown names the columns that were seen but not asked for, shortened,
	// in order of appearance, at most [MaxUnknown].
	Unknown() []string
	// Metadata returns a value of the file's own key-value pairs, which only
	// Parquet has; empty where there is none.
	Metadata(key string) string
	// Notes are remarks about values that were read in a way worth telling.
	Notes() []string
}

// MaxUnknown is how many columns that nobody asked for are told apart.
const MaxUnknown = 1000

// Refused is the error of a file that is not what can be read.
type Refused struct{ Reason string }

func (r *Refused) Error() string { return r.Reason }

func refuse(format string, args ...any) error { return &Refused{fmt.Sprintf(format, args...)} }

// asRefused returns the reason, if err is a refusal.
func asRefused(err error) (string, bool) {
	var r *Refused
	if errors.As(err, &r) {
		return r.Reason, true
	}
	return "", false
}

// Reset empties the batch and gives it columns.
func (b *Batch) Reset(columns []Column) {
	if len(b.Cells) != len(columns) {
		b.Cells = make([]Cells, len(columns))
	}
	if b.lists == nil {
		b.lists, b.vectors = []float64{}, []float32{} // so that an empty list is not nil
	}
	b.columns = columns
	for c := range b.Cells {
		b.Cells[c].cut(0)
	}
	b.Rows, b.bytes = 0, 0
	b.Line, b.Faults, b.lists, b.vectors = b.Line[:0], b.Faults[:0], b.lists[:0], b.vectors[:0]
}

// Append adds a row without values. The Set functions give it some.
func (b *Batch) Append(line int) {
	b.Rows++
	b.Line = append(b.Line, line)
	for c := range b.Cells {
		cells := &b.Cells[c]
		cells.Known = append(cells.Known, false)
		switch t := b.columns[c].Type; {
		case t.isText():
			cells.Text = append(cells.Text, "")
		case t == Number || t == Whole:
			cells.Number = append(cells.Number, 0)
		case t == Boolean:
			cells.Bool = append(cells.Bool, false)
		case t == Numbers:
			cells.List = append(cells.List, nil)
		case t == Vector:
			cells.Vector = append(cells.Vector, nil)
		}
	}
}

// grow appends n cells without a value.
func (c *Cells) grow(t Type, n int) {
	c.Known = longer(c.Known, n)
	switch {
	case t.isText():
		c.Text = longer(c.Text, n)
	case t == Number || t == Whole:
		c.Number = longer(c.Number, n)
	case t == Boolean:
		c.Bool = longer(c.Bool, n)
	case t == Numbers:
		c.List = longer(c.List, n)
	case t == Vector:
		c.Vector = longer(c.Vector, n)
	}
}

// longer appends n zero values.
func longer[T any](s []T, n int) []T {
	s = slices.Grow(s, n)[:len(s)+n]
	clear(s[len(s)-n:])
	return s
}

// cut keeps the first n cells.
func (c *Cells) cut(n int) {
	c.Known = c.Known[:min(n, len(c.Known))]
	c.Text = c.Text[:min(n, len(c.Text))]
	c.Number = c.Number[:min(n, len(c.Number))]
	c.Bool = c.Bool[:min(n, len(c.Bool))]
	c.List = c.List[:min(n, len(c.List))]
	c.Vector = c.Vector[:min(n, len(c.Vector))]
}

func (b *Batch) fault(line int, column, format string, args ...any) {
	b.Faults = append(b.Faults, Fault{Line: line, Column: column, Reason: fmt.Sprintf(format, args...)})
}

// SetText sets a cell of the last row.
func (b *Batch) SetText(c int, s string) {
	cells, i := &b.Cells[c], b.Rows-1
	cells.Known[i], cells.Text[i] = true, s
	b.bytes += len(s)
}

// SetNumber sets a cell of the last row.
func (b *Batch) SetNumber(c int, v float64) {
	cells, i := &b.Cells[c], b.Rows-1
	cells.Known[i], cells.Number[i] = true, v
	b.bytes += 8
}

// SetBool sets a cell of the last row.
func (b *Batch) SetBool(c int, v bool) {
	cells, i := &b.Cells[c], b.Rows-1
	cells.Known[i], cells.Bool[i] = true, v
	b.bytes++
}

// SetNumbers sets a cell of the last row. The slice is copied.
func (b *Batch) SetNumbers(c int, v []float64) {
	from := len(b.lists)
	b.lists = append(b.lists, v...)
	b.setList(c, b.Rows-1, from)
}

// SetVector sets a cell of the last row. The slice is copied.
func (b *Batch) SetVector(c int, v []float32) {
	from := len(b.vectors)
	b.vectors = append(b.vectors, v...)
	b.setList(c, b.Rows-1, from)
}

// Full tells whether the batch is large enough to be written or handed out.
func (b *Batch) Full() bool {
	return b.Rows >= maxBatchRows || b.bytes >= maxBatchBytes || len(b.Faults) >= maxBatchFaults
}

// stored is how many numbers of lists of type t the batch holds.
func (b *Batch) stored(t Type) int {
	if t == Vector {
		return len(b.vectors)
	}
	return len(b.lists)
}

// unstore gives up the numbers stored from a place on, which no cell has. A bad
// list counts nothing towards a full batch, so it must take no room either.
func (b *Batch) unstore(t Type, from int) {
	if t == Vector {
		b.vectors = b.vectors[:from]
	} else {
		b.lists = b.lists[:from]
	}
}

// setList sets the i-th cell to the numbers stored from a place on.
func (b *Batch) setList(c, i, from int) {
	cells := &b.Cells[c]
	cells.Known[i] = true
	if b.columns[c].Type == Vector {
		cells.Vector[i] = b.vectors[from:len(b.vectors):len(b.vectors)]
		b.bytes += 4 * len(cells.Vector[i])
		return
	}
	cells.List[i] = b.lists[from:len(b.lists):len(b.lists)]
	b.bytes += 8 * len(cells.List[i])
}
