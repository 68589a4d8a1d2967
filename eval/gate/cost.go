package gate

import (
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
	"github.com/routeproof/routeproof/internal/wording"
)

// Costs are what either side's requests are priced with.
type Costs struct{ Baseline, Candidate eval.Costs }

// Cost is the headline cost of a classifier, in USD per 1,000 requests, and what
// of its change is due to what. With C(p, t, d) the cost of serving the prompts
// at prices p, with tokens t (of prompts, system prompts and expected answers)
// and decisions d, under-routed requests paid again, and subscripts 0 for the
// baseline and 1 for the candidate:
//
//	Price    = C(p₁, t₀, d₀) − C(p₀, t₀, d₀)
//	Tokens   = C(p₁, t₁, d₀) − C(p₁, t₀, d₀)
//	TierMix  = C(p₁, t₁, d₁) − C(p₁, t₁, d₀)
//	Classify = the candidate's own cost of classifying − the baseline's
//
// Change is their sum. Price comes first, so that Tokens and TierMix are what
// they cost today. The model that serves a tier is part of its price. Own costs
// are recorded in USD, of which prices cannot be taken out.
type Cost struct {
	N         int         `json:"n"` // prompts whose costs are known on both sides
	Baseline  eval.Number `json:"baseline"`
	Candidate eval.Number `json:"candidate"`
	Change    eval.Number `json:"change"`
	Price     eval.Number `json:"price"`
	Tokens    eval.Number `json:"tokens"`
	TierMix   eval.Number `json:"tier_mix"`
	Classify  eval.Number `json:"classify"` // NaN where neither side recorded own costs

	// PricesDiffer tells whether prices do by hash or by value. Then the gate leaves
	// Classify out, besides Price.
	PricesDiffer bool `json:"prices_differ"`
}

const perThousand = 1000

// pricesKnown refuses a cost gate without prices.
func (c *check) pricesKnown() {
	why := ""
	switch {
	case c.costs == nil:
		why = "there are no prices"
	case len(c.costs.Baseline.Tiers) != c.base.source.Tiers.Len() || len(c.costs.Candidate.Tiers) != c.base.source.Tiers.Len():
		why = "prices are not for each tier"
	default:
		for _, side := range []eval.Costs{c.costs.Baseline, c.costs.Candidate} {
			if err := side.Known(); err != nil {
				why = err.Error()
			}
		}
	}
	if why == "" {
		return
	}
	c.costs, c.unpriced = nil, why
	if c.rules.Cost.On {
		c.fault("", nil, "the cost gate is on, and %s: turn it off, or give the prices", why)
	}
}

func (c *check) pricesDiffer() bool {
	b, d := c.base.source.Hashes.Prices, c.cand.source.Hashes.Prices
	if b != "" && d != "" && b != d {
		return true
	}
	return !slices.EqualFunc(c.costs.Baseline.Tiers, c.costs.Candidate.Tiers, func(x, y eval.TierModel) bool {
		return *x.InputPerM == *y.InputPerM && *x.OutputPerM == *y.OutputPerM
	})
}

// oldTokens are the candidate's prices with the baseline's tokens.
func (c *Costs) oldTokens() eval.Costs {
	out := eval.Costs{Tiers: slices.Clone(c.Candidate.Tiers), OutputScale: c.Baseline.OutputScale}
	for k, old := range c.Baseline.Tiers {
		out.Tiers[k].SystemTokens, out.Tiers[k].ExpectedOutput = old.SystemTokens, old.ExpectedOutput
	}
	return out
}

// costRow is a prompt's costs, in USD.
type costRow struct {
	old, repriced    float64 // C(p₀, t₀, d₀), C(p₁, t₀, d₀)
	retokened, now   float64 // C(p₁, t₁, d₀), C(p₁, t₁, d₁)
	ownBase, ownCand float64
}

// price visits the costs of each prompt that can be priced. own is whether either side
// recorded own costs.
func (p *pair) price(visit func(prompt int, r costRow)) (own bool) {
	known := func(v float64) bool { return !math.IsNaN(v) }
	own = slices.ContainsFunc(p.base.cost, known) || slices.ContainsFunc(p.cand.cost, known)
	between := p.costs.oldTokens()
	for i, truth := range p.truth {
		var r costRow
		t0 := p.check.base.tokens[p.base.prompts[i]]
		t1 := p.check.cand.tokens[p.cand.prompts[i]]
		if t0 < 0 {
			t0 = t1
		}
		if t1 < 0 {
			t1 = t0
		}
		if own {
			r.ownBase, r.ownCand = mean(p.base.cost, i, p.base.repeats), mean(p.cand.cost, i, p.cand.repeats)
		}
		if t0 < 0 || !known(r.ownBase) || !known(r.ownCand) {
			continue
		}
		r.old = served(p.costs.Baseline, p.base.of(i), truth, t0)
		r.repriced = served(between, p.base.of(i), truth, t0)
		r.retokened = served(p.costs.Candidate, p.base.of(i), truth, t1)
		r.now = served(p.costs.Candidate, p.cand.of(i), truth, t1)
		visit(i, r)
	}
	return own
}

// served is the mean over repeats of what serving a prompt costs.
func served(c eval.Costs, picks []int8, truth int8, tokens int32) float64 {
	sum := 0.0
	for _, k := range picks {
		sum += c.Served(int(k), int(truth), int(tokens))
	}
	return sum / float64(len(picks))
}

