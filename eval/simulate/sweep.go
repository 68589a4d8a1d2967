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

// The knobs that can be swept. At 0 the check is off.
const (
	KnobConfidence Knob = "confidence" // answers below are not taken; an unknown confidence is below any threshold
	KnobMinChars   Knob = "min_chars"  // answers with fewer are not taken
	KnobTimeout    Knob = "timeout_ms" // answers that take longer are not waited for; an unknown latency is none
)

// Knobs returns all knobs.
func Knobs() []Knob { return []Knob{KnobConfidence, KnobMinChars, KnobTimeout} }

// At returns the checks with the knob at a threshold.
func (k Knob) At(c policy.ChecksConfig, threshold float64) policy.ChecksConfig {
	switch k {
	case KnobConfidence:
		c.MinConfidence = threshold
	case KnobMinChars:
		c.MinChars = int(threshold)
	case KnobTimeout:
		c.TimeoutMS = threshold
	}
	return c
}

// strictness orders answers: the lower, the sooner one is refused as the knob
// is tightened. It is the confidence, the length, or the latency with its sign
// changed.
func (k Knob) strictness(call *policy.Call) (float64, error) {
	switch {
	case k == KnobMinChars:
		text, err := call.Response.Read()
		return float64(policy.Chars(text)), err
	case k == KnobTimeout && call.LatencyMS.Known():
		return -call.LatencyMS.Value, nil
	case k == KnobTimeout:
		return math.Inf(1), nil
	case call.Confidence.Known:
		return call.Confidence.Value, nil
	}
	return 0, nil
}

// threshold is the knob's where all answers of a lower strictness are refused.
func (k Knob) threshold(strictness float64) float64 {
	if k == KnobTimeout {
		return -strictness
	}
	return strictness
}

// beyond is a strictness that no answer reaches, and whether there is one.
func (k Knob) beyond(largest float64) (strictness float64, ok bool) {
	switch k {
	case KnobConfidence:
		return 1, largest < 1
	case KnobTimeout:
		return math.Nextafter(largest, 0), largest < 0
	}
	return largest + 1, true
}

// A Start says which model a request asks first, and what it costs to know
// that; NaN is unknown.
type Start func(ctx context.Context, request *policy.Request) (rung int, usd float64, err error)

// StartAt has every request ask the same model first.
func StartAt(rung int) Start {
	return func(context.Context, *policy.Request) (int, float64, error) { return rung, 0, nil }
}

// StartBy has a classifier say where each request starts.
func StartBy(decide policy.Decider, rungs []int) Start {
	return func(ctx context.Context, request *policy.Request) (int, float64, error) {
		d, err := decide(ctx, request)
		if err != nil {
			return 0, 0, err
		}
		if !d.CostUSD.Known() {
			return rungs[d.Tier], math.NaN(), nil
		}
		return rungs[d.Tier], d.CostUSD.Value, nil
	}
}

// A Sweep is a cascade at every distinct threshold of a knob.
type Sweep struct {
	Knob    Knob         `json:"knob"`
	N       int          `json:"n"`        // requests for which all models from the start on were recorded, with scores
	LeftOut int          `json:"left_out"` // others
	Priced  int          `json:"priced"`   // of n, requests whose costs are known whatever the threshold: costs are over these
	Points  []SweepPoint `json:"points"`   // from off to the tightest
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
	start   int
	usd     float64        // of finding the start
	answers []ladderAnswer // from the start on
	result  ladderResult   // at the present threshold
}

// ladderAnswer is what a model's answer adds.
type ladderAnswer struct {
	refused    bool // by the other checks
	absent     bool // there is no answer to give
	strictness float64
	score      float64
	cost       float64
}

// ladderResult is what becomes of a request.
type ladderResult struct {
	rung                 int // whose answer is given, from the start; −1: nobody's
	score, cost          float64
	escalated, exhausted bool
}

// at climbs the ladder where answers of a lower strictness are refused. late
// ones are not there at all.
func (r *ladderRun) at(strictness float64, late bool) ladderResult {
	x := ladderResult{rung: -1}
	for i, a := range r.answers {
		x.cost += a.cost
		refused := a.strictness < strictness
		if !a.absent && !(refused && late) {
			x.rung, x.score = i, a.score
			if !refused && !a.refused {
				return x
			}
		}
		x.escalated = x.escalated || i == 0 && len(r.answers) > 1
	}
	x.exhausted = true
	return x
}

