package simulate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
)

// A Knob is a threshold of the checks.
type Knob string

// The knobs that can be swept. An answer is not taken where its value is below
// the threshold; at 0 the check is off.
const (
	KnobConfidence Knob = "confidence" // an unknown confidence is below any threshold
	KnobMinChars   Knob = "min_chars"
)

// Knobs returns all knobs.
func Knobs() []Knob { return []Knob{KnobConfidence, KnobMinChars} }

// At returns the checks with the knob at a threshold.
func (k Knob) At(c policy.ChecksConfig, threshold float64) policy.ChecksConfig {
	if k == KnobConfidence {
		c.MinConfidence = threshold
	} else {
		c.MinChars = int(threshold)
	}
	return c
}

// value is what the threshold is compared with.
func (k Knob) value(call *policy.Call) float64 {
	switch {
	case k == KnobMinChars:
		return float64(policy.Chars(call.Response.Value))
	case call.Confidence.Known:
		return call.Confidence.Value
	}
	return math.Inf(-1)
}

// end is a threshold above all values: every answer is refused.
func (k Knob) end(largest float64) (threshold float64, ok bool) {
	if k == KnobConfidence {
		return 1, largest < 1
	}
	return largest + 1, true
}

// A Sweep is a cascade at every distinct threshold of a knob.
type Sweep struct {
	Knob    Knob         `json:"knob"`
	N       int          `json:"n"`        // requests for which all models from the start on were recorded, with scores
	LeftOut int          `json:"left_out"` // others
	Priced  bool         `json:"priced"`   // n counts only requests whose costs are known
	Points  []SweepPoint `json:"points"`   // by threshold
}

// A SweepPoint is the cascade at one threshold.
type SweepPoint struct {
	Threshold float64     `json:"threshold"`
	Quality   eval.Number `json:"quality"`
	CostUSD   eval.Number `json:"cost_usd"`  // mean of a request
	Served    []int       `json:"served"`    // by model
	Escalated int         `json:"escalated"` // requests for which the first model's answer was not taken
	Exhausted int         `json:"exhausted"`
}

// ladderRun is one request on the whole ladder.
type ladderRun struct {
	refused []bool // by the other checks
	absent  []bool // there is no answer to give
	value   []float64
	score   []float64
	cost    []float64

	at   int // whose answer is taken, or the number of models
	best int // the last rung asked that has an answer; −1: none
}

// SweepCascade simulates a cascade at every distinct threshold of a knob. It
// takes O(m log m) for m answers after the checks, and gives what
// [policy.Cascade] would at each.
func SweepCascade(ctx context.Context, knob Knob, config policy.ChecksConfig, start int, backend policy.Backend, requests []policy.Request) (*Sweep, error) {
	checks, err := policy.NewChecks(knob.At(config, 0))
	if err != nil {
		return nil, err
	}
	var runs []ladderRun
	priced := 0
	for i := range requests {
		run, ok, err := runOf(ctx, knob, checks, start, backend, &requests[i])
		if err != nil {
			return nil, err
		}
		if ok {
			runs = append(runs, run)
			priced += count(run.priced())
		}
	}
	s := &Sweep{Knob: knob, Priced: len(runs) > 0 && float64(priced) >= leastPriced*float64(len(runs))}
	if s.Priced {
		runs = slices.DeleteFunc(runs, func(r ladderRun) bool { return !r.priced() })
	}
	s.N, s.LeftOut = len(runs), len(requests)-len(runs)
	if s.N == 0 {
		return nil, ErrNothing
	}
	s.sweep(knob, runs, start, len(backend.Models()))
	return s, nil
}

func (r *ladderRun) priced() bool { return !slices.ContainsFunc(r.cost, math.IsNaN) }

