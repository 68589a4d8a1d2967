package centroids

import (
	"context"
	"math"

	"github.com/routeproof/routeproof/internal/dot"
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
// all processors. The numbers of all decisions share one array.
func (a *Artifact) DecideAll(vectors []float32) []Decision {
	dims := a.manifest.Embedder.Dims
	out := make([]Decision, len(vectors)/dims)
	least := 64 // vectors of centroids for which a goroutine is worth its while
	if a.head.Nearest != nil {
		least = 1
	}
	each := a.numbers()
	room := make([]float64, len(out)*each)
	share(len(out), least, func(from, to int) {
		for i := from; i < to; i++ {
			out[i] = a.decide(vectors[i*dims:(i+1)*dims], room[i*each:(i+1)*each])
		}
	})
	return out
}

// Decide applies the artifact to one vector of unit norm, or of zeros for a
// text without any, in time O(dims) for each of the tiers or examples that it is
// held against. It panics where the length is not the artifact's.
func (a *Artifact) Decide(vector []float32) Decision {
	if len(vector) != a.manifest.Embedder.Dims {
		panic("centroids: vector of another length than the centroids")
	}
	return a.decide(vector, make([]float64, a.numbers()))
}

// numbers is how many numbers a decision has: scores, logits where these are
// others, probabilities.
func (a *Artifact) numbers() int {
	n := len(a.vectors)
	if a.head.Logistic != nil {
		n += len(a.vectors)
	}
	if a.manifest.InverseTemperature != nil {
		n += len(a.vectors)
	}
	return n
}

// decide is Decide; the decision's numbers are written to room.
func (a *Artifact) decide(vector []float32, room []float64) Decision {
	if isZero(vector) {
		return Decision{Tier: a.fallback, Nearest: -1, Margin: math.NaN()}
	}
	take := func() []float64 {
		k := len(a.vectors)
		taken := room[:k:k]
		room = room[k:]
		return taken
	}
	d := Decision{Scores: take()}
	d.Logits = d.Scores
	if a.head.Logistic != nil {
		d.Logits = take()
	}
	score(d.Scores, d.Logits, a.vectors, a.head, vector)
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
		d.Probabilities = take()
		softmax(d.Probabilities, d.Logits, *beta)
	}
	return d
}

// Score scores a unit vector as an artifact of these centroids and this head
// does: what tiers are compared by, and what the temperature multiplies. See
// [Decision]. It takes time O(dims) for each centroid or example. Both results may be
// one slice.
func Score(centroids [][]float32, head Head, vector []float32) (scores, logits []float64) {
	scores = make([]float64, len(centroids))
	logits = scores
	if head.Logistic != nil {
		logits = make([]float64, len(centroids))
	}
	score(scores, logits, centroids, head, vector)
	return scores, logits
}

// score writes what [Score] returns. scores and logits are one slice but with a
// logistic head.
func score(scores, logits []float64, centroids [][]float32, head Head, vector []float32) {
	switch {
	case head.Logistic != nil:
		head.Logistic.score(scores, logits, vector)
	case head.Nearest != nil:
		head.Nearest.score(scores, vector)
	default:
		dot.Products(scores, vector, centroids)
		for k, s := range scores {
			scores[k] = clamp(s)
		}
	}
}

// Cosine returns the cosine of two vectors of one length, of unit norm or of zeros:
// their dot product in float64, clamped to [-1, 1]. The order of the sum is fixed,
// and the result the same on every processor. It takes time O(len(a)), does not
// allocate, and panics where the lengths differ.
func Cosine(a, b []float32) float64 { return clamp(dot.Product(a, b)) }

func clamp(cosine float64) float64 { return min(1, max(-1, cosine)) }

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

// softmax writes softmax(beta·scores) to p.
func softmax(p, scores []float64, beta float64) {
	top := math.Inf(-1)
	for _, s := range scores {
		top = max(top, s)
	}
	var sum float64
	for k, s := range scores {
		p[k] = math.Exp(beta * (s - top))
		sum += p[k]
	}
	for k := range p {
		p[k] /= sum
	}
}
