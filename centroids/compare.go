package centroids

import (
	"maps"
	"math"
	"slices"

	"github.com/routeproof/routeproof/internal/dot"
)

// A Difference sets two artifacts, A and B, beside each other. Pointers are nil
// where a figure is not known.
type Difference struct {
	A Summary `json:"a"`
	B Summary `json:"b"`

	// Same tells whether the artifacts are equal, by checksum. Differs names the
	// fields of their summaries that are not, in the order there, those of the
	// embedder as "embedder.model".
	Same    bool     `json:"same"`
	Differs []string `json:"differs"`

	// SameEmbedder tells whether the embedders' identities are equal. Vectors of
	// different embedders have no common axes, so their cosines mean little.
	SameEmbedder bool             `json:"same_embedder"`
	Tiers        []TierDifference `json:"tiers"`   // those of A, then those that B alone has
	Weights      *WeightChange    `json:"weights"` // nil unless both are logistic, with the same tiers and dims

	Added   []Certificate `json:"certificates_added"`   // of B that A has not
	Removed []Certificate `json:"certificates_removed"` // of A that B has not
}

// A Summary is what of an artifact is compared: its manifest without texts,
// sketches and histograms, and how many examples it holds.
type Summary struct {
	SHA256             string             `json:"sha256"`
	Tiers              []string           `json:"tiers"` // cheapest first
	Embedder           Identity           `json:"embedder"`
	Scorer             string             `json:"scorer"`
	Neighbours         int                `json:"neighbours"` // 0 but with scorer "nearest"
	Examples           int                `json:"examples"`   // 0 but with scorer "nearest"
	Thresholds         map[string]float64 `json:"thresholds"`
	Margin             float64            `json:"margin"`
	Fallback           string             `json:"fallback"`
	InverseTemperature *float64           `json:"inverse_temperature"`
	Certificates       []Certificate      `json:"certificates"`
	Dataset            Dataset            `json:"dataset"`
	Measured           *Measured          `json:"measured"`
}

// A TierDifference is a tier of either artifact.
type TierDifference struct {
	Tier   string   `json:"tier"`
	Cosine *float64 `json:"cosine"`      // between the centroids, −1 to 1; nil where one has no such tier, or dims differ
	A      *float64 `json:"threshold_a"` // nil: A has no such tier
	B      *float64 `json:"threshold_b"`
}

// A WeightChange is how a logistic model changed.
type WeightChange struct {
	// Cosines are between each tier's weights, in the order of tiers; nil where one
	// has none but 0.
	Cosines []*float64 `json:"cosines"`
	Largest float64    `json:"largest_change"` // of a weight, absolute
	Bias    float64    `json:"largest_bias_change"`
}

// Compare sets artifact b beside artifact a.
func Compare(a, b *Artifact) Difference {
	d := Difference{
		A: a.summary(), B: b.summary(), Same: a.manifest.SHA256 == b.manifest.SHA256,
		SameEmbedder: a.manifest.Embedder == b.manifest.Embedder,
		Added:        without(b.manifest.Certificates, a.manifest.Certificates),
		Removed:      without(a.manifest.Certificates, b.manifest.Certificates),
		Weights:      weightChange(a, b),
	}
	d.Differs = differing(d.A, d.B)
	for _, name := range append(a.tiers.Names(), b.tiers.Names()...) {
		if !slices.ContainsFunc(d.Tiers, func(t TierDifference) bool { return t.Tier == name }) {
			d.Tiers = append(d.Tiers, tierDifference(name, a, b))
		}
	}
	return d
}

func (a *Artifact) summary() Summary {
	m := a.Manifest() // a copy
	s := Summary{
		SHA256: m.SHA256, Tiers: m.Tiers, Embedder: m.Embedder, Scorer: m.Scorer, Neighbours: m.Neighbours, Thresholds: m.Thresholds,
		Margin: m.Margin, Fallback: m.Fallback, InverseTemperature: m.InverseTemperature, Certificates: m.Certificates,
		Dataset: m.Dataset, Measured: m.Measured,
	}
	if a.head.Nearest != nil {
		s.Examples = len(a.head.Nearest.Tiers)
	}
	return s
}

