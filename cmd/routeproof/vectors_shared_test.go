package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
)

// sharedRow is a row of the embeddings that are kept outside the module.
type sharedRow struct {
	ID, Text, Label, Model string
	Embedding              []float32
}

func sharedRows(t *testing.T, name string) []sharedRow {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../../shared/data/embeddings", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip("shared data is absent: ", err)
	}
	f, err := datasets.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []sharedRow
	for dec := json.NewDecoder(f); dec.More(); {
		var row sharedRow
		if err := dec.Decode(&row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}

// Real vectors of OpenAI's text-embedding-3-small: 50 hotels of six classes.
func TestRealVectors(t *testing.T) {
	rows := sharedRows(t, "hotels_text-embedding-3-small_1536.jsonl.gz")
	t.Chdir(t.TempDir())
	var vectors []datasets.Vector
	var prompts strings.Builder
	seen := map[string]int{}
	for _, row := range rows {
		// In turns, so that every class is everywhere.
		split := []string{"train", "test", "tune", "calibrate", "train"}[seen[row.Label]%5]
		seen[row.Label]++
		fmt.Fprintf(&prompts, "{\"id\":%q,\"prompt\":%s,\"tier\":%q,\"split\":%q}\n", row.ID, quoted(t, row.Text), row.Label, split)
		vectors = append(vectors, datasets.Vector{ID: row.ID, Values: row.Embedding})
	}
	writeFile(t, "hotels.jsonl", prompts.String())
	writeFile(t, "hotels.yaml", "bootstrap: {replicates: 100}\ntiers: [{name: Budget}, {name: Extended-Stay}, {name: Suite}, {name: Boutique}, {name: Resort and Spa}, {name: Luxury}]")
	writeVectors(t, "v.parquet", vectors, &centroids.Identity{Kind: "openai", Model: "text-embedding-3-small", Dims: 1536, Preprocessing: "none"})
	built := must(t, "run", "--prompts", "hotels.jsonl", "--config", "hotels.yaml", "--vectors", "v.parquet", "--json")
	again := must(t, "bench", "--prompts", "hotels.jsonl", "--config", "hotels.yaml", "--vectors", "v.parquet", "--artifact", "out/centroids.safetensors", "--json")
	if diff := cmp.Diff(embeddingOf(t, built), embeddingOf(t, again)); diff != "" {
		t.Error(diff)
	}
	// numpy: unit(sum of unit vectors) of each class's train rows, argmax of the
	// dot products with the test rows.
	if got, want := embeddingOf(t, built), [2]float64{12, 7.0 / 12}; got != want {
		t.Errorf("n and accuracy %v, expected %v", got, want)
	}
	manifest, _ := safetensors(t, "out/centroids.safetensors")
	if diff := cmp.Diff(map[string]any{"kind": "openai", "model": "text-embedding-3-small", "dims": 1536.0, "preprocessing": "none"}, manifest["embedder"]); diff != "" {
		t.Error(diff)
	}
	r := must(t, "classify", "--artifact", "out/centroids.safetensors", "--in", "hotels.jsonl", "--vectors", "v.parquet")
	if n := strings.Count(r.stdout, `"accepted":true`); n != 50 || r.stderr != "" {
		t.Errorf("%d accepted, expected 50; %s", n, r.stderr)
	}
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	b, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The same titles under four models: what one made means nothing to another.
func TestVectorsOfOtherModels(t *testing.T) {
	rows := sharedRows(t, "movie_titles_es_openai_4models.jsonl.gz")
	t.Chdir(t.TempDir())
	files := map[string]string{}
	var prompts, mixed strings.Builder
	for i, row := range rows {
		id := i % 62
		if i < 62 {
			fmt.Fprintf(&prompts, "{\"id\":\"%d\",\"prompt\":%s,\"tier\":%q,\"split\":%q}\n", id, quoted(t, row.Text), []string{"A", "B"}[i%2], []string{"train", "tune", "calibrate", "test"}[i/2%4])
		}
		embedding, err := json.Marshal(row.Embedding)
		if err != nil {
			t.Fatal(err)
		}
		files[row.Model] += fmt.Sprintf("{\"id\":\"%d\",\"embedding\":%s}\n", id, embedding)
		fmt.Fprintf(&mixed, "{\"id\":\"%d\",\"embedding\":%s}\n", i, embedding)
	}
	for model, content := range files {
		writeFile(t, model, content)
	}
	writeFile(t, "mixed", mixed.String())
	writeFile(t, "titles", prompts.String())
	writeFile(t, "two.yaml", "bootstrap: {replicates: 100}\ntiers: [{name: A}, {name: B}]")
	build := "build --prompts titles --config two.yaml --out c.safetensors "
	classify := "classify --artifact c.safetensors --in titles "
	exits(t, []exit{
		{build + "--vectors mixed --vectors-model x", 12, "mixed:63: embedding: expected 1536 numbers as in the rows before, found 256"},
		{build + "--vectors text-embedding-3-small@1536 --vectors-model text-embedding-3-small", 0, ""},
		{classify + "--vectors text-embedding-3-small@1536 --vectors-model text-embedding-3-small", 0, ""},
		{classify + "--vectors text-embedding-3-small@256 --vectors-model text-embedding-3-small", 12, `dims: expected "1536", found "256"`},
		{classify + "--vectors text-embedding-ada-002@1536 --vectors-model text-embedding-ada-002", 12, `model: expected "text-embedding-3-small", found "text-embedding-ada-002"`},
		// Under a false name the canaries tell.
		{classify + "--vectors text-embedding-ada-002@1536 --vectors-model text-embedding-3-small", 12, "canary scores"},
	})
}
