package centroids_test

import (
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

// toyHeads are heads for four tiers and vectors of four elements.
func toyHeads(t testing.TB) map[string]centroids.Head {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	l, n := &centroids.Logistic{}, &centroids.Nearest{Neighbours: 3}
	for k := range 4 {
		l.Bias = append(l.Bias, float32(k)/4)
		for range 4 {
			l.Weight = append(l.Weight, float32(rng.NormFloat64()))
		}
	}
	for i := range 9 {
		n.Tiers = append(n.Tiers, i%4)
		n.Vectors = append(n.Vectors, unitVector(rng, 4)...)
	}
	return map[string]centroids.Head{centroids.ScorerLogistic: {Logistic: l}, centroids.ScorerNearest: {Nearest: n}}
}

func unitVector(rng *rand.Rand, dims int) []float32 {
	v := make([]float64, dims)
	var square float64
	for i := range v {
		v[i] = rng.NormFloat64()
		square += v[i] * v[i]
	}
	out := make([]float32, dims)
	for i := range v {
		out[i] = float32(v[i] / math.Sqrt(square))
	}
	return out
}

func headed(t testing.TB, e toyEmbedder, head centroids.Head) *centroids.Artifact {
	t.Helper()
	plain := toyArtifact(t, e)
	vectors := make([][]float32, plain.Tiers().Len())
	for k := range vectors {
		vectors[k] = plain.Vector(k)
	}
	a, err := centroids.NewScored(plain.Manifest(), vectors, head)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestHeadRoundTrip(t *testing.T) {
	for scorer, head := range toyHeads(t) {
		a := headed(t, toyEmbedder{dims: 4}, head)
		file := encode(t, a)
		again, err := read(file)
		if err != nil {
			t.Fatalf("%s: %v", scorer, err)
		}
		if m := again.Manifest(); m.Scorer != scorer || m.Format != 2 {
			t.Errorf("%s: found scorer %q of format %d", scorer, m.Scorer, m.Format)
		}
		if !slices.Equal(encode(t, again), file) {
			t.Errorf("%s: the bytes changed", scorer)
		}
		strict := again.Manifest()
		strict.Margin = 0.5
		kept, err := again.WithManifest(strict)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(3, 4))
		for range 20 {
			v := unitVector(rng, 4)
			if want, got := a.Decide(v), again.Decide(v); !slices.Equal(want.Scores, got.Scores) || want.Tier != got.Tier || want.Margin != got.Margin {
				t.Fatalf("%s: %+v became %+v", scorer, want, got)
			}
			if got := kept.Decide(v); got.Accepted != (got.Margin >= 0.5) || !slices.Equal(got.Scores, a.Decide(v).Scores) {
				t.Fatalf("%s: with another manifest %+v", scorer, got)
			}
		}
	}
}

// Scores and probabilities by their definitions, in float64.
func TestHeadScores(t *testing.T) {
	heads := toyHeads(t)
	logistic, nearest := headed(t, toyEmbedder{dims: 4}, heads[centroids.ScorerLogistic]), headed(t, toyEmbedder{dims: 4}, heads[centroids.ScorerNearest])
	beta := *logistic.Manifest().InverseTemperature
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		v := unitVector(rng, 4)
		product := func(w []float32) (sum float64) {
			for i := range v {
				sum += float64(v[i]) * float64(w[i])
			}
			return sum
		}
		exponentials := func(beta float64) (p []float64) {
			l, sum := heads[centroids.ScorerLogistic].Logistic, 0.0
			for k := range 4 {
				p = append(p, math.Exp(beta*(product(l.Weight[4*k:4*k+4])+float64(l.Bias[k]))))
				sum += p[k]
			}
			for k := range p {
				p[k] /= sum
			}
			return p
		}
		near(t, logistic.Decide(v).Scores, exponentials(1))
		near(t, logistic.Decide(v).Probabilities, exponentials(beta))

		n := heads[centroids.ScorerNearest].Nearest
		order := []int{0, 1, 2, 3, 4, 5, 6, 7, 8}
		slices.SortStableFunc(order, func(a, b int) int {
			return cmp.Compare(product(n.Vectors[4*b:4*b+4]), product(n.Vectors[4*a:4*a+4]))
		})
		shares, sum := make([]float64, 4), 0.0
		for _, i := range order[:3] {
			c := max(0, product(n.Vectors[4*i:4*i+4]))
			shares[n.Tiers[i]] += c
			sum += c
		}
		for k := range shares {
			if shares[k] /= sum; sum == 0 {
				shares[k] = 0.25
			}
		}
		near(t, nearest.Decide(v).Scores, shares)
	}
}

func near(t *testing.T, got, want []float64) {
	t.Helper()
	for k := range want {
		if !(math.Abs(got[k]-want[k]) < 1e-6) {
			t.Fatalf("found %v, expected %v", got, want)
		}
	}
}

func TestNearestTies(t *testing.T) {
	head := centroids.Head{Nearest: &centroids.Nearest{
		Vectors: []float32{0, 1, 0, 1, 0, 1, -1, 0}, Tiers: []int{1, 0, 0, 1}, Neighbours: 1,
	}}
	a, err := centroids.NewScored(planeArtifact(t, nil).Manifest(), [][]float32{{1, 0}, {0, 1}}, head)
	if err != nil {
		t.Fatal(err)
	}
	if d := a.Decide([]float32{0, 1}); d.Tier != 1 || d.Scores[1] != 1 {
		t.Errorf("three examples are equally near, the first is of tier 1: %+v", d)
	}
	if d := a.Decide([]float32{0, -1}); d.Tier != 0 || d.Scores[0] != 0.5 || d.Margin != 0 {
		t.Errorf("no example is near, expected equal shares and the cheaper tier: %+v", d)
	}
}

