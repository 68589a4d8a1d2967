package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/classify"
)

// EmbedderNote says what made the vectors, and what it could not embed.
type EmbedderNote struct {
	centroids.Identity
	Rows     int  `json:"rows"`     // of the file of word vectors; 0 without one
	Words    int  `json:"words"`    // of those rows that texts can match
	Recorded bool `json:"recorded"` // the vectors were made elsewhere
	Prompts  int  `json:"prompts"`  // labelled ones
	Empty    int  `json:"empty"`    // of those without a vector
}

// NewEmbedder makes the embedder of a configuration, reading its file if it has
// one.
func NewEmbedder(c EmbedderConfig) (centroids.Embedder, error) {
	if err := c.check(); err != nil {
		return nil, configErrorf("embedder, %v", err)
	}
	switch c.Kind {
	case embedder.KindHashing:
		return embedder.NewHashing(c.Dims)
	case remote.Kind:
		return nil, configErrorf("embedder, kind: %q asks an endpoint: add --live where the verb has it, or take another kind", c.Kind)
	}
	e, err := embedder.NewStatic(c.Path)
	if err != nil {
		return nil, err
	}
	if dims := e.Identity().Dims; c.Dims != 0 && c.Dims != dims {
		return nil, configErrorf("embedder, dims: expected %d as in %s, or none, found %d", dims, c.Path, c.Dims)
	}
	return e, nil
}

func (j *job) embedding(ctx context.Context) error {
	e, err := j.embedder()
	if err != nil {
		return err
	}
	j.base = e
	id := e.Identity()
	// What was used rather than what was asked for: a flag or an artifact may
	// have brought another embedder.
	j.Config.Embedder = EmbedderConfig{Kind: id.Kind, Dims: id.Dims}
	var trainer eval.Trainer
	if a := j.in.Artifact; a != nil {
		if err := j.verify(ctx, e); err != nil {
			return err
		}
		c, err := classify.NewEmbedding(EmbeddingName, a, e)
		if err != nil {
			return err
		}
		trainer = eval.Fitted{Classifier: c.Billed(j.in.Bill)}
	} else {
		c, err := j.choose(ctx, e)
		if err != nil {
			return err
		}
		e, j.scorer = c.Embedder, c.Scorer
		trainer = classify.NewEmbeddingTrainer(EmbeddingName, j.Tiers, j.fallback, e, c.Scorer).Billed(j.in.Bill)
	}
	fitted, err := j.decide(ctx, trainer)
	if errors.Is(err, centroids.ErrNoDirection) {
		return &datasets.ContentError{File: j.in.Name, Total: 1, First: []datasets.Problem{{File: j.in.Name, Field: "prompt", Reason: err.Error()}}}
	}
	if err != nil {
		return err
	}
	j.Artifact = fitted.(*classify.Embedding).Artifact()
	j.warnTemperature()
	j.noteEmbedder(e)
	return nil
}

// decide has the embedding classifier decide on all items, and counts what it
// decides.
func (j *job) decide(ctx context.Context, trainer eval.Trainer) (eval.Classifier, error) {
	j.counted = newCounted(j.Tiers)
	if j.buildOnly {
		c, err := eval.TrainOn(ctx, trainer, j.examplesOf(datasets.Train), j.examplesOf(datasets.Tune))
		if err != nil {
			return nil, err
		}
		return c, eval.AskExamples(ctx, c, j.examples.all, func(i int, d *eval.Decision) {
			x := &j.examples.all[i]
			j.counted.add(j.Tiers, j.examples.split(i), int(x.Tier), x.Group, d)
		})
	}
	c, err := j.predict(ctx, trainer)
	if err != nil {
		return nil, err
	}
	final := j.Predictions[len(j.Predictions)-1].Final
	for i, d := range final.All() {
		it := &j.Items[i]
		j.counted.add(j.Tiers, it.Split, it.Tier, it.GroupNumber, &d)
	}
	return c, nil
}

// embedder returns what the input brings, or else the artifact's, or else the
// configuration's.
func (j *job) embedder() (centroids.Embedder, error) {
	switch {
	case j.base != nil:
		return j.base, nil
	case j.in.Embedder != nil:
		return j.in.Embedder, nil
	case j.in.Artifact != nil:
		return embedder.FromIdentity(j.in.Artifact.Manifest().Embedder)
	}
	return NewEmbedder(j.Config.Embedder)
}

// verify checks that e is the artifact's embedder, as far as that can be done.
func (j *job) verify(ctx context.Context, e centroids.Embedder) error {
	lookup, ok := e.(centroids.Lookup)
	if !ok {
		return j.in.Artifact.Verify(ctx, e)
	}
	n, err := j.in.Artifact.VerifyKnown(ctx, lookup)
	if err != nil {
		return err
	}
	if all := len(j.in.Artifact.Manifest().Canaries); n < all {
		j.Warnings = append(j.Warnings, UnverifiedCanaries(all-n, all))
	}
	return nil
}

// UnverifiedCanaries says that canaries of an artifact could not be embedded.
func UnverifiedCanaries(n, of int) string {
	return fmt.Sprintf("canaries not verified: %d of %d, as their texts are not among those with recorded vectors: that the embedder is still the artifact's rests on its name", n, of)
}

func (j *job) warnTemperature() {
	switch beta := j.Artifact.Manifest().InverseTemperature; {
	case beta == nil:
		j.Warnings = append(j.Warnings, "no tune prompt has a vector: the embedding classifier has no temperature, so no probabilities")
	case *beta == 0:
		j.Warnings = append(j.Warnings, "on the tune prompts the embedding's scores say nothing about the tier: all tiers get the same probability")
	case *beta == 500:
		j.Warnings = append(j.Warnings, "on the tune prompts the embedding's scores separate the tiers perfectly: too few prompts to fit a temperature")
	}
}

// manyEmpty is the share of prompts without a vector that is warned of.
const manyEmpty = 0.05

func (j *job) noteEmbedder(e centroids.Embedder) {
	j.Embedder = EmbedderNote{Identity: e.Identity(), Prompts: j.labelled()}
	if joined, ok := e.(*embedder.Joined); ok {
		e = joined.First()
	}
	switch e := e.(type) {
	case *embedder.Static:
		v := e.Vocabulary()
		j.Embedder.Rows, j.Embedder.Words = v.Rows, v.Words
	case centroids.Lookup:
		j.Embedder.Recorded = true
	}
	j.Embedder.Empty = j.counted.empty
	if n := j.Embedder; float64(n.Empty) > manyEmpty*float64(n.Prompts) {
		j.Warnings = append(j.Warnings, fmt.Sprintf("%d of %d labelled prompts have no vector and go to the fallback tier", n.Empty, n.Prompts))
	}
}
