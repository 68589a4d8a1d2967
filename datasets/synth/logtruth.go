package synth

import "math"

// LogTruth is what is true of a log without drift.
type LogTruth struct {
	Served         [][]float64 `json:"served"`          // P(a model answers a request of a feature): [feature][model]
	Escalated      []float64   `json:"escalated"`       // P(a request is escalated) by the tier of the router's first choice
	EscalationRate float64     `json:"escalation_rate"` // of all requests
}

// logTruth sums over features, tiers and first choices.
func (g *Generator) logTruth() LogTruth {
	n := len(g.tiers)
	t := LogTruth{Escalated: make([]float64, n)}
	chosen := make([]float64, n) // P(a tier is the first choice)
	served := make([][][]float64, n)
	for tier := range served {
		served[tier] = g.served(tier)
	}
	for f, mix := range g.mixes {
		of := make([]float64, n)
		for tier := range n {
			for start, p := range g.confusion(tier, g.config.Logs.RouterAccuracy) {
				p *= part(mix, tier)
				for m, share := range served[tier][start] {
					of[m] += p * share
				}
				p *= part(g.features, f)
				chosen[start] += p
				t.Escalated[start] += p * (1 - served[tier][start][start])
			}
		}
		t.Served = append(t.Served, of)
	}
	for start := range n {
		t.EscalationRate += t.Escalated[start]
		if chosen[start] > 0 {
			t.Escalated[start] /= chosen[start]
		}
	}
	return t
}

// part returns what a running sum adds at i.
func part(sums []float64, i int) float64 {
	if i == 0 {
		return sums[0]
	}
	return sums[i] - sums[i-1]
}

// served returns P(a model answers) by first choice, over the prompts of a
// tier: midpoint sums over the quantiles of difficulty and of what models'
// errors share, given which their answers are independent.
func (g *Generator) served(tier int) [][]float64 {
	const n = 128
	models := len(g.tiers)
	out := make([][]float64, models)
	for start := range out {
		out[start] = make([]float64, models)
	}
	low, width := g.tierRange(tier)
	shared, own := math.Sqrt(g.config.ErrorCorrelation), math.Sqrt(1-g.config.ErrorCorrelation)
	right := make([]float64, models)
	for i := range n {
		d := quantile(low + width*(float64(i)+.5)/n)
		for k := range n {
			z := quantile((float64(k) + .5) / n)
			for m := range models {
				x := quantile(g.ProbabilityRight(m, d)) - shared*z
				if right[m] = phi(x / own); own == 0 {
					right[m] = step(x)
				}
			}
			json := g.jsonShare()
			g.climb(out, right, false, (1-json)/(n*n))
			g.climb(out, right, true, json/(n*n))
		}
	}
	return out
}

func step(x float64) float64 {
	if x > 0 {
		return 1
	}
	return 0
}

// climb adds a share of requests to the models that answer them.
func (g *Generator) climb(out [][]float64, right []float64, json bool, share float64) {
	pass := func(m int) float64 { return right[m]*g.plain(true, json) + (1-right[m])*g.plain(false, json) }
	for start := range out {
		left := share
		for m := start; m < len(right)-1; m++ {
			p := pass(m)
			out[start][m] += left * p
			left *= 1 - p
		}
		out[start][len(right)-1] += left
	}
}

// plain is the probability that an answer has none of the forms.
func (g *Generator) plain(right, json bool) float64 {
	f := &g.config.Forms
	if right {
		p := 1 - f.Short.Right - f.Uncertain.Right
		if json {
			p -= f.Malformed.Right
		}
		return p
	}
	p := 1 - f.Short.Wrong - f.Uncertain.Wrong - f.Refusing - f.Empty
	if json {
		p -= f.Malformed.Wrong
	}
	return p
}

// jsonShare is the share of prompts whose answer must be JSON.
func (g *Generator) jsonShare() float64 {
	json := 0.0
	for i, s := range g.config.TaskTypes {
		if s.Name != "general" {
			json += part(g.taskTypes, i)
		}
	}
	return json
}
