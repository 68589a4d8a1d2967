package logs

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/routeproof/routeproof/datasets/synth"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// TestEscalationsOfKnownTruth makes logs whose requests' beginnings are known: the
// bounds hold them, and with scores or start_tier they are exact.
func TestEscalationsOfKnownTruth(t *testing.T) {
	const n = 20_000
	for _, scores := range []bool{false, true} {
		config := synth.Default()
		config.Logs.Messages, config.Logs.Scores = 500, scores
		g, err := synth.New(config)
		if err != nil {
			t.Fatal(err)
		}
		var text, told []byte
		began, escalated := make([]int, 4), make([]int, 4)
		for i := range n {
			q := g.Request(i)
			began[q.Start]++
			if q.Served != q.Start {
				escalated[q.Start]++
			}
			text = g.AppendLog(text, i)
			line := string(g.AppendLog(nil, i))
			told = append(told, strings.Replace(line, `{"ts"`, fmt.Sprintf(`{"start_tier":"%s","ts"`, config.Models[q.Start].Tier), 1)...)
		}
		s := settingsOf(t)
		for name, log := range map[string][]byte{"untold": text, "told": told} {
			summary := summed(t, tallyOf(t, s, source("log", log)))
			for k, tier := range summary.Tiers {
				e, rate := tier.Escalation, float64(escalated[k])/float64(began[k])
				exact := scores || name == "told"
				if k < 3 && e.Exact != exact {
					t.Errorf("%s, scores %v, %s: exact %v", name, scores, tier.Name, e.Exact)
				}
				if exact && (float64(e.Least) != rate || float64(e.Most) != rate || e.N != began[k]) {
					t.Errorf("%s, scores %v, %s: %v to %v of %d, want %v of %d", name, scores, tier.Name, e.Least, e.Most, e.N, rate, began[k])
				}
				if float64(e.Least) > rate || float64(e.Most) < rate {
					t.Errorf("%s, scores %v, %s: %v to %v does not hold %v", name, scores, tier.Name, e.Least, e.Most, rate)
				}
			}
			if inferred := summary.Whole.Escalation.Inferred; (inferred > 0) != (scores && name == "untold") {
				t.Errorf("%s, scores %v: %d beginnings inferred", name, scores, inferred)
			}
			rate := float64(escalated[0]) / float64(began[0])
			if want := g.Truth().Logs.Escalated[0]; math.Abs(rate-want) > .02 {
				t.Errorf("the made log has %v escalated, truth is %v", rate, want)
			}
		}
	}
}

func TestEscalationJudgement(t *testing.T) {
	for _, c := range []struct {
		escalated, n int
		want         Judgement
	}{{0, 0, NoData}, {50, 1000, Good}, {150, 1000, Watch}, {300, 1000, Problem}, {100, 1000, Undecided}, {1, 10, Undecided}, {200, 1000, Undecided}} {
		e := newEscalations(4)
		e.told[0] = rate{c.escalated, c.n}
		got := e.estimate(0)
		if got.Judgement != c.want {
			t.Errorf("%d of %d: %s, want %s", c.escalated, c.n, got.Judgement, c.want)
		}
		if c.n > 0 {
			if i := stats.Wilson(c.escalated, c.n, .95); float64(got.Low) != i.Low || float64(got.High) != i.High {
				t.Errorf("%d of %d: [%v, %v], want %v", c.escalated, c.n, got.Low, got.High, i)
			}
		}
	}
}

// dailyLog has a request of a feature on each day, and one of another on the days
// around them.
func dailyLog(usd []float64) []string {
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rows := []string{fmt.Sprintf(`{"ts":%d,"feature":"b","cost_usd":0}`, day.AddDate(0, 0, -1).Unix())}
	for i, v := range usd {
		rows = append(rows, fmt.Sprintf(`{"ts":%d,"feature":"a","cost_usd":%g}`, day.AddDate(0, 0, i).Unix(), v))
	}
	return append(rows, fmt.Sprintf(`{"ts":%d,"feature":"b","cost_usd":0}`, day.AddDate(0, 0, len(usd)).Unix()))
}

