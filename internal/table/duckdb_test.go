package table

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const duckdb = "testdata/duckdb/"

var outcomeColumns = []Column{
	{Name: "id", Type: Name, Required: true}, {Name: "model", Type: Name, Required: true, Repeats: true}, {Name: "response", Type: Text}, {Name: "score", Type: Number},
	{Name: "correct", Type: Boolean}, {Name: "confidence", Type: Number}, {Name: "input_tokens", Type: Whole}, {Name: "output_tokens", Type: Whole},
	{Name: "cost_usd", Type: Number}, {Name: "latency_ms", Type: Number}, {Name: "ttft_ms", Type: Number}, {Name: "error", Type: Text},
}

// outcomeRows are what the SELECT in fixtures.sql makes.
func outcomeRows() (rows []string) {
	for i := range 200 {
		cells := []string{
			fmt.Sprintf("%q", fmt.Sprint(9007199254740993+i)), // past 2^53: no float was in between
			fmt.Sprintf("%q", []string{"small", "large"}[i%2]),
			[]string{`""`, "–", `"a \"quoted\"\r\nline"`, `"😀"`, fmt.Sprintf("%q", strings.Repeat("x", i%40))}[i%5],
			fmt.Sprint(float64(i%11) / 10),
			"–", fmt.Sprint(float64(float32(i) / 1024)), "–", fmt.Sprint(i), fmt.Sprint(float64(i) / 8), fmt.Sprint(i), "–", "–",
		}
		if i%3 > 0 {
			cells[4] = fmt.Sprint(i%11 >= 5)
		}
		if i%7 > 0 {
			cells[6] = fmt.Sprint(i)
		}
		if i%4 > 0 {
			cells[10] = fmt.Sprint(0.1 * float64(i) / 10)
		}
		rows = append(rows, strings.Join(cells, " | "))
	}
	return rows
}

func TestDuckDBOutcomes(t *testing.T) {
	warnings := []string{"not asked for: at", "not asked for: extra", "not asked for: tiny", "column ttft_ms: 25 NaN are read as unknown"}
	for _, name := range []string{"plain", "uncompressed", "snappy", "gzip", "zstd", "v2", "v2plain"} {
		rows, faults, warned := dumpFile(t, duckdb+name+".parquet", outcomeColumns)
		if diff := cmp.Diff(outcomeRows(), rows); diff != "" || len(faults) > 0 {
			t.Errorf("%s: faults %q; want −, got +:\n%s", name, faults, diff)
		}
		if diff := cmp.Diff(warnings, warned); diff != "" {
			t.Errorf("%s: want −, got +:\n%s", name, diff)
		}
	}
}

func TestDuckDBRowGroups(t *testing.T) {
	source, err := Open(duckdb + "groups.parquet")
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	reader, err := source.Rows([]Column{{Name: "id", Type: Name, Required: true}, {Name: "score", Type: Number}})
	if err != nil {
		t.Fatal(err)
	}
	if got := reader.Metadata("made"); got != "by DuckDB" {
		t.Errorf("metadata: %q", got)
	}
	n := 0
	for b := new(Batch); reader.Read(b) == nil; {
		for i := range b.Rows {
			if b.Line[i] != n+1 || b.Cells[0].Text[i] != fmt.Sprint(n) || b.Cells[1].Number[i] != float64(n)/2 {
				t.Fatalf("row %d: line %d, %q, %g", n, b.Line[i], b.Cells[0].Text[i], b.Cells[1].Number[i])
			}
			n++
		}
	}
	if n != 5000 {
		t.Errorf("%d rows", n)
	}
}

func TestDuckDBLists(t *testing.T) {
	var lists, ints, arrays []string
	for i := range 40 {
		list, whole := fmt.Sprint([]float64{float64(i), float64(i) + 1.0/8, float64(i) + 2.0/8, float64(i) + 3.0/8}), fmt.Sprint([]int{i, i, i, i})
		switch i % 4 {
		case 3:
			list, whole = "–", "–"
		case 2:
			list, whole = "[]", "[]"
		default:
			arrays = append(arrays, fmt.Sprintf(`"v%d" | %s`, i, list))
		}
		lists, ints = append(lists, fmt.Sprintf(`"v%d" | %s`, i, list)), append(ints, fmt.Sprintf(`"v%d" | %s`, i, whole))
	}
	for _, of := range []Type{Numbers, Vector} {
		columns := []Column{{Name: "id", Type: Name}, {Name: "embedding", Type: of}}
		for name, want := range map[string][]string{"float_list": lists, "double_list": lists, "int_list": ints, "array": arrays} {
			rows, faults, _ := dumpFile(t, duckdb+name+".parquet", columns)
			if diff := cmp.Diff(want, rows); diff != "" || len(faults) > 0 {
				t.Errorf("%s: faults %q; want −, got +:\n%s", name, faults, diff)
			}
		}
	}
	_, faults, _ := dumpFile(t, duckdb+"float_list.parquet", []Column{{Name: "embedding", Type: Vector, Required: true}})
	if len(faults) != 10 || faults[0] != "4 embedding: expected a list of numbers, found null" {
		t.Errorf("required: %q", faults)
	}
}

