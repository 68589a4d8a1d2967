package eval

import (
	"errors"
	"math"
)

// perThousand turns a mean USD per request into USD per 1,000 requests.
const perThousand = 1000

// price decides what costs are compared on: the test prompts on which every
// classifier's own cost is known, so that all figures are about the same
// prompts. A classifier whose cost is known on too few of them has no say in
// that, and no cost.
func (b *bench) price(contenders []*contender) {
	reason := b.Costs.Known()
	for _, c := range contenders {
		known := 0
		for j := range b.test {
			known += int(indicator(b.classifyUSD(c, j).Known()))
		}
		c.priced = known > 0 && float64(known) >= b.LeastPriced*float64(len(b.test))
	}
	for j := range b.test {
		known := true
		for _, c := range contenders {
			known = known && (!c.priced || b.classifyUSD(c, j).Known())
		}
		if known {
			b.costed = append(b.costed, j)
		}
	}
	costed := make([]int, len(b.costed)) // as items
	for n, j := range b.costed {
		costed[n] = b.test[j]
	}
	b.costCluster, b.costGroups = clusterGroups(b.items, costed)
	if len(b.costed) == 0 && reason == nil {
		reason = errors.New("no test prompt has a known cost of classifying under every classifier")
	}
	if reason != nil {
		b.unpriced = reason.Error()
	}
}

// costs fills in the point estimates of a contender's cost, over the costed
// prompts.
func (b *bench) costs(c *contender) {
	cost := &c.score.Cost
	cost.Headline, cost.Saving, cost.Behind, cost.Cheapest = undefined(), undefined(), undefined(), Number(math.NaN())
	if !c.priced || len(b.costed) == 0 {
		return
	}
	cost.N = len(b.costed)
	perRequest := perThousand / float64(cost.N)
	own := Quantity{0, Recorded}
	for _, j := range b.costed {
		own = own.Add(b.classifyUSD(c, j))
	}
	cost.Classify = Quantity{own.Value * perRequest, own.Origin}
	if b.unpriced != "" {
		return
	}
	var picked, again, dearest float64
	for _, j := range b.costed {
		it := b.items[b.test[j]]
		picked += c.expected(j, func(t int) float64 { return b.Costs.Request(t, it.Tier, it.InputTokens) })
		again += c.expected(j, func(t int) float64 { return b.Costs.Again(t, it.Tier, it.InputTokens) })
		dearest += b.dearest(it)
	}
	cost.Picked = Quantity{picked * perRequest, Assumed}
	cost.Again = Quantity{again * perRequest, Assumed}
	headline := own.Value + picked + again
	cost.Headline.Value = Number(headline * perRequest)
	if dearest > 0 {
		cost.Saving.Value = Number(1 - headline/dearest)
	}
}

// dearest is what an item costs at the dearest tier.
func (b *bench) dearest(it Item) float64 {
	return b.Costs.Request(b.Tiers.Len()-1, it.Tier, it.InputTokens)
}

// shuffle fills in what a classifier's own decisions reach when they are dealt
// to the prompts at random: each prompt is sent to each tier with the
// classifier's own frequency of it.
func (b *bench) shuffle(c *contender) {
	everyone := make([]int, len(b.test))
	for j := range everyone {
		everyone[j] = j
	}
	s := &Shuffled{Headline: Number(math.NaN()), Skill: undefined()}
	s.Accuracy = Number(b.dealt(c, everyone, func(it Item, t int) float64 { return indicator(t == it.Tier) }))
	if c.score.Cost.Headline.Value.Defined() {
		usd := b.dealt(c, b.costed, func(it Item, t int) float64 { return b.Costs.Served(t, it.Tier, it.InputTokens) })
		s.Headline = Number(usd*perThousand + c.score.Cost.Classify.Value)
		s.Skill.Value = Number(difference(float64(s.Headline), float64(c.score.Cost.Headline.Value)))
	}
	c.score.Shuffled = s
}

// dealt is the mean of f over the given test items when their decisions are
// dealt among them at random.
func (b *bench) dealt(c *contender, index []int, f func(it Item, tier int) float64) float64 {
	random := &contender{mix: make([]float64, b.Tiers.Len())}
	for _, j := range index {
		random.mix[c.tiers[j]] += 1 / float64(len(index))
	}
	var sum float64
	for _, j := range index {
		sum += random.expected(j, func(t int) float64 { return f(b.items[b.test[j]], t) })
	}
	return sum / float64(len(index))
}

// sensitivity repeats the headline with half and twice the expected output.
func (b *bench) sensitivity(contenders []*contender) []Sensitivity {
	out := []Sensitivity{}
	if b.unpriced != "" {
		return out
	}
	perRequest := perThousand / float64(len(b.costed))
	for _, scale := range []float64{0.5, 1, 2} {
		costs := b.Costs
		costs.OutputScale *= scale
		s := Sensitivity{Scale: scale, Headline: []Number{}}
		var dearest float64
		for _, j := range b.costed {
			it := b.items[b.test[j]]
			dearest += costs.Request(b.Tiers.Len()-1, it.Tier, it.InputTokens)
		}
		s.Dearest = Number(dearest * perRequest)
		best := math.Inf(1)
		for _, c := range contenders {
			headline := math.NaN()
			if c.priced {
				headline = 0
				for _, j := range b.costed {
					it := b.items[b.test[j]]
					headline += (costs.Served(int(c.tiers[j]), it.Tier, it.InputTokens) + b.classifyUSD(c, j).Value) * perRequest
				}
			}
			s.Headline = append(s.Headline, Number(headline))
			if headline < best {
				best, s.Best = headline, c.name
			}
		}
		out = append(out, s)
	}
	return out
}
