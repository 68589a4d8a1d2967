package synth

import (
	"fmt"
	"math"

	"github.com/routeproof/routeproof/datasets"
)

// A form is what makes an answer one that a router would not take.
type form int

const (
	plain form = iota
	short
	uncertain
	malformed
	refusing
	empty
)

// Tokens of answers whose length has nothing to do with the prompt's tier.
const (
	shortTokens   = 4
	refusalTokens = 12
)

// A question is what of a prompt decides how models fare.
type question struct {
	difficulty, shared float64
	tier               int
	tokens             int
	json               bool // the answer must be JSON
}

func (g *Generator) question(l *Latent, text string) question {
	return question{l.Difficulty, l.Shared, l.Tier, inputTokens(text), g.isJSON(l)}
}

// A call is a model's answer without its text.
type call struct {
	right         bool
	form          form
	output        int // tokens
	cut           bool
	costUSD       float64
	ttft, latency float64 // ms
}

func (g *Generator) call(r *random, q *question, model int) call {
	m, rho := &g.config.Models[model], g.config.ErrorCorrelation
	var c call
	c.right = phi(math.Sqrt(rho)*q.shared+math.Sqrt(1-rho)*r.normal()) < g.ProbabilityRight(model, q.difficulty)
	c.form = g.form(r.uniform(), c.right, q.json)
	spread := g.config.OutputSpread
	length := math.Round(g.config.Models[q.tier].OutputTokens * math.Exp(spread*r.normal()-spread*spread/2))
	switch c.form {
	case short:
		length = shortTokens
	case refusing:
		length = refusalTokens
	case empty:
		length = 0
	default:
		length = max(length, 1)
	}
	c.cut = length > float64(m.MaxTokens)
	c.output = int(min(length, float64(m.MaxTokens)))
	c.costUSD = (float64(q.tokens)*m.InputPerM + float64(c.output)*m.OutputPerM) / 1e6
	c.ttft, c.latency = g.times(r, m.Speed, c.output)
	return c
}

// form turns a uniform number into the form of an answer.
func (g *Generator) form(u float64, right, json bool) form {
	f := &g.config.Forms
	of := func(r Rate) float64 {
		if right {
			return r.Right
		}
		return r.Wrong
	}
	if u -= of(f.Short); u < 0 {
		return short
	}
	if u -= of(f.Uncertain); u < 0 {
		return uncertain
	}
	if !right {
		if u -= f.Refusing; u < 0 {
			return refusing
		}
		if u -= f.Empty; u < 0 {
			return empty
		}
	}
	if u -= of(f.Malformed); u < 0 && json {
		return malformed
	}
	return plain
}

// times draws the milliseconds until the first token and until the last one.
func (g *Generator) times(r *random, s Speed, output int) (ttft, latency float64) {
	spread := g.config.LatencySpread
	ttft = s.TTFTMS * math.Exp(spread*r.normal())
	return ttft, ttft + 1000*float64(output)/s.TokensPerS*math.Exp(spread*r.normal())
}

// Outcome returns what a model, a number in the ladder's order, answers to
// prompt i.
func (g *Generator) Outcome(i, model int) datasets.Outcome {
	l := g.Latent(i)
	return g.outcome(i, model, &l, g.text(i, &l))
}

func (g *Generator) outcome(i, model int, l *Latent, text string) datasets.Outcome {
	r := newRandom(g.config.Seed, streamOutcome, i, model)
	o := datasets.Outcome{ID: idOf(i), Model: g.config.Models[model].Name, Prompt: text, Domain: g.config.Domains[l.Domain].Name}
	if r.uniform() < g.config.Timeouts {
		o.Error = fmt.Sprintf("timeout after %g ms", g.config.TimeoutMS)
		o.LatencyMS = datasets.Known(g.config.TimeoutMS)
		return o
	}
	q := g.question(l, text)
	c := g.call(&r, &q, model)
	o.Score = datasets.Known(g.score(&r, c.right))
	o.Confidence = datasets.Known(g.confidence(&r, model, c.right))
	o.InputTokens, o.OutputTokens = datasets.Known(q.tokens), datasets.Known(c.output)
	o.CostUSD = datasets.Known(c.costUSD)
	o.TTFTMS, o.LatencyMS = datasets.Known(rounded(c.ttft, 100)), datasets.Known(rounded(c.latency, 100))
	if o.FinishReason = "stop"; c.cut {
		o.FinishReason = "length"
	}
	o.Response = datasets.Known(g.response(i, model, l, &c))
	return o
}

// score is 1 or 0; fractional, it is uniform over .50 … 1.00 or .00 … .49.
func (g *Generator) score(r *random, right bool) float64 {
	switch {
	case g.config.Fractional && right:
		return float64(50+r.below(51)) / 100
	case g.config.Fractional:
		return float64(r.below(50)) / 100
	case right:
		return 1
	}
	return 0
}

// confidence is P(right | y) of a signal y ~ N(±δ/2, 1).
func (g *Generator) confidence(r *random, model int, right bool) float64 {
	y := r.normal() - g.separation/2
	if right {
		y += g.separation
	}
	p := g.overall[model]
	return rounded(sigmoid(g.separation*y+math.Log(p/(1-p))), 1e6)
}

// separationOf returns the δ at which a binormal signal has an AUROC.
func separationOf(auroc float64) float64 { return math.Sqrt2 * quantile(auroc) }

func rounded(x, unit float64) float64 { return math.Round(x*unit) / unit }
