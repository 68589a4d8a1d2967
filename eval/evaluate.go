package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
)

// Options of [Evaluate]. Replicates must be positive; Costs has a model for
// each tier.
type Options struct {
	Tiers      centroids.Tiers
	Costs      Costs
	Replicates int    // of the bootstrap; 2,000 is plenty for 95 % intervals
	Seed       uint64 // of the bootstrap

	// LeastPriced is the share of test prompts on which a classifier's own
	// cost must be known for it to have a cost at all, and its latency for it to
	// have percentiles. Prompts without it, such as calls that failed, are no
	// random part: a comparison on the others misleads if they are many. 0: one
	// prompt is enough.
	LeastPriced float64

	// Mix is the share of each tier in the traffic to be weighted for, summing
	// to 1; nil: none.
	Mix []float64
}

// confidence of all intervals.
const confidence = 0.95

// ErrNoTest is the error of a benchmark without a test prompt.
var ErrNoTest = errors.New("no labelled prompt is in the test split: label more prompts, or change the shares of the splits")

// Evaluate scores predictions on the items of the test split. It takes
// O(items × classifiers) for the point estimates and O(groups × classifiers ×
// replicates) for the intervals of costs and of confidence, on all processors;
// those of metrics depend on the kinds of groups alone ([Clusters]).
func Evaluate(ctx context.Context, items []Item, predictions []*Predictions, opt Options) (*Result, error) {
	index := splitIndex(items, datasets.Test)
	if len(index) == 0 {
		return nil, ErrNoTest
	}
	b := &bench{Options: opt, items: items, test: index}
	b.cluster, b.groups = clusterGroups(items, index)
	for i := range items {
		b.everyone = append(b.everyone, i)
	}
	b.allCluster, b.allGroups = clusterGroups(items, b.everyone)
	contenders := make([]*contender, len(predictions))
	for i, p := range predictions {
		contenders[i] = b.contender(p)
	}
	b.price(contenders)
	baselines := b.baselines()
	all := append(slices.Clone(contenders), baselines...)
	for _, c := range all {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b.score(c)
	}
	slices.SortStableFunc(contenders, b.rank)
	b.againstMajority(contenders, baselines)
	b.resampleCosts(contenders, baselines)

	mistakes, err := b.mistakes(contenders)
	if err != nil {
		return nil, err
	}
	r := &Result{
		Tiers: opt.Tiers.Names(), N: len(index), Groups: b.groups, Unpriced: b.unpriced,
		Pairs: b.pairs(contenders), Slices: b.slices(contenders),
		Sensitivity: b.sensitivity(contenders), Mistakes: mistakes, Warnings: b.warnings(contenders),
		Mixed: b.mixed(append(slices.Clone(contenders), baselines...)),
	}
	for _, c := range contenders {
		r.Classifiers = append(r.Classifiers, c.score)
	}
	for _, c := range baselines {
		r.Baselines = append(r.Baselines, c.score)
	}
	return r, nil
}

// bench is an evaluation under way.
type bench struct {
	Options
	items   []Item
	test    []int // items of the test split
	cluster []int // of each test item
	costed  []int // test items that costs are about

	costCluster []int // of each costed item
	costGroups  int
	groups      int
	unpriced    string

	// All items, for out-of-fold figures.
	everyone   []int
	allCluster []int // of each item
	allGroups  int
}

// contender is a classifier or a baseline on the test items.
type contender struct {
	name        string
	predictions *Predictions // nil for baselines
	tiers       []uint8      // decided for, by test item; nil for a mix
	mix         []float64    // random baselines: the chance of each tier
	priced      bool         // its cost of classifying is known on enough test items
	headline    []float64    // USD per 1,000 by replicate; nil where unpriced
	score       Score
}

// contender is the classifier of predictions.
func (b *bench) contender(p *Predictions) *contender {
	c := &contender{name: p.Classifier, predictions: p, tiers: make([]uint8, len(b.test))}
	for j, i := range b.test {
		c.tiers[j] = uint8(p.Final.Tier(i))
	}
	return c
}

// decision is what a classifier decides on test item j.
func (b *bench) decision(c *contender, j int) Decision { return c.predictions.Final.At(b.test[j]) }

// expected weighs f(tier) by the chance that item j of the test is sent there.
func (c *contender) expected(j int, f func(tier int) float64) float64 {
	if c.tiers != nil {
		return f(int(c.tiers[j]))
	}
	var sum float64
	for tier, p := range c.mix {
		sum += p * f(tier)
	}
	return sum
}

// classifyUSD is the cost of classifying test item j. Baselines cost nothing.
func (b *bench) classifyUSD(c *contender, j int) Quantity {
	if c.predictions == nil {
		return Quantity{0, Computed}
	}
	return c.predictions.Final.CostUSD(b.test[j])
}

// rank orders by headline cost, then accuracy, then name. Unknown costs go last.
func (b *bench) rank(x, y *contender) int {
	h := func(c *contender) float64 {
		if v := c.score.Cost.Headline.Value; v.Defined() {
			return float64(v)
		}
		return math.Inf(1)
	}
	return cmp.Or(
		cmp.Compare(h(x), h(y)),
		cmp.Compare(y.score.Accuracy.Value, x.score.Accuracy.Value),
		cmp.Compare(x.name, y.name))
}

func splitIndex(items []Item, split datasets.Split) []int {
	var index []int
	for i, it := range items {
		if it.Split == split {
			index = append(index, i)
		}
	}
	return index
}

// clusterGroups numbers the groups of the indexed items in order of appearance.
func clusterGroups(items []Item, index []int) (cluster []int, n int) {
	number := map[string]int{}
	for _, i := range index {
		g, seen := number[items[i].Group]
		if !seen {
			g = len(number)
			number[items[i].Group] = g
		}
		cluster = append(cluster, g)
	}
	return cluster, len(number)
}

// fewPrompts is the least number of test prompts of a tier about which the
// report makes no reservation.
const fewPrompts = 5

func (b *bench) warnings(contenders []*contender) []string {
	out := []string{}
	if n := len(b.costed); b.unpriced == "" && n < len(b.test) {
		out = append(out, fmt.Sprintf("all cost figures hold for the %d of %d test prompts on which every classifier's own cost is known", n, len(b.test)))
	}
	support := make([]int, b.Tiers.Len())
	for _, i := range b.test {
		support[b.items[i].Tier]++
	}
	for k, n := range support {
		if n < fewPrompts {
			out = append(out, fmt.Sprintf("test prompts of tier %s: %d, too few for a claim about it; read quadratic kappa and under-routing first", b.Tiers.Name(k), n))
		}
	}
	for _, c := range contenders {
		s := c.score
		if s.Errors > 0 {
			out = append(out, fmt.Sprintf("classifier %s gave no answer for %d of %d test prompts: they are scored as sent to the fallback tier", c.name, s.Errors, s.N))
		}
		if s.Invalid > 0 {
			out = append(out, fmt.Sprintf("classifier %s: %d of %d answers are no tier and went to the fallback tier", c.name, s.Invalid, s.N))
		}
		if b.unpriced == "" && !c.priced {
			out = append(out, fmt.Sprintf("classifier %s: what it costs to classify is known for too few of the test prompts, so it has no cost and is ranked last", c.name))
		}
		if c.predictions.FoldError != "" {
			out = append(out, fmt.Sprintf("classifier %s has no out-of-fold predictions: %s", c.name, c.predictions.FoldError))
		}
	}
	return out
}
