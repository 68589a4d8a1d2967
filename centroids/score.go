package centroids

import (
	"context"
	"math"
	"runtime"
	"sync"
)

// A Decision is what the artifact says of one text.
type Decision struct {
	Tier    int // the tier to serve: Nearest if accepted, else the fallback tier
	Nearest int // the tier with the highest score, the cheaper on a tie; -1 without a vector

	// Scores has one a tier; nil without a vector. By the artifact's scorer it is
	// the cosine to the tier's centroid, in [-1, 1]; the logistic model's
	// probability, in [0, 1]; or the tier's share of the nearest examples, each
	// weighted by its cosine where that is positive, in [0, 1].
	Scores []float64

	// Logits is what the temperature multiplies: W·x + b of a logistic model, else
	// the scores.
	Logits []float64

	// Probabilities is softmax(β·Logits), nil without a vector or where the
	// artifact has no temperature.
	Probabilities []float64

	Margin   float64 // highest score minus the second, at least 0; NaN without a vector
	Accepted bool    // the score and the margin reach their thresholds
}

// Classify embeds texts and decides each of them. A text without a vector is
// not an error: it goes to the fallback tier, not accepted. The embedder's
// identity must be the artifact's.
func (a *Artifact) Classify(ctx context.Context, e Embedder, texts []string) ([]Decision, error) {
	if err := a.manifest.Embedder.Check(e.Identity()); err != nil {
		return nil, err
	}
	decisions := make([]Decision, 0, len(texts))
	var vectors []float32
	for len(texts) > 0 {
		n := min(batchTexts, len(texts))
		var err error
		if vectors, err = embed(ctx, e, vectors, texts[:n]); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		decisions = append(decisions, a.DecideAll(vectors)...)
		texts = texts[n:]
	}
	return decisions, nil
}

// DecideAll decides on vectors one behind the other, as [Artifact.Decide] does, on
// all processors.
func (a *Artifact) DecideAll(vectors []float32) []Decision {
	dims := a.manifest.Embedder.Dims
	out := make([]Decision, len(vectors)/dims)
	const least = 64 // vectors of centroids for which a goroutine is worth its while
	workers := runtime.GOMAXPROCS(0)
	if a.head.Nearest == nil {
		workers = min(workers, len(out)/least)
	}
	workers = max(1, min(workers, len(out)))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(out); i += workers {
				out[i] = a.Decide(vectors[i*dims : (i+1)*dims])
			}
		})
	}
	wg.Wait()
	return out
}

// Decide applies the artifact to one vector of unit norm, or of zeros for a
// text without any. It panics where the length is not the artifact's.
func (a *Artifact) Decide(vector []float32) Decision {
	if len(vector) != a.manifest.Embedder.Dims {
		panic("centroids: vector of another length than the centroids")
	}
	if isZero(vector) {
		return Decision{Tier: a.fallback, Nearest: -1, Margin: math.NaN()}
	}
	d := Decision{}
	d.Scores, d.Logits = Score(a.vectors, a.head, vector)
	d.Nearest = Highest(d.Scores)
	second := math.Inf(-1)
	for k, s := range d.Scores {
		if k != d.Nearest {
			second = max(second, s)
		}
	}
	best := d.Scores[d.Nearest]
	d.Margin = best - second
	d.Accepted = best >= a.thresholds[d.Nearest] && d.Margin >= a.manifest.Margin
	d.Tier = d.Nearest
	if !d.Accepted {
		d.Tier = a.fallback
	}
	if beta := a.manifest.InverseTemperature; beta != nil {
		d.Probabilities = softmax(d.Logits, *beta)
	}
	return d
}

// Score scores a unit vector as an artifact of these centroids and this head
// does: what tiers are compared by, and what the temperature multiplies. See
// [Decision].
func Score(centroids [][]float32, head Head, vector []float32) (scores, logits []float64) {
	scores = make([]float64, len(centroids))
	switch {
	case head.Logistic != nil:
		logits = make([]float64, len(centroids))
		head.Logistic.score(scores, logits, vector)
		return scores, logits
	case head.Nearest != nil:
		head.Nearest.score(scores, vector)
	default:
		for k, centroid := range centroids {
			scores[k] = cosine(vector, centroid)
		}
	}
	return scores, scores
}

// cosine returns the dot product of two unit vectors, clamped to [-1, 1].
func cosine(a, b []float32) float64 { return min(1, max(-1, dot(a, b))) }

// dot returns the dot product of two vectors of one length. The four partial sums
// are fixed, so that the result does not depend on the compiler's choice of
// instructions. It only reads, and would take most of the time of tests with the
// race detector.
//
//go:norace
func dot(a, b []float32) float64 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float64
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float64(float64(a[i]) * float64(b[i]))
		s1 += float64(float64(a[i+1]) * float64(b[i+1]))
		s2 += float64(float64(a[i+2]) * float64(b[i+2]))
		s3 += float64(float64(a[i+3]) * float64(b[i+3]))
	}
	for ; i < len(a); i++ {
		s0 += float64(float64(a[i]) * float64(b[i]))
	}
	return (s0 + s1) + (s2 + s3)
}

// Highest returns the tier with the highest score, the cheaper on a tie.
func Highest(scores []float64) int {
	best := 0
	for k, s := range scores {
		if s > scores[best] {
			best = k
		}
	}
	return best
}

func softmax(scores []float64, beta float64) []float64 {
	top := math.Inf(-1)
	for _, s := range scores {
		top = max(top, s)
	}
	p := make([]float64, len(scores))
	var sum float64
	for k, s := range scores {
		p[k] = math.Exp(beta * (s - top))
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
	return p
}
