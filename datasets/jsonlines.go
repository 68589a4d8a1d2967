package datasets

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
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
	unknown  []string // columns that nobody asked for, in order of appearance, shortened
}

// maxUnknown is how many columns that nobody asked for are told apart.
const maxUnknown = 1000

func newLines(r io.Reader, p *problems) *lines {
	return &lines{r: bufio.NewReaderSize(r, 1<<16), problems: p}
}

// next returns the next row that is a JSON object, and false at the end. Only
// a failure to read is an error; damaged compression counts as a problem of
// the content and ends the file.
func (l *lines) next() (*row, bool, error) {
	for {
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
		r := &row{lines: l, line: l.line}
		if err := r.parse(line); err != nil {
			l.problems.add(l.line, "", "expected one JSON object: %v", err)
			continue
		}
		return r, true, nil
	}
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

// warnings names the columns that were passed over.
func (l *lines) warnings() []string {
	if len(l.unknown) == 0 {
		return nil
	}
	shown := l.unknown[:min(len(l.unknown), 20)]
	quoted := make([]string, len(shown))
	for i, name := range shown {
		quoted[i] = quote(name)
	}
	more := ""
	switch n := len(l.unknown) - len(shown); {
	case len(l.unknown) == maxUnknown:
		more = fmt.Sprintf(" and at least %d more", n)
	case n > 0:
		more = fmt.Sprintf(" and %d more", n)
	}
	return []string{fmt.Sprintf("columns not used: %s%s", strings.Join(quoted, ", "), more)}
}
