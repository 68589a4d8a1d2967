package reports

import (
	"fmt"
	"math"
	"time"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/logs"
	"github.com/routeproof/routeproof/eval/stats"
	"github.com/routeproof/routeproof/internal/svgplot"
	"github.com/routeproof/routeproof/internal/wording"
)

// Plots of a log. They may stand beside those of a run.
const (
	plotLogCost    = "plots/log-cost.svg"
	plotLogDays    = "plots/log-days.svg"
	plotLogTiers   = "plots/log-tiers.svg"
	plotLogLatency = "plots/log-latency.svg"
	plotLogScores  = "plots/log-scores.svg"
)

const logLines = 5 // features in the plot of days

// logPlots draws what there is data for.
func logPlots(l *Log) (out []plot) {
	for _, p := range []plot{
		{plotLogCost, "known cost of each feature", logCostPlot(l.Summary)},
		{plotLogDays, "known cost of each day by feature", logDaysPlot(l.Summary)},
		{plotLogTiers, "share of answers of each tier with its interval", logTiersPlot(l.Summary)},
		{plotLogLatency, "median, 95th and 99th percentile of latency by tier", logLatencyPlot(l.Summary)},
		{plotLogScores, "distribution of scores at calibration and in the log", logScoresPlot(l.Summary)},
	} {
		if p.svg != nil {
			out = append(out, p)
		}
	}
	return out
}

func logCostPlot(s *logs.Summary) []byte {
	var points []svgplot.Point
	known := 0
	for _, f := range s.Features {
		if !f.USD.Defined() {
			continue
		}
		if known++; known <= logTerminalFeatures {
			points = append(points, svgplot.Point{Label: f.Name, Value: float64(f.USD), Low: math.NaN(), High: math.NaN(), N: f.Requests - f.Unknown})
		}
	}
	if len(points) == 0 {
		return nil
	}
	title := "Known cost by feature"
	if known > len(points) {
		title += fmt.Sprintf(", the dearest %d of %s", len(points), wording.Thousands(known))
	}
	return svgplot.Dots(title, "USD; n: requests whose cost is known", points, dollars)
}

// logDaysPlot draws whole days, as the log's first and last would look cheap; all
// of them where fewer than two are whole.
func logDaysPlot(s *logs.Summary) []byte {
	if s.First == nil || s.Last == nil || s.Days < 2 || !s.Whole.USD.Defined() {
		return nil
	}
	const day = 24 * time.Hour
	first, last := s.First.In(time.UTC).Truncate(day), s.Last.In(time.UTC).Truncate(day)
	of := "whole days"
	if s.Complete >= 2 {
		first, last = first.Add(day), last.Add(-day)
	} else {
		of = "days, the first and the last in part"
	}
	var lines []svgplot.Line
	for i := range s.Features[:min(len(s.Features), logLines)] {
		lines = append(lines, dayLine(s, &s.Features[i], s.Features[i].Name, first, last))
	}
	if len(s.Features) > 1 {
		all := dayLine(s, &s.Whole, "all requests", first, last)
		all.Reference = true
		lines = append(lines, all)
	}
	title := "Known cost by day"
	if len(s.Features) > logLines {
		title += fmt.Sprintf(", the dearest %d of %s", logLines, wording.Plural(len(s.Features), "feature"))
	}
	date := func(v float64) string { return time.Unix(int64(math.Floor(v))*86400, 0).UTC().Format(time.DateOnly) }
	return svgplot.Lines(title, of+", UTC", "USD a day", svgplot.LineSigns{Line: "feature", Neither: true}, lines, nil, nil, date, dollars)
}

// dayLine is a feature's known cost on the log's days. Days of unknown cost are
// left out; on one that the feature does not have it had no requests.
func dayLine(s *logs.Summary, f *logs.Feature, label string, first, last time.Time) svgplot.Line {
	l := svgplot.Line{Label: label}
	known := map[string]logs.Spend{}
	for _, d := range f.Days {
		known[d.Day] = d.Spend
	}
	for _, d := range s.Whole.Days {
		day, err := time.Parse(time.DateOnly, d.Day)
		usd := known[d.Day].USD
		if err != nil || day.Before(first) || day.After(last) || !usd.Defined() {
			continue
		}
		l.X, l.Y = append(l.X, float64(day.Unix()/86400)), append(l.Y, float64(usd))
	}
	return l
}

func logTiersPlot(s *logs.Summary) []byte {
	total := s.Whole.Requests - s.Unanswered.Requests
	if total == 0 {
		return nil
	}
	var points []svgplot.Point
	for _, k := range s.Tiers {
		points = append(points, svgplot.Point{Label: k.Name, Value: float64(k.Share.Value), Low: float64(k.Share.Low), High: float64(k.Share.High), N: total})
	}
	return svgplot.Dots("Answers by tier", "share of answers, 95 % Wilson interval", points, percent)
}

func logLatencyPlot(s *logs.Summary) []byte {
	var points []svgplot.Point
	for _, k := range s.Tiers {
		for _, q := range []struct {
			name string
			v    eval.Number
		}{{"p50", k.Latency.P50}, {"p95", k.Latency.P95}, {"p99", k.Latency.P99}} {
			if q.v.Defined() {
				points = append(points, svgplot.Point{Label: k.Name + " " + q.name, Value: float64(q.v), Low: math.NaN(), High: math.NaN(), N: k.Latency.N})
			}
		}
	}
	if len(points) == 0 {
		return nil
	}
	return svgplot.Dots("Latency by tier", "milliseconds; right to within 1 %", points, amountMS)
}

// logScoresPlot sets the scores of the log beside those of calibration, in cells
// that each have about as many of the latter.
func logScoresPlot(s *logs.Summary) []byte {
	if s.Drift == nil || s.Drift.Score == nil || len(s.Drift.Score.Cells) < 2 {
		return nil
	}
	cells := s.Drift.Score.Cells
	n, m := cellTotals(s.Drift.Score)
	then := svgplot.Line{Label: "calibration, n = " + wording.Thousands(n), Reference: true}
	now := svgplot.Line{Label: "log, n = " + wording.Thousands(m)}
	for i, c := range cells {
		x := float64(i)
		then.X, then.Y = append(then.X, x), append(then.Y, float64(c.Reference)/float64(n))
		share := wilson(c.Requests, m)
		now.X, now.Y = append(now.X, x), append(now.Y, float64(share.Value))
		now.Bands = append(now.Bands, svgplot.Band{X: x, Low: float64(share.Low), High: float64(share.High)})
	}
	name := func(v float64) string {
		if i := int(v); v >= 0 && i < len(cells) && float64(i) == v {
			return cells[i].Name
		}
		return ""
	}
	return svgplot.Lines("Scores then and now", "highest score", "share of requests", svgplot.LineSigns{Line: "requests of the log", Band: "95 % Wilson interval", Dots: true, Neither: true},
		[]svgplot.Line{now, then}, nil, nil, name, percent)
}

// wilson is k of n with its interval.
func wilson(k, n int) eval.Estimate {
	i := stats.Wilson(k, n, 0.95)
	return eval.Estimate{Value: eval.Number(float64(k) / float64(n)), Low: eval.Number(i.Low), High: eval.Number(i.High)}
}
