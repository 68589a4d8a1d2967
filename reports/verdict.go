package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// verdict is what a reader takes away in a minute: which classifier, what it
// saves, how sure that is, and what speaks against it.
func (r *report) verdict() {
	best := r.result.Classifiers[0]
	r.heading(2, "Verdict")
	if r.result.Unpriced != "" {
		r.text("**%s is right most often: %s of %s** (95 %% interval %s). Costs are unknown, so nothing is said of savings: %s.",
			code(best.Name), percent(float64(best.Accuracy.Value)), plural(r.result.N, "test prompt"), span(best.Accuracy, percent), escape(r.result.Unpriced))
	} else {
		dearest := r.run.Tiers.Name(r.run.Tiers.Len() - 1)
		r.text("**%s is the cheapest classifier: %s per 1,000 requests, %s less than sending everything to %s** (95 %% interval of the saving %s). "+
			"That counts its own cost, and pays every request that it sent too low once more at the right tier. "+
			"It picks the right tier for %s of %s (%s) and sends %s too low.",
			code(best.Name), usd(float64(best.Cost.Headline.Value)), percent(float64(best.Cost.Saving.Value)), code(dearest),
			span(best.Cost.Saving, percent), percent(float64(best.Accuracy.Value)), plural(r.result.N, "test prompt"),
			span(best.Accuracy, percent), percent(float64(best.UnderRouting.Value)))
	}
	r.howSure(best)
	r.against(best)
	r.end()
	if r.result.Unpriced == "" && r.run.Config.FixedCost > 0 {
		r.breakEven(best)
	}
}

func span(e eval.Estimate, format func(float64) string) string {
	if !e.Low.Defined() || !e.High.Defined() {
		return "no interval"
	}
	return strings.TrimSuffix(format(float64(e.Low)), " %") + " to " + format(float64(e.High))
}

// howSure compares the best classifier with the next.
func (r *report) howSure(best eval.Score) {
	if len(r.result.Classifiers) < 2 {
		return
	}
	next := r.result.Classifiers[1]
	if behind := next.Cost.Behind; behind.Value.Defined() {
		word := "That order is not settled"
		if behind.Low > 0 {
			word = "That order is settled at 95 %"
		}
		costs := fmt.Sprintf("costs %s more (%s)", usd(float64(behind.Value)), span(behind, usd))
		if behind.Value == 0 {
			costs = "costs the same"
		}
		r.bullet("%s: %s, the next, %s, and %s was the cheapest in %s of resamples.",
			word, code(next.Name), costs, code(best.Name), percent(float64(best.Cost.Cheapest)))
	}
	r.mostAccurate(best)
	if i := slices.IndexFunc(r.result.Pairs, func(p eval.Pair) bool { return p.A == best.Name && p.HolmP <= 0.05 && p.Diff < 0 }); i >= 0 {
		r.bullet("%s is right more often (McNemar, Holm-adjusted p = %s), but dearer.", code(r.result.Pairs[i].B), pValue(r.result.Pairs[i].HolmP))
	}
}

// mostAccurate names the classifier that is right most often, where that is
// another one: whoever weighs quality above cost wants to know.
func (r *report) mostAccurate(best eval.Score) {
	top := best
	for _, s := range r.result.Classifiers {
		if s.Accuracy.Value > top.Accuracy.Value {
			top = s
		}
	}
	if top.Name == best.Name {
		return
	}
	cost := ""
	if top.Cost.Behind.Value.Defined() {
		cost = fmt.Sprintf(", and costs %s more (%s)", usd(float64(top.Cost.Behind.Value)), span(top.Cost.Behind, usd))
	}
	r.bullet("%s is right most often: %s, quadratic κ %s against %s; it sends %s too low%s.", code(top.Name),
		percent(float64(top.Accuracy.Value)), numberCell(top.QuadraticKappa.Value, threeDigits), numberCell(best.QuadraticKappa.Value, threeDigits),
		percent(float64(top.UnderRouting.Value)), cost)
}

// against holds the best classifier to the baselines: whatever they reach
// takes no classifier.
func (r *report) against(best eval.Score) {
	if i := r.baseline("majority"); i >= 0 {
		m := r.result.Baselines[i]
		switch {
		case best.Accuracy.Low > m.Accuracy.Value:
			r.bullet("It beats the majority baseline, which is right for %s.", percent(float64(m.Accuracy.Value)))
		case best.Accuracy.Value > m.Accuracy.Value:
			r.bullet("It is not shown to beat the majority baseline: that one is right for %s, which lies within the interval above.", percent(float64(m.Accuracy.Value)))
		default:
			r.bullet("**It is not right more often than the majority baseline** (%s): on accuracy alone it is worth nothing.", percent(float64(m.Accuracy.Value)))
		}
	}
	if s := best.Shuffled; s != nil && s.Headline.Defined() {
		r.bullet("The same decisions dealt to the prompts at random would cost %s and be right for %s: the difference is its skill.",
			usd(float64(s.Headline)), percent(float64(s.Accuracy)))
	}
	cheaper := []string{}
	for _, b := range r.result.Baselines {
		if b.Name != "oracle" && b.Cost.Headline.Value.Defined() && b.Cost.Headline.Value < best.Cost.Headline.Value {
			cheaper = append(cheaper, fmt.Sprintf("%s (%s, sends %s too low)", code(b.Name), usd(float64(b.Cost.Headline.Value)), percent(float64(b.UnderRouting.Value))))
		}
	}
	if len(cheaper) > 0 {
		r.bullet("**Without any classifier it goes cheaper still: %s.** The cost rule supposes that every answer of too small a model is noticed and asked again. "+
			"Where such answers reach your users, read the under-routing column first.", strings.Join(cheaper, "; "))
	}
}

func (r *report) baseline(name string) int {
	return slices.IndexFunc(r.result.Baselines, func(s eval.Score) bool { return s.Name == name })
}

// breakEven says from what volume the saving exceeds the fixed cost.
func (r *report) breakEven(best eval.Score) {
	saving := float64(r.dearest().Cost.Headline.Value-best.Cost.Headline.Value) / 1000
	fixed := r.run.Config.FixedCost
	if saving <= 0 {
		r.text("It saves nothing, so its fixed cost of %s a day is never earned.", usd(fixed))
		return
	}
	r.text("At the configured fixed cost of %s a day it pays from **%s requests a day** on.", usd(fixed), thousands(int(fixed/saving)+1))
}

// dearest is the baseline that sends everything to the last tier.
func (r *report) dearest() eval.Score { return r.result.Baselines[r.run.Tiers.Len()-1] }

// notRun names the classifiers that were left out.
func (r *report) notRun() {
	byReason := map[pipeline.NotRun][]string{}
	var order []pipeline.NotRun
	for _, n := range r.run.NotRun {
		key := pipeline.NotRun{Why: n.Why, How: n.How}
		if _, seen := byReason[key]; !seen {
			order = append(order, key)
		}
		byReason[key] = append(byReason[key], code(n.Classifier))
	}
	for _, key := range order {
		r.text("Not run: %s (%s). To run them: %s.", strings.Join(byReason[key], ", "), escape(key.Why), escape(key.How))
	}
}
