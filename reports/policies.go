package reports

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/internal/svgplot"
	"github.com/routeproof/routeproof/internal/wording"
)

const perThousand = 1000 // requests that costs are shown for

// policies shows what serving the test prompts by each policy came to.
func (r *report) policies() {
	p := r.run.Policies
	r.heading(2, "Policies")
	if p == nil {
		r.text("Not simulated: give the recorded outcomes of the tiers' models with `--outcomes FILE`.")
		return
	}
	c := p.Comparison
	r.text("How good, dear and fast it is to serve the %s that every policy below serves with known quality (%s of %s left out), on the outcomes %s. "+
		"Costs are over the %s whose cost is known under every policy, latencies over the %s whose latency is. Square brackets hold 95 %% intervals; differences are paired.",
		wording.Plural(c.N, "test prompt"), wording.Thousands(c.LeftOut), wording.Thousands(c.N+c.LeftOut), code(p.Outcomes), wording.Thousands(c.Priced), wording.Thousands(c.Timed))
	if p.Unlabelled > 0 {
		r.text("Among these %s are %s without a tier, in no figure of the classifiers above: nobody labelled them or, where labels are derived from outcomes, no tier's model gets them right.",
			wording.Thousands(c.N+c.LeftOut), wording.Thousands(p.Unlabelled))
	}
	if p.Note != "" {
		r.text("**These outcomes are no recordings**: see the first lines of this report.")
	}
	if c.Axis == simulate.AxisLast {
		r.text("Costs are known for too few, under 95 %%, so the axis of cost is the share of requests that reach the last model. It does not see what other calls cost.")
	}
	r.policyTable(c)
	r.image(plotPolicies, "Cost against quality of policies")
	r.text("**Bold** policies are on the frontier: no other is both as good and as cheap. *At equal cost* is the quality less that of a random mix of single models of the same cost, "+
		"*at equal quality* the saving on a mix of the same quality: where the interval does not lie above 0, the policy is not told from a coin toss between models. "+
		"The oracle takes the best answer and of equal ones the cheapest; no policy can. Latency is until the whole answer is there: summed over a cascade's calls, the slower of two parallel ones. %s", originLegend)
	r.cascade(p)
	r.agreement(p)
	r.routes(p.Routes)
	for _, note := range p.Notes {
		r.bullet("%s", escape(note))
	}
	if len(p.Notes) > 0 {
		r.end()
	}
	r.text("Every threshold of the checks and of agreement stands in `%s` and `%s`.", CascadeFile, ParallelFile)
	if x := p.Routes; x != nil && (x.Largest.Defined() || len(x.Models) == 2) {
		r.text("The settings of the routers by score stand in `%s`.", CurvesFile)
	}
}

func (r *report) policyTable(c *simulate.Comparison) {
	cost := "USD per 1,000"
	costCell := func(row simulate.Row) string {
		return estimateCell(scaled(row.Cost, perThousand), usd) + mark(row.Cost.Value, row.CostOrigin)
	}
	if c.Axis == simulate.AxisLast {
		cost, costCell = "reach the last model", func(row simulate.Row) string { return shareCell(row.Cost) }
	}
	var rows [][]string
	for _, row := range c.Rows {
		name := code(row.Policy)
		if row.Frontier {
			name = "**" + name + "**"
		}
		rows = append(rows, []string{name, pointCell(row.Quality), costCell(row), shareCell(row.Saving),
			estimateCell(row.BetterThanMix, signed), shareCell(row.CheaperThanMix), numberCell(row.P50, milliseconds) + mark(row.P50, row.LatencyOrigin), numberCell(row.P95, milliseconds) + mark(row.P95, row.LatencyOrigin)})
	}
	r.table([]string{"", "quality", cost, "saving on " + code(c.Reference), "at equal cost", "at equal quality", "p50", "p95"}, rows)
}

// mark says where a figure comes from, if it is known.
func mark(n eval.Number, origin eval.Origin) string {
	if !n.Defined() {
		return ""
	}
	return fmt.Sprintf(" <sup>%c</sup>", origin.String()[0])
}

