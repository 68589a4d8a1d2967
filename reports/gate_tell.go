package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/internal/wording"
)

// gateTeller tells a verdict on a page.
type gateTeller struct {
	gatePage
	v    *gate.Verdict
	opt  GateOptions
	room gateRoom
}

// tellGate tells what decided before what led to it.
func tellGate(page gatePage, v *gate.Verdict, flips firstFlips, opt GateOptions, room gateRoom) {
	t := &gateTeller{page, v, opt, room}
	t.head()
	t.faults()
	var unchanged []string
	for _, i := range worstFirst(v)[:room.classifiers] {
		c := &v.Classifiers[i]
		if nothingToTell(c) {
			unchanged = append(unchanged, fmt.Sprintf("%s (%s)", t.name(c.Name), accuracyOf(c)))
			continue
		}
		if of := func(f gate.Fault) bool { return f.Classifier == c.Name }; c.Outcome == gate.Invalid && slices.ContainsFunc(v.Faults, of) {
			continue // its faults say all
		}
		t.classifier(c, flips[i])
	}
	if len(unchanged) > 0 {
		t.heading(3, "Unchanged: "+outcomeWord(gate.Pass))
		t.text("Nothing that is gated changed: %s.", strings.Join(unchanged, ", "))
	}
	t.certificates()
	t.warnings()
}

// nothingToTell tells whether neither predictions, gates nor cost changed.
func nothingToTell(c *gate.Classifier) bool {
	return c.Identical && c.Outcome == gate.Pass && (c.Cost == nil || c.Cost.Change == 0) &&
		!slices.ContainsFunc(c.Gates, func(g gate.Gate) bool { return !g.Identical })
}

// accuracyOf is a classifier's accuracy, its first gate.
func accuracyOf(c *gate.Classifier) string {
	return fmt.Sprintf("accuracy %s on %s", gateLevel(&c.Gates[0], c.Gates[0].Candidate), wording.Plural(c.N, "prompt"))
}

func (t *gateTeller) head() {
	t.verdict(t.v.Outcome, t.v.Why)
	if t.opt.Baseline != "" || t.opt.Candidate != "" {
		t.text("Baseline %s, candidate %s.", t.name(t.opt.Baseline), t.name(t.opt.Candidate))
	}
	if t.v.Outcome == gate.Inconclusive && t.opt.InconclusiveFails {
		t.text("Inconclusive counts as failed here.")
	} else if t.v.Outcome == gate.Inconclusive {
		t.text("Inconclusive does not count as failed here.")
	}
	if t.v.Margin.Defined() && t.v.Claims > 0 {
		t.text("Accuracy may fall by less than %.3g points. The chance of any false \"regressed\" is at most %s, over %s.",
			100*float64(t.v.Margin), wholePercent(float64(t.v.Alpha)), wording.Plural(t.v.Claims, "claim"))
	}
	if t.room.cut {
		shown := fmt.Sprintf("at most %s of each classifier and way", wording.Plural(t.room.flips, "flip"))
		if n := len(t.v.Classifiers); t.room.classifiers < n {
			shown += fmt.Sprintf(", and %s of %s, the worst first", wording.Thousands(t.room.classifiers), wording.Plural(n, "classifier"))
		}
		t.text("Cut to the 1 MiB that GitHub takes: shown are %s. All of it is in %s.", shown, CheckFile)
	}
}

func (t *gateTeller) faults() {
	if len(t.v.Faults) == 0 {
		return
	}
	t.heading(3, "What cannot be compared")
	for _, f := range t.v.Faults[:min(len(t.v.Faults), mostListed)] {
		why := strings.TrimSuffix(f.Why, ": "+wording.List(f.IDs)) // the ids follow
		of := ""
		if f.Classifier != "" {
			of = t.name(f.Classifier) + ": "
		}
		t.bullet("%s%s%s", of, t.prose(why), t.ids(f.IDs))
	}
	t.others(len(t.v.Faults), mostListed)
	t.end()
}

// ids lists the first ones and counts the others.
func (t *gateTeller) ids(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	shown := make([]string, min(len(ids), mostListed))
	for i := range shown {
		shown[i] = t.name(ids[i])
	}
	more := ""
	if n := len(ids) - len(shown); n > 0 {
		more = fmt.Sprintf(" and %s more", wording.Thousands(n))
	}
	return ": " + strings.Join(shown, ", ") + more
}

// others says how many of a list are not shown.
func (t *gateTeller) others(n, shown int) {
	if n > shown {
		t.bullet("and %s more: see %s", wording.Thousands(n-shown), CheckFile)
	}
}

func (t *gateTeller) classifier(c *gate.Classifier, flips [2][]gate.Flip) {
	t.heading(3, fmt.Sprintf("Classifier %s: %s", t.name(c.Name), outcomeWord(c.Outcome)))
	t.text("%s", t.prose(c.Why))
	if len(c.Gates) > 0 {
		t.gates(c)
	}
	t.cost(c.Cost)
	t.flips(c, flips)
}