func mean(values []float64, i, repeats int) float64 {
	sum := 0.0
	for _, v := range values[i*repeats : (i+1)*repeats] {
		sum += v
	}
	return sum / float64(repeats)
}

// cost splits the change of the headline cost and gates what of it is not due to
// prices. Both are absent, nil, where costs are unknown or not gated.
func (p *pair) cost() (*Cost, *Gate) {
	if p.costs == nil {
		return nil, nil
	}
	c, repriced := p.split()
	g := newGate("cost", nil, false, p.rules.marginOf(p.rules.Cost))
	g.N, g.Method = c.N, "group sign flips, bootstrap bound"
	if g.unknown = p.costUnknown(c); g.unknown != "" {
		g.Margin = nan() // it is a share of an unknown cost
		return nil, p.onlyIfOn(&g)
	}
	sums, sizes := p.byGroup(func(r costRow) float64 {
		change := r.now - r.repriced
		if !c.PricesDiffer {
			change += r.ownCand - r.ownBase
		}
		return change
	})
	g.Margin *= repriced
	g.Baseline, g.Candidate = c.Baseline, c.Candidate
	g.mean(sums, sizes, p.rules, p.draws)
	return c, p.onlyIfOn(&g)
}

// costUnknown says why the prompts that can be priced do not tell the cost; empty:
// they do.
func (p *pair) costUnknown(c *Cost) string {
	missing := len(p.truth) - c.N
	if c.N > 0 && !tooFewPaired(missing, len(p.truth)) {
		return ""
	}
	return fmt.Sprintf("the cost of %s of %s is unknown: record the tokens of prompts and the cost of classifying", wording.Thousands(missing), wording.Plural(len(p.truth), "prompt"))
}

// split says what the cost comes to and what its change is due to; repriced is
// the baseline's at the candidate's prices.
func (p *pair) split() (c *Cost, repriced eval.Number) {
	c = &Cost{PricesDiffer: p.pricesDiffer(), Classify: nan()}
	var at costRow
	own := p.price(func(_ int, r costRow) {
		c.N++
		at.old, at.repriced, at.retokened, at.now = at.old+r.old, at.repriced+r.repriced, at.retokened+r.retokened, at.now+r.now
		at.ownBase, at.ownCand = at.ownBase+r.ownBase, at.ownCand+r.ownCand
	})
	each := perThousand / float64(c.N)
	c.Baseline, c.Candidate = number((at.old+at.ownBase)*each), number((at.now+at.ownCand)*each)
	c.Price, c.Tokens, c.TierMix = number((at.repriced-at.old)*each), number((at.retokened-at.repriced)*each), number((at.now-at.retokened)*each)
	c.Change = c.Price + c.Tokens + c.TierMix
	if own {
		c.Classify = number((at.ownCand - at.ownBase) * each)
		c.Change += c.Classify
	}
	return c, number((at.repriced + at.ownBase) * each)
}

// byGroup sums a figure of the prompts that can be priced over each group that has
// any, and counts them.
func (p *pair) byGroup(of func(costRow) float64) (sums, sizes []float64) {
	sums, sizes = make([]float64, p.units), make([]float64, p.units)
	p.price(func(prompt int, r costRow) {
		sums[p.unit[prompt]] += of(r)
		sizes[p.unit[prompt]]++
	})
	n := 0
	for g, size := range sizes {
		if size > 0 {
			sums[n], sizes[n] = sums[g], size
			n++
		}
	}
	return sums[:n], sizes[:n]
}

func (p *pair) onlyIfOn(g *Gate) *Gate {
	if !p.rules.Cost.On {
		return nil
	}
	return g
}

// mean fills in a gate on the mean over prompts of changes in USD, from their sums
// over groups, where less is better.
func (g *Gate) mean(sums, sizes []float64, rules Rules, draws int) {
	sum, n := 0.0, 0.0
	for i, size := range sizes {
		sum, n = sum+sums[i], n+size
	}
	g.Groups = len(sums)
	g.Change = number(sum / n * perThousand)
	g.Identical = !slices.ContainsFunc(sums, func(v float64) bool { return v != 0 })
	switch {
	case g.Identical:
		g.Bound, g.P, g.BetterP = 0, 1, 1
		return
	case g.Groups < fewestGroups:
		g.unknown = tooFewGroups(g.Groups)
		return
	}
	g.P, g.BetterP = flipP(sums, draws, rules.Seed)
	high := stats.Percentile(bootstrapMean(sums, sizes, rules.replicates(), rules.Seed), 1-2*rules.alpha()).High
	g.Bound = number(high)
	g.passes = high < float64(g.Margin)
}

// bootstrapMean draws groups with replacement and returns the means over prompts,
// for 1,000 of them, of a figure of which a group has a sum over its prompts.
func bootstrapMean(sums, sizes []float64, replicates int, seed uint64) []float64 {
	sum, n := 0.0, 0.0
	for i, v := range sums {
		sum, n = sum+v, n+sizes[i]
	}
	// What a group adds to the error of the mean, whose sum is 0.
	influence := make([]float64, len(sums))
	for i, v := range sums {
		influence[i] = v - sum/n*sizes[i]
	}
	values, counts, stretch := binned(influence, costBins)
	return stats.Multinomial(counts, replicates, seed, func(drawn []int) float64 {
		off := 0.0
		for i, times := range drawn {
			off += float64(times) * values[i]
		}
		return (sum + stretch*off) / n * perThousand
	})
}
