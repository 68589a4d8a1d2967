package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/stats"
	"github.com/routeproof/routeproof/internal/wording"
)

// report is a page about a run.
type report struct {
	page
	run    *pipeline.Run
	result *eval.Result
	err    error // of what could not be read
}

// Markdown returns report.md: the verdict first, then tables and plots, then
// method and provenance. Points of pairs that cannot be read are an error.
func Markdown(run *pipeline.Run) (string, error) {
	r := &report{run: run, result: run.Result}
	r.WriteString("# Which classifier should route your requests?\n\n")
	r.notes()
	r.outcomesNote()
	r.verdict()
	r.warnings()
	r.classifiers()
	r.costs()
	r.hybrid()
	r.nested()
	r.tiers()
	r.pairs()
	r.parts()
	r.confidence()
	r.mistakes()
	r.policies()
	r.artifact()
	r.method()
	r.provenance()
	return r.String(), r.err
}

// notes says first what every reader must know of the data.
func (r *report) notes() {
	if r.run.Data.Note != "" {
		r.text("> **%s** %s", escape(r.run.Data.Name), escape(r.run.Data.Note))
	}
	if l := r.run.LLM; l != nil {
		note := ""
		if l.Note != "" {
			note = ": " + escape(l.Note)
		}
		if l.Live {
			r.text("> **The LLM was asked**: %s. Its costs are those billed, or computed from token counts and configured prices; its latencies were measured.%s", escape(l.Source), steady(l.Steady))
			return
		}
		r.text("> **The LLM's answers are recorded**, not live: %s from %s%s. Costs and latencies that were not recorded with them are computed from token counts and configured prices.",
			wording.Plural(l.Recorded, "answer"), escape(l.Source), note)
	}
}

// steady says how often repeated questions got the same answer.
func steady(s *pipeline.Steady) string {
	if s == nil {
		return ""
	}
	if s.Prompts == 0 {
		return fmt.Sprintf(" Asked %d times, it named a tier each time for no prompt.", s.Times)
	}
	i := stats.Wilson(s.Same, s.Prompts, 0.95)
	return fmt.Sprintf(" Asked %d times, it named the same tier each time for %d of the %d prompts that it always named a tier for: %s (95 %% interval %s to %s).",
		s.Times, s.Same, s.Prompts, percent(float64(s.Same)/float64(s.Prompts)), percent(i.Low), percent(i.High))
}

// outcomesNote says what every reader must know of the outcomes.
func (r *report) outcomesNote() {
	if p := r.run.Policies; p != nil && p.Note != "" {
		r.text("> **%s** %s", escape(p.Outcomes), escape(p.Note))
	}
}

func (r *report) warnings() {
	all := append(slices.Clone(r.run.Warnings), r.result.Warnings...)
	if len(all) == 0 {
		return
	}
	r.heading(2, "Warnings")
	for _, w := range all {
		r.bullet("%s", escape(w))
	}
	r.end()
}

func (r *report) classifiers() {
	r.heading(2, "Classifiers")
	order := "by expected cost, best first"
	if r.result.Unpriced != "" {
		order = "by accuracy, best first"
	}
	r.text("On %s in %s, %s. Square brackets hold 95 %% intervals.",
		wording.Plural(r.result.N, "test prompt"), wording.Plural(r.result.Groups, "independent group"), order)
	header := []string{"", "accuracy", "macro-F1", "quadratic κ", "sent too low", "sent too high", "USD per 1,000"}
	row := func(s eval.Score) []string {
		return []string{code(s.Name), shareCell(s.Accuracy), pointCell(s.MacroF1), pointCell(s.QuadraticKappa),
			shareCell(s.UnderRouting), shareCell(s.OverRouting), usdCell(s.Cost.Headline)}
	}
	var rows [][]string
	for _, s := range r.result.Classifiers {
		rows = append(rows, row(s))
	}
	r.table(header, rows)
	r.notRun()
	r.text("Baselines, which need no classifier:")
	rows = nil
	for _, s := range r.result.Baselines {
		rows = append(rows, []string{code(s.Name), numberCell(s.Accuracy.Value, percent), numberCell(s.MacroF1.Value, threeDigits),
			numberCell(s.QuadraticKappa.Value, threeDigits), numberCell(s.UnderRouting.Value, percent),
			numberCell(s.OverRouting.Value, percent), numberCell(s.Cost.Headline.Value, usd)})
	}
	r.table(header, rows)
	r.image(plotAccuracy, "Accuracy of classifiers and baselines")
	if r.result.Unpriced == "" {
		r.image(plotCost, "Expected cost against accuracy")
		r.text("The oracle is not in that plot: it would be the whole frontier.")
	}
	r.mixed()
	r.alternatives()
}

