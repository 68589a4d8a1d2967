package simulate

import (
	"context"
	"fmt"

	"github.com/routeproof/routeproof/eval/policy"
)

// A Suite is all policies over the same requests.
type Suite struct {
	Backend   policy.Backend
	Requests  []policy.Request
	Checks    *policy.Checks // of cascades and hybrids
	Start     int            // rung that the cascade asks first
	Agreement policy.Agreement
	Threshold float64 // of the agreement
	TimeoutMS float64 // of the agreement's sides
	Deciders  []NamedDecider
	Rungs     []int // of each tier; nil where there is no decider
}

// A NamedDecider is a classifier that requests are routed by.
type NamedDecider struct {
	Name   string
	Decide policy.Decider
}

// Traces are what a suite came to.
type Traces struct {
	Singles     []*Trace // each model for everything, in the ladder's order
	Policies    []*Trace // all others that the record says enough of
	Cascade     *Trace
	Hybrids     []*Trace // by each decider
	NotCompared []string // policies that the record says too little of
}

// Singles serves all requests by each model alone, in the ladder's order.
func Singles(ctx context.Context, backend policy.Backend, requests []policy.Request) ([]*Trace, error) {
	var out []*Trace
	for rung, m := range backend.Models() {
		trace, err := Run(ctx, m.Name, policy.Single(rung), backend, requests)
		if err != nil {
			return nil, err
		}
		out = append(out, trace)
	}
	return out, nil
}

// Run serves the requests by each model alone, a cascade, each decider without
// and with a cascade behind it, and parallel agreement of every pair.
func (s *Suite) Run(ctx context.Context) (*Traces, error) {
	t := &Traces{}
	models := s.Backend.Models()
	name := "cascade"
	if s.Start > 0 {
		name += " from " + models[s.Start].Tier
	}
	var err error
	if t.Singles, err = Singles(ctx, s.Backend, s.Requests); err != nil {
		return nil, err
	}
	if t.Cascade, err = s.add(ctx, t, name, policy.Cascade{Checks: s.Checks, Start: s.Start}); err != nil {
		return nil, err
	}
	for _, d := range s.Deciders {
		if _, err := s.add(ctx, t, "route by "+d.Name, policy.Route{Decide: d.Decide, Rungs: s.Rungs}); err != nil {
			return nil, err
		}
		hybrid, err := s.add(ctx, t, "hybrid by "+d.Name, policy.Route{Decide: d.Decide, Rungs: s.Rungs, Checks: s.Checks})
		if err != nil {
			return nil, err
		}
		t.Hybrids = append(t.Hybrids, hybrid)
	}
	for cheap := range models {
		for dear := cheap + 1; dear < len(models); dear++ {
			p := policy.Parallel{Cheap: cheap, Dear: dear, Agreement: s.Agreement, Threshold: s.Threshold, TimeoutMS: s.TimeoutMS}
			if _, err := s.add(ctx, t, fmt.Sprintf("parallel %s and %s", models[cheap].Tier, models[dear].Tier), p); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// add simulates a policy.
func (s *Suite) add(ctx context.Context, t *Traces, name string, p policy.Policy) (*Trace, error) {
	trace, err := Run(ctx, name, p, s.Backend, s.Requests)
	if err != nil {
		return nil, err
	}
	if trace.Totals().Scored == 0 {
		t.NotCompared = append(t.NotCompared, name)
	} else {
		t.Policies = append(t.Policies, trace)
	}
	return trace, nil
}
