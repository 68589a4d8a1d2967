package logs

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
)

// recordOf is the record of the only line.
func recordOf(t *testing.T, s Settings, line string) record {
	t.Helper()
	r, err := s.ready()
	if err != nil {
		t.Fatal(err)
	}
	b := &block{data: []byte(line)}
	newParser(r).parse(b)
	if len(b.records) != 1 {
		t.Fatalf("%s: %d records", line, len(b.records))
	}
	return b.records[0]
}

func TestValuesOfARecord(t *testing.T) {
	s := settingsOf(t)
	s.Models = map[string]string{"mini": "SIMPLE"}
	s.Aliases = map[string]string{"top": "FRONTIER"}
	for _, c := range []struct {
		line string
		is   func(r record) bool
	}{
		{`{"scores":[0.5,0.7,0.7,0.1]}`, func(r record) bool { return r.best == 1 && r.score == .7 && r.margin == 0 }}, // the cheaper one
		{`{"scores":[0.7,0.1,0.5,0.2]}`, func(r record) bool { return r.best == 0 && math.Abs(r.margin-.2) < 1e-12 }},
		{`{"scores":{"FRONTIER":0.9,"SIMPLE":0.1,"MEDIUM":0.2,"COMPLEX":0.3}}`, func(r record) bool { return r.best == 3 && math.Abs(r.margin-.6) < 1e-12 }},
		{`{"scores":{"top":0.9,"simple":0.1,"MEDIUM":0.2,"COMPLEX":0.3}}`, func(r record) bool { return r.best == 3 }},
		{`{"scores":{"SIMPLE":0.1,"SIMPLE":0.9,"MEDIUM":0.2,"COMPLEX":0.3}}`, func(r record) bool { return !r.has(hasScore) }},
		{`{"scores":[1,2,3,4,5]}`, func(r record) bool { return !r.has(hasScore) }},
		{`{"scores":[1,2,3,4],"score":9}`, func(r record) bool { return r.score == 4 }},
		{`{"score":9,"scores":[1,2,3,4]}`, func(r record) bool { return r.score == 4 }},
		{`{"tier":null,"model":"mini"}`, func(r record) bool { return r.tier == noTier }}, // nobody answered
		{`{"model":"mini"}`, func(r record) bool { return r.tier == 0 }},
		{`{"tier":"SIM\u0050LE"}`, func(r record) bool { return r.tier == 0 }},
		{`{"tier":" medium "}`, func(r record) bool { return r.tier == 1 }},
		{`{"ts":1767225600000}`, func(r record) bool { return r.time == 1767225600 }},
		{`{"ts":100000000000}`, func(r record) bool { return !r.has(hasTime) }}, // of 1973, in ms
		{`{"ts":"1767225600"}`, func(r record) bool { return r.time == 1767225600 }},
		{`{"ts":"2026-01-01T01:00:00+0100"}`, func(r record) bool { return r.time == 1767225600 }},
		{`{"ts":"2026-01-01T00:00:00.75Z"}`, func(r record) bool { return r.time == 1767225600 }},
		{`{"request_id":""}`, func(r record) bool { return !r.has(hasID) }},
		{`{"request_id":7}`, func(r record) bool { return r.has(hasID) }},
		{`{"cost_usd":-0}`, func(r record) bool { return r.has(hasCost) && r.cost == 0 }},
		{`{"cost_usd":1e6}`, func(r record) bool { return r.cost == 1e6*perUSD }},
		{`{"latency_ms":0.25}`, func(r record) bool { return r.latency == .25 }},
		{`{"input_tokens":1e3}`, func(r record) bool { return r.input == 1000 }},

		// Where requests began, and whether they climbed.
		{`{"tier":"MEDIUM","escalated":false}`, func(r record) bool { return r.start == 1 }},
		{`{"tier":"MEDIUM","escalated":false,"scores":[9,1,1,1]}`, func(r record) bool { return r.start == 1 && !r.has(isInferred) }},
		{`{"tier":"MEDIUM","escalated":true}`, func(r record) bool { return r.start == 0 && !r.has(isInferred) }},
		{`{"tier":"COMPLEX","escalated":true}`, func(r record) bool { return r.start == noTier }},
		{`{"tier":"COMPLEX","escalated":true,"scores":[1,9,1,1]}`, func(r record) bool { return r.start == 1 && r.has(isInferred) }},
		{`{"tier":"COMPLEX","escalated":true,"scores":[1,1,9,1]}`, func(r record) bool { return r.start == noTier }},
		{`{"tier":"SIMPLE","escalated":true}`, func(r record) bool { return !r.has(hasEscalated) }},
		{`{"tier":"FRONTIER","start_tier":"SIMPLE","escalated":false}`, func(r record) bool { return !r.has(hasEscalated) && r.start == 0 }},
		{`{"tier":"FRONTIER","start_tier":"SIMPLE"}`, func(r record) bool { return r.has(hasEscalated) && r.escalated }},
		{`{"tier":"SIMPLE","start_tier":"COMPLEX"}`, func(r record) bool { return r.has(hasEscalated) && !r.escalated }},
		{`{"start_tier":"SIMPLE","escalated":true}`, func(r record) bool { return r.escalated && r.start == 0 }},
		{`{"tier":"SIMPLE"}`, func(r record) bool { return r.start == noTier && r.first() == 0 }},
		{`{"scores":[1,9,1,1]}`, func(r record) bool { return r.first() == 1 }},
		{`{"tier":"COMPLEX","escalated":true}`, func(r record) bool { return r.first() == noTier }},
	} {
		if r := recordOf(t, s, c.line); !c.is(r) {
			t.Errorf("%s: %+v", c.line, r)
		}
	}
}

