package simulate

import (
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/stats"
	"github.com/routeproof/routeproof/internal/spill"
)

// Totals are the figures of one policy over all its requests. Means are over
// the requests that have the figure; null is unknown.
type Totals struct {
	N       int          `json:"n"`        // requests that the record says how to serve
	LeftOut int          `json:"left_out"` // requests of which it does not
	Scored  int          `json:"scored"`   // requests with a quality
	Quality eval.Number  `json:"quality"`  // mean; a request without any answer counts as 0
	Priced  int          `json:"priced"`   // requests whose whole cost is known
	CostUSD eval.Number  `json:"cost_usd"` // mean of a request
	Total   eval.Number  `json:"total_usd"`
	Timed   int          `json:"timed"` // requests whose whole latency is known
	P50     eval.Number  `json:"latency_p50_ms"`
	P95     eval.Number  `json:"latency_p95_ms"`
	First50 eval.Number  `json:"first_token_p50_ms"`
	First95 eval.Number  `json:"first_token_p95_ms"`
	Cost    string       `json:"cost_origin"` // recorded or computed; unknown where no cost is known
	Latency string       `json:"latency_origin"`
	Last    *eval.Number `json:"last_share,omitempty"` // of requests that reached the last model, where no cost is known

	Exhausted int `json:"exhausted"` // requests with no answer that passed
	NoAnswer  int `json:"no_answer"` // of these, with no answer at all
}

// Totals sums up the trace.
func (t *Trace) Totals() (Totals, error) {
	x := Totals{
		N: t.N, LeftOut: t.Requests.Len() - t.N, Scored: t.Scored, Quality: t.Quality,
		Priced: t.Priced, CostUSD: t.CostUSD, Total: t.CostUSD * eval.Number(t.Priced),
		Cost: t.CostOrigin.String(), Latency: t.LatencyOrigin.String(), Exhausted: t.Exhausted, NoAnswer: t.NoAnswer,
	}
	latency, first := make([]float64, 0, t.N), make([]float64, 0, t.N)
	if err := eachBlock([]*Trace{t}, func(_ int, of []*cursor) {
		latency, first = appendDefined(latency, of[0].latency), appendDefined(first, of[0].firstToken)
	}); err != nil {
		return x, err
	}
	x.Timed, x.P50, x.P95 = quantiles(latency)
	_, x.First50, x.First95 = quantiles(first)
	if x.Priced == 0 && x.N > 0 {
		share := eval.Number(float64(t.Tiers[len(t.Tiers)-1].Asked) / float64(x.N))
		x.Last = &share
	}
	return x, nil
}

// appendDefined appends what is known.
func appendDefined(to, values []float64) []float64 {
	for _, v := range values {
		if !math.IsNaN(v) {
			to = append(to, v)
		}
	}
	return to
}

// quantiles returns the order statistics ⌈n/2⌉ and ⌈.95n⌉ of values, which it sorts.
func quantiles(known []float64) (n int, p50, p95 eval.Number) {
	n = len(known)
	if n == 0 {
		return 0, eval.Number(math.NaN()), eval.Number(math.NaN())
	}
	slices.Sort(known)
	return n, eval.Number(known[rank(n, 50)]), eval.Number(known[rank(n, 95)])
}

// rank is where a percentage of n > 0 sorted values ends.
func rank(n, percent int) int { return max((n*percent+99)/100, 1) - 1 }

// sortedQuantiles returns quantiles of n numbers, each appended by [spill.AppendNumber].
func sortedQuantiles(numbers *spill.Sorter, n int) (p50, p95 eval.Number, err error) {
	p50, p95 = eval.Number(math.NaN()), eval.Number(math.NaN())
	i := 0
	for record, err := range numbers.All() {
		if err != nil {
			return p50, p95, err
		}
		if i == rank(n, 50) {
			p50 = eval.Number(spill.Number(record))
		}
		if i == rank(n, 95) {
			p95 = eval.Number(spill.Number(record))
		}
		i++
	}
	return p50, p95, nil
}

// Bounds of the escalation rate: below it is low, above high. They say how often
// answers are refused, and nothing of how good those are that are taken.
const (
	LowEscalation  = 0.10
	HighEscalation = 0.20
)

// Marks of a model's calls.
const (
	MarkLow     = "under 10 %"
	MarkBetween = "10 to 20 %"
	MarkHigh    = "over 20 %"
	MarkNever   = "no check fired" // on any answer: not what a rate of 0 is elsewhere
)

// A TierSummary says what became of the calls to one model.
type TierSummary struct {
	Tier      string         `json:"tier"`
	Model     string         `json:"model"`
	Asked     int            `json:"asked"`
	Served    int            `json:"served"`          // answers that were given
	Escalated int            `json:"escalated"`       // calls after which the next model was asked
	Rate      eval.Number    `json:"escalation_rate"` // null where there is no model above
	Interval  [2]eval.Number `json:"escalation_ci"`   // 95 %, Wilson, of groups of requests
	Mark      string         `json:"mark"`            // where the rate lies, or that no check fired; empty where there is no model above
	Reasons   map[string]int `json:"reasons"`         // answers not taken, by the first reason; of the last model too
}

// Summaries returns the tiers, in the ladder's order.
func (t *Trace) Summaries() []TierSummary {
	out := make([]TierSummary, len(t.Tiers))
	for i, c := range t.Tiers {
		nan := eval.Number(math.NaN())
		s := TierSummary{
			Tier: t.Models[i].Tier, Model: t.Models[i].Name, Asked: c.Asked, Served: c.Served, Escalated: c.Escalated,
			Rate: nan, Interval: [2]eval.Number{nan, nan}, Reasons: map[string]int{},
		}
		for _, r := range policy.AllReasons() {
			if n := c.Reasons[r]; n > 0 {
				s.Reasons[r.String()] = n
			}
		}
		if c.Asked > 0 && i < len(t.Tiers)-1 {
			s.Rate = eval.Number(float64(c.Escalated) / float64(c.Asked))
			s.Interval = wilson(float64(s.Rate), c.Groups)
			s.Mark = markOf(float64(s.Rate), len(s.Reasons) > 0)
		}
		out[i] = s
	}
	return out
}

// wilson is the 95 % interval of a share over groups that count for so many.
func wilson(share, groups float64) [2]eval.Number {
	w := stats.WilsonShare(share, groups, confidence)
	return [2]eval.Number{eval.Number(w.Low), eval.Number(w.High)}
}

func markOf(rate float64, fired bool) string {
	switch {
	case !fired:
		return MarkNever
	case rate < LowEscalation:
		return MarkLow
	case rate > HighEscalation:
		return MarkHigh
	}
	return MarkBetween
}
