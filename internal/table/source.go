package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
)

const parquetMagic = "PAR1"

// A Source is an open file of rows.
type Source struct {
	name string
	r    *bufio.Reader // decompressed
	file *os.File      // if the bytes are a plain file
	size int64         // of a plain file
	in   *counter      // the bytes as they came

	packed    string // how they were compressed; empty: they were not
	spooled   bool   // file is what r held
	separator byte   // of CSV, once it is chosen
	undo      []func() error
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

// maxHead is how far ahead is looked to tell what a file is.
const maxHead = 1 << 15

// Rows returns a reader of the given columns. It is called once.
func (s *Source) Rows(columns []Column) (Reader, error) {
	head, err := s.head()
	if err != nil && len(head) == 0 {
		return nil, err
	}
	var reader Reader
	switch {
	case s.isParquet(head):
		reader, err := s.openParquet(columns)
		if err != nil {
			return nil, err
		}
		return reader, nil
	case bytes.HasPrefix(head, []byte("\x80\x04")), bytes.HasPrefix(head, []byte("\x80\x05")):
		return nil, refuse(`is a Python pickle, which can run code and is not read: convert it (python3 -c 'import pandas; pandas.read_pickle("in.pkl").to_csv("out.csv", index=False)')`)
	case s.isCSV(head):
		reader = newCSVReader(s.r, s.separatorOf(head, columns), columns)
	default:
		reader = newJSONReader(s.r, columns)
	}
	if strings.HasSuffix(plainName(s.name), ".parquet") {
		return &misnamed{Reader: reader}, nil
	}
	return reader, nil
}

// head returns what the content begins with. Where an error is of the content
// it comes again with the rows; any other may leave some bytes.
func (s *Source) head() ([]byte, error) {
	head, err := s.r.Peek(maxHead)
	switch name, undo := compressionOf(head); {
	case name != "" && s.packed == "":
		return nil, notRead(name, undo)
	case name != "":
		return nil, refuse("is compressed twice, %s within %s: undo %s first", name, s.packed, s.packed)
	case hasUTF16Mark(head) || isBareUTF16(head):
		return nil, errUTF16
	}
	if _, damaged := asRefused(err); damaged || errors.Is(err, io.EOF) {
		err = nil
	}
	return head, err
}

var errUTF16 = refuse("is UTF-16: save it as UTF-8")

func hasUTF16Mark(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))
}

// isBareUTF16 tells whether the first characters are ASCII with a NUL before or
// behind each.
func isBareUTF16(head []byte) bool {
	head = head[:min(len(head), 16)]
	nul := [2]int{} // at even and odd places
	for i, b := range head {
		if b == 0 {
			nul[i%2]++
		}
	}
	each := len(head) / 2
	return each >= 2 && nul[0]+nul[1] == each && (nul[0] == each || nul[1] == each)
}

// misnamed reads a file that is named like Parquet and is none, which is worth
// knowing where anything is wrong with it.
type misnamed struct {
	Reader
	told bool
}

func (m *misnamed) Read(b *Batch) error {
	err := m.Reader.Read(b)
	if len(b.Faults) > 0 && !m.told {
		m.told = true
		b.Faults[0].Reason += fmt.Sprintf(" (its name ends in .parquet, but it does not begin with %s as Parquet does)", parquetMagic)
	}
	return err
}

// Names returns all column names of a CSV or Parquet file, so that a reader can
// be asked for columns that depend on them. JSON Lines have none beforehand.
func (s *Source) Names() ([]string, error) {
	head, err := s.head()
	if err != nil {
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
	records := records{r: bufio.NewReader(left), separator: s.separatorOf(head, nil)}
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

// separatorOf returns what stands between the cells of CSV: of comma, semicolon
// and tab the one by which most columns asked for stand in the header, and else
// the most frequent one; ties go to the comma. It is chosen once, so that all
// that is told of a file is told of the same cells.
func (s *Source) separatorOf(head []byte, columns []Column) byte {
	if s.separator != 0 {
		return s.separator
	}
	s.separator = ','
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), "\r\n")
	most := 0
	for _, separator := range []byte(",;\t") {
		if n := weigh(head, separator, columns); n > most {
			s.separator, most = separator, n
		}
	}
	return s.separator
}

// weigh counts the separators of the first record that do not stand in quotes,
// and each column asked for as more than all of them.
func weigh(head []byte, separator byte, columns []Column) (n int) {
	quoted, start := false, 0
	endCell := func(end int) {
		name := strings.Trim(string(head[start:end]), "\" \r")
		if slices.ContainsFunc(columns, func(c Column) bool { return c.Name == name }) {
			n += maxHead
		}
		start = end + 1
	}
	for i, b := range head {
		switch {
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == separator:
			n++
			endCell(i)
		case b == '\n':
			endCell(i)
			return n
		}
	}
	endCell(len(head))
	return n
}

// IsParquet tells whether what [Source.Rows] reads counts rows instead of lines.
func (s *Source) IsParquet() bool {
	head, _ := s.r.Peek(len(parquetMagic)) // an error comes with the rows
	return s.isParquet(head)
}

func (s *Source) isParquet(head []byte) bool {
	return s.spooled || bytes.HasPrefix(head, []byte(parquetMagic))
}

// isCSV goes by the first byte that is no white space: JSON Lines begin with
// a JSON value. Otherwise a name that says so, or a separator in the first
// line, means CSV. In a file so named a bracket begins JSON only where an
// object follows: [id],[prompt] is a header.
func (s *Source) isCSV(head []byte) bool {
	name := plainName(s.name)
	named := strings.HasSuffix(name, ".csv") || strings.HasSuffix(name, ".tsv")
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), " \t\r\n")
	if array, is := bytes.CutPrefix(head, []byte("[")); is {
		return named && !bytes.HasPrefix(bytes.TrimLeft(array, " \t\r\n"), []byte("{"))
	}
	if bytes.HasPrefix(head, []byte("{")) {
		return false
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	return named || bytes.ContainsAny(first, ",;\t")
}

// plainName is a name in lower case without the ending of a compression.
func plainName(name string) string {
	name = strings.ToLower(name)
	return strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
}

const byteOrderMark = "\ufeff"
