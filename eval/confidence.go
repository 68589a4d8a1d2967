package eval

import (
	"cmp"
	"math"
	"slices"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/stats"
)

// CalibrationBins is how many equal-mass bins an ECE has.
const CalibrationBins = 15

const (
	nullReplicates   = 1000 // of perfect confidence, and of one at random
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
	if c.predictions == nil {
		return nil
	}
	for j := range b.test {
		d := b.decision(c, j)
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
	mean, null := stats.NullECE(conf, CalibrationBins, nullReplicates, b.Seed)
	cal := &Calibration{
		N:    len(conf),
		ECE:  Number(stats.ECE(conf, right, CalibrationBins)),
		Null: Estimate{Number(mean), Number(null.Low), Number(null.High)},
	}
	var figures []figure
	var area func(weights []float64) float64
	cal.Brier, figures = b.brier(c, chosen)
	cal.Risk, area = b.riskCoverage(conf, right)
	b.bootstrap(cal.N, append(figures, figure{&cal.Risk.AURC, area})...)
	sum, correct := 0.0, 0
	for _, bin := range stats.Reliability(conf, right, CalibrationBins) {
		sum += bin.MeanConfidence * float64(bin.N)
		correct += bin.Correct
		cal.Bins = append(cal.Bins, ReliabilityBin{
			N: bin.N, Least: Number(bin.Low), Greatest: Number(bin.High), Mean: Number(bin.MeanConfidence),
			Accuracy: Estimate{Number(bin.Accuracy), Number(bin.Interval.Low), Number(bin.Interval.High)},
		})
	}
	cal.Mean = Number(sum / float64(cal.N))
	cal.Accuracy = wilson(float64(correct)/float64(cal.N), float64(cal.N))
	return cal
}

// brier scores the probabilities of those of the chosen test items that have
// some, and returns a figure to resample with each interval: the score, then its
// gain.
func (b *bench) brier(c *contender, chosen []int) (*Brier, []figure) {
	k := b.Tiers.Len()
	mix := b.trainMix()
	stated, losses, gains := make([]float64, len(chosen)), make([]float64, len(chosen)), make([]float64, len(chosen))
	var all, fixed []float64
	var truth []int
	for i, j := range chosen {
		p := b.decision(c, j).Probabilities
		if p == nil {
			continue
		}
		label := []int{b.items[b.test[j]].Tier}
		truth = append(truth, label[0])
		all, fixed = append(all, p...), append(fixed, mix...)
		stated[i], losses[i] = 1, stats.Brier(p, label, k)
		if mix != nil {
			gains[i] = stats.Brier(mix, label, k) - losses[i]
		}
	}
	if len(truth) == 0 {
		return nil, nil
	}
	s := &Brier{N: len(truth), Score: bare(stats.Brier(all, truth, k), 0), Reference: undefined().Value, Gain: undefined()}
	mean := func(of []float64) func(weights []float64) float64 {
		return func(weights []float64) float64 { return stats.Dot(weights, of) / stats.Dot(weights, stated) }
	}
	figures := []figure{{&s.Score, mean(losses)}}
	if mix != nil {
		s.Reference = Number(stats.Brier(fixed, truth, k))
		s.Gain.Value = s.Reference - s.Score.Value
		figures = append(figures, figure{&s.Gain, mean(gains)})
	}
	if s.N < fewestReplicated {
		return s, nil
	}
	return s, figures
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

// riskCoverage also returns the figure to resample with its interval.
func (b *bench) riskCoverage(conf []float64, right []bool) (RiskCoverage, func(weights []float64) float64) {
	n, wrong := len(conf), 0
	for _, is := range right {
		wrong += int(indicator(!is))
	}
	curve := stats.RiskCoverageCurve(conf, right)
	return RiskCoverage{
		AURC:    bare(stats.AURC(curve), 0),
		Random:  Number(float64(wrong) / float64(n)),
		Perfect: Number(stats.PerfectAURC(n, wrong)),
		P:       stats.AURCTest(conf, right, nullReplicates, b.Seed),
		Curve:   thinned(curve),
	}, rankByConfidence(conf, right).area
}

// A figure is an estimate whose interval is to be filled in, and its value where
// prompt i occurs weights[i] times: NaN where none has probabilities.
type figure struct {
	dst *Estimate
	of  func(weights []float64) float64
}

// bootstrap fills in percentile intervals from resamples of n prompts.
func (b *bench) bootstrap(n int, figures ...figure) {
	if n < fewestReplicated {
		return
	}
	replicates := stats.Bootstrap(n, len(figures), b.Replicates, b.Seed, func(weights, out []float64) {
		for f, figure := range figures {
			out[f] = figure.of(weights)
		}
	})
	for f, figure := range figures {
		i := stats.Percentile(replicates[f], confidence)
		figure.dst.Low, figure.dst.High = Number(i.Low), Number(i.High)
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
