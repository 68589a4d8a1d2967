package synth

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"

	"github.com/routeproof/routeproof/datasets"
)

// A Log is a record of a router's request log.
type Log struct {
	Time         int64              `json:"ts"` // Unix time in seconds
	Feature      string             `json:"feature"`
	MessageHash  string             `json:"msg_hash"` // the first 12 hex digits of the SHA-256 of the prompt's text
	Tier         string             `json:"tier"`     // that answered
	Model        string             `json:"model"`
	InputTokens  int                `json:"input_tokens"`
	OutputTokens int                `json:"output_tokens"`
	CostUSD      float64            `json:"cost_usd"`   // of the last call, to 8 decimals
	LatencyMS    int64              `json:"latency_ms"` // of the last call
	Escalated    bool               `json:"escalated"`  // the answer is not of the router's first choice
	Score        *float64           `json:"score,omitempty"`
	Scores       map[string]float64 `json:"scores,omitempty"` // by tier
}

// A Request is the truth behind a record of the log. Tiers and models are
// numbers in the ladder's order.
type Request struct {
	Time    int64
	Feature int
	Prompt  int // the row of the prompt
	Tier    int // the true one
	Start   int // the router's first choice
	Served  int // the model that answered last
	Right   bool

	tokens, output   int
	hash             [12]byte
	costUSD, latency float64
	scores           [datasets.MaxRungs]float64
}

// Request returns the truth behind record i.
func (g *Generator) Request(i int) Request {
	logs, pool := &g.config.Logs, g.pool()
	r := newRandom(g.config.Seed, streamRequest, i, 0)
	q := Request{Time: g.clock.at(float64(i) + r.uniform())}
	q.Feature = r.pick(g.features)
	q.Tier = r.pick(g.mixes[q.Feature])
	drifted := logs.Drift.Day > 0 && (q.Time-logs.Start)/86400 >= int64(logs.Drift.Day)
	if harder := r.uniform() < logs.Drift.Harder; harder && drifted && q.Tier < len(g.tiers)-1 {
		q.Tier++
	}
	of := pool.byTier[q.Tier]
	q.Prompt = int(of[r.below(len(of))])
	message := &pool.messages[q.Prompt]
	q.hash, q.tokens = message.hash, message.question.tokens
	q.Start = g.confuse(&r, q.Tier, logs.RouterAccuracy)
	for q.Served = q.Start; ; q.Served++ {
		c := g.call(&r, &message.question, q.Served)
		if q.Right = c.right; c.form == plain || q.Served == len(g.tiers)-1 {
			q.output, q.costUSD, q.latency = c.output, c.costUSD, c.latency
			break
		}
	}
	if logs.Scores {
		g.scores(&r, &q, drifted)
	}
	return q
}

// scores draws a router's scores: the tier it chose first has N(.6, .08²) less
// the drift, each other one .02 to .06 less a step away; within 0 … 1, to four
// decimals.
func (g *Generator) scores(r *random, q *Request, drifted bool) {
	best := .6 + .08*r.normal()
	if drifted {
		best -= g.config.Logs.Drift.ScoreDrop
	}
	for t := range g.tiers {
		gap := math.Abs(float64(t-q.Start)) * (.02 + .04*r.uniform())
		q.scores[t] = rounded(min(max(best-gap, 0), 1), 1e4)
	}
}

// Log returns record i.
func (g *Generator) Log(i int) Log {
	q := g.Request(i)
	m := &g.config.Models[q.Served]
	l := Log{
		Time: q.Time, Feature: g.config.Logs.Features[q.Feature].Name, MessageHash: string(q.hash[:]), Tier: m.Tier, Model: m.Name,
		InputTokens: q.tokens, OutputTokens: q.output, CostUSD: rounded(q.costUSD, 1e8),
		LatencyMS: int64(q.latency), Escalated: q.Served != q.Start,
	}
	if g.config.Logs.Scores {
		score := q.scores[q.Start]
		l.Score, l.Scores = &score, map[string]float64{}
		for t, m := range g.config.Models {
			l.Scores[m.Tier] = q.scores[t]
		}
	}
	return l
}

