package table

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// jsonWriter writes an object a row, absent values left out.
type jsonWriter struct {
	w       io.Writer
	columns []Column
	buf     []byte
}

func (j *jsonWriter) close() error { return nil }

func (j *jsonWriter) write(b *Batch) (int, error) {
	for i := range b.Rows {
		j.buf = append(j.buf[:0], '{')
		for c, column := range j.columns {
			if !b.Cells[c].Known[i] {
				continue
			}
			if len(j.buf) > 1 {
				j.buf = append(j.buf, ',')
			}
			j.buf = appendString(j.buf, column.Name)
			j.buf = append(j.buf, ':')
			j.buf = appendCell(j.buf, &b.Cells[c], column.Type, i)
		}
		if len(j.buf) >= MaxRow {
			return i, errLong
		}
		j.buf = append(j.buf, '}', '\n')
		if _, err := j.w.Write(j.buf); err != nil {
			return i, err
		}
	}
	return b.Rows, nil
}

// appendCell writes a cell as JSON has it.
func appendCell(dst []byte, cells *Cells, t Type, i int) []byte {
	switch {
	case t.isText():
		return appendString(dst, cells.Text[i])
	case t == Boolean:
		return strconv.AppendBool(dst, cells.Bool[i])
	case t == Numbers:
		return appendList(dst, cells.List[i], 64)
	case t == Vector:
		return appendList(dst, cells.Vector[i], 32)
	}
	return appendNumber(dst, cells.Number[i], 64)
}

func appendList[F float32 | float64](dst []byte, list []F, bits int) []byte {
	dst = append(dst, '[')
	for k, v := range list {
		if k > 0 {
			dst = append(dst, ',')
		}
		dst = appendNumber(dst, float64(v), bits)
	}
	return append(dst, ']')
}

// appendNumber writes the shortest digits that read back as v.
func appendNumber(dst []byte, v float64, bits int) []byte {
	if size := math.Abs(v); size != 0 && (size < 1e-6 || size >= 1e21) {
		return strconv.AppendFloat(dst, v, 'e', -1, bits)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, bits)
}

// appendString writes a JSON string of valid UTF-8. Only what must be is
// escaped, and the two characters that end a line in JavaScript.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c != 0xe2 {
			continue
		}
		size, escape := 1, ""
		switch {
		case c == '"' || c == '\\':
			escape = "\\" + string(c)
		case c == '\n':
			escape = `\n`
		case c == '\r':
			escape = `\r`
		case c == '\t':
			escape = `\t`
		case c < ' ':
			escape = fmt.Sprintf(`\u%04x`, c)
		case strings.HasPrefix(s[i:], "\u2028"):
			size, escape = 3, `\u2028`
		case strings.HasPrefix(s[i:], "\u2029"):
			size, escape = 3, `\u2029`
		default:
			continue
		}
		dst = append(append(dst, s[from:i]...), escape...)
		i += size - 1
		from = i + 1
	}
	return append(append(dst, s[from:]...), '"')
}