func TestEscalationBounds(t *testing.T) {
	var rows []string
	add := func(n int, row string) { rows = append(rows, slices.Repeat([]string{row}, n)...) }
	add(60, `{"tier":"SIMPLE","escalated":false}`)
	add(20, `{"tier":"MEDIUM","escalated":true}`)   // of SIMPLE, for certain
	add(10, `{"tier":"COMPLEX","escalated":true}`)  // of SIMPLE or MEDIUM
	add(5, `{"tier":null,"escalated":true}`)        // of any
	add(3, `{"start_tier":"SIMPLE"}`)               // climbed or not
	add(2, `{"cost_usd":1}`)                        // nothing known
	add(7, `{"tier":"SIMPLE","escalated":true}`)    // cannot be
	add(50, `{"tier":"MEDIUM","escalated":false}`)  // of MEDIUM
	add(1, `{"tier":"FRONTIER","escalated":false}`) // of FRONTIER
	s := summaryOf(t, settingsOf(t), rows...)
	e := s.Tiers[0].Escalation
	untold := 3. + 2 + 7
	if e.N != 80 || e.Untold != 12 || float64(e.Least) != 20/(80+untold) || float64(e.Most) != (20+15+untold)/(80+15+untold) || e.Exact {
		t.Errorf("SIMPLE: %+v", e)
	}
	if e := s.Tiers[1].Escalation; e.N != 50 || float64(e.Most) != (15+9.)/(50+15+9) || e.Least != 0 {
		t.Errorf("MEDIUM: %+v", e)
	}
	if e := s.Tiers[2].Escalation; e.N != 0 || e.Judgement != NoData || e.Most.Defined() {
		t.Errorf("COMPLEX: %+v", e)
	}
	if f := s.Reading.Faults; len(f) != 1 || f[0].Field != "escalated" || f[0].Lines != 7 || f[0].Examples[0].Found != `"escalated true, first none, answered SIMPLE"` {
		t.Errorf("faults %+v", f)
	}
}

