package centroids_test

import (
	"context"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

// toyEmbedder gives every text a direction of its own, drawn from its hash. A
// prefix put before each text makes another model under the same name.
type toyEmbedder struct {
	dims   int
	prefix string
	half   bool // another pooling: the second half of the vector is dropped
}

func (e toyEmbedder) Identity() centroids.Identity {
	return centroids.Identity{Kind: "toy", Model: "hash", Dims: e.dims, Preprocessing: "none"}
}

func (e toyEmbedder) Embed(ctx context.Context, dst []float32, texts []string) error {
	for i, text := range texts {
		row := dst[i*e.dims : (i+1)*e.dims]
		clear(row)
		if text == "" {
			continue
		}
		h := fnv.New64a()
		h.Write([]byte(e.prefix + text))
		rng := rand.New(rand.NewPCG(h.Sum64(), 1))
		n := e.dims
		if e.half {
			n /= 2
		}
		fillUnit(rng, row[:n])
	}
	return ctx.Err()
}

func fillUnit(rng *rand.Rand, row []float32) {
	var square float64
	for d := range row {
		v := rng.NormFloat64()
		row[d] = float32(v)
		square += v * v
	}
	for d := range row {
		row[d] /= float32(math.Sqrt(square))
	}
}

// toyArtifact is a small artifact over the default tiers with everything set.
func toyArtifact(t testing.TB, e centroids.Embedder) *centroids.Artifact {
	t.Helper()
	tiers := centroids.DefaultTiers()
	b := centroids.NewBuilder(tiers, e)
	err := b.Add(context.Background(), []string{"hi", "sum up", "debug", "prove", "hello"}, []int{0, 1, 2, 3, 0})
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := b.Centroids()
	if err != nil {
		t.Fatal(err)
	}
	canaries, err := centroids.MakeCanaries(context.Background(), e, vectors, nil)
	if err != nil {
		t.Fatal(err)
	}
	beta, ece := 12.5, 0.0625
	a, err := centroids.New(centroids.Manifest{
		Tiers: tiers.Names(), Embedder: e.Identity(), Thresholds: centroids.AcceptAll(tiers), Fallback: "MEDIUM",
		InverseTemperature: &beta, Canaries: canaries, Tolerance: centroids.DefaultTolerance,
		Dataset: centroids.Dataset{SHA256: "aa", SplitSHA: "bb", Salt: "salt <&>", Shares: [4]float64{0.4, 0.2, 0.2, 0.2},
			Prompts: 9, Unlabelled: 1, Counts: map[string]map[string]int{"train": {"SIMPLE": 2, "MEDIUM": 1, "COMPLEX": 1, "FRONTIER": 1}}},
		Fitted: centroids.Fitted{Texts: 5, Sketch: []string{"0123456789abcdef", "fedcba9876543210"}},
		Measured: &centroids.Measured{Split: "test", N: 3, Accuracy: 1.0 / 3, Interval: [2]float64{0.0615, 0.7923}, MacroF1: 0.25,
			ECE: &ece, Confusion: [][]int{{1, 0, 0, 0}, {1, 0, 0, 0}, {0, 0, 0, 1}, {0, 0, 0, 0}}},
		Drift: &centroids.Drift{Split: "calibrate", N: 1, Low: -1, High: 1, Bins: []int{0, 1}, Mix: map[string]int{"SIMPLE": 1}},
	}, vectors)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