// differing names the fields that differ, but for the checksum.
func differing(a, b Summary) []string {
	names := []string{}
	for _, f := range []struct {
		name string
		same bool
	}{
		{"tiers", slices.Equal(a.Tiers, b.Tiers)},
		{"embedder.kind", a.Embedder.Kind == b.Embedder.Kind},
		{"embedder.model", a.Embedder.Model == b.Embedder.Model},
		{"embedder.dims", a.Embedder.Dims == b.Embedder.Dims},
		{"embedder.preprocessing", a.Embedder.Preprocessing == b.Embedder.Preprocessing},
		{"embedder.digest", a.Embedder.Digest == b.Embedder.Digest},
		{"scorer", a.Scorer == b.Scorer},
		{"neighbours", a.Neighbours == b.Neighbours},
		{"examples", a.Examples == b.Examples},
		{"thresholds", maps.Equal(a.Thresholds, b.Thresholds)},
		{"margin", a.Margin == b.Margin},
		{"fallback", a.Fallback == b.Fallback},
		{"inverse_temperature", sameNumber(a.InverseTemperature, b.InverseTemperature)},
		{"certificates", slices.Equal(a.Certificates, b.Certificates)},
		{"dataset.sha256", a.Dataset.SHA256 == b.Dataset.SHA256},
		{"dataset.split_sha256", a.Dataset.SplitSHA == b.Dataset.SplitSHA},
		{"dataset.salt", a.Dataset.Salt == b.Dataset.Salt},
		{"dataset.shares", a.Dataset.Shares == b.Dataset.Shares},
		{"dataset.prompts", a.Dataset.Prompts == b.Dataset.Prompts},
		{"dataset.unlabelled", a.Dataset.Unlabelled == b.Dataset.Unlabelled},
		{"dataset.counts", maps.EqualFunc(a.Dataset.Counts, b.Dataset.Counts, maps.Equal[map[string]int, map[string]int])},
		{"measured", sameMeasured(a.Measured, b.Measured)},
	} {
		if !f.same {
			names = append(names, f.name)
		}
	}
	return names
}

func sameNumber(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func sameMeasured(a, b *Measured) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Split == b.Split && a.N == b.N && a.Accuracy == b.Accuracy && a.Interval == b.Interval && a.MacroF1 == b.MacroF1 &&
		sameNumber(a.ECE, b.ECE) && slices.EqualFunc(a.Confusion, b.Confusion, slices.Equal[[]int])
}

func tierDifference(name string, a, b *Artifact) TierDifference {
	d := TierDifference{Tier: name}
	i, inA := a.tiers.Index(name)
	j, inB := b.tiers.Index(name)
	if inA {
		from := a.thresholds[i]
		d.A = &from
	}
	if inB {
		from := b.thresholds[j]
		d.B = &from
	}
	if inA && inB {
		d.Cosine = cosineOf(a.vectors[i], b.vectors[j])
	}
	return d
}

// cosineOf returns the cosine between two vectors of any length; nil where that is
// undefined.
func cosineOf(a, b []float32) *float64 {
	if len(a) != len(b) {
		return nil
	}
	c := dot.Product(a, b) / math.Sqrt(dot.Product(a, a)*dot.Product(b, b))
	if math.IsNaN(c) {
		return nil
	}
	c = min(1, max(-1, c))
	return &c
}

func weightChange(a, b *Artifact) *WeightChange {
	x, y := a.head.Logistic, b.head.Logistic
	if x == nil || y == nil || !slices.Equal(a.tiers.Names(), b.tiers.Names()) || len(x.Weight) != len(y.Weight) {
		return nil
	}
	w := &WeightChange{Largest: largestChange(x.Weight, y.Weight), Bias: largestChange(x.Bias, y.Bias)}
	dims := a.manifest.Embedder.Dims
	for k := range x.Bias {
		w.Cosines = append(w.Cosines, cosineOf(x.Weight[k*dims:(k+1)*dims], y.Weight[k*dims:(k+1)*dims]))
	}
	return w
}

func largestChange(a, b []float32) float64 {
	largest := 0.0
	for i, v := range a {
		largest = max(largest, math.Abs(float64(b[i])-float64(v)))
	}
	return largest
}

// without returns what of a is not in b.
func without(a, b []Certificate) []Certificate {
	out := []Certificate{}
	for _, c := range a {
		if !slices.Contains(b, c) {
			out = append(out, c)
		}
	}
	return out
}
