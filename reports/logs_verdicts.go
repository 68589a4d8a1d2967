package reports

import (
	"fmt"
	"strings"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/logs"
	"github.com/routeproof/routeproof/internal/wording"
)

// outstanding lists what asks for a decision. Of features it looks only at those
// that are held to something: among many, some would stand out by chance.
func (t *logTeller) outstanding() {
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	if len(t.s.Reading.Unread) > 0 {
		say("A part of the log could not be read: the figures are of the rest.")
	}
	if d := t.s.Drift; d != nil && d.Status != logs.Holds {
		say("Drift and certificates: %s. %s.", t.strong(string(d.Status)), t.prose(upperFirst(d.Why)))
	}
	for i := range t.s.Tiers {
		if k := &t.s.Tiers[i]; k.Escalation.Judgement == logs.Problem {
			say("Of requests that begin at %s too many are escalated: %s. Look at the classifier.", t.name(k.Name), escalationCell(k.Escalation))
		}
	}
	for i := range t.s.Features {
		if f := &t.s.Features[i]; f.Mark == logs.MarkBelow {
			say("%s has few answers of %s: %s, below the %s that are usual of support and Q&A.", t.feature(f.Name), t.firstTier(), rateCell(f.FirstTier, answered(f)), wholePercent(t.SupportShare))
		}
	}
	if w := t.s.Whole.Trend; w != nil && w.Weekly.Value.Defined() && w.Weekly.Low > 0 {
		say("Cost rises from week to week: %s.", t.weekly(&t.s.Whole))
	}
	if v := t.s.Saving; v != nil && (v.Net < 0 || v.Gross < 0) {
		say("Routing saves nothing: see below.")
	}
	if len(said) == 0 {
		return
	}
	t.heading(3, "What stands out")
	for _, s := range said[:min(len(said), mostListed)] {
		t.bullet("%s", s)
	}
	t.others(len(said))
	t.end()
}

// feature names one at the beginning of a sentence.
func (t *logTeller) feature(name string) string { return "Feature " + t.name(name) }

