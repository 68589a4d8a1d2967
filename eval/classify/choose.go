package classify

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// A Candidate is a way to turn a text into scores.
type Candidate struct {
	Embedder centroids.Embedder
	Scorer   Scorer
}

// Choice is what cross-validation found of the candidates.
type Choice struct {
	N          int           `json:"n"`      // examples that it was made on
	Groups     int           `json:"groups"` // of near-duplicates among them
	Folds      int           `json:"folds"`
	Candidates []CandidateCV `json:"candidates"` // in the order given, simplest first
	Chosen     int           `json:"chosen"`
	Best       int           `json:"best"`          // that with the highest quadratic kappa
	Why        string        `json:"why,omitempty"` // no choice was possible, so the first was taken
}

// CandidateCV is one candidate's figures over examples that it was not fitted on.
type CandidateCV struct {
	Embedder string      `json:"embedder"` // its kind
	Scorer   string      `json:"scorer"`
	Kappa    eval.Number `json:"quadratic_kappa"`
	SE       eval.Number `json:"quadratic_kappa_se"` // bootstrap over groups
	Accuracy eval.Number `json:"accuracy"`
	MacroF1  eval.Number `json:"macro_f1"`
	Under    eval.Number `json:"under_routing"`
}

// Chooser chooses the simplest candidate that is about as good as the best:
// cross-validation in groups gives each a quadratic kappa, and the first whose
// kappa is at most one standard error below the highest is taken (Breiman,
// Friedman, Olshen and Stone, Classification and Regression Trees, 1984, section
// 3.4.3).
type Chooser struct {
	Tiers      centroids.Tiers
	Fallback   int         // the tier of texts without a vector
	Candidates []Candidate // simplest first, at least one
	Salt       string      // groups are put into folds by a hash of salt and group
	Seed       uint64      // of the standard errors
}

// choiceReplicates is how many resamples a standard error comes from.
const choiceReplicates = 200

// choiceTolerance is that of logistic fits that are only compared.
const choiceTolerance = 1e-4

// Choose cross-validates the candidates on examples. Where these are too few for
// that, Choice.Why says so and the first is chosen. It takes candidates × folds
// fits, on all processors; the result does not depend on their number.
func (t *Chooser) Choose(ctx context.Context, examples []eval.Example) (*Choice, error) {
	choice := &Choice{N: len(examples), Folds: eval.Folds, Candidates: []CandidateCV{}}
	group := make([]int, len(examples)) // by number, in order of appearance
	number := map[string]int{}
	folds := make([]int, len(examples))
	for i, x := range examples {
		g, known := number[x.Group]
		if !known {
			g = len(number)
			number[x.Group] = g
		}
		group[i], folds[i] = g, datasets.Fold(t.Salt+"/choose", x.Group, eval.Folds)
	}
	choice.Groups = len(number)
	rows, err := t.embed(ctx, examples)
	if err != nil {
		return nil, err
	}
	predicted, err := t.validate(ctx, rows, folds)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		choice.Why = err.Error()
		return choice, nil
	}
	for i, c := range t.Candidates {
		choice.Candidates = append(choice.Candidates, t.figures(c, examples, predicted[i], group, len(number)))
	}
	choice.decide()
	return choice, nil
}

// decide applies the one-standard-error rule.
func (c *Choice) decide() {
	kappa := func(i int) float64 {
		if k := float64(c.Candidates[i].Kappa); !math.IsNaN(k) {
			return k
		}
		return math.Inf(-1) // of a kappa that is undefined
	}
	for i := range c.Candidates {
		if kappa(i) > kappa(c.Best) {
			c.Best = i
		}
	}
	for i := range c.Candidates {
		if i == c.Best || kappa(i) >= kappa(c.Best)-float64(c.Candidates[c.Best].SE) {
			c.Chosen = i
			return
		}
	}
}

// embed returns the rows of each candidate; those of one embedder share them.
func (t *Chooser) embed(ctx context.Context, examples []eval.Example) ([]*labelled, error) {
	texts, tiers := textsOf(examples)
	of := map[centroids.Identity]*labelled{}
	rows := make([]*labelled, len(t.Candidates))
	for i, c := range t.Candidates {
		id := c.Embedder.Identity()
		if of[id] == nil {
			l := &labelled{dims: id.Dims, tiers: tiers, vectors: make([]float32, len(texts)*id.Dims)}
			if err := c.Embedder.Embed(ctx, l.vectors, texts); err != nil {
				return nil, fmt.Errorf("embedding %d texts: %w", len(texts), err)
			}
			of[id] = l
		}
		rows[i] = of[id]
	}
	return rows, nil
}

