package gate

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
	"github.com/routeproof/routeproof/internal/spill"
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

// spending is what a pair's prompts cost.
type spending struct {
	on      bool       // prices are known
	own     bool       // either side recorded own costs
	differ  bool       // prices do
	between eval.Costs // the candidate's prices with the baseline's tokens

	n  int     // prompts whose costs are known on both sides
	at costRow // their sums

	sum    float64    // of the change, over the group under way
	most   float64    // and of the most that other tiers would change it by
	widest float64    // the greatest such of a prompt
	unseen unseen     // and of groups
	size   int        // its prompts whose costs are known
	groups spill.File // sums and sizes of all groups that have any
	units  int        // that have
	record []byte
}

// spend takes in what a prompt costs, if that is known.
func (p *pair) spend(b, d *prompt, base, cand []decision) {
	s := &p.spent
	if !s.on {
		return
	}
	t0, t1 := b.tokens, d.tokens
	if t0 < 0 {
		t0 = t1
	}
	if t1 < 0 {
		t1 = t0
	}
	var r costRow
	if s.own {
		r.ownBase, r.ownCand = ownCost(base), ownCost(cand)
	}
	if t0 < 0 || math.IsNaN(r.ownBase) || math.IsNaN(r.ownCand) {
		return
	}
	truth := b.truth
	r.old = served(p.costs.Baseline, base, truth, t0)
	r.repriced = served(s.between, base, truth, t0)
	r.retokened = served(p.costs.Candidate, base, truth, t1)
	r.now = served(p.costs.Candidate, cand, truth, t1)
	s.n++
	at := &s.at
	at.old, at.repriced, at.retokened, at.now = at.old+r.old, at.repriced+r.repriced, at.retokened+r.retokened, at.now+r.now
	at.ownBase, at.ownCand = at.ownBase+r.ownBase, at.ownCand+r.ownCand
	s.sum += p.costChange(r)
	if p.gates && p.rules.Cost.On {
		most := apart(p.costs.Candidate, truth, t1)
		s.most, s.widest = s.most+most, math.Max(s.widest, most)
	}
	s.size++
}

// costChange is what of a prompt's change counts: all of it where sides are compared, and
// of a gate what is not due to prices.
func (p *pair) costChange(r costRow) float64 {
	switch {
	case !p.gates:
		return r.now - r.old + (r.ownCand - r.ownBase)
	case p.spent.differ:
		return r.now - r.repriced
	}
	return r.now - r.repriced + (r.ownCand - r.ownBase)
}

// end ends the group under way.
func (s *spending) end() error {
	if s.size == 0 {
		return nil
	}
	s.units++
	s.record = binary.AppendUvarint(appendFloat(s.record[:0], s.sum), uint64(s.size))
	s.unseen.add(s.most, 1)
	s.sum, s.most, s.size = 0, 0, 0
	return s.groups.AppendFrame(s.record)
}

// added is what the groups change that a bound adds: as much as the one prompt that
// could change most, however rare its tier, or as groups that hold much of what could.
func (s *spending) added() float64 { return math.Max(s.widest, s.unseen.size()) }

// each visits the groups.
func (s *spending) each(visit func(sum, size float64) error) error {
	frames := s.groups.Frames(0, s.groups.Len(), 1<<16)
	for range s.units {
		raw, err := frames.Next()
		if err != nil {
			return err
		}
		r := reading(raw)
		if err := visit(r.float(), float64(r.uint())); err != nil {
			return err
		}
	}
	return nil
}

// served is the mean over repeats of what serving a prompt costs.
func served(c eval.Costs, of []decision, truth int8, tokens int32) float64 {
	sum := 0.0
	for _, d := range of {
		sum += c.Served(int(d.pick), int(truth), int(tokens))
	}
	return sum / float64(len(of))
}

// apart is how far a prompt's costs in all tiers are apart.
func apart(c eval.Costs, truth int8, tokens int32) float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for k := range c.Tiers {
		cost := c.Served(k, int(truth), int(tokens))
		low, high = math.Min(low, cost), math.Max(high, cost)
	}
	return high - low
}

// ownCost is the mean over repeats of what deciding a prompt cost.
func ownCost(of []decision) float64 {
	sum := 0.0
	for _, d := range of {
		sum += d.cost
	}
	return sum / float64(len(of))
}