func TestRulesOnWhatIsLacking(t *testing.T) {
	row := func(s string) []string { return []string{s} }
	many := func(n int, s string) []string { return slices.Repeat(row(s), n) }
	full := `{"ts":1767225600,"feature":"a","tier":"SIMPLE","cost_usd":1,"latency_ms":100,"escalated":false,"input_tokens":1000,"output_tokens":1000}`
	for _, c := range []struct {
		name  string
		rows  []string
		rules map[string]Outcome
	}{
		{"bad lines", append(many(100, full), many(900, `{"cost_usd":9`)...), map[string]Outcome{
			"cost > 500": Inconclusive, "cost > 50": Broken, "cost < 50": Pass, "cost_per_day > 500": Inconclusive, "latency_p95.SIMPLE > 4000": Inconclusive, "bad_line_share > 95%": Pass, "bad_line_share > 50%": Broken,
		}},
		{"blank lines are none", append(many(100, full), many(10_000, "")...), map[string]Outcome{"cost > 500": Pass, "bad_line_share > 0": Pass}},
		{"timeless", append(many(100, full), many(900, `{"feature":"a","cost_usd":1}`)...), map[string]Outcome{"cost_per_day > 500": Inconclusive, "cost_per_day.a > 50": Broken, "cost > 5000": Pass}},
		{"tierless", append(many(100, full), many(900, `{"feature":"a","tier":"PREMIUM","cost_usd":1,"latency_ms":1}`)...), map[string]Outcome{
			"tier_share.FRONTIER > 5%": Inconclusive, "first_tier_share < 50%": Inconclusive, "latency_p95.SIMPLE > 4000": Inconclusive, "tier_cost.SIMPLE > 50": Broken, "tier_cost.SIMPLE > 500": Inconclusive,
		}},
		{"no latency", append(many(100, full), many(900, `{"tier":"SIMPLE","cost_usd":1,"latency_ms":"99"}`)...), map[string]Outcome{"latency_p50.SIMPLE > 4000": Inconclusive}},
		{"no escalation", append(many(100, full), many(900, `{"tier":"SIMPLE","cost_usd":1}`)...), map[string]Outcome{"escalation_rate > 20%": Inconclusive}},
		{"no tokens", append(many(10, full), many(990, `{"tier":"SIMPLE","cost_usd":50}`)...), map[string]Outcome{"net_saving < 20%": Inconclusive}},
		{"at the bound", append(many(99, full), row(`{"ts":1767225600,"feature":"a"}`)...), map[string]Outcome{"cost > 500": Pass, "cost < 50": Pass, "cost < 500": Broken, "cost <= 99": Broken, "cost >= 99": Broken, "cost > 99": Pass}},
		{"above it", append(many(90, full), row(`{"ts":1767225600,"feature":"a"}`)...), map[string]Outcome{"cost > 500": Inconclusive, "cost < 50": Pass, "cost < 500": Inconclusive, "cost_per_1000 > 500": Inconclusive}},
		{"quantiles", many(100, full), map[string]Outcome{"latency_p95.SIMPLE >= 100": Broken, "latency_p95.SIMPLE < 100": Pass, "latency_p95.SIMPLE > 100": Pass}},
		{"near a quantile", append(many(50, full), many(50, strings.Replace(full, ":100,", ":4000,", 1))...), map[string]Outcome{"latency_p95.SIMPLE > 3990": Inconclusive, "latency_p95.SIMPLE > 3900": Broken, "latency_p95.SIMPLE > 4000": Pass}},
		{"an unnamed feature", many(5, `{"cost_usd":1}`), map[string]Outcome{`cost."(no feature)" > 1`: Invalid}},
	} {
		s := settingsOf(t)
		s.Dearest = &Price{1000, 1000}
		summary := summaryOf(t, s, c.rows...)
		for text, want := range c.rules {
			r, err := ParseRule(text, summary.TierSet)
			if err != nil {
				t.Fatal(err)
			}
			if d := r.Decide(summary, .01); d.Outcome != want {
				t.Errorf("%s, %s: %s, %s: want %s", c.name, text, d.Outcome, d.Why, want)
			}
		}
	}
}

