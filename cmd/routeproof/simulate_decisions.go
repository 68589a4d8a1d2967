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
	if s.flags.predictions == "" {
		rule, err := s.config.NewRule()
		if err != nil {
			return err
		}
		decide, err := s.decided(ctx, rule)
		s.deciders = []simulate.NamedDecider{{Name: pipeline.RuleName, Decide: decide}}
		return err
	}
	decisions := map[string]eval.Decision{}
	decider, err := s.predicted(decisions, each)
	if err != nil {
		return err
	}
	decided := 0
	for i := range s.requests.Len() {
		if _, ok := decisions[s.requests.At(i).ID]; ok {
			decided++
		}
	}
	if s.without = s.requests.Len() - decided; s.without > 0 {
		s.notes = append(s.notes, fmt.Sprintf("classifier %s decided on %d of %d requests: all are compared on those alone", decider, decided, s.requests.Len()))
	}
	s.deciders = []simulate.NamedDecider{{Name: decider, Decide: policy.Decided(func(id string) (eval.Decision, bool) {
		d, ok := decisions[id]
		return d, ok
	})}}
	return nil
}

// decidedAtOnce is how many requests the rule decides on together.
const decidedAtOnce = 1024

// decided has the rule decide on all requests. What it decides is told by tier and
// stage, of which there are few.
func (s *simulation) decided(ctx context.Context, rule eval.Classifier) (policy.Decider, error) {
	type outcome struct {
		tier  int
		stage string
	}
	number := map[outcome]uint16{}
	var distinct []eval.Decision
	of := make([]uint16, 0, s.requests.Len()) // by request
	asked := make([]eval.Request, 0, decidedAtOnce)
	for from := 0; from < s.requests.Len(); from += decidedAtOnce {
		asked = asked[:0]
		for i := from; i < min(from+decidedAtOnce, s.requests.Len()); i++ {
			request := s.requests.At(i)
			text, err := request.Text.Read()
			if err != nil {
				return nil, err
			}
			asked = append(asked, eval.Request{ID: request.ID, Text: text})
		}
		made, err := rule.Classify(ctx, asked)
		if err != nil {
			return nil, err
		}
		for _, d := range made {
			k, known := number[outcome{d.Tier, d.Stage}]
			if !known {
				k = uint16(len(distinct))
				number[outcome{d.Tier, d.Stage}] = k
				distinct = append(distinct, d)
			}
			of = append(of, k)
		}
	}
	return policy.Decided(func(id string) (d eval.Decision, ok bool) {
		i, ok := s.requests.Find(id)
		if !ok {
			return d, false
		}
		return distinct[of[i]], true
	}), nil
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
