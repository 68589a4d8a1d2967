package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets"
)

// writeVectors writes vectors in the format that the path names. identity is
// put into the metadata unless it is nil.
func writeVectors(t *testing.T, path string, vectors []datasets.Vector, identity *centroids.Identity) string {
	t.Helper()
	options := datasets.WriteOptions{Metadata: map[string]string{}}
	if identity != nil {
		text, err := json.Marshal(identity)
		if err != nil {
			t.Fatal(err)
		}
		options.Metadata[embedder.IdentityKey] = string(text)
	}
	if err := datasets.Vectors().WriteFile(path, options, func(put func(datasets.Vector) error) error {
		for _, v := range vectors {
			if err := put(v); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return path
}

// hashedVectors writes the built-in set and a quick configuration into the
// folder and returns what the configuration's embedder makes of the set, times
// two.
func hashedVectors(t *testing.T) (vectors []datasets.Vector, id centroids.Identity) {
	t.Helper()
	must(t, "init", ".")
	writeFile(t, "quick.yaml", "embedder: {dims: 64}\nbootstrap: {replicates: 100}\n"+plainEmbedding)
	prompts, err := datasets.ReadPrompts("prompts.jsonl", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := embedder.NewHashing(64)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range prompts.Prompts {
		v := make([]float32, 64)
		if err := e.Embed(t.Context(), v, []string{p.Text}); err != nil {
			t.Fatal(err)
		}
		for d := range v {
			v[d] *= 2
		}
		vectors = append(vectors, datasets.Vector{ID: p.ID, Values: v})
	}
	return vectors, e.Identity()
}

// Recorded vectors give what the embedder that made them gives, and an artifact
// that they verify, whose canaries are train prompts. The terminal says that it
// holds them.
func TestRecordedVectorsAreThoseOfTheirEmbedder(t *testing.T) {
	t.Chdir(t.TempDir())
	vectors, id := hashedVectors(t)
	id.Kind = "elsewhere"
	writeVectors(t, "v.parquet", vectors, &id)
	must(t, "run", "--config", "quick.yaml", "--prompts", "prompts.jsonl", "--llm-answers", "answers.jsonl", "--out", "live")
	r := must(t, "run", "--config", "quick.yaml", "--prompts", "prompts.jsonl", "--llm-answers", "answers.jsonl", "--vectors", "v.parquet", "--out", "recorded")
	if !strings.Contains(r.stderr, "recorded/centroids.safetensors and its readable copy hold the texts of 8 train prompts") {
		t.Errorf("run does not say that the artifact holds prompts: %s", r.stderr)
	}
	live, a := safetensors(t, "live/centroids.safetensors")
	recorded, b := safetensors(t, "recorded/centroids.safetensors")
	made := live["embedder"].(map[string]any)
	made["kind"] = id.Kind
	if diff := cmp.Diff(made, recorded["embedder"].(map[string]any)); diff != "" {
		t.Error(diff)
	}
	if len(a) != len(b) {
		t.Fatalf("%d bytes of centroids, expected %d", len(b), len(a))
	}
	number := func(data []byte, at int) float64 {
		return float64(math.Float32frombits(uint32(data[at]) | uint32(data[at+1])<<8 | uint32(data[at+2])<<16 | uint32(data[at+3])<<24))
	}
	for at := 0; at < len(a); at += 4 {
		if math.Abs(number(a, at)-number(b, at)) > 1e-6 {
			t.Fatalf("element %d of the centroids is %g, expected %g", at/4, number(b, at), number(a, at))
		}
	}
	splits, texts := splitsOf(t, "recorded/predictions.parquet"), map[string]string{}
	prompts, err := datasets.ReadPrompts("prompts.jsonl", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range prompts.Prompts {
		texts[p.Text] = splits[p.ID]
	}
	canaries := recorded["canaries"].([]any)
	for _, c := range canaries {
		if text := c.(map[string]any)["text"].(string); texts[text] != "train" {
			t.Errorf("canary %q is no train prompt", text)
		}
	}
	if len(canaries) != 8 {
		t.Errorf("%d canaries, expected 8", len(canaries))
	}
	if r := must(t, "classify", "--artifact", "recorded/centroids.safetensors", "--in", "prompts.jsonl", "--vectors", "v.parquet"); r.stderr != "" {
		t.Errorf("all canaries are among the prompts, but standard error says %s", r.stderr)
	}
	if report := readFile(t, "recorded/report.md"); !strings.Contains(report, "holds the text of 8 of yours") || !strings.Contains(report, "embed its canaries again") {
		t.Error("the report does not say that the artifact holds prompts")
	}
}

// The format of the vectors, the order of rows and the path change nothing.
func TestRecordedVectorsInAnyFormat(t *testing.T) {
	t.Chdir(t.TempDir())
	vectors, _ := hashedVectors(t)
	backward := slices.Clone(vectors)
	slices.Reverse(backward)
	writeVectors(t, "a.jsonl", vectors, nil)
	writeVectors(t, "b.csv.gz", backward, nil)
	writeVectors(t, "c.parquet", vectors, nil)
	writeVectors(t, "d.parquet", backward, &centroids.Identity{Kind: "recorded", Model: "mine", Dims: 64})
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, 64), }\n", len(vectors)) // in the order of the prompts
	array := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(header)))
	array = append(array, header...)
	for _, v := range vectors {
		array, _ = binary.Append(array, binary.LittleEndian, v.Values)
	}
	writeFile(t, "e.npy", string(array))
	var first map[string]string
	for _, path := range []string{"a.jsonl", "b.csv.gz", "c.parquet", "d.parquet", "e.npy"} {
		args := []string{"--config", "quick.yaml", "--prompts", "prompts.jsonl", "--vectors", path, "--vectors-model", "mine"}
		must(t, append(args, "run", "--out", path+".out")...)
		must(t, append(args, "build", "--out", path+".safetensors")...)
		files := steady(t, path+".out")
		if first == nil {
			first = files
		}
		if names := differences(first, files); names != nil {
			t.Errorf("%s: other bytes in %v", path, names)
		}
		if readFile(t, path+".safetensors") != first["centroids.safetensors"] {
			t.Errorf("%s: build and run write different artifacts", path)
		}
	}
	want := must(t, "classify", "--artifact", "a.jsonl.safetensors", "--in", "prompts.jsonl", "--vectors", "a.jsonl", "--vectors-model", "mine").stdout
	if got := must(t, "classify", "--artifact", "a.jsonl.safetensors", "--in", "prompts.jsonl", "--vectors", "e.npy", "--vectors-model", "mine").stdout; got != want {
		t.Error("an array is classified otherwise")
	}
	alone := must(t, "classify", "--artifact", "a.jsonl.safetensors", "--vectors", "e.npy", "--vectors-model", "mine").stdout
	if first, _, _ := strings.Cut(alone, "\n"); !strings.HasPrefix(first, `{"id":"1",`) || strings.Count(alone, "\n") != len(vectors) {
		t.Errorf("%d lines, the first %s", strings.Count(alone, "\n"), first)
	}
	writeFile(t, "fewer.jsonl", strings.Join(strings.SplitAfter(readFile(t, "prompts.jsonl"), "\n")[1:], ""))
	r := call(t, "", "build", "--config", "quick.yaml", "--prompts", "fewer.jsonl", "--vectors", "e.npy", "--vectors-model", "mine", "--out", "x.safetensors")
	if r.code != exitContent || !strings.Contains(r.stderr, fmt.Sprintf("e.npy: expected a row for each of %d prompts, in their order, found %d rows", len(vectors)-1, len(vectors))) {
		t.Errorf("exit %d, %s", r.code, r.stderr)
	}
}

func TestWrongVectors(t *testing.T) {
	t.Chdir(t.TempDir())
	vectors, id := hashedVectors(t)
	mine := "--vectors-model mine"
	writeVectors(t, "v.jsonl", vectors, nil)
	writeVectors(t, "hashing.parquet", vectors, &id)
	writeVectors(t, "static.parquet", vectors, &centroids.Identity{Kind: "static", Model: "sif-mean-1", Dims: 64, Digest: "0a"})
	id.Kind = "elsewhere"
	writeVectors(t, "id.parquet", vectors, &id)
	wrongDims := id
	wrongDims.Dims = 5
	writeVectors(t, "dims.parquet", vectors, &wrongDims)
	writeVectors(t, "odd.parquet", vectors, &centroids.Identity{Kind: "x", Dims: 64})
	writeVectors(t, "few.jsonl", vectors[:150], nil)
	zero := slices.Clone(vectors)
	zero[0].Values, zero[1].Values = make([]float32, 64), make([]float32, 64)
	writeVectors(t, "zero.jsonl", zero, nil)
	more := slices.Concat(vectors, []datasets.Vector{{ID: "nobody", Values: vectors[0].Values}})
	writeVectors(t, "more.jsonl", more, nil)
	turned := slices.Clone(vectors)
	for i := range turned {
		turned[i].Values = vectors[(i+1)%len(vectors)].Values
	}
	writeVectors(t, "turned.jsonl", turned, nil)
	writeFile(t, "ragged.jsonl", `{"id":"1","embedding":[1,2]}`+"\n"+`{"id":"2","embedding":[1]}`)
	writeFile(t, "other.jsonl", `{"id":"`+vectors[0].ID+`","prompt":"a text of its own"}`)
	must(t, "build", "--config", "quick.yaml", "--prompts", "prompts.jsonl", "--vectors", "v.jsonl", "--vectors-model", "mine", "--out", "r.safetensors")
	must(t, "build", "--config", "quick.yaml", "--out", "h.safetensors")
	exits(t, []exit{
		{"run --vectors v.jsonl", 2, "name the model with --vectors-model"},
		{"run --vectors-model x", 2, "give them too"},
		{"run --vectors id.parquet " + mine, 2, `--vectors-model is "mine", but id.parquet says that "signed-ngrams-1"`},
		{"run --vectors absent.jsonl " + mine, 2, "absent.jsonl"},
		{"run --vectors v.jsonl --vectors-model \x1b", 2, "--vectors-model"},
		{"run --vectors v.jsonl --problems v.jsonl " + mine, 2, "to be read and to be written"},
		{"run --vectors ragged.jsonl " + mine, 12, "ragged.jsonl:2: embedding: expected 2 numbers"},
		{"run --vectors dims.parquet", 12, "expected vectors of 5 numbers, as the embedder's identity says, found 64"},
		{"run --vectors odd.parquet", 12, "routeproof.embedder: expected an embedder's identity"},
		{"run --vectors few.jsonl " + mine, 12, "1,050 problems, the first 20"},
		{"build --vectors few.jsonl " + mine, 12, "1,050 problems, the first 20"},
		{"bench --vectors few.jsonl " + mine, 12, "1,050 problems, the first 20"},
		{"build --config quick.yaml --vectors more.jsonl --out m.safetensors " + mine, 0, "warning: vectors that belong to no prompt: 1 of 1201"},
		{"classify --artifact r.safetensors --in prompts.jsonl", 2, "--vectors"},
		{"classify --artifact r.safetensors --in prompts.jsonl --vectors v.jsonl", 2, "--vectors-model"},
		{"classify --artifact r.safetensors --in prompts.jsonl --vectors few.jsonl " + mine, 12, "1,050 problems"},
		{"classify --artifact r.safetensors --in prompts.jsonl --vectors v.jsonl --vectors-model yours", 12, `model: expected "mine", found "yours"`},
		{"classify --artifact r.safetensors --in prompts.jsonl --vectors turned.jsonl " + mine, 12, "canary scores"},
		{"classify --artifact h.safetensors --in prompts.jsonl --vectors v.jsonl " + mine, 12, `kind: expected "hashing", found "recorded"`},
		{"run --vectors hashing.parquet", 12, `found kind "hashing", which this program makes itself: leave --vectors out`},
		{"build --vectors static.parquet", 12, `found kind "static", which this program makes itself: give the file of word vectors with --word-vectors`},
		{"classify --artifact h.safetensors --in prompts.jsonl --vectors hashing.parquet", 12, "makes itself"},
		{"build --vectors v.jsonl --out v.safetensors " + mine, 0, "v.safetensors and its readable copy hold the texts of 8 train prompts"},
		{"build --config quick.yaml --vectors zero.jsonl --out z.safetensors " + mine, 0, "all zeros though the prompt is not blank: 2 of 1200"},
		{"classify --artifact r.safetensors --in other.jsonl --vectors v.jsonl " + mine, 0, "canaries not verified: 8 of 8"},
		{"classify --artifact r.safetensors --in other.jsonl --vectors v.jsonl " + mine, 0, "vectors that belong to no prompt: 1199 of 1200"},
		{"inspect r.safetensors", 0, ""},
		{"inspect r.safetensors --verify", 2, `--verify needs the embedder that made its vectors, kind "recorded", model "mine"`},
		{"inspect r.safetensors --verify --word-vectors v.jsonl", 2, "--verify needs the embedder"},
		{"bench --artifact r.safetensors --prompts prompts.jsonl", 2, "--vectors"},
		{"bench --artifact r.safetensors --prompts prompts.jsonl --vectors v.jsonl --vectors-model yours", 12, `model: expected "mine", found "yours"`},
		{"bench --artifact r.safetensors --prompts prompts.jsonl --vectors turned.jsonl " + mine, 12, "canary scores"},
	})
	r := must(t, "classify", "--artifact", "r.safetensors", "--in", "prompts.jsonl", "--vectors", "v.jsonl", "--vectors-model", "mine")
	if r.stderr != "" {
		t.Errorf("all canaries are among the prompts, but standard error says %s", r.stderr)
	}
	call(t, "", "run", "--vectors", "few.jsonl", "--vectors-model", "mine", "--problems", "all.jsonl")
	if n := strings.Count(readFile(t, "all.jsonl"), "no vector for prompt"); n != 1050 {
		t.Errorf("%d prompts without a vector are listed, expected 1050", n)
	}
}

// Only labelled prompts are embedded, so only they need vectors.
func TestUnlabelledPromptsNeedNoVectors(t *testing.T) {
	t.Chdir(t.TempDir())
	vectors, _ := hashedVectors(t)
	writeFile(t, "more.jsonl", readFile(t, "prompts.jsonl")+`{"id":"u1","prompt":"no label"}`+"\n"+`{"id":"u2","prompt":"none either","tier":"NONE"}`+"\n")
	writeVectors(t, "v.jsonl", append(vectors, datasets.Vector{ID: "u2", Values: vectors[0].Values}), nil)
	r := must(t, "build", "--config", "quick.yaml", "--prompts", "more.jsonl", "--vectors", "v.jsonl", "--vectors-model", "mine")
	if strings.Contains(r.stderr, "no prompt") {
		t.Errorf("the vector of an unlabelled prompt is taken for one of none: %s", r.stderr)
	}
	if r := call(t, "", "classify", "--artifact", "centroids.safetensors", "--in", "more.jsonl", "--vectors", "v.jsonl", "--vectors-model", "mine"); r.code != exitContent || !strings.Contains(r.stderr, `no vector for prompt "u1"`) {
		t.Errorf("classify: exit %d: %s", r.code, r.stderr)
	}
}
