package eval

import (
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval/stats"
)

// score fills in everything about a contender that does not involve others.
func (b *bench) score(c *contender) {
	s := &c.score
	s.Name, s.N = c.name, len(b.test)
	s.Confusion = NewConfusion(b.Tiers.Len())
	alt, alts := 0.0, 0
	for j, i := range b.test {
		it := b.items[i]
		for tier := range s.Confusion {
			s.Confusion[it.Tier][tier] += c.expected(j, func(t int) float64 { return indicator(t == tier) })
		}
		alt += c.expected(j, func(t int) float64 { return indicator(t == it.Tier || t == it.AltTier) })
		if it.AltTier >= 0 {
			alts++
		}
	}
	rate := wilson
	if c.tiers == nil {
		rate = bare // the spread of a random baseline is not that of a sample
	}
	cm := s.Confusion
	all := b.groupsWhere(nil)
	s.Accuracy = rate(cm.Accuracy(), all)
	s.UnderRouting = rate(cm.UnderRouting(), all)
	s.OverRouting = rate(cm.OverRouting(), all)
	s.MeanTierError = Number(cm.MeanTierError())
	if alts > 0 {
		e := rate(alt/float64(s.N), all)
		s.AltAccuracy = &e
	}
	b.metricIntervals(c)
	for k, name := range b.Tiers.Names() {
		s.PerTier = append(s.PerTier, TierScore{
			Tier: name, Support: cm.Support(k), Predicted: cm.Predicted(k), F1: Number(cm.F1(k)),
			Precision: rate(cm.Precision(k), b.groupsWhere(func(j int) bool { return c.tiers != nil && int(c.tiers[j]) == k })),
			Recall:    rate(cm.Recall(k), b.groupsWhere(func(j int) bool { return b.items[b.test[j]].Tier == k })),
		})
	}
	if c.predictions != nil {
		for j := range b.test {
			d := b.decision(c, j)
			s.Invalid += int(indicator(d.Invalid))
			s.Errors += int(indicator(d.Err != ""))
		}
		s.LatencyP50, s.LatencyP95 = b.latency(c, 0.5), b.latency(c, 0.95)
	}
	s.Calibration = b.calibration(c)
	b.outOfFold(c)
	b.costs(c)
	if c.predictions != nil {
		b.shuffle(c)
	}
}

func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// wilson is a share with its interval. Prompts of a group may be copies of one
// another, so the evidence counts groups, by their effective number: right where
// the prompts of a group agree, and wide where they do not.
func wilson(share, groups float64) Estimate {
	if groups == 0 || math.IsNaN(share) {
		return undefined()
	}
	i := stats.WilsonShare(share, groups, confidence)
	return Estimate{Number(share), Number(i.Low), Number(i.High)}
}

// effective is for how many groups the clusters of items count for which is holds; nil:
// all do. See [stats.EffectiveSize].
func effective(cluster []int, groups int, is func(j int) bool) float64 {
	sizes, n := make([]float64, groups), 0.0
	for j, g := range cluster {
		if is == nil || is(j) {
			sizes[g]++
			n++
		}
	}
	return stats.EffectiveSize(n, stats.Dot(sizes, sizes))
}

// groupsWhere is for how many groups the test items count for which is holds.
func (b *bench) groupsWhere(is func(j int) bool) float64 {
	return effective(b.cluster, b.groups, is)
}

// bare is a figure without an interval.
func bare(v, _ float64) Estimate {
	e := undefined()
	e.Value = Number(v)
	return e
}

func (b *bench) outOfFold(c *contender) {
	if c.predictions == nil || c.predictions.OutOfFold == nil {
		return
	}
	cm, decisions := NewConfusion(b.Tiers.Len()), c.predictions.OutOfFold
	for i := range b.items {
		cm[b.items[i].Tier][decisions.Tier(i)]++
	}
	accuracy, kappa := wilson(cm.Accuracy(), effective(b.allCluster, b.allGroups, nil)), Estimate{}
	b.fillMetrics(cm, func(i int) int { return decisions.Tier(i) }, b.everyone, b.allCluster, b.allGroups, metric{&kappa, Confusion.QuadraticKappa})
	c.score.OutOfFold, c.score.OutOfFoldKappa, c.score.OutOfFoldN = &accuracy, &kappa, len(b.items)
}

// latency is the nearest-rank percentile of the known latencies; unknown where
// they are known on too few prompts.
func (b *bench) latency(c *contender, q float64) Quantity {
	values := make([]float64, 0, len(b.test))
	origin := Recorded
	for j := range b.test {
		if ms := c.predictions.Final.LatencyMS(b.test[j]); ms.Known() {
			values = append(values, ms.Value)
			origin = max(origin, ms.Origin)
		}
	}
	if len(values) == 0 || float64(len(values)) < b.LeastPriced*float64(len(b.test)) {
		return Quantity{}
	}
	slices.Sort(values)
	rank := int(math.Ceil(q * float64(len(values))))
	return Quantity{values[max(rank, 1)-1], origin}
}

// A metric is a figure of a confusion matrix, and where it goes.
type metric struct {
	dst *Estimate
	of  func(Confusion) float64
}

// metricIntervals fills in the metrics whose intervals need the bootstrap.
func (b *bench) metricIntervals(c *contender) {
	var predicted func(j int) int
	if c.tiers != nil {
		predicted = func(j int) int { return int(c.tiers[j]) }
	}
	b.fillMetrics(c.score.Confusion, predicted, b.test, b.cluster, b.groups,
		metric{&c.score.MacroF1, Confusion.MacroF1},
		metric{&c.score.BalancedAccuracy, Confusion.BalancedAccuracy},
		metric{&c.score.QuadraticKappa, Confusion.QuadraticKappa})
}

// fillMetrics fills in metrics of decisions on the indexed items, whose confusion
// matrix is cm, with BCa intervals over resampled groups; that on index[j] is for
// tier decided(j). Without decisions, as of random baselines, there are none.
func (b *bench) fillMetrics(cm Confusion, decided func(j int) int, index, cluster []int, groups int, metrics ...metric) {
	for _, m := range metrics {
		*m.dst = bare(m.of(cm), 0)
	}
	if decided == nil || groups < 2 {
		return
	}
	truth, predicted := make([]int, len(index)), make([]int, len(index))
	for j, i := range index {
		truth[j], predicted[j] = b.items[i].Tier, decided(j)
	}
	clusters := NewClusters(b.Tiers.Len(), truth, predicted, cluster, groups)
	replicates, jackknife := make([][]float64, len(metrics)), make([][]float64, len(metrics))
	clusters.Resample(b.Replicates, b.Seed, func(drawn Confusion) {
		for m := range metrics {
			replicates[m] = append(replicates[m], metrics[m].of(drawn))
		}
	})
	var weights []float64
	clusters.Jackknife(cm, func(without Confusion, groups int) {
		for m := range metrics {
			jackknife[m] = append(jackknife[m], metrics[m].of(without))
		}
		weights = append(weights, float64(groups))
	})
	for m, metric := range metrics {
		i := stats.BCa(replicates[m], float64(metric.dst.Value), jackknife[m], weights, confidence)
		metric.dst.Low, metric.dst.High = Number(i.Low), Number(i.High)
	}
}
