package datasets

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tableRows are CSV in its several looks, and JSON that is nearly right.
var tableRows = []string{
	"id,prompt\na,x\n", "\ufeffid;prompt;tier\r\n\"a\";\"x\"\"y\r\nz\";SIMPLE\r\n", "id\tmodel\tscore\tcorrect\na\tm\t 0.5 \tTRUE\n", "id,id\n1,2\n", "id\n\n\"a", "id,score\na,NaN\n",
	"id,embedding\na,\"[1, 2e3]\"\nb,\"[0,-0]\"\n", "id,classifier,tier,predicted,scores,fold\na,c,x,y,\"[]\",0\n", "model,input_per_m,output_per_m,tokens_per_s\nm,1,2,0\nn,1e-300,5e-324,1\n",
	`{"id":"a","model":"m","response":"","score":0.5,"correct":true,"latency_ms":2,"ttft_ms":1}` + "\n" + `{"id":"a","model":"n","correct":false}`,
	`{"id":"a","embedding":[1,2.5]}` + "\n" + `{"id":"b","embedding":[1e39,2]}`, `{"id":"a","embedding":[3.4e38,-0.0]}`, `{"id":"a","score":-0}`, `{"id":"a","score":1.7976931348623157e308}`,
	`{"id":"a","classifier":"c","tier":"x","predicted":"y","scores":[],"fold":3,"repeat":2,"invalid":true,"split":"tune"}`, `{"model":"m","input_per_m":0,"output_per_m":3,"ttft_ms":0}`,
}

// fuzzKind reads anything as a kind of file. What is read is written and read
// again in every container.
func fuzzKind[T any](f *testing.F, kind func() Kind[T], row func(maker, int) T, keep func(*T)) {
	for _, text := range slices.Concat(fuzzRows, tableRows) {
		f.Add([]byte(text), false)
		f.Add([]byte(text), true)
	}
	m := maker{rand.New(rand.NewPCG(41, 0))}
	rows := make([]T, 5)
	for i := range rows {
		rows[i] = row(m, i)
	}
	for _, container := range containers {
		for _, compression := range compressions {
			var out bytes.Buffer
			if err := kind().Write(&out, Format{Container: container, Compression: compression}, WriteOptions{}, putAll(rows)); err != nil {
				f.Fatal(err)
			}
			f.Add(out.Bytes(), container == "csv")
		}
	}
	fixtures, err := filepath.Glob("../internal/table/testdata/duckdb/*.parquet")
	if err != nil || len(fixtures) < 30 {
		f.Fatal(len(fixtures), err)
	}
	for _, path := range fixtures {
		if content, err := os.ReadFile(path); err != nil {
			f.Fatal(err)
		} else if len(content) < 8<<10 {
			f.Add(content, false)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, csv bool) {
		name := "f"
		if csv {
			name = "f.csv"
		}
		var told []Problem
		var rows []T
		summary, err := kind().Scan(bytes.NewReader(data), name, func(p Problem) { told = append(told, p) }, func(row *T) error {
			if keep != nil {
				keep(row)
			}
			rows = append(rows, *row)
			return nil
		})
		checkError(t, err, told)
		if err != nil {
			return
		}
		if summary.Rows != len(rows) || len(rows) == 0 {
			t.Fatalf("success with %d rows, said to be %d", len(rows), summary.Rows)
		}
		for _, container := range containers {
			checkRoundTripOf(t, kind(), Format{Container: container}, rows, keep)
		}
	})
}

// checkRoundTripOf writes rows and reads them back.
func checkRoundTripOf[T any](t *testing.T, kind Kind[T], f Format, rows []T, keep func(*T)) {
	t.Helper()
	var out bytes.Buffer
	if err := kind.Write(&out, f, WriteOptions{}, putAll(rows)); err != nil {
		t.Fatalf("%s: %v", f.Container, err)
	}
	i := 0
	if _, err := kind.Scan(&out, "f."+f.Container, nil, func(row *T) error {
		if diff := cmp.Diff(rows[i], *row, bitEqual); diff != "" {
			t.Fatalf("%s, row %d: want −, got +:\n%s", f.Container, i, diff)
		}
		i++
		return nil
	}); err != nil || i != len(rows) {
		t.Fatalf("%s: %d of %d rows, %v", f.Container, i, len(rows), err)
	}
}

func FuzzPrompts(f *testing.F) {
	fuzzKind(f, func() Kind[Prompt] { return Prompts(testTiers) }, maker.prompt, nil)
}

func FuzzOutcomes(f *testing.F) { fuzzKind(f, Outcomes, maker.outcome, nil) }

func FuzzAnswers(f *testing.F) { fuzzKind(f, Answers, maker.answer, nil) }

func FuzzScores(f *testing.F) {
	fuzzKind(f, Scores, func(m maker, i int) Score { return Score{ID: m.name(i), Score: m.any()} }, nil)
}

func FuzzPrices(f *testing.F) { fuzzKind(f, Prices, maker.price, nil) }

func FuzzPredictions(f *testing.F) {
	fuzzKind(f, Predictions, maker.prediction, func(p *Prediction) { p.Scores = slices.Clone(p.Scores) })
}

func FuzzVectors(f *testing.F) {
	fuzzKind(f, Vectors, func(m maker, i int) Vector { return Vector{ID: m.name(i), Values: m.vector(3)} }, keepVector)
}
