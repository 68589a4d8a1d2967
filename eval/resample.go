package eval

import (
	"math"

	"github.com/routeproof/routeproof/eval/stats"
)

// ledger holds what resampling needs of one contender, summed over each
// group's costed prompts: arrays are by group.
type ledger struct {
	headline []float64
	classify []float64
	picks    [][]float64 // how many prompts it sends to tier k
}

// tariff holds what is the same for all contenders, likewise.
type tariff struct {
	prompts []float64
	at      [][]float64 // USD of sending all of the group's prompts to tier k, by the headline rule
	dearest []float64   // the same for the last tier
}

// resampleCosts fills in the intervals of costs, and how contenders compare
// with the best classifier, by resampling groups of costed prompts for all at
// once. ranked are the classifiers, best first.
func (b *bench) resampleCosts(ranked, baselines []*contender) {
	if b.unpriced != "" {
		return
	}
	var priced []*contender
	for _, c := range append(append([]*contender(nil), ranked...), baselines...) {
		if c.priced {
			priced = append(priced, c)
		}
	}
	all := b.tariff()
	ledgers := make([]ledger, len(priced))
	for i, c := range priced {
		ledgers[i] = b.ledger(c)
	}
	const figures = 3 // of each contender: headline, saving and skill
	replicates := stats.Bootstrap(b.costGroups, figures*len(priced), b.Replicates, b.Seed, func(weights, out []float64) {
		n, dearest := stats.Dot(weights, all.prompts), stats.Dot(weights, all.dearest)
		at := make([]float64, len(all.at))
		for t := range at {
			at[t] = stats.Dot(weights, all.at[t])
		}
		for i, c := range priced {
			l := ledgers[i]
			headline := stats.Dot(weights, l.headline)
			out[figures*i] = headline / n * perThousand
			out[figures*i+1] = 1 - headline/dearest
			if c.score.Shuffled != nil {
				out[figures*i+2] = difference(l.shuffled(weights, n, at), headline) / n * perThousand
			}
		}
	})
	for i, c := range priced {
		c.headline = replicates[figures*i]
		b.interval(&c.score.Cost.Headline, c.headline)
		b.interval(&c.score.Cost.Saving, replicates[figures*i+1])
		if c.score.Shuffled != nil {
			b.interval(&c.score.Shuffled.Skill, replicates[figures*i+2])
		}
	}
	b.compareCosts(priced)
}

func (b *bench) tariff() tariff {
	k := b.Tiers.Len()
	t := tariff{prompts: make([]float64, b.costGroups), at: b.byTier()}
	for n, j := range b.costed {
		it, g := b.items[b.test[j]], b.costCluster[n]
		t.prompts[g]++
		for tier := range k {
			t.at[tier][g] += b.Costs.Served(tier, it.Tier, it.InputTokens)
		}
	}
	t.dearest = t.at[k-1] // nothing lies above the last tier, so nothing is paid again
	return t
}

func (b *bench) ledger(c *contender) ledger {
	l := ledger{headline: make([]float64, b.costGroups), classify: make([]float64, b.costGroups), picks: b.byTier()}
	for n, j := range b.costed {
		it, g, own := b.items[b.test[j]], b.costCluster[n], b.classifyUSD(c, j).Value
		l.classify[g] += own
		l.headline[g] += own + c.expected(j, func(t int) float64 { return b.Costs.Served(t, it.Tier, it.InputTokens) })
		for t := range l.picks {
			l.picks[t][g] += c.expected(j, func(pick int) float64 { return indicator(pick == t) })
		}
	}
	return l
}

// byTier makes room for a sum by tier and group.
func (b *bench) byTier() [][]float64 {
	rows := make([][]float64, b.Tiers.Len())
	for t := range rows {
		rows[t] = make([]float64, b.costGroups)
	}
	return rows
}

// shuffled is the headline cost of n resampled prompts when their decisions
// are dealt at random; at is what they cost when all go to tier k.
func (l ledger) shuffled(weights []float64, n float64, at []float64) float64 {
	usd := stats.Dot(weights, l.classify)
	for t, all := range at {
		usd += stats.Dot(weights, l.picks[t]) / n * all
	}
	return usd
}

// difference is a − b, and 0 where they differ by rounding alone.
func difference(a, b float64) float64 {
	if d := a - b; math.Abs(d) > 1e-9*max(math.Abs(a), math.Abs(b)) {
		return d
	}
	return 0
}

// compareCosts sets each contender beside the first, which is the best
// classifier, replicate by replicate. Contenders that tie for the cheapest
// classifier of a replicate share it.
func (b *bench) compareCosts(priced []*contender) {
	if len(priced) == 0 || priced[0].predictions == nil {
		return // no classifier has a cost
	}
	best := priced[0]
	wins := map[*contender]float64{}
	for r := range best.headline {
		lowest := []*contender{best}
		for _, c := range priced[1:] {
			if c.predictions == nil {
				continue
			}
			switch own, low := c.headline[r], lowest[0].headline[r]; {
			case own < low:
				lowest = append(lowest[:0], c)
			case own == low:
				lowest = append(lowest, c)
			}
		}
		for _, c := range lowest {
			wins[c] += 1 / float64(len(lowest))
		}
	}
	for _, c := range priced {
		if c != best {
			behind := make([]float64, len(c.headline))
			for r, own := range c.headline {
				behind[r] = difference(own, best.headline[r])
			}
			c.score.Cost.Behind.Value = Number(difference(float64(c.score.Cost.Headline.Value), float64(best.score.Cost.Headline.Value)))
			b.interval(&c.score.Cost.Behind, behind)
		}
		if c.predictions != nil && b.costGroups > 1 {
			c.score.Cost.Cheapest = Number(wins[c] / float64(len(best.headline)))
		}
	}
}

// interval fills in the interval of an estimate. One group says nothing of the
// spread between groups: its resamples are all alike.
func (b *bench) interval(e *Estimate, replicates []float64) {
	if !e.Value.Defined() || b.costGroups < 2 {
		return
	}
	i := stats.Percentile(replicates, confidence)
	e.Low, e.High = Number(i.Low), Number(i.High)
}
