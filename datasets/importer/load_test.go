package importer

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/table"
)

// put writes a file and returns its path. A name in .gz is compressed.
func put(t testing.TB, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	data := []byte(content)
	if strings.HasSuffix(name, ".gz") {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		data = b.Bytes()
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// putParquet writes rows of string, float64, bool or nil.
func putParquet(t testing.TB, dir, name string, columns []table.Column, rows [][]any) string {
	t.Helper()
	path := filepath.Join(dir, name)
	f, err := table.FormatOf(name)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := table.NewWriter(&out, f, columns, nil)
	if err != nil {
		t.Fatal(err)
	}
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
			}
		}
	}
	if err := errors.Join(w.Write(&b), w.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// imported is what an import gave.
type imported struct {
	outcomes []datasets.Outcome
	report   Report
	told     []datasets.Problem
	err      error
}

// load imports, and holds what is true of every import.
func load(t testing.TB, format string, o Options, paths ...string) imported {
	t.Helper()
	var in imported
	in.report, in.err = Import(format, paths, o,
		func(p datasets.Problem) { in.told = append(in.told, p) },
		func(o *datasets.Outcome) error { in.outcomes = append(in.outcomes, *o); return nil })
	var content *datasets.ContentError
	switch {
	case in.err == nil:
		checkOutcomes(t, in)
	case errors.As(in.err, &content):
		if content.Total != len(in.told) || !slices.Equal(content.First, in.told[:min(len(in.told), datasets.ShownProblems)]) {
			t.Fatalf("%d problems, first %v; told of %v", content.Total, content.First, in.told)
		}
		for _, p := range in.told {
			if p.File == "" || p.Line < 0 || p.Reason == "" || !utf8.ValidString(p.Reason) || len(p.Reason) > 4000 {
				t.Fatalf("problem %+v", p)
			}
		}
	case len(in.told) > 0:
		t.Fatalf("error %v, but told of %v", in.err, in.told)
	}
	return in
}

// checkOutcomes holds that outcomes and report agree, and that the outcomes
// come back from a file as they were.
func checkOutcomes(t testing.TB, in imported) {
	t.Helper()
	if len(in.told) > 0 {
		t.Fatalf("success, though told of %v", in.told)
	}
	prompts, models := map[string]bool{}, map[string]bool{}
	for _, o := range in.outcomes {
		prompts[o.ID], models[o.Model] = true, true
	}
	if r := in.report; r.Rows != len(in.outcomes) || r.Prompts != len(prompts) || len(r.Models) != len(models) || r.Rows == 0 {
		t.Fatalf("report %+v of %d outcomes, %d prompts, %d models", r, len(in.outcomes), len(prompts), len(models))
	}
	for _, container := range []string{"jsonl", "csv", "parquet"} {
		var b bytes.Buffer
		err := datasets.Outcomes().Write(&b, datasets.Format{Container: container}, datasets.WriteOptions{}, func(put func(datasets.Outcome) error) error {
			for _, o := range in.outcomes {
				if err := put(o); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var back []datasets.Outcome
		_, err = datasets.Outcomes().Scan(&b, "x."+container, nil, func(o *datasets.Outcome) error { back = append(back, *o); return nil })
		if err != nil {
			t.Fatalf("%s: %v", container, err)
		}
		if !reflect.DeepEqual(back, in.outcomes) {
			t.Fatalf("%s: %+v came back as %+v", container, in.outcomes, back)
		}
	}
}

// expect compares what an import gave.
func expect(t *testing.T, in imported, want ...datasets.Outcome) {
	t.Helper()
	if in.err != nil {
		t.Fatal(in.err)
	}
	if !reflect.DeepEqual(in.outcomes, want) {
		t.Errorf("found\n%+v\nexpected\n%+v", in.outcomes, want)
	}
}

// refusal holds that the import fails on content, with all these words.
func refusal(t *testing.T, in imported, words ...string) {
	t.Helper()
	var content *datasets.ContentError
	if !errors.As(in.err, &content) {
		t.Fatalf("error is %v, expected one of content", in.err)
	}
	for _, word := range words {
		if !strings.Contains(in.err.Error(), word) {
			t.Errorf("error is %q, expected %q in it", in.err, word)
		}
	}
}

func misuse(t *testing.T, in imported, words ...string) {
	t.Helper()
	var u *UsageError
	if !errors.As(in.err, &u) {
		t.Fatalf("error is %v, expected one of usage", in.err)
	}
	for _, word := range words {
		if !strings.Contains(in.err.Error(), word) {
			t.Errorf("error is %q, expected %q in it", in.err, word)
		}
	}
}

func scored(id, model, prompt, domain string, score float64) datasets.Outcome {
	return datasets.Outcome{ID: id, Model: model, Prompt: prompt, Domain: domain, Score: datasets.Known(score)}
}
