package table

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

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
