package embedder_test

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/embeddertest"
)

func newHashing(t testing.TB, dims int) *embedder.Hashing {
	t.Helper()
	e, err := embedder.NewHashing(dims)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestHashingConforms(t *testing.T) {
	embeddertest.Run(t, newHashing(t, embedder.DefaultDims), 0)
	embeddertest.Run(t, newHashing(t, 16), 0)
}

// The vectors come from testdata/hashing.py, an implementation of the doc
// comment that shares nothing with this one.
func TestHashingEqualsPython(t *testing.T) {
	raw, err := os.ReadFile("testdata/hashing.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text     string
		Dims     int
		Elements map[string]float64
	}
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 40 {
		t.Fatalf("found %d cases, expected at least 40", len(cases))
	}
	for _, c := range cases {
		got := make([]float32, c.Dims)
		if err := newHashing(t, c.Dims).Embed(context.Background(), got, []string{c.Text}); err != nil {
			t.Fatal(err)
		}
		for d, v := range got {
			if want := c.Elements[strconv.Itoa(d)]; math.Abs(float64(v)-want) > 1e-7 {
				t.Errorf("text %q, dims %d, element %d: %g, expected %g", c.Text, c.Dims, d, v, want)
			}
		}
	}
}

// Text beyond 65,536 code points is not seen, and a hostile text costs little.
func TestHashingSeesTheStart(t *testing.T) {
	e := newHashing(t, 64)
	rng := rand.New(rand.NewPCG(1, 1))
	long := make([]rune, 300_000)
	for i := range long {
		long[i] = rune('一' + rng.IntN(20_000))
	}
	got := make([]float32, 3*64)
	texts := []string{string(long), string(long[:65536]), string(long[:65535])}
	if err := e.Embed(context.Background(), got, texts); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got[:64], got[64:128]) {
		t.Error("text beyond 65,536 code points changes the vector")
	}
	if slices.Equal(got[64:128], got[128:]) {
		t.Error("the code point number 65,536 does not change the vector")
	}
}

func TestHashingDims(t *testing.T) {
	for _, dims := range []int{-1, 0, 15, 65537} {
		if _, err := embedder.NewHashing(dims); err == nil {
			t.Errorf("NewHashing(%d): expected an error", dims)
		}
	}
}

func TestFromIdentity(t *testing.T) {
	id := newHashing(t, 64).Identity()
	e, err := embedder.FromIdentity(id)
	if err != nil {
		t.Fatal(err)
	}
	if e.Identity() != id {
		t.Errorf("identity %+v became %+v", id, e.Identity())
	}
	for name, change := range map[string]func(*centroids.Identity){
		"kind":          func(id *centroids.Identity) { id.Kind = "openai" },
		"model":         func(id *centroids.Identity) { id.Model = "signed-ngrams-0" },
		"preprocessing": func(id *centroids.Identity) { id.Preprocessing = "none" },
		"dims":          func(id *centroids.Identity) { id.Dims = 1 << 30 },
	} {
		changed := id
		change(&changed)
		if _, err := embedder.FromIdentity(changed); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("changed %s: %v, expected an error that names it", name, err)
		}
	}
}

// BenchmarkHashing has texts of 512 bytes of made-up words, rare ones among them.
func BenchmarkHashing(b *testing.B) {
	e := newHashing(b, embedder.DefaultDims)
	rng := rand.New(rand.NewPCG(1, 1))
	words := make([]string, 5000)
	for i := range words {
		for range 2 + rng.IntN(8) {
			words[i] += string(rune('a' + rng.IntN(26)*rng.IntN(26)/26))
		}
	}
	texts, size := make([]string, 512), 0
	for i := range texts {
		var text strings.Builder
		for text.Len() < 512 {
			text.WriteString(words[int(5000*math.Pow(rng.Float64(), 3))] + " ")
		}
		texts[i] = text.String()
		size += text.Len()
	}
	dst := make([]float32, len(texts)*embedder.DefaultDims)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Embed(context.Background(), dst, texts); err != nil {
			b.Fatal(err)
		}
	}
}
