package datasets

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxLine is the longest line, in bytes, that readers take. It bounds memory
// on hostile files.
const MaxLine = 8 << 20

// lines walks a JSON Lines file. Bad lines go to problems and are passed over.
type lines struct {
	r        *bufio.Reader
	problems *problems
	buf      []byte
	line     int
	begun    bool     // a line that is not blank was seen
	ended    bool     // nothing more is to be read
	unknown  []string // columns that nobody asked for, in order of appearance, shortened
}

// maxUnknown is how many columns that nobody asked for are told apart.
const maxUnknown = 1000

// maxProblems is how many problems are listed before reading stops, so that a
// small compressed file cannot fill a disk with them.
const maxProblems = 100_000

func newLines(r io.Reader, p *problems) *lines {
	return &lines{r: bufio.NewReaderSize(r, 1<<16), problems: p}
}

// next returns the next row that is a JSON object, and false at the end. Only
// a failure to read is an error; damaged compression counts as a problem of
// the content and ends the file.
func (l *lines) next() (*row, bool, error) {
	for {
		if l.problems.total >= maxProblems {
			l.problems.add(l.line, "", "more than %d problems: the rest of the file was not read", maxProblems)
			l.ended = true
		}
		if l.ended {
			return nil, false, nil
		}
		line, tooLong, err := l.read()
		if errors.Is(err, io.EOF) {
			return nil, false, nil
		}
		if err != nil {
			if damaged(err) {
				l.problems.add(l.line, "", "compressed data is damaged or cut short (%v): fetch the file again", err)
				return nil, false, nil
			}
			return nil, false, err
		}
		switch {
		case tooLong:
			l.problems.add(l.line, "", "line is longer than %d MiB: expected one JSON object a line, each shorter", MaxLine>>20)
			continue
		case len(bytes.TrimSpace(line)) == 0:
			continue
		case !utf8.Valid(line):
			l.problems.add(l.line, "", "not valid UTF-8 from byte %d of the line: save the file as UTF-8", validPrefix(line)+1)
			continue
		}
		first := !l.begun
		l.begun = true
		r := &row{lines: l, line: l.line}
		if err := r.parse(line); err != nil {
			if first && l.wrongFormat(line) {
				l.ended = true
				continue
			}
			l.problems.add(l.line, "", "expected one JSON object: %v", err)
			continue
		}
		return r, true, nil
	}
}

// wrongFormat says so where a file's first line shows that the file is no JSON
// Lines at all, so that there is no point in complaining about every line.
func (l *lines) wrongFormat(line []byte) bool {
	line = bytes.TrimSpace(line)
	switch {
	case line[0] == '[':
		l.problems.add(0, "", "looks like one JSON array: expected one object a line (jq -c '.[]' turns one into the other)")
	case string(line) == "{":
		l.problems.add(0, "", "looks like JSON over several lines: expected each object on one line (jq -c . turns one into the other)")
	case bytes.IndexByte([]byte("{\"-0123456789tfn"), line[0]) >= 0:
		return false
	case bytes.IndexByte(line, ',') >= 0:
		l.problems.add(0, "", "looks like CSV, which is not read yet: expected JSON Lines")
	default:
		l.problems.add(0, "", "does not look like JSON Lines: expected one object a line")
	}
	return true
}

// read returns the next line without its end. The slice is valid until the
// next call. A line over MaxLine is read to its end and dropped.
func (l *lines) read() (line []byte, tooLong bool, err error) {
	l.buf = l.buf[:0]
	l.line++
	for {
		part, err := l.r.ReadSlice('\n')
		if !tooLong {
			l.buf = append(l.buf, part...)
			tooLong = len(l.buf) > MaxLine+len("\ufeff\r\n")
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			if len(l.buf) == 0 {
				return nil, false, io.EOF
			}
		case err != nil:
			return nil, false, err
		}
		if l.line == 1 {
			l.buf = bytes.TrimPrefix(l.buf, []byte("\ufeff"))
		}
		l.buf = bytes.TrimSuffix(bytes.TrimSuffix(l.buf, []byte("\n")), []byte("\r"))
		return l.buf, tooLong || len(l.buf) > MaxLine, nil
	}
}

// damaged tells whether decompression failed on what it read.
func damaged(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt)
}

func validPrefix(b []byte) int {
	n := 0
	for n < len(b) {
		r, size := utf8.DecodeRune(b[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}

// warnings names the columns that were passed over, with the field that each
// may have meant.
func (l *lines) warnings(fields []string) []string {
	if len(l.unknown) == 0 {
		return nil
	}
	names := slices.Sorted(slices.Values(l.unknown))
	said := make([]string, min(len(names), 20))
	for i := range said {
		said[i] = quote(names[i]) + didYouMean(names[i], fields)
	}
	more := ""
	switch n := len(names) - len(said); {
	case len(names) == maxUnknown:
		more = fmt.Sprintf(" and at least %d more", n)
	case n > 0:
		more = fmt.Sprintf(" and %d more", n)
	}
	return []string{fmt.Sprintf("columns not used: %s%s", strings.Join(said, ", "), more)}
}
