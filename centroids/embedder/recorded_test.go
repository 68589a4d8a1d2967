package embedder_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/embeddertest"
	"github.com/routeproof/routeproof/datasets"
)

func recordedIdentity(dims int) centroids.Identity {
	return centroids.Identity{Kind: embedder.KindRecorded, Model: "some model", Dims: dims}
}

// promptsOf returns prompts with the ids 0, 1, …
func promptsOf(texts ...string) []datasets.Prompt {
	prompts := make([]datasets.Prompt, len(texts))
	for i, text := range texts {
		prompts[i] = datasets.Prompt{ID: fmt.Sprint(i), Text: text}
	}
	return prompts
}

// setOf is prompts that fit into memory.
func setOf(prompts []datasets.Prompt) *datasets.PromptSet {
	set, err := datasets.PromptSetOf(prompts)
	if err != nil {
		panic(err)
	}
	return set
}

func every(*datasets.Prompt) bool { return true }

// vectorsOf returns a file with the vectors of the ids 0, 1, …
func vectorsOf(vectors ...[]float32) *datasets.VectorFile {
	file := datasets.NewVectorFile()
	for i, v := range vectors {
		if err := file.Add(fmt.Sprint(i), v); err != nil {
			panic(err)
		}
	}
	return file
}

func record(t *testing.T, prompts []datasets.Prompt, file *datasets.VectorFile) *embedder.Recorded {
	t.Helper()
	e, err := embedder.NewRecorded(recordedIdentity(file.Dims), setOf(prompts), every, file, "v.jsonl", nil)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestRecordedConforms(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var vectors [][]float32
	for range embeddertest.Texts() {
		v := make([]float32, 24)
		for d := range v {
			v[d] = float32(rng.NormFloat64())
		}
		vectors = append(vectors, v)
	}
	embeddertest.Run(t, record(t, promptsOf(embeddertest.Texts()...), vectorsOf(vectors...)), 0)
}

// By hand: 3, 4 has norm 5. Squares of the third row are out of float32's
// range at both ends.
func TestRecordedNormalises(t *testing.T) {
	e := record(t, promptsOf("five", "none", "huge", "tiny", " "),
		vectorsOf([]float32{3, 4}, []float32{0, 0}, []float32{3e38, -3e38}, []float32{1e-45, 0}, []float32{1, 0}))
	half := float32(math.Sqrt(0.5))
	want := []float32{0.6, 0.8, 0, 0, half, -half, 1, 0, 0, 0}
	if got := embedAll(t, e, "five", "none", "huge", "tiny", " "); !slices.Equal(want, got) {
		t.Errorf("%v, expected %v", got, want)
	}
	var lookup centroids.Lookup = e
	for text, known := range map[string]bool{"five": true, "none": true, "\t": true, "": true, "Five": false, "five ": false} {
		err := e.Embed(context.Background(), make([]float32, 2), []string{text})
		if lookup.Knows(text) != known || (err == nil) != known {
			t.Errorf("%q: known %t, error %v; expected known %t", text, lookup.Knows(text), err, known)
		}
	}
}

func TestRecordedJoins(t *testing.T) {
	prompts := promptsOf("a", "b", "a", " ")
	for name, c := range map[string]struct {
		file *datasets.VectorFile
		want string
	}{
		"missing":   {vectorsOf([]float32{1, 0}, []float32{0, 1}), `v.jsonl: id: no vector for prompt "2": embed it too`},
		"differ":    {vectorsOf([]float32{1, 0}, []float32{0, 1}, []float32{1, 0.001}), `prompts "0" and "2" have the same text, but elements of their vectors differ by up to 0.001`},
		"one zero":  {vectorsOf([]float32{0, 0}, []float32{0, 1}, []float32{1, 0}), `prompts "0" and "2"`},
		"other dim": {vectorsOf([]float32{1, 0, 0}), "expected vectors of 2 numbers, as the embedder's identity says, found 3"},
	} {
		var told []datasets.Problem
		_, err := embedder.NewRecorded(recordedIdentity(2), setOf(prompts), every, c.file, "v.jsonl", func(p datasets.Problem) { told = append(told, p) })
		if got := checkContent(t, err); !strings.Contains(err.Error(), c.want) || len(told) != 1 || told[0] != got.First[0] {
			t.Errorf("%s: %v (told %v), expected %s", name, err, told, c.want)
		}
	}
	// A multiple is the same vector, and so is noise; a blank text needs none,
	// and a vector without a prompt does no harm.
	file := vectorsOf([]float32{1, 0}, []float32{0, 1}, []float32{2, 1.9e-4}, []float32{1, 1}, []float32{1, 1})
	file.IDs[3], file.IDs[4] = "x", "y"
	slices.Reverse(prompts)
	if got := embedAll(t, record(t, prompts, file), "a"); got[0] != 1 || got[1] != 0 {
		t.Errorf("%v, expected the vector of the smallest id", got)
	}
}

// Each of many texts has its own vector, and no other text is known, however full the table
// of texts is.
func TestRecordedTexts(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 3000} {
		texts, file := make([]string, n), datasets.NewVectorFile()
		for i := range texts {
			texts[i] = fmt.Sprint("text ", i)
			if err := file.Add(fmt.Sprint(i), []float32{float32(i + 1), 1}); err != nil {
				t.Fatal(err)
			}
		}
		e := record(t, promptsOf(texts...), file)
		got := embedAll(t, e, texts...)
		for i, text := range texts {
			if want := float64(i + 1); !e.Knows(text) || math.Abs(float64(got[2*i]/got[2*i+1])-want) > 1e-2*want {
				t.Fatalf("%d texts: %q has %v", n, text, got[2*i:2*i+2])
			}
		}
		if e.Knows("text") || e.Knows("text "+fmt.Sprint(n)) {
			t.Errorf("%d texts: another one is known", n)
		}
	}
}

