package reports

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/logs"
)

// What each output looks like, on a log with something to say in every part.
func TestLogsGolden(t *testing.T) {
	l := usualLog().log(t)
	for file, write := range map[string]logWriter{"log.txt": LogText, "log.md": logFile, "log.json": WriteLogJSON} {
		got := logSays(t, write, l)
		path := filepath.Join("testdata", file)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs; if that is wanted, run with -update:\n%s", path, cmp.Diff(string(want), got))
		}
	}
}

// What is not known is not told as a figure.
func TestLogsWithoutFields(t *testing.T) {
	without := func(fields ...string) madeLog {
		m := madeLog{rules: []string{"cost > 1"}}
		for i := range 400 {
			f := usualFields(i)
			for _, name := range fields {
				f[name] = nil
			}
			m.lines = append(m.lines, requestLine(f))
		}
		return m
	}
	for name, c := range map[string]struct {
		log       madeLog
		says, not []string
		plots     []string // that there are not
	}{
		"nothing": {madeLog{}, []string{"No request that counts is in the log.", "0 lines read of app.jsonl: 0 requests, none bad."}, []string{"$", "unknown", "Features", "Tiers"},
			[]string{plotLogCost, plotLogDays, plotLogTiers, plotLogLatency, plotLogScores}},
		"rules of nothing": {madeLog{rules: []string{"cost > 1"}}, []string{"INVALID", "1 of 1 rule cannot be decided.", "the log has no requests"}, []string{"$"}, nil},
		"only bad":         {madeLog{lines: []string{"x", "y"}}, []string{"2 (100.0 %) bad", "What could not be used", "line 1, found"}, []string{"Tiers"}, nil},
		"times":            {without("ts"), []string{"400 requests at unknown times", "400 on no day", "without a believable time"}, []string{"a day", "dearest day", "Days", "week"}, []string{plotLogDays}},
		"costs": {without("cost_usd"), []string{"unknown", "The cost of 400 requests (100.0 %) is unknown", "Unknown: it takes requests with cost", "INCONCLUSIVE", "does not count as failed"}, []string{"$0", "≥ $", "+0.0"},
			[]string{plotLogCost, plotLogDays}},
		"tiers":      {without("tier", "start_tier", "scores"), []string{"No request names the tier that answered it", "400 without a tier"}, []string{"SIMPLE", "p95"}, []string{plotLogTiers, plotLogLatency}},
		"escalation": {without("escalated", "start_tier"), []string{"How often requests are escalated is unknown"}, []string{": watch", ": good"}, nil},
		"beginning":  {without("start_tier", "scores"), []string{" to ", "of ≥ ", "undecided"}, nil, nil},
		"scores":     {without("start_tier"), []string{"Where they began is taken from the highest score for 17 requests (4.2 %)."}, []string{"of ≥"}, nil},
		"latency":    {without("latency_ms"), []string{"SIMPLE"}, []string{"p95", "timed"}, []string{plotLogLatency}},
		"feature":    {without("feature", "model"), []string{"(no feature)"}, []string{"Models"}, nil},
		"short":      {madeLog{lines: []string{requestLine(usualFields(1))}}, []string{"1 request from 2026-01-07 00:15 to 2026-01-07 00:15 UTC (1 day, none of them whole)", "[20.7, 100.0] of 1"}, []string{"a day", "requests from", "whole days"}, []string{plotLogDays, plotLogLatency}},
	} {
		l := c.log.log(t)
		markdown := logSays(t, logFile, l)
		if before, _, ok := strings.Cut(markdown, "<details><summary>What the words mean"); ok {
			markdown = before
		}
		markdown = strings.NewReplacer(`\`, "", "`", "", "**", "").Replace(markdown)
		for what, got := range map[string]string{"terminal": logSays(t, LogText, l), "page": markdown} {
			for _, want := range c.says {
				if !strings.Contains(got, want) {
					t.Errorf("%s: the %s lacks %q:\n%s", name, what, want, got)
				}
			}
			for _, bad := range append(c.not, "NaN", "%!", "Inf", "-0") {
				if bad == "-0" {
					got = regexp.MustCompile(`20\d\d-\d\d-\d\d|model-0`).ReplaceAllString(got, "")
				}
				if strings.Contains(got, bad) {
					t.Errorf("%s: the %s says %q:\n%s", name, what, bad, got)
				}
			}
		}
		for _, file := range c.plots {
			if slices.ContainsFunc(logPlots(l), func(p plot) bool { return p.file == file }) {
				t.Errorf("%s: %s is drawn of nothing", name, file)
			}
		}
	}
}

// What asks for a decision stands before the tables.
func TestLogsStandsOut(t *testing.T) {
	m := usualLog()
	m.assume.FirstTierShare = 0.7
	m.rules = nil
	m.lines = nil
	for i := range 2390 {
		f := usualFields(i)
		f["escalated"], f["start_tier"], f["tier"] = i%3 == 0, "SIMPLE", "SIMPLE"
		if i%3 == 0 {
			f["tier"] = "MEDIUM"
		}
		f["cost_usd"] = 0.001 * float64(1+i*i)
		m.lines = append(m.lines, requestLine(f))
	}
	l := m.log(t)
	l.Summary.Reading.Unread = []logs.Unread{{File: "b", Reason: "broken"}}
	for what, got := range map[string]string{"terminal": logSays(t, LogText, l), "page": logSays(t, logFile, l)} {
		got = strings.NewReplacer("\\", "", "`", "", "**", "").Replace(got)
		head, _, _ := strings.Cut(got, "Features, the dearest first")
		for _, want := range []string{
			"A part of the log could not be read", "Drift and certificates: void. Scores are", "begin at SIMPLE too many are escalated: 33.", ": problem. Look at the classifier",
			"Feature support_bot has few answers of SIMPLE: 66.", "Cost rises from week to week: +", "Routing saves nothing",
		} {
			if !strings.Contains(head, want) {
				t.Errorf("the %s lacks %q:\n%s", what, want, head)
			}
		}
		if strings.Contains(head, "INVALID") || !strings.Contains(got, "% lost, net") {
			t.Errorf("the %s:\n%s", what, got)
		}
	}
}

// However much there is, a page is at most as long as GitHub takes, says what it
// left out, and closes what it opens.
func TestLogsMarkdownFits(t *testing.T) {
	long := strings.Repeat("@", 5000)
	m := madeLog{assume: logs.Assumptions{FirstTierShare: 0.5}}
	for i := range 24_000 {
		name := fmt.Sprintf("%04d%s", i%1200, strings.Repeat("\U000e0001", 60))
		m.lines = append(m.lines, requestLine(map[string]any{"ts": logNow.Add(-time.Duration(i/1200) * 24 * time.Hour).Unix(), "feature": name, "model": name, "tier": "SIMPLE", "escalated": false, "cost_usd": 1000}))
		if i%1200 < 1000 {
			m.assume.SupportFeatures = append(m.assume.SupportFeatures[:min(len(m.assume.SupportFeatures), 999)], name)
		}
	}
	l := m.log(t)
	s := l.Summary
	for i := range 500 {
		s.Warnings = append(s.Warnings, long)
		l.Rules = append(l.Rules, logs.Decided{Rule: long, Why: long, Outcome: logs.Broken})
		l.Sources = append(l.Sources, long)
		s.Reading.Faults = append(s.Reading.Faults, logs.Fault{Field: long, Reason: long, Lines: i, Examples: slices.Repeat([]logs.Example{{File: long, Line: i, Found: long}}, 5)})
	}
	s.Drift = &logs.Drift{Status: logs.Void, Why: long, Of: long, Certificates: slices.Repeat([]logs.CertificateStatus{{Claim: long, Status: logs.Void}}, 500)}
	got := logSays(t, logFile, l)
	if len(got) > 1<<20 || len(got) < 1<<18 {
		t.Errorf("%d bytes", len(got))
	}
	for _, want := range []string{"Cut to the 1 MiB that GitHub takes", "more features: see log_features.parquet", "other rules, none of them worse: see logs.json", "and 480 more: see logs.json", " and 481 more"} {
		if !strings.Contains(got, want) {
			t.Errorf("the page does not say %q: %.1500s", want, got)
		}
	}
	if open, closed := strings.Count(got, "<details>"), strings.Count(got, "</details>"); open != closed {
		t.Errorf("%d details are opened, %d closed", open, closed)
	}
	if text := logSays(t, LogText, l); len(text) > 1<<20 || !strings.Contains(text, "more features: see log_features.parquet") {
		t.Errorf("the terminal gets %d bytes", len(text))
	}
}

// Every plot that the page shows is there, whole and well-formed; those of an
// earlier log are gone.
func TestLogsFolder(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "deep", "out")
	if err := WriteLog(folder, usualLog().log(t)); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(folder, LogFile))
	if err != nil {
		t.Fatal(err)
	}
	pictures := regexp.MustCompile(`!\[[^]]*\]\(([^)]*)\)`).FindAllSubmatch(page, -1)
	if len(pictures) != 5 {
		t.Errorf("%d pictures, expected 5", len(pictures))
	}
	for _, p := range pictures {
		svg, err := os.ReadFile(filepath.Join(folder, string(p[1])))
		if err != nil {
			t.Error(err)
		}
		wellFormed(t, string(p[1]), svg)
	}
	var document struct {
		Schema string
		Rules  []logs.Decided
	}
	b, err := os.ReadFile(filepath.Join(folder, LogJSONFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &document); err != nil || document.Schema != "routeproof.logs/1" || len(document.Rules) != 6 {
		t.Errorf("schema %q, %d rules, %v", document.Schema, len(document.Rules), err)
	}
	if err := WriteLog(folder, madeLog{}.log(t)); err != nil {
		t.Fatal(err)
	}
	plots, err := os.ReadDir(filepath.Join(folder, plotsFolder))
	if err != nil || len(plots) != 0 {
		t.Errorf("%d plots are left, %v", len(plots), err)
	}
}

