package classify

import (
	"math"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// leastStated is the least probability that is told from others: 2⁻²⁴, about
// 6e-8. Models compute probabilities in single precision, where an answer's own
// can leave no less than this to all others without reading as 1. A tier that no
// alternative names, so that its probability reads as 0, has at most as much as
// those named; the bound also keeps the weight of one prompt at ln 2²⁴ ≈ 16.6
// nats at β = 1.
const leastStated = 1.0 / (1 << 24)

// Temperature says how the probabilities that a classifier stated were scaled.
type Temperature struct {
	Stated int     // decisions with probabilities
	N      int     // tune prompts that Beta was fitted on; 0: none, and Beta is 1
	Beta   float64 // inverse temperature, in [0, stats.MaxBeta]
	// Separable and Uninformative are those of [stats.Temperature].
	Separable, Uninformative bool
}

// ScaleTemperature returns the predictions of a classifier that has nothing to
// fit but states probabilities, such as a language model, with these put right
// on the tune split: p becomes softmax(β·ln p) with the β of the least mean
// negative log-likelihood (see [stats.FitTemperature]), and the confidence is
// that of the tier decided. Tiers, scores and all else stay. Nobody is asked
// again, and p is left as it is.
//
// Probabilities below 2⁻²⁴, such as 0, count as 2⁻²⁴ in the logarithm. β is fitted
// on one prompt a group, the first by order of items that has probabilities:
// copies would decide it by their number. That of Final is fitted on all of
// tune; that of an out-of-fold decision on the part of tune outside the item's
// fold. Where this holds no decision with probabilities they stay as stated.
//
// Items are in the order of the decisions, folds in [0, eval.Folds). All
// probabilities have one length, or it panics.
func ScaleTemperature(p *eval.Predictions, items []eval.Item) (*eval.Predictions, Temperature) {
	final := fitStated(p.Final, items, func(eval.Item) bool { return true })
	for _, d := range p.Final.All() {
		if d.Probabilities != nil {
			final.Stated++
		}
	}
	out := *p
	out.Final = scale(p.Final, func(int) Temperature { return final })
	if p.OutOfFold != nil {
		var folds [eval.Folds]Temperature
		for f := range folds {
			folds[f] = fitStated(p.OutOfFold, items, func(it eval.Item) bool { return it.Fold != f })
		}
		out.OutOfFold = scale(p.OutOfFold, func(i int) Temperature { return folds[items[i].Fold] })
	}
	return &out, final
}

// fitStated fits β on the tune items for which keep holds.
func fitStated(decisions *eval.Decisions, items []eval.Item, keep func(eval.Item) bool) Temperature {
	var logs []float64
	var labels []int
	classes := 0
	seen := map[string]bool{}
	for i, it := range items {
		d := decisions.At(i)
		if it.Split != datasets.Tune || d.Probabilities == nil || seen[it.Group] || !keep(it) {
			continue
		}
		seen[it.Group] = true
		classes = len(d.Probabilities)
		logs = append(logs, logStated(d.Probabilities)...)
		labels = append(labels, it.Tier)
	}
	if len(labels) == 0 {
		return Temperature{Beta: 1}
	}
	fit := stats.FitTemperature(logs, labels, classes)
	return Temperature{N: fit.N, Beta: fit.Beta, Separable: fit.Separable, Uninformative: fit.Uninformative}
}

// scale returns the decisions with the probabilities of decision i scaled as
// by(i) says.
func scale(decisions *eval.Decisions, by func(i int) Temperature) *eval.Decisions {
	out := eval.NewDecisions(decisions.Len())
	for i, d := range decisions.All() {
		if t := by(i); d.Probabilities != nil && t.N > 0 {
			scaled := logStated(d.Probabilities)
			stats.Softmax(scaled, scaled, t.Beta)
			d.Probabilities, d.Confidence = scaled, new(scaled[d.Tier])
		}
		out.Set(i, &d)
	}
	return out
}

// logStated returns the logarithms of probabilities, of 2⁻²⁴ at least.
func logStated(p []float64) []float64 {
	out := make([]float64, len(p))
	for k, v := range p {
		out[k] = math.Log(max(v, leastStated))
	}
	return out
}