// mixed shows the figures for another tier mix, where one is given.
func (r *report) mixed() {
	m := r.result.Mixed
	if m == nil {
		return
	}
	r.heading(3, "At your tier mix")
	if m.Undefined != "" {
		r.text("No figures for %s: %s.", escape(mixText(r.run)), escape(m.Undefined))
		return
	}
	r.text("Every tier's test prompts count as much as your traffic has of it: %s; there are %s of them. Within a tier your requests are taken to be like these prompts. Least expected cost first.",
		escape(mixText(r.run)), listed(m.Support))
	var rows [][]string
	for _, s := range m.Scores {
		rows = append(rows, []string{code(s.Name), shareCell(s.Accuracy), shareCell(s.UnderRouting), usdCell(s.Headline), shareCell(s.Saving)})
	}
	r.table([]string{"", "accuracy", "sent too low", "USD per 1,000", "saving on " + code("always "+r.run.Tiers.Name(r.run.Tiers.Len()-1))}, rows)
}

// points is a difference of shares in percentage points.
func points(v float64) string {
	return strings.Replace(fmt.Sprintf("%+.1f points", 100*v), "-", "−", 1)
}

// alternatives shows what further measures exist.
func (r *report) alternatives() {
	header := []string{"", "out-of-fold accuracy, all labelled", "out-of-fold quadratic κ", "balanced accuracy", "mean tier error", "right or second label", "same decisions shuffled", "answers that are no tier", "no answer"}
	var rows [][]string
	for _, s := range r.result.Classifiers {
		fold, kappa, alt, shuffled := missing, missing, missing, missing
		if s.OutOfFold != nil {
			fold = fmt.Sprintf("%s (n = %s)", shareCell(*s.OutOfFold), wording.Thousands(s.OutOfFoldN))
		}
		if s.OutOfFoldKappa != nil {
			kappa = pointCell(*s.OutOfFoldKappa)
		}
		if s.AltAccuracy != nil {
			alt = shareCell(*s.AltAccuracy)
		}
		if s.Shuffled != nil {
			shuffled = numberCell(s.Shuffled.Accuracy, percent)
		}
		rows = append(rows, []string{code(s.Name), fold, kappa, shareCell(s.BalancedAccuracy), numberCell(s.MeanTierError, threeDigits),
			alt, shuffled, fmt.Sprint(s.Invalid), fmt.Sprint(s.Errors)})
	}
	r.folded("More measures", func() { r.table(header, rows) })
}

func (r *report) costs() {
	if r.result.Unpriced != "" {
		return
	}
	r.heading(2, "What it costs")
	r.text("USD per 1,000 requests. Expected cost is the sum of classifying, the picked models, and paying under-routed requests again at their true tier.")
	var rows [][]string
	for _, s := range r.result.Classifiers {
		c := s.Cost
		behind := "best"
		if c.Behind.Value.Defined() {
			behind = usdCell(c.Behind)
		} else if !c.Headline.Value.Defined() {
			behind = missing
		}
		rows = append(rows, []string{code(s.Name), quantityCell(c.Classify, usd), quantityCell(c.Picked, usd), quantityCell(c.Again, usd),
			numberCell(c.Headline.Value, usd), shareCell(c.Saving), behind, numberCell(c.Cheapest, percent),
			quantityCell(s.LatencyP50, milliseconds), quantityCell(s.LatencyP95, milliseconds)})
	}
	dearest := r.run.Tiers.Name(r.run.Tiers.Len() - 1)
	r.table([]string{"", "classifying", "picked models", "paid again", "expected cost", "saving against always " + escape(dearest),
		"above the best", "cheapest in", "latency p50", "p95"}, rows)
	r.text("%s Latency is that of classifying; local classifiers are taken as 0 ms, and what they really took stands in `%s`.", originLegend, RunFile)
	r.text("How long answers are is assumed, by the true tier of the prompt. With other lengths:")
	header := []string{"answers are"}
	for _, s := range r.result.Classifiers {
		header = append(header, code(s.Name))
	}
	header = append(header, "always "+escape(dearest), "best")
	rows = nil
	for _, s := range r.result.Sensitivity {
		cells := []string{fmt.Sprintf("× %g", s.Scale)}
		for _, h := range s.Headline {
			cells = append(cells, numberCell(h, usd))
		}
		rows = append(rows, append(cells, numberCell(s.Dearest, usd), code(s.Best)))
	}
	r.table(header, rows)
}

func (r *report) artifact() {
	m := r.run.Artifact.Manifest()
	r.heading(2, "The artifact")
	r.text("`%s` holds what the %s classifier used: %s, with thresholds, probability scale, canaries and the figures above. %s",
		ArtifactFile, code(pipeline.EmbeddingName), heldBy(m), r.howToVerify())
	r.embedder()
	accepts := "it accepts every text (thresholds are neither tuned nor certified)"
	for _, name := range m.Tiers {
		if m.Thresholds[name] > -1 || m.Margin > 0 {
			accepts = "it sends texts below its thresholds to the fallback tier"
		}
	}
	r.bullet("%s; fallback tier %s", accepts, code(m.Fallback))
	if m.InverseTemperature != nil {
		r.bullet("probabilities: softmax of %.4g × %s, fitted on tune", *m.InverseTemperature, scaledWords(m))
	}
	r.bullet("SHA-256 %s", code(m.SHA256))
	r.end()
	r.choice()
}

