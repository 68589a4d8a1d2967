package centroids_test

import (
	"math"
	"slices"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

// made is an artifact of the given tiers, whose centroids have norm 1.
func made(t testing.TB, names []string, vectors [][]float32, head centroids.Head, change func(*centroids.Manifest)) *centroids.Artifact {
	t.Helper()
	tiers, err := centroids.NewTiers(names...)
	if err != nil {
		t.Fatal(err)
	}
	m := centroids.Manifest{
		Tiers: names, Embedder: centroids.Identity{Kind: "toy", Model: "m", Dims: len(vectors[0]), Preprocessing: "none"},
		Thresholds: centroids.AcceptAll(tiers), Fallback: names[0], Tolerance: centroids.DefaultTolerance,
		Canaries: []centroids.Canary{{Text: "hi", Scores: make([]float64, len(names))}},
	}
	if change != nil {
		change(&m)
	}
	a, err := centroids.NewScored(m, vectors, head)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Cosines are by hand, of Pythagorean triples: (3, 4)/5 · (1, 0) = 0.6 and (3,
// 4)/5 · (5, 12)/13 = 63/65.
func TestCompareCentroids(t *testing.T) {
	a := made(t, []string{"LOW", "MID", "TOP"}, [][]float32{{0.6, 0.8}, {0.6, 0.8}, {0, 1}}, centroids.Head{}, nil)
	b := made(t, []string{"LOW", "MID", "NEW"}, [][]float32{{1, 0}, {5.0 / 13, 12.0 / 13}, {0, 1}}, centroids.Head{}, func(m *centroids.Manifest) {
		m.Thresholds["MID"] = 0.25
	})
	d := centroids.Compare(a, b)
	if d.Same || !d.SameEmbedder || d.Weights != nil || !slices.Equal(d.Differs, []string{"tiers", "thresholds"}) {
		t.Errorf("%+v", d)
	}
	value := func(v float64) *float64 { return &v }
	for i, want := range []centroids.TierDifference{
		{Tier: "LOW", Cosine: value(0.6), A: value(-1), B: value(-1)},
		{Tier: "MID", Cosine: value(63.0 / 65), A: value(-1), B: value(0.25)},
		{Tier: "TOP", A: value(-1)},
		{Tier: "NEW", B: value(-1)},
	} {
		got := d.Tiers[i]
		if got.Tier != want.Tier || !alike(got.Cosine, want.Cosine) || !alike(got.A, want.A) || !alike(got.B, want.B) {
			t.Errorf("tier %d: %+v, want %+v", i, got, want)
		}
	}
	if d = centroids.Compare(a, a); !d.Same || len(d.Differs) != 0 || !alike(d.Tiers[0].Cosine, value(1)) {
		t.Errorf("with itself: %+v", d)
	}
	// Of other lengths there is no cosine; of another model it is told that they
	// have no common axes.
	long := made(t, []string{"LOW", "MID", "TOP"}, [][]float32{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, centroids.Head{}, nil)
	if d = centroids.Compare(a, long); d.SameEmbedder || d.Tiers[0].Cosine != nil || !slices.Equal(d.Differs, []string{"embedder.dims"}) {
		t.Errorf("other dims: %+v", d)
	}
	other := made(t, []string{"LOW", "MID", "TOP"}, [][]float32{{1, 0}, {1, 0}, {1, 0}}, centroids.Head{}, func(m *centroids.Manifest) { m.Embedder.Model = "n" })
	if d = centroids.Compare(a, other); d.SameEmbedder || !alike(d.Tiers[0].Cosine, value(0.6)) || !slices.Equal(d.Differs, []string{"embedder.model"}) {
		t.Errorf("another model: %+v", d)
	}
}

func alike(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return math.Abs(*a-*b) < 1e-7 // elements are float32
}

func TestCompareHeads(t *testing.T) {
	names, vectors := []string{"LOW", "TOP"}, [][]float32{{1, 0}, {0, 1}}
	logistic := func(bias float32, weight ...float32) centroids.Head {
		return centroids.Head{Logistic: &centroids.Logistic{Weight: weight, Bias: []float32{0, bias}}}
	}
	a := made(t, names, vectors, logistic(0.5, 3, 4, 0, 0), nil)
	b := made(t, names, vectors, logistic(-0.25, 5, 12, 0, 2), nil)
	d := centroids.Compare(a, b)
	if w := d.Weights; w == nil || math.Abs(*w.Cosines[0]-63.0/65) > 1e-12 || w.Cosines[1] != nil || w.Largest != 8 || w.Bias != 0.75 {
		t.Errorf("%+v", d.Weights)
	}
	if d.Same || len(d.Differs) != 0 {
		t.Errorf("of other weights alone nothing in the manifest differs: %+v", d)
	}
	nearest := made(t, names, vectors, centroids.Head{Nearest: &centroids.Nearest{Vectors: []float32{1, 0, 0, 1, 1, 0}, Tiers: []int{0, 1, 0}, Neighbours: 2}}, nil)
	d = centroids.Compare(a, nearest)
	if d.Weights != nil || d.A.Examples != 0 || d.B.Examples != 3 || !slices.Equal(d.Differs, []string{"scorer", "neighbours", "examples"}) {
		t.Errorf("%+v", d)
	}
}

// Each change of the manifest is named, and no other.
func TestCompareManifests(t *testing.T) {
	names, vectors := []string{"LOW", "TOP"}, [][]float32{{1, 0}, {0, 1}}
	first := centroids.Certificate{Claim: "first", Alpha: 0.05, Delta: 0.1, N: 45}
	second := centroids.Certificate{Claim: "second", Alpha: 0.05, Delta: 0.1, N: 90, Errors: 1}
	full := func(m *centroids.Manifest) {
		beta, ece := 10.0, 0.1
		m.InverseTemperature, m.Certificates = &beta, []centroids.Certificate{first}
		m.Dataset = centroids.Dataset{SHA256: "aa", Counts: map[string]map[string]int{"train": {"LOW": 1}}}
		m.Measured = &centroids.Measured{Split: "test", N: 2, ECE: &ece, Confusion: [][]int{{1, 0}, {0, 1}}}
	}
	a := made(t, names, vectors, centroids.Head{}, full)
	for want, change := range map[string]func(*centroids.Manifest){
		"":                       func(*centroids.Manifest) {},
		"embedder.kind":          func(m *centroids.Manifest) { m.Embedder.Kind = "other" },
		"embedder.preprocessing": func(m *centroids.Manifest) { m.Embedder.Preprocessing = "other" },
		"embedder.digest":        func(m *centroids.Manifest) { m.Embedder.Digest = "other" },
		"margin":                 func(m *centroids.Manifest) { m.Margin = 0.5 },
		"fallback":               func(m *centroids.Manifest) { m.Fallback = "TOP" },
		"inverse_temperature":    func(m *centroids.Manifest) { m.InverseTemperature = nil },
		"certificates":           func(m *centroids.Manifest) { m.Certificates = []centroids.Certificate{second} },
		"dataset.sha256":         func(m *centroids.Manifest) { m.Dataset.SHA256 = "bb" },
		"dataset.split_sha256":   func(m *centroids.Manifest) { m.Dataset.SplitSHA = "bb" },
		"dataset.salt":           func(m *centroids.Manifest) { m.Dataset.Salt = "bb" },
		"dataset.shares":         func(m *centroids.Manifest) { m.Dataset.Shares[0] = 1 },
		"dataset.prompts":        func(m *centroids.Manifest) { m.Dataset.Prompts++ },
		"dataset.unlabelled":     func(m *centroids.Manifest) { m.Dataset.Unlabelled++ },
		"dataset.counts":         func(m *centroids.Manifest) { m.Dataset.Counts["train"]["LOW"] = 2 },
		"measured":               func(m *centroids.Manifest) { *m.Measured.ECE = 0.2 },
	} {
		b := made(t, names, vectors, centroids.Head{}, func(m *centroids.Manifest) { full(m); change(m) })
		d := centroids.Compare(a, b)
		if expected := slices.DeleteFunc([]string{want}, func(s string) bool { return s == "" }); !slices.Equal(d.Differs, expected) || d.Same != (want == "") {
			t.Errorf("%s: found %q, same %t", want, d.Differs, d.Same)
		}
		if want == "certificates" && (!slices.Equal(d.Added, []centroids.Certificate{second}) || !slices.Equal(d.Removed, []centroids.Certificate{first})) {
			t.Errorf("added %+v, removed %+v", d.Added, d.Removed)
		}
	}
}