func runOf(ctx context.Context, knob Knob, checks *policy.Checks, start int, backend policy.Backend, request *policy.Request) (run ladderRun, ok bool, err error) {
	run.best = -1
	for rung := range backend.Models() {
		if rung < start {
			run.add(true, true, 0, 0, 0)
			continue
		}
		call, err := backend.Call(ctx, request, rung)
		var reasons policy.Reasons
		if err == nil {
			reasons, err = checks.Check(request, &call)
		}
		if err == nil && knob == KnobMinChars && call.Err == "" && !call.Response.Known {
			err = fmt.Errorf("%w: the text of an answer", policy.ErrUnrecorded)
		}
		switch {
		case errors.Is(err, policy.ErrUnrecorded) || err == nil && !reasons.NoAnswer() && !call.Score.Known:
			return run, false, nil
		case err != nil:
			return run, false, err
		}
		cost := math.NaN()
		if call.CostUSD.Known() {
			cost = call.CostUSD.Value
		}
		run.add(reasons != 0, reasons.NoAnswer(), knob.value(&call), call.Score.Value, cost)
	}
	return run, true, nil
}

func (r *ladderRun) add(refused, absent bool, value, score, cost float64) {
	r.refused, r.absent = append(r.refused, refused), append(r.absent, absent)
	r.value, r.score, r.cost = append(r.value, value), append(r.score, score), append(r.cost, cost)
}

// tally is the state of all requests at one threshold.
type tally struct {
	quality, cost        float64
	served               []int
	escalated, exhausted int
}

// sweep raises the threshold from 0. What is refused at a threshold is refused
// at any higher one, so a request only ever climbs.
func (s *Sweep) sweep(knob Knob, runs []ladderRun, start, models int) {
	t := tally{served: make([]int, models)}
	type event struct {
		value     float64
		run, rung int
	}
	var events []event
	for i := range runs {
		runs[i].at = start - 1
		t.climb(&runs[i], math.Inf(-1), start)
		for rung := start; rung < models; rung++ {
			if !runs[i].absent[rung] {
				events = append(events, event{runs[i].value[rung], i, rung})
			}
		}
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Compare(a.value, b.value) })
	s.point(0, &t)
	for i := 0; i < len(events); {
		// All values below the next threshold come to be refused.
		end := i
		for end < len(events) && events[end].value == events[i].value {
			end++
		}
		threshold, ok := 0.0, true
		if end < len(events) {
			threshold = events[end].value
		} else {
			threshold, ok = knob.end(events[i].value)
		}
		if !ok {
			break
		}
		for ; i < end; i++ {
			if e := events[i]; runs[e.run].at == e.rung {
				t.climb(&runs[e.run], threshold, start)
			}
		}
		s.point(threshold, &t)
	}
}

// climb takes a request from where it is to the next answer that is taken at a
// threshold.
func (t *tally) climb(r *ladderRun, threshold float64, start int) {
	if r.at >= start {
		t.leave(r, start)
	}
	for r.at++; r.at < len(r.value); r.at++ {
		t.cost += r.cost[r.at]
		if !r.absent[r.at] {
			r.best = r.at
		}
		if !r.refused[r.at] && !(r.value[r.at] < threshold) {
			break
		}
		if r.at == start && start < len(r.value)-1 {
			t.escalated++
		}
	}
	if r.at == len(r.value) {
		t.exhausted++
	}
	if r.best >= 0 {
		t.served[r.best]++
		t.quality += r.score[r.best]
	}
}

// leave takes back what the request's present answer counted.
func (t *tally) leave(r *ladderRun, start int) {
	t.served[r.best]--
	t.quality -= r.score[r.best]
	if r.at == start && start < len(r.value)-1 {
		t.escalated++
	}
}

func (s *Sweep) point(threshold float64, t *tally) {
	n := float64(s.N)
	p := SweepPoint{
		Threshold: threshold, Quality: eval.Number(t.quality / n), CostUSD: eval.Number(math.NaN()),
		Served: slices.Clone(t.served), Escalated: t.escalated, Exhausted: t.exhausted,
	}
	if s.Priced {
		p.CostUSD = eval.Number(t.cost / n)
	}
	s.Points = append(s.Points, p)
}