// others says how many of a list are not shown.
func (t *logTeller) others(n int) {
	if n > mostListed {
		t.bullet("and %s more: see %s", wording.Thousands(n-mostListed), LogJSONFile)
	}
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// saving says what routing saved.
func (t *logTeller) saving() {
	t.heading(3, "Saving")
	v := t.s.Saving
	if v == nil || !v.Gross.Defined() {
		t.text("Unknown: it takes requests with cost and tokens, and the price of the dearest tier's model.")
		return
	}
	share, of := v.Net, "net"
	if !share.Defined() {
		share, of = v.Gross, "before the cost of classifying, which is unknown"
	}
	word := "saved"
	if share < 0 {
		word, share = "lost", -share
	}
	t.text("%s, %s, against asking %s for everything: %s instead of %s over %s, whose cost and tokens are known.", t.strong(percent(float64(share))+" "+word), of, t.lastTier(),
		t.usd(v.USD), t.marked(v.DearestUSD, eval.Assumed), requestsOf(v.Requests, t.s.Whole.Requests))
	if v.ClassifierIs != eval.Unknown {
		t.text("Classifying them cost %s; not counting it, the saving is %s.", t.marked(float64(v.ClassifierUSD), v.ClassifierIs), minus(percent(float64(v.Gross))))
	}
	if v.BreakEven.Defined() {
		t.text("The router pays for its fixed cost from %s requests a day on.", amount(float64(v.BreakEven)))
	}
}

func (t *logTeller) lastTier() string {
	if n := len(t.s.TierSet); n > 0 {
		return t.name(t.s.TierSet[n-1])
	}
	return "the dearest tier"
}

// marked is money with the mark of where it comes from.
func (t *logTeller) marked(v float64, o eval.Origin) string {
	if t.wide() {
		return quantityCell(eval.Quantity{Value: v, Origin: o}, t.usd)
	}
	return fmt.Sprintf("%s (%s)", t.usd(v), o)
}

// drift says whether requests still look like those of calibration.
func (t *logTeller) drift() {
	d := t.s.Drift
	if d == nil {
		if t.wide() {
			t.heading(3, "Drift and certificates")
			t.text("Unknown: the log was compared with no artifact.")
		}
		return
	}
	t.heading(3, "Drift and certificates: "+strings.ToUpper(string(d.Status)))
	t.text("Because %s.", t.prose(d.Why))
	what := "request"
	if d.Messages {
		what = "different message"
	}
	t.text("Compared are the %s of %s with %s.", t.prose(d.Of), wording.Plural(d.Requests, what), wording.Plural(d.Reference, "calibrate prompt"))
	t.shifts(d)
	if d.Checked > 0 {
		t.text("Of %s with text and logged scores, %s are logged with other scores than the artifact gives.", wording.Plural(d.Checked, "request"), countOf(d.Differing, d.Checked))
	}
	for _, c := range d.Certificates[:min(len(d.Certificates), mostListed)] {
		t.bullet("%s: %s", strings.ToUpper(string(c.Status)), t.prose(c.Claim))
	}
	t.others(len(d.Certificates))
	if len(d.Certificates) > 0 {
		t.end()
		t.text("This is about requests, not answers: whether accepted answers are still right, only labels tell.")
	}
}

func (t *logTeller) shifts(d *logs.Drift) {
	var rows [][]string
	row := func(what string, s *logs.Shift, ordered bool) {
		if s == nil {
			return
		}
		ks, ksP := missing, missing
		if ordered {
			ks, ksP = threeDigits(s.KS), gateP(eval.Number(s.KSP))
		}
		rows = append(rows, []string{what, threeDigits(s.PSI), threeDigits(s.Null), gateP(eval.Number(s.P)), ks, ksP, threeDigits(s.TV)})
	}
	row("scores", d.Score, true)
	row("tiers", d.Mix, false)
	if len(rows) == 0 {
		return
	}
	t.table([]string{"", "PSI", "by chance up to", "p", "KS", "p of KS", "total variation"}, rows)
	t.picture(plotLogScores)
	if t.wide() {
		t.folded("Requests and calibrate prompts by score and tier", func() {
			t.cellTable("score", d.Score, func(s string) string { return t.prose(s) })
			t.cellTable("tier", d.Mix, t.name)
		})
	}
}

func (t *logTeller) cellTable(what string, s *logs.Shift, show func(string) string) {
	if s == nil {
		return
	}
	var rows [][]string
	n, m := cellTotals(s)
	for _, c := range s.Cells {
		rows = append(rows, []string{show(c.Name), rateCell(wilson(c.Reference, n), n), rateCell(wilson(c.Requests, m), m)})
	}
	t.table([]string{what, "calibration", "log"}, rows)
}

// cellTotals are the numbers of both sides.
func cellTotals(s *logs.Shift) (reference, requests int) {
	for _, c := range s.Cells {
		reference += c.Reference
		requests += c.Requests
	}
	return reference, requests
}

func (t *logTeller) warnings() {
	if len(t.s.Warnings) == 0 {
		return
	}
	t.heading(3, "Warnings")
	for _, w := range t.s.Warnings[:min(len(t.s.Warnings), mostListed)] {
		t.bullet("%s", t.prose(upperFirst(w)))
	}
	t.others(len(t.s.Warnings))
	t.end()
}

// faults says what could not be used, with examples.
func (t *logTeller) faults() {
	faults := t.s.Reading.Faults
	if len(faults) == 0 {
		return
	}
	t.heading(3, "What could not be used")
	for _, f := range faults[:min(len(faults), mostListed)] {
		what := "Lines"
		if f.Field != "" {
			what = "Field " + t.name(f.Field)
		}
		t.bullet("%s, %s: %s%s", what, wording.Plural(f.Lines, "line"), t.prose(f.Reason), t.examples(f.Examples))
	}
	t.others(len(faults))
	t.end()
}

const mostExamples = 3

func (t *logTeller) examples(examples []logs.Example) string {
	var said []string
	for _, e := range examples[:min(len(examples), mostExamples)] {
		found := "found " + t.prose(e.Found)
		if e.Why != "" {
			found = t.prose(e.Why)
		}
		said = append(said, fmt.Sprintf("%s line %s, %s", t.name(e.File), wording.Thousands(e.Line), found))
	}
	if len(said) == 0 {
		return ""
	}
	return ". " + strings.Join(said, "; ")
}
