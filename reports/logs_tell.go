package reports

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/logs"
	"github.com/routeproof/routeproof/internal/wording"
)

// logPage is where a log is told.
type logPage interface {
	gatePage
	image(file, alt string)
}

// image does nothing: a terminal shows none.
func (p *terminalPage) image(string, string) {}

// logTeller tells a log on a page.
type logTeller struct {
	logPage
	*Log
	s     *logs.Summary
	plots []plot
	room  logRoom
}

// tellLog tells what decides before what led to it.
func tellLog(page logPage, l *Log, plots []plot, room logRoom) {
	t := &logTeller{page, l, l.Summary, plots, room}
	t.head()
	t.rules()
	t.totals()
	if t.s.Whole.Requests > 0 {
		t.outstanding()
		t.features()
		t.days()
		t.tiers()
		t.models()
		t.saving()
		t.drift()
	}
	t.warnings()
	t.faults()
	if t.wide() {
		t.terms()
	}
}

// usd writes money. On a page a lone dollar sign may begin a formula.
func (t *logTeller) usd(v float64) string { return t.dollar(dollars(v)) }

func (t *logTeller) dollar(s string) string {
	if t.wide() {
		return strings.ReplaceAll(s, "$", `\$`)
	}
	return s
}

// spent is the cost of requests, as far as it is known.
func (t *logTeller) spent(s logs.Spend) string { return t.known(s, float64(s.USD)) }

// known is a sum over requests: unknown where none has a cost, and a lower bound
// where some have none.
func (t *logTeller) known(s logs.Spend, usd float64) string {
	switch {
	case !eval.Number(usd).Defined():
		return unknownWord
	case s.Unknown > 0:
		return "≥ " + t.usd(usd)
	}
	return t.usd(usd)
}

func (t *logTeller) usdCell(v eval.Number) string { return numberCell(v, t.usd) }

// picture shows a plot if it was drawn.
func (t *logTeller) picture(file string) {
	for _, p := range t.plots {
		if p.file == file {
			t.image(p.file, p.alt)
		}
	}
}

func (t *logTeller) head() {
	worst := t.worst()
	switch {
	case worst == "" && t.wide():
		t.heading(2, "Router log")
	case worst == "":
	case t.wide():
		t.heading(2, "Router log: "+logOutcomeWord(worst))
		t.text("%s", t.strong(t.verdictOfRules()))
	default:
		t.text("%s: %s", logOutcomeWord(worst), t.verdictOfRules())
	}
	if worst == logs.Inconclusive && t.InconclusiveFails {
		t.text("Inconclusive counts as failed here.")
	} else if worst == logs.Inconclusive {
		t.text("Inconclusive does not count as failed here.")
	}
	if t.room.cut {
		t.text("Cut to the 1 MiB that GitHub takes: shown are at most the dearest %s, the days of %s, and %s. All of it is in %s, %s and %s.",
			wording.Plural(t.room.features, "feature"), wording.Thousands(t.room.perDay), wording.Plural(t.room.rules, "rule"), LogFeaturesFile, FeatureDaysFile, LogJSONFile)
	}
}

func logOutcomeWord(o logs.Outcome) string { return strings.ToUpper(string(o)) }

func logSeverity(o logs.Outcome) int {
	return slices.Index([]logs.Outcome{logs.Pass, logs.Inconclusive, logs.Invalid, logs.Broken}, o)
}

// worst is what came of the rules together; empty without any.
func (t *logTeller) worst() (worst logs.Outcome) {
	for _, r := range t.Rules {
		if worst == "" || logSeverity(r.Outcome) > logSeverity(worst) {
			worst = r.Outcome
		}
	}
	return worst
}

// verdictOfRules counts the rules by what came of them, the worst first.
func (t *logTeller) verdictOfRules() string {
	var parts []string
	of := fmt.Sprintf(" of %s", wording.Plural(len(t.Rules), "rule"))
	for _, o := range []logs.Outcome{logs.Broken, logs.Invalid, logs.Inconclusive, logs.Pass} {
		n := 0
		for _, r := range t.Rules {
			if r.Outcome == o {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s%s %s", wording.Thousands(n), of, map[logs.Outcome]string{
				logs.Invalid: "cannot be decided", logs.Broken: "broken", logs.Inconclusive: "inconclusive", logs.Pass: "kept"}[o]))
			of = ""
		}
	}
	return strings.Join(parts, ", ") + "."
}

