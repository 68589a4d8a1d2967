package eval

import (
	"cmp"
	"math"
	"slices"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/stats"
)

const (
	calibrationBins  = 15   // equal-mass bins of the ECE
	nullReplicates   = 1000 // of the ECE of perfect confidence
	mostCurvePoints  = 500  // of a risk–coverage curve in a result
	fewestReplicated = 2    // prompts that a bootstrap interval needs
)

// calibration looks at one prompt a group, the first by order of items: copies
// would make a chance deviation look sure.
func (b *bench) calibration(c *contender) *Calibration {
	var conf []float64
	var right []bool
	var chosen []int // of the test items
	seen := make([]bool, b.groups)
	for j, d := range c.decisions {
		if d.Confidence != nil && !seen[b.cluster[j]] {
			seen[b.cluster[j]] = true
			conf = append(conf, *d.Confidence)
			right = append(right, d.Tier == b.items[b.test[j]].Tier)
			chosen = append(chosen, j)
		}
	}
	if len(conf) == 0 {
		return nil
	}
	mean, null := stats.NullECE(conf, calibrationBins, nullReplicates, b.Seed)
	cal := &Calibration{
		N:     len(conf),
		ECE:   Number(stats.ECE(conf, right, calibrationBins)),
		Null:  Estimate{Number(mean), Number(null.Low), Number(null.High)},
		Brier: b.brier(c, chosen),
		Risk:  b.riskCoverage(conf, right),
	}
	sum, correct := 0.0, 0
	for _, bin := range stats.Reliability(conf, right, calibrationBins) {
		sum += bin.MeanConfidence * float64(bin.N)
		correct += bin.Correct
		cal.Bins = append(cal.Bins, ReliabilityBin{
			N: bin.N, Least: Number(bin.Low), Greatest: Number(bin.High), Mean: Number(bin.MeanConfidence),
			Accuracy: Estimate{Number(bin.Accuracy), Number(bin.Interval.Low), Number(bin.Interval.High)},
		})
	}
	cal.Mean = Number(sum / float64(cal.N))
	cal.Accuracy = wilson(float64(correct)/float64(cal.N), cal.N)
	return cal
}

// brier scores the probabilities of those of the chosen test items that have
// some.
func (b *bench) brier(c *contender, chosen []int) *Brier {
	k := b.Tiers.Len()
	mix := b.trainMix()
	var all, fixed, losses, references []float64
	var truth []int
	for _, j := range chosen {
		p := c.decisions[j].Probabilities
		if p == nil {
			continue
		}
		label := []int{b.items[b.test[j]].Tier}
		truth = append(truth, label[0])
		all = append(all, p...)
		losses = append(losses, stats.Brier(p, label, k))
		if mix != nil {
			fixed = append(fixed, mix...)
			references = append(references, stats.Brier(mix, label, k))
		}
	}
	if len(truth) == 0 {
		return nil
	}
	s := &Brier{N: len(truth), Score: bare(stats.Brier(all, truth, k), 0), Reference: undefined().Value, Gain: undefined()}
	if mix != nil {
		s.Reference = Number(stats.Brier(fixed, truth, k))
		s.Gain.Value = s.Reference - s.Score.Value
	}
	n := float64(s.N)
	b.bootstrap(s.N, []*Estimate{&s.Score, &s.Gain}, func(weights []float64) []float64 {
		score := dot(weights, losses) / n
		if mix == nil {
			return []float64{score, 0}
		}
		return []float64{score, dot(weights, references)/n - score}
	})
	return s
}

// trainMix is the share of each tier among the train items; nil without any.
func (b *bench) trainMix() []float64 {
	train := splitIndex(b.items, datasets.Train)
	if len(train) == 0 {
		return nil
	}
	counts, mix := make([]int, b.Tiers.Len()), make([]float64, b.Tiers.Len())
	for _, i := range train {
		counts[b.items[i].Tier]++
	}
	for t, n := range counts {
		mix[t] = float64(n) / float64(len(train))
	}
	return mix
}

func (b *bench) riskCoverage(conf []float64, right []bool) RiskCoverage {
	n, wrong := len(conf), 0
	for _, is := range right {
		wrong += int(indicator(!is))
	}
	curve := stats.RiskCoverageCurve(conf, right)
	r := RiskCoverage{
		AURC:    bare(stats.AURC(curve), 0),
		Random:  Number(float64(wrong) / float64(n)),
		Perfect: Number(stats.PerfectAURC(n, wrong)),
		P:       stats.AURCTest(conf, right, b.Replicates, b.Seed),
		Curve:   thinned(curve),
	}
	ranked := rankByConfidence(conf, right)
	b.bootstrap(n, []*Estimate{&r.AURC}, func(weights []float64) []float64 { return []float64{ranked.area(weights)} })
	return r
}

// bootstrap fills in intervals of figures with a value: percentiles of what of
// returns for resamples of n prompts, aligned with the figures.
func (b *bench) bootstrap(n int, figures []*Estimate, of func(weights []float64) []float64) {
	if n < fewestReplicated {
		return
	}
	replicates := make([][]float64, len(figures))
	stats.Resample(n, b.Replicates, b.Seed, func(_ int, weights []float64) {
		for f, v := range of(weights) {
			replicates[f] = append(replicates[f], v)
		}
	})
	for f, e := range figures {
		if e.Value.Defined() {
			i := stats.Percentile(replicates[f], confidence)
			e.Low, e.High = Number(i.Low), Number(i.High)
		}
	}
}

// ranked are predictions in falling order of confidence.
type ranked struct {
	order []int
	conf  []float64
	right []bool
}

func rankByConfidence(conf []float64, right []bool) ranked {
	r := ranked{make([]int, len(conf)), conf, right}
	for i := range r.order {
		r.order[i] = i
	}
	slices.SortStableFunc(r.order, func(x, y int) int { return cmp.Compare(conf[y], conf[x]) })
	return r
}

// area returns the [stats.AURC] where prediction i occurs weights[i] times, in
// O(n).
func (r ranked) area(weights []float64) float64 {
	area, kept, wrong, before := 0.0, 0.0, 0.0, 0.0
	for at, i := range r.order {
		kept += weights[i]
		if !r.right[i] {
			wrong += weights[i]
		}
		tied := at+1 < len(r.order) && r.conf[r.order[at+1]] == r.conf[i]
		if !tied && kept > before {
			area += (kept - before) * wrong / kept
			before = kept
		}
	}
	return area / kept
}

// thinned keeps all points of a curve or, of more than mostCurvePoints, the first
// that reaches each multiple of 1/mostCurvePoints, the last among them.
func thinned(curve []stats.RiskCoverage) []RiskPoint {
	var out []RiskPoint
	next := 1.0
	for _, p := range curve {
		at := p.Coverage * mostCurvePoints
		if len(curve) > mostCurvePoints && at < next {
			continue
		}
		next = math.Floor(at) + 1
		out = append(out, RiskPoint{Number(p.Confidence), Number(p.Coverage), Number(p.Risk)})
	}
	return out
}
