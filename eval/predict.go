package eval

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/routeproof/routeproof/datasets"
)

// Folds is the number of folds of the out-of-fold predictions.
const Folds = 5

// An Item is a labelled prompt of the benchmark.
type Item struct {
	ID          string
	Text        datasets.Text
	Tier        int // from 0 to 255
	AltTier     int // a second defensible tier, or -1
	Domain      string
	Group       string // items of a group share split and fold
	Split       datasets.Split
	ChoiceFold  uint8 // from 0 to Folds-1, in which candidates are chosen among, see [Example]
	GroupNumber int32 // equal where Group is
	Fold        int   // from 0 to Folds-1
	InputTokens int
	Runes       int
}

// Predictions are a classifier's decisions on all items.
type Predictions struct {
	Classifier string
	Final      *Decisions // by the classifier fitted on train and tune
	// OutOfFold are decisions by classifiers that were fitted without the
	// item's fold; nil where a fold could not be fitted, for the reason in
	// FoldError. A classifier without anything to fit has those of Final.
	OutOfFold *Decisions
	FoldError string
	// ByFold are the classifiers that were fitted without each fold; nil where
	// nothing was fitted, or could not be.
	ByFold []Classifier
	// Elapsed is how long Final took. It varies from run to run.
	Elapsed time.Duration
}

