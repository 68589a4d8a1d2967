package pipeline

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/calibrate"
)

// Nested is what the whole procedure gives, choices and tuning included: each
// labelled prompt is decided by classifiers that were fitted, chosen and tuned
// without its fold.
type Nested struct {
	Folds  int           `json:"folds"`
	N      int           `json:"n"`
	Groups int           `json:"groups"`
	Scores []NestedScore `json:"classifiers"` // in the order of the benchmark's
	Rounds []NestedRound `json:"rounds"`      // what was chosen and tuned without each fold
}

// NestedScore is one classifier's figures. Optimism is a figure on the prompts of
// train and tune that a round's classifier came about by, all rounds together,
// less the figure of the held-out decisions on the very same prompts; of the
// headline the other way round, so that above 0 is always flattery. It is 0 of a
// classifier that has nothing to fit.
type NestedScore struct {
	Classifier string        `json:"classifier"`
	Accuracy   eval.Estimate `json:"accuracy"`
	Kappa      eval.Estimate `json:"quadratic_kappa"`
	Headline   eval.Estimate `json:"headline"` // USD per 1,000 requests

	AccuracyOptimism eval.Number `json:"accuracy_optimism"`
	KappaOptimism    eval.Number `json:"quadratic_kappa_optimism"`
	HeadlineOptimism eval.Number `json:"headline_optimism"`
}

// NestedRound is what the procedure came to without a fold.
type NestedRound struct {
	Embedder    string               `json:"embedder"` // kind
	Scorer      string               `json:"scorer"`
	Temperature eval.Number          `json:"inverse_temperature"` // of the embedding; NaN where there is none
	Margin      *calibrate.Threshold `json:"hybrid_margin"`       // of the three-stage hybrid; nil where it was not run
}

// nest repeats fitting, choosing and tuning without each fold. The prompts outside
// go into train, tune and calibrate anew, by their shares; so train has about the
// size that it has in the run itself.
func (j *job) nest(ctx context.Context) error {
	if j.in.Artifact != nil {
		return configErrorf("nested evaluation repeats how an artifact comes about: it cannot be done with one that is given")
	}
	e, err := j.embedder()
	if err != nil {
		return err
	}
	n := &Nested{Folds: eval.Folds, N: len(j.Items)}
	held := make([]*eval.Predictions, len(j.Predictions))
	for i, p := range j.Predictions {
		held[i] = &eval.Predictions{Classifier: p.Classifier, Final: eval.NewDecisions(len(j.Items))}
	}
	var seen inSample
	for fold := range eval.Folds {
		round, err := j.round(ctx, fold, func(in *Input) { in.Embedder = e })
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			j.Warnings = append(j.Warnings, fmt.Sprintf("no nested evaluation: without fold %d of %d, %v", fold+1, eval.Folds, err))
			return nil
		}
		for i, it := range j.Items {
			if it.Fold != fold {
				continue
			}
			for k, p := range round.Predictions {
				held[k].Final.Set(i, new(p.Final.At(i)))
			}
		}
		seen.add(round)
		n.Rounds = append(n.Rounds, roundOf(round))
	}
	items := allTest(j.Items)
	out, err := j.score(ctx, items, held)
	if err != nil {
		return err
	}
	in, err := j.score(ctx, seen.items, seen.predictions)
	if err != nil {
		return err
	}
	same, err := j.score(ctx, seen.items, seen.without(held))
	if err != nil {
		return err
	}
	n.Groups = out.Groups
	for _, s := range j.Result.Classifiers {
		n.Scores = append(n.Scores, nestedScore(scoreOf(out, s.Name), scoreOf(in, s.Name), scoreOf(same, s.Name)))
	}
	j.Nested = n
	return nil
}

// round is the procedure without a fold, which stands in test.
func (j *job) round(ctx context.Context, fold int, change func(*Input)) (*job, error) {
	r := &job{in: j.in, counter: j.counter, fallback: j.fallback}
	change(&r.in)
	r.Config, r.Tiers, r.Costs = j.Config, j.Tiers, j.Costs
	shares := j.Config.Shares()
	rest := 1 - shares[datasets.Test]
	shares[datasets.Test] = 0
	for s := range shares {
		shares[s] /= rest
	}
	r.Items = slices.Clone(j.Items)
	for i, it := range r.Items {
		r.Items[i].Split = datasets.Test
		if it.Fold != fold {
			r.Items[i].Split = shares.At(datasets.Uniform(j.Config.Splits.Salt+"/nested", it.Group))
		}
	}
	for _, step := range []func(context.Context) error{r.rule, r.embedding, r.llm, r.hybrids} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// inSample gathers decisions on the prompts that rounds were made from.
type inSample struct {
	items       []eval.Item
	index       []int // of each among the run's
	predictions []*eval.Predictions
}

// without returns the held-out decisions on the same prompts.
func (s *inSample) without(held []*eval.Predictions) []*eval.Predictions {
	out := make([]*eval.Predictions, len(held))
	for k, p := range held {
		out[k] = &eval.Predictions{Classifier: p.Classifier, Final: p.Final.Some(s.index)}
	}
	return out
}

func (s *inSample) add(round *job) {
	if s.predictions == nil {
		for _, p := range round.Predictions {
			s.predictions = append(s.predictions, &eval.Predictions{Classifier: p.Classifier})
		}
	}
	before := len(s.index)
	for i, it := range round.Items {
		if it.Split != datasets.Train && it.Split != datasets.Tune {
			continue
		}
		it.Split = datasets.Test
		s.items, s.index = append(s.items, it), append(s.index, i)
	}
	for k, p := range round.Predictions {
		s.predictions[k].Final = s.predictions[k].Final.With(p.Final.Some(s.index[before:]))
	}
}

func allTest(items []eval.Item) []eval.Item {
	items = slices.Clone(items)
	for i := range items {
		items[i].Split = datasets.Test
	}
	return items
}

func (j *job) score(ctx context.Context, items []eval.Item, predictions []*eval.Predictions) (*eval.Result, error) {
	return eval.Evaluate(ctx, items, predictions, eval.Options{
		Tiers: j.Tiers, Costs: j.Costs, Replicates: j.Config.Bootstrap.Replicates, Seed: j.Config.Bootstrap.Seed, LeastPriced: leastPriced,
	})
}

func scoreOf(r *eval.Result, name string) eval.Score {
	return r.Classifiers[slices.IndexFunc(r.Classifiers, func(s eval.Score) bool { return s.Name == name })]
}

func nestedScore(held, seen, same eval.Score) NestedScore {
	return NestedScore{
		Classifier: held.Name, Accuracy: held.Accuracy, Kappa: held.QuadraticKappa, Headline: held.Cost.Headline,
		AccuracyOptimism: seen.Accuracy.Value - same.Accuracy.Value,
		KappaOptimism:    seen.QuadraticKappa.Value - same.QuadraticKappa.Value,
		HeadlineOptimism: same.Cost.Headline.Value - seen.Cost.Headline.Value,
	}
}

func roundOf(r *job) NestedRound {
	m := r.Artifact.Manifest()
	round := NestedRound{Embedder: m.Embedder.Kind, Scorer: r.scorer.String(), Temperature: eval.Number(math.NaN())}
	if m.InverseTemperature != nil {
		round.Temperature = eval.Number(*m.InverseTemperature)
	}
	if r.Hybrid != nil {
		round.Margin = &r.Hybrid.Margin
	}
	return round
}
