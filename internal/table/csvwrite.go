package table

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
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

func (c *csvWriter) write(b *Batch) error {
	if err := c.header(); err != nil {
		return err
	}
	for i := range b.Rows {
		c.buf = c.buf[:0]
		for k, column := range c.columns {
			if k > 0 {
				c.buf = append(c.buf, ',')
			}
			if err := c.cell(&b.Cells[k], column.Type, i); err != nil {
				return fmt.Errorf("row %d, column %s: %w", i+1, column.Name, err)
			}
		}
		if _, err := c.w.Write(append(c.buf, '\n')); err != nil {
			return err
		}
	}
	return nil
}

func (c *csvWriter) cell(cells *Cells, t Type, i int) error {
	if !cells.Known[i] {
		return nil
	}
	if t.isText() {
		if !utf8.ValidString(cells.Text[i]) {
			return fmt.Errorf("text is not valid UTF-8: %.60q", cells.Text[i])
		}
		c.buf = appendCSV(c.buf, cells.Text[i])
		return nil
	}
	value, err := appendCell(nil, cells, t, i)
	c.buf = appendCSV(c.buf, string(value))
	return err
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
