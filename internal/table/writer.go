package table

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

// ErrName is the error of a file whose name does not say how to write it.
var ErrName = errors.New("name does not say the format")

// Format is a container and a compression, as a file's name ends.
type Format struct {
	Container   string // "jsonl", "csv" or "parquet"
	Compression string // "", "gz" or "zst"
}

// FormatOf reads a file's format from its name: .jsonl, .csv or .parquet,
// perhaps with .gz or .zst behind.
func FormatOf(path string) (Format, error) {
	var f Format
	name := strings.ToLower(filepath.Base(path))
	for _, compression := range []string{"gz", "zst"} {
		if rest, found := strings.CutSuffix(name, "."+compression); found {
			f.Compression, name = compression, rest
			break
		}
	}
	switch ending := strings.TrimPrefix(filepath.Ext(name), "."); ending {
	case "jsonl", "csv", "parquet":
		f.Container = ending
		return f, nil
	}
	return f, fmt.Errorf("%w: %s: expected one that ends in .jsonl, .csv or .parquet, perhaps with .gz or .zst behind", ErrName, path)
}

// encoder writes checked batches as one container. With errLong it returns
// which row of the batch is too long.
type encoder interface {
	write(*Batch) (int, error)
	close() error
}

// A Writer writes rows. The same rows give the same bytes.
type Writer struct {
	rows    encoder
	columns []Column
	row     int         // rows written
	layers  []io.Closer // compression, innermost first
	buffer  *bufio.Writer
}

// NewWriter returns a writer of the given columns; metadata are key-value
// pairs that only Parquet can hold, in the order of their keys.
func NewWriter(w io.Writer, f Format, columns []Column, metadata map[string]string) (*Writer, error) {
	t := &Writer{columns: columns, buffer: bufio.NewWriterSize(w, 1<<16)}
	w = t.buffer
	switch f.Compression {
	case "gz":
		z := gzip.NewWriter(w)
		t.layers, w = append(t.layers, z), z
	case "zst":
		z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) // one goroutine: the same bytes
		if err != nil {
			return nil, err
		}
		t.layers, w = append(t.layers, z), z
	}
	switch f.Container {
	case "jsonl":
		t.rows = &jsonWriter{w: w, columns: columns}
	case "csv":
		t.rows = &csvWriter{w: w, columns: columns}
	case "parquet":
		rows, err := newParquetWriter(w, columns, metadata)
		if err != nil {
			return nil, err
		}
		t.rows = rows
	default:
		return nil, fmt.Errorf("%w: container %q", ErrName, f.Container)
	}
	return t, nil
}

// Write writes the rows of a batch with the writer's columns.
func (t *Writer) Write(b *Batch) error {
	for c, column := range t.columns {
		if i, err := b.Cells[c].check(column, b.Rows); err != nil {
			return fmt.Errorf("row %d, column %s: %w", t.row+i+1, column.Name, err)
		}
	}
	i, err := t.rows.write(b)
	if errors.Is(err, errLong) {
		err = fmt.Errorf("row %d: %w", t.row+i+1, err)
	}
	t.row += b.Rows
	return err
}

var errLong = fmt.Errorf("is longer than %d MiB", MaxRow>>20)

// check finds the first of n cells that no reader would take.
func (c *Cells) check(column Column, n int) (int, error) {
	for i, known := range c.Known[:n] {
		if !known && column.Required {
			return i, fmt.Errorf("expected %s, found nothing", column.Type)
		}
	}
	switch t := column.Type; {
	case t.isText():
		for i, s := range c.Text[:n] {
			if len(s) > MaxRow {
				return i, errLong
			}
			if !utf8.ValidString(s) {
				return i, errors.New("text is not valid UTF-8")
			}
		}
	case t == Number || t == Whole:
		for i, v := range c.Number[:n] {
			if v-v != 0 {
				return i, finite(v)
			}
			if t == Whole && !isWhole(v) {
				return i, errors.New(notWhole(v, fmt.Sprint(v)))
			}
		}
	case t == Numbers:
		return checkLists(c.List[:n])
	case t == Vector:
		return checkLists(c.Vector[:n])
	}
	return 0, nil
}

func checkLists[F float32 | float64](lists [][]F) (int, error) {
	for i, list := range lists {
		if err := finite(list...); err != nil {
			return i, err
		}
		if 8*len(list) > MaxRow {
			return i, errLong
		}
	}
	return 0, nil
}

func finite[F float32 | float64](numbers ...F) error {
	for _, v := range numbers {
		if v-v != 0 { // NaN or infinite
			return fmt.Errorf("%g cannot be written: an unknown number is left out", v)
		}
	}
	return nil
}

// Close writes what is left. It does not close the underlying writer.
func (t *Writer) Close() error {
	if err := t.rows.close(); err != nil {
		return err
	}
	for _, layer := range t.layers {
		if err := layer.Close(); err != nil {
			return err
		}
	}
	return t.buffer.Flush()
}

// WriteFile creates or replaces the file at path with what write writes. The
// file appears whole or not at all: it is written to a temporary name in the
// same folder, synced, and renamed. A link to a file stays one: that file is
// replaced.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			path = target
		}
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		var of *os.PathError
		if errors.As(err, &of) {
			err = of.Err
		}
		return &os.PathError{Op: "write", Path: path, Err: err}
	}
	defer func() {
		if err != nil {
			_ = f.Close() // at worst a second time: err says what went wrong
			err = errors.Join(aboutFile(err, f.Name(), path), aboutFile(os.Remove(f.Name()), f.Name(), path))
		}
	}()
	buffered := bufio.NewWriterSize(f, 1<<16)
	for _, step := range []func() error{
		func() error { return write(buffered) },
		buffered.Flush,
		func() error { return f.Chmod(0o644) },
		f.Sync,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// aboutFile names the file that was asked for where an error is about the
// temporary one; other errors are of whoever wrote the content.
func aboutFile(err error, temporary, path string) error {
	var of *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &link) && link.Old == temporary:
		err = link.Err
	case errors.As(err, &of) && of.Path == temporary:
		err = of.Err
	default:
		return err
	}
	return &os.PathError{Op: "write", Path: path, Err: err}
}
