package embedder_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/embeddertest"
)

func readStatic(t testing.TB, path string) *embedder.Static {
	t.Helper()
	e, err := embedder.NewStatic(path)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func smallStatic(t testing.TB) *embedder.Static {
	t.Helper()
	return readStatic(t, "testdata/static.txt")
}

func embedAll(t testing.TB, e centroids.Embedder, texts ...string) []float32 {
	t.Helper()
	dst := make([]float32, len(texts)*e.Identity().Dims)
	if err := e.Embed(context.Background(), dst, texts); err != nil {
		t.Fatal(err)
	}
	return dst
}

func TestStaticConforms(t *testing.T) { embeddertest.Run(t, smallStatic(t), 0) }

// The vectors come from testdata/static.py, an implementation of the doc
// comment that shares nothing with this one.
func TestStaticEqualsPython(t *testing.T) {
	raw, err := os.ReadFile("testdata/static.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text   string
		Vector []float64
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 30 {
		t.Fatalf("found %d cases, expected at least 30", len(cases))
	}
	e := smallStatic(t)
	for _, c := range cases {
		if c.Vector == nil {
			c.Vector = make([]float64, 3)
		}
		for d, v := range embedAll(t, e, c.Text) {
			if want := c.Vector[d]; math.Abs(float64(v)-want) > 1e-7 {
				t.Errorf("text %q, element %d: %g, expected %g", c.Text, d, v, want)
			}
		}
	}
}

// By hand: two rows, H = 1.5, p = 2/3 and 1/3, so that the weights stand as
// 1/(0.001+2/3) to 1/(0.001+1/3), which is as 1.003 to 2.003.
func TestStaticWeightsByHand(t *testing.T) {
	e, err := embedder.ParseStatic(strings.NewReader("often 1 0\nrare 0 1\n"), "two.txt")
	if err != nil {
		t.Fatal(err)
	}
	got := embedAll(t, e, "rare often", "often Often rare")
	for i, want := range []float64{1.003 / 2.003, 2.006 / 2.003} {
		if ratio := float64(got[2*i]) / float64(got[2*i+1]); math.Abs(ratio-want) > 1e-6 {
			t.Errorf("text %d: ratio %g, expected %g", i, ratio, want)
		}
	}
}

func TestStaticIdentity(t *testing.T) {
	want := centroids.Identity{
		Kind: "static", Model: "sif-mean-1", Dims: 3,
		Preprocessing: "max=65536;words=LMN;lookup=exact,lower;p=zipf-rank;sif=0.001;l2",
		Digest:        "d32821ac8e9d635e74a5279527e84db893b26f3f2192e318cb47259bb6e31439", // sha256sum testdata/static.txt
	}
	e := smallStatic(t)
	if err := want.Check(e.Identity()); err != nil {
		t.Error(err)
	}
	if got, want := e.Vocabulary(), (embedder.Vocabulary{Rows: 15, Words: 11, Repeated: 1, Unmatched: 3}); got != want {
		t.Errorf("vocabulary %+v, expected %+v", got, want)
	}
	_, err := embedder.FromIdentity(e.Identity())
	if !errors.Is(err, embedder.ErrNotAlone) || !strings.Contains(fmt.Sprint(err), want.Digest) || !strings.Contains(fmt.Sprint(err), "--word-vectors") {
		t.Errorf("FromIdentity: %v, expected an error that says which file is needed and which flag takes it", err)
	}
}

// Text beyond 65,536 code points is not seen.
func TestStaticSeesTheStart(t *testing.T) {
	the, blue := strings.Repeat("the ", 1<<14), "blue"
	got := embedAll(t, smallStatic(t), "the", the+blue, the[4:]+blue, the[4:]+"éblue", the[4:]+"blues")
	if !slices.Equal(got[:3], got[3:6]) {
		t.Error("a word beyond 65,536 code points changes the vector")
	}
	if slices.Equal(got[:3], got[6:9]) {
		t.Error("a word that ends with code point 65,536 is not seen")
	}
	if !slices.Equal(got[:3], got[9:12]) {
		t.Error("expected another word than blue")
	}
	if !slices.Equal(got[6:9], got[12:]) {
		t.Error("expected the word to be cut after 65,536 code points")
	}
}

// someTexts returns texts of words of the small file and others, with words
// apart from each other by what is none, and each text's words.
func someTexts(n int) (texts []string, words [][]string) {
	rng := rand.New(rand.NewPCG(7, 7))
	known := []string{"the", "The", "is", "sky", "SKY", "blue", "zero", "été", "why", "naïve", "hello", "42", "unknown", "x"}
	for range n {
		w := make([]string, rng.IntN(12))
		for i := range w {
			w[i] = known[rng.IntN(len(known))]
		}
		texts, words = append(texts, strings.Join(w, []string{" ", "\n", ", ", "-", "'", "\xff"}[rng.IntN(6)])), append(words, w)
	}
	return texts, words
}

func TestStaticIsABagOfWords(t *testing.T) {
	e := smallStatic(t)
	texts, words := someTexts(500)
	whole := embedAll(t, e, texts...)
	rng := rand.New(rand.NewPCG(1, 2))
	for i, w := range words {
		rng.Shuffle(len(w), func(a, b int) { w[a], w[b] = w[b], w[a] })
		want := whole[3*i : 3*i+3]
		if got := embedAll(t, e, strings.Join(w, " ")); !slices.Equal(want, got) {
			t.Errorf("text %q in another order: %v, expected %v", texts[i], got, want)
		}
		if got := embedAll(t, e, texts[i]); !slices.Equal(want, got) {
			t.Errorf("text %q alone: %v, expected %v", texts[i], got, want)
		}
		var square float64
		for _, v := range want {
			square += float64(v) * float64(v)
		}
		if square != 0 && math.Abs(square-1) > 1e-6 {
			t.Errorf("text %q: squared norm %g, expected 0 or 1", texts[i], square)
		}
	}
}

func gzipped(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeTemp(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStaticCompressedIsTheSame(t *testing.T) {
	plain, err := os.ReadFile("testdata/static.txt")
	if err != nil {
		t.Fatal(err)
	}
	packed := gzipped(t, plain)
	a, b := smallStatic(t), readStatic(t, writeTemp(t, "other.name", packed))
	if err := a.Identity().Check(b.Identity()); err != nil {
		t.Errorf("compressed: %v", err)
	}
	texts, _ := someTexts(100)
	if !slices.Equal(embedAll(t, a, texts...), embedAll(t, b, texts...)) {
		t.Error("compressed: other vectors")
	}
	for cut := range packed {
		_, err := embedder.NewStatic(writeTemp(t, "cut.gz", packed[:cut]))
		checkContent(t, err)
	}
}

func TestStaticWrongPaths(t *testing.T) {
	if _, err := embedder.NewStatic(filepath.Join(t.TempDir(), "none.txt")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	var path *fs.PathError
	if _, err := embedder.NewStatic(t.TempDir()); !errors.As(err, &path) {
		t.Errorf("a folder: %v", err)
	}
}

func ExampleNewStatic() {
	e, err := embedder.NewStatic("testdata/static.txt")
	if err != nil {
		fmt.Println(err)
		return
	}
	texts := []string{"The sky is blue.", "nothing known"}
	vectors := make([]float32, len(texts)*e.Identity().Dims)
	if err := e.Embed(context.Background(), vectors, texts); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.4f\n", vectors)
	// Output: [-0.0099 0.6066 0.7949 0.0000 0.0000 0.0000]
}
