package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func namesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A set replaces the one before as a whole, and nothing else.
func TestSynthReplacesASet(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "data", "synth", "--n", "5", "--out", "made")
	writeFile(t, "made/mine.jsonl", "x")
	writeFile(t, "made/outcomes.md", "x")
	must(t, "data", "synth", "--n", "5", "--format", "csv.zst", "--only", "prompts, scores", "--out", "made")
	if diff := cmp.Diff([]string{"mine.jsonl", "outcomes.md", "prompts.csv.zst", "scores.csv.zst", "truth.json"}, namesIn(t, "made")); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
	// Without a truth.json files of these names are no set.
	writeFile(t, "own/outcomes.csv", "x")
	must(t, "data", "synth", "--n", "5", "--only", "prompts", "--out", "own")
	if diff := cmp.Diff([]string{"outcomes.csv", "prompts.jsonl", "truth.json"}, namesIn(t, "own")); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
}

// Files that no truth.json lists are somebody's own, and stay.
func TestSynthReplacesNothingElse(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "data", "synth", "--n", "5", "--only", "outcomes", "--out", "made")
	for _, c := range []struct{ folder, own string }{
		{"bare", "prompts.jsonl"}, {"bare", "truth.json"}, {"made", "prompts.jsonl"}, {"made", "logs.jsonl"},
	} {
		path := writeFile(t, filepath.Join(c.folder, c.own), "{\"note\": \"mine\"}")
		r := call(t, "", "data", "synth", "--n", "5", "--out", c.folder)
		if want := path + " exists already"; r.code != exitUsage || !strings.Contains(r.stderr, want) || readFile(t, path) != "{\"note\": \"mine\"}" {
			t.Errorf("exit %d, expected 2, %q and the file as it was:\n%s", r.code, want, r.stderr)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	// Nor are they removed with the set.
	writeFile(t, "made/prompts.csv", "x")
	must(t, "data", "synth", "--n", "5", "--only", "scores", "--out", "made")
	if diff := cmp.Diff([]string{"prompts.csv", "scores.jsonl", "truth.json"}, namesIn(t, "made")); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
}

// A set that was cut short while it was moved is ended by the same command.
func TestSynthCutShort(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "data", "synth", "--n", "5", "--format", "csv", "--out", "made")
	want := steady(t, "made")
	if err := replaceSet("made", t.TempDir(), []string{"prompts.jsonl"}); err == nil {
		t.Fatal("files that are not there were moved")
	}
	writeFile(t, "made/prompts.jsonl", "x") // moved before
	must(t, "data", "synth", "--n", "5", "--format", "csv", "--out", "made")
	if diff := cmp.Diff(want, steady(t, "made")); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
}

// tired is a context that is done after it was asked some times.
type tired struct {
	context.Context
	left *int
}

func (c tired) Err() error {
	if *c.left--; *c.left < 0 {
		return context.Canceled
	}
	return nil
}

// An interrupted set leaves the one before as it was.
func TestSynthInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "data", "synth", "--n", "20", "--out", "made")
	before := steady(t, "made")
	for _, rows := range []int{10, 50, 110, 130} { // in prompts, outcomes, answers, scores
		r := callContext(tired{context.Background(), &rows}, t, strings.NewReader(""), "data", "synth", "--n", "20", "--seed", "9", "--out", "made")
		if r.code != exitInterrupted {
			t.Fatalf("exit %d: %s", r.code, r.stderr)
		}
		if diff := cmp.Diff(before, steady(t, "made")); diff != "" {
			t.Errorf("want −, got +:\n%s", diff)
		}
	}
}

// The parameters of a set make it again, out of its own truth.json too.
func TestSynthParameters(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "data", "synth", "--n", "20", "--seed", "7", "--out", "first")
	must(t, "data", "synth", "--n", "20", "--parameters", "first/truth.json", "--out", "again")
	if diff := cmp.Diff(steady(t, "first"), steady(t, "again")); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
}

func TestSynthJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	r := must(t, "data", "synth", "--n", "7", "--logs", "3", "--only", "prompts,outcomes,logs", "--format", "csv", "--out", "made", "--json")
	var got struct{ Files []synthFile }
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
		t.Fatal(err)
	}
	want := []synthFile{
		{filepath.Join("made", "prompts.csv"), 7}, {filepath.Join("made", "outcomes.csv"), 28}, {filepath.Join("made", "logs.jsonl"), 3},
		{filepath.Join("made", "truth.json"), 0},
	}
	if !slices.Equal(got.Files, want) {
		t.Errorf("%v, expected %v", got.Files, want)
	}
}
