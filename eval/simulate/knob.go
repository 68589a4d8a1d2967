package simulate

import (
	"context"
	"math"

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
		return 0 - strictness // never −0
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
