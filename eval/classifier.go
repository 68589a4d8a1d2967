package eval

import (
	"context"
	"fmt"

	"github.com/routeproof/routeproof/datasets"
)

// A Request is what a classifier sees of a prompt: never its label.
type Request struct {
	ID   string
	Text string
}

// An Example is a labelled request, in 24 bytes, as there may be millions.
type Example struct {
	Text  datasets.Text
	Group int32 // examples of a group may be near-duplicates
	Tier  uint8
	Fold  uint8 // from 0 to Folds-1, in which a choice is validated; that of the group
}

// A Decision is a classifier's answer to one request.
type Decision struct {
	Tier       int       // the tier to serve
	Scores     []float64 // one a tier, nil where the classifier has none
	Confidence *float64  // probability that Tier is right; nil where unknown
	// Probabilities are those of each tier, summing to 1; nil where the
	// classifier states none. Confidence is then that of Tier, which need not be
	// the highest.
	Probabilities []float64
	Stage         string // the part of a hybrid, or of a rule, that decided; empty elsewhere
	Refused       bool   // the scores fall short of a threshold: Tier is the fallback
	Invalid       bool   // the answer was no tier: Tier is the fallback
	Err           string // why there was no answer: Tier is the fallback; empty if there was
	Model         string // the model asked, if any

	InputTokens  *int // of the classification; nil where unknown or none
	OutputTokens *int
	CostUSD      Quantity // of the classification
	LatencyMS    Quantity
}

// Margin returns the highest score minus the second, and false where there are
// fewer than two scores.
func (d Decision) Margin() (float64, bool) {
	if len(d.Scores) < 2 {
		return 0, false
	}
	first, second := d.Scores[0], d.Scores[1]
	if second > first {
		first, second = second, first
	}
	for _, s := range d.Scores[2:] {
		switch {
		case s > first:
			first, second = s, first
		case s > second:
			second = s
		}
	}
	return first - second, true
}

// A Classifier decides on the tier of requests.
type Classifier interface {
	Name() string
	// Classify returns one decision a request, in order. What fails for a
	// single request goes into its decision's Err; an error means that
	// nothing was decided. Implementations bound their own concurrency and
	// return soon after ctx is done.
	Classify(ctx context.Context, requests []Request) ([]Decision, error)
}

// A Trainer fits a classifier, for good or for a fold.
type Trainer interface {
	Name() string
	// Train fits on fit and chooses (temperature, thresholds) on tune. A
	// classifier fitted on some prompts knows nothing of the others.
	Train(ctx context.Context, fit, tune []Example) (Classifier, error)
}

// Fixed is the trainer of a classifier that has nothing to fit.
type Fixed struct{ Classifier }

// Train returns the classifier itself.
func (f Fixed) Train(context.Context, []Example, []Example) (Classifier, error) {
	return f.Classifier, nil
}

// Fitted is the trainer of a classifier that was fitted elsewhere, perhaps on
// the same prompts: it has no out-of-fold predictions.
type Fitted struct{ Classifier }

// Train returns the classifier itself.
func (f Fitted) Train(context.Context, []Example, []Example) (Classifier, error) {
	return f.Classifier, nil
}

// Replay is a classifier over decisions made before: the recorded parts of a
// hybrid. A request without a decision is an error.
type Replay struct {
	name      string
	decisions map[string]Decision
}

// NewReplay returns the classifier that decides requests[i] as decisions[i].
func NewReplay(name string, requests []Request, decisions []Decision) *Replay {
	if len(requests) != len(decisions) {
		panic("eval: requests and decisions differ in length")
	}
	r := &Replay{name: name, decisions: make(map[string]Decision, len(requests))}
	for i, q := range requests {
		r.decisions[q.ID] = decisions[i]
	}
	return r
}

// Name implements [Classifier].
func (r *Replay) Name() string { return r.name }

// Classify implements [Classifier].
func (r *Replay) Classify(_ context.Context, requests []Request) ([]Decision, error) {
	out := make([]Decision, len(requests))
	for i, q := range requests {
		d, ok := r.decisions[q.ID]
		if !ok {
			return nil, fmt.Errorf("classifier %s: no decision is recorded for prompt %q", r.name, q.ID)
		}
		out[i] = d
	}
	return out, nil
}