// cost splits the change of the headline cost and gates what of it is not due to
// prices. Both are absent, nil, where costs are unknown or not gated.
func (p *pair) cost() (*Cost, *Gate, error) {
	if p.costs == nil {
		return nil, nil, nil
	}
	c, repriced := p.split()
	g := newGate("cost", nil, false, p.rules.marginOf(p.rules.Cost))
	g.N, g.Method = c.N, "group sign flips, bootstrap bound"
	if g.unknown = p.costUnknown(c); g.unknown != "" {
		g.Margin = nan() // it is a share of an unknown cost
		return nil, p.onlyIfOn(&g), nil
	}
	if !p.rules.Cost.On {
		return c, nil, nil
	}
	g.Margin *= repriced
	g.Baseline, g.Candidate = c.Baseline, c.Candidate
	return c, &g, p.gateCost(&g)
}

// costUnknown says why the prompts that can be priced do not tell the cost; empty:
// they do.
func (p *pair) costUnknown(c *Cost) string {
	missing := p.n - c.N
	if c.N > 0 && !tooFewPaired(missing, p.n) {
		return ""
	}
	return fmt.Sprintf("the cost of %s of %s is unknown: record the tokens of prompts and the cost of classifying", wording.Thousands(missing), wording.Plural(p.n, "prompt"))
}

// split says what the cost comes to and what its change is due to; repriced is
// the baseline's at the candidate's prices.
func (p *pair) split() (c *Cost, repriced eval.Number) {
	at := p.spent.at
	c = &Cost{N: p.spent.n, PricesDiffer: p.spent.differ, Classify: nan()}
	each := perThousand / float64(c.N)
	c.Baseline, c.Candidate = number((at.old+at.ownBase)*each), number((at.now+at.ownCand)*each)
	c.Price, c.Tokens, c.TierMix = number((at.repriced-at.old)*each), number((at.retokened-at.repriced)*each), number((at.now-at.retokened)*each)
	c.Change = c.Price + c.Tokens + c.TierMix
	if p.spent.own {
		c.Classify = number((at.ownCand - at.ownBase) * each)
		c.Change += c.Classify
	}
	return c, number((at.repriced + at.ownBase) * each)
}

func (p *pair) onlyIfOn(g *Gate) *Gate {
	if !p.rules.Cost.On {
		return nil
	}
	return g
}

// gateCost fills in the gate on the mean over prompts of changes in USD, where less is
// better.
func (p *pair) gateCost(g *Gate) error {
	var by changes
	sum, n := 0.0, 0.0
	err := p.spent.each(func(v, size float64) error {
		by.add(v)
		sum, n = sum+v, n+size
		return nil
	})
	if err != nil {
		return err
	}
	g.Groups = p.spent.units
	g.Change = number(sum / n * perThousand)
	g.Identical = by.n == 0
	switch {
	case g.Identical:
		g.Bound, g.P, g.BetterP = 0, 1, 1
		return nil
	case g.Groups < fewestGroups:
		g.unknown = tooFewGroups(g.Groups)
		return nil
	}
	g.P, g.BetterP = by.flipP(p.draws, p.rules.Seed)
	means, err := p.bootstrapCost(p.spent.added())
	if err != nil {
		return err
	}
	high := stats.Percentile(means, 1-2*p.rules.alpha()).High
	g.Bound = number(high)
	g.passes = high < float64(g.Margin)
	return nil
}

// bootstrapCost draws groups with replacement and returns the mean changes over
// prompts, for 1,000 of them. Two groups are added that changed by so much, one each
// way, unless that is 0.
func (p *pair) bootstrapCost(added float64) ([]float64, error) {
	sum, n := 0.0, 0.0
	err := p.spent.each(func(v, size float64) error {
		sum, n = sum+v, n+size
		return nil
	})
	if err != nil {
		return nil, err
	}
	// What a group adds to the error of the mean, whose sum is 0.
	influence := p.sorter("costs")
	defer influence.Close()
	var record []byte
	err = p.spent.each(func(v, size float64) error {
		record = spill.AppendNumber(record[:0], v-sum/n*size)
		return influence.Add(record)
	})
	if err != nil {
		return nil, err
	}
	units := p.spent.units
	if added > 0 {
		units += 2
		for _, v := range []float64{-added, added} {
			record = spill.AppendNumber(record[:0], v)
			if err := influence.Add(record); err != nil {
				return nil, err
			}
		}
	}
	values, counts, stretch, err := binned(influence, units, costBins)
	if err != nil {
		return nil, err
	}
	return stats.Multinomial(counts, p.rules.replicates(), p.rules.Seed, func(drawn []int) float64 {
		off := 0.0
		for i, times := range drawn {
			off += float64(times) * values[i]
		}
		return (sum + stretch*off) / n * perThousand
	}), nil
}