// AppendLog appends record i as a line of JSON: [Log] with its fields in order.
func (g *Generator) AppendLog(dst []byte, i int) []byte {
	q := g.Request(i)
	dst = append(dst, `{"ts":`...)
	dst = appendWhole(dst, int(q.Time))
	dst = append(dst, `,"feature":`...)
	dst = append(dst, g.quoted.features[q.Feature]...)
	dst = append(dst, `,"msg_hash":"`...)
	dst = append(dst, q.hash[:]...)
	dst = append(dst, `","tier":`...)
	dst = append(dst, g.quoted.tiers[q.Served]...)
	dst = append(dst, `,"model":`...)
	dst = append(dst, g.quoted.models[q.Served]...)
	dst = append(dst, `,"input_tokens":`...)
	dst = appendWhole(dst, q.tokens)
	dst = append(dst, `,"output_tokens":`...)
	dst = appendWhole(dst, q.output)
	dst = append(dst, `,"cost_usd":`...)
	dst = appendDecimal(dst, q.costUSD, 8)
	dst = append(dst, `,"latency_ms":`...)
	dst = appendWhole(dst, int(q.latency))
	dst = append(dst, `,"escalated":`...)
	if q.Served != q.Start {
		dst = append(dst, "true"...)
	} else {
		dst = append(dst, "false"...)
	}
	if g.config.Logs.Scores {
		dst = append(dst, `,"score":`...)
		dst = appendDecimal(dst, q.scores[q.Start], 4)
		for t, tier := range g.quoted.tiers {
			if t == 0 {
				dst = append(dst, `,"scores":{`...)
			} else {
				dst = append(dst, ',')
			}
			dst = append(append(dst, tier...), ':')
			dst = appendDecimal(dst, q.scores[t], 4)
		}
		dst = append(dst, '}')
	}
	return append(dst, "}\n"...)
}

// WriteLogs writes the first n records as JSON Lines, in the order of their
// times.
func (g *Generator) WriteLogs(w io.Writer, n int) error {
	b := bufio.NewWriterSize(w, 1<<16)
	for i := range n {
		if _, err := b.Write(g.AppendLog(b.AvailableBuffer(), i)); err != nil {
			return err
		}
	}
	return b.Flush()
}

// appendDecimal appends a number of at least 0 rounded to places, without
// zeros behind the last digit that counts.
func appendDecimal(dst []byte, x float64, places int) []byte {
	unit := math.Pow10(places)
	whole, rest := math.Modf(math.Round(x*unit) / unit)
	dst = appendWhole(dst, int(whole))
	digits := int(math.Round(rest * unit))
	if digits == 0 {
		return dst
	}
	dst = append(dst, '.')
	for unit := int(unit) / 10; digits > 0; unit /= 10 {
		dst = append(dst, '0'+byte(digits/unit))
		digits %= unit
	}
	return dst
}

// quoted has names as JSON.
type quoted struct{ features, tiers, models [][]byte }

func newQuoted(c Config) quoted {
	var q quoted
	quote := func(s string) []byte {
		b, _ := json.Marshal(s) // text always can be
		return b
	}
	for _, f := range c.Logs.Features {
		q.features = append(q.features, quote(f.Name))
	}
	for _, m := range c.Models {
		q.tiers, q.models = append(q.tiers, quote(m.Tier)), append(q.models, quote(m.Name))
	}
	return q
}

// A pool is the prompts that requests repeat.
type pool struct {
	messages []message
	byTier   [][]int32
}

type message struct {
	hash     [12]byte
	question question
}

// newPool takes the first prompts, and further ones until there is one of each
// tier.
func (g *Generator) newPool() *pool {
	p := &pool{byTier: make([][]int32, len(g.tiers))}
	for i, missing := 0, len(g.tiers); i < g.config.Logs.Messages || missing > 0; i++ {
		l := g.Latent(i)
		text := g.text(i, &l)
		m := message{question: g.question(&l, text)}
		sum := sha256.Sum256([]byte(text))
		hex.Encode(m.hash[:], sum[:6])
		p.messages = append(p.messages, m)
		if len(p.byTier[l.Tier]) == 0 {
			missing--
		}
		p.byTier[l.Tier] = append(p.byTier[l.Tier], int32(i))
	}
	return p
}
