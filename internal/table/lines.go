package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// A file may have blankFree blank lines, and blankRatio more for each other one.
// They cost a compressed file nothing, and whoever reads it much.
const (
	blankFree  = 1 << 20
	blankRatio = 64
)

// blanks counts lines, or records.
type blanks struct{ blank, other int }

// tooMany takes in a blank one, and says so if there are too many.
func (l *blanks) tooMany() (problem string) {
	if l.blank++; l.blank <= blankFree+blankRatio*l.other {
		return ""
	}
	return fmt.Sprintf("over %d lines are blank, and over %d for each that is not: the rest was not read (grep . takes blank lines out)", blankFree, blankRatio)
}

// lines cuts a stream at line ends.
type lines struct {
	r    *bufio.Reader
	buf  []byte
	line int
}

// next returns the next line without its end, and without a byte order mark on
// the first. The slice is good until the next call. A line over [MaxRow] is
// read to its end and dropped.
func (l *lines) next() (line []byte, tooLong bool, err error) {
	l.buf = l.buf[:0]
	l.line++
	for {
		part, err := l.r.ReadSlice('\n')
		if !tooLong {
			l.buf = append(l.buf, part...)
			tooLong = len(l.buf) > MaxRow+len(byteOrderMark+"\r\n")
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
			l.buf = bytes.TrimPrefix(l.buf, []byte(byteOrderMark))
		}
		l.buf = bytes.TrimSuffix(bytes.TrimSuffix(l.buf, []byte("\n")), []byte("\r"))
		return l.buf, tooLong || len(l.buf) > MaxRow, nil
	}
}
