package simulate

import (
	"context"
	"fmt"

	"github.com/routeproof/routeproof/eval/policy"
)

// A Suite is all policies over the same requests.
type Suite struct {
	Backend   policy.Backend
	Requests  policy.Requests
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

	all []*Trace
}

// Close gives up what each request came to.
func (t *Traces) Close() error { return CloseAll(t.all) }

// Singles serves all requests by each model alone, in the ladder's order.
func Singles(ctx context.Context, backend policy.Backend, requests policy.Requests) ([]*Trace, error) {
	r := runner{policies: singles(backend), keep: true, near: nearColumns}
	return r.run(ctx, backend, requests)
}

func singles(backend policy.Backend) (out []named) {
	for rung, m := range backend.Models() {
		out = append(out, named{m.Name, policy.Single(rung)})
	}
	return out
}

// Run serves the requests by each model alone, a cascade, each decider without
// and with a cascade behind it, and parallel agreement of every pair.
func (s *Suite) Run(ctx context.Context) (*Traces, error) { return s.run(ctx, nearColumns) }

func (s *Suite) run(ctx context.Context, near int) (*Traces, error) {
	models := s.Backend.Models()
	r := runner{policies: singles(s.Backend), texts: true, keep: true, near: near}
	add := func(name string, p policy.Policy) { r.policies = append(r.policies, named{name, p}) }
	name := "cascade"
	if s.Start > 0 {
		name += " from " + models[s.Start].Tier
	}
	add(name, policy.Cascade{Checks: s.Checks, Start: s.Start})
	for _, d := range s.Deciders {
		add("route by "+d.Name, policy.Route{Decide: d.Decide, Rungs: s.Rungs})
		add("hybrid by "+d.Name, policy.Route{Decide: d.Decide, Rungs: s.Rungs, Checks: s.Checks})
	}
	for cheap := range models {
		for dear := cheap + 1; dear < len(models); dear++ {
			p := policy.Parallel{Cheap: cheap, Dear: dear, Agreement: s.Agreement, Threshold: s.Threshold, TimeoutMS: s.TimeoutMS}
			add(fmt.Sprintf("parallel %s and %s", models[cheap].Tier, models[dear].Tier), p)
		}
	}
	all, err := r.run(ctx, s.Backend, s.Requests)
	if err != nil {
		return nil, err
	}
	t := &Traces{Singles: all[:len(models)], Cascade: all[len(models)], all: all}
	for k := range s.Deciders {
		t.Hybrids = append(t.Hybrids, all[len(models)+2+2*k])
	}
	for _, trace := range all[len(models):] {
		if trace.Scored == 0 {
			t.NotCompared = append(t.NotCompared, trace.Policy)
		} else {
			t.Policies = append(t.Policies, trace)
		}
	}
	return t, nil
}
