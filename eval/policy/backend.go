package policy

import (
	"context"
	"errors"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
)

// A Request is a prompt to be served.
type Request struct {
	ID       string
	Text     Text
	Domain   string
	Group    int32   // requests of a group are one piece of evidence; numbered from 0 without large gaps
	TaskType string  // of datasets.TaskTypes; empty is general
	Schema   *Schema // that its answer must satisfy; nil: none
}

// A Model is a rung of the ladder: which model serves a tier, how it is asked,
// what it costs in USD per million tokens, and how fast it is. nil is unknown.
type Model struct {
	Tier         string
	Name         string
	SystemPrompt string
	SystemTokens int // of the system prompt
	MaxTokens    int // of an answer; 0: no limit
	InputPerM    *float64
	OutputPerM   *float64
	TTFTMS       *float64 // typical time to the first token
	TokensPerS   *float64
}

// A Call is what became of asking one model once.
type Call struct {
	Response     Text
	Err          string // why there is no answer; empty if there is one
	Score        datasets.Optional[float64]
	Confidence   datasets.Optional[float64]
	InputTokens  datasets.Optional[int]
	OutputTokens datasets.Optional[int]
	CostUSD      eval.Quantity
	FirstTokenMS eval.Quantity
	LatencyMS    eval.Quantity // until the whole answer was there, or the failure
}

// A Backend asks models. Implementations are safe for concurrent use.
type Backend interface {
	// Models returns the ladder, cheapest first.
	Models() []Model
	// Call asks the model at a rung of the ladder, from 0. An answer that
	// failed is a Call with Err. The error is [ErrUnrecorded] where it is not
	// known what the model would do, and otherwise ends the work.
	Call(ctx context.Context, request *Request, rung int) (Call, error)
}

// ErrUnrecorded is the error of a request whose serving depends on what was not
// recorded: an answer, or its text. Nothing can be said of it.
var ErrUnrecorded = errors.New("not recorded")

// An Attempt is a call within the serving of a request.
type Attempt struct {
	Rung    int
	Call    Call
	Reasons Reasons // why the answer was not taken; none if it was

	Unrecorded bool // of Parallel's cheap side: the call stands for one that was not recorded
}

// Served is how a request was served.
type Served struct {
	Rung      int // whose answer was given; −1: nobody's
	Start     int // the rung that was asked first
	Attempts  []Attempt
	Exhausted bool // no answer passed: the last that there was is given
	Escalated bool // a dearer model was turned to
	Agreed    bool // of Parallel: both answers agreed

	Decision     *eval.Decision // of the classifier; nil where none was asked
	CostUSD      eval.Quantity  // of all calls, the classifier's included
	FirstTokenMS eval.Quantity  // until the user can see the first token
	LatencyMS    eval.Quantity  // until the user can see all of the answer
}

// Answer returns the call whose answer was given, and false if there is none.
func (s *Served) Answer() (*Call, bool) {
	for i := range s.Attempts {
		if s.Attempts[i].Rung == s.Rung {
			return &s.Attempts[i].Call, true
		}
	}
	return nil, false
}

// Score returns the quality of what the user got: 0 where there was no answer.
func (s *Served) Score() datasets.Optional[float64] {
	if call, ok := s.Answer(); ok {
		return call.Score
	}
	return datasets.Known(0.0)
}

// nothing is a quantity of zero that is known for sure, to add others to.
func nothing() eval.Quantity { return eval.Quantity{Origin: eval.Recorded} }
