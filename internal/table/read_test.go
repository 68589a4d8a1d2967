package table

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// dump reads rows as text, a cell after the other, and faults as "line column:
// reason". It fails on any error that is none of the content.
func dump(t testing.TB, source *Source, columns []Column) (rows, faults, warnings []string) {
	t.Helper()
	reader, err := source.Rows(columns)
	if err != nil {
		return nil, []string{refusal(t, err)}, nil
	}
	for b := new(Batch); ; {
		err := reader.Read(b)
		if err != nil && !errors.Is(err, io.EOF) {
			return rows, append(faults, refusal(t, err)), nil
		}
		rows = append(rows, rowsOf(b, columns)...)
		for _, f := range b.Faults {
			faults = append(faults, strings.TrimSpace(fmt.Sprintf("%d %s", f.Line, f.Column))+": "+f.Reason)
		}
		if err != nil {
			break
		}
	}
	for _, name := range reader.Unknown() {
		warnings = append(warnings, "not asked for: "+name)
	}
	return rows, faults, append(warnings, reader.Notes()...)
}

func rowsOf(b *Batch, columns []Column) (rows []string) {
	for i := range b.Rows {
		cells := make([]string, len(columns))
		for c, column := range columns {
			cells[c] = cellOf(&b.Cells[c], column.Type, i)
		}
		rows = append(rows, strings.Join(cells, " | "))
	}
	return rows
}

func cellOf(c *Cells, t Type, i int) string {
	switch {
	case !c.Known[i]:
		return "–"
	case t.isText():
		return fmt.Sprintf("%q", c.Text[i])
	case t == Boolean:
		return fmt.Sprint(c.Bool[i])
	case t == Numbers:
		return fmt.Sprint(c.List[i])
	case t == Vector:
		return fmt.Sprint(c.Vector[i])
	}
	return fmt.Sprint(c.Number[i])
}

// refusal returns the reason of a refusal.
func refusal(t testing.TB, err error) string {
	t.Helper()
	reason, ok := asRefused(err)
	if !ok {
		t.Fatalf("error is %v, expected a refusal", err)
	}
	return reason
}

// dumpFile is dump of a file.
func dumpFile(t testing.TB, path string, columns []Column) (rows, faults, warnings []string) {
	t.Helper()
	source, err := Open(path)
	if err != nil {
		return nil, []string{refusal(t, err)}, nil
	}
	defer source.Close()
	return dump(t, source, columns)
}

// dumpText is dump of a stream.
func dumpText(t testing.TB, text, name string, columns []Column) (rows, faults, warnings []string) {
	t.Helper()
	source, err := New(strings.NewReader(text), name)
	if err != nil {
		return nil, []string{refusal(t, err)}, nil
	}
	defer source.Close()
	return dump(t, source, columns)
}

func gzipOf(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		panic(err)
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return out.Bytes()
}
