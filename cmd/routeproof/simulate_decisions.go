package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/internal/wording"
)

// readDecisions has the rule classifier, or recorded predictions, decide on
// tiers, where the ladder names tiers of the configuration.
func (s *simulation) readDecisions(ctx context.Context, each func(datasets.Problem)) error {
	tiers, err := policy.RungsOf(s.config.TierNames(), s.backend.Models())
	if err != nil && !s.flags.byScore {
		s.undecided = fmt.Errorf("%w: --ladder: %w: name the configuration's tiers before the models, as in %s=gpt-4o-mini", errUsage, err, s.config.TierNames()[0])
		if s.flags.predictions != "" {
			return s.undecided
		}
		s.notes = append(s.notes, "no classifier is simulated: the ladder does not name the configuration's tiers, as in "+s.config.TierNames()[0]+"=gpt-4o-mini")
		return nil
	}
	s.rungs = tiers
	decider := pipeline.RuleName
	decisions := map[string]eval.Decision{}
	if s.flags.predictions != "" {
		if decider, err = s.predicted(decisions, each); err != nil {
			return err
		}
	} else {
		rule, err := s.config.NewRule()
		if err != nil {
			return err
		}
		asked := make([]eval.Request, len(s.requests))
		for i, q := range s.requests {
			asked[i] = eval.Request{ID: q.ID, Text: q.Text}
		}
		made, err := rule.Classify(ctx, asked)
		if err != nil {
			return err
		}
		for i, d := range made {
			decisions[asked[i].ID] = d
		}
	}
	decided := 0
	for _, q := range s.requests {
		if _, ok := decisions[q.ID]; ok {
			decided++
		}
	}
	if decided < len(s.requests) {
		s.notes = append(s.notes, fmt.Sprintf("classifier %s decided on %d of %d requests: all are compared on those alone", decider, decided, len(s.requests)))
	}
	s.deciders = []simulate.NamedDecider{{Name: decider, Decide: policy.Decided(decisions)}}
	return nil
}

// predicted reads the decisions of a classifier: those on test prompts, where
// the file names splits, as it was fitted on others.
func (s *simulation) predicted(decisions map[string]eval.Decision, each func(datasets.Problem)) (string, error) {
	names := s.config.TierNames()
	found, split := map[string]bool{}, false
	var fitted []string // prompts of other splits than test
	_, err := datasets.Predictions().ScanFile(s.flags.predictions, each, func(p *datasets.Prediction) error {
		found[p.Classifier] = true
		if p.Fold.Known || p.Repeat > 0 || p.Classifier != s.flags.classifier {
			return nil
		}
		tier := slices.Index(names, p.Predicted)
		if tier < 0 {
			return fmt.Errorf("%w: %s: prompt %q is predicted to be %q: expected one of %s", errUsage, s.flags.predictions, p.ID, p.Predicted, strings.Join(names, ", "))
		}
		if split = split || p.Split != ""; p.Split != datasets.Test.String() {
			fitted = append(fitted, p.ID)
		}
		decisions[p.ID] = eval.Decision{Tier: tier, Scores: slices.Clone(p.Scores), CostUSD: computed(p.CostUSD), LatencyMS: computed(p.LatencyMS)}
		return nil
	})
	if err != nil {
		return "", err
	}
	if !found[s.flags.classifier] {
		return "", fmt.Errorf("%w: --classifier: expected one of %s, found %q", errUsage, wording.List(slices.Sorted(maps.Keys(found))), s.flags.classifier)
	}
	if s.heldOut = split; split {
		for _, id := range fitted {
			delete(decisions, id)
		}
		s.notes = append(s.notes, fmt.Sprintf("of the predictions those on %d test prompts are used: the classifier was fitted on others", len(decisions)))
	}
	return s.flags.classifier, nil
}

// computed is a figure of a file of predictions, which does not say whether it
// was measured.
func computed(v datasets.Optional[float64]) eval.Quantity {
	if !v.Known {
		return eval.Quantity{}
	}
	return eval.Quantity{Value: v.Value, Origin: eval.Computed}
}
