package reports

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/logs"
)

// hostileLogs have text from outside wherever a log can have it.
func hostileLogs(t *testing.T) []*Log {
	t.Helper()
	m := usualLog()
	m.file = gateAttack
	m.lines = nil
	for i := range 2000 {
		f := usualFields(i)
		f["feature"] = gateAttack[i%40*6:] + strings.Repeat("x", i%3*100)
		f["model"] = gateAttack[i%25*9:]
		f["scores"], f["score"] = nil, 0.2+float64(i%61)/100
		if i%50 == 0 {
			f["tier"] = gateAttack[i%7*11:]
		}
		m.lines = append(m.lines, requestLine(f))
	}
	m.lines = append(m.lines, "::error::x", "##[error]y \x1b[31m", gateAttack)
	settings := m.settings
	m.settings = func(s *logs.Settings) {
		settings(s)
		tiers, err := centroids.NewTiers("::error::x <img> ##[x]", "![a](b) | `c`", "@everyone $x$", "\\ www,evil ://x")
		if err != nil {
			t.Fatal(err)
		}
		s.Tiers = tiers
		s.Aliases = map[string]string{"SIMPLE": tiers.Name(0), "MEDIUM": tiers.Name(1), "COMPLEX": tiers.Name(2), "FRONTIER": tiers.Name(3)}
		s.Reference.Drift.Mix = map[string]int{tiers.Name(0): 300, tiers.Name(3): 100}
		s.Reference.Certificates[0].Claim = gateAttack
	}
	m.rules = nil
	m.assume.SupportFeatures = []string{gateAttack, gateAttack[:200] + "…", gateAttack[6:206] + "…"}
	m.assume.FirstTierShare = 0.99
	scanned := m.log(t)

	filled := m.log(t)
	s := filled.Summary
	for _, at := range []int{0, 11, 60, 130, 190, 230} {
		text := gateAttack[at:]
		filled.Sources = append(filled.Sources, text)
		filled.Rules = append(filled.Rules, logs.Decided{Rule: text, Why: text, Where: text, Outcome: logs.Broken, Found: 1})
		s.Reading.Unread = append(s.Reading.Unread, logs.Unread{File: text, Reason: text})
		s.Reading.Faults = append(s.Reading.Faults, logs.Fault{Field: text, Reason: text, Lines: 1, Examples: []logs.Example{{File: text, Line: 1, Found: text}, {File: text, Line: 1, Why: text}}})
		s.Warnings = append(s.Warnings, text)
	}
	s.Drift.Why, s.Drift.Of = gateAttack, gateAttack[11:]
	for i := range s.Drift.Score.Cells {
		s.Drift.Score.Cells[i].Name = gateAttack[i*11:]
	}
	s.Drift.Mix = s.Drift.Score
	for i := range s.Tiers {
		s.Tiers[i].Name = gateAttack[i*6:]
		s.TierSet[i] = gateAttack[i*11:]
		s.Tiers[i].Escalation.Judgement = logs.Problem
	}
	for i := range s.Features {
		s.Features[i].Mark = logs.MarkBelow
		s.Features[i].DearestDay.Day = gateAttack
	}
	return []*Log{scanned, filled}
}

func TestLogsHostileTerminal(t *testing.T) {
	for _, l := range hostileLogs(t) {
		got := logSays(t, LogText, l)
		for _, r := range got {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("the terminal gets %U", r)
			}
		}
		if strings.Contains(got, "##[") {
			t.Error("the terminal gets a workflow command of the old form")
		}
		for _, line := range strings.Split(got, "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "::") {
				t.Errorf("a line is a workflow command: %.80s", line)
			}
		}
	}
}