func TestHeadRefuses(t *testing.T) {
	e := toyEmbedder{dims: 4}
	plain := toyArtifact(t, e)
	var vectors [][]float32
	for k := range 4 {
		vectors = append(vectors, plain.Vector(k))
	}
	nan := float32(math.NaN())
	for _, c := range []struct {
		name   string
		change func(l *centroids.Logistic, n *centroids.Nearest)
		want   error
	}{
		{"weights missing", func(l *centroids.Logistic, _ *centroids.Nearest) { l.Weight = l.Weight[1:] }, centroids.ErrDims},
		{"biases missing", func(l *centroids.Logistic, _ *centroids.Nearest) { l.Bias = l.Bias[1:] }, centroids.ErrDims},
		{"weight NaN", func(l *centroids.Logistic, _ *centroids.Nearest) { l.Weight[3] = nan }, centroids.ErrVector},
		{"bias huge", func(l *centroids.Logistic, _ *centroids.Nearest) { l.Bias[0] = 1e7 }, centroids.ErrVector},
		{"no neighbours", func(_ *centroids.Logistic, n *centroids.Nearest) { n.Neighbours = 0 }, centroids.ErrManifest},
		{"too many neighbours", func(_ *centroids.Logistic, n *centroids.Nearest) { n.Neighbours = 10 }, centroids.ErrManifest},
		{"example of no tier", func(_ *centroids.Logistic, n *centroids.Nearest) { n.Tiers[0] = 4 }, centroids.ErrTiers},
		{"example of norm 2", func(_ *centroids.Logistic, n *centroids.Nearest) { n.Vectors[0] += 2 }, centroids.ErrVector},
		{"example NaN", func(_ *centroids.Logistic, n *centroids.Nearest) { n.Vectors[0] = nan }, centroids.ErrVector},
		{"example missing", func(_ *centroids.Logistic, n *centroids.Nearest) { n.Vectors = n.Vectors[4:] }, centroids.ErrDims},
	} {
		heads := toyHeads(t)
		l, n := heads[centroids.ScorerLogistic], heads[centroids.ScorerNearest]
		c.change(l.Logistic, n.Nearest)
		_, one := centroids.NewScored(plain.Manifest(), vectors, l)
		_, other := centroids.NewScored(plain.Manifest(), vectors, n)
		if err := errors.Join(one, other); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, expected %v", c.name, err, c.want)
		}
	}
	both := centroids.Head{Logistic: toyHeads(t)[centroids.ScorerLogistic].Logistic, Nearest: toyHeads(t)[centroids.ScorerNearest].Nearest}
	if _, err := centroids.NewScored(plain.Manifest(), vectors, both); !errors.Is(err, centroids.ErrManifest) {
		t.Errorf("two heads: %v, expected ErrManifest", err)
	}
}

// Files of format 2 that were made to deceive.
func TestHeadTampering(t *testing.T) {
	heads := toyHeads(t)
	good := encode(t, headed(t, toyEmbedder{dims: 4}, heads[centroids.ScorerNearest]))
	linear := encode(t, headed(t, toyEmbedder{dims: 4}, heads[centroids.ScorerLogistic]))
	text, data := header(good)
	edit := func(old, new string) []byte {
		if !strings.Contains(text, old) {
			t.Fatalf("the header has no %s", old)
		}
		return join(strings.TrimRight(strings.Replace(text, old, new, 1), " "), data)
	}
	last := slices.Clone(good)
	last[len(last)-1] ^= 1
	for _, c := range []struct {
		name string
		file []byte
		want error
	}{
		{"last tier bit", last, centroids.ErrTiers},
		{"half a tier", half(good), centroids.ErrTiers},
		{"neighbours", edit(`\"neighbours\":3`, `\"neighbours\":2`), centroids.ErrChecksum},
		{"neighbours, sealed", reseal(t, good, `\"neighbours\":3`, `\"neighbours\":99`), centroids.ErrManifest},
		{"neighbours of another scorer", reseal(t, linear, `\"scorer\":\"logistic\"`, `\"scorer\":\"logistic\",\"neighbours\":3`), centroids.ErrManifest},
		{"scorer without its tensors", reseal(t, good, `\"scorer\":\"nearest\",\"neighbours\":3`, `\"scorer\":\"logistic\"`), centroids.ErrTiers},
		{"scorer unknown", reseal(t, linear, `\"scorer\":\"logistic\"`, `\"scorer\":\"magic\"`), centroids.ErrTiers},
		{"format of another scorer", reseal(t, linear, `\"format\":2`, `\"format\":1`), centroids.ErrManifest},
		{"tensor renamed", edit(`"examples.tiers"`, `"examples.tierz"`), centroids.ErrTiers},
		{"shape", edit(`"shape":[9,4]`, `"shape":[4,9]`), centroids.ErrDims},
	} {
		if _, err := read(c.file); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, expected %v", c.name, err, c.want)
		}
	}
}

// half makes the last example's tier, which is 0, a half.
func half(file []byte) []byte {
	file = slices.Clone(file)
	copy(file[len(file)-4:], []byte{0, 0, 0, 0x3f})
	return file
}
