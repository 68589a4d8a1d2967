package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/wording"
)

// tooFew is the number of test prompts below which the report gives no verdict.
const tooFew = 30

// mostSilent is the share of prompts without a valid answer above which the
// verdict says so.
const mostSilent = 0.05

// verdict is what a reader takes away in a minute: which classifier, what it
// saves, how sure that is, and what speaks against it.
func (r *report) verdict() {
	best := r.result.Classifiers[0]
	r.heading(2, "Verdict")
	if r.result.N < tooFew {
		r.text("**%s are too few for a verdict** (%d would do for a first one). The tables below show how a report looks, not what is so.", wording.Plural(r.result.N, "test prompt"), tooFew)
		return
	}
	if r.result.Unpriced != "" {
		r.text("**%s is right most often: %s of %s** (95 %% interval %s). Costs are unknown, so nothing is said of savings: %s.",
			code(best.Name), percent(float64(best.Accuracy.Value)), wording.Plural(r.result.N, "test prompt"), span(best.Accuracy, percent), escape(r.result.Unpriced))
	} else {
		r.cheapest(best)
	}
	if silent := best.Invalid + best.Errors; float64(silent) > mostSilent*float64(best.N) {
		r.bullet("**%s named no tier for %d of %d test prompts**: the fallback tier stands in.", code(best.Name), silent, best.N)
	}
	r.howSure(best)
	r.mostAccurate(best)
	r.againstMajority(best)
	r.skill(best)
	r.atMix()
	r.end()
	if r.result.Unpriced == "" && r.run.Config.FixedCost > 0 {
		r.breakEven(best)
	}
}

// cheapest says what the best classifier costs, and whether one tier for all
// requests costs less.
func (r *report) cheapest(best eval.Score) {
	constant := r.cheapestTier()
	dearest := r.run.Tiers.Name(r.run.Tiers.Len() - 1)
	difference := float64(constant.Cost.Headline.Value - best.Cost.Headline.Value)
	against := ""
	if difference < 0 {
		against = fmt.Sprintf("; it is %s than that of %s", lessOrMore(best.Cost.Saving), code("always "+dearest))
		pays := "is shown to pay"
		if constant.Cost.Behind.High < 0 {
			pays = "pays"
		}
		r.text("**No classifier %s here: %s costs %s per 1,000 requests, the cheapest classifier, %s, %s** (%s less %s: %s). "+
			"The cost rule supposes that every answer of too small a model is noticed and asked again. "+
			"%s gives %s of requests too small a model, %s %s: where such answers reach your users, weigh those shares first.",
			pays, code(constant.Name), usd(float64(constant.Cost.Headline.Value)), code(best.Name), usd(float64(best.Cost.Headline.Value)), code(constant.Name), code(best.Name), estimateCell(constant.Cost.Behind, usd),
			code(constant.Name), percent(float64(constant.UnderRouting.Value)), code(best.Name), percent(float64(best.UnderRouting.Value)))
	} else {
		than := "**and %s less than %s, the cheapest single tier** (%s)."
		if !(constant.Cost.Behind.Low > 0) {
			than = "and, not shown to be more than chance, %s less than %s, the cheapest single tier (%s)."
		}
		r.text("**%s is the cheapest classifier: %s per 1,000 requests, %s than sending everything to %s** (95 %% interval %s) "+than,
			code(best.Name), usd(float64(best.Cost.Headline.Value)), lessOrMore(best.Cost.Saving), code(dearest), span(best.Cost.Saving, percent),
			usd(difference), code(constant.Name), span(constant.Cost.Behind, usd))
	}
	about := ""
	if best.Cost.N < r.result.N {
		about = fmt.Sprintf(" Costs are about %d of them.", best.Cost.N)
	}
	r.text("%s picks the right tier for %s of %s (%s) and sends %s too low. "+
		"Its cost counts classifying, and pays each request that it sent too low once more at the right tier%s.%s",
		code(best.Name), percent(float64(best.Accuracy.Value)), wording.Plural(r.result.N, "test prompt"), span(best.Accuracy, percent),
		percent(float64(best.UnderRouting.Value)), against, about)
}

// atMix says what the cheapest way is at the tier mix that was asked for.
func (r *report) atMix() {
	m := r.result.Mixed
	if m == nil || m.Undefined != "" {
		return
	}
	var ways []string
	for _, s := range m.Scores {
		if s.Headline.Value.Defined() && s.Name != "oracle" && len(ways) < 2 {
			ways = append(ways, fmt.Sprintf("%s at %s", code(s.Name), usd(float64(s.Headline.Value))))
		}
	}
	if len(ways) == 2 {
		r.bullet("All of this is for the tiers as often as the test prompts have them. At your tier mix the least expected cost is that of %s, before %s: see [there](#at-your-tier-mix).", ways[0], ways[1])
	}
}

// cent is a difference per 1,000 requests that nobody would pay attention to.
const cent = 0.005

// lessOrMore is a saving in words: "12.0 % less".
func lessOrMore(saving eval.Estimate) string {
	if saving.Value < 0 {
		return percent(-float64(saving.Value)) + " more"
	}
	return percent(float64(saving.Value)) + " less"
}

