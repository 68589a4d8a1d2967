package centroids

import (
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/internal/dot"
)

// The scorers of an artifact. All of them carry the tier centroids too; how the
// scores come about is said at [Decision].
const (
	ScorerCentroid = "centroid" // format 1
	ScorerLogistic = "logistic" // a multinomial logistic model
	ScorerNearest  = "nearest"  // the nearest examples
)

// A Head scores vectors otherwise than by tier centroids: set is either Logistic
// or Nearest. The zero value is none: vectors are scored by centroids.
type Head struct {
	Logistic *Logistic
	Nearest  *Nearest
}

// Logistic is a multinomial logistic model over the tiers, cheapest first.
type Logistic struct {
	Weight []float32 // [tiers][dims], row-major
	Bias   []float32 // [tiers]
}

// Nearest is the examples among which a text's neighbours are looked for.
type Nearest struct {
	Vectors    []float32 // [examples][dims], row-major, unit norm
	Tiers      []int     // of each example, an index
	Neighbours int       // how many are asked, from 1 to the number of examples
}

// scorer is what kind of head it is, by the manifest's name for it.
func (h Head) scorer() string {
	switch {
	case h.Logistic != nil:
		return ScorerLogistic
	case h.Nearest != nil:
		return ScorerNearest
	}
	return ScorerCentroid
}

// Names of the tensors behind those of the tiers.
const (
	logisticWeight = "linear.weight"
	logisticBias   = "linear.bias"
	nearestVectors = "examples.vectors"
	nearestTiers   = "examples.tiers"
)

// tensors returns what stands behind the tiers' tensors, in order.
func (h Head) tensors(dims int) []tensor {
	switch {
	case h.Logistic != nil:
		k := len(h.Logistic.Bias)
		return []tensor{{logisticWeight, []int{k, dims}, h.Logistic.Weight}, {logisticBias, []int{k}, h.Logistic.Bias}}
	case h.Nearest != nil:
		n := len(h.Nearest.Tiers)
		tiers := make([]float32, n)
		for i, t := range h.Nearest.Tiers {
			tiers[i] = float32(t)
		}
		return []tensor{{nearestVectors, []int{n, dims}, h.Nearest.Vectors}, {nearestTiers, []int{n}, tiers}}
	}
	return nil
}

// readHead makes the head of a manifest from the tensors behind the tiers'.
func readHead(m Manifest, tensors []tensor) (Head, error) {
	tiers, dims := len(m.Tiers), m.Embedder.Dims
	var names []string
	switch m.Scorer {
	case ScorerLogistic:
		names = []string{logisticWeight, logisticBias}
	case ScorerNearest:
		names = []string{nearestVectors, nearestTiers}
	}
	if !slices.EqualFunc(tensors, names, func(t tensor, name string) bool { return t.name == name }) {
		found := make([]string, len(tensors))
		for i, t := range tensors {
			found[i] = t.name
		}
		return Head{}, fmt.Errorf("%w: scorer %q: expected %q behind the tiers, found %q", ErrTiers, m.Scorer, names, found)
	}
	if names == nil {
		return Head{}, nil
	}
	rows := tiers
	if m.Scorer == ScorerNearest {
		rows = len(tensors[1].data)
	}
	if !slices.Equal(tensors[0].shape, []int{rows, dims}) || !slices.Equal(tensors[1].shape, []int{rows}) {
		return Head{}, fmt.Errorf("%w: tensors %q: expected shapes [%d %d] and [%d], found %v and %v", ErrDims, names, rows, dims, rows, tensors[0].shape, tensors[1].shape)
	}
	if m.Scorer == ScorerLogistic {
		return Head{Logistic: &Logistic{Weight: tensors[0].data, Bias: tensors[1].data}}, nil
	}
	n := &Nearest{Vectors: tensors[0].data, Tiers: make([]int, rows), Neighbours: m.Neighbours}
	for i, v := range tensors[1].data {
		if n.Tiers[i] = int(v); float32(n.Tiers[i]) != v {
			return Head{}, fmt.Errorf("%w: %s: expected whole numbers, found %g", ErrTiers, nearestTiers, v)
		}
	}
	return Head{Nearest: n}, nil
}