func textsOf(examples []eval.Example) (texts []string, tiers []int) {
	texts, tiers = make([]string, len(examples)), make([]int, len(examples))
	for i, x := range examples {
		texts[i], tiers[i] = x.Text, x.Tier
	}
	return texts, tiers
}

// validate returns each candidate's decisions on rows outside its fits.
func (t *Chooser) validate(ctx context.Context, rows []*labelled, folds []int) ([][]int, error) {
	predicted := make([][]int, len(t.Candidates))
	for i := range predicted {
		predicted[i] = make([]int, len(folds))
	}
	type task struct{ candidate, fold int }
	tasks := make(chan task)
	errs := make([]error, len(t.Candidates)*eval.Folds)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for x := range tasks {
				errs[x.candidate*eval.Folds+x.fold] = t.validateFold(x.candidate, x.fold, rows[x.candidate], folds, predicted[x.candidate])
			}
		})
	}
	for c := range t.Candidates {
		for fold := range eval.Folds {
			if ctx.Err() == nil {
				tasks <- task{c, fold}
			}
		}
	}
	close(tasks)
	wg.Wait()
	for _, err := range errs { // the first says enough
		if err != nil {
			return nil, err
		}
	}
	return predicted, ctx.Err()
}

// validateFold fits a candidate outside a fold and writes its decisions within it.
// A tier that has nothing outside, as rare ones have, is never decided for.
func (t *Chooser) validateFold(candidate, fold int, rows *labelled, folds, predicted []int) error {
	within := func(i int) bool { return folds[i] == fold }
	outside := rows.subset(func(i int) bool { return !within(i) && !isZero(rows.row(i)) })
	known, err := t.known(outside)
	if err != nil {
		return fmt.Errorf("fold %d of %d: %w", fold+1, eval.Folds, err)
	}
	vectors, err := outside.centroids(known.tiers)
	if err != nil {
		return fmt.Errorf("fold %d of %d: %w", fold+1, eval.Folds, err)
	}
	head, err := t.Candidates[candidate].Scorer.head(outside, known.tiers, choiceTolerance)
	if err != nil {
		return fmt.Errorf("fold %d of %d: %w", fold+1, eval.Folds, err)
	}
	for i := range folds {
		if !within(i) {
			continue
		}
		predicted[i] = t.Fallback
		if v := rows.row(i); !isZero(v) {
			scores, _ := centroids.Score(vectors, head, v)
			predicted[i] = known.of[centroids.Highest(scores)]
		}
	}
	return nil
}

// knownTiers are those that rows have, and which of all tiers each is.
type knownTiers struct {
	tiers centroids.Tiers
	of    []int
}

// known returns the tiers of rows, and numbers the rows by them.
func (t *Chooser) known(rows *labelled) (k knownTiers, err error) {
	number := make([]int, t.Tiers.Len())
	var names []string
	for tier := range number {
		if number[tier] = len(names); slices.Contains(rows.tiers, tier) {
			names, k.of = append(names, t.Tiers.Name(tier)), append(k.of, tier)
		}
	}
	if len(names) < centroids.MinTiers {
		return k, fmt.Errorf("expected prompts of at least %d tiers with a vector outside of it, found those of %q", centroids.MinTiers, names)
	}
	for i, tier := range rows.tiers {
		rows.tiers[i] = number[tier]
	}
	k.tiers, err = centroids.NewTiers(names...)
	return k, err
}

func (t *Chooser) figures(c Candidate, examples []eval.Example, predicted, group []int, groups int) CandidateCV {
	cm := eval.NewConfusion(t.Tiers.Len())
	for i, x := range examples {
		cm[x.Tier][predicted[i]]++
	}
	var kappas []float64
	drawn := eval.NewConfusion(t.Tiers.Len())
	stats.Resample(groups, choiceReplicates, t.Seed, func(_ int, weights []float64) {
		for k := range drawn {
			clear(drawn[k])
		}
		for i, x := range examples {
			drawn[x.Tier][predicted[i]] += weights[group[i]]
		}
		kappas = append(kappas, drawn.QuadraticKappa())
	})
	return CandidateCV{
		Embedder: c.Embedder.Identity().Kind, Scorer: c.Scorer.String(),
		Kappa: eval.Number(cm.QuadraticKappa()), SE: eval.Number(deviation(kappas)),
		Accuracy: eval.Number(cm.Accuracy()), MacroF1: eval.Number(cm.MacroF1()), Under: eval.Number(cm.UnderRouting()),
	}
}

// deviation is the standard deviation of replicates.
func deviation(values []float64) float64 {
	mean := 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	square := 0.0
	for _, v := range values {
		square += (v - mean) * (v - mean)
	}
	return math.Sqrt(square / float64(len(values)-1))
}
