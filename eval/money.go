package eval

import (
	"math"

	"github.com/routeproof/routeproof/eval/stats"
)

// perThousand turns a mean USD per request into USD per 1,000 requests.
const perThousand = 1000

// costs fills in the point estimates of a contender's cost.
func (b *bench) costs(c *contender) {
	cost := &c.score.Cost
	cost.Headline, cost.Saving, cost.Behind, cost.Cheapest = undefined(), undefined(), undefined(), Number(math.NaN())
	classify, picked, headline, dearest := Quantity{0, Recorded}, 0.0, 0.0, 0.0
	if b.unpriced == "" {
		c.served = make([]float64, len(b.test))
	}
	for j, i := range b.test {
		own := c.classifyUSD(j)
		if b.unpriced == "" {
			it := b.items[i]
			c.served[j] = c.expected(j, func(t int) float64 { return b.Costs.Served(t, it.Tier, it.InputTokens) })
			if own.Known() {
				picked += c.expected(j, func(t int) float64 { return b.Costs.Request(t, it.Tier, it.InputTokens) })
				headline += c.served[j] + own.Value
				dearest += b.dearest(it)
			}
		}
		if own.Known() {
			classify = classify.Add(own)
			cost.N++
		}
	}
	if n := float64(cost.N); n > 0 {
		cost.Classify = Quantity{classify.Value / n * perThousand, classify.Origin}
		if b.unpriced == "" {
			cost.Picked = Quantity{picked / n * perThousand, Assumed}
			cost.Headline.Value = Number(headline / n * perThousand)
			cost.Saving.Value = Number(1 - headline/dearest)
		}
	}
	if c.predictions != nil {
		c.score.Shuffled = b.shuffled(c)
	}
}

// dearest is what an item costs at the dearest tier.
func (b *bench) dearest(it Item) float64 {
	return b.Costs.Request(b.Tiers.Len()-1, it.Tier, it.InputTokens)
}

// shuffled deals a classifier's decisions to the prompts at random: each
// prompt is sent to each tier with the classifier's own frequency of it. As
// everywhere, costs hold for the prompts whose classification has a known one.
func (b *bench) shuffled(c *contender) *Shuffled {
	var all, known []int // test items
	for j := range b.test {
		all = append(all, j)
		if c.classifyUSD(j).Known() {
			known = append(known, j)
		}
	}
	s := &Shuffled{Headline: Number(math.NaN())}
	s.Accuracy = Number(b.dealt(c, all, func(it Item, t int) float64 { return indicator(t == it.Tier) }))
	if b.unpriced == "" && len(known) > 0 {
		usd := b.dealt(c, known, func(it Item, t int) float64 { return b.Costs.Served(t, it.Tier, it.InputTokens) })
		s.Headline = Number(usd*perThousand + c.score.Cost.Classify.Value)
	}
	return s
}

// dealt is the mean of f over the given test items when their decisions are
// dealt among them at random.
func (b *bench) dealt(c *contender, index []int, f func(it Item, tier int) float64) float64 {
	random := &contender{mix: make([]float64, b.Tiers.Len())}
	for _, j := range index {
		random.mix[c.decisions[j].Tier] += 1 / float64(len(index))
	}
	var sum float64
	for _, j := range index {
		sum += random.expected(j, func(t int) float64 { return f(b.items[b.test[j]], t) })
	}
	return sum / float64(len(index))
}

// resampleCosts fills in the intervals of costs, and how the ranked
// classifiers compare, by resampling groups of test items for all at once.
func (b *bench) resampleCosts(ranked, all []*contender) {
	if b.unpriced != "" {
		return
	}
	sums := make([]groupSums, len(all))
	for c, contender := range all {
		sums[c] = b.groupSums(contender)
	}
	saving := make([][]float64, len(all)) // [contender][replicate]
	stats.Resample(b.groups, b.Replicates, b.Seed, func(_ int, weights []float64) {
		for c, s := range sums {
			n, usd, dearest := s.weigh(weights)
			all[c].headline = append(all[c].headline, usd/n*perThousand)
			saving[c] = append(saving[c], 1-usd/dearest)
		}
	})
	for c, contender := range all {
		b.interval(&contender.score.Cost.Headline, contender.headline)
		b.interval(&contender.score.Cost.Saving, saving[c])
	}
	b.compareCosts(ranked)
}

func (b *bench) compareCosts(ranked []*contender) {
	var priced []*contender
	for _, c := range ranked {
		if c.score.Cost.Headline.Value.Defined() {
			priced = append(priced, c)
		}
	}
	for _, c := range priced {
		behind := make([]float64, len(c.headline))
		wins := 0.0
		for r, own := range c.headline {
			behind[r] = own - priced[0].headline[r]
			cheapest := !math.IsNaN(own)
			for _, other := range priced {
				cheapest = cheapest && !(other.headline[r] < own)
			}
			wins += indicator(cheapest)
		}
		if c != priced[0] {
			c.score.Cost.Behind.Value = c.score.Cost.Headline.Value - priced[0].score.Cost.Headline.Value
			b.interval(&c.score.Cost.Behind, behind)
		}
		if b.groups > 1 {
			c.score.Cost.Cheapest = Number(wins / float64(len(c.headline)))
		}
	}
}

// interval fills in the interval of an estimate. One group says nothing of the
// spread between groups: its resamples are all alike.
func (b *bench) interval(e *Estimate, replicates []float64) {
	if !e.Value.Defined() || b.groups < 2 {
		return
	}
	i := stats.Percentile(replicates, confidence)
	e.Low, e.High = Number(i.Low), Number(i.High)
}

// groupSums holds sums over each group's items with a known cost.
type groupSums struct {
	n, usd, dearest []float64
}

func (b *bench) groupSums(c *contender) groupSums {
	s := groupSums{make([]float64, b.groups), make([]float64, b.groups), make([]float64, b.groups)}
	for j, i := range b.test {
		own := c.classifyUSD(j)
		if !own.Known() {
			continue
		}
		g := b.cluster[j]
		s.n[g]++
		s.usd[g] += c.served[j] + own.Value
		s.dearest[g] += b.dearest(b.items[i])
	}
	return s
}

func (s groupSums) weigh(weights []float64) (n, usd, dearest float64) {
	for g, w := range weights {
		n += w * s.n[g]
		usd += w * s.usd[g]
		dearest += w * s.dearest[g]
	}
	return n, usd, dearest
}

// sensitivity repeats the headline with half and twice the expected output.
func (b *bench) sensitivity(contenders []*contender) []Sensitivity {
	if b.unpriced != "" {
		return nil
	}
	var out []Sensitivity
	for _, scale := range []float64{0.5, 1, 2} {
		costs := b.Costs
		costs.OutputScale *= scale
		s := Sensitivity{Scale: scale, Headline: []Number{}}
		var dearest float64
		for _, i := range b.test {
			it := b.items[i]
			dearest += costs.Request(b.Tiers.Len()-1, it.Tier, it.InputTokens)
		}
		s.Dearest = Number(dearest / float64(len(b.test)) * perThousand)
		best := math.Inf(1)
		for _, c := range contenders {
			var usd, n float64
			for j, i := range b.test {
				if own := c.classifyUSD(j); own.Known() {
					it := b.items[i]
					usd += costs.Served(c.decisions[j].Tier, it.Tier, it.InputTokens) + own.Value
					n++
				}
			}
			h := usd / n * perThousand // NaN where no cost is known
			s.Headline = append(s.Headline, Number(h))
			if h < best {
				best, s.Best = h, c.name
			}
		}
		out = append(out, s)
	}
	return out
}
