package simulate

import (
	"context"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
)

// An Ablation is a cascade with one check alone, and with all but it.
type Ablation struct {
	Check   string  `json:"check"`
	Alone   Ablated `json:"alone"`
	Without Ablated `json:"without"`
}

// Ablated is what a cascade with other checks comes to.
type Ablated struct {
	N         int         `json:"n"`
	Quality   eval.Number `json:"quality"`
	CostUSD   eval.Number `json:"cost_usd"`  // mean of a request
	Escalated int         `json:"escalated"` // requests for which the first model's answer was not taken
	Exhausted int         `json:"exhausted"`
}

// Ablate runs the cascade with each check of a configuration alone, and with
// all but it. Errors escalate whatever the checks.
func Ablate(ctx context.Context, config policy.ChecksConfig, start int, backend policy.Backend, requests policy.Requests) ([]Ablation, error) {
	config.OwnSchemas = config.OwnSchemas && anySchema(requests)
	var out []Ablation
	run := runner{texts: true}
	for _, r := range policy.AllReasons() {
		alone, without, on := split(config, r)
		if !on {
			continue
		}
		out = append(out, Ablation{Check: r.String()})
		for _, config := range []policy.ChecksConfig{alone, without} {
			checks, err := policy.NewChecks(config)
			if err != nil {
				return nil, err
			}
			run.policies = append(run.policies, named{"cascade", policy.Cascade{Checks: checks, Start: start}})
		}
	}
	if len(out) == 0 {
		return nil, ctx.Err()
	}
	traces, err := run.run(ctx, backend, requests)
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Alone, out[i].Without = ablated(traces[2*i], start), ablated(traces[2*i+1], start)
	}
	return out, nil
}

func anySchema(requests policy.Requests) bool {
	for i := range requests.Len() {
		if requests.At(i).Schema != nil {
			return true
		}
	}
	return false
}

// split parts a check from the others. Both parts unwrap fences as before.
func split(c policy.ChecksConfig, r policy.Reason) (alone, without policy.ChecksConfig, on bool) {
	alone, without = policy.ChecksConfig{UnwrapFences: c.UnwrapFences}, c
	switch r {
	case policy.TimedOut:
		on, alone.TimeoutMS, without.TimeoutMS = c.TimeoutMS > 0, c.TimeoutMS, 0
	case policy.TooShort:
		on, alone.MinChars, without.MinChars = c.MinChars > 0, c.MinChars, 0
	case policy.Uncertain:
		on, alone.Phrases, without.Phrases = len(c.Phrases) > 0, c.Phrases, nil
	case policy.BadJSON:
		on, alone.JSON, without.JSON = c.JSON, c.JSON, false
	case policy.Mismatch:
		on, alone.Pattern, without.Pattern = c.Pattern != "", c.Pattern, ""
	case policy.Invalid:
		on, alone.Schema, without.Schema = c.Schema != nil || c.OwnSchemas, c.Schema, nil
		alone.OwnSchemas, without.OwnSchemas = c.OwnSchemas, false
	case policy.Unsure:
		on, alone.MinConfidence, without.MinConfidence = c.MinConfidence > 0, c.MinConfidence, 0
	}
	return alone, without, on
}

func ablated(t *Trace, start int) Ablated {
	return Ablated{t.N, t.Quality, t.CostUSD, t.Tiers[start].Escalated, t.Exhausted}
}
