package classify

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/routeproof/routeproof/eval"
)

// RuleConfig says what [Rule] looks for. Tiers are indices.
type RuleConfig struct {
	// A request that matches a frontier pattern goes to FrontierTier; else one
	// of fewer than SimpleBelowWords words that matches a simple pattern goes
	// to SimpleTier; else one of more than LongAboveWords words goes to
	// LongTier; else DefaultTier takes it. Patterns are Go regular expressions
	// and match without regard to case; words are separated by white space.
	FrontierPatterns []string
	SimplePatterns   []string
	SimpleBelowWords int
	LongAboveWords   int

	FrontierTier, SimpleTier, LongTier, DefaultTier int
}

// Rule decides by patterns and length. It is free and takes microseconds.
type Rule struct {
	name             string
	config           RuleConfig
	frontier, simple *regexp.Regexp // nil: no patterns
}

// What decided, in a decision's Stage.
const (
	stageFrontier = "frontier pattern"
	stageSimple   = "simple pattern"
	stageLong     = "length"
	stageDefault  = "default"
)

// NewRule compiles the patterns. The error names the one that does not.
func NewRule(name string, config RuleConfig) (*Rule, error) {
	r := &Rule{name: name, config: config}
	var err error
	if r.frontier, err = compile("frontier_patterns", config.FrontierPatterns); err != nil {
		return nil, err
	}
	r.simple, err = compile("simple_patterns", config.SimplePatterns)
	return r, err
}

// compile joins patterns into one expression.
func compile(field string, patterns []string) (*regexp.Regexp, error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	for i, p := range patterns {
		if _, err := regexp.Compile(p); err != nil {
			return nil, fmt.Errorf("%s, number %d (%q): %w", field, i+1, p, err)
		}
	}
	re, err := regexp.Compile("(?i)(?:" + strings.Join(patterns, ")|(?:") + ")")
	if err != nil {
		return nil, fmt.Errorf("%s together: %w", field, err)
	}
	return re, nil
}

// Name implements [eval.Classifier].
func (r *Rule) Name() string { return r.name }

// Classify implements [eval.Classifier], on all processors.
func (r *Rule) Classify(ctx context.Context, requests []eval.Request) ([]eval.Decision, error) {
	out := make([]eval.Decision, len(requests))
	local := localDecision()
	share(len(requests), func(i int) {
		if ctx.Err() == nil {
			out[i] = local
			out[i].Tier, out[i].Stage = r.decide(requests[i].Text)
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

func (r *Rule) decide(text string) (tier int, stage string) {
	if r.frontier != nil && r.frontier.MatchString(text) {
		return r.config.FrontierTier, stageFrontier
	}
	words := len(strings.Fields(text))
	switch {
	case words < r.config.SimpleBelowWords && r.simple != nil && r.simple.MatchString(text):
		return r.config.SimpleTier, stageSimple
	case words > r.config.LongAboveWords:
		return r.config.LongTier, stageLong
	}
	return r.config.DefaultTier, stageDefault
}

// localDecision is what holds for every decision made in this process: it costs
// nothing, and its time, well below a millisecond, is taken as zero. What it
// really took on one machine is measured apart, since it varies.
func localDecision() eval.Decision {
	return eval.Decision{CostUSD: eval.Quantity{Origin: eval.Computed}, LatencyMS: eval.Quantity{Origin: eval.Assumed}}
}

// RuleIsSure tells whether a pattern decided: the stage condition of hybrids
// that trust a rule with the extremes only.
func RuleIsSure(d eval.Decision) bool {
	return d.Stage == stageFrontier || d.Stage == stageSimple
}
