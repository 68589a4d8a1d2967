package classify

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
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
	Why        string        `json:"why,omitempty"` // no candidate could be validated, so the first was taken
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
	Why      string      `json:"why,omitempty"` // it could not be fitted, so it is out; its figures are NaN then
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
	Seed       uint64      // of the standard errors
}

// choiceReplicates is how many resamples a standard error comes from.
const choiceReplicates = 2000

// choiceTolerance is that of logistic fits that are only compared.
const choiceTolerance = 1e-4

// Choose cross-validates the candidates on examples. One that cannot be fitted, as
// on too few examples, is out; if that holds for all of them, Choice.Why says so
// and the first is chosen. It takes candidates × folds
// fits, on all processors; the result does not depend on their number.
func (t *Chooser) Choose(ctx context.Context, examples []eval.Example) (*Choice, error) {
	choice := &Choice{N: len(examples), Folds: eval.Folds, Candidates: []CandidateCV{}}
	group := make([]int32, len(examples))
	groups := 0
	for i, x := range examples {
		group[i], groups = x.Group, max(groups, int(x.Group)+1)
	}
	choice.Groups = different(group, groups)
	rows, err := t.embed(ctx, examples)
	if err != nil {
		return nil, err
	}
	predicted, failed, err := t.validate(ctx, examples, rows)
	if err != nil {
		return nil, err
	}
	for i, c := range t.Candidates {
		choice.Candidates = append(choice.Candidates, t.figures(c, examples, predicted[i], group, groups, failed[i]))
	}
	choice.decide()
	return choice, nil
}

// different counts the numbers, which are below a bound.
func different(numbers []int32, below int) (n int) {
	seen := make([]bool, below)
	for _, g := range numbers {
		if !seen[g] {
			seen[g] = true
			n++
		}
	}
	return n
}

// decide applies the one-standard-error rule. Where the standard error of the best
// is undefined, as with a handful of examples, nothing says that the plainest is
// worse.
func (c *Choice) decide() {
	kappa := func(i int) float64 {
		if k := float64(c.Candidates[i].Kappa); !math.IsNaN(k) {
			return k
		}
		return math.Inf(-1) // of a kappa that is undefined
	}
	fitted := func(i int) bool { return c.Candidates[i].Why == "" }
	first := slices.IndexFunc(c.Candidates, func(x CandidateCV) bool { return x.Why == "" })
	if first < 0 {
		c.Why = c.Candidates[0].Why
		return
	}
	c.Best = first
	for i := range c.Candidates {
		if fitted(i) && kappa(i) > kappa(c.Best) {
			c.Best = i
		}
	}
	within := float64(c.Candidates[c.Best].SE)
	if math.IsNaN(within) {
		within = math.Inf(1)
	}
	c.Chosen = c.Best
	for i := range c.Best {
		if fitted(i) && kappa(i) >= kappa(c.Best)-within {
			c.Chosen = i
			return
		}
	}
}

// embed returns the rows of each candidate that is not by centroids; those of one
// embedder share them.
func (t *Chooser) embed(ctx context.Context, examples []eval.Example) ([]*labelled, error) {
	of := map[centroids.Identity]*labelled{}
	rows := make([]*labelled, len(t.Candidates))
	for i, c := range t.Candidates {
		if c.Scorer.byCentroids() {
			continue
		}
		id := c.Embedder.Identity()
		if of[id] == nil {
			l, err := embedAll(ctx, c.Embedder, examples)
			if err != nil {
				return nil, err
			}
			of[id] = l
		}
		rows[i] = of[id]
	}
	return rows, nil
}

// textsOf reads the texts of examples.
func textsOf(examples []eval.Example) (texts []string, tiers []int, err error) {
	kept := make([]datasets.Text, len(examples))
	tiers = make([]int, len(examples))
	for i, x := range examples {
		kept[i], tiers[i] = x.Text, int(x.Tier)
	}
	texts, err = datasets.ReadTexts(kept)
	return texts, tiers, err
}

