package table

import (
	"bufio"
	"bytes"
	"compress/flate"
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
	undo []func() error
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

// Read reads the decompressed bytes.
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
		if err != nil {
			return refuse("gzip header is damaged: %v", err)
		}
		s.r, s.file = bufio.NewReaderSize(z, 1<<16), nil
	case has(zstdMagic):
		z, err := zstd.NewReader(s.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return refuse("zstd header is damaged: %v", err)
		}
		s.undo = append(s.undo, func() error { z.Close(); return nil })
		s.r, s.file = bufio.NewReaderSize(z, 1<<16), nil
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
	for {
		n, err := io.CopyN(f, s.r, 1<<20)
		s.size += n
		switch {
		case errors.Is(err, io.EOF):
			s.file = f
			return nil
		case err != nil && damaged(err):
			return refuse("compressed data is damaged or cut short (%v): fetch the file again", err)
		case err != nil:
			return err
		case s.size > spoolFree+spoolRatio*s.in.n:
			return refuse("decompresses to over %d times its size, which no Parquet file does: decompress it by hand if it is sound", spoolRatio)
		}
	}
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// damaged tells whether decompression failed on what it read.
func damaged(err error) bool {
	var corrupt flate.CorruptInputError
	if errors.As(err, &corrupt) {
		return true
	}
	for _, target := range []error{
		io.ErrUnexpectedEOF, gzip.ErrHeader, gzip.ErrChecksum,
		zstd.ErrReservedBlockType, zstd.ErrCompressedSizeTooBig, zstd.ErrBlockTooSmall, zstd.ErrUnexpectedBlockSize,
		zstd.ErrMagicMismatch, zstd.ErrWindowSizeExceeded, zstd.ErrWindowSizeTooSmall, zstd.ErrDecoderSizeExceeded,
		zstd.ErrUnknownDictionary, zstd.ErrFrameSizeExceeded, zstd.ErrFrameSizeMismatch, zstd.ErrCRCMismatch,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// Rows returns a reader of the given columns.
func (s *Source) Rows(columns []Column) (Reader, error) {
	head, err := s.r.Peek(1 << 15)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) && len(head) == 0 && !damaged(err) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte(parquetMagic)):
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
	head, err := s.r.Peek(1 << 15)
	if err != nil && !errors.Is(err, io.EOF) && !damaged(err) {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte(parquetMagic)) {
		reader, err := s.openParquet(nil)
		if err != nil {
			return nil, err
		}
		return reader.names, nil
	}
	if !s.isCSV(head) {
		return nil, refuse("expected CSV with a header, or Parquet")
	}
	records := records{r: bufio.NewReader(bytes.NewReader(head)), separator: separatorOf(s.r, nil)}
	for {
		switch err := records.next(); {
		case errors.Is(err, io.EOF):
			return nil, refuse("expected a CSV header, found none")
		case err != nil:
			return nil, err
		case records.problem != "":
			return nil, refuse("in the CSV header: %s", records.problem)
		}
		if !records.blank() {
			return records.header(), nil
		}
	}
}

// isCSV goes by the first byte that is no white space: JSON Lines begin with
// a JSON value. Otherwise a name that says so, or a separator in the first
// line, means CSV.
func (s *Source) isCSV(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n")
	if len(head) == 0 || bytes.IndexByte([]byte("{["), head[0]) >= 0 {
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
