package logs

import (
	"math"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// Shares of escalated requests that are judged.
const (
	GoodEscalation    = 0.10 // below: fine
	ProblemEscalation = 0.20 // above: the classifier sends too much to the tier
)

// An Escalation is the share of requests that began at a tier and were answered
// by a dearer one. Where the log does not tell of some requests where they began, or
// whether they were escalated, the share is only known to lie between Least and
// Most: Exact is false.
type Escalation struct {
	Least eval.Number `json:"least"`
	Most  eval.Number `json:"most"`
	Exact bool        `json:"exact"`

	// Low and High enclose the share with 95 % confidence: Wilson's interval of
	// Least and of Most, the outer ends.
	Low  eval.Number `json:"low"`
	High eval.Number `json:"high"`

	N         int       `json:"n"`         // requests that began there and tell
	Untold    int       `json:"untold"`    // requests that may have begun there and do not say whether they were escalated
	Inferred  int       `json:"inferred"`  // requests, of any tier, whose beginning is that of their highest score
	Judgement Judgement `json:"judgement"` // of the interval
}

// Judgement says what an escalation rate means.
type Judgement string

// Judgements.
const (
	Good      Judgement = "good"      // below GoodEscalation
	Watch     Judgement = "watch"     // between
	Problem   Judgement = "problem"   // above ProblemEscalation: look at the classifier
	Undecided Judgement = "undecided" // the interval holds one of them
	NoData    Judgement = "no data"   // no request is known to have begun there
)

// estimate is the escalation rate of requests that began at a tier.
func (e *escalations) estimate(tier int) Escalation {
	least, most := e.of(tier)
	out := Escalation{Exact: least == most, N: e.told[tier].n, Untold: e.untold[tier] + e.blank, Inferred: e.inferred, Judgement: NoData}
	nan := eval.Number(math.NaN())
	out.Least, out.Most, out.Low, out.High = nan, nan, nan, nan
	if out.N == 0 {
		return out
	}
	out.Least = eval.Number(float64(least.escalated) / float64(least.n))
	out.Low = eval.Number(stats.Wilson(least.escalated, least.n, confidence).Low)
	out.Most = eval.Number(float64(most.escalated) / float64(most.n))
	out.High = eval.Number(stats.Wilson(most.escalated, most.n, confidence).High)
	switch low, high := float64(out.Low), float64(out.High); {
	case high < GoodEscalation:
		out.Judgement = Good
	case low > ProblemEscalation:
		out.Judgement = Problem
	case low >= GoodEscalation && high <= ProblemEscalation:
		out.Judgement = Watch
	default:
		out.Judgement = Undecided
	}
	return out
}