func TestTrend(t *testing.T) {
	before, now := []float64{80, 100, 95, 50, 45, 90, 100}, []float64{100, 120, 90, 60, 40, 110, 130}
	usd := append(append([]float64{1000}, before...), now...)
	a := summaryOf(t, settingsOf(t), dailyLog(usd)...).Features[0]
	if a.Trend == nil || a.Trend.BeforeUSD != 560 || a.Trend.LastUSD != 650 {
		t.Fatalf("trend %+v, want 560 then 650", a.Trend)
	}
	// R = Σnow/Σbefore, numpy and scipy 1.10.1: R − 1 ± t.ppf(.975, 6)·sqrt(7·Σd²/6)/Σbefore, d = now − R·before
	want := eval.Estimate{Value: 0.1607142857142858, Low: 0.022681744806578336, High: 0.29874682662199326}
	for _, c := range [][2]eval.Number{{a.Trend.Weekly.Value, want.Value}, {a.Trend.Weekly.Low, want.Low}, {a.Trend.Weekly.High, want.High}} {
		if math.Abs(float64(c[0]-c[1])) > 1e-12 {
			t.Errorf("weekly change %+v, want %+v", a.Trend.Weekly, want)
		}
	}
	if mean := eval.Number((1000. + 560 + 650) / 15); a.PerDay != mean || a.DearestDay.USD != 1000 || a.DearestDay.Day != "2026-01-01" {
		t.Errorf("mean %v, dearest %+v: want %v, and 1000 on the first", a.PerDay, a.DearestDay, mean)
	}
	short := summaryOf(t, settingsOf(t), dailyLog(usd[2:])...).Features[0]
	if short.Trend == nil || short.Trend.Pairs != 6 {
		t.Errorf("13 days have the trend %+v", short.Trend)
	}
	if shorter := summaryOf(t, settingsOf(t), dailyLog(usd[4:])...).Features[0]; shorter.Trend != nil {
		t.Errorf("11 days have the trend %+v", shorter.Trend)
	}
	unknown := append(dailyLog(usd), `{"ts":"2026-01-14T00:00:00Z","feature":"a"}`)
	if a := summaryOf(t, settingsOf(t), unknown...).Features[0]; a.Trend.Unknown != 1./15 {
		t.Errorf("with an unknown cost the trend is %+v", a.Trend)
	}
	// A stray old record is a day of its own, and changes no mean by more.
	stray := append(dailyLog(usd), `{"ts":"2023-06-01T00:00:00Z","feature":"a","cost_usd":0}`)
	if s := summaryOf(t, settingsOf(t), stray...); s.Complete != 16 || s.Features[0].PerDay != eval.Number(2210./16) || s.Features[0].Trend.Pairs != 7 {
		t.Errorf("with a stray record %d days are complete, of %v", s.Complete, s.Features[0].PerDay)
	}
	usd[10] = 0
	if free := summaryOf(t, settingsOf(t), dailyLog(usd)...).Features[0]; free.Trend == nil || free.Trend.Weekly.Value != 0 || free.Trend.LastUSD != 560 {
		t.Errorf("with a day that cost nothing the trend is %+v", free.Trend)
	}
	clear(usd[:8])
	if free := summaryOf(t, settingsOf(t), dailyLog(usd)...).Features[0]; free.Trend == nil || free.Trend.Weekly.Value.Defined() {
		t.Errorf("after a week that cost nothing the trend is %+v", free.Trend)
	}
}

