package classify

import (
	"context"

	"github.com/routeproof/routeproof/eval"
)

// A Stage is one classifier of a [Hybrid].
type Stage struct {
	Classifier eval.Classifier
	// Sure tells whether the stage's decision stands. nil: always.
	Sure func(eval.Decision) bool
}

// Hybrid asks its stages in order and takes the first decision that stands;
// where none does, the last. Cost, latency and tokens are those of all stages
// that were asked.
type Hybrid struct {
	name   string
	stages []Stage
}

// NewHybrid returns the classifier with the given stages, at least one.
func NewHybrid(name string, stages ...Stage) *Hybrid {
	if len(stages) == 0 {
		panic("classify: a hybrid needs a stage")
	}
	return &Hybrid{name, stages}
}

// MarginAtLeast is a stage condition: the two best scores differ by min or
// more. A decision without scores never does, and one that was refused is not
// that of its scores.
func MarginAtLeast(min float64) func(eval.Decision) bool {
	return func(d eval.Decision) bool {
		m, ok := d.Margin()
		return ok && !d.Refused && m >= min
	}
}

// Name implements [eval.Classifier].
func (h *Hybrid) Name() string { return h.name }

// Classify implements [eval.Classifier]. A stage that gives no answer to a
// request passes it on.
func (h *Hybrid) Classify(ctx context.Context, requests []eval.Request) ([]eval.Decision, error) {
	out := make([]eval.Decision, len(requests))
	open := make([]int, len(requests)) // requests not decided yet
	for i := range open {
		open[i] = i
	}
	for s, stage := range h.stages {
		asked := make([]eval.Request, len(open))
		for j, i := range open {
			asked[j] = requests[i]
		}
		decisions, err := stage.Classifier.Classify(ctx, asked)
		if err != nil {
			return nil, err
		}
		passed := open[:0]
		for j, i := range open {
			d := decisions[j]
			d.Stage = stage.Classifier.Name()
			if s > 0 {
				d = after(out[i], d)
			}
			out[i] = d
			sure := d.Err == "" && (stage.Sure == nil || stage.Sure(decisions[j]))
			if !sure {
				passed = append(passed, i)
			}
		}
		if open = passed; len(open) == 0 {
			break
		}
	}
	return out, nil
}

// after is decision d with what the stages before it spent and scored.
// Probabilities and confidence are of the tier that d decides: those of d alone,
// or unknown.
func after(before, d eval.Decision) eval.Decision {
	d.CostUSD = before.CostUSD.Add(d.CostUSD)
	d.LatencyMS = before.LatencyMS.Add(d.LatencyMS)
	d.InputTokens = addCounts(before.InputTokens, d.InputTokens)
	d.OutputTokens = addCounts(before.OutputTokens, d.OutputTokens)
	if d.Scores == nil {
		d.Scores = before.Scores
	}
	return d
}

// addCounts adds token counts; nil is none, as for stages without a model.
func addCounts(a, b *int) *int {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	sum := *a + *b
	return &sum
}