func scaled(e eval.Estimate, by eval.Number) eval.Estimate {
	return eval.Estimate{Value: by * e.Value, Low: by * e.Low, High: by * e.High}
}

func signed(v float64) string { return strings.Replace(fmt.Sprintf("%+.3f", v), "-", "−", 1) }

// cascade shows what each model serves and what the checks tell.
func (r *report) cascade(p *pipeline.Policies) {
	r.heading(3, "The cascade")
	var rows [][]string
	for _, t := range p.Cascade {
		var why []string
		for _, reason := range slices.Sorted(maps.Keys(t.Reasons)) {
			why = append(why, fmt.Sprintf("%s %s", reason, wording.Thousands(t.Reasons[reason])))
		}
		rate := estimateCell(eval.Estimate{Value: t.Rate, Low: t.Interval[0], High: t.Interval[1]}, percent)
		rows = append(rows, []string{code(t.Tier), wording.Thousands(t.Asked), wording.Thousands(t.Served), wording.Thousands(t.Escalated), rate, t.Mark, strings.Join(why, ", ")})
	}
	r.table([]string{"tier", "asked", "served", "escalated", "rate", "", "answers not taken, by the first reason"}, rows)
	r.text("%s ended without an answer that passed. The rate says how often answers are refused, and is held against %.0f and %.0f %%; how good those are that were taken, the quality above says.",
		wording.Plural(p.Totals.Exhausted, "request"), 100*simulate.LowEscalation, 100*simulate.HighEscalation)
	r.text("Whether a check tells wrong answers from right ones, on all recorded answers of a model (Fisher's exact test on one prompt a group, Holm-adjusted over the checks that fire):")
	rows = nil
	for _, s := range p.Signals {
		if s.Fired == 0 {
			continue
		}
		wrong := eval.Estimate{Value: eval.Number(float64(s.FiredWrong) / float64(s.Fired)), Low: s.Precision[0], High: s.Precision[1]}
		rows = append(rows, []string{code(s.Model), s.Check, fmt.Sprintf("%s of %s", wording.Thousands(s.Fired), wording.Thousands(s.N)), shareCell(wrong),
			percent(float64(s.Wrong) / float64(s.N)), pValue(s.P), s.Verdict()})
	}
	if len(rows) == 0 {
		r.text("None fired.")
		return
	}
	r.table([]string{"model", "check", "fired", "wrong of these", "wrong of all", "p", ""}, rows)
}

// agreement shows each pair at its threshold.
func (r *report) agreement(p *pipeline.Policies) {
	r.heading(3, "Two models at once")
	how := "their final answers are the same (" + code(p.Agreement.Answer) + ")"
	if p.Agreement.By == pipeline.ByCosine {
		how = fmt.Sprintf("the cosine of their responses' vectors is at least %g", p.Agreement.SimilarityFrom())
	}
	r.text("The cheap one's answer is given where %s, else the dear one's. Both are always paid.", how)
	var rows [][]string
	for _, pair := range p.Pairs {
		point, err := pair.At(p.Agreement.SimilarityFrom())
		r.err = errors.Join(r.err, err)
		wrong := eval.Estimate{Value: point.False, Low: point.FalseCI[0], High: point.FalseCI[1]}
		rows = append(rows, []string{code(pair.Cheap) + " and " + code(pair.Dear), wording.Thousands(pair.N), shareCell(eval.Estimate{Value: point.AgreeRate, Low: point.AgreeCI[0], High: point.AgreeCI[1]}), shareCell(wrong),
			numberCell(point.Quality, threeDigits), numberCell(pair.DearQuality, threeDigits), numberCell(pair.BothWrong, percent), numberCell(pair.Independent, percent), pValue(pair.Dependence)})
	}
	r.table([]string{"", "prompts", "agree", "wrong of these", "quality", "dear one alone", "both wrong", "if they erred independently", "p"}, rows)
	r.text("The last column is Fisher's exact test of the one being wrong against the other, not adjusted for the number of pairs.")
}

