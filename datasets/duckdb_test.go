package datasets

import (
	flags "flag"
	"math/rand/v2"
	"path/filepath"
	"testing"
)

var files = flags.String("files", "", "folder in which TestFilesForDuckDB leaves its files")

// TestFilesForDuckDB writes random rows of every kind as Parquet and as JSON
// Lines, for docs/checks/duckdb.mjs to compare.
func TestFilesForDuckDB(t *testing.T) {
	if *files == "" {
		t.Skip("needs -files FOLDER")
	}
	m := maker{rand.New(rand.NewPCG(31, 0))}
	filesOf(t, "prompts", Prompts(testTiers), 3000, func(i int) Prompt { return m.prompt(i) })
	filesOf(t, "outcomes", Outcomes(), 3000, func(i int) Outcome { return m.outcome(i) })
	filesOf(t, "answers", Answers(), 3000, func(i int) RecordedAnswer { return m.answer(i) })
	filesOf(t, "predictions", Predictions(), 3000, func(i int) Prediction { return m.prediction(i) })
	filesOf(t, "prices", Prices(), 3000, func(i int) Price { return m.price(i) })
	filesOf(t, "scores", Scores(), 140_000, func(i int) Score { return Score{ID: m.name(i), Score: m.any()} })
	filesOf(t, "vectors", Vectors(), 500, func(i int) Vector { return Vector{ID: m.name(i), Values: m.vector(64)} })
	filesOf(t, "onerow", Scores(), 1, func(i int) Score { return Score{ID: m.name(i), Score: m.any()} })
	filesOf(t, "norows", Predictions(), 0, func(i int) Prediction { return m.prediction(i) })
}

func filesOf[T any](t *testing.T, name string, kind Kind[T], n int, row func(int) T) {
	rows := make([]T, n)
	for i := range rows {
		rows[i] = row(i)
	}
	for _, ending := range []string{".parquet", ".jsonl"} {
		if err := kind.WriteFile(filepath.Join(*files, name+ending), WriteOptions{}, putAll(rows)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBenchFile writes a million predictions for the script to time.
func TestBenchFile(t *testing.T) {
	if *files == "" {
		t.Skip("needs -files FOLDER")
	}
	if err := Predictions().WriteFile(filepath.Join(*files, "bench", "predictions.parquet"), WriteOptions{}, putAll(benchRows(1_000_000))); err != nil {
		t.Fatal(err)
	}
}
