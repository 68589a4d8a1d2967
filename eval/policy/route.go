package policy

import (
	"context"
	"fmt"

	"github.com/routeproof/routeproof/eval"
)

// A Decider says which tier a request belongs to.
type Decider func(ctx context.Context, request *Request) (eval.Decision, error)

// Decided is the decider over decisions made before, which find returns by the
// requests' ids.
func Decided(find func(id string) (eval.Decision, bool)) Decider {
	return func(_ context.Context, request *Request) (eval.Decision, error) {
		d, ok := find(request.ID)
		if !ok {
			return d, fmt.Errorf("%w: a decision on %q", ErrUnrecorded, request.ID)
		}
		return d, nil
	}
}

// Route sends each request to the rung of the tier that is decided on, and
// gives what its model answers; with Checks it is a hybrid, which climbs from
// there as [Cascade] does.
type Route struct {
	Decide Decider
	Rungs  []int   // of each tier
	Checks *Checks // nil: every answer is taken
}

// RungsOf returns the rung that serves each tier: that of the tier, else the
// next above, else the last.
func RungsOf(tiers []string, models []Model) ([]int, error) {
	place := map[string]int{}
	for i, m := range models {
		place[m.Tier] = i
	}
	rungs := make([]int, len(tiers))
	next, found := len(models)-1, 0
	for t := len(tiers) - 1; t >= 0; t-- {
		if rung, ok := place[tiers[t]]; ok {
			if rung > next {
				return nil, fmt.Errorf("tier %q stands in another order than in the configuration", tiers[t])
			}
			next, found = rung, found+1
		}
		rungs[t] = next
	}
	if found != len(models) {
		return nil, fmt.Errorf("expected tiers among %q, one a model", tiers)
	}
	return rungs, nil
}

// Serve implements [Policy].
func (r Route) Serve(ctx context.Context, backend Backend, request *Request) (Served, error) {
	d, err := r.Decide(ctx, request)
	if err != nil {
		return Served{}, err
	}
	var from Policy = Single(r.Rungs[d.Tier])
	if r.Checks != nil {
		from = Cascade{r.Checks, r.Rungs[d.Tier]}
	}
	s, err := from.Serve(ctx, backend, request)
	if err != nil {
		return Served{}, err
	}
	s.Decision = &d
	s.CostUSD = s.CostUSD.Add(d.CostUSD)
	s.LatencyMS = s.LatencyMS.Add(d.LatencyMS)
	s.FirstTokenMS = s.FirstTokenMS.Add(d.LatencyMS)
	return s, nil
}

// Single sends every request to one model, a rung of the ladder.
type Single int

// Serve implements [Policy].
func (r Single) Serve(ctx context.Context, backend Backend, request *Request) (Served, error) {
	call, err := backend.Call(ctx, request, int(r))
	if err != nil {
		return Served{}, err
	}
	s := Served{
		Rung: int(r), Start: int(r), Attempts: []Attempt{{Rung: int(r), Call: call}},
		CostUSD: call.CostUSD, FirstTokenMS: call.FirstTokenMS, LatencyMS: call.LatencyMS,
	}
	if call.Err != "" {
		s.Attempts[0].Reasons = Reasons(0).With(Failed)
		s.Rung, s.Exhausted, s.FirstTokenMS = -1, true, eval.Quantity{}
	}
	return s, nil
}
