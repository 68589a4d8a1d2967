package table

import (
	"io"
	"strings"
)

// csvWriter writes a header and a record a row, separated by commas, ended by
// line feeds. An absent value is an empty cell, an empty text is "".
type csvWriter struct {
	w       io.Writer
	columns []Column
	begun   bool
	buf     []byte
}

func (c *csvWriter) close() error { return c.header() }

// header makes sure that the header is written.
func (c *csvWriter) header() error {
	if c.begun {
		return nil
	}
	c.begun = true
	for k, column := range c.columns {
		if k > 0 {
			c.buf = append(c.buf, ',')
		}
		c.buf = appendCSV(c.buf, column.Name)
	}
	_, err := c.w.Write(append(c.buf, '\n'))
	return err
}

func (c *csvWriter) write(b *Batch) (int, error) {
	if err := c.header(); err != nil {
		return 0, err
	}
	for i := range b.Rows {
		c.buf = c.buf[:0]
		for k, column := range c.columns {
			if k > 0 {
				c.buf = append(c.buf, ',')
			}
			c.cell(&b.Cells[k], column.Type, i)
		}
		if len(c.buf) >= MaxRow {
			return i, errLong
		}
		if _, err := c.w.Write(append(c.buf, '\n')); err != nil {
			return i, err
		}
	}
	return b.Rows, nil
}

func (c *csvWriter) cell(cells *Cells, t Type, i int) {
	switch {
	case !cells.Known[i]:
	case t.isText():
		c.buf = appendCSV(c.buf, cells.Text[i])
	case t == Numbers || t == Vector: // has commas, but no quotes
		c.buf = append(c.buf, '"')
		c.buf = appendCell(c.buf, cells, t, i)
		c.buf = append(c.buf, '"')
	default:
		c.buf = appendCell(c.buf, cells, t, i)
	}
}

// appendCSV puts a text in quotes where it could be read as something else.
func appendCSV(dst []byte, s string) []byte {
	if s != "" && !strings.ContainsAny(s, ",;\t\"\r\n") && !strings.HasPrefix(s, byteOrderMark) && strings.TrimSpace(s) == s {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	dst = append(dst, strings.ReplaceAll(s, `"`, `""`)...)
	return append(dst, '"')
}
