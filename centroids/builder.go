package centroids

import (
	"context"
	"fmt"
	"math"

	"github.com/routeproof/routeproof/internal/dot"
)

// batchTexts is how many texts the package hands to an embedder at once.
const batchTexts = 512

// unitTolerance is how far a vector's Euclidean norm may stand from 1.
const unitTolerance = 1e-4

// A Builder streams labelled texts into tier centroids. Its memory does not
// grow with their number.
type Builder struct {
	tiers    Tiers
	embedder Embedder
	sums     *Sums
	vectors  []float32
}

// NewBuilder returns a builder for the given tiers and embedder.
func NewBuilder(tiers Tiers, embedder Embedder) *Builder {
	return &Builder{
		tiers:    tiers,
		embedder: embedder,
		sums:     NewSums(tiers.Len(), embedder.Identity().Dims),
	}
}

// Add embeds texts and adds them to the sums of their tiers, which are
// indices into the builder's tier list. The cut into calls does not matter;
// the order of texts does, in the last bits.
func (b *Builder) Add(ctx context.Context, texts []string, tiers []int) error {
	if len(texts) != len(tiers) {
		panic("centroids: texts and tiers differ in length")
	}
	for len(texts) > 0 {
		n := min(batchTexts, len(texts))
		vectors, err := embed(ctx, b.embedder, b.vectors, texts[:n])
		if err != nil {
			return err
		}
		b.vectors = vectors
		b.sums.Add(vectors, tiers[:n])
		texts, tiers = texts[n:], tiers[n:]
	}
	return nil
}

// Counts returns the texts added for each tier, and how many had no vector.
func (b *Builder) Counts() (texts, empty []int) { return b.sums.Counts() }

// Centroids returns one unit vector a tier, cheapest first. Every tier needs a
// text that has a vector.
func (b *Builder) Centroids() ([][]float32, error) { return b.sums.Centroids(b.tiers.names) }

// leastSquares is how many numbers' squares are worth a goroutine.
const leastSquares = 1 << 16

// embed returns the vectors of texts, checked, in buf if it is large enough.
func embed(ctx context.Context, e Embedder, buf []float32, texts []string) ([]float32, error) {
	dims := e.Identity().Dims
	if n := len(texts) * dims; cap(buf) < n {
		buf = make([]float32, n)
	} else {
		buf = buf[:n]
	}
	if err := e.Embed(ctx, buf, texts); err != nil {
		return nil, fmt.Errorf("embedding %d texts: %w", len(texts), err)
	}
	norms := make([]float64, len(texts))
	share(len(texts), 1+leastSquares/dims, func(from, to int) {
		for i := from; i < to; i++ {
			norms[i] = norm(buf[i*dims : (i+1)*dims])
		}
	})
	for i, norm := range norms {
		if norm != 0 && !(math.Abs(norm-1) <= unitTolerance) {
			return nil, fmt.Errorf("embedding text %d of %d: %w: expected norm 1 or 0, found %g", i+1, len(texts), ErrVector, norm)
		}
	}
	return buf, nil
}

// norm returns the Euclidean norm of v, NaN or +Inf where an element is.
func norm(v []float32) float64 { return math.Sqrt(dot.Product(v, v)) }
