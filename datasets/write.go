package datasets

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/internal/table"
	"github.com/routeproof/routeproof/internal/wording"
)

// Format is a container (jsonl, csv, parquet) and a compression (none, gz, zst).
type Format = table.Format

// ErrName is the error of a file whose name does not say how to write it.
var ErrName = table.ErrName

// FormatOf reads a file's format from its name: .jsonl, .csv or .parquet,
// perhaps with .gz or .zst behind. The error is [ErrName].
func FormatOf(path string) (Format, error) { return table.FormatOf(path) }

// WriteOptions say what of the rows is written. The zero value is everything.
type WriteOptions struct {
	Columns  []string          // nil: all of the kind
	Metadata map[string]string // key-value pairs, which only Parquet holds
}

// WriteFile writes rows to the file at path, in the format that its name says;
// it appears whole or not at all. See [Kind.Write].
func (k Kind[T]) WriteFile(path string, o WriteOptions, rows func(put func(T) error) error) error {
	f, err := FormatOf(path)
	if err != nil {
		return err
	}
	return WriteFile(path, func(w io.Writer) error { return k.Write(w, f, o, rows) })
}

// Write writes the rows that rows puts. The same rows and options give the
// same bytes. Absent values are left out of JSON Lines, empty in CSV and null
// in Parquet. Memory is bounded.
//
// Values that no reader takes are refused: names without anything in them,
// numbers out of range, text that is not UTF-8. What takes more than one value
// to see is not looked at: rows that should differ, labels that are no tier.
func (k Kind[T]) Write(w io.Writer, f Format, o WriteOptions, rows func(put func(T) error) error) error {
	fields, err := k.selected(o.Columns)
	if err != nil {
		return err
	}
	columns := make([]table.Column, len(fields))
	for c, f := range fields {
		columns[c] = f.Column
	}
	writer, err := table.NewWriter(w, f, columns, o.Metadata)
	if err != nil {
		return err
	}
	var batch table.Batch
	batch.Reset(columns)
	written := 0
	flush := func() error {
		err := writer.Write(&batch)
		if err == nil {
			err = checkCells(fields, &batch, written)
		}
		written += batch.Rows
		batch.Reset(columns)
		return err
	}
	held := new(T) // one for all rows, as the fields would have each on the heap
	if err := rows(func(row T) error {
		batch.Append(0)
		*held = row
		for c := range fields {
			fields[c].store(held, &batch, c)
		}
		if batch.Full() {
			return flush()
		}
		return nil
	}); err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return writer.Close()
}

// checkCells finds the first value of a batch that a reader refuses; rows is how
// many were written before.
func checkCells[T any](fields []field[T], b *table.Batch, rows int) error {
	for k, f := range fields {
		if f.fault == nil {
			continue
		}
		if i, reason := f.fault(&b.Cells[k], 0); i >= 0 {
			return fmt.Errorf("row %d, column %s: %s", rows+i+1, f.Name, reason)
		}
	}
	return nil
}

// selected returns the fields to write, in the kind's order.
func (k Kind[T]) selected(columns []string) ([]field[T], error) {
	wanted := map[string]bool{}
	for _, name := range columns {
		wanted[name] = true
	}
	var fields []field[T]
	var names []string // of what can be written
	for _, f := range k.fields {
		if f.store == nil {
			continue
		}
		names = append(names, f.Name)
		if columns == nil || wanted[f.Name] || f.Required {
			fields = append(fields, f)
		}
	}
	for _, name := range columns {
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("%s are not written with a column %s: expected one of %s%s", k.noun, wording.Quote(name), strings.Join(names, ", "), wording.DidYouMean(name, names))
		}
	}
	return fields, nil
}

// WriteFile creates or replaces the file at path with what write writes. The
// file appears whole or not at all: it is written to a temporary name in the
// same folder, synced, and renamed.
func WriteFile(path string, write func(io.Writer) error) error { return table.WriteFile(path, write) }