func TestRecordedListsAllMissing(t *testing.T) {
	prompts := promptsOf(slices.Repeat([]string{"x"}, 50)...)
	told := 0
	_, err := embedder.NewRecorded(recordedIdentity(1), setOf(prompts), every, vectorsOf([]float32{1}), "v.jsonl", func(datasets.Problem) { told++ })
	var content *datasets.ContentError
	if !errors.As(err, &content) || content.Total != 49 || len(content.First) != datasets.ShownProblems || told != 49 {
		t.Errorf("%v, told of %d, expected 49 problems and the first %d shown", err, told, datasets.ShownProblems)
	}
}

func TestIdentityOf(t *testing.T) {
	read := func(metadata string) *datasets.VectorFile {
		t.Helper()
		path := filepath.Join(t.TempDir(), "v.parquet")
		options := datasets.WriteOptions{Metadata: map[string]string{}}
		if metadata != "" {
			options.Metadata[embedder.IdentityKey] = metadata
		}
		if err := datasets.Vectors().WriteFile(path, options, func(put func(datasets.Vector) error) error {
			return put(datasets.Vector{ID: "0", Values: []float32{3, 4}})
		}); err != nil {
			t.Fatal(err)
		}
		file, err := datasets.ReadVectors(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	want := centroids.Identity{Kind: "openai", Model: "text-embedding-3-small", Dims: 2, Preprocessing: "none", Digest: "d"}
	id, known, err := embedder.IdentityOf(read(`{"kind":"openai","model":"text-embedding-3-small","dims":2,"preprocessing":"none","digest":"d"}`), "v.parquet", nil)
	if err != nil || !known || id != want {
		t.Errorf("%+v, %t, %v, expected %+v", id, known, err, want)
	}
	if id, known, err := embedder.IdentityOf(read(""), "v.parquet", nil); err != nil || known || id != (centroids.Identity{}) {
		t.Errorf("no metadata: %+v, %t, %v", id, known, err)
	}
	for _, bad := range []string{"text-embedding-3-small", "{}", `{"kind":"a","model":"b","dims":2,"digset":"c"}`, `{"kind":"a","model":"b","dims":0}`,
		`{"kind":"a","model":"\u001b","dims":2}`, `{"kind":"a","model":"b","dims":2}{}`, "null", `{"kind":"a","model":"b","dims":"2"}`} {
		told := 0
		_, _, err := embedder.IdentityOf(read(bad), "v.parquet", func(datasets.Problem) { told++ })
		if checkContent(t, err); told != 1 || !strings.Contains(err.Error(), "v.parquet: metadata routeproof.embedder: expected") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// What FromIdentity cannot make it names, with the flag that brings it.
func TestFromIdentityOfRecorded(t *testing.T) {
	_, err := embedder.FromIdentity(recordedIdentity(5))
	if !errors.Is(err, embedder.ErrNotAlone) {
		t.Fatalf("%v, expected ErrNotAlone", err)
	}
	for _, want := range []string{"recorded", "some model", "5 dims", "--vectors", "NewRecorded"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %q", err, want)
		}
	}
}
