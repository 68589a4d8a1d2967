package pipeline

import "github.com/routeproof/routeproof/eval/classify"

// scaleLLM fits the temperature of the probabilities that the language model
// stated, which are the last predictions, and scales them. The hybrids come
// after it, so they have the same.
func (j *job) scaleLLM() {
	last := len(j.Predictions) - 1
	scaled, t := classify.ScaleTemperature(j.Predictions[last], j.Items)
	if j.LLM.Logprobs = t.Stated; t.Stated == 0 {
		return
	}
	j.Predictions[last] = scaled
	j.LLM.TunedOn = t.N
	warn := func(what string) { j.Warnings = append(j.Warnings, what) }
	if t.N == 0 {
		warn("no tune prompt has an LLM answer with log-probabilities: its probabilities are as the model stated them")
		return
	}
	j.LLM.InverseTemperature = &t.Beta
	switch {
	case t.Uninformative:
		warn("on the tune prompts the LLM's log-probabilities say nothing about the tier: all tiers get the same probability")
	case t.Separable:
		warn("on the tune prompts the LLM's log-probabilities separate the tiers perfectly: too few prompts to fit a temperature, so it is as sure as can be of every answer")
	}
}
