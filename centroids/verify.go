package centroids

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// canaryTexts are re-embedded by routers at start-up. They differ in what a
// changed embedder would treat differently: case, accents, scripts, white
// space, code, digits, a length beyond the input limit of small models, and words
// of every lexicon of a structural embedder.
func canaryTexts() []string {
	return []string{
		"hello, why",
		"WHAT TIME DOES THE STORE CLOSE ON SUNDAY?",
		"Is it « déjà vu », ou plutôt un résumé à traduire en français ?",
		"量子计算机为什么需要纠错码？",
		"for i := range rows {\n\ttotal += rows[i].price * 1.19\n}",
		"Please extract   name, e-mail and   order number (#48213) as JSON, and briefly explain why we must not choose your label if my code is right.",
		"Prove that every bounded monotone sequence of reals converges, compare the definition of each axiom, then write a complete report.",
		strings.Repeat("The quarterly report compares revenue, churn and support load across nine regions. ", 60),
	}
}

// MakeCanaries returns texts with their scores under the given vectors, one a
// tier, and embedder. The texts are built in, but those of a [Lookup] are up to
// eight of fitted, which visits the texts that the vectors were made from: an
// artifact that is built with one carries them to whoever reads it.
func MakeCanaries(ctx context.Context, e Embedder, vectors [][]float32, fitted func(visit func(text string)) error) ([]Canary, error) {
	texts := canaryTexts()
	if known, ok := e.(Lookup); ok {
		l := lookupCanaries{known: known, most: len(texts)}
		if err := fitted(l.add); err != nil {
			return nil, err
		}
		if texts = l.texts(); len(texts) == 0 {
			return nil, fmt.Errorf("%w: canaries: expected a text that the embedder knows, not blank and of at most %d bytes, found none among %d",
				ErrManifest, maxCanaryText, l.seen)
		}
	}
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

// lookupCanaries are the texts of smallest SHA-256 that can stand in a manifest:
// the same ones whatever the order of texts.
type lookupCanaries struct {
	known  Lookup
	most   int
	seen   int
	chosen []hashedText // ascending
}

type hashedText struct {
	sum  [sha256.Size]byte
	text string
}

func (l *lookupCanaries) add(text string) {
	l.seen++
	// What is not UTF-8 would change as JSON.
	if len(text) > maxCanaryText || strings.TrimSpace(text) == "" || !utf8.ValidString(text) || !l.known.Knows(text) {
		return
	}
	sum := sha256.Sum256([]byte(text))
	at, found := slices.BinarySearchFunc(l.chosen, sum, func(a hashedText, b [sha256.Size]byte) int { return bytes.Compare(a.sum[:], b[:]) })
	if found || at == l.most {
		return
	}
	l.chosen = slices.Insert(l.chosen, at, hashedText{sum, strings.Clone(text)}) // it may be part of a longer one
	l.chosen = l.chosen[:min(len(l.chosen), l.most)]
}

func (l *lookupCanaries) texts() []string {
	texts := make([]string, len(l.chosen))
	for i, c := range l.chosen {
		texts[i] = c.text
	}
	return texts
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
			scores[i] = append(scores[i], Cosine(rows[i*dims:(i+1)*dims], v))
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
	return a.verifyCanaries(ctx, e, a.manifest.Canaries)
}

// VerifyKnown is [Artifact.Verify] with the canaries that e knows alone. It
// returns how many of them there are.
func (a *Artifact) VerifyKnown(ctx context.Context, e Lookup) (int, error) {
	if err := a.manifest.Embedder.Check(e.Identity()); err != nil {
		return 0, err
	}
	var known []Canary
	for _, c := range a.manifest.Canaries {
		if e.Knows(c.Text) {
			known = append(known, c)
		}
	}
	return len(known), a.verifyCanaries(ctx, e, known)
}

func (a *Artifact) verifyCanaries(ctx context.Context, e Embedder, canaries []Canary) error {
	texts := make([]string, len(canaries))
	for i, c := range canaries {
		texts[i] = c.Text
	}
	scores, err := canaryScores(ctx, e, a.vectors, texts)
	if err != nil {
		return err
	}
	worst, canary, tier := 0.0, 0, 0
	for i, c := range canaries {
		for k, want := range c.Scores {
			if d := math.Abs(scores[i][k] - want); d > worst {
				worst, canary, tier = d, i, k
			}
		}
	}
	if worst > a.manifest.Tolerance {
		return fmt.Errorf("%w: canary %d of %d, tier %s: expected %.6f, found %.6f (tolerance %g): rebuild the artifact with this embedder or restore the old one",
			ErrCanary, canary+1, len(texts), a.tiers.Name(tier),
			canaries[canary].Scores[tier], scores[canary][tier], a.manifest.Tolerance)
	}
	return nil
}
