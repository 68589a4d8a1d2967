package table

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/routeproof/routeproof/internal/wording"
)

// csvReader reads CSV as RFC 4180 has it, after a header. Text
// in quotes is taken as it stands, line ends included. A cell without anything
// is absent; "" is an empty text.
type csvReader struct {
	records records
	blanks  blanks
	columns []Column
	at      []int // column of each cell; −1: not asked for
	present []bool
	unknown unknowns
	interns []interner
	begun   bool
	ended   bool
}

func newCSVReader(r *bufio.Reader, separator byte, columns []Column) *csvReader {
	c := &csvReader{records: records{r: r, separator: separator}, columns: columns, present: make([]bool, len(columns)), interns: make([]interner, len(columns))}
	for i := range c.interns {
		c.interns[i] = interner{}
	}
	return c
}

func (c *csvReader) Present() []bool        { return c.present }
func (c *csvReader) Unknown() []string      { return c.unknown.names }
func (c *csvReader) Notes() []string        { return nil }
func (c *csvReader) Metadata(string) string { return "" }

func (c *csvReader) Read(b *Batch) error {
	b.Reset(c.columns)
	for !c.ended && !b.Full() {
		err := c.records.next()
		switch {
		case errors.Is(err, io.EOF):
			c.ended = true
		case err != nil:
			c.ended = true
			reason, damaged := asRefused(err)
			if !damaged {
				return err
			}
			b.fault(c.records.start, "", "%s", reason)
		case c.records.problem != "":
			b.fault(c.records.start, "", "%s", c.records.problem)
			c.ended = c.ended || c.records.lost || !c.begun
		case c.records.blank():
			if problem := c.blanks.tooMany(); problem != "" {
				b.fault(c.records.start, "", "%s", problem)
				c.ended = true
			}
		case !c.begun:
			c.begun = true
			c.header(b)
		default:
			c.blanks.other++
			c.row(b)
		}
	}
	if b.Rows == 0 && c.ended {
		return io.EOF
	}
	return nil
}

func (c *csvReader) header(b *Batch) {
	names := c.records.header()
	c.at = make([]int, len(names))
	seen := map[string]bool{}
	for i := range names {
		if seen[names[i]] && !b.Full() {
			b.fault(c.records.start, "", "column %s stands twice in the header", wording.Quote(names[i]))
			c.ended = true
		}
		seen[names[i]] = names[i] != "" // a table may have several columns without a name
		c.at[i] = -1
		for k, column := range c.columns {
			if column.Name == names[i] {
				c.at[i], c.present[k] = k, true
			}
		}
		if c.at[i] < 0 {
			c.unknown.add(names[i])
		}
	}
	if missingColumns(b, c.columns, c.present, names) {
		c.ended = true
	}
}

func (c *csvReader) row(b *Batch) {
	line := c.records.start
	if n := c.records.cells(); n != len(c.at) {
		b.fault(line, "", "expected %d cells as in the header, found %d (is a text with a separator not in quotes?)", len(c.at), n)
		return
	}
	if !utf8.Valid(c.records.text) {
		b.fault(line, "", "not valid UTF-8: save the file as UTF-8")
		return
	}
	b.Append(line)
	for i, k := range c.at {
		if k >= 0 {
			c.set(b, k, i)
		}
	}
}

func (c *csvReader) set(b *Batch, k, i int) {
	column, line := c.columns[k], c.records.start
	cell, quoted := c.records.cell(i)
	if len(cell) == 0 && (!quoted || !column.Type.isText()) {
		if column.Required {
			b.fault(line, column.Name, "expected %s, found an empty cell%s", column.Type, emptyHint(column.Type))
		}
		return
	}
	problem := ""
	switch t := column.Type; {
	case t.isText() && column.Repeats:
		b.SetText(k, c.interns[k].text(cell))
	case t.isText():
		b.SetText(k, string(cell))
	case t == Boolean:
		switch strings.ToLower(string(bytes.TrimSpace(cell))) {
		case "true", "1":
			b.SetBool(k, true)
		case "false", "0":
			b.SetBool(k, false)
		default:
			problem = fmt.Sprintf("expected %s, found %s", t, wording.Quote(string(cell)))
		}
	case t == Number || t == Whole:
		digits := bytes.TrimSpace(cell)
		if len(bytes.Trim(digits, "0123456789+-.eE")) > 0 { // Go also reads 0x1p4, 1_000 and inf
			problem = fmt.Sprintf("expected %s, found %s", t, wording.Quote(string(digits)))
			break
		}
		var v float64
		if v, problem = parseDigits(digits, t); problem == "" {
			b.SetNumber(k, v)
		}
	default:
		problem = b.setCSVList(k, t, cell)
	}
	if problem != "" {
		b.fault(line, column.Name, "%s", problem)
	}
}

func emptyHint(t Type) string {
	if t == Text || t == JSON {
		return ` (write "" for a text without characters)`
	}
	return ""
}

// setCSVList reads a list written as a JSON array.
func (b *Batch) setCSVList(k int, t Type, cell []byte) (problem string) {
	cell = bytes.TrimSpace(cell)
	if !json.Valid(cell) || cell[0] != '[' {
		return fmt.Sprintf("expected %s written as [0.1, 0.2], found %s", t, wording.Quote(string(cell)))
	}
	return b.setJSONList(k, t, cell)
}
