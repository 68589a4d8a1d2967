package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// Wherever nulls and NaN stand, in runs or alone, each cell is what was written, and
// where one is required each has its fault.
func TestParquetNullsAnywhere(t *testing.T) {
	type row struct {
		Score *float64 `parquet:"score,optional,plain"`
		Text  *string  `parquet:"text,optional"`
		Whole *int64   `parquet:"whole,optional"`
		Flag  *bool    `parquet:"flag,optional"`
		Sure  float64  `parquet:"sure,plain"`
	}
	columns := []Column{{Name: "score", Type: Number}, {Name: "text", Type: Text}, {Name: "whole", Type: Whole}, {Name: "flag", Type: Boolean}, {Name: "sure", Type: Number}}
	const n = 3000
	for name, null := range map[string]func(i int) bool{
		"nowhere":            func(int) bool { return false },
		"everywhere":         func(int) bool { return true },
		"every other":        func(i int) bool { return i%2 == 1 },
		"first half":         func(i int) bool { return i < n/2 },
		"second half":        func(i int) bool { return i >= n/2 },
		"runs of 700":        func(i int) bool { return i/700%2 == 0 },
		"at the end":         func(i int) bool { return i == n-1 },
		"one of a stretch":   func(i int) bool { return i%(levelsAtOnce+1) == 3 },
		"all of one stretch": func(i int) bool { return i/levelsAtOnce == 2 },
	} {
		nan := func(i int) bool { return i%611 == 5 || i > n-3 }
		number := func(i int) float64 {
			if nan(i) {
				return math.NaN()
			}
			return float64(i) / 3
		}
		var file bytes.Buffer
		w := parquet.NewGenericWriter[row](&file, parquet.PageBufferSize(4000), parquet.MaxRowsPerRowGroup(n-1000))
		for i := range n {
			r := row{Sure: number(i)}
			if !null(i) {
				r.Score, r.Text, r.Whole, r.Flag = new(number(i)), new(fmt.Sprint("text ", i)), new(int64(i)), new(i%3 == 0)
			}
			if _, err := w.Write([]row{r}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, required := range []bool{false, true} {
			asked := slices.Clone(columns)
			for c := range asked {
				asked[c].Required = required
			}
			source, err := New(bytes.NewReader(file.Bytes()), "f")
			if err != nil {
				t.Fatal(err)
			}
			defer source.Close()
			reader, err := source.Rows(asked)
			if err != nil {
				t.Fatal(err)
			}
			at, unknown := 0, 0
			faults := map[Fault]int{}
			for batch := new(Batch); ; {
				err := reader.Read(batch)
				for _, f := range batch.Faults {
					faults[f]++
				}
				for k := range batch.Rows {
					i := at + k
					score, text, whole, flag, sure := &batch.Cells[0], &batch.Cells[1], &batch.Cells[2], &batch.Cells[3], &batch.Cells[4]
					if text.Known[k] == null(i) || whole.Known[k] == null(i) || flag.Known[k] == null(i) || score.Known[k] != (!null(i) && !nan(i)) || sure.Known[k] == nan(i) {
						t.Fatalf("%s: row %d: known or not where it should not be", name, i)
					}
					if text.Known[k] && (text.Text[k] != fmt.Sprint("text ", i) || whole.Number[k] != float64(i) || flag.Bool[k] != (i%3 == 0)) ||
						score.Known[k] && score.Number[k] != number(i) || sure.Known[k] && sure.Number[k] != number(i) {
						t.Fatalf("%s: row %d: %q, %g, %v, %g, %g", name, i, text.Text[k], whole.Number[k], flag.Bool[k], score.Number[k], sure.Number[k])
					}
				}
				at += batch.Rows
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			for i := range n {
				for c, column := range columns {
					isNaN := nan(i) && (column.Name == "sure" || column.Name == "score" && !null(i))
					if isNaN {
						unknown++
					}
					found := ""
					switch {
					case isNaN:
						found = "NaN"
					case null(i) && column.Name != "sure":
						found = "null"
					}
					f := Fault{Line: i + 1, Column: column.Name, Reason: fmt.Sprintf("expected %s, found %s", columns[c].Type, found)}
					if want := required && found != ""; (faults[f] == 1) != want {
						t.Fatalf("%s: row %d, %s: fault %v, expected %v", name, i, column.Name, !want, want)
					}
				}
			}
			if total := len(faults); at != n || !required && total > 0 || !required && len(reader.Notes()) == 0 && unknown > 0 {
				t.Errorf("%s: %d rows, %d faults, notes %q", name, at, total, reader.Notes())
			}
		}
	}
}
