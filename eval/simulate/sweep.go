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

// ladders are requests on the whole ladder, each in as many places as there are
// models; those below its start are not used. Slices are by place, or by request.
type ladders struct {
	models int

	refused, absent []bool // by the other checks; there is no answer to give
	strictness      []float64
	score, cost     []float64

	start []int8
	usd   []float64 // of finding the start
	stops []stop    // at the present threshold
}

// stop is where a request is on its ladder.
type stop struct {
	rung int8 // whose answer is given; −1: nobody's
	last int8 // that was asked; the number of models: no answer passed
}

// ladderResult is what becomes of a request.
type ladderResult struct {
	rung                 int // whose answer is given; −1: nobody's
	score, cost          float64
	escalated, exhausted bool
}

// climb climbs request i's ladder where answers of a lower strictness are refused.
// late ones are not there at all.
func (l *ladders) climb(i int, strictness float64, late bool) stop {
	x := stop{-1, int8(l.models)}
	for rung := int(l.start[i]); rung < l.models; rung++ {
		at := i*l.models + rung
		refused := l.strictness[at] < strictness
		if !l.absent[at] && !(refused && late) {
			if x.rung = int8(rung); !refused && !l.refused[at] {
				x.last = int8(rung)
				return x
			}
		}
	}
	return x
}

// result is what becomes of request i where it stops.
func (l *ladders) result(i int, x stop) ladderResult {
	start := int(l.start[i])
	r := ladderResult{rung: int(x.rung), exhausted: int(x.last) == l.models}
	r.escalated = int(x.last) > start && l.models > start+1
	for rung := start; rung <= min(int(x.last), l.models-1); rung++ {
		r.cost += l.cost[i*l.models+rung]
	}
	if x.rung >= 0 {
		r.score = l.score[i*l.models+int(x.rung)]
	}
	return r
}

// SweepCascade simulates a cascade at every distinct threshold of a knob. It
// takes O(m log m) for m answers after the checks, times the models for the
// climbing, and gives what [policy.Cascade] would at each.
func SweepCascade(ctx context.Context, knob Knob, config policy.ChecksConfig, start Start, backend policy.Backend, requests policy.Requests) (*Sweep, error) {
	checks, err := policy.NewChecks(knob.At(config, 0))
	if err != nil {
		return nil, err
	}
	l := &ladders{models: len(backend.Models())}
	l.extend(requests.Len() * l.models)
	l.extend(0)
	s := &Sweep{Knob: knob}
	if err := eachAtHand(ctx, backend, requests, func(q *policy.Request, b policy.Backend) error {
		ok, err := l.add(ctx, knob, checks, start, b, q)
		if ok {
			s.Priced += count(l.priced(len(l.start) - 1))
		}
		return err
	}); err != nil {
		return nil, err
	}
	s.N, s.LeftOut = len(l.start), requests.Len()-len(l.start)
	if s.N == 0 {
		return nil, ErrNothing
	}
	s.sweep(knob, l)
	return s, nil
}

func (l *ladders) priced(i int) bool {
	return !math.IsNaN(l.usd[i]) && !slices.ContainsFunc(l.cost[i*l.models+int(l.start[i]):(i+1)*l.models], math.IsNaN)
}

// add adds a request, unless the record says too little of it.
func (l *ladders) add(ctx context.Context, knob Knob, checks *policy.Checks, start Start, backend policy.Backend, request *policy.Request) (ok bool, err error) {
	first, usd, err := start(ctx, request)
	if errors.Is(err, policy.ErrUnrecorded) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	places := len(l.start) * l.models // of what was added before
	l.extend(places + first)
	for rung := first; rung < l.models; rung++ {
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
			l.extend(places)
			return false, nil
		case err != nil:
			return false, err
		}
		at := len(l.cost)
		l.extend(at + 1)
		l.refused[at], l.absent[at], l.strictness[at], l.score[at], l.cost[at] = reasons != 0, reasons.NoAnswer(), strictness, call.Score.Value, math.NaN()
		if call.CostUSD.Known() {
			l.cost[at] = call.CostUSD.Value
		}
	}
	l.start, l.usd = append(l.start, int8(first)), append(l.usd, usd)
	return true, nil
}

// extend makes for so many places.
func (l *ladders) extend(places int) {
	l.refused, l.absent = extended(l.refused, places), extended(l.absent, places)
	l.strictness, l.score, l.cost = extended(l.strictness, places), extended(l.score, places), extended(l.cost, places)
}

func extended[T any](values []T, n int) []T {
	return slices.Grow(values, max(0, n-len(values)))[:n]
}

// tally is the sum over all requests at one threshold.
type tally struct {
	quality, cost        float64
	served               []int
	escalated, exhausted int
}

// add counts request i's result, or with −1 takes it back.
func (t *tally) add(l *ladders, i int, x ladderResult, sign int) {
	if x.rung >= 0 {
		t.served[x.rung] += sign
		t.quality += float64(sign) * x.score
	}
	if l.priced(i) {
		t.cost += float64(sign) * (x.cost + l.usd[i])
	}
	t.escalated += sign * count(x.escalated)
	t.exhausted += sign * count(x.exhausted)
}

// event is an answer that comes to be refused.
type event struct {
	strictness float64
	request    int32
}

// events are those of all answers that there are, in the order in which they come.
func (l *ladders) events() []event {
	out := make([]event, 0, len(l.cost))
	for i := range l.start {
		for at := i*l.models + int(l.start[i]); at < (i+1)*l.models; at++ {
			if !l.absent[at] {
				out = append(out, event{l.strictness[at], int32(i)})
			}
		}
	}
	slices.SortFunc(out, func(a, b event) int { return cmp.Compare(a.strictness, b.strictness) })
	return out
}

// sweep tightens the knob from off. Each answer that comes to be refused moves
// its request.
func (s *Sweep) sweep(knob Knob, l *ladders) {
	t := tally{served: make([]int, l.models)}
	late := knob == KnobTimeout
	l.stops = make([]stop, len(l.start))
	for i := range l.stops {
		l.stops[i] = l.climb(i, math.Inf(-1), late)
		t.add(l, i, l.result(i, l.stops[i]), 1)
	}
	events := l.events()
	served := s.room(events, l.models)
	s.point(0, &t, &served)
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
			at := int(events[i].request)
			x := l.climb(at, next, late)
			if before, now := l.result(at, l.stops[at]), l.result(at, x); now != before {
				t.add(l, at, before, -1)
				t.add(l, at, now, 1)
			}
			l.stops[at] = x
		}
		s.point(knob.threshold(next), &t, &served)
	}
}

// room makes room for a point at each strictness and two more, and no more; and for
// what they have by model.
func (s *Sweep) room(events []event, models int) (served []int) {
	n := 2
	for i := range events {
		n += count(i == 0 || events[i].strictness != events[i-1].strictness)
	}
	s.Points = make([]SweepPoint, 0, n)
	return make([]int, n*models)
}

// point appends a point. What it has by model is in the first of served, which it
// takes.
func (s *Sweep) point(threshold float64, t *tally, served *[]int) {
	n, models := float64(s.N), copy(*served, t.served)
	p := SweepPoint{
		Threshold: threshold, Quality: eval.Number(t.quality / n), CostUSD: eval.Number(math.NaN()),
		Served: (*served)[:models:models], Escalated: t.escalated, Exhausted: t.exhausted,
	}
	if s.Priced > 0 {
		p.CostUSD = eval.Number(t.cost / float64(s.Priced))
	}
	*served = (*served)[models:]
	s.Points = append(s.Points, p)
}