// TestDuckDBRefused names each file's fault; one that is about a column stands
// there once, however many rows there are.
func TestDuckDBRefused(t *testing.T) {
	vectors := []Column{{Name: "id", Type: Name}, {Name: "embedding", Type: Vector, Required: true}}
	scores := []Column{{Name: "id", Type: Name, Required: true}, {Name: "score", Type: Number, Required: true}}
	for _, c := range []struct {
		name    string
		columns []Column
		want    string
	}{
		{"null_element", []Column{{Name: "embedding", Type: Vector}}, "2 embedding: expected a list of numbers: an element is null"},
		{"list_of_lists", vectors, `0 embedding: expected a list of numbers, found a nested column ("list")`},
		{"struct_of_list", vectors, `0 embedding: expected a list of numbers, found a nested column ("v")`},
		{"struct", vectors, `0 embedding: expected a list of numbers, found a nested column ("x", "y")`},
		{"struct_of_one", vectors, `0 embedding: expected a list of numbers, found a nested column ("x")`},
		{"struct", []Column{{Name: "embedding", Type: Number}}, `0 embedding: expected a number, found a nested column ("x", "y")`},
		{"struct_of_one", []Column{{Name: "embedding", Type: Text}}, `0 embedding: expected a string, found a nested column ("x")`},
		{"flat", vectors, "0 embedding: expected a list of numbers, found a flat column of type FLOAT"},
		{"float_list", []Column{{Name: "embedding", Type: Number}}, `0 embedding: expected a number, found a nested column ("list")`},
		{"map", vectors, `0 embedding: expected a list of numbers, found a nested column ("key_value")`},
		{"text_list", vectors, "0 embedding: expected a list of numbers, found type STRING: cast the column"},
		{"date", scores, "0 score: expected a number, found type DATE: cast the column"},
		{"timestamp", scores, "0 score: expected a number, found type TIMESTAMP(isAdjustedToUTC=false,unit=MICROS): cast the column"},
		{"time", scores, "0 score: expected a number, found type TIME(isAdjustedToUTC=false,unit=MICROS): cast the column"},
		{"uuid", scores, "0 id: expected a string, found type UUID: cast the column"},
		{"swapped", scores, "0 id: expected a string, found type DECIMAL(2,1): cast the column\n0 score: expected a number, found type STRING: cast the column"},
		{"interval", scores, "0 id: expected a string, found type INTERVAL: cast the column\n0 score: expected a number, found type BOOLEAN: cast the column"},
		{"blob", scores, "2 id: not valid UTF-8"},
		{"brotli", outcomeColumns, `1: Parquet data is damaged or of a kind that is not read: row group 0, column id: compression BROTLI is not read: write the file with zstd, snappy or gzip`},
		{"lz4", outcomeColumns, `1: Parquet data is damaged or of a kind that is not read: row group 0, column id: compression LZ4_RAW is not read: write the file with zstd, snappy or gzip`},
	} {
		_, faults, _ := dumpFile(t, duckdb+c.name+".parquet", c.columns)
		if diff := cmp.Diff(strings.Split(c.want, "\n"), faults); diff != "" {
			t.Errorf("%s: want −, got +:\n%s", c.name, diff)
		}
	}
}

func TestDuckDBOthers(t *testing.T) {
	for _, c := range []struct {
		name    string
		columns []Column
		want    []string
	}{
		{"json", []Column{{Name: "id", Type: Name}, {Name: "logprobs", Type: JSON}, {Name: "answer", Type: Text}}, []string{`"a" | "{\"tokens\": [1, 2]}" | "b"`}},
		{"hugeint", []Column{{Name: "score", Type: Number}}, []string{fmt.Sprint(math.Pow(2, 80))}},
		{"struct", []Column{{Name: "id", Type: Name}}, nil},
	} {
		rows, faults, _ := dumpFile(t, duckdb+c.name+".parquet", c.columns)
		if diff := cmp.Diff(c.want, rows); diff != "" && c.want != nil || len(faults) > 0 || len(rows) == 0 {
			t.Errorf("%s: faults %q; want −, got +:\n%s", c.name, faults, diff)
		}
	}
}
