package table

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"

	"github.com/klauspost/compress/zstd"
)

// maxWindow bounds the decompressor's memory; zstd -19 --long needs that much.
const maxWindow = 128 << 20

// Magic bytes.
const (
	gzipMagic    = "\x1f\x8b"
	zstdMagic    = "\x28\xb5\x2f\xfd"
	zipMagic     = "PK\x03\x04"
	parquetMagic = "PAR1"
)

// A Source is an open file of rows.
type Source struct {
	name string
	r    *bufio.Reader // decompressed
	file *os.File      // if the bytes are a plain file
	size int64         // of a plain file
	in   *counter      // the bytes as they came

	spooled bool // file is what r held
	undo    []func() error
}

// Open opens the file at path. It is decompressed if its first bytes say that
// it is gzip or zstd, whatever its name.
func Open(path string) (*Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = &os.PathError{Op: "open", Path: path, Err: syscall.EISDIR}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s := &Source{name: path, undo: []func() error{f.Close}}
	if info.Mode().IsRegular() {
		s.file, s.size = f, info.Size()
	}
	if err := s.decompress(f); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// New returns the source of a stream. The name's ending tells CSV from JSON
// Lines where the content does not.
func New(r io.Reader, name string) (*Source, error) {
	s := &Source{name: name}
	if err := s.decompress(r); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Read reads the decompressed bytes. Damaged data is [Refused].
func (s *Source) Read(b []byte) (int, error) { return s.r.Read(b) }

// Close closes what Open opened.
func (s *Source) Close() error {
	var errs []error
	for i := len(s.undo) - 1; i >= 0; i-- {
		errs = append(errs, s.undo[i]())
	}
	return errors.Join(errs...)
}

func (s *Source) decompress(r io.Reader) error {
	s.in = &counter{r: r}
	s.r = bufio.NewReaderSize(s.in, 1<<16)
	magic, err := s.r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	has := func(prefix string) bool { return bytes.HasPrefix(magic, []byte(prefix)) }
	switch {
	case has(gzipMagic):
		z, err := gzip.NewReader(s.r)
		if err != nil && s.in.err == nil {
			return refuse("gzip header is damaged: %v", err)
		}
		if err != nil {
			return err
		}
		s.r, s.file = bufio.NewReaderSize(&unpacker{z, s.in}, 1<<16), nil
	case has(zstdMagic):
		z, err := zstd.NewReader(s.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return err // of the options: nothing was read
		}
		s.undo = append(s.undo, func() error { z.Close(); return nil })
		s.r, s.file = bufio.NewReaderSize(&unpacker{z, s.in}, 1<<16), nil
	case has(zipMagic):
		return refuse("is a zip archive: expected JSON Lines, CSV or Parquet, plain, .gz or .zst (unzip it first)")
	case has("\xff\xfe"), has("\xfe\xff"):
		return refuse("is UTF-16: save it as UTF-8")
	}
	return nil
}

// Spools are files that compressed Parquet is unpacked to, since its end must
// be read first. What grows far beyond what Parquet can is taken for a bomb.
const (
	spoolFree  = 256 << 20
	spoolRatio = 32
)

// spool copies the rest to a temporary file, which goes away with the source.
func (s *Source) spool() error {
	f, err := os.CreateTemp("", "routeproof-*.parquet")
	if err != nil {
		return err
	}
	s.undo = append(s.undo, func() error { return errors.Join(f.Close(), os.Remove(f.Name())) })
	s.size = 0
	for {
		n, err := io.CopyN(f, s.r, 1<<20)
		s.size += n
		switch {
		case errors.Is(err, io.EOF):
			s.file, s.spooled = f, true
			return nil
		case err != nil:
			return err
		case s.size > spoolFree+spoolRatio*s.in.n:
			return refuse("decompresses to over %d times its size, which no Parquet file does: decompress it by hand if it is sound", spoolRatio)
		}
	}
}

// counter counts what is read, and remembers a failure to read.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// unpacker refuses compressed data that is damaged, which a failure to read it
// is not.
type unpacker struct {
	r  io.Reader
	in *counter
}

func (u *unpacker) Read(b []byte) (int, error) {
	n, err := u.r.Read(b)
	if err != nil && !errors.Is(err, io.EOF) && u.in.err == nil {
		err = refuse("compressed data is damaged or cut short (%v): fetch the file again", err)
	}
	return n, err
}

// maxHead is how far ahead is looked to tell what a file is.
const maxHead = 1 << 15

// Rows returns a reader of the given columns. It is called once.
func (s *Source) Rows(columns []Column) (Reader, error) {
	head, err := s.r.Peek(maxHead)
	if _, damaged := asRefused(err); err != nil && !errors.Is(err, io.EOF) && len(head) == 0 && !damaged {
		return nil, err
	}
	switch {
	case s.isParquet(head):
		reader, err := s.openParquet(columns)
		if err != nil {
			return nil, err
		}
		return reader, nil
	case bytes.HasPrefix(head, []byte("\x80\x04")), bytes.HasPrefix(head, []byte("\x80\x05")):
		return nil, refuse(`is a Python pickle, which can run code and is not read: convert it (python3 -c 'import pandas; pandas.read_pickle("in.pkl").to_csv("out.csv", index=False)')`)
	}
	if s.isCSV(head) {
		return newCSVReader(s.r, columns), nil
	}
	return newJSONReader(s.r, columns), nil
}

// Names returns all column names of a CSV or Parquet file, so that a reader can
// be asked for columns that depend on them. JSON Lines have none beforehand.
func (s *Source) Names() ([]string, error) {
	head, err := s.r.Peek(maxHead)
	if _, damaged := asRefused(err); err != nil && !errors.Is(err, io.EOF) && !damaged {
		return nil, err
	}
	if s.isParquet(head) {
		reader, err := s.openParquet(nil)
		if err != nil {
			return nil, err
		}
		return reader.names, nil
	}
	if !s.isCSV(head) {
		return nil, refuse("expected CSV with a header, or Parquet")
	}
	left := bytes.NewReader(head)
	records := records{r: bufio.NewReader(left), separator: separatorOf(s.r, nil)}
	for {
		switch err := records.next(); {
		case errors.Is(err, io.EOF):
			return nil, refuse("expected a CSV header, found none")
		case err != nil:
			return nil, err
		case records.problem != "":
			return nil, refuse("in the CSV header: %s", records.problem)
		}
		if len(head) == maxHead && left.Len() == 0 && records.r.Buffered() == 0 {
			return nil, refuse("expected a CSV header of at most %d KiB", maxHead>>10)
		}
		if !records.blank() {
			return records.header(), nil
		}
	}
}

func (s *Source) isParquet(head []byte) bool {
	return s.spooled || bytes.HasPrefix(head, []byte(parquetMagic))
}

// isCSV goes by the first byte that is no white space: JSON Lines begin with
// a JSON value. Otherwise a name that says so, or a separator in the first
// line, means CSV.
func (s *Source) isCSV(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n")
	if len(head) > 0 && bytes.IndexByte([]byte("{["), head[0]) >= 0 {
		return false
	}
	for _, ending := range []string{".csv", ".tsv"} {
		if strings.HasSuffix(plainName(s.name), ending) {
			return true
		}
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	return bytes.ContainsAny(first, ",;\t")
}

// plainName is a name in lower case without the ending of a compression.
func plainName(name string) string {
	name = strings.ToLower(name)
	return strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
}

const byteOrderMark = "\ufeff"
