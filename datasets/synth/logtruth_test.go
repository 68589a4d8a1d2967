package synth

import (
	"math"
	"testing"
)

// The log's truth against 200,000 requests to a pool of as many prompts: rates
// lie within four standard errors, which are a little wider than those of
// independent requests, as these repeat prompts.
func TestLogTruth(t *testing.T) {
	for name, edit := range map[string]func(*Config){
		"default":     func(*Config) {},
		"same errors": func(c *Config) { c.ErrorCorrelation = 1 },
		"independent": func(c *Config) { c.ErrorCorrelation = 0 },
		"many refusals": func(c *Config) {
			c.Forms.Refusing, c.Forms.Short = .25, Rate{.1, .2}
			c.Logs.RouterAccuracy = .4
		},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 200_000
			g := newGenerator(t, func(c *Config) { c.Logs.Messages = n; c.NearDuplicates = 0; edit(c) })
			truth := g.Truth().Logs
			features, tiers := len(g.config.Logs.Features), len(g.config.Models)
			served, of := make([][]float64, features), make([]float64, features)
			for f := range served {
				served[f] = make([]float64, tiers)
			}
			started, escalated, all := make([]float64, tiers), make([]float64, tiers), 0.0
			for i := range n {
				q := g.Request(i)
				of[q.Feature]++
				served[q.Feature][q.Served]++
				started[q.Start]++
				if q.Served != q.Start {
					escalated[q.Start]++
					all++
				}
			}
			check := func(what string, count, of, want float64) {
				t.Helper()
				se := 4 * math.Sqrt(2*want*(1-want)/of)
				if got := count / of; math.Abs(got-want) > se+1e-9 {
					t.Errorf("%s: %.4f of %.0f, expected %.4f ± %.4f", what, got, of, want, se)
				}
			}
			for f := range served {
				for m := range served[f] {
					check("served", served[f][m], of[f], truth.Served[f][m])
				}
			}
			for s := range escalated {
				check("escalated", escalated[s], started[s], truth.Escalated[s])
			}
			check("all escalated", all, n, truth.EscalationRate)
		})
	}
}
