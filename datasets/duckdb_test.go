package datasets

import (
	flags "flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var files = flags.String("files", "", "folder in which TestFilesForDuckDB leaves its files, and TestFileToTime a large one")

// TestFilesForDuckDB writes random rows of every kind as Parquet and as JSON
// Lines, and reads the same from both. docs/checks/duckdb.mjs has DuckDB do so.
func TestFilesForDuckDB(t *testing.T) {
	m := maker{rand.New(rand.NewPCG(31, 0))}
	folder := filesFolder(t)
	filesOf(t, folder, "prompts", Prompts(testTiers), 3000, func(i int) Prompt { return m.prompt(i) }, nil)
	filesOf(t, folder, "outcomes", Outcomes(), 3000, func(i int) Outcome { return m.outcome(i) }, nil)
	filesOf(t, folder, "answers", Answers(), 3000, func(i int) RecordedAnswer { return m.answer(i) }, nil)
	filesOf(t, folder, "predictions", Predictions(), 3000, func(i int) Prediction { return m.prediction(i) }, keepScores)
	filesOf(t, folder, "prices", Prices(), 3000, func(i int) Price { return m.price(i) }, nil)
	filesOf(t, folder, "scores", Scores(), 140_000, func(i int) Score { return Score{ID: m.name(i), Score: m.any()} }, nil)
	filesOf(t, folder, "vectors", Vectors(), 500, func(i int) Vector { return Vector{ID: m.name(i), Values: m.vector(64)} }, keepVector)
	filesOf(t, folder, "onerow", Scores(), 1, func(i int) Score { return Score{ID: m.name(i), Score: m.any()} }, nil)
	filesOf(t, folder, "norows", Predictions(), 0, func(i int) Prediction { return m.prediction(i) }, keepScores)
}

// filesFolder is where files are left, or one that goes with the test.
func filesFolder(t *testing.T) string {
	if *files != "" {
		return *files
	}
	return t.TempDir()
}

func filesOf[T any](t *testing.T, folder, name string, kind Kind[T], n int, row func(int) T, keep func(*T)) {
	t.Helper()
	rows := make([]T, n)
	for i := range rows {
		rows[i] = row(i)
	}
	for _, ending := range []string{".parquet", ".jsonl"} {
		path := filepath.Join(folder, name+ending)
		if err := kind.WriteFile(path, WriteOptions{}, putAll(rows)); err != nil {
			t.Fatal(err)
		}
		got := 0
		if _, err := kind.ScanFile(path, nil, func(row *T) error {
			if keep != nil {
				keep(row)
			}
			if diff := cmp.Diff(rows[got], *row, bitEqual); diff != "" {
				t.Fatalf("%s: row %d: want −, got +:\n%s", path, got, diff)
			}
			got++
			return nil
		}); (err == nil) != (n > 0) || got != n { // a file without rows is refused
			t.Fatalf("%s: %d rows of %d: %v", path, got, n, err)
		}
	}
}

// TestFileToTime writes predictions: a million for the script to time, where a
// folder is given.
func TestFileToTime(t *testing.T) {
	rows := benchRows(1000)
	if *files != "" {
		rows = benchRows(1_000_000)
	}
	folder := filepath.Join(filesFolder(t), "bench")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "predictions.parquet")
	if err := Predictions().WriteFile(path, WriteOptions{}, putAll(rows)); err != nil {
		t.Fatal(err)
	}
	got := 0
	if _, err := Predictions().ScanFile(path, nil, func(p *Prediction) error { got++; return nil }); err != nil || got != len(rows) {
		t.Errorf("%d rows of %d: %v", got, len(rows), err)
	}
}

func keepScores(p *Prediction) { p.Scores = slices.Clone(p.Scores) }
