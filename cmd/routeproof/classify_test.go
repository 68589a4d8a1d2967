package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

// Without prompts the vectors of a file are classified as they stand: as prompts
// with these vectors are. Those of another embedder are refused, and nothing is
// printed before all bad rows are told.
func TestClassifyVectorsAlone(t *testing.T) {
	t.Chdir(t.TempDir())
	vectors, id := hashedVectors(t)
	id.Kind = "elsewhere"
	writeVectors(t, "v.parquet", vectors, &id)
	writeVectors(t, "unnamed.jsonl", vectors, nil)
	other := centroids.Identity{Kind: id.Kind, Model: "another", Dims: id.Dims, Preprocessing: id.Preprocessing}
	writeVectors(t, "other.parquet", vectors, &other)
	must(t, "build", "--config", "quick.yaml", "--prompts", "prompts.jsonl", "--vectors", "v.parquet", "--out", "a.safetensors")
	want := must(t, "classify", "--artifact", "a.safetensors", "--in", "prompts.jsonl", "--vectors", "v.parquet", "--with-vector").stdout
	got := must(t, "classify", "--artifact", "a.safetensors", "--vectors", "v.parquet", "--with-vector")
	if got.stdout != want || strings.Count(want, "\n") != len(vectors) {
		t.Errorf("%d vectors are not classified as with their prompts", len(vectors))
	}
	if !strings.Contains(got.stderr, "canaries not verified: 8 of 8") {
		t.Errorf("stderr %q", got.stderr)
	}
	vectors = append(vectors, vectors[0])
	writeVectors(t, "twice.parquet", vectors, &id)
	for args, want := range map[string]struct {
		code int
		says string
	}{
		"classify --artifact a.safetensors":                                                                     {2, "expected --in FILE, the prompts, or --vectors FILE"},
		"classify --artifact a.safetensors --vectors unnamed.jsonl":                                             {2, "name the model with --vectors-model"},
		"classify --artifact a.safetensors --vectors unnamed.jsonl --vectors-model " + id.Model:                 {12, `kind: expected "elsewhere", found "recorded"`},
		"classify --artifact a.safetensors --vectors other.parquet":                                             {12, `found "another"`},
		"classify --artifact a.safetensors --vectors twice.parquet":                                             {12, "stands in row 1 already"},
		"classify --artifact a.safetensors --vectors -":                                                         {2, "standard input cannot be read more than once"},
		"classify --artifact a.safetensors --vectors absent.parquet":                                            {2, "absent.parquet"},
		"classify --artifact a.safetensors --in prompts.jsonl --vectors v.parquet --problems a.safetensors":     {2, "to be read and to be written"},
		"classify --artifact a.safetensors --vectors v.parquet --with-vector --word-vectors words --in x.jsonl": {2, "two sources of vectors"},
	} {
		if r := call(t, "", strings.Fields(args)...); r.code != want.code || !strings.Contains(r.stderr, want.says) || r.stdout != "" {
			t.Errorf("%s: exit %d, %s (stdout %d bytes), expected exit %d, %q", args, r.code, r.stderr, len(r.stdout), want.code, want.says)
		}
	}
}

// What can be read but once is kept to be read twice, and not left behind.
func TestClassifyReadsTwice(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("TMPDIR", t.TempDir())
	must(t, "build", "--out", "a.safetensors")
	var rows strings.Builder
	enc := json.NewEncoder(&rows)
	for i := range 2*classifyAtOnce + 7 {
		if err := enc.Encode(map[string]any{"id": strings.Repeat("i", i+1), "prompt": strings.Repeat("Why? ", i%9)}); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, "p.jsonl", rows.String())
	want := must(t, "classify", "--artifact", "a.safetensors", "--in", "p.jsonl").stdout
	if n := strings.Count(want, "\n"); n != 2*classifyAtOnce+7 {
		t.Fatalf("%d lines", n)
	}
	if r := call(t, rows.String(), "classify", "--artifact", "a.safetensors", "--in", "-"); r.code != 0 || r.stdout != want {
		t.Errorf("of standard input: exit %d, %s", r.code, r.stderr)
	}
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Fatal(err)
	}
	go func() {
		if f, err := os.OpenFile("pipe", os.O_WRONLY, 0); err == nil {
			f.WriteString(rows.String())
			f.Close()
		}
	}()
	if r := call(t, "", "classify", "--artifact", "a.safetensors", "--in", "pipe"); r.code != 0 || r.stdout != want {
		t.Errorf("of a pipe: exit %d, %s", r.code, r.stderr)
	}
	// The last row is bad, so none is classified.
	r := call(t, rows.String()+`{"id":"x"}`, "classify", "--artifact", "a.safetensors", "--in", "-")
	if r.code != exitContent || r.stdout != "" || !strings.Contains(r.stderr, "standard input:1032: prompt") {
		t.Errorf("exit %d, %s", r.code, r.stderr)
	}
	if left, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
