package reports

import (
	"fmt"

	"github.com/routeproof/routeproof/eval/logs"
	"github.com/routeproof/routeproof/internal/wording"
)

// features shows what each feature costs, the dearest first.
func (t *logTeller) features() {
	t.heading(3, "Features, the dearest first")
	t.picture(plotLogCost)
	all := t.s.Features[:min(len(t.s.Features), t.room.features)]
	open := all[:min(len(all), logTerminalFeatures)]
	t.featureTable(open)
	if rest := all[len(open):]; len(rest) > 0 {
		t.folded(fmt.Sprintf("The next %s", wording.Plural(len(rest), "feature")), func() { t.featureTable(rest) })
	}
	if n := len(t.s.Features) - len(all); n > 0 {
		t.text("And %s: see %s.", wording.Plural(n, "more feature"), LogFeaturesFile)
	}
	if t.s.Whole.Escalation.Judgement == logs.NoData {
		t.text("How often requests are escalated is unknown: the log does not say.")
	}
	if t.wide() && t.s.Whole.Requests > t.s.Unanswered.Requests {
		t.folded("Answers by tier of each feature", func() { t.mixTable(all) })
	}
}

func (t *logTeller) featureTable(features []logs.Feature) {
	header := []string{"feature", "requests", "cost", "of unknown cost", "share of cost", "a day", "per 1,000", "dearest day", "change a week", t.firstTier() + " answers", "against usual", "escalated"}
	var rows [][]string
	for i := range features {
		f := &features[i]
		row := []string{t.name(f.Name), wording.Thousands(f.Requests), t.spent(f.Spend), t.unknownCell(f.Spend), t.costShare(f), missing, t.usdCell(f.Per1000()),
			t.dearestDay(f), t.weekly(f), rateCell(f.FirstTier, answered(f)), t.mark(f), escalationCell(f.Escalation)}
		if f.PerDay.Defined() {
			row[5] = t.known(f.Spend, float64(f.PerDay))
		}
		rows = append(rows, row)
	}
	t.table(withoutEmpty(header, rows))
}

// firstTier is the name of the cheapest tier, for headers.
func (t *logTeller) firstTier() string {
	if len(t.s.TierSet) == 0 {
		return "cheapest tier's"
	}
	return t.name(t.s.TierSet[0])
}

// unknownCell is told where there is room; elsewhere ≥ has to do.
func (t *logTeller) unknownCell(s logs.Spend) string {
	if !t.wide() || s.Unknown == 0 {
		return missing
	}
	return countOf(s.Unknown, s.Requests)
}

func (t *logTeller) costShare(f *logs.Feature) string {
	if !f.Share.Defined() {
		return unknownWord
	}
	return numberCell(f.Share, shareOfAll)
}

// dearestDay is told where there is room.
func (t *logTeller) dearestDay(f *logs.Feature) string {
	if d := f.DearestDay; t.wide() && d != nil {
		return t.spent(d.Spend) + ", " + t.prose(d.Day)
	}
	return missing
}

// mark says how a feature that is held to a share of the cheapest tier stands to
// it.
func (t *logTeller) mark(f *logs.Feature) string {
	if f.Mark == logs.MarkNone {
		return ""
	}
	return fmt.Sprintf("%s %s", f.Mark, wholePercent(t.SupportShare))
}

// mixTable shows how the answers of features fall on tiers, as counts.
func (t *logTeller) mixTable(features []logs.Feature) {
	header := []string{"feature"}
	for _, name := range t.s.TierSet {
		header = append(header, t.name(name))
	}
	header = append(header, "none")
	var rows [][]string
	for i := range features {
		f := &features[i]
		row := []string{t.name(f.Name)}
		for _, n := range f.Tiers {
			row = append(row, wording.Thousands(n))
		}
		rows = append(rows, append(row, wording.Thousands(f.Requests-answered(f))))
	}
	t.table(header, rows)
}

// days shows the last days of features, where there is room.
func (t *logTeller) days() {
	s := t.s
	if !t.wide() || s.Days == 0 {
		return
	}
	t.heading(3, "Days")
	t.picture(plotLogDays)
	shown := s.Whole.Days[max(0, s.Days-logDays):]
	header := []string{"feature"}
	for _, d := range shown {
		day := d.Day
		if !d.Complete {
			day += ", in part"
		}
		header = append(header, day)
	}
	features := s.Features[:min(len(s.Features), t.room.perDay)]
	rows := [][]string{t.dayRow("all", &s.Whole, shown)}
	for i := range features {
		rows = append(rows, t.dayRow(t.name(features[i].Name), &features[i], shown))
	}
	t.folded(fmt.Sprintf("Known cost of %s, UTC, by feature", lastDays(len(shown))), func() { t.table(header, rows) })
	t.text("All days of all features are in %s.", FeatureDaysFile)
}

