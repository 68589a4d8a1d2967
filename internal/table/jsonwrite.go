package table

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"unicode/utf8"
)

// jsonWriter writes an object a row, absent values left out.
type jsonWriter struct {
	w       io.Writer
	columns []Column
	buf     []byte
}

func (j *jsonWriter) close() error { return nil }

func (j *jsonWriter) write(b *Batch) (err error) {
	for i := range b.Rows {
		j.buf = append(j.buf[:0], '{')
		for c, column := range j.columns {
			if !b.Cells[c].Known[i] {
				continue
			}
			if len(j.buf) > 1 {
				j.buf = append(j.buf, ',')
			}
			if j.buf, err = appendString(j.buf, column.Name); err != nil {
				return err
			}
			j.buf = append(j.buf, ':')
			if j.buf, err = j.appendValue(&b.Cells[c], column.Type, i); err != nil {
				return fmt.Errorf("row %d, column %s: %w", i+1, column.Name, err)
			}
		}
		j.buf = append(j.buf, '}', '\n')
		if _, err := j.w.Write(j.buf); err != nil {
			return err
		}
	}
	return nil
}

func (j *jsonWriter) appendValue(cells *Cells, t Type, i int) ([]byte, error) {
	if t.isText() {
		return appendString(j.buf, cells.Text[i])
	}
	return appendCell(j.buf, cells, t, i)
}

// appendCell writes any cell but a text as JSON has it.
func appendCell(dst []byte, cells *Cells, t Type, i int) ([]byte, error) {
	switch t {
	case Boolean:
		return strconv.AppendBool(dst, cells.Bool[i]), nil
	case Numbers:
		return appendList(dst, cells.List[i], 64)
	case Vector:
		return appendList(dst, cells.Vector[i], 32)
	}
	return appendNumber(dst, cells.Number[i], 64)
}

func appendList[F float32 | float64](dst []byte, list []F, bits int) (_ []byte, err error) {
	dst = append(dst, '[')
	for k, v := range list {
		if k > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendNumber(dst, float64(v), bits); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// appendNumber writes the shortest digits that read back as v.
func appendNumber(dst []byte, v float64, bits int) ([]byte, error) {
	size := math.Abs(v)
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return dst, fmt.Errorf("%g cannot be written: an unknown number is left out", v)
	case size != 0 && (size < 1e-6 || size >= 1e21):
		return strconv.AppendFloat(dst, v, 'e', -1, bits), nil
	}
	return strconv.AppendFloat(dst, v, 'f', -1, bits), nil
}

// appendString writes a JSON string. Only what must be is escaped.
func appendString(dst []byte, s string) ([]byte, error) {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		dst = append(dst, '"')
		dst = append(dst, s...)
		return append(dst, '"'), nil
	}
	if !utf8.ValidString(s) {
		return dst, fmt.Errorf("text is not valid UTF-8: %.60q", s)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return dst, err
	}
	return append(dst, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...), nil
}