// policiesPlot draws every policy but the oracle.
func policiesPlot(p *pipeline.Policies) []byte {
	c := p.Comparison
	label, unit, format := "USD per 1,000 requests", eval.Number(perThousand), usd
	if c.Axis == simulate.AxisLast {
		label, unit, format = "share of requests that reach the last model", 1, percent
	}
	var points []svgplot.XY
	for _, row := range c.Rows {
		if row.Oracle {
			continue // it would be the whole frontier
		}
		cost := scaled(row.Cost, unit)
		points = append(points, svgplot.XY{Label: strings.TrimPrefix(row.Policy, "parallel "), Baseline: row.Single, X: float64(cost.Value), XLow: float64(cost.Low), XHigh: float64(cost.High),
			Y: float64(row.Quality.Value), YLow: float64(row.Quality.Low), YHigh: float64(row.Quality.High)})
	}
	return svgplot.Scatter("Cost against quality", label, "mean quality", svgplot.Kinds{Filled: "policy", Hollow: "one model for everything"}, points, true, format, threeDigits)
}

// sweepRow is a row of cascade.parquet: a cascade at one threshold.
type sweepRow struct {
	Knob      string   `parquet:"knob,dict"`
	Threshold float64  `parquet:"threshold"`
	N         int64    `parquet:"n"`
	Quality   *float64 `parquet:"quality,optional"`
	CostUSD   *float64 `parquet:"cost_usd,optional"`
	Escalated int64    `parquet:"escalated"`
	Exhausted int64    `parquet:"exhausted"`
	Served    []int64  `parquet:"served,list"`
}

func writeCascade(w io.Writer, p *pipeline.Policies) error {
	pw := newParquetWriter[sweepRow](w)
	for _, s := range p.Sweeps {
		for x, err := range s.Points.All() {
			if err != nil {
				return err
			}
			row := sweepRow{Knob: string(s.Knob), Threshold: x.Threshold, N: int64(s.N), Quality: defined(x.Quality), CostUSD: defined(x.CostUSD),
				Escalated: int64(x.Escalated), Exhausted: int64(x.Exhausted)}
			for _, n := range x.Served {
				row.Served = append(row.Served, int64(n))
			}
			if _, err := pw.Write([]sweepRow{row}); err != nil {
				return err
			}
		}
	}
	return pw.Close()
}

// pairRow is a row of parallel.parquet: two models at one threshold. A
// threshold that is null is one that no two answers reach.
type pairRow struct {
	Cheap     string   `parquet:"cheap,dict"`
	Dear      string   `parquet:"dear,dict"`
	Threshold *float64 `parquet:"threshold,optional"`
	N         int64    `parquet:"n"`
	Agreed    int64    `parquet:"agreed"`
	AgreeRate *float64 `parquet:"agree_rate,optional"`
	Quality   *float64 `parquet:"quality,optional"`
	CostUSD   *float64 `parquet:"cost_usd,optional"`
	False     *float64 `parquet:"false_agreement,optional"`
	FalseLow  *float64 `parquet:"false_agreement_low,optional"`
	FalseHigh *float64 `parquet:"false_agreement_high,optional"`
}

func writeParallel(w io.Writer, p *pipeline.Policies) error {
	pw := newParquetWriter[pairRow](w)
	for _, pair := range p.Pairs {
		for x, err := range pair.Points.All() {
			if err != nil {
				return err
			}
			if _, err := pw.Write([]pairRow{{
				Cheap: pair.Cheap, Dear: pair.Dear, Threshold: defined(x.Threshold), N: int64(pair.N), Agreed: int64(x.Agreed),
				AgreeRate: defined(x.AgreeRate), Quality: defined(x.Quality), CostUSD: defined(x.CostUSD),
				False: defined(x.False), FalseLow: defined(x.FalseCI[0]), FalseHigh: defined(x.FalseCI[1]),
			}}); err != nil {
				return err
			}
		}
	}
	return pw.Close()
}