func wellFormed(t testing.TB, name string, svg []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
	}
}

func TestLogsFigures(t *testing.T) {
	for v, want := range map[float64]string{0: "$0.00", 1234.5: "$1,234", 999999.6: "$1,000,000", -1e6: "−$1,000,000", 9e18: "$9,000,000,000,000,000,000", 12.345: "$12.35", 0.00012: "$0.00012", 123.45: "$123.5", 999.96: "$1,000", 999.94: "$999.9", -0.5: "−$0.5000"} {
		if got := dollars(v); got != want {
			t.Errorf("%g: %s, expected %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0", -0.4567: "−0.457", -1500: "−1,500", 99.96: "100", 1234.5: "1,234", 1e10: "10,000,000,000"} {
		if got := amount(v); got != want {
			t.Errorf("%g: %s, expected %s", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0.0 %", 1e-9: "<0.1 %", 0.00051: "0.1 %", 1: "100.0 %"} {
		if got := shareOfAll(v); got != want {
			t.Errorf("%g: %s, expected %s", v, got, want)
		}
	}
	if got := foundCell(logs.Decided{Found: eval.Number(math.NaN()), Unit: "USD"}); got != missing {
		t.Error(got)
	}
	for unit, want := range map[string]string{"USD": "$1,500", "share": "150,000 %", "ms": "1,500 ms", "": "1,500"} {
		if got := foundCell(logs.Decided{Found: 1500, Unit: unit}); got != want {
			t.Errorf("%s: %s, expected %s", unit, got, want)
		}
	}
}