// SweepCascade simulates a cascade at every distinct threshold of a knob. It
// takes O(m log m) for m answers after the checks, times the models for the
// climbing, and gives what [policy.Cascade] would at each.
func SweepCascade(ctx context.Context, knob Knob, config policy.ChecksConfig, start Start, backend policy.Backend, requests []policy.Request) (*Sweep, error) {
	checks, err := policy.NewChecks(knob.At(config, 0))
	if err != nil {
		return nil, err
	}
	runs := make([]ladderRun, 0, len(requests))
	s := &Sweep{Knob: knob}
	for i := range requests {
		run, ok, err := runOf(ctx, knob, checks, start, backend, &requests[i])
		if err != nil {
			return nil, err
		}
		if ok {
			runs = append(runs, run)
			s.Priced += count(run.priced())
		}
	}
	s.N, s.LeftOut = len(runs), len(requests)-len(runs)
	if s.N == 0 {
		return nil, ErrNothing
	}
	s.sweep(knob, runs, len(backend.Models()))
	return s, nil
}

func (r *ladderRun) priced() bool {
	return !math.IsNaN(r.usd) && !slices.ContainsFunc(r.answers, func(a ladderAnswer) bool { return math.IsNaN(a.cost) })
}

func runOf(ctx context.Context, knob Knob, checks *policy.Checks, start Start, backend policy.Backend, request *policy.Request) (run ladderRun, ok bool, err error) {
	run.start, run.usd, err = start(ctx, request)
	if errors.Is(err, policy.ErrUnrecorded) {
		return run, false, nil
	}
	if err != nil {
		return run, false, err
	}
	run.answers = make([]ladderAnswer, 0, len(backend.Models())-run.start)
	for rung := run.start; rung < len(backend.Models()); rung++ {
		call, err := backend.Call(ctx, request, rung)
		var reasons policy.Reasons
		if err == nil {
			reasons, err = checks.Check(request, &call)
		}
		if err == nil && knob == KnobMinChars && call.Err == "" && !call.Response.Known {
			err = fmt.Errorf("%w: the text of an answer", policy.ErrUnrecorded)
		}
		var strictness float64
		if err == nil {
			strictness, err = knob.strictness(&call)
		}
		switch {
		case errors.Is(err, policy.ErrUnrecorded) || err == nil && !reasons.NoAnswer() && !call.Score.Known:
			return run, false, nil
		case err != nil:
			return run, false, err
		}
		a := ladderAnswer{refused: reasons != 0, absent: reasons.NoAnswer(), strictness: strictness, score: call.Score.Value, cost: math.NaN()}
		if call.CostUSD.Known() {
			a.cost = call.CostUSD.Value
		}
		run.answers = append(run.answers, a)
	}
	return run, true, nil
}

// tally is the sum over all requests at one threshold.
type tally struct {
	quality, cost        float64
	served               []int
	escalated, exhausted int
}

// add counts a request's result, or with −1 takes it back.
func (t *tally) add(r *ladderRun, sign int) {
	x := &r.result
	if x.rung >= 0 {
		t.served[r.start+x.rung] += sign
		t.quality += float64(sign) * x.score
	}
	if r.priced() {
		t.cost += float64(sign) * (x.cost + r.usd)
	}
	t.escalated += sign * count(x.escalated)
	t.exhausted += sign * count(x.exhausted)
}

// sweep tightens the knob from off. Each answer that comes to be refused moves
// its request.
func (s *Sweep) sweep(knob Knob, runs []ladderRun, models int) {
	t := tally{served: make([]int, models)}
	type event struct {
		strictness float64
		run        int
	}
	n := 0
	for i := range runs {
		n += len(runs[i].answers)
	}
	events := make([]event, 0, n)
	late := knob == KnobTimeout
	for i := range runs {
		runs[i].result = runs[i].at(math.Inf(-1), late)
		t.add(&runs[i], 1)
		for _, a := range runs[i].answers {
			if !a.absent {
				events = append(events, event{a.strictness, i})
			}
		}
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Compare(a.strictness, b.strictness) })
	s.point(0, &t)
	for i := 0; i < len(events); {
		end := i
		for end < len(events) && events[end].strictness == events[i].strictness {
			end++
		}
		next, ok := 0.0, true
		if end < len(events) {
			next = events[end].strictness
		} else {
			next, ok = knob.beyond(events[i].strictness)
		}
		if !ok || math.IsInf(next, 1) {
			break // what is left is never refused
		}
		for ; i < end; i++ {
			run := &runs[events[i].run]
			if now := run.at(next, late); now != run.result {
				t.add(run, -1)
				run.result = now
				t.add(run, 1)
			}
		}
		s.point(knob.threshold(next), &t)
	}
}

func (s *Sweep) point(threshold float64, t *tally) {
	n := float64(s.N)
	p := SweepPoint{
		Threshold: threshold, Quality: eval.Number(t.quality / n), CostUSD: eval.Number(math.NaN()),
		Served: slices.Clone(t.served), Escalated: t.escalated, Exhausted: t.exhausted,
	}
	if s.Priced > 0 {
		p.CostUSD = eval.Number(t.cost / float64(s.Priced))
	}
	s.Points = append(s.Points, p)
}
