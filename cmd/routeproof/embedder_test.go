package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wordVectors returns vectors of the words of a text, drawn at random.
func wordVectors(text string, dims int) string {
	words := regexp.MustCompile(`[a-z]+`).FindAllString(strings.ToLower(text), -1)
	slices.Sort(words)
	rng := rand.New(rand.NewPCG(5, 6))
	var b strings.Builder
	for _, word := range slices.Compact(words) {
		b.WriteString(word)
		for range dims {
			fmt.Fprintf(&b, " %.4f", rng.NormFloat64())
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func zipped(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// differences names the files that differ between two runs.
func differences(a, b map[string]string) []string {
	var names []string
	for name := range a {
		if a[name] != b[name] {
			names = append(names, name)
		}
	}
	if len(a) != len(b) {
		names = append(names, "other files")
	}
	slices.Sort(names)
	return names
}

// plainEmbedding is a configuration in which the embedder's vectors are used,
// whatever cross-validation would say of them.
const plainEmbedding = "classifiers: {embedding: {structure: none, scorer: centroid}}\n"

// Where the word vectors lie, whether they are compressed, and whether a flag
// or the configuration names them is in run.json and nowhere else.
func TestWordVectorsByAnyWay(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	must(t, "init", ".")
	text := wordVectors(readFile(t, "prompts.jsonl"), 12)
	writeFile(t, "first/secret-place.txt", text)
	writeFile(t, "conf/second/secret-place.gz", zipped(t, text))
	quick := "bootstrap: {replicates: 100}\n" + plainEmbedding
	writeFile(t, "conf/quick.yaml", quick)
	writeFile(t, "conf/static.yaml", quick+"embedder: {kind: static, path: second/secret-place.gz}")
	writeFile(t, "conf/dims.yaml", quick+"embedder: {kind: static, path: "+filepath.Join(folder, "first/secret-place.txt")+", dims: 12}")
	writeFile(t, "conf/other.yaml", quick+"embedder: {kind: static, path: nowhere.txt, dims: 7}")
	writeFile(t, "conf/hashing.yaml", quick+"embedder: {dims: 64}")
	var first map[string]string
	for i, args := range [][]string{
		{"--config", "conf/quick.yaml", "--word-vectors", "first/secret-place.txt"},
		{"--config", "conf/quick.yaml", "--word-vectors", "conf/second/secret-place.gz"},
		{"--config", "conf/static.yaml"},
		{"--config", "conf/dims.yaml"},
		{"--config", "conf/other.yaml", "--word-vectors", "first/secret-place.txt"},
		{"--config", "conf/hashing.yaml", "--word-vectors", "first/secret-place.txt"},
	} {
		out := fmt.Sprint("out", i)
		must(t, append([]string{"run", "--out", out}, args...)...)
		files := steady(t, out)
		if first == nil {
			first = files
		}
		if names := differences(first, files); names != nil {
			t.Errorf("%v: other bytes in %v", args, names)
		}
		for name, content := range files {
			if strings.Contains(content, "secret-place") {
				t.Errorf("%v: %s names the path", args, name)
			}
		}
	}
	if !strings.Contains(first["report.md"], "word vectors: ") || !strings.Contains(first["report.md"], "inspect centroids.safetensors --verify --word-vectors FILE") {
		t.Error("the report does not speak of the word vectors")
	}
	if !strings.Contains(readFile(t, "out0/run.json"), "secret-place") {
		t.Error("run.json does not hold the arguments")
	}
	must(t, "build", "--config", "conf/quick.yaml", "--word-vectors", "first/secret-place.txt", "--out", "c.safetensors")
	if readFile(t, "c.safetensors") != first["centroids.safetensors"] {
		t.Error("build and run write different artifacts")
	}
	writeFile(t, "more.txt", text+"onemore"+strings.Repeat(" 1", 12)+"\n")
	must(t, "run", "--config", "conf/quick.yaml", "--word-vectors", "more.txt", "--out", "more")
	if names := differences(first, steady(t, "more")); !slices.Contains(names, "centroids.safetensors") {
		t.Errorf("one word more changes only %v", names)
	}
}

func TestWordVectorsOfAnArtifact(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	text := wordVectors(readFile(t, "prompts.jsonl"), 12)
	writeFile(t, "words.txt", text)
	writeFile(t, "words.gz", zipped(t, text))
	writeFile(t, "static.yaml", "embedder: {kind: static, path: words.txt}")
	writeFile(t, "plain.yaml", plainEmbedding)
	built := must(t, "run", "--config", "plain.yaml", "--prompts", "prompts.jsonl", "--word-vectors", "words.txt", "--json")
	artifact := "out/centroids.safetensors"
	must(t, "inspect", artifact)
	if r := must(t, "inspect", artifact, "--verify", "--word-vectors", "words.gz"); !regexp.MustCompile(`(?m)^verified +8 canaries within 0.001$`).MatchString(r.stdout) {
		t.Errorf("inspect says %s", r.stdout)
	}
	r := must(t, "classify", "--artifact", artifact, "--word-vectors", "words.gz", "--in", "prompts.jsonl", "--with-vector")
	for line := range strings.Lines(r.stdout) {
		var c struct{ Vector []float64 }
		if err := json.Unmarshal([]byte(line), &c); err != nil || len(c.Vector) != 12 {
			t.Fatalf("%v in %s", err, line)
		}
		var square float64
		for _, v := range c.Vector {
			square += v * v
		}
		if square != 0 && math.Abs(square-1) > 1e-6 {
			t.Errorf("squared norm %g: %s", square, line)
		}
	}
	for _, args := range [][]string{{"--word-vectors", "words.gz"}, {"--config", "static.yaml"}} {
		same := must(t, append([]string{"bench", "--prompts", "prompts.jsonl", "--artifact", artifact, "--json"}, args...)...)
		if diff := cmp.Diff(embeddingOf(t, built), embeddingOf(t, same)); diff != "" {
			t.Errorf("bench %v: %s", args, diff)
		}
	}
}

// embeddingOf returns n and accuracy of the embedding classifier in a result.
func embeddingOf(t *testing.T, r result) [2]float64 {
	t.Helper()
	var d struct {
		Result struct {
			Classifiers []struct {
				Name     string
				N        float64
				Accuracy struct{ Value float64 }
			}
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &d); err != nil {
		t.Fatal(err)
	}
	for _, c := range d.Result.Classifiers {
		if c.Name == "embedding" {
			return [2]float64{c.N, c.Accuracy.Value}
		}
	}
	t.Fatal("no embedding classifier")
	return [2]float64{}
}

// exits runs command lines and compares exit code and message.
func exits(t *testing.T, cases []exit) {
	t.Helper()
	for _, c := range cases {
		r := call(t, "", strings.Fields(c.args)...)
		if r.code != c.code || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%s: exit %d, expected %d and %q in:\n%s", c.args, r.code, c.code, c.says, r.stderr)
		}
		if c.code != 0 && r.stdout != "" {
			t.Errorf("%s: wrote to standard output: %s", c.args, r.stdout)
		}
	}
}

type exit struct {
	args string
	code int
	says string
}

func TestWrongWordVectors(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	text := wordVectors(readFile(t, "prompts.jsonl"), 12)
	writeFile(t, "words.txt", text)
	writeFile(t, "other.txt", text+"onemore"+strings.Repeat(" 1", 12)+"\n")
	writeFile(t, "wide.txt", wordVectors("some words", 13))
	writeFile(t, "bad.txt", text+"short 1 2\n")
	writeFile(t, "dims.yaml", "embedder: {kind: static, path: words.txt, dims: 300}")
	writeFile(t, "absent.yaml", "embedder: {kind: static, path: nowhere/words.txt}")
	writeFile(t, "static.yaml", "embedder: {kind: static, path: words.txt}")
	writeFile(t, "plain.yaml", plainEmbedding)
	must(t, "build", "--config", "plain.yaml", "--word-vectors", "words.txt", "--out", "s.safetensors")
	must(t, "build", "--config", "plain.yaml", "--out", "h.safetensors")
	manifest, _ := safetensors(t, "s.safetensors")
	digest := manifest["embedder"].(map[string]any)["digest"].(string)
	exits(t, []exit{
		{"run --word-vectors absent.txt", 2, "absent.txt"},
		{"run --word-vectors .", 2, "directory"},
		{"run --word-vectors bad.txt", 12, "bad.txt:"},
		{"run --word-vectors words.txt --vectors v.jsonl --vectors-model m", 2, "give one of them"},
		{"run --word-vectors words.txt --problems words.txt", 2, "to be read and to be written"},
		{"run --config static.yaml --problems words.txt", 2, "to be read and to be written"},
		{"run --config dims.yaml", 2, "embedder, dims: expected 12 as in words.txt, or none, found 300"},
		{"run --config absent.yaml", 2, "nowhere/words.txt"},
		{"classify --artifact s.safetensors --in prompts.jsonl", 2, "--word-vectors"},
		{"classify --artifact s.safetensors --in prompts.jsonl", 2, digest},
		{"classify --artifact s.safetensors --in prompts.jsonl --word-vectors other.txt", 12, digest},
		{"classify --artifact s.safetensors --in prompts.jsonl --word-vectors wide.txt", 12, `dims: expected "12", found "13"`},
		{"classify --artifact s.safetensors --in prompts.jsonl --word-vectors bad.txt", 12, "bad.txt:"},
		{"classify --artifact s.safetensors --in prompts.jsonl --word-vectors words.txt --problems words.txt", 2, "to be read and to be written"},
		{"classify --artifact h.safetensors --in prompts.jsonl --word-vectors words.txt", 2, `this one is of kind "hashing": leave the flag out`},
		{"inspect s.safetensors --verify", 2, "--word-vectors"},
		{"inspect s.safetensors --word-vectors words.txt", 2, "goes with --verify"},
		{"inspect s.safetensors --verify --word-vectors other.txt", 12, digest},
		{"inspect h.safetensors --verify --word-vectors words.txt", 2, "leave the flag out"},
		{"bench --artifact s.safetensors", 2, "--word-vectors"},
		{"bench --artifact s.safetensors --word-vectors other.txt", 12, digest},
		{"bench --artifact h.safetensors --word-vectors words.txt", 2, "leave the flag out"},
		{"bench --artifact h.safetensors --config absent.yaml", 0, ""},
	})
}
