package embedder_test

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/embeddertest"
)

// sharedVectors returns the path of 8,000 words × 300 of Google News, kept
// outside the module. The test skips where it is absent.
func sharedVectors(t testing.TB) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", "embeddings", "word2vec_googlenews_8000x300.txt.gz")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("shared data is absent: %s", path)
	} else if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestStaticShared compares real vectors with what numpy gives
// (docs/checks/static_vectors.py, which compares all prompts of a file).
func TestStaticShared(t *testing.T) {
	e := readStatic(t, sharedVectors(t))
	// zcat … | sha256sum
	if got, want := e.Identity().Digest, "02aeb55c4f2aa7824b62288d94cea4ab2c40fcaae01b6d91e2d00fd58de76e3a"; got != want {
		t.Errorf("digest %s, expected %s", got, want)
	}
	if got, want := e.Vocabulary(), (embedder.Vocabulary{Rows: 8000, Words: 8000}); got != want {
		t.Errorf("vocabulary %+v, expected %+v", got, want)
	}
	for _, c := range []struct {
		text                string
		first, middle, last float64 // elements 0, 150 and 299
	}{
		{"What time does the store close on Sunday?", 0.079736278, 0.117210015, -0.070681912},
		{"Prove that every bounded monotone sequence of reals converges.", -0.063510195, -0.026495035, -0.021162221},
		{"SUMMARISE the report for John, in LESS than 3 lines: John has no time.", 0.066576165, -0.004783547, -0.014892672},
	} {
		v := embedAll(t, e, c.text)
		for i, want := range map[int]float64{0: c.first, 150: c.middle, 299: c.last} {
			if math.Abs(float64(v[i])-want) > 1e-7 {
				t.Errorf("text %q, element %d: %.9f, expected %.9f", c.text, i, v[i], want)
			}
		}
	}
	embeddertest.Run(t, e, 0)
}

func BenchmarkNewStaticShared(b *testing.B) {
	path := sharedVectors(b)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	b.ReportAllocs()
	for b.Loop() {
		readStatic(b, path)
	}
}