// TestRulesOnDrift decides where a difference is shown, and not where chance may
// have made it.
func TestRulesOnDrift(t *testing.T) {
	for _, c := range []struct {
		now       traffic
		log       int
		reference int
		want      Outcome
	}{
		{usual(), 5000, 400, Pass},
		{usual(), 20, 400, Inconclusive},
		{traffic{.3, usual().mix}, 200, 30, Broken}, // chance reaches .15 there
	} {
		random := rand.New(rand.NewPCG(21, 22))
		s := settingsOf(t)
		s.Reference = usual().manifest(random, c.reference)
		summary := summed(t, tallyOf(t, s, source("log", c.now.log(random, c.log))))
		r, err := ParseRule("psi_scores > 0.25", summary.TierSet)
		if err != nil {
			t.Fatal(err)
		}
		if d := r.Decide(summary, .01); d.Outcome != c.want {
			t.Errorf("%+v: %+v, by chance %v, want %s", c, d, summary.Drift.Score.Null, c.want)
		}
	}
}

func TestRulesOnAPartOfALog(t *testing.T) {
	cut := Source{"b", func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(`{"cost_usd":9}`+"\n"), failing{errTest})), nil
	}}
	summary := summed(t, tallyOf(t, settingsOf(t), cut))
	for text, want := range map[string]Outcome{"cost > 5": Broken, "cost > 50": Invalid, "cost_per_1000 > 5": Invalid, "cost < 5": Invalid} {
		r, _ := ParseRule(text, summary.TierSet)
		if d := r.Decide(summary, .01); d.Outcome != want {
			t.Errorf("%s: %s, want %s", text, d.Outcome, want)
		}
	}
}

// TestDaysOfAFeature counts days on which it has no requests, and those that a
// command asks for from midnight to midnight.
func TestDaysOfAFeature(t *testing.T) {
	var rows []string
	for day := range 6 {
		at := time.Date(2026, 1, 1+day, 6, 0, 0, 0, time.UTC).Unix()
		rows = append(rows, fmt.Sprintf(`{"ts":%d,"feature":"b","cost_usd":5}`, at))
		if day != 3 {
			rows = append(rows, fmt.Sprintf(`{"ts":%d,"feature":"a","cost_usd":4}`, at))
		}
	}
	s := settingsOf(t)
	decide := func(text string) Decided {
		summary := summaryOf(t, s, rows...)
		r, err := ParseRule(text, summary.TierSet)
		if err != nil {
			t.Fatal(err)
		}
		return r.Decide(summary, .01)
	}
	if d := decide("cost_per_day.a < 1"); d.Outcome != Broken || d.Where != "2026-01-04" || d.Found != 0 {
		t.Errorf("a day without requests costs nothing: %+v", d)
	}
	if d := decide("mean_cost_per_day.a > 3"); d.Outcome != Pass || d.Found != 3 {
		t.Errorf("%+v", d)
	}
	s.Since, s.Until = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	if d := decide("mean_cost_per_day > 8"); d.Outcome != Broken || d.Found != 9 {
		t.Errorf("a day that is asked for as a whole: %+v", d)
	}
	if s := summaryOf(t, s, rows...); s.Complete != 1 || s.Days != 1 || !s.Whole.Days[0].Complete {
		t.Errorf("%d of %d days are complete", s.Complete, s.Days)
	}
	s.Since = s.Since.Add(time.Hour)
	if s := summaryOf(t, s, rows...); s.Complete != 0 {
		t.Errorf("of a day from 1:00 on %d are complete", s.Complete)
	}
	s.Since, s.Until = time.Time{}, time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)
	if s := summaryOf(t, s, append(rows, `{"feature":"a"}`)...); s.Complete != 1 || s.Reading.Outside != 8 {
		t.Errorf("until the third %d days are complete, %d records outside", s.Complete, s.Reading.Outside)
	}
}

