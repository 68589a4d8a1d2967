package reports

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval/logs"
)

// logNow is when logs of tests are read.
var logNow = time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)

// madeLog is a log in memory and how it is summed up.
type madeLog struct {
	lines    []string
	file     string // empty: app.jsonl
	settings func(*logs.Settings)
	assume   logs.Assumptions
	rules    []string
}

func (m madeLog) log(t testing.TB) *Log {
	t.Helper()
	settings := logs.Settings{Tiers: centroids.DefaultTiers(), Now: logNow}
	if m.settings != nil {
		m.settings(&settings)
	}
	if m.file == "" {
		m.file = "app.jsonl"
	}
	source := logs.Source{Name: m.file, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(strings.Join(m.lines, "\n"))), nil
	}}
	tally, err := logs.Scan(context.Background(), []logs.Source{source}, settings)
	if err != nil {
		t.Fatal(err)
	}
	s := tally.Summary(m.assume)
	l := &Log{Summary: s, Sources: []string{m.file}, SupportShare: m.assume.FirstTierShare}
	for _, text := range m.rules {
		rule, err := logs.ParseRule(text, settings.Tiers.Names())
		if err != nil {
			t.Fatal(err)
		}
		l.Rules = append(l.Rules, rule.Decide(s, 0.01))
	}
	return l
}

// requestLine is a line of a log. Fields of value nil are left out.
func requestLine(fields map[string]any) string {
	for name, v := range fields {
		if v == nil {
			delete(fields, name)
		}
	}
	b, err := json.Marshal(fields)
	if err != nil {
		panic(err) // of values that tests choose
	}
	return string(b)
}

// usualFields are those of the i-th request, a quarter of an hour after the one
// before.
func usualFields(i int) map[string]any {
	tiers := centroids.DefaultTiers().Names()
	start := []int{0, 0, 0, 1, 0, 2, 1, 0, 3, 0}[i%10]
	tier := start
	if start < 3 && i%7 == 3 {
		tier++
	}
	usd := []float64{0.0004, 0.002, 0.011, 0.06}[tier] * (1 + float64(i%13)/13)
	f := map[string]any{
		"ts": logNow.Add(time.Duration(i-2400) * 15 * time.Minute).Format(time.RFC3339), "request_id": fmt.Sprint("r", i),
		"feature": []string{"support_bot", "search", "support_bot", "code | review"}[i%4],
		"tier":    tiers[tier], "start_tier": tiers[start], "escalated": tier > start, "model": fmt.Sprint("model-", tier),
		"input_tokens": 200 + i%300, "output_tokens": 50 + i%90, "cost_usd": usd, "latency_ms": float64(200*(tier+1)) * math.Exp(float64(i%37)/20),
		"scores": scoresOf(start, 0.2+float64(i%61)/100),
	}
	if i%29 == 0 {
		f["cost_usd"] = nil
	}
	return f
}

// scoresOf has the highest score at a tier.
func scoresOf(tier int, highest float64) map[string]float64 {
	scores := map[string]float64{}
	for k, name := range centroids.DefaultTiers().Names() {
		scores[name] = highest - 0.1
		if k == tier {
			scores[name] = highest
		}
	}
	return scores
}

// usualLog is one with something to say in every part.
func usualLog() madeLog {
	m := madeLog{
		settings: func(s *logs.Settings) {
			s.Dearest = &logs.Price{InputPerM: 30, OutputPerM: 120}
			s.Reference = artifactOf()
		},
		assume: logs.Assumptions{FirstTierShare: 0.5, SupportFeatures: []string{"support_bot"}, ClassifierUSD: new(float64), FixedUSDPerDay: 2},
		rules:  []string{"cost_per_day.support_bot > $1", "latency_p95.SIMPLE > 5000", "escalation_rate > 15%", "cost.suport_bot > 3", "requests < 100", "psi_scores >= 0.25"},
	}
	*m.assume.ClassifierUSD = 0.0001
	for i := range 2390 {
		m.lines = append(m.lines, requestLine(usualFields(i)))
	}
	f := usualFields(2391)
	f["tier"], f["latency_ms"] = "HUGE", -3
	m.lines = append(m.lines, requestLine(f), m.lines[7], "", "not JSON", `{"ts": "2026-01-31`)
	return m
}

// artifactOf is one whose calibrate prompts scored a little higher.
func artifactOf() *centroids.Manifest {
	m := &centroids.Manifest{
		Thresholds: map[string]float64{"SIMPLE": 0.3}, Tolerance: 1e-3,
		Certificates: []centroids.Certificate{{Claim: "wrong on at most 10 % of the accepted", Alpha: 0.1, Delta: 0.05}},
		Drift:        &centroids.Drift{Split: "calibrate", N: 400, Low: 0, High: 1, Bins: make([]int, 20), Mix: map[string]int{"SIMPLE": 200, "MEDIUM": 100, "COMPLEX": 60, "FRONTIER": 40}},
	}
	for i := range m.Drift.N {
		m.Drift.Bins[5+i*13/m.Drift.N]++
	}
	return m
}

type logWriter func(io.Writer, *Log) error

func logSays(t testing.TB, write logWriter, l *Log) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, l); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// logFile is what logs.md holds, with plots.
func logFile(w io.Writer, l *Log) error {
	_, err := io.WriteString(w, logMarkdown(l, logPlots(l)))
	return err
}
