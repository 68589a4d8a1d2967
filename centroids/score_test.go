package centroids_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
)

// planeArtifact has two tiers whose centroids are the axes of the plane.
func planeArtifact(t *testing.T, change func(*centroids.Manifest)) *centroids.Artifact {
	t.Helper()
	m := centroids.Manifest{
		Tiers: []string{"low", "high"}, Embedder: toyEmbedder{dims: 2}.Identity(),
		Thresholds: map[string]float64{"low": -1, "high": -1}, Fallback: "high",
		Canaries: []centroids.Canary{{Text: "x", Scores: []float64{0, 0}}}, Tolerance: 2,
	}
	if change != nil {
		change(&m)
	}
	a, err := centroids.New(m, [][]float32{{1, 0}, {0, 1}})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func unit(x, y float64) []float32 {
	n := math.Hypot(x, y)
	return []float32{float32(x / n), float32(y / n)}
}

func TestDecide(t *testing.T) {
	beta := 2.0
	calibrated := func(m *centroids.Manifest) { m.InverseTemperature = &beta }
	strict := func(m *centroids.Manifest) { m.Thresholds = map[string]float64{"low": 0.8, "high": -1} }
	wide := func(m *centroids.Manifest) { m.Margin = 0.5 }
	for _, c := range []struct {
		name     string
		change   func(*centroids.Manifest)
		vector   []float32
		tier     int
		nearest  int
		accepted bool
	}{
		{"nearest", nil, unit(4, 3), 0, 0, true},
		{"tie goes to the cheaper", nil, unit(1, 1), 0, 0, true},
		{"opposite of all", nil, unit(-1, -2), 0, 0, true},
		{"threshold reached exactly", strict, unit(4, 3), 0, 0, true},
		{"below the threshold", strict, unit(1, 0.9), 1, 0, false},
		{"threshold of another tier", strict, unit(3, 4), 1, 1, true},
		{"margin", wide, unit(4, 1), 0, 0, true},
		{"below the margin", wide, unit(4, 3), 1, 0, false},
		{"no vector", calibrated, []float32{0, 0}, 1, -1, false},
	} {
		d := planeArtifact(t, c.change).Decide(c.vector)
		if d.Tier != c.tier || d.Nearest != c.nearest || d.Accepted != c.accepted {
			t.Errorf("%s: %+v, expected tier %d, nearest %d, accepted %t", c.name, d, c.tier, c.nearest, c.accepted)
		}
	}
	d := planeArtifact(t, calibrated).Decide(unit(4, 3))
	want := centroids.Decision{Tier: 0, Nearest: 0, Accepted: true, Scores: []float64{0.8, 0.6}, Logits: []float64{0.8, 0.6}, Margin: 0.2,
		// scipy 1.10.1: scipy.special.softmax([2*.8, 2*.6])
		Probabilities: []float64{0.598687660112452, 0.401312339887548}}
	if diff := cmp.Diff(want, d, cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-7 })); diff != "" {
		t.Error(diff)
	}
	empty := planeArtifact(t, calibrated).Decide([]float32{0, 0})
	if empty.Scores != nil || empty.Probabilities != nil || !math.IsNaN(empty.Margin) {
		t.Errorf("no vector: %+v, expected neither scores nor probabilities", empty)
	}
}

func TestClassifyEqualsDecide(t *testing.T) {
	e := toyEmbedder{dims: 16}
	a := toyArtifact(t, e)
	texts := make([]string, 1100) // over several batches
	for i := range texts {
		texts[i] = string(rune('a' + i))
	}
	texts[7] = ""
	got, err := a.Classify(context.Background(), e, texts)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(texts) {
		t.Fatalf("%d decisions for %d texts", len(got), len(texts))
	}
	vector := make([]float32, 16)
	for i, text := range texts {
		if err := e.Embed(context.Background(), vector, []string{text}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(a.Decide(vector), got[i], cmp.Comparer(sameFloat)); diff != "" {
			t.Fatalf("text %d: %s", i, diff)
		}
	}
}

func sameFloat(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func TestClassifyRefusesAnotherEmbedder(t *testing.T) {
	a := toyArtifact(t, toyEmbedder{dims: 16})
	if _, err := a.Classify(context.Background(), toyEmbedder{dims: 17}, []string{"x"}); !errors.Is(err, centroids.ErrEmbedder) {
		t.Errorf("%v, expected ErrEmbedder", err)
	}
}

func BenchmarkDecide(b *testing.B) {
	e := toyEmbedder{dims: 1536}
	a := toyArtifact(b, e)
	v := make([]float32, 1536)
	if err := e.Embed(context.Background(), v, []string{"x"}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(4 * len(v)))
	b.ReportAllocs()
	for b.Loop() {
		a.Decide(v)
	}
}

// copied embeds every text as the same vector, at the cost of a copy.
type copied struct {
	toyEmbedder
	vector []float32
}

func (c copied) Embed(_ context.Context, dst []float32, texts []string) error {
	for i := range texts {
		copy(dst[i*len(c.vector):], c.vector)
	}
	return nil
}

// BenchmarkClassify is what Decide and the checks of vectors take of many texts.
func BenchmarkClassify(b *testing.B) {
	e := copied{toyEmbedder: toyEmbedder{dims: 1536}, vector: make([]float32, 1536)}
	if err := e.toyEmbedder.Embed(context.Background(), e.vector, []string{"x"}); err != nil {
		b.Fatal(err)
	}
	a, texts := toyArtifact(b, e.toyEmbedder), make([]string, 5000)
	b.SetBytes(int64(4 * len(e.vector) * len(texts)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Classify(context.Background(), e, texts); err != nil {
			b.Fatal(err)
		}
	}
}