func TestUniqueRequests(t *testing.T) {
	s := settingsOf(t)
	s.Unique = true
	summary := summaryOf(t, s, `{"request_id":"1","cost_usd":1}`, `{"request_id":"1","cost_usd":1,"shipped":7}`, `{"cost_usd":2}`, `{"cost_usd":2}`)
	if summary.Whole.USD != 5 || summary.Reading.Repeated != 1 || summary.Reading.Alike != 1 {
		t.Errorf("%+v", summary.Reading)
	}
}

func TestSharesAndDearestDay(t *testing.T) {
	s := summaryOf(t, settingsOf(t),
		`{"feature":"a","ts":"2026-01-02T00:00:00Z","cost_usd":3}`, `{"feature":"a","ts":"2026-01-01T00:00:00Z","cost_usd":3}`, `{"feature":"b","cost_usd":2}`)
	if a := s.Features[0]; a.Share != .75 || a.DearestDay.Day != "2026-01-01" || a.Timeless != 0 || s.Features[1].Timeless != 1 || s.Whole.Timeless != 1 {
		t.Errorf("%+v", s.Features)
	}
}

func TestPricesBeyondBelief(t *testing.T) {
	s := settingsOf(t)
	s.Prices, s.Dearest = map[string]Price{"m": {maxUSD, 0}}, &Price{maxUSD, 0}
	got := summaryOf(t, s, `{"model":"m","input_tokens":1000000000,"output_tokens":0}`, `{"cost_usd":1,"input_tokens":1000000000,"output_tokens":0}`)
	if got.Whole.Unknown != 1 || got.Whole.USD != 1 || got.Saving != nil {
		t.Errorf("%+v, saving %+v", got.Whole, got.Saving)
	}
}

func TestNothingSavedNeverPays(t *testing.T) {
	s := settingsOf(t)
	s.Dearest = &Price{1, 1}
	tally := tallyOf(t, s, source("log", lines(`{"cost_usd":9,"input_tokens":1,"output_tokens":1}`)))
	fee := 0.
	if got := tally.Summary(Assumptions{ClassifierUSD: &fee, FixedUSDPerDay: 1}).Saving; got.BreakEven.Defined() || got.Net >= 0 {
		t.Errorf("%+v", got)
	}
}

func TestMergeRefusesOtherTiers(t *testing.T) {
	a, s := tallyOf(t, settingsOf(t)), settingsOf(t)
	s.Tiers = tiersOf(t, "A", "B")
	if a.Merge(tallyOf(t, s)) == nil {
		t.Error("tallies of other tiers are merged")
	}
	b := tallyOf(t, settingsOf(t), source("log", lines(`{"cost_usd":1}`, `{"feature":"a"}`)))
	if err := a.Merge(b); err != nil || summed(t, a).Reading.Timeless != 2 || summed(t, a).Whole.Timeless != 2 {
		t.Errorf("%v, %+v", err, summed(t, a).Reading)
	}
}

// TestLinesBehindALongOne ends a log with a line over the bound and others.
func TestLinesBehindALongOne(t *testing.T) {
	for _, filler := range []string{"x", " "} {
		for _, tail := range []string{"", "\n", "\n" + `{"cost_usd":2}`, "\n" + `{"cost_usd":2}` + "\n" + `{"cost_usd":4}` + "\n"} {
			text := `{"cost_usd":1}` + "\n" + strings.Repeat(filler, maxLine+3*blockSize) + `{"cost_usd":8}` + tail
			// The end comes with the last bytes, as it does with some readers.
			at := Source{"log", func() (io.ReadCloser, error) { return io.NopCloser(iotest.DataErrReader(strings.NewReader(text))), nil }}
			s := summed(t, tallyOf(t, settingsOf(t), at))
			want := eval.Number(1 + 2*strings.Count(tail, ":2}") + 4*strings.Count(tail, ":4}"))
			if s.Whole.USD != want || s.Reading.Bad != 1 || s.Reading.Blank != 0 || s.Reading.Faults[0].Examples[0].Line != 2 {
				t.Errorf("%q, then %q: cost %v, want %v; %+v", filler, tail, s.Whole.USD, want, s.Reading)
			}
		}
	}
}

