package eval

import "fmt"

// A TierModel is the model that serves a tier and what it costs.
type TierModel struct {
	Tier           string // its name, for messages
	Model          string
	InputPerM      *float64 // USD per million input tokens; nil where unknown
	OutputPerM     *float64 // USD per million output tokens; nil where unknown
	SystemTokens   int      // of the tier's system prompt
	ExpectedOutput float64  // tokens in an answer to a prompt of this tier, whichever model answers
}

// Costs prices requests, from tier models by tier. OutputScale multiplies the
// expected output; 1 is the configured guess.
type Costs struct {
	Tiers       []TierModel
	OutputScale float64
}

// Known returns nil where every tier's prices are known.
func (c Costs) Known() error {
	for _, t := range c.Tiers {
		if t.InputPerM == nil || t.OutputPerM == nil {
			return fmt.Errorf("tier %s has no price: set its input_per_m and output_per_m", t.Tier)
		}
	}
	return nil
}

// Request returns the USD that a prompt of the given true tier and length
// costs at a tier. Prices must be known. The true tier decides how long the
// answer is.
func (c Costs) Request(tier, truth, inputTokens int) float64 {
	m := c.Tiers[tier]
	input := float64(inputTokens+m.SystemTokens) * *m.InputPerM
	output := c.Tiers[truth].ExpectedOutput * c.OutputScale * *m.OutputPerM
	return (input + output) / 1e6
}

// Served returns what routing a prompt costs in all: the picked tier, and the
// true tier again where the pick is below it. That second payment is the
// headline rule: an answer of too small a model is noticed and asked again.
func (c Costs) Served(tier, truth, inputTokens int) float64 {
	return c.Request(tier, truth, inputTokens) + c.Again(tier, truth, inputTokens)
}

// Again returns what asking the true tier costs where the pick is below it,
// else 0.
func (c Costs) Again(tier, truth, inputTokens int) float64 {
	if tier < truth {
		return c.Request(truth, truth, inputTokens)
	}
	return 0
}
