package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/eval/stats"
)

// A Mixed is what a benchmark would have found on traffic of another tier mix:
// every tier's test prompts count as much as the tier's share says.
type Mixed struct {
	Shares    []Number     `json:"shares"`              // of requests, by tier; they sum to 1
	Support   []int        `json:"support"`             // test prompts, by tier
	Undefined string       `json:"undefined,omitempty"` // why there are no figures
	Scores    []MixedScore `json:"scores"`              // least headline cost first, unknown ones last; among equals as in Result
}

// A MixedScore is a Score reweighted. Intervals of rates combine those of Wilson
// of every tier by the method of variance estimates recovery (Zou and Donner 2008,
// Statistics in Medicine 27:1693), those of costs are percentile intervals over
// resampled groups. Baselines have none.
type MixedScore struct {
	Name         string   `json:"name"`
	Accuracy     Estimate `json:"accuracy"`
	UnderRouting Estimate `json:"under_routing"`
	Headline     Estimate `json:"headline"` // USD per 1,000 requests
	Saving       Estimate `json:"saving"`   // 1 − headline over always-dearest, as a share
}

// mixedSums are sums over the prompts of one true tier.
type mixedSums struct{ n, right, under, costed, headline, dearest float64 }

// mixed reweights all contenders; nil where no mix is given. It takes
// O(items × contenders × replicates).
func (b *bench) mixed(contenders []*contender) *Mixed {
	if b.Mix == nil {
		return nil
	}
	support := make([]int, b.Tiers.Len())
	m := &Mixed{Support: support, Scores: []MixedScore{}}
	var without []string
	for _, i := range b.test {
		support[b.items[i].Tier]++
	}
	for k, share := range b.Mix {
		m.Shares = append(m.Shares, Number(share))
		if share > 0 && support[k] == 0 {
			without = append(without, b.Tiers.Name(k))
		}
	}
	if len(without) > 0 {
		m.Undefined = fmt.Sprintf("no test prompt is of tier %s", strings.Join(without, ", "))
		return m
	}
	for _, c := range contenders {
		m.Scores = append(m.Scores, b.mixedScore(c))
	}
	slices.SortStableFunc(m.Scores, func(x, y MixedScore) int {
		a, b := x.Headline.Value, y.Headline.Value
		if !a.Defined() || !b.Defined() {
			return cmp.Compare(indicator(!a.Defined()), indicator(!b.Defined()))
		}
		return cmp.Compare(a, b)
	})
	return m
}

func (b *bench) mixedScore(c *contender) MixedScore {
	costed := make([]bool, len(b.test))
	priced := c.priced && b.unpriced == ""
	if priced {
		for _, j := range b.costed {
			costed[j] = true
		}
	}
	rows := make([]mixedSums, len(b.test))
	last := b.Tiers.Len() - 1
	for j, i := range b.test {
		it, r := b.items[i], &rows[j]
		r.n = 1
		r.right = c.expected(j, func(t int) float64 { return indicator(t == it.Tier) })
		r.under = c.expected(j, func(t int) float64 { return indicator(t < it.Tier) })
		if costed[j] {
			r.costed = 1
			r.headline = b.classifyUSD(c, j).Value + c.expected(j, func(t int) float64 { return b.Costs.Served(t, it.Tier, it.InputTokens) })
			r.dearest = b.Costs.Served(last, it.Tier, it.InputTokens)
		}
	}
	sums := mixedBy(rows, b.truth, b.Tiers.Len(), func(int) float64 { return 1 })
	of := func(sums []mixedSums, rate func(s mixedSums) float64) float64 {
		mixed := 0.0
		for k, share := range b.Mix {
			if share > 0 { // a tier without weight makes the figure NaN
				mixed += share * rate(sums[k])
			}
		}
		return mixed
	}
	headline := func(sums []mixedSums) float64 {
		return perThousand * of(sums, func(s mixedSums) float64 { return s.headline / s.costed })
	}
	saving := func(sums []mixedSums) float64 {
		return 1 - headline(sums)/perThousand/of(sums, func(s mixedSums) float64 { return s.dearest / s.costed })
	}
	right, under := func(s mixedSums) float64 { return s.right / s.n }, func(s mixedSums) float64 { return s.under / s.n }
	out := MixedScore{Name: c.name, Accuracy: bare(of(sums, right), 0), UnderRouting: bare(of(sums, under), 0), Headline: bare(headline(sums), 0), Saving: bare(saving(sums), 0)}
	if c.predictions == nil || b.groups < 2 {
		return out
	}
	b.mixInterval(&out.Accuracy, 0, sums, right)
	b.mixInterval(&out.UnderRouting, 1, sums, under)
	if priced {
		replicates := stats.Bootstrap(b.groups, 2, b.Replicates, b.Seed, func(weights, out []float64) {
			drawn := mixedBy(rows, b.truth, b.Tiers.Len(), func(j int) float64 { return weights[b.cluster[j]] })
			out[0], out[1] = headline(drawn), saving(drawn)
		})
		b.interval(&out.Headline, replicates[0])
		b.interval(&out.Saving, replicates[1])
	}
	return out
}

// truth is the true tier of a test item.
func (b *bench) truth(j int) int { return b.items[b.test[j]].Tier }

// mixedBy sums rows by tier.
func mixedBy(rows []mixedSums, tier func(j int) int, tiers int, weight func(j int) float64) []mixedSums {
	sums := make([]mixedSums, tiers)
	for j, r := range rows {
		s, w := &sums[tier(j)], weight(j)
		s.n += w
		s.right += w * r.right
		s.under += w * r.under
		s.costed += w * r.costed
		s.headline += w * r.headline
		s.dearest += w * r.dearest
	}
	return sums
}

// mixInterval fills in the interval of a rate that is a mix of the tiers' rates,
// from one of them on: nothing lies below the first, so none of it is
// under-routed.
func (b *bench) mixInterval(e *Estimate, from int, sums []mixedSums, rate func(mixedSums) float64) {
	low, high := 0.0, 0.0
	for k, share := range b.Mix {
		if share == 0 || k < from {
			continue
		}
		p := rate(sums[k])
		i := stats.WilsonShare(p, b.groupsWhere(func(j int) bool { return b.truth(j) == k }), confidence)
		low += math.Pow(share*(p-i.Low), 2)
		high += math.Pow(share*(i.High-p), 2)
	}
	e.Low, e.High = e.Value-Number(math.Sqrt(low)), e.Value+Number(math.Sqrt(high))
}