func TestByteOrderMark(t *testing.T) {
	s := summaryOf(t, settingsOf(t), "\ufeff"+`{"cost_usd":1}`, "\ufeff"+`{"cost_usd":2}`)
	if s.Whole.USD != 1 || s.Reading.Bad != 1 {
		t.Errorf("cost %v, bad %d: a mark belongs at the beginning", s.Whole.USD, s.Reading.Bad)
	}
	rows := slices.Repeat([]string{"\ufeff" + `{"cost_usd":  1}`}, 3*blockSize/16) // one of which begins a block
	if r := summed(t, tallyOf(t, settingsOf(t), source("log", lines(rows...)))).Reading; r.Records != 1 || r.Bad != len(rows)-1 {
		t.Errorf("bad %d of %d", r.Bad, len(rows))
	}
}

// TestSpellingsAreBounded names tiers in ever new ways.
func TestSpellingsAreBounded(t *testing.T) {
	r, err := settingsOf(t).ready()
	if err != nil {
		t.Fatal(err)
	}
	p := newParser(r)
	var rows []string
	for i := range 3000 {
		rows = append(rows, fmt.Sprintf(`{"tier":"tier %d"}`, i))
	}
	p.parse(&block{data: lines(rows...)})
	if p.tiers.n != maxSpellings || len(p.tiers.all) != maxSpellings {
		t.Errorf("%d spellings are remembered", p.tiers.n)
	}
}

func TestWarnsOfAllThatEscalated(t *testing.T) {
	s := summaryOf(t, settingsOf(t), `{"tier":"MEDIUM","escalated":true,"cost_usd":1}`, `{"escalated":true,"cost_usd":1}`, `{"tier":"SIMPLE","escalated":false,"cost_usd":0.5}`)
	if w := strings.Join(s.Warnings, "\n"); !strings.Contains(w, "2 requests were escalated") || !strings.Contains(w, "at least about $1.00, what one call of SIMPLE costs each") {
		t.Errorf("warnings %q", s.Warnings)
	}
}

func TestBinsOfScores(t *testing.T) {
	d := driftTally{ref: &centroids.Drift{Low: -1, High: 1, Bins: make([]int, 80)}}
	for score, want := range map[float64]int{-1.01: 0, -1: 1, -.975: 2, 0: 41, .99: 80, 1: 80, 1.01: 81, 1e9: 81, -1e9: 0} {
		if got := d.bin(score); got != want {
			t.Errorf("%v is in bin %d, want %d", score, got, want)
		}
	}
}

func TestOtherScoresThanTheArtifacts(t *testing.T) {
	s := settingsOf(t)
	s.Reference = usual().manifest(rand.New(rand.NewPCG(1, 1)), 400)
	for _, c := range []struct {
		off       float64 // of every third score
		differing int
		status    Status
	}{{0, 0, Doubtful}, {.0005, 0, Doubtful}, {.002, 33, Doubtful}} {
		var rows []string
		for i := range 100 {
			score := .6
			if i%3 == 1 {
				score += c.off
			}
			rows = append(rows, fmt.Sprintf(`{"prompt":"%d","scores":[%g,0,0,0]}`, i, score))
		}
		s.Classify = func(string) (centroids.Decision, error) {
			return centroids.Decision{Nearest: 0, Scores: []float64{.6, 0, 0, 0}}, nil
		}
		d := summaryOf(t, s, rows...).Drift
		if d.Differing != c.differing || strings.Contains(d.Why, "another one") {
			t.Errorf("%v off: %d differ, %s", c.off, d.Differing, d.Why)
		}
	}
}