func (t *logTeller) rules() {
	if len(t.Rules) == 0 {
		return
	}
	rules := slices.Clone(t.Rules)
	slices.SortStableFunc(rules, func(a, b logs.Decided) int { return logSeverity(b.Outcome) - logSeverity(a.Outcome) })
	shown := rules[:min(len(rules), t.room.rules)]
	var rows [][]string
	for _, r := range shown {
		rows = append(rows, []string{logOutcomeWord(r.Outcome), t.prose(clip(r.Rule, logRuleText)), t.dollar(foundCell(r)), t.prose(r.Where), t.prose(clip(r.Why, logRuleWhy))})
	}
	t.table(withoutEmpty([]string{"outcome", "must not hold", "found", "day", "why"}, rows))
	if n := len(rules) - len(shown); n > 0 {
		t.text("And %s, none of them worse: see %s.", wording.Plural(n, "other rule"), LogJSONFile)
	}
}

// totals says what the log is of, what it cost, and what could be read.
func (t *logTeller) totals() {
	w := &t.s.Whole
	if w.Requests == 0 {
		t.text("No request that counts is in the log.")
		t.reading()
		return
	}
	parts := []string{t.strong(t.spent(w.Spend))}
	if w.PerDay.Defined() {
		parts = append(parts, t.known(w.Spend, float64(w.PerDay))+" a day on average")
	}
	if w.Per1000().Defined() {
		parts = append(parts, t.usdCell(w.Per1000())+" per 1,000 requests")
	}
	if d := w.DearestDay; d != nil && t.s.Days > 1 {
		parts = append(parts, fmt.Sprintf("%s on the dearest day, %s", t.spent(d.Spend), t.prose(d.Day)))
	}
	t.text("%s %s: %s.", t.strong(wording.Plural(w.Requests, "request")), t.period(), strings.Join(parts, ", "))
	if w.Unknown > 0 {
		t.text("The cost of %s is unknown: they are in no sum, and sums that lack some are marked ≥.", requestsOf(w.Unknown, w.Requests))
	}
	if w.Trend != nil && w.USD.Defined() {
		t.text("Cost from one week to the next: %s. Of the last 7 whole days %s, %s, are set against the same days of the week before, %s.",
			t.weekly(w), pairsOf(w.Trend.Pairs), t.known(w.Spend, w.Trend.LastUSD), t.known(w.Spend, w.Trend.BeforeUSD))
	}
	t.reading()
}

// weekly is a feature's change from week to week.
func (t *logTeller) weekly(f *logs.Feature) string {
	if f.Trend == nil || !f.USD.Defined() {
		return missing
	}
	if !f.Trend.Weekly.Value.Defined() {
		return unknownWord
	}
	cell := estimateCell(f.Trend.Weekly, signedPercent)
	if u := f.Trend.Unknown; u > 0 {
		cell += fmt.Sprintf(", %s of unknown cost", shareOfAll(u))
	}
	return cell
}

// pairsOf says how many of seven days are compared.
func pairsOf(n int) string {
	if n == 7 {
		return "all"
	}
	return fmt.Sprint(n)
}

const logTime = "2006-01-02 15:04"

func (t *logTeller) period() string {
	s := t.s
	if s.First == nil || s.Last == nil {
		return "at unknown times"
	}
	days := fmt.Sprintf("%s, of which %s whole", wording.Plural(s.Days, "day"), wording.Thousands(s.Complete))
	if s.Complete == 0 {
		days = wording.Plural(s.Days, "day") + ", none of them whole"
	}
	return fmt.Sprintf("from %s to %s UTC (%s)", s.First.In(time.UTC).Format(logTime), s.Last.In(time.UTC).Format(logTime), days)
}

// reading says what became of the lines.
func (t *logTeller) reading() {
	r := &t.s.Reading
	bad := "none bad"
	if r.Bad > 0 {
		bad = countOf(r.Bad, max(r.Lines-r.Blank, r.Bad)) + " bad"
	}
	parts := []string{wording.Plural(r.Records, "request"), bad}
	for _, c := range []struct {
		n    int
		what string
	}{
		{r.Repeated, "repeated and left out"}, {r.Outside, "outside the time asked for"}, {r.Blank, "blank"},
		{r.Alike, "like an earlier one and counted"}, {r.Clashing, "with the id of another and counted"}, {r.Timeless, "on no day"}, {t.s.Unanswered.Requests, "without a tier"},
	} {
		if c.n > 0 {
			parts = append(parts, wording.Thousands(c.n)+" "+c.what)
		}
	}
	t.text("%s read%s: %s.", wording.Plural(r.Lines, "line"), t.sources(), strings.Join(parts, ", "))
}

func (t *logTeller) sources() string {
	if len(t.Sources) == 0 {
		return ""
	}
	var names []string
	for _, s := range t.Sources[:min(len(t.Sources), mostListed)] {
		names = append(names, t.name(s))
	}
	more := ""
	if n := len(t.Sources) - len(names); n > 0 {
		more = fmt.Sprintf(" and %s more", wording.Thousands(n))
	}
	return " of " + strings.Join(names, ", ") + more
}