// Predict trains a classifier on the items of the train and tune splits and
// asks it about all items, then does the same without each fold. It returns
// the classifier fitted for good.
func Predict(ctx context.Context, trainer Trainer, items []Item) (Classifier, *Predictions, error) {
	final, err := Train(ctx, trainer, items)
	if err != nil {
		return nil, nil, err
	}
	p := &Predictions{Classifier: trainer.Name(), Final: NewDecisions(len(items))}
	begin := time.Now()
	if err := Ask(ctx, final, items, p.Final.Set); err != nil {
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
	p.OutOfFold, p.ByFold, err = outOfFold(ctx, trainer, items)
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	if err != nil {
		p.OutOfFold, p.ByFold, p.FoldError = nil, nil, err.Error()
	}
	return final, p, nil
}

// Train trains a classifier for good: on the items of the train and tune splits.
func Train(ctx context.Context, trainer Trainer, items []Item) (Classifier, error) {
	return TrainOn(ctx, trainer, Examples(items, datasets.Train), Examples(items, datasets.Tune))
}

// TrainOn is [Train] on examples of these splits.
func TrainOn(ctx context.Context, trainer Trainer, fit, tune []Example) (Classifier, error) {
	c, err := trainer.Train(ctx, fit, tune)
	if err != nil {
		return nil, fmt.Errorf("classifier %s: %w", trainer.Name(), err)
	}
	return c, nil
}

// askedAtOnce is how many items a classifier is asked about together.
const askedAtOnce = 4096

// Ask asks a classifier about items and visits its decisions, in their order. It
// keeps none, nor a text, so that its memory does not grow with their number.
func Ask(ctx context.Context, c Classifier, items []Item, visit func(i int, d *Decision)) error {
	return ask(ctx, c, len(items), func(k int) (string, datasets.Text) { return items[k].ID, items[k].Text }, visit)
}

// AskExamples is [Ask] about examples, which a classifier sees without an id.
func AskExamples(ctx context.Context, c Classifier, examples []Example, visit func(i int, d *Decision)) error {
	return ask(ctx, c, len(examples), func(k int) (string, datasets.Text) { return "", examples[k].Text }, visit)
}

func everyIndex(items []Item) []int {
	index := make([]int, len(items))
	for i := range index {
		index[i] = i
	}
	return index
}

// askAbout asks about the items at index.
func askAbout(ctx context.Context, c Classifier, items []Item, index []int, visit func(i int, d *Decision)) error {
	return ask(ctx, c, len(index), func(k int) (string, datasets.Text) { return items[index[k]].ID, items[index[k]].Text },
		func(k int, d *Decision) { visit(index[k], d) })
}

// ask asks about n requests, some at a time.
func ask(ctx context.Context, c Classifier, n int, request func(k int) (id string, text datasets.Text), visit func(k int, d *Decision)) error {
	requests, texts := make([]Request, 0, min(n, askedAtOnce)), make([]datasets.Text, 0, min(n, askedAtOnce))
	for first := 0; first < n; first += askedAtOnce {
		requests, texts = requests[:0], texts[:0]
		for k := first; k < min(n, first+askedAtOnce); k++ {
			id, text := request(k)
			requests, texts = append(requests, Request{ID: id}), append(texts, text)
		}
		read, err := datasets.ReadTexts(texts)
		if err != nil {
			return err
		}
		for k := range requests {
			requests[k].Text = read[k]
		}
		decisions, err := classify(ctx, c, requests)
		if err != nil {
			return err
		}
		for k := range decisions {
			visit(first+k, &decisions[k])
		}
	}
	return nil
}

// outOfFold fits on all splits but tune outside a fold, chooses on tune
// outside it, and decides within it.
func outOfFold(ctx context.Context, trainer Trainer, items []Item) (*Decisions, []Classifier, error) {
	out, byFold := NewDecisions(len(items)), make([]Classifier, Folds)
	for fold := range Folds {
		outside := func(it *Item) bool { return it.Fold != fold }
		var fit []Example
		for _, s := range datasets.Splits() {
			if s != datasets.Tune {
				fit = append(fit, examples(items, s, outside)...)
			}
		}
		c, err := trainer.Train(ctx, fit, examples(items, datasets.Tune, outside))
		if err != nil {
			return nil, nil, fmt.Errorf("fold %d of %d: %w", fold+1, Folds, err)
		}
		byFold[fold] = c
		if err := askAbout(ctx, c, items, inFold(items, fold), out.Set); err != nil {
			return nil, nil, fmt.Errorf("fold %d of %d: %w", fold+1, Folds, err)
		}
	}
	return out, byFold, nil
}

// inFold returns the indices of the items of a fold.
func inFold(items []Item, fold int) (index []int) {
	for i := range items {
		if items[i].Fold == fold {
			index = append(index, i)
		}
	}
	return index
}

// WithoutFold returns the decisions on the items at index of the classifier that
// was fitted without the fold, which knows nothing of the fold's items, or those
// of Final where there was nothing to fit. There must be out-of-fold decisions.
func (p *Predictions) WithoutFold(ctx context.Context, fold int, items []Item, index []int) (*Decisions, error) {
	if p.ByFold == nil {
		return p.OutOfFold.Some(index), nil
	}
	out := NewDecisions(len(index))
	err := ask(ctx, p.ByFold[fold], len(index), func(j int) (string, datasets.Text) { return items[index[j]].ID, items[index[j]].Text }, out.Set)
	return out, err
}

// Final is what stands for a fold where a classifier is fitted for good.
const Final = -1

// Derive returns the predictions of a classifier that is built from the
// recorded predictions of others, such as a hybrid: for good, with [Final] for
// its fold, and for each fold from their decisions within it. It is built anew for
// every few thousand items, and asked about them by their ids alone.
func Derive(ctx context.Context, items []Item, parts []*Predictions, build func(fold int, parts []Classifier) Classifier) (*Predictions, error) {
	p := &Predictions{}
	ask := func(fold int, index []int, decisions func(*Predictions) *Decisions, to *Decisions) error {
		for these := range slices.Chunk(index, askedAtOnce) {
			requests := make([]Request, len(these))
			for j, i := range these {
				requests[j].ID = items[i].ID
			}
			replays := make([]Classifier, len(parts))
			for k, part := range parts {
				all, own := decisions(part), make([]Decision, len(these))
				for j, i := range these {
					own[j] = all.At(i)
				}
				replays[k] = NewReplay(part.Classifier, requests, own)
			}
			c := build(fold, replays)
			p.Classifier = c.Name()
			made, err := classify(ctx, c, requests)
			if err != nil {
				return err
			}
			for j, i := range these {
				to.Set(i, &made[j])
			}
		}
		return nil
	}
	p.Final = NewDecisions(len(items))
	if err := ask(Final, everyIndex(items), func(p *Predictions) *Decisions { return p.Final }, p.Final); err != nil {
		return nil, err
	}
	for _, part := range parts {
		if part.OutOfFold == nil {
			p.FoldError = part.Classifier + ": " + part.FoldError
			return p, nil
		}
	}
	p.OutOfFold = NewDecisions(len(items))
	for fold := range Folds {
		if err := ask(fold, inFold(items, fold), func(p *Predictions) *Decisions { return p.OutOfFold }, p.OutOfFold); err != nil {
			return nil, err
		}
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

func examples(items []Item, split datasets.Split, keep func(*Item) bool) []Example {
	n := 0
	for i := range items {
		if items[i].Split == split && keep(&items[i]) {
			n++
		}
	}
	out := make([]Example, 0, n)
	for i := range items {
		if it := &items[i]; it.Split == split && keep(it) {
			out = append(out, Example{it.Text, it.GroupNumber, uint8(it.Tier), it.ChoiceFold})
		}
	}
	return out
}

// Examples returns the items of some splits, split by split.
func Examples(items []Item, splits ...datasets.Split) []Example {
	parts := make([][]Example, len(splits))
	for k, split := range splits {
		parts[k] = examples(items, split, func(*Item) bool { return true })
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return slices.Concat(parts...)
}