// check holds a head to its own rules.
func (h Head) check(tiers Tiers, dims int) error {
	switch {
	case h.Logistic != nil && h.Nearest != nil:
		return fmt.Errorf("%w: expected one head, found two", ErrManifest)
	case h.Logistic != nil:
		return h.Logistic.check(tiers, dims)
	case h.Nearest != nil:
		return h.Nearest.check(tiers, dims)
	}
	return nil
}

// maxWeight bounds what a logistic model may say: far beyond what a fit gives.
const maxWeight = 1e6

func (l *Logistic) check(tiers Tiers, dims int) error {
	if len(l.Bias) != tiers.Len() || len(l.Weight) != tiers.Len()*dims {
		return fmt.Errorf("%w: logistic head: expected %d × %d weights and %d biases, found %d and %d", ErrDims, tiers.Len(), dims, tiers.Len(), len(l.Weight), len(l.Bias))
	}
	for _, w := range slices.Concat(l.Weight, l.Bias) {
		if !(math.Abs(float64(w)) <= maxWeight) {
			return fmt.Errorf("%w: logistic head: expected weights from %g to %g, found %g", ErrVector, -maxWeight, maxWeight, w)
		}
	}
	return nil
}

func (n *Nearest) check(tiers Tiers, dims int) error {
	if len(n.Vectors) != len(n.Tiers)*dims {
		return fmt.Errorf("%w: examples: expected %d × %d elements, found %d", ErrDims, len(n.Tiers), dims, len(n.Vectors))
	}
	if n.Neighbours < 1 || n.Neighbours > len(n.Tiers) {
		return fmt.Errorf("%w: neighbours: expected 1 to %d, as there are so many examples, found %d", ErrManifest, len(n.Tiers), n.Neighbours)
	}
	for i, t := range n.Tiers {
		if t < 0 || t >= tiers.Len() {
			return fmt.Errorf("%w: example %d: expected a tier from 0 to %d, found %d", ErrTiers, i+1, tiers.Len()-1, t)
		}
		if norm := norm(n.Vectors[i*dims : (i+1)*dims]); !(math.Abs(norm-1) <= unitTolerance) {
			return fmt.Errorf("%w: example %d has norm %g", ErrVector, i+1, norm)
		}
	}
	return nil
}

// clone keeps an artifact apart from its maker's arrays.
func (h Head) clone() Head {
	if l := h.Logistic; l != nil {
		h.Logistic = &Logistic{slices.Clone(l.Weight), slices.Clone(l.Bias)}
	}
	if n := h.Nearest; n != nil {
		h.Nearest = &Nearest{slices.Clone(n.Vectors), slices.Clone(n.Tiers), n.Neighbours}
	}
	return h
}

// score writes the model's probabilities to scores, and what they are the
// softmax of to logits.
func (l *Logistic) score(scores, logits []float64, vector []float32) {
	dot.Matrix(logits, vector, l.Weight)
	for k, bias := range l.Bias {
		logits[k] += float64(bias)
	}
	softmax(scores, logits, 1)
}

// score writes each tier's share of the nearest examples to scores, weighted by
// their cosines; equal shares where no example has a positive one. Of equally near
// examples the first are taken.
func (n *Nearest) score(scores []float64, vector []float32) {
	type neighbour struct {
		cosine float64
		tier   int
	}
	near := make([]neighbour, 0, n.Neighbours+1)
	var cosines [64]float64 // of some examples at a time
	for i, tier := range n.Tiers {
		place := i % len(cosines)
		if place == 0 {
			some := min(len(cosines), len(n.Tiers)-i)
			dot.Matrix(cosines[:some], vector, n.Vectors[i*len(vector):(i+some)*len(vector)])
		}
		c := clamp(cosines[place])
		if len(near) == n.Neighbours && c <= near[len(near)-1].cosine {
			continue
		}
		at := len(near)
		for at > 0 && c > near[at-1].cosine {
			at--
		}
		near = slices.Insert(near, at, neighbour{c, tier})
		near = near[:min(len(near), n.Neighbours)]
	}
	clear(scores)
	sum := 0.0
	for _, x := range near {
		if x.cosine > 0 {
			scores[x.tier] += x.cosine
			sum += x.cosine
		}
	}
	for k := range scores {
		if sum > 0 {
			scores[k] /= sum
		} else {
			scores[k] = 1 / float64(len(scores))
		}
	}
}
