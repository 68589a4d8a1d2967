package classify

import (
	"context"
	"fmt"
	"slices"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// Embedding decides by an artifact: by the nearest centroid, or as its head
// scores.
type Embedding struct {
	name     string
	artifact *centroids.Artifact
	embedder centroids.Embedder
	bill     Bill
}

// A Bill says what it costs to embed a text.
type Bill func(text string) eval.Quantity

// NewEmbedding returns the classifier that applies an artifact. The embedder
// must be the artifact's.
func NewEmbedding(name string, artifact *centroids.Artifact, embedder centroids.Embedder) (*Embedding, error) {
	if err := artifact.Manifest().Embedder.Check(embedder.Identity()); err != nil {
		return nil, err
	}
	return &Embedding{name: name, artifact: artifact, embedder: embedder}, nil
}

// Name implements [eval.Classifier].
func (e *Embedding) Name() string { return e.name }

// Artifact returns what the classifier applies.
func (e *Embedding) Artifact() *centroids.Artifact { return e.artifact }

// Billed returns the classifier over an embedder that is not local: what it costs
// is on the bill, and how long it takes is not known.
func (e Embedding) Billed(bill Bill) *Embedding {
	e.bill = bill
	return &e
}

// Classify implements [eval.Classifier]. Local embedders, without a bill, cost
// nothing.
func (e *Embedding) Classify(ctx context.Context, requests []eval.Request) ([]eval.Decision, error) {
	texts := make([]string, len(requests))
	for i, q := range requests {
		texts[i] = q.Text
	}
	decisions, err := e.artifact.Classify(ctx, e.embedder, texts)
	if err != nil {
		return nil, err
	}
	out := make([]eval.Decision, len(requests))
	for i, d := range decisions {
		out[i] = localDecision()
		out[i].Tier, out[i].Scores, out[i].Refused = d.Tier, d.Scores, d.Nearest >= 0 && !d.Accepted
		if e.bill != nil {
			out[i].CostUSD, out[i].LatencyMS = e.bill(texts[i]), eval.Quantity{}
		}
		if d.Probabilities != nil {
			out[i].Probabilities, out[i].Confidence = d.Probabilities, new(d.Probabilities[d.Tier])
		}
	}
	return out, nil
}

// EmbeddingTrainer builds tier centroids, fits the head of its scorer, and fits
// their temperature.
type EmbeddingTrainer struct {
	name     string
	tiers    centroids.Tiers
	fallback int
	embedder centroids.Embedder
	scorer   Scorer
	bill     Bill
}

// NewEmbeddingTrainer returns the trainer of an [Embedding]. Texts without a
// vector go to the fallback tier.
func NewEmbeddingTrainer(name string, tiers centroids.Tiers, fallback int, embedder centroids.Embedder, scorer Scorer) *EmbeddingTrainer {
	return &EmbeddingTrainer{name: name, tiers: tiers, fallback: fallback, embedder: embedder, scorer: scorer}
}

// Billed returns the trainer of classifiers that are [Embedding.Billed].
func (t EmbeddingTrainer) Billed(bill Bill) *EmbeddingTrainer {
	t.bill = bill
	return &t
}

// Name implements [eval.Trainer].
func (t *EmbeddingTrainer) Name() string { return t.name }

// Train implements [eval.Trainer]: centroids and head of fit, temperature on tune.
// The artifact accepts everything. Without a tune example that has a vector there
// is no temperature, and decisions have no confidence.
func (t *EmbeddingTrainer) Train(ctx context.Context, fit, tune []eval.Example) (eval.Classifier, error) {
	vectors, err := t.centroids(ctx, fit)
	if err != nil {
		return nil, err
	}
	head, err := t.head(ctx, fit)
	if err != nil {
		return nil, err
	}
	canaries, err := centroids.MakeCanaries(ctx, t.embedder, vectors, func(visit func(text string)) error {
		return eachText(fit, func(texts []string, _ []int) error {
			for _, text := range texts {
				visit(text)
			}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	manifest := centroids.Manifest{
		Tiers:      t.tiers.Names(),
		Embedder:   t.embedder.Identity(),
		Thresholds: centroids.AcceptAll(t.tiers),
		Fallback:   t.tiers.Name(t.fallback),
		Canaries:   canaries,
		Tolerance:  centroids.DefaultTolerance,
	}
	artifact, err := centroids.NewScored(manifest, vectors, head)
	if err != nil {
		return nil, err
	}
	fitted, err := t.temperature(ctx, artifact, tune)
	if err != nil {
		return nil, err
	}
	if fitted != nil {
		manifest.InverseTemperature = &fitted.Beta
		if artifact, err = artifact.WithManifest(manifest); err != nil {
			return nil, err
		}
	}
	c, err := NewEmbedding(t.name, artifact, t.embedder)
	if err != nil {
		return nil, err
	}
	return c.Billed(t.bill), nil
}

func (t *EmbeddingTrainer) centroids(ctx context.Context, fit []eval.Example) ([][]float32, error) {
	b := centroids.NewBuilder(t.tiers, t.embedder)
	if err := eachText(fit, func(texts []string, tiers []int) error { return b.Add(ctx, texts, tiers) }); err != nil {
		return nil, err
	}
	vectors, err := b.Centroids()
	if err != nil {
		return nil, fmt.Errorf("building centroids from %d texts: %w", len(fit), err)
	}
	return vectors, nil
}

// eachText reads the texts of examples, some at a time.
func eachText(examples []eval.Example, visit func(texts []string, tiers []int) error) error {
	for these := range slices.Chunk(examples, embeddedAtOnce) {
		texts, tiers, err := textsOf(these)
		if err != nil {
			return err
		}
		if err := visit(texts, tiers); err != nil {
			return err
		}
	}
	return nil
}

// head holds all vectors at once where there is a head to fit.
func (t *EmbeddingTrainer) head(ctx context.Context, fit []eval.Example) (centroids.Head, error) {
	if t.scorer.byCentroids() {
		return centroids.Head{}, nil
	}
	rows, err := embedAll(ctx, t.embedder, fit)
	if err != nil {
		return centroids.Head{}, err
	}
	return t.scorer.head(ctx, rows, t.tiers, stats.LogisticExact)
}

func (t *EmbeddingTrainer) temperature(ctx context.Context, a *centroids.Artifact, tune []eval.Example) (*stats.Temperature, error) {
	scores, labels := make([]float64, 0, len(tune)*t.tiers.Len()), make([]int, 0, len(tune))
	err := eachText(tune, func(texts []string, tiers []int) error {
		decisions, err := a.Classify(ctx, t.embedder, texts)
		for i, d := range decisions {
			if d.Logits != nil {
				scores, labels = append(scores, d.Logits...), append(labels, tiers[i])
			}
		}
		return err
	})
	if err != nil || len(labels) == 0 {
		return nil, err
	}
	fitted := stats.FitTemperature(scores, labels, t.tiers.Len())
	return &fitted, nil
}