// gates writes the table of gates and what there is to say about them.
func (t *gateTeller) gates(c *gate.Classifier) {
	gates := slices.Clone(c.Gates)
	if len(gates) > mostGates {
		slices.SortStableFunc(gates, func(a, b gate.Gate) int { return severity(b.Outcome) - severity(a.Outcome) })
		gates = gates[:mostGates]
	}
	var rows [][]string
	for i := range gates {
		g := &gates[i]
		rows = append(rows, slices.Concat([]string{gateTitle(g), t.slice(g)}, gateCells(g), []string{gateOutcome(g)}))
	}
	t.table(withoutEmpty([]string{"gate", "slice", "baseline", "candidate", "change", "at worst", "margin", "Holm p", "verdict"}, rows))
	if n := len(c.Gates) - len(gates); n > 0 {
		t.text("And %s, none of them worse: see %s.", wording.Plural(n, "other gate"), CheckFile)
	}
	t.sentences(c, gates)
	t.needed(gates)
}

func (t *gateTeller) slice(g *gate.Gate) string {
	if g.Slice == nil {
		return ""
	}
	return g.Slice.Kind + " " + t.name(g.Slice.Name)
}

// sentences says what the table cannot: of gates that regressed, improved, or have
// no figures why that is, but for what the classifier's own sentence says.
func (t *gateTeller) sentences(c *gate.Classifier, gates []gate.Gate) {
	var said []string
	asides, hopeless := false, false
	for i := range gates {
		g := &gates[i]
		asides = asides || aside(g)
		hopeless = hopeless || untestable(g)
		if !strings.HasPrefix(c.Why, g.Why) && (g.Outcome == gate.Regressed || g.Improved || g.Outcome == gate.Inconclusive && !g.HolmP.Defined()) {
			said = append(said, g.Why)
		}
	}
	for _, s := range said[:min(len(said), mostListed)] {
		t.bullet("%s", t.prose(s))
	}
	t.others(len(said), mostListed)
	if c.Repeats > 1 {
		t.bullet("Each prompt was asked %d times.", c.Repeats)
	}
	if c.BaselineErrors+c.CandidateErrors > 0 {
		t.bullet("Prompts without an answer: %s in the baseline, %s in the candidate.", wording.Thousands(c.BaselineErrors), wording.Thousands(c.CandidateErrors))
	}
	if asides {
		t.bullet("Slices can only regress: inconclusive ones do not count.")
	}
	if hopeless {
		t.bullet("Untestable: not even all changes there being for the worse would be significant among %s.", wording.Plural(t.v.Claims, "claim"))
	}
	if len(said) > 0 || c.Repeats > 1 || c.BaselineErrors+c.CandidateErrors > 0 || asides || hopeless {
		t.end()
	}
}

// needed says of inconclusive gates what they could have found, and how many
// prompts would do.
func (t *gateTeller) needed(gates []gate.Gate) {
	var rows [][]string
	for i := range gates {
		g := &gates[i]
		if g.Outcome != gate.Inconclusive || !g.Needed.Defined() {
			continue
		}
		needed, more := "over a thousand million", missing
		if g.Needed < 1e9 {
			n := int(g.Needed)
			needed = wording.Thousands(n)
			more = wording.Thousands(max(0, n-g.Groups))
		}
		found := "nothing"
		if g.Detectable.Defined() {
			found = gateAmount(g, g.Detectable)
		}
		rows = append(rows, []string{gateTitle(g), t.slice(g), found, gateAmount(g, g.Margin), needed, wording.Thousands(g.Groups), more})
	}
	if len(rows) == 0 {
		return
	}
	t.text("With a chance of %s an inconclusive gate finds a change for the worse of so much or more, and one of its margin on so many independent prompts, if as large a share of them changes:", wholePercent(float64(t.v.Power)))
	t.table(withoutEmpty([]string{"gate", "slice", "finds", "margin", "prompts needed", "there are", "more"}, rows))
}

func (t *gateTeller) cost(c *gate.Cost) {
	if c == nil {
		return
	}
	amount := func(v eval.Number) string {
		return plus(numberCell(v, func(v float64) string { return usd(rounded(v, 9)) }))
	}
	own := "own classifying not recorded"
	if c.Classify.Defined() {
		own = "own classifying " + amount(c.Classify)
	}
	gated := ""
	if c.PricesDiffer {
		gated = " Prices differ: a cost gate looks at tokens and tier mix alone."
	}
	t.text("Cost of 1,000 requests: %s, was %s (%s): prices %s, tokens %s, tier mix %s, %s; over %s.%s",
		numberCell(c.Candidate, usd), numberCell(c.Baseline, usd), amount(c.Change), amount(c.Price), amount(c.Tokens), amount(c.TierMix), own, wording.Plural(c.N, "prompt"), gated)
}

func (t *gateTeller) certificates() {
	all := t.v.Certificates
	if len(all) == 0 {
		return
	}
	t.heading(3, "Certificates on the new data")
	for _, c := range all[:min(len(all), mostListed)] {
		t.bullet("%s: %s (risk at most %s with %s confidence). %s", strings.ToUpper(c.Fate), t.prose(c.Claim), wholePercent(c.Alpha), wholePercent(1-c.Delta), t.prose(c.Why))
	}
	t.others(len(all), mostListed)
	t.end()
}

func (t *gateTeller) warnings() {
	if len(t.v.Warnings) == 0 {
		return
	}
	t.heading(3, "Warnings")
	for _, w := range t.v.Warnings[:min(len(t.v.Warnings), mostListed)] {
		t.bullet("%s", t.prose(w))
	}
	t.others(len(t.v.Warnings), mostListed)
	t.end()
}