// TestTiersOfAcceptingArtifacts compares tiers by start_tier only where the artifact
// accepts everything.
func TestTiersOfAcceptingArtifacts(t *testing.T) {
	s := settingsOf(t)
	s.Reference = usual().manifest(rand.New(rand.NewPCG(1, 1)), 400)
	row := `{"score":0.6,"start_tier":"COMPLEX"}`
	if d := summaryOf(t, s, row).Drift; d.Mix == nil || d.Mix.Cells[2].Requests != 1 {
		t.Errorf("mix %+v", d.Mix)
	}
	s.Reference.Margin = .1
	if d := summaryOf(t, s, row).Drift; d.Mix != nil {
		t.Errorf("with a margin: mix %+v", d.Mix)
	}
	s.Reference.Margin, s.Reference.Thresholds["SIMPLE"] = 0, .3
	if d := summaryOf(t, s, row).Drift; d.Mix != nil {
		t.Errorf("with a threshold: mix %+v", d.Mix)
	}
}

func TestNearThresholdAndMargin(t *testing.T) {
	s := settingsOf(t)
	s.Reference = usual().manifest(rand.New(rand.NewPCG(1, 1)), 400)
	s.Reference.Margin, s.Reference.Thresholds["MEDIUM"], s.Reference.Thresholds["COMPLEX"] = .1, .5, -.2
	r, err := s.ready()
	if err != nil {
		t.Fatal(err)
	}
	d := drawer{DrawSettings: DrawSettings{Near: .02}, tally: newTally(r)}
	for line, want := range map[string]float64{
		`{"scores":[0.6,0.49,0,0]}`:   .01, // the lead is near the margin
		`{"scores":[0.6,0.59,0,0]}`:   .09,
		`{"scores":[0,0.53,0,0]}`:     .03, // near the threshold of MEDIUM
		`{"scores":[0.53,0,0,0]}`:     .43, // SIMPLE has none
		`{"scores":[-2,-2,-0.21,-2]}`: .01, // COMPLEX has one below 0
		`{"score":0.53}`:              math.Inf(1),
		`{"cost_usd":1}`:              math.Inf(1),
	} {
		rec := recordOf(t, s, line)
		if got := d.distance(&rec); math.Abs(got-want) > 1e-12 && got != want {
			t.Errorf("%s: %v, want %v", line, got, want)
		}
	}
	threshold := .5
	d.Threshold, d.tally.reader.Reference = &threshold, nil
	for line, want := range map[string]float64{`{"score":0.53}`: .03, `{"scores":[0.6,0.59,0,0]}`: .01, `{"scores":[0.51,0.3,0,0]}`: .01} {
		rec := recordOf(t, s, line)
		if got := d.distance(&rec); math.Abs(got-want) > 1e-12 {
			t.Errorf("without an artifact, %s: %v, want %v", line, got, want)
		}
	}
}

func TestDrawsOfRepeatedLinesAndChangedLogs(t *testing.T) {
	var rows []string
	for i := range 50 {
		row := fmt.Sprintf(`{"request_id":%d,"tier":"COMPLEX","escalated":true,"msg_hash":"ABCDEF%06d99"}`, i, i)
		rows = append(rows, row, row)
	}
	text := lines(rows...)
	tally := tallyOf(t, settingsOf(t), source("log", text))
	d := drawn(t, tally, text, DrawSettings{N: 100, Seed: 1})
	if len(d.Rows) != 50 || d.Unrouted != 50 || d.Strata[0].Requests != 50 || d.Rows[0].ID != "abcdef00000099" {
		t.Errorf("%d draws, %d of unknown first tier, %+v", len(d.Rows), d.Unrouted, d.Rows[0])
	}
	summary := summed(t, tally)
	longer := source("log", lines(append(rows, `{"request_id":77}`)...))
	if _, err := tally.Draw(t.Context(), []Source{longer}, summary.Drift, DrawSettings{N: 100}); err == nil || !strings.Contains(err.Error(), "has changed") {
		t.Errorf("a log that grew: %v", err)
	}
	cut := Source{"b", func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader(string(text)), failing{errTest})), nil
	}}
	if _, err := tally.Draw(t.Context(), []Source{cut}, summary.Drift, DrawSettings{N: 100}); err == nil || !strings.Contains(err.Error(), "could not be read") {
		t.Errorf("a log that fails: %v", err)
	}
}