func (r *report) method() {
	r.heading(2, "Method")
	split := "Prompts are put into train, tune, calibrate and test by a hash of salt and group."
	if r.run.Data.SplitBy == "column" {
		split = "Train, tune, calibrate and test are those of the prompts' own split column; a split that it never names is cut from train by a hash of salt and group."
	}
	for _, line := range []string{
		split + " Prompts with the same group or the same text share a split. Centroids and scorers are fitted on train; temperatures and the margin of the three-stage hybrid, where none is configured, on tune; everything above is reported on test, but for what says otherwise.",
		"Out-of-fold accuracy covers all labelled prompts: five grouped folds, each classified by a classifier that was fitted without it." + r.chosenOnce(),
		"Intervals of rates are Wilson's, for the effective number of groups (Σs)²/Σs² of their sizes s rather than of prompts. Those of macro-F1, balanced accuracy and quadratic κ are BCa bootstrap intervals over groups. Those of costs and of their differences are percentile intervals over resampled groups; with a few dozen prompts they are somewhat too narrow. None is adjusted for how many figures the report shows.",
		"All cost figures are about the same prompts: those on which every classifier's own cost is known. A classifier whose cost is unknown for more than 5 % of the test prompts has none.",
		"Confidence is that of softmax(β · " + scaledWords(r.run.Artifact.Manifest()) + "), with β fitted on tune, or of the LLM's log-probabilities likewise scaled. ECE has up to 15 bins of nearly equal size; its comparison draws right and wrong by the stated confidences 1,000 times. The intervals of Brier and AURC are percentiles over resampled prompts, p is the share of random orders, out of 1,000, with an AURC no greater.",
		"Macro-F1 averages the tiers that occur as truth or prediction. Quadratic κ counts an error of two tiers four times one of one tier; 0 is chance.",
		"Of the baselines of classifiers, `random` picks every tier alike; `majority` always picks the commonest tier of train; `length` sees only the number of runes, cut so that train's tier mix results; `oracle` always picks the true tier. Figures of `random` and of shuffled decisions are of the expected counts: those of accuracy and cost are exact expectations, macro-F1 is that of these counts.",
	} {
		r.bullet("%s", line)
	}
	r.end()
	r.text("Models and prices, USD per million tokens:")
	var rows [][]string
	price := func(v *float64) string {
		if v == nil {
			return "unknown"
		}
		return fmt.Sprintf("%g", *v)
	}
	for _, t := range r.run.Config.Tiers {
		tokens, took := "unknown", "unknown"
		if t.ExpectedOutput > 0 {
			tokens = fmt.Sprintf("%g", t.ExpectedOutput)
			if t.TTFTMS != nil && t.TokensPerS != nil {
				took = fmt.Sprintf("%.1f s", *t.TTFTMS/1000 + t.ExpectedOutput / *t.TokensPerS)
			}
		}
		rows = append(rows, []string{code(t.Name), escape(t.Model), price(t.InputPerM), price(t.OutputPerM), tokens, took})
	}
	if l := r.run.Config.Classifiers.LLM; r.run.LLM != nil {
		rows = append(rows, []string{"LLM classifier", escape(l.Model), price(l.InputPerM), price(l.OutputPerM), missing, missing})
	}
	r.table([]string{"tier", "model", "input", "output", "assumed tokens in an answer", "so an answer takes"}, rows)
	r.text("Input tokens are counted with the o200k_base vocabulary, which is approximate for models of other makers than OpenAI.")
}

func (r *report) provenance() {
	d := r.run.Data
	r.heading(2, "Provenance")
	r.text("%s: %s, %s of them unlabelled. Salt %s.", escape(d.Name), wording.Plural(d.Prompts, "prompt"), wording.Thousands(d.Unlabelled), code(d.Salt))
	names := r.run.Tiers.Names()
	if d.Unlabelled > 0 {
		names = append(names, datasets.Unlabelled)
	}
	var rows [][]string
	for _, s := range datasets.Splits() {
		cells := []string{s.String()}
		for _, t := range names {
			cells = append(cells, wording.Thousands(d.Counts[s.String()][t]))
		}
		rows = append(rows, cells)
	}
	header := []string{"split"}
	for _, t := range names {
		header = append(header, code(t))
	}
	r.table(header, rows)
	r.bullet("content SHA-256 %s", code(d.SHA256))
	r.bullet("labels SHA-256 %s", code(d.LabelSHA))
	r.bullet("splits SHA-256 %s", code(d.SplitSHA))
	r.bullet("bootstrap: %s replicates, seed %d", wording.Thousands(r.run.Config.Bootstrap.Replicates), r.run.Config.Bootstrap.Seed)
	r.end()
	r.text("When, where and with which version this was made stands in `%s`; every prediction in `%s`; every figure in `%s`.", RunFile, PredictionsFile, ResultFile)
}
