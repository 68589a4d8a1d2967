package centroids

import (
	"context"
	"fmt"
	"math"
	"strings"
)

// canaryTexts are re-embedded by routers at start-up. They differ in what a
// changed embedder would treat differently: case, accents, scripts, white
// space, code, digits, and a length beyond the input limit of small models.
func canaryTexts() []string {
	return []string{
		"hello",
		"WHAT TIME DOES THE STORE CLOSE ON SUNDAY?",
		"Résumé: traduire « déjà vu » en français, s'il vous plaît.",
		"量子计算机为什么需要纠错码？",
		"for i := range rows {\n\ttotal += rows[i].price * 1.19\n}",
		"Extract   name, e-mail and   order number (#48213) as JSON.",
		"Prove that every bounded monotone sequence of reals converges, then say which axiom the proof needs.",
		strings.Repeat("The quarterly report compares revenue, churn and support load across nine regions. ", 60),
	}
}

// MakeCanaries returns the canary texts with their scores under the given
// vectors, one a tier, and embedder.
func MakeCanaries(ctx context.Context, e Embedder, vectors [][]float32) ([]Canary, error) {
	texts := canaryTexts()
	scores, err := canaryScores(ctx, e, vectors, texts)
	if err != nil {
		return nil, err
	}
	canaries := make([]Canary, len(texts))
	for i, text := range texts {
		canaries[i] = Canary{Text: text, Scores: scores[i]}
	}
	return canaries, nil
}

func canaryScores(ctx context.Context, e Embedder, vectors [][]float32, texts []string) ([][]float64, error) {
	rows, err := embed(ctx, e, nil, texts)
	if err != nil {
		return nil, err
	}
	dims := e.Identity().Dims
	scores := make([][]float64, len(texts))
	for i := range texts {
		for _, v := range vectors {
			scores[i] = append(scores[i], cosine(rows[i*dims:(i+1)*dims], v))
		}
	}
	return scores, nil
}

// Verify checks that e is the embedder the artifact was built with: first its
// identity, then the score of every canary, which also catches a model,
// prefix, pooling or truncation that changed under the same name. The error
// wraps [ErrEmbedder] or [ErrCanary].
func (a *Artifact) Verify(ctx context.Context, e Embedder) error {
	if err := a.manifest.Embedder.Check(e.Identity()); err != nil {
		return err
	}
	texts := make([]string, len(a.manifest.Canaries))
	for i, c := range a.manifest.Canaries {
		texts[i] = c.Text
	}
	scores, err := canaryScores(ctx, e, a.vectors, texts)
	if err != nil {
		return err
	}
	worst, canary, tier := 0.0, 0, 0
	for i, c := range a.manifest.Canaries {
		for k, want := range c.Scores {
			if d := math.Abs(scores[i][k] - want); d > worst {
				worst, canary, tier = d, i, k
			}
		}
	}
	if worst > a.manifest.Tolerance {
		return fmt.Errorf("%w: canary %d of %d, tier %s: expected %.6f, found %.6f (tolerance %g): rebuild the artifact with this embedder or restore the old one",
			ErrCanary, canary+1, len(texts), a.tiers.Name(tier),
			a.manifest.Canaries[canary].Scores[tier], scores[canary][tier], a.manifest.Tolerance)
	}
	return nil
}
