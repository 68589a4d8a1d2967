package table

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go/format"
)

// Whole numbers are read and written as they are or not at all: 2^53 + 1 would
// become 2^53 on its way through float64.
func TestWholeInParquet(t *testing.T) {
	for v, want := range map[int64]string{
		7: "7", -7: "-7", 1<<53 - 1: "9.007199254740991e+15", 1 - 1<<53: "-9.007199254740991e+15",
		1 << 53: "within", 1<<53 + 1: "within", -1 << 53: "within", -1<<53 - 1: "within", math.MaxInt64: "within", math.MinInt64: "within",
	} {
		c := crafted{element: element("n", format.Int64, format.Required), rows: 1}
		c.add(dataPage(1, 0), binary.LittleEndian.AppendUint64(nil, uint64(v)))
		rows, faults, _ := dumpText(t, string(c.file()), "f", []Column{{Name: "n", Type: Whole}})
		got := strings.Join(faults, "\n")
		if got == "" {
			got = strings.Join(rows, "\n")
		}
		if got != want && !strings.Contains(got, "expected a whole number "+want+" ±9007199254740991, found ") {
			t.Errorf("%d: %s, expected %s", v, got, want)
		}
	}
}

func TestWriteWhole(t *testing.T) {
	columns := []Column{{Name: "n", Type: Whole}}
	for _, container := range []string{"jsonl", "csv", "parquet"} {
		for v, want := range map[float64]string{
			7: "", 1<<53 - 1: "", -(1<<53 - 1): "", 1.5: "row 1, column n: expected a whole number, found 1.5",
			1e300: "row 1, column n: expected a whole number within ±9007199254740991, found 1e+300", 1 << 53: "row 1, column n: expected a whole number within ±9007199254740991, found 9.007199254740992e+15",
		} {
			w, err := NewWriter(new(bytes.Buffer), Format{Container: container}, columns, nil)
			if err != nil {
				t.Fatal(err)
			}
			var b Batch
			b.Reset(columns)
			b.Append(0)
			b.SetNumber(0, v)
			got := ""
			if err := w.Write(&b); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("%s, %g: %q, expected %q", container, v, got, want)
			}
		}
	}
}
