package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/classify"
	"github.com/routeproof/routeproof/internal/wording"
)

// Values of classifiers.embedding beside the scorers' names.
const (
	auto            = "auto"
	structureNone   = "none"
	structureAlone  = "alone"
	structureBeside = "beside"
)

func (c EmbeddingConfig) check() error {
	structures := []string{structureNone, structureAlone, structureBeside, auto}
	if !slices.Contains(structures, c.Structure) {
		return fmt.Errorf("structure: expected one of %s, found %q%s", strings.Join(structures, ", "), c.Structure, wording.DidYouMean(c.Structure, structures))
	}
	scorers := []string{centroids.ScorerCentroid, centroids.ScorerLogistic, centroids.ScorerNearest, auto}
	if !slices.Contains(scorers, c.Scorer) {
		return fmt.Errorf("scorer: expected one of %s, found %q%s", strings.Join(scorers, ", "), c.Scorer, wording.DidYouMean(c.Scorer, scorers))
	}
	const most = 16 // values of a list
	if n := len(c.LogisticC); n < 1 || n > most {
		return fmt.Errorf("logistic_c: expected 1 to %d values, found %d", most, n)
	}
	for _, v := range c.LogisticC {
		if !(v >= 1e-6 && v <= 1e6) {
			return fmt.Errorf("logistic_c: expected values from 1e-6 to 1e6, found %g", v)
		}
	}
	if n := len(c.Neighbours); n < 1 || n > most {
		return fmt.Errorf("neighbours: expected 1 to %d values, found %d", most, n)
	}
	for _, v := range c.Neighbours {
		if v < 1 || v > 10_000 {
			return fmt.Errorf("neighbours: expected values from 1 to 10,000, found %d", v)
		}
	}
	return nil
}

// The dearer scorers are cross-validated on so many prompts of train and tune, and
// so many numbers of their vectors: it takes some dozens of fits.
const (
	mostChosen  = 5000
	mostNumbers = 6_000_000
)

// choose returns what the embedding classifier consists of: the one candidate of
// the configuration, or that which train and tune say is best.
func (j *job) choose(ctx context.Context, e centroids.Embedder) (classify.Candidate, error) {
	embedders, err := j.embedders(e)
	if err != nil {
		return classify.Candidate{}, err
	}
	var candidates []classify.Candidate
	widest := 0
	for _, e := range embedders {
		widest = max(widest, e.Identity().Dims)
	}
	for _, scorer := range j.scorers(widest) {
		for _, e := range embedders {
			candidates = append(candidates, classify.Candidate{Embedder: e, Scorer: scorer})
		}
	}
	if len(candidates) == 1 {
		return candidates[0], nil
	}
	chooser := classify.Chooser{Tiers: j.Tiers, Fallback: j.fallback, Candidates: candidates, Seed: j.Config.Bootstrap.Seed}
	if j.Choice, err = chooser.Choose(ctx, j.examplesOf(datasets.Train, datasets.Tune)); err != nil {
		return classify.Candidate{}, err
	}
	if j.Choice.Why != "" {
		j.Warnings = append(j.Warnings, "the embedding classifier was not chosen by cross-validation but is the plainest: "+j.Choice.Why)
	}
	return candidates[j.Choice.Chosen], nil
}

// embedders are e, and what it is beside of structure, simplest first.
func (j *job) embedders(e centroids.Embedder) ([]centroids.Embedder, error) {
	structure := j.Config.Classifiers.Embedding.Structure
	_, recorded := e.(centroids.Lookup)
	local := !recorded && e.Identity().Kind != remote.Kind
	switch {
	case structure == structureNone || structure == auto && !local:
		return []centroids.Embedder{e}, nil
	case !local:
		return nil, configErrorf("classifiers, embedding, structure: %q goes with an embedder that needs neither an endpoint nor recorded vectors, this one is of kind %q: set it to %q", structure, e.Identity().Kind, structureNone)
	case structure == structureAlone:
		return []centroids.Embedder{embedder.NewStructural()}, nil
	case structure == structureBeside:
		return []centroids.Embedder{embedder.WithStructure(e)}, nil
	}
	return []centroids.Embedder{e, embedder.NewStructural(), embedder.WithStructure(e)}, nil
}

// scorers are those of the configuration, simplest first, for vectors of at most so
// many dims.
func (j *job) scorers(dims int) (scorers []classify.Scorer) {
	c := j.Config.Classifiers.Embedding
	all := c.Scorer == auto
	n := j.forFitting()
	if all && (n > mostChosen || n*dims > mostNumbers) {
		j.Warnings = append(j.Warnings, fmt.Sprintf("%d prompts of train and tune with vectors of up to %d numbers are more than scorers are chosen on by cross-validation (%d prompts, %d numbers in all): centroids score; name a scorer in classifiers.embedding for another", n, dims, mostChosen, mostNumbers))
		return []classify.Scorer{{Kind: centroids.ScorerCentroid}}
	}
	if all || c.Scorer == centroids.ScorerCentroid {
		scorers = append(scorers, classify.Scorer{Kind: centroids.ScorerCentroid})
	}
	if all || c.Scorer == centroids.ScorerLogistic {
		for _, v := range c.LogisticC {
			scorers = append(scorers, classify.Scorer{Kind: centroids.ScorerLogistic, C: v})
		}
	}
	if all || c.Scorer == centroids.ScorerNearest {
		for _, v := range c.Neighbours {
			scorers = append(scorers, classify.Scorer{Kind: centroids.ScorerNearest, Neighbours: v})
		}
	}
	return scorers
}
