package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/svgplot"
)

// plot is a picture of the report. file is relative to the run's folder.
type plot struct {
	file, alt string
	svg       []byte
}

// Keys of the plots, which the report places.
const (
	plotAccuracy  = "plots/accuracy.svg"
	plotCost      = "plots/cost.svg"
	plotConfusion = "plots/confusion.svg"
	plotScores    = "plots/scores.svg"
	plotPolicies  = "plots/policies.svg"
	plotCurves    = "plots/curves.svg"
	plotShare     = "plots/share.svg"
	plotRisk      = "plots/risk.svg"
)

func drawPlots(run *pipeline.Run) []plot {
	plots := []plot{
		{plotAccuracy, "accuracy of each classifier with its interval", accuracyPlot(run.Result)},
		{plotConfusion, "confusion matrix of the best classifier", confusionPlot(run)},
		{plotScores, "scores of the embedding classifier by true tier", scoresPlot(run)},
	}
	if run.Result.Unpriced == "" {
		plots = append(plots, plot{plotCost, "cost against accuracy", costPlot(run)})
	}
	plots = append(plots, confidencePlots(run.Result)...)
	if run.Policies != nil {
		plots = append(plots, plot{plotPolicies, "cost against quality of policies", policiesPlot(run.Policies)})
		for _, p := range curvePlots(run.Policies.Routes) {
			if p.svg != nil {
				plots = append(plots, p)
			}
		}
	}
	return plots
}

// everyScore calls f for classifiers, then baselines.
func everyScore(r *eval.Result, f func(s eval.Score, baseline bool)) {
	for _, s := range r.Classifiers {
		f(s, false)
	}
	for _, s := range r.Baselines {
		f(s, true)
	}
}

func accuracyPlot(r *eval.Result) []byte {
	var points []svgplot.Point
	everyScore(r, func(s eval.Score, baseline bool) {
		p := svgplot.Point{Label: s.Name, Value: float64(s.Accuracy.Value), N: s.N, Baseline: baseline,
			Low: float64(s.Accuracy.Low), High: float64(s.Accuracy.High)}
		if baseline {
			p.Low, p.High = math.NaN(), math.NaN()
		}
		points = append(points, p)
	})
	return svgplot.Dots("Accuracy on the test prompts", "share of prompts sent to their true tier, 95 % Wilson interval", points, percent)
}

// costPlot draws classifiers in the order in which they ran, so that each keeps
// its colour and shape whatever its rank.
func costPlot(run *pipeline.Run) []byte {
	order := map[string]int{}
	for i, p := range run.Predictions {
		order[p.Classifier] = i
	}
	for _, s := range run.Result.Baselines {
		order[s.Name] = len(order)
	}
	var points []svgplot.XY
	everyScore(run.Result, func(s eval.Score, baseline bool) {
		if s.Name == "oracle" {
			return // it would be the whole frontier
		}
		h, a := s.Cost.Headline, s.Accuracy
		p := svgplot.XY{Label: s.Name, Baseline: baseline, X: float64(h.Value), Y: float64(a.Value),
			XLow: float64(h.Low), XHigh: float64(h.High), YLow: float64(a.Low), YHigh: float64(a.High)}
		if baseline {
			p.XLow, p.XHigh, p.YLow, p.YHigh = math.NaN(), math.NaN(), math.NaN(), math.NaN()
		}
		points = append(points, p)
	})
	slices.SortFunc(points, func(a, b svgplot.XY) int { return order[a.Label] - order[b.Label] })
	return svgplot.Scatter("Expected cost against accuracy",
		"USD per 1,000 requests, under-routed requests paid again", "accuracy", svgplot.Kinds{Filled: "classifier", Hollow: "baseline"}, points, true, usd, percent)
}

func confusionPlot(run *pipeline.Run) []byte {
	best := run.Result.Classifiers[0]
	return svgplot.Confusion("Where "+best.Name+" sends test prompts", run.Result.Tiers, best.Confusion.Counts())
}

// scoresPlot shows, for the test prompts of each true tier, their scores for
// each tier.
func scoresPlot(run *pipeline.Run) []byte {
	k := run.Tiers.Len()
	values := make([][][]float64, k)
	for t := range values {
		values[t] = make([][]float64, k)
	}
	i := slices.IndexFunc(run.Predictions, func(p *eval.Predictions) bool { return p.Classifier == pipeline.EmbeddingName })
	for j, d := range run.Predictions[i].Final.All() {
		if it := run.Items[j]; it.Split == datasets.Test && d.Scores != nil {
			for t, s := range d.Scores {
				values[it.Tier][t] = append(values[it.Tier][t], s)
			}
		}
	}
	boxes := make([][]svgplot.Box, k)
	for truth := range values {
		for _, v := range values[truth] {
			slices.Sort(v)
			boxes[truth] = append(boxes[truth], svgplot.Box{N: len(v),
				Low: quantile(v, 0.05), Q1: quantile(v, 0.25), Median: quantile(v, 0.5), Q3: quantile(v, 0.75), High: quantile(v, 0.95)})
		}
	}
	names := run.Tiers.Names()
	return svgplot.Boxes("Embedding scores by true tier", scoreWords(run.Artifact.Manifest()), names, names, boxes)
}

// quantile interpolates between order statistics of sorted values; NaN of none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

func percent(v float64) string {
	format := "%.1f %%"
	if math.Abs(v) >= 1e9 { // beside next to nothing
		format = "%.3g %%"
	}
	return strings.Replace(fmt.Sprintf(format, 100*v), "-", "−", 1)
}

// usd writes an amount with three to four significant digits.
func usd(v float64) string {
	a := math.Abs(v)
	sign := ""
	if v < 0 {
		sign = "−"
	}
	switch {
	case a >= 1000:
		return fmt.Sprintf("%s$%.0f", sign, a)
	case a >= 100:
		return fmt.Sprintf("%s$%.1f", sign, a)
	case a >= 1 || a == 0:
		return fmt.Sprintf("%s$%.2f", sign, a)
	case a >= 0.01:
		return fmt.Sprintf("%s$%.4f", sign, a)
	}
	return fmt.Sprintf("%s$%.3g", sign, a)
}
