package pipeline

import (
	"context"
	"fmt"
	"strings"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/internal/wording"
)

// Policies serve test prompts without a tier too, as a router does. Where labels are
// derived from outcomes these are the prompts that no tier's model gets right: without
// them every model looks better than it is.

// takeUnlabelled keeps a prompt without a tier, if policies may serve it.
func (j *job) takeUnlabelled(i int, p *datasets.Prompt, prompts *datasets.PromptSet, assigned *datasets.Assignment) {
	if j.in.Outcomes == nil || assigned.Splits[i] != datasets.Test {
		return
	}
	j.unlabelled = append(j.unlabelled, eval.Item{
		ID: strings.Clone(p.ID), Text: prompts.Text(i), Tier: -1, AltTier: -1, Domain: p.Domain,
		Group: assigned.Groups.Key(i), GroupNumber: assigned.Groups.Near[i], Split: datasets.Test,
	})
}

// unasked says what keeps classifiers from deciding on prompts without a tier; empty:
// nothing.
func (j *job) unasked() string {
	if j.in.LiveLLM != nil {
		return "a model would have to be asked about them, which costs more than was agreed to"
	}
	e, err := j.embedder()
	if err != nil {
		return err.Error()
	}
	if _, recorded := e.(centroids.Lookup); recorded {
		return "only labelled prompts are joined with their vectors"
	}
	if e.Identity().Kind == remote.Kind {
		return "they would have to be embedded, which costs more than was agreed to"
	}
	return ""
}

// dropUnlabelled leaves out prompts without a tier that classifiers cannot decide on,
// of those with outcomes, and says so.
func (j *job) dropUnlabelled(asked func(id string) bool) {
	why := j.unasked()
	if why == "" {
		return
	}
	n := 0
	for _, it := range j.unlabelled {
		if asked(it.ID) {
			n++
		}
	}
	j.unlabelled = nil
	if n > 0 {
		j.unused = append(j.unused, fmt.Sprintf("%s without a tier, though with outcomes, are not served, so that all qualities are of the others alone: %s", wording.Plural(n, "test prompt"), why))
	}
}

// decideUnlabelled returns what a classifier decides on the prompts without a tier.
func (j *job) decideUnlabelled(ctx context.Context, name string) (*eval.Decisions, error) {
	out := eval.NewDecisions(len(j.unlabelled))
	err := eval.Ask(ctx, j.classifiers[name], j.unlabelled, out.Set)
	return out, err
}
