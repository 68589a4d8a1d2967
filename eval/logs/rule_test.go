package logs

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestParseRule(t *testing.T) {
	tiers := []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}
	for _, c := range []struct{ text, want string }{
		{"cost_per_day.support_bot > 40", "cost_per_day of support_bot > 40"},
		{"cost_per_day > $40.5", "cost_per_day of  > 40.5"},
		{`cost."a > b.c" >= 1e3`, "cost of a > b.c >= 1000"},
		{"cost.my.bot v2<7", "cost of my.bot v2 < 7"},
		{"tier_share.FRONTIER>=5 %", "tier_share of FRONTIER >= 0.05"},
		{"net_saving <= -10%", "net_saving of  <= -0.1"},
		{"weekly_change > 300%", "weekly_change of  > 3"},
		{"first_tier_share < 50", "did you mean 50%?"},
		{"net_saving < 20", "did you mean 20%?"},
		{"weekly_change > 20", "did you mean 20%?"},
		{"cost > 400%", "cost is not a share"},
		{"latency_p95.SIMPLE > $4000", "is not in USD"},
		{"cost_per_day", "expected METRIC > NUMBER"},
		{"cost_per_day = 4", "expected METRIC > NUMBER"},
		{"cost_per_dya > 4", `did you mean "cost_per_day"`},
		{"cost. > 4", "expected cost.FEATURE"},
		{"latency_p95 > 4", "expected latency_p95.TIER"},
		{"latency_p95.SIMPEL > 4", `did you mean "SIMPLE"`},
		{"net_saving.SIMPLE < 1", "is of the whole log: leave .SIMPLE out"},
		{"cost > many", `expected a number, found "many"`},
		{"cost > NaN", `expected a number`},
		{"cost > inf", `expected a number`},
		{`cost."a > 4`, "expected METRIC > NUMBER"},
		{`cost."a"b > 4`, "expected a name in double quotes"},
		{`cost."a\"b" > 4`, "expected METRIC > NUMBER"},
		{"> 4", "expected a metric"},
	} {
		r, err := ParseRule(c.text, tiers)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprintf("%s of %s %s %g", r.metric.name, r.of, r.op, r.limit)
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
}

// TestDecide decides each metric on a log where its value is known.
func TestDecide(t *testing.T) {
	var rows []string
	for day := range 17 {
		rows = append(rows, fmt.Sprintf(`{"ts":%d,"feature":"bot","tier":"SIMPLE","cost_usd":%d,"latency_ms":100,"escalated":false}`, 1767225600+day*secondsPerDay, 10+day))
	}
	for range 120 {
		rows = append(rows, `{"ts":1767225600,"feature":"ide","tier":"COMPLEX","cost_usd":1,"latency_ms":900,"escalated":true,"input_tokens":100000,"output_tokens":0}`)
	}
	rows = append(rows, `{"feature":"lost","ts":1767225600}`, "bad")
	s := settingsOf(t)
	s.Dearest = &Price{InputPerM: 20}
	summary := summaryOf(t, s, rows...)
	for _, c := range []struct {
		rule string
		want Outcome
		why  string // or value
	}{
		{"cost > 425", Broken, "426"},
		{"cost > 426", Pass, "426"},
		{"cost.ide >= 120", Broken, "120"},
		{"cost_per_day.bot > 25", Broken, "26 on 2026-01-17"},
		{"cost_per_day.bot > 26", Pass, "26 on 2026-01-17"},
		{"cost_per_day.bot < 11", Pass, "11 on 2026-01-02"}, // the first day may be longer
		{"cost_per_day.bot < 12", Broken, "11 on 2026-01-02"},
		{"cost_per_day.lost > 1", Inconclusive, "100 % of the requests lack a cost or a time"},
		{"cost_per_day.bto > 1", Invalid, `the log has no feature "bto" (did you mean "bot"?)`},
		{"mean_cost_per_day.bot > 17", Broken, "18"},
		{"cost_per_1000.ide > 1000", Pass, "1000"},
		{"requests.lost < 2", Broken, "1"},
		{"cost.lost < 5", Inconclusive, "100 % of the requests lack a cost"},
		{"cost_per_1000.lost > 5", Inconclusive, "100 % of the requests lack a cost"},
		{"cost < 500", Broken, "426"}, // the unknown share is below the bound
		{"weekly_change.bot > 10%", Broken, ""},
		{"weekly_change.lost > 10%", Invalid, "the week before cost nothing"},
		{"first_tier_share < 15%", Broken, ""},
		{"escalation_rate > 50%", Inconclusive, "it lies between 0 and 0.8768"},
		{"escalation_rate > 90%", Pass, ""},
		{"escalation_rate.bot > 1%", Pass, "0"},
		{"escalation_rate.lost > 1%", Invalid, "too short"},
		{"tier_share.SIMPLE > 10%", Broken, ""},
		{"tier_cost.COMPLEX > 120", Pass, "120"},
		{"latency_p50.SIMPLE > 102", Pass, ""},
		{"latency_p95.COMPLEX > 880", Broken, ""},
		{"latency_p99.SIMPLE > 1", Invalid, "too short"},
		{"unknown_cost_share > 0.5%", Broken, ""},
		{"unanswered_share > 1%", Pass, ""},
		{"bad_line_share > 0", Broken, ""},
		{"net_saving < 60%", Inconclusive, "lack a cost or tokens"},
		{"psi_scores > 0.1", Invalid, "give one with --artifact"},
		{"psi_tiers > 0.1", Invalid, "give one with --artifact"},
	} {
		r, err := ParseRule(c.rule, summary.TierSet)
		if err != nil {
			t.Fatal(err)
		}
		d := r.Decide(summary, .01)
		found := fmt.Sprintf("%g", float64(d.Found))
		if d.Where != "" {
			found += " on " + d.Where
		}
		if d.Outcome != c.want || c.why != "" && !strings.Contains(d.Why, c.why) && found != c.why {
			t.Errorf("%s: %s, %s, %s: want %s, %s", c.rule, d.Outcome, found, d.Why, c.want, c.why)
		}
	}
	empty := summaryOf(t, s, "bad")
	r, _ := ParseRule("bad_line_share > 1", summary.TierSet)
	if d := r.Decide(empty, 1); d.Outcome != Invalid {
		t.Errorf("a log without requests: %+v", d)
	}
}

// TestMetricsAreDocumented holds the table of docs/logs.md to the metrics, and
// TestDecide to all of them.
func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/logs.md")
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.ReadFile("rule_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metrics() {
		of := map[string]string{ofFeature: "all, or a feature", ofTier: "a tier", "": "all"}[m.of]
		unit := map[string]string{"USD": ", in USD", "ms": ", in ms", "share": ", as a share", "": ""}[m.unit]
		if row := fmt.Sprintf("| `%s` | %s | %s%s |\n", m.name, of, m.is, unit); !strings.Contains(string(text), row) {
			t.Errorf("docs/logs.md lacks %s", row)
		}
		if !strings.Contains(string(own), `{"`+m.name+" ") && !strings.Contains(string(own), `{"`+m.name+".") {
			t.Errorf("%s is never decided", m.name)
		}
	}
}

func FuzzParseRule(f *testing.F) {
	f.Add(`cost_per_day."a > b" >= $4%`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRule(text, []string{"A", "B"})
		if err == nil && (r.metric == nil || r.op == "" || r.limit != r.limit) {
			t.Errorf("%q: %+v", text, r)
		}
	})
}