func TestLogsHostileMarkdown(t *testing.T) {
	for _, l := range hostileLogs(t) {
		got := logSays(t, logFile, l)
		own := regexp.MustCompile(`!\[[a-zA-Z0-9, ]*\]\(plots/log-[a-z]+\.svg\)`).ReplaceAllString(got, "")
		prose := regexp.MustCompile("`[^`\n]*`").ReplaceAllString(own, "") // code shows as it is
		for _, forbidden := range []string{"<script", "<img", "![", "](", "@everyone", "www.evil", "\x1b", "\u202e", "\n# heading", "\n- item", "http://", "</td"} {
			if i := strings.Index(prose, forbidden); i >= 0 {
				t.Errorf("the page holds %q: …%q…", forbidden, prose[max(0, i-80):min(len(prose), i+80)])
			}
		}
		if dollar := regexp.MustCompile(`[^\\]\$`).FindString(prose); dollar != "" {
			t.Error("a dollar sign may begin a formula")
		}
		if strings.Count(got, "`")%2 != 0 {
			t.Error("a backtick is left over")
		}
		columns := 0
		for _, line := range strings.Split(got, "\n") {
			if !strings.HasPrefix(line, "| ") {
				columns = 0
				continue
			}
			if n := strings.Count(line, "|"); columns == 0 {
				columns = n
			} else if n != columns {
				t.Errorf("a row with %d bars in a table of %d: %s", n, columns, line)
			}
		}
		if open, closed := strings.Count(got, "<details>"), strings.Count(got, "</details>"); open != closed {
			t.Errorf("%d details are opened, %d closed", open, closed)
		}
	}
}

func TestLogsHostileFiles(t *testing.T) {
	for _, l := range hostileLogs(t) {
		plots := logPlots(l)
		if len(plots) != 5 {
			t.Errorf("%d plots", len(plots))
		}
		for _, p := range plots {
			wellFormed(t, p.file, p.svg)
			if bytes.Contains(p.svg, []byte("<script")) || bytes.Contains(p.svg, []byte("<img")) {
				t.Errorf("%s holds markup from outside", p.file)
			}
		}
		document := logSays(t, WriteLogJSON, l)
		var parsed map[string]any
		if err := json.Unmarshal([]byte(document), &parsed); err != nil {
			t.Error(err)
		}
		if strings.ContainsAny(document, "\x1b\x00") {
			t.Error("JSON has control characters")
		}
	}
}

// Figures that are undefined are null or dashes wherever they can be.
func TestLogsUndefined(t *testing.T) {
	l := usualLog().log(t)
	nan := eval.Number(math.NaN())
	none := eval.Estimate{Value: nan, Low: nan, High: nan}
	s := l.Summary
	for _, f := range append([]*logs.Feature{&s.Whole}, &s.Features[0], &s.Features[1]) {
		f.Share, f.PerDay, f.FirstTier, f.DearestDay = nan, nan, none, nil
		f.Trend.Weekly = none
		f.Escalation = logs.Escalation{Least: nan, Most: nan, Low: nan, High: nan, Judgement: logs.NoData}
	}
	for i := range s.Tiers {
		k := &s.Tiers[i]
		k.Share, k.InputTokens, k.OutputTokens, k.Latency = none, nan, nan, logs.Latency{P50: nan, P95: nan, P99: nan}
		k.Escalation = s.Whole.Escalation
	}
	s.Saving.Net, s.Saving.BreakEven, s.Saving.ClassifierIs = nan, nan, eval.Unknown
	s.Drift.Mix = nil
	for what, write := range map[string]logWriter{"terminal": LogText, "page": logFile, "summary": LogMarkdown, "JSON": WriteLogJSON} {
		got := logSays(t, write, l)
		if strings.Contains(got, "NaN") || strings.Contains(got, "%!") {
			t.Errorf("the %s says NaN:\n%s", what, got)
		}
		if what == "terminal" && !strings.Contains(got, "before the cost of classifying, which is unknown") {
			t.Errorf("the saving is not said to be before classifying:\n%s", got)
		}
	}
	if err := WriteLog(t.TempDir(), l); err != nil {
		t.Fatal(err)
	}
	s.Saving.Gross = nan
	if got := logSays(t, LogText, l); !strings.Contains(got, "Unknown: it takes requests with cost") {
		t.Errorf("the saving is known:\n%s", got)
	}
}
