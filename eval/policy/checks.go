package policy

import (
	"fmt"
	"math/bits"
	"regexp"
	"strings"

	"github.com/routeproof/routeproof/datasets"
)

// A Reason is why an answer is not taken.
type Reason uint8

// The reasons, in the order in which they are looked at. An answer that is not
// there has no others.
const (
	Failed    Reason = iota // the call ended in an error
	TimedOut                // the answer came too late
	TooShort                // it has too few characters
	Uncertain               // it holds a phrase of doubt or refusal
	BadJSON                 // its task type requires JSON, and it is none
	Mismatch                // it does not match the regular expression
	Invalid                 // it does not satisfy the JSON schema
	Unsure                  // its confidence is too low
	numReasons
)

func reasonNames() [numReasons]string {
	return [numReasons]string{"error", "timeout", "too_short", "uncertain", "bad_json", "regex", "schema", "low_confidence"}
}

func (r Reason) String() string { return reasonNames()[r] }

// AllReasons returns all reasons in order.
func AllReasons() []Reason {
	all := make([]Reason, numReasons)
	for i := range all {
		all[i] = Reason(i)
	}
	return all
}

// Reasons is a set of reasons. The zero value is empty.
type Reasons uint16

// Has tells whether a reason is in the set.
func (s Reasons) Has(r Reason) bool { return s>>r&1 == 1 }

// With returns the set with another reason.
func (s Reasons) With(r Reason) Reasons { return s | 1<<r }

// First returns the first reason of a set that is not empty.
func (s Reasons) First() Reason { return Reason(bits.TrailingZeros16(uint16(s))) }

// NoAnswer tells whether there is nothing that could be given to the user.
func (s Reasons) NoAnswer() bool { return s.Has(Failed) || s.Has(TimedOut) }

func (s Reasons) String() string {
	var names []string
	for _, r := range AllReasons() {
		if s.Has(r) {
			names = append(names, r.String())
		}
	}
	return strings.Join(names, "+")
}

// DefaultPhrases are signs of doubt and refusal.
func DefaultPhrases() []string {
	return []string{"i'm not sure", "i don't know", "i cannot", "i'm unable", "i don't have enough", "as an ai"}
}

// ChecksConfig says when an answer is not taken. The zero value takes every
// answer that there is.
type ChecksConfig struct {
	TimeoutMS     float64  // 0: none; the router does not wait longer
	MinChars      int      // fewest code points without white space at the ends; 0: any
	Phrases       []string // of doubt and refusal, whatever the case; nil: none
	JSON          bool     // task types other than general require JSON
	UnwrapFences  bool     // what stands in a code fence is looked at for JSON and schema
	Pattern       string   // a Go regular expression that must be found; empty: none
	Schema        *Schema  // that every answer must satisfy; nil: none
	OwnSchemas    bool     // answers must satisfy the schema that their request brings
	MinConfidence float64  // an answer whose confidence is lower, or unknown, is not taken; 0: any
}

// DefaultChecks returns the checks of a usual cascade: 20 characters, the
// default phrases, JSON where the task type requires it, and the requests' own
// schemas.
func DefaultChecks() ChecksConfig {
	return ChecksConfig{MinChars: 20, Phrases: DefaultPhrases(), JSON: true, OwnSchemas: true}
}

// Checks decide whether an answer is taken. They are safe for concurrent use.
type Checks struct {
	config  ChecksConfig
	phrases *phrases
	pattern *regexp.Regexp
}

// NewChecks returns the checks of a configuration.
func NewChecks(config ChecksConfig) (*Checks, error) {
	switch {
	case !(config.TimeoutMS >= 0):
		return nil, fmt.Errorf("timeout: expected 0 or more milliseconds, found %g", config.TimeoutMS)
	case config.MinChars < 0:
		return nil, fmt.Errorf("shortest answer: expected 0 or more characters, found %d", config.MinChars)
	case !(config.MinConfidence >= 0 && config.MinConfidence <= 1):
		return nil, fmt.Errorf("least confidence: expected 0 to 1, found %g", config.MinConfidence)
	}
	c := &Checks{config: config, phrases: newPhrases(config.Phrases)}
	if config.Pattern != "" {
		var err error
		if c.pattern, err = regexp.Compile(config.Pattern); err != nil {
			return nil, fmt.Errorf("pattern of answers: %w", err)
		}
	}
	return c, nil
}

// RequiresJSON tells whether answers to a task type must be JSON.
func RequiresJSON(taskType string) bool { return taskType != "" && taskType != "general" }

// readsText tells whether a request's answer is judged by its text.
func (c *Checks) readsText(request *Request) bool {
	return c.config.MinChars > 0 || len(c.phrases.list) > 0 || c.pattern != nil || c.config.Schema != nil ||
		c.ownSchema(request) != nil || c.config.JSON && RequiresJSON(request.TaskType)
}

func (c *Checks) ownSchema(request *Request) *Schema {
	if !c.config.OwnSchemas {
		return nil
	}
	return request.Schema
}

// Check returns all reasons not to take an answer. The error is [ErrUnrecorded]
// where that depends on a text that is not there. Length, phrases and JSON take
// time proportional to the text's length; where most of a text looks like the
// beginnings of phrases, times their number and how long they look so.
func (c *Checks) Check(request *Request, call *Call) (Reasons, error) {
	var reasons Reasons
	switch {
	case call.Err != "":
		return reasons.With(Failed), nil
	case c.config.TimeoutMS > 0 && call.LatencyMS.Known() && call.LatencyMS.Value > c.config.TimeoutMS:
		return reasons.With(TimedOut), nil
	}
	if c.readsText(request) {
		if !call.Response.Known {
			return 0, fmt.Errorf("%w: the text of an answer", ErrUnrecorded)
		}
		text, err := call.Response.Read()
		if err != nil {
			return 0, err
		}
		reasons = c.checkText(request, text)
	}
	if c.unsure(call.Confidence) {
		reasons = reasons.With(Unsure)
	}
	return reasons, nil
}

func (c *Checks) unsure(confidence datasets.Optional[float64]) bool {
	return c.config.MinConfidence > 0 && !(confidence.Known && confidence.Value >= c.config.MinConfidence)
}

func (c *Checks) checkText(request *Request, text string) (reasons Reasons) {
	if !hasChars(text, c.config.MinChars) {
		reasons = reasons.With(TooShort)
	}
	if c.phrases.in(text) {
		reasons = reasons.With(Uncertain)
	}
	if c.pattern != nil && !c.pattern.MatchString(text) {
		reasons = reasons.With(Mismatch)
	}
	requires := c.config.JSON && RequiresJSON(request.TaskType)
	own := c.ownSchema(request)
	if !requires && c.config.Schema == nil && own == nil {
		return reasons
	}
	if c.config.UnwrapFences {
		text = UnwrapFence(text)
	}
	if requires && !isJSON(text) {
		reasons = reasons.With(BadJSON)
	}
	for _, schema := range []*Schema{c.config.Schema, own} {
		if schema != nil && !schema.Satisfied(text) {
			return reasons.With(Invalid)
		}
	}
	return reasons
}
