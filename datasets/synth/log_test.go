package synth

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLogLines reads lines back, and finds what Log says and the message.
func TestLogLines(t *testing.T) {
	for _, scores := range []bool{false, true} {
		g := newGenerator(t, func(c *Config) { c.Logs.Scores = scores; c.Logs.Messages = 500 })
		var buf bytes.Buffer
		const n = 2000
		if err := g.WriteLogs(&buf, n); err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(&buf)
		dec.DisallowUnknownFields()
		last := g.config.Logs.Start
		for i := range n {
			var got Log
			if err := dec.Decode(&got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(g.Log(i), got); diff != "" {
				t.Fatalf("record %d: want −, got +:\n%s", i, diff)
			}
			q := g.Request(i)
			sum := sha256.Sum256([]byte(g.Prompt(q.Prompt).Text))
			if got.MessageHash != hex.EncodeToString(sum[:])[:12] || g.Latent(q.Prompt).Tier != q.Tier {
				t.Fatalf("record %d is not of prompt %d", i, q.Prompt)
			}
			m := g.config.Models[q.Served]
			cost := (float64(got.InputTokens)*m.InputPerM + float64(got.OutputTokens)*m.OutputPerM) / 1e6
			if got.Model != m.Name || math.Abs(cost-got.CostUSD) > .51e-8 || got.Time < last || got.Escalated != (q.Served > q.Start) || got.LatencyMS < 0 {
				t.Fatalf("record %d: %+v", i, got)
			}
			last = got.Time
			if !scores {
				continue
			}
			for tier, s := range got.Scores {
				if s > *got.Score || s < 0 || tier == g.config.Models[q.Start].Tier && s != *got.Score {
					t.Fatalf("record %d: score %g, scores %v", i, *got.Score, got.Scores)
				}
			}
		}
		if dec.More() {
			t.Error("more lines than asked for")
		}
	}
}

func TestLogFields(t *testing.T) {
	g := newGenerator(t, func(c *Config) { c.Logs.Messages = 100; c.Logs.Features[0].Name = `a "b"` })
	var fields map[string]any
	line := g.AppendLog(nil, 3)
	if err := json.Unmarshal(line, &fields); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	for _, name := range []string{"ts", "feature", "msg_hash", "tier", "model", "input_tokens", "output_tokens", "cost_usd", "latency_ms", "escalated"} {
		if _, ok := fields[name]; !ok {
			t.Errorf("no %s in %s", name, line)
		}
	}
	if len(fields) != 10 {
		t.Errorf("%d fields, expected 10", len(fields))
	}
}

func TestLogShares(t *testing.T) {
	g := newGenerator(t, func(c *Config) { alone(c); c.Logs.Messages = 2000 })
	const n = 30_000
	features := make([]tally, 4)
	var mix [4][4]tally
	var first, escalated tally
	for i := range n {
		q := g.Request(i)
		for k := range features {
			features[k].add(q.Feature == k)
			mix[q.Feature][k].add(q.Tier == k)
		}
		first.add(q.Start == q.Tier)
		escalated.add(q.Served != q.Start)
	}
	first.check(t, "router's first choice", .85)
	for k, f := range g.config.Logs.Features {
		features[k].check(t, f.Name, f.Weight)
		for tier, share := range f.Mix {
			mix[k][tier].check(t, fmt.Sprintf("%s, tier %d", f.Name, tier), share)
		}
		for tier := range mix[1] {
			mix[1][tier].check(t, fmt.Sprintf("search, tier %d", tier), g.config.Models[tier].Share)
		}
	}
	t.Logf("escalated: %.3f", float64(escalated.hits)/n)
	if escalated.hits == 0 {
		t.Error("nothing is escalated")
	}
}

// TestClock compares counts of a week with the rate, which the clock follows
// to within a request.
func TestClock(t *testing.T) {
	for _, start := range []int64{1736121600, 1736121600 + 3*86400 + 12345, 0, 1} {
		l := Default().Logs
		l.Start, l.PerDay = start, 10_000
		c := newClock(l)
		var hours [168]int
		for i := range 70_000 {
			at := c.at(float64(i) + .5)
			if at < start || at > start+weekSeconds {
				t.Fatalf("request %d at %d, start %d", i, at, start)
			}
			u := time.Unix(at, 0).UTC()
			hours[(int(u.Weekday())+6)%7*24+u.Hour()]++
		}
		sum := 0.0
		rate := func(h int) float64 {
			r := 1 + .8*math.Cos(2*math.Pi*(float64(h%24)-13.5)/24)
			if h >= 120 {
				r *= .55
			}
			return r
		}
		for h := range hours {
			sum += rate(h)
		}
		for h, got := range hours {
			if want := 70_000 * rate(h) / sum; math.Abs(float64(got)-want) > 2 {
				t.Errorf("start %d, hour %d of the week: %d requests, expected %.1f", start, h, got, want)
			}
		}
	}
}

func TestDrift(t *testing.T) {
	drift := func(c *Config) {
		c.Logs.PerDay, c.Logs.Messages, c.Logs.Scores = 5000, 1000, true
		c.Logs.Features = []Feature{{"only", 1, nil}}
	}
	steady := newGenerator(t, drift)
	moved := newGenerator(t, func(c *Config) { drift(c); c.Logs.Drift = Drift{Day: 2, Harder: .4, ScoreDrop: .1} })
	var simple tally
	drop, n := 0.0, 0.0
	for i := range 20_000 {
		a, b := steady.Request(i), moved.Request(i)
		if a.Time < steady.config.Logs.Start+2*86400 {
			if a != b {
				t.Fatalf("request %d differs before the drift", i)
			}
			continue
		}
		simple.add(b.Tier == 0)
		drop += a.scores[a.Start] - b.scores[b.Start]
		n++
	}
	simple.check(t, "SIMPLE after the drift", .45*.6)
	// The scores of a drifted request are drawn anew where its tier moved; four
	// standard errors of the mean of differences of N(.6, .08²).
	if mean := drop / n; math.Abs(mean-.1) > 4*.08*math.Sqrt(2/n) {
		t.Errorf("scores fall by %.4f, expected .1", mean)
	}
}

func TestAppendDecimal(t *testing.T) {
	for _, c := range []struct {
		x      float64
		places int
		want   string
	}{{0, 8, "0"}, {1, 8, "1"}, {.00000001, 8, "0.00000001"}, {.1, 4, "0.1"}, {12.3456789, 4, "12.3457"}, {.99999, 4, "1"}, {1e-9, 8, "0"}, {2.5, 8, "2.5"}} {
		if got := string(appendDecimal(nil, c.x, c.places)); got != c.want {
			t.Errorf("%g to %d places: %s, expected %s", c.x, c.places, got, c.want)
		}
	}
}
