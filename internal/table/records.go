package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxCells is how many cells a record may have.
const maxCells = 1 << 17

// records cuts a stream into CSV records.
type records struct {
	r         *bufio.Reader
	separator byte
	line      int // last line read

	// of the record at hand
	start   int    // its first line
	text    []byte // all cells, one after the other, quotes undone
	ends    []int  // of each cell in text
	quoted  []bool
	problem string // why it is no record; then it has no cells
	lost    bool   // and nobody can tell where the next one begins
}

// States of the scanner.
const (
	atStart   = iota // of a cell
	inPlain          // in a cell without quotes
	inQuotes         // in a cell with quotes
	atQuote          // after a quote in such a cell: its end, or the first of two
	toLineEnd        // after a problem, until the line's end
)

func (r *records) cells() int { return len(r.ends) }

// cell returns the i-th cell, and whether it stood in quotes.
func (r *records) cell(i int) ([]byte, bool) {
	start := 0
	if i > 0 {
		start = r.ends[i-1]
	}
	return r.text[start:r.ends[i]], r.quoted[i]
}

// header returns the cells as the names of columns.
func (r *records) header() []string {
	names := make([]string, r.cells())
	for i := range names {
		name, _ := r.cell(i)
		names[i] = strings.TrimSpace(string(name))
	}
	return names
}

// blank tells whether the record is an empty line.
func (r *records) blank() bool {
	return len(r.ends) == 1 && len(bytes.TrimSpace(r.text)) == 0 && !r.quoted[0]
}

// next reads a record. What is wrong with it goes to problem.
func (r *records) next() error {
	r.start, r.text, r.ends, r.quoted, r.problem, r.lost = r.line+1, r.text[:0], r.ends[:0], r.quoted[:0], "", false
	state, size := atStart, 0
	for {
		part, err := r.r.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if errors.Is(err, bufio.ErrBufferFull) && part[len(part)-1] == '\r' && r.r.UnreadByte() == nil {
			part = part[:len(part)-1] // so that CRLF is not torn apart
		}
		if size == 0 && r.line == 0 {
			part = bytes.TrimPrefix(part, []byte(byteOrderMark))
			if separator, stated := statedSeparator(part); stated {
				r.separator, r.line = separator, 1
				return r.next()
			}
		}
		end := errors.Is(err, io.EOF)
		if end && size == 0 && len(part) == 0 {
			return io.EOF
		}
		if size += len(part); size > MaxRow && state != toLineEnd {
			if state == inQuotes {
				r.fail("record is longer than %d MiB: is a quote not closed?", MaxRow>>20)
				r.lost = true
				return nil
			}
			r.fail("record is longer than %d MiB", MaxRow>>20)
			state = toLineEnd
		}
		state = r.scan(part, state)
		if len(r.ends) > maxCells {
			r.fail("record has over %d cells", maxCells)
			state = toLineEnd
		}
		whole := err == nil // the part ends a line
		if whole {
			r.line++
		}
		if end {
			r.line++
			if state == inQuotes {
				r.fail("a quote that is opened in this record is not closed")
				r.lost = true
				return nil
			}
		}
		if (whole || end) && state != inQuotes {
			r.finish(state)
			return nil
		}
	}
}

// statedSeparator reads a first line such as sep=; by which Excel is told what
// stands between the cells.
func statedSeparator(line []byte) (separator byte, stated bool) {
	line = bytes.TrimRight(line, "\r\n")
	if len(line) != len("sep=;") || !strings.EqualFold(string(line[:4]), "sep=") || line[4] == '"' {
		return 0, false
	}
	return line[4], true
}

func (r *records) fail(format string, args ...any) {
	r.problem = fmt.Sprintf(format, args...)
	r.text, r.ends, r.quoted = r.text[:0], r.ends[:0], r.quoted[:0]
}

// scan takes in a part of a record, at most to the end of a line.
func (r *records) scan(part []byte, state int) int {
	for i := 0; i < len(part); i++ {
		b := part[i]
		switch state {
		case inQuotes:
			n := bytes.IndexByte(part[i:], '"')
			if n < 0 {
				r.text = append(r.text, part[i:]...)
				return inQuotes
			}
			r.text = append(r.text, part[i:i+n]...)
			i += n
			state = atQuote
		case atQuote:
			switch b {
			case '"':
				r.text = append(r.text, '"')
				state = inQuotes
			case r.separator:
				r.endCell(true)
				state = atStart
			case '\r', '\n':
				if !lineEnd(part[i:]) {
					r.fail("a carriage return stands behind a closing quote")
					return toLineEnd
				}
				return atQuote
			default:
				r.fail(`text stands behind a closing quote: write a quote inside a text as ""`)
				return toLineEnd
			}
		case atStart:
			if b == '"' {
				state = inQuotes
				continue
			}
			state = inPlain
			fallthrough
		case inPlain:
			switch {
			case b == r.separator:
				r.endCell(false)
				state = atStart
			case b == '"':
				r.fail(`a quote stands in a text without quotes: put the text in quotes and write "" for each of its own`)
				return toLineEnd
			case lineEnd(part[i:]):
				return inPlain
			default:
				r.text = append(r.text, b)
			}
		case toLineEnd:
			return toLineEnd
		}
	}
	return state
}

// lineEnd tells whether nothing but a line's end is left.
func lineEnd(rest []byte) bool {
	switch len(rest) {
	case 1:
		return rest[0] == '\n' || rest[0] == '\r'
	case 2:
		return rest[0] == '\r' && rest[1] == '\n'
	}
	return false
}

func (r *records) endCell(quoted bool) {
	r.ends = append(r.ends, len(r.text))
	r.quoted = append(r.quoted, quoted)
}

// finish ends the last cell.
func (r *records) finish(state int) {
	if state != toLineEnd {
		r.endCell(state == atQuote)
	}
}