func lastDays(n int) string {
	if n == 1 {
		return "the only day"
	}
	return fmt.Sprintf("the last %d days", n)
}

// dayRow has a feature's cost on days of the log. One that it does not have is one
// without requests.
func (t *logTeller) dayRow(name string, f *logs.Feature, days []logs.DaySpend) []string {
	known := map[string]logs.Spend{}
	for _, d := range f.Days[max(0, len(f.Days)-len(days)):] {
		known[d.Day] = d.Spend
	}
	row := []string{name}
	for _, day := range days {
		row = append(row, t.spent(known[day.Day]))
	}
	return row
}

// tiers shows how requests fall on tiers, how long these take, and how often they
// escalate.
func (t *logTeller) tiers() {
	t.heading(3, "Tiers")
	total := t.s.Whole.Requests - t.s.Unanswered.Requests
	if total == 0 {
		t.text("No request names the tier that answered it, so that shares, latencies and escalation are unknown.")
		return
	}
	t.picture(plotLogTiers)
	t.picture(plotLogLatency)
	var rows [][]string
	for i := range t.s.Tiers {
		k := &t.s.Tiers[i]
		timed := missing
		if k.Latency.N > 0 {
			timed = wording.Thousands(k.Latency.N)
		}
		row := []string{t.name(k.Name), wording.Thousands(k.Requests), rateCell(k.Share, total), t.spent(k.Spend), t.unknownCell(k.Spend), t.usdCell(k.Per1000()), missing, missing,
			numberCell(k.Latency.P50, amountMS), numberCell(k.Latency.P95, amountMS), numberCell(k.Latency.P99, amountMS), timed, t.tierEscalation(i)}
		if t.wide() {
			row[6], row[7] = numberCell(k.InputTokens, amount), numberCell(k.OutputTokens, amount)
		}
		rows = append(rows, row)
	}
	t.table(withoutEmpty([]string{"tier", "requests", "share", "cost", "of unknown cost", "per 1,000", "mean tokens in", "mean tokens out", "p50", "p95", "p99", "timed", "escalated from"}, rows))
	t.escalationNotes()
	if u := t.s.Unanswered; u.Requests > 0 {
		t.text("Without a tier that answered: %s, which cost %s.", requestsOf(u.Requests, t.s.Whole.Requests), t.spent(u))
	}
}

// tierEscalation is nothing for the dearest tier, from which none is to be
// expected.
func (t *logTeller) tierEscalation(i int) string {
	e := t.s.Tiers[i].Escalation
	if i == len(t.s.Tiers)-1 && !(e.Most > 0) {
		return missing
	}
	return escalationCell(e)
}

func (t *logTeller) escalationNotes() {
	e, n := t.s.Whole.Escalation, t.s.Whole.Requests
	if e.Judgement == logs.NoData {
		return
	}
	if e.Untold > 0 {
		t.text("Whether they were escalated is unknown of %s.", requestsOf(e.Untold, n))
	}
	if e.Inferred > 0 {
		t.text("Where they began is taken from the highest score for %s.", requestsOf(e.Inferred, n))
	}
}

// models shows what models cost, where there is room.
func (t *logTeller) models() {
	all := t.s.Models
	if !t.wide() || len(all) == 0 || len(all) == 1 && all[0].Name == logs.NoModel {
		return
	}
	shown := all[:min(len(all), mostListed)]
	var rows [][]string
	for _, m := range shown {
		rows = append(rows, []string{t.name(m.Name), wording.Thousands(m.Requests), t.spent(m.Spend), t.unknownCell(m.Spend), t.usdCell(m.Per1000())})
	}
	t.heading(3, "Models, the dearest first")
	t.table(withoutEmpty([]string{"model", "requests", "cost", "of unknown cost", "per 1,000"}, rows))
	if n := len(all) - len(shown); n > 0 {
		t.text("And %s: see %s.", wording.Plural(n, "more model"), LogJSONFile)
	}
}