func TestSaving(t *testing.T) {
	s := settingsOf(t)
	s.Dearest = &Price{InputPerM: 10, OutputPerM: 20}
	s.Prices = map[string]Price{"m": {1, 2}}
	rows := []string{
		`{"input_tokens":100000,"output_tokens":50000,"cost_usd":0.5}`,             // dearest: 2
		`{"input_tokens":100000,"output_tokens":50000,"model":"m"}`,                // 0.2 by price
		`{"input_tokens":100000,"output_tokens":50000}`,                            // unknown
		`{"input_tokens":100000,"cost_usd":7}`,                                     // not comparable
		`{"input_tokens":100000,"output_tokens":50000,"model":"x","cost_usd":0.3}`, // dearest: 2
	}
	tally := tallyOf(t, s, source("log", lines(rows...)))
	fee := .1
	got := tally.Summary(Assumptions{ClassifierUSD: &fee, FixedUSDPerDay: 9}).Saving
	if got.Requests != 3 || got.USD != 1 || got.DearestUSD != 6 || got.ClassifierIs != eval.Assumed || math.Abs(float64(got.ClassifierUSD)-.3) > 1e-12 {
		t.Errorf("%+v: want 3 requests of 1 against 6 USD", got)
	}
	if math.Abs(float64(got.Gross)-5./6) > 1e-12 || math.Abs(float64(got.Net)-4.7/6) > 1e-12 || math.Abs(float64(got.BreakEven)-9/(4.7/3)) > 1e-9 {
		t.Errorf("saves %v, %v, break even %v", got.Gross, got.Net, got.BreakEven)
	}
	none := tally.Summary(Assumptions{})
	if none.Saving.Net.Defined() || !strings.Contains(strings.Join(none.Warnings, "\n"), "net saving is unknown") {
		t.Errorf("net %v without the cost of classifying, warnings %q", none.Saving.Net, none.Warnings)
	}
	if w := strings.Join(none.Warnings, "\n"); !strings.Contains(w, "1 request of unknown cost") || !strings.Contains(w, "1 request ($0.20) is not logged but computed") {
		t.Errorf("warnings %q", w)
	}
	rows = append(rows, `{"classifier_cost_usd":0.01,"cost_usd":0}`)
	logged := tallyOf(t, s, source("log", lines(rows...))).Summary(Assumptions{ClassifierUSD: &fee}).Saving
	if want := .01/6*3 + .1*3*5/6; math.Abs(float64(logged.ClassifierUSD)-want) > 1e-12 || logged.ClassifierIs != eval.Assumed {
		t.Errorf("classifying costs %v, %s: want %v, assumed", logged.ClassifierUSD, logged.ClassifierIs, want)
	}
}

func TestFirstTierShareOfSupport(t *testing.T) {
	var rows []string
	add := func(feature, tier string, n int) {
		for range n {
			rows = append(rows, fmt.Sprintf(`{"feature":"%s","tier":"%s","cost_usd":0}`, feature, tier))
		}
	}
	add("bot", "SIMPLE", 60)
	add("bot", "MEDIUM", 20)
	add("faq", "SIMPLE", 20)
	add("faq", "COMPLEX", 60)
	add("help", "SIMPLE", 5)
	add("help", "MEDIUM", 5)
	add("code", "COMPLEX", 50)
	s := tallyOf(t, settingsOf(t), source("log", lines(rows...))).Summary(Assumptions{FirstTierShare: .5, SupportFeatures: []string{"bot", "faq", "help", "chat"}})
	got := map[string]Mark{}
	for _, f := range s.Features {
		got[f.Name] = f.Mark
	}
	for name, want := range map[string]Mark{"bot": MarkAbove, "faq": MarkBelow, "help": MarkAround, "code": MarkNone} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	if !strings.Contains(strings.Join(s.Warnings, "\n"), `no request is of the feature "chat"`) {
		t.Errorf("warnings %q: want one of chat", s.Warnings)
	}
}

func TestEmptyLog(t *testing.T) {
	for _, text := range []string{"", "\n", "{}\n", "x"} {
		s := summed(t, tallyOf(t, settingsOf(t), source("log", []byte(text))))
		if s.Whole.PerDay.Defined() || s.Saving != nil || s.First != nil || s.Whole.Escalation.Judgement != NoData {
			t.Errorf("%q: %+v", text, s)
		}
	}
}

func TestQuantilesOfFew(t *testing.T) {
	var q quantiles
	for i, want := range []bool{false, true, true} {
		q.add(float64(i + 1))
		if got := !math.IsNaN(q.at(.5)); got != want {
			t.Errorf("median of %d: defined %v", i+1, got)
		}
	}
	for len := 3; len < 20; len++ {
		if !math.IsNaN(q.at(.95)) {
			t.Errorf("p95 of %d values", len)
		}
		q.add(1)
	}
	if math.IsNaN(q.at(.95)) || !math.IsNaN(q.at(.99)) {
		t.Error("of 20 values p95 is known and p99 is not")
	}
}
