package eval

import (
	"context"
	"fmt"
	"time"

	"github.com/routeproof/routeproof/datasets"
)

// Folds is the number of folds of the out-of-fold predictions.
const Folds = 5

// An Item is a labelled prompt of the benchmark.
type Item struct {
	Request
	Tier        int
	AltTier     int // a second defensible tier, or -1
	Domain      string
	Group       string // items of a group share split and fold
	Split       datasets.Split
	Fold        int // from 0 to Folds-1
	InputTokens int
	Runes       int
}

// Predictions are a classifier's decisions on all items.
type Predictions struct {
	Classifier string
	Final      []Decision // by the classifier fitted on train and tune
	// OutOfFold are decisions by classifiers that were fitted without the
	// item's fold; nil where a fold could not be fitted, for the reason in
	// FoldError. A classifier without anything to fit has those of Final.
	OutOfFold []Decision
	FoldError string
	// Elapsed is how long Final took. It varies from run to run.
	Elapsed time.Duration
}

// Predict trains a classifier on the items of the train and tune splits and
// asks it about all items, then does the same without each fold. It returns
// the classifier fitted for good.
func Predict(ctx context.Context, trainer Trainer, items []Item) (Classifier, *Predictions, error) {
	requests := Requests(items)
	fit, tune := Examples(items, datasets.Train), Examples(items, datasets.Tune)
	final, err := trainer.Train(ctx, fit, tune)
	if err != nil {
		return nil, nil, fmt.Errorf("classifier %s: %w", trainer.Name(), err)
	}
	p := &Predictions{Classifier: trainer.Name()}
	begin := time.Now()
	if p.Final, err = classify(ctx, final, requests); err != nil {
		return nil, nil, err
	}
	p.Elapsed = time.Since(begin)
	switch trainer.(type) {
	case Fixed:
		p.OutOfFold = p.Final
		return final, p, nil
	case Fitted:
		p.FoldError = "it was fitted before"
		return final, p, nil
	}
	p.OutOfFold, err = outOfFold(ctx, trainer, items)
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	if err != nil {
		p.OutOfFold, p.FoldError = nil, err.Error()
	}
	return final, p, nil
}

// outOfFold fits on all splits but tune outside a fold, chooses on tune
// outside it, and decides within it.
func outOfFold(ctx context.Context, trainer Trainer, items []Item) ([]Decision, error) {
	out := make([]Decision, len(items))
	for fold := range Folds {
		outside := func(it Item) bool { return it.Fold != fold }
		var fit []Example
		for _, s := range datasets.Splits() {
			if s != datasets.Tune {
				fit = append(fit, examples(items, s, outside)...)
			}
		}
		c, err := trainer.Train(ctx, fit, examples(items, datasets.Tune, outside))
		if err != nil {
			return nil, fmt.Errorf("fold %d of %d: %w", fold+1, Folds, err)
		}
		var index []int
		var requests []Request
		for i, it := range items {
			if it.Fold == fold {
				index = append(index, i)
				requests = append(requests, it.Request)
			}
		}
		decisions, err := classify(ctx, c, requests)
		if err != nil {
			return nil, fmt.Errorf("fold %d of %d: %w", fold+1, Folds, err)
		}
		for j, i := range index {
			out[i] = decisions[j]
		}
	}
	return out, nil
}

// Derive returns the predictions of a classifier that is built from the
// recorded predictions of others, such as a hybrid.
func Derive(ctx context.Context, items []Item, parts []*Predictions, build func(parts []Classifier) Classifier) (*Predictions, error) {
	requests := Requests(items)
	ask := func(decisions func(*Predictions) []Decision) (string, []Decision, error) {
		replays := make([]Classifier, len(parts))
		for i, p := range parts {
			replays[i] = NewReplay(p.Classifier, requests, decisions(p))
		}
		c := build(replays)
		out, err := classify(ctx, c, requests)
		return c.Name(), out, err
	}
	p := &Predictions{}
	var err error
	if p.Classifier, p.Final, err = ask(func(p *Predictions) []Decision { return p.Final }); err != nil {
		return nil, err
	}
	for _, part := range parts {
		if part.OutOfFold == nil {
			p.FoldError = part.Classifier + ": " + part.FoldError
			return p, nil
		}
	}
	if _, p.OutOfFold, err = ask(func(p *Predictions) []Decision { return p.OutOfFold }); err != nil {
		return nil, err
	}
	return p, nil
}

func classify(ctx context.Context, c Classifier, requests []Request) ([]Decision, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	out, err := c.Classify(ctx, requests)
	if err != nil {
		return nil, fmt.Errorf("classifier %s: %w", c.Name(), err)
	}
	if len(out) != len(requests) {
		return nil, fmt.Errorf("classifier %s: expected %d decisions, found %d", c.Name(), len(requests), len(out))
	}
	return out, nil
}

// Requests returns what classifiers see of the items.
func Requests(items []Item) []Request {
	requests := make([]Request, len(items))
	for i, it := range items {
		requests[i] = it.Request
	}
	return requests
}

func examples(items []Item, split datasets.Split, keep func(Item) bool) []Example {
	var out []Example
	for _, it := range items {
		if it.Split == split && keep(it) {
			out = append(out, Example{it.Request, it.Tier, it.Group})
		}
	}
	return out
}

// Examples returns the items of some splits, split by split.
func Examples(items []Item, splits ...datasets.Split) []Example {
	var out []Example
	for _, split := range splits {
		out = append(out, examples(items, split, func(Item) bool { return true })...)
	}
	return out
}