// validate returns each candidate's decisions on rows outside its fits, and why
// it could not be fitted.
func (t *Chooser) validate(ctx context.Context, examples []eval.Example, rows []*labelled) (predicted [][]uint8, failed []error, err error) {
	predicted, failed = make([][]uint8, len(t.Candidates)), make([]error, len(t.Candidates))
	var fitted []int // candidates with something to fit
	for i, c := range t.Candidates {
		if !c.Scorer.byCentroids() {
			fitted, predicted[i] = append(fitted, i), make([]uint8, len(examples))
			continue
		}
		if predicted[i], failed[i], err = t.validateCentroids(ctx, c.Embedder, examples); err != nil {
			return nil, nil, err
		}
	}
	errs := make([]error, len(fitted)*eval.Folds)
	share(len(errs), func(n int) {
		if c, fold := fitted[n/eval.Folds], n%eval.Folds; ctx.Err() == nil {
			errs[n] = t.validateFold(ctx, c, fold, rows[c], examples, predicted[c])
		}
	})
	for n, err := range errs {
		if c := fitted[n/eval.Folds]; err != nil && failed[c] == nil { // the first says enough
			failed[c] = err
		}
	}
	return predicted, failed, ctx.Err()
}

// validateFold fits a candidate outside a fold and writes its decisions within it.
// A tier that has nothing outside, as rare ones have, is never decided for.
func (t *Chooser) validateFold(ctx context.Context, candidate, fold int, rows *labelled, examples []eval.Example, predicted []uint8) error {
	within := func(i int) bool { return int(examples[i].Fold) == fold }
	outside := rows.subset(func(i int) bool { return !within(i) && !isZero(rows.row(i)) })
	known, err := t.known(outside)
	if err != nil {
		return fmt.Errorf("fold %d of %d: %w", fold+1, eval.Folds, err)
	}
	vectors, err := outside.centroids(known.tiers)
	if err != nil {
		return fmt.Errorf("fold %d of %d: %w", fold+1, eval.Folds, err)
	}
	head, err := t.Candidates[candidate].Scorer.head(ctx, outside, known.tiers, choiceTolerance)
	if err != nil {
		return fmt.Errorf("fold %d of %d: %w", fold+1, eval.Folds, err)
	}
	for i := range examples {
		if !within(i) {
			continue
		}
		predicted[i] = uint8(t.Fallback)
		if v := rows.row(i); !isZero(v) {
			scores, _ := centroids.Score(vectors, head, v)
			predicted[i] = uint8(known.of[centroids.Highest(scores)])
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
	if err := enough(names); err != nil {
		return k, err
	}
	for i, tier := range rows.tiers {
		rows.tiers[i] = number[tier]
	}
	k.tiers, err = centroids.NewTiers(names...)
	return k, err
}

// enough is an error where a fold's outside has too few tiers.
func enough(tiers []string) error {
	if len(tiers) < centroids.MinTiers {
		return fmt.Errorf("expected prompts of at least %d tiers with a vector outside of it, found those of %q", centroids.MinTiers, tiers)
	}
	return nil
}

func (t *Chooser) figures(c Candidate, examples []eval.Example, predicted []uint8, group []int32, groups int, failed error) CandidateCV {
	if failed != nil {
		nan := eval.Number(math.NaN())
		return CandidateCV{Embedder: c.Embedder.Identity().Kind, Scorer: c.Scorer.String(), Kappa: nan, SE: nan, Accuracy: nan, MacroF1: nan, Under: nan, Why: failed.Error()}
	}
	cm, truth := eval.NewConfusion(t.Tiers.Len()), make([]uint8, len(examples))
	for i, x := range examples {
		cm[x.Tier][predicted[i]]++
		truth[i] = x.Tier
	}
	var kappas []float64
	clusters := eval.NewClusters(t.Tiers.Len(), truth, predicted, group, groups)
	clusters.Resample(choiceReplicates, t.Seed, func(drawn eval.Confusion) {
		if k := drawn.QuadraticKappa(); !math.IsNaN(k) { // all drawn of one tier, and decided for it
			kappas = append(kappas, k)
		}
	})
	return CandidateCV{
		Embedder: c.Embedder.Identity().Kind, Scorer: c.Scorer.String(),
		Kappa: eval.Number(cm.QuadraticKappa()), SE: eval.Number(deviation(kappas)),
		Accuracy: eval.Number(cm.Accuracy()), MacroF1: eval.Number(cm.MacroF1()), Under: eval.Number(cm.UnderRouting()),
	}
}

// deviation is the standard deviation of replicates; NaN of fewer than two.
func deviation(values []float64) float64 {
	mean := 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	square := 0.0
	for _, v := range values {
		square += (v - mean) * (v - mean)
	}
	if len(values) < 2 {
		return math.NaN()
	}
	return math.Sqrt(square / float64(len(values)-1))
}