func span(e eval.Estimate, format func(float64) string) string {
	if !e.Low.Defined() || !e.High.Defined() {
		return "no interval"
	}
	return strings.TrimSuffix(format(float64(e.Low)), " %") + " to " + format(float64(e.High))
}

// cheapestTier is the baseline that sends everything to the tier that comes
// cheapest that way.
func (r *report) cheapestTier() eval.Score {
	constants := r.result.Baselines[:r.run.Tiers.Len()]
	return slices.MinFunc(constants, func(a, b eval.Score) int {
		return int(math.Copysign(1, float64(a.Cost.Headline.Value-b.Cost.Headline.Value)))
	})
}

// howSure compares the best classifier with the next.
func (r *report) howSure(best eval.Score) {
	if len(r.result.Classifiers) < 2 {
		return
	}
	next := r.result.Classifiers[1]
	behind := next.Cost.Behind
	switch {
	case !behind.Value.Defined():
	case behind.Value == 0:
		r.bullet("%s costs the same.", code(next.Name))
	case behind.Value < cent && behind.Low > -cent && behind.High < cent:
		r.bullet("%s costs the same, to the cent per 1,000.", code(next.Name))
	case behind.Low > 0:
		r.bullet("The next, %s, costs %s more (%s), an interval without 0.", code(next.Name), usd(float64(behind.Value)), span(behind, usd))
	default:
		r.bullet("The next, %s, costs %s more (%s): which of the two is cheaper is not settled.", code(next.Name), usd(float64(behind.Value)), span(behind, usd))
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
	shown := "that it is more often right than " + code(best.Name) + " is not shown"
	for _, p := range r.result.Pairs {
		if p.A == best.Name && p.B == top.Name && p.HolmP <= 0.05 {
			shown = "more often than " + code(best.Name) + " (" + pPhrase(p.HolmP) + ")"
		}
	}
	r.bullet("%s is right most often, for %s: %s. Quadratic κ is %s against %s; it sends %s too low%s.", code(top.Name),
		percent(float64(top.Accuracy.Value)), shown, numberCell(top.QuadraticKappa.Value, threeDigits), numberCell(best.QuadraticKappa.Value, threeDigits),
		percent(float64(top.UnderRouting.Value)), cost)
}

// againstMajority holds the best classifier to always picking train's
// commonest tier, by a paired test.
func (r *report) againstMajority(best eval.Score) {
	i := slices.IndexFunc(r.result.Baselines, func(s eval.Score) bool { return s.Name == "majority" })
	p := best.Majority
	if i < 0 || p == nil {
		return
	}
	majority := percent(float64(r.result.Baselines[i].Accuracy.Value))
	switch {
	case p.HolmP <= 0.05 && p.Diff > 0:
		r.bullet("%s is right more often than always picking the commonest tier (%s; %s).", code(best.Name), majority, pPhrase(p.HolmP))
	case p.HolmP <= 0.05:
		r.bullet("**%s is right less often than always picking the commonest tier** (%s; %s).", code(best.Name), majority, pPhrase(p.HolmP))
	default:
		r.bullet("That %s is right more often than always picking the commonest tier (%s) is not shown (%s).", code(best.Name), majority, pPhrase(p.HolmP))
	}
}

// skill sets the best classifier against its own decisions dealt at random.
func (r *report) skill(best eval.Score) {
	s := best.Shuffled
	if s == nil || !s.Skill.Low.Defined() {
		return
	}
	dealt := fmt.Sprintf("its decisions dealt to the prompts at random would cost %s and be right for %s", usd(float64(s.Headline)), percent(float64(s.Accuracy)))
	switch {
	case s.Skill.Low > 0:
		r.bullet("The skill of %s is worth %s per 1,000 (%s): %s.", code(best.Name), usd(float64(s.Skill.Value)), span(s.Skill, usd), dealt)
	case s.Skill.High < 0:
		r.bullet("**%s does worse than chance**: %s (difference %s).", code(best.Name), dealt, span(s.Skill, usd))
	default:
		r.bullet("That %s saves by skill is not shown: %s (difference %s).", code(best.Name), dealt, span(s.Skill, usd))
	}
}

// breakEven says from what volume the saving exceeds the fixed cost.
func (r *report) breakEven(best eval.Score) {
	fixed := r.run.Config.FixedCost
	from := func(other eval.Score) string {
		saving := float64(other.Cost.Headline.Value-best.Cost.Headline.Value) / 1000
		if !(saving > 0) || fixed/saving > math.MaxInt32 {
			return "never"
		}
		return fmt.Sprintf("from **%s requests a day**", wording.Thousands(int(fixed/saving)+1))
	}
	dearest, constant := r.result.Baselines[r.run.Tiers.Len()-1], r.cheapestTier()
	r.text("The fixed cost of %s a day is earned %s against %s, and %s against %s.",
		usd(fixed), from(dearest), code(dearest.Name), from(constant), code(constant.Name))
}

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
