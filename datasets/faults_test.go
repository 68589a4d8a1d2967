package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/routeproof/routeproof/internal/table"
)

// parquetOf writes rows of texts, numbers and lists; nil is null.
func parquetOf(t *testing.T, columns []table.Column, rows ...[]any) []byte {
	t.Helper()
	var b table.Batch
	b.Reset(columns)
	for _, row := range rows {
		b.Append(0)
		for c, cell := range row {
			switch v := cell.(type) {
			case string:
				b.SetText(c, v)
			case float64:
				b.SetNumber(c, v)
			case bool:
				b.SetBool(c, v)
			case []float64:
				b.SetNumbers(c, v)
			}
		}
	}
	var out bytes.Buffer
	w, err := table.NewWriter(&out, Format{Container: "parquet"}, columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestFaultsInOrder has rows with faults of the reader and of the kind: they
// come by line, and within a line in the order of the kind's columns.
func TestFaultsInOrder(t *testing.T) {
	want := []string{
		`f:2: score: expected 0 to 1, found 2`,
		`f:2: correct: expected true or false, found "maybe"`,
		`f:2: latency_ms: expected 0 to 1e+09, found -1`,
		`f:3: id: is empty: expected the id of a prompt`,
		`f:3: confidence: expected 0 to 1, found 7`,
		`f:5: id: "a" of model "m" stands on line 4 already: expected each prompt once a model`,
		`f:6: ttft_ms: expected at most latency_ms (1), found 2`,
		`f:7: score: is 0.5 beside an error: expected 0 or none, as there was no answer, or no error where there was one`,
	}
	csv := "correct,latency_ms,id,score,confidence,model,ttft_ms,error\nmaybe,-1,z,2,,m,,\n,,\"\",,7,m,,\n,,a,,,m,,\n,,a,,,m,,\n,1,b,,,m,2,\n,,c,.5,,m,,timeout\n,,d,0,,m,,timeout\n,,e,,,m,,timeout\n"
	_, err := Outcomes().Scan(strings.NewReader(csv), "f", nil, ignore[Outcome])
	got := problemsOf(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CSV: want −, got +:\n%s", diff)
	}
	jsonl := "\n" + `{"correct":"maybe","latency_ms":-1,"id":"z","score":2,"model":"m"}` + "\n" + `{"confidence":7,"id":"","model":"m"}` + "\n" +
		`{"id":"a","model":"m"}` + "\n" + `{"model":"m","id":"a"}` + "\n" + `{"ttft_ms":2,"latency_ms":1,"id":"b","model":"m"}` + "\n" +
		`{"id":"c","model":"m","score":0.5,"error":"timeout"}` + "\n" + `{"id":"d","model":"m","score":0,"error":"timeout"}` + "\n" + `{"id":"e","model":"m","error":"timeout"}`
	_, err = Outcomes().Scan(strings.NewReader(jsonl), "f", nil, ignore[Outcome])
	want[1] = "f:2: correct: expected true or false, found a string"
	if diff := cmp.Diff(want, problemsOf(t, err)); diff != "" {
		t.Errorf("JSON Lines: want −, got +:\n%s", diff)
	}
}

func ignore[T any](*T) error { return nil }

// TestParquetFaults counts rows from 1.
func TestParquetFaults(t *testing.T) {
	text := func(name string) table.Column { return table.Column{Name: name, Type: table.Text} }
	number := func(name string) table.Column { return table.Column{Name: name, Type: table.Number} }
	many := make([][]any, 300)
	for i := range many {
		many[i] = []any{fmt.Sprint(i), 1.0, -1.0}
	}
	many[7][0], many[299][1], many[150][0] = nil, 3.0, "5"
	for _, c := range []struct {
		name string
		file []byte
		want []string
	}{
		{"no such column", parquetOf(t, []table.Column{text("ID"), text("modell"), number("score")}, []any{"a", "m", 1.0}, []any{"b", "m", 1.0}), []string{
			`f: id: no such column: found "ID", "modell", "score": rename "ID" to "id"`, `f: model: no such column: found "ID", "modell", "score" (did you mean "modell"?)`}},
		{"columns of other types, each said once", parquetOf(t, []table.Column{number("id"), text("model"), text("score"), {Name: "latency_ms", Type: table.Numbers}}, []any{1.0, "m", "x", []float64{1}}, []any{2.0, "m", "y", nil}), []string{
			"f: id: expected a string, found type DOUBLE: cast the column", "f: score: expected a number, found type STRING: cast the column",
			`f: latency_ms: expected a number, found a nested column ("list")`}},
		{"rows", parquetOf(t, []table.Column{text("id"), text("model"), number("score")}, []any{"a", "m", 2.0}, []any{nil, "m", 1.0}, []any{"", nil, 1.0}, []any{"a", "m", 1.0}), []string{
			"f:1: score: expected 0 to 1, found 2", "f:2: id: expected a string, found null", "f:3: id: is empty: expected the id of a prompt", "f:3: model: expected a string, found null",
			`f:4: id: "a" of model "m" stands in row 1 already: expected each prompt once a model`}},
		{"whole numbers", parquetOf(t, []table.Column{text("id"), text("model"), number("input_tokens")}, []any{"a", "m", 2.5}, []any{"b", "m", 3.0}, []any{"c", "m", -1.0}), []string{
			"f:1: input_tokens: expected a whole number, found 2.5", "f:3: input_tokens: expected 0 to 1000000000, found -1"}},
	} {
		_, err := Outcomes().Scan(bytes.NewReader(c.file), "f", nil, ignore[Outcome])
		if diff := cmp.Diff(c.want, problemsOf(t, err)); diff != "" {
			t.Errorf("%s: want −, got +:\n%s", c.name, diff)
		}
	}
	// Columns are read some rows ahead of each other; the faults still come by row.
	file := parquetOf(t, []table.Column{text("model"), number("input_per_m"), number("output_per_m")}, many...)
	last := 0
	_, err := Prices().Scan(bytes.NewReader(file), "f", func(p Problem) {
		if p.Line < last {
			t.Errorf("line %d after %d", p.Line, last)
		}
		last = p.Line
	}, ignore[Price])
	var content *ContentError
	if !errors.As(err, &content) || content.Total != 302 {
		t.Errorf("%v, expected 302 problems", err)
	}
}

// NaN, which others write for unknown, is no value of a column that must have
// one, and unknown in others.
func TestParquetNaN(t *testing.T) {
	type row struct {
		ID    string  `parquet:"id"`
		Model string  `parquet:"model"`
		Score float64 `parquet:"score"`
	}
	var file bytes.Buffer
	if err := parquet.Write(&file, []row{{"a", "m", math.NaN()}, {"b", "m", 1}}); err != nil {
		t.Fatal(err)
	}
	_, err := Scores().Scan(bytes.NewReader(file.Bytes()), "f", nil, ignore[Score])
	if diff := cmp.Diff([]string{"f:1: score: expected a number, found NaN"}, problemsOf(t, err)); diff != "" {
		t.Errorf("scores: want −, got +:\n%s", diff)
	}
	type price struct {
		Model  string  `parquet:"model"`
		Input  float64 `parquet:"input_per_m"`
		Output float64 `parquet:"output_per_m"`
	}
	var prices bytes.Buffer
	if err := parquet.Write(&prices, []price{{"a", 1, 1}, {"b", 1, math.NaN()}}); err != nil {
		t.Fatal(err)
	}
	_, err = Prices().Scan(&prices, "f", nil, ignore[Price])
	if diff := cmp.Diff([]string{"f:2: output_per_m: expected a number, found NaN"}, problemsOf(t, err)); diff != "" {
		t.Errorf("prices: want −, got +:\n%s", diff)
	}
	known := 0
	summary, err := Outcomes().Scan(bytes.NewReader(file.Bytes()), "f", nil, func(o *Outcome) error {
		if o.Score.Known {
			known++
		}
		return nil
	})
	if err != nil || known != 1 || !slices.Contains(summary.Warnings, "column score: 1 NaN are read as unknown") {
		t.Errorf("outcomes: %d scores, %q, %v", known, summary.Warnings, err)
	}
}

// TestDamagedParquetAfterGoodRows tells of the damage once, at the row where it
// begins, and has visited the rows before it.
func TestDamagedParquetAfterGoodRows(t *testing.T) {
	rows := make([]Score, 1<<17+10) // the last ten are a row group of their own
	for i := range rows {
		rows[i] = Score{ID: fmt.Sprint(i), Score: float64(i)}
	}
	var out bytes.Buffer
	if err := Scores().Write(&out, Format{Container: "parquet"}, WriteOptions{}, putAll(rows)); err != nil {
		t.Fatal(err)
	}
	damaged := out.Bytes()
	for i := bytes.LastIndex(damaged, []byte("\x28\xb5\x2f\xfd")); i < len(damaged)-500; i++ {
		damaged[i] ^= 0xff
	}
	damaged[bytes.LastIndex(damaged, []byte("\x28\xb5\x2f\xfd"))+20] ^= 0xff
	visited := 0
	_, err := Scores().Scan(bytes.NewReader(damaged), "f", nil, func(*Score) error { visited++; return nil })
	want := []string{"f:131073: Parquet data is damaged or of a kind that is not read: row group 1, column score: the checksum of a page is wrong: fetch the file again"}
	if diff := cmp.Diff(want, problemsOf(t, err)); diff != "" || visited != 1<<17 {
		t.Errorf("%d rows; want −, got +:\n%s", visited, diff)
	}
}

// TestVisitEndsTheScan returns what visit returned.
func TestVisitEndsTheScan(t *testing.T) {
	stop := errors.New("enough")
	for _, in := range []string{"id,score\na,1\nb,x\n", `{"id":"a","score":1}` + "\nx\n", string(parquetOf(t, []table.Column{{Name: "id"}, {Name: "score", Type: table.Number}}, []any{"a", 1.0}, []any{"b", nil}))} {
		n := 0
		_, err := Scores().Scan(strings.NewReader(in), "f", nil, func(*Score) error { n++; return stop })
		if err != stop || n != 1 {
			t.Errorf("%.10q: %d rows, %v", in, n, err)
		}
	}
}

// TestProblemsAreBoundedEverywhere has three bad rows for each that is listed.
func TestProblemsAreBoundedEverywhere(t *testing.T) {
	const n = 3 * maxProblems
	rows := make([][]any, n)
	for i := range rows {
		rows[i] = []any{"", nil}
	}
	for name, in := range map[string]string{
		"csv":     "id,score\n" + strings.Repeat("a,x\n", n),
		"cells":   "id,score\n" + strings.Repeat("a\n", n),
		"quotes":  "id,score\n" + strings.Repeat("a\"\n", n),
		"jsonl":   `{"id":"a"}` + "\n" + strings.Repeat("{}\n", n),
		"same id": "id,score\n" + strings.Repeat("a,1\n", n),
		"parquet": string(parquetOf(t, []table.Column{{Name: "id"}, {Name: "score", Type: table.Number}}, rows...)),
	} {
		told := 0
		_, err := Scores().Scan(strings.NewReader(in), "f", func(Problem) { told++ }, ignore[Score])
		var content *ContentError
		if !errors.As(err, &content) || content.Total != maxProblems+1 || told != content.Total {
			t.Errorf("%s: %v, told of %d", name, content.Total, told)
		}
	}
}

// TestNearNames suggests no column that the file needs anyway.
func TestNearNames(t *testing.T) {
	for in, want := range map[string]string{
		"model,input_per_m\nm,1\n":                     `f: output_per_m: no such column: found "model", "input_per_m"`,
		"model,input_per_m,putput_per_m\n":             `f: output_per_m: no such column: found "model", "input_per_m", "putput_per_m" (did you mean "putput_per_m"?)`,
		"MODEL,input_per_m,output_per_m\n":             `f: model: no such column: found "MODEL", "input_per_m", "output_per_m": rename "MODEL" to "model"`,
		`{"model":"m","input_per_m":1}`:                `f:1: output_per_m: missing: expected a number, found "model", "input_per_m"`,
		`{"Model":1,"input_per_m":1,"output_per_m":1}`: `f:1: model: missing: expected a string, found "Model", "input_per_m", "output_per_m": rename "Model" to "model"`,
	} {
		_, err := Prices().Scan(strings.NewReader(in), "f", nil, ignore[Price])
		if got := problemsOf(t, err); len(got) != 1 || got[0] != want {
			t.Errorf("%q: %q, expected %q", in, got, want)
		}
	}
}

// TestUnusedColumns names columns that nobody reads, once.
func TestUnusedColumns(t *testing.T) {
	want := []string{`columns not used: "moddel" (did you mean "model"?), "z"`}
	for _, in := range []string{"id,score,z,moddel,model\na,1,,,m\n", `{"id":"a","score":1,"z":[{}],"model":"m"}` + "\n" + `{"moddel":null,"id":"b","model":"m"}`,
		string(parquetOf(t, []table.Column{{Name: "id"}, {Name: "moddel"}, {Name: "z", Type: table.Numbers}, {Name: "model"}}, []any{"a", "b", nil, "m"}))} {
		summary, err := Outcomes().Scan(strings.NewReader(in), "f", nil, ignore[Outcome])
		if diff := cmp.Diff(want, summary.Warnings); diff != "" || err != nil {
			t.Errorf("%.10q: %v; want −, got +:\n%s", in, err, diff)
		}
	}
}
