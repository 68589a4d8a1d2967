package policy

import (
	"context"

	"github.com/routeproof/routeproof/eval"
)

// A Policy decides how a request is served.
type Policy interface {
	// Serve serves one request. It is safe for concurrent use.
	Serve(ctx context.Context, backend Backend, request *Request) (Served, error)
}

// Cascade asks the model at Start and climbs the ladder until the checks take
// an answer. Where they take none, the last answer that there was is given.
//
// Cost and latency are sums over all calls. An answer can be shown once it is
// checked, so the user sees its first token when it is complete; but that of
// the last model, which is given whatever the checks say, is seen as it comes.
type Cascade struct {
	Checks *Checks
	Start  int
}

// Serve implements [Policy].
func (c Cascade) Serve(ctx context.Context, backend Backend, request *Request) (Served, error) {
	s := Served{Rung: -1, Start: c.Start, CostUSD: nothing(), LatencyMS: nothing()}
	last := len(backend.Models()) - 1
	for rung := c.Start; rung <= last; rung++ {
		call, err := backend.Call(ctx, request, rung)
		if err != nil {
			return Served{}, err
		}
		reasons, err := c.Checks.Check(request, &call)
		if err != nil {
			return Served{}, err
		}
		waited := s.LatencyMS
		s.Escalated = rung > c.Start
		s.CostUSD = s.CostUSD.Add(call.CostUSD)
		s.LatencyMS = waited.Add(c.Checks.wait(&call, reasons))
		s.Attempts = append(s.Attempts, Attempt{Rung: rung, Call: call, Reasons: reasons})
		if !reasons.NoAnswer() {
			s.Rung, s.FirstTokenMS = rung, s.LatencyMS
			if rung == last || !c.Checks.looksAtAnswers(request) {
				s.FirstTokenMS = waited.Add(call.FirstTokenMS)
			}
		}
		if reasons == 0 {
			return s, nil
		}
	}
	s.Exhausted = true
	if s.Rung >= 0 && s.Rung < last {
		s.FirstTokenMS = s.LatencyMS // it was held back until the others had failed
	}
	return s, nil
}

// wait is how long a router waits for a call.
func (c *Checks) wait(call *Call, reasons Reasons) eval.Quantity {
	if reasons.Has(TimedOut) {
		return eval.Quantity{Value: c.config.TimeoutMS, Origin: call.LatencyMS.Origin}
	}
	return call.LatencyMS
}

// looksAtAnswers tells whether an answer must be complete before it is taken.
func (c *Checks) looksAtAnswers(request *Request) bool {
	return c.readsText(request) || c.config.MinConfidence > 0
}
