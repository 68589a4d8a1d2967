// Package builtin is the labelled set that the program carries, so that the
// main job runs before there are prompts of one's own.
//
// starter.jsonl holds 208 prompts, 52 a tier, which a large language model wrote
// one by one for this project and labelled; nothing in it was taken from a
// request log. starter.llm.jsonl holds one recorded reading of them by a model
// of the same kind. README.md beside them says more. Both are CC BY 4.0.
package builtin

import (
	"bytes"
	_ "embed"

	"github.com/routeproof/routeproof/datasets"
)

//go:embed starter.jsonl
var starter []byte

//go:embed starter.llm.jsonl
var starterLLM []byte

// Names of the set and of its answers, as reports show them.
const (
	Name        = "built-in starter set"
	AnswersName = "built-in starter answers"
)

// Note is what every report on the set must say.
const Note = "These prompts are a synthetic starter set: a large language model wrote and labelled them, they are not sampled from traffic, and no one has checked the labels. " +
	"The figures show how the report works; they say nothing about your router."

// AnswersNote says how the answers came about.
const AnswersNote = "one reading by a large language model that saw the classifier prompt and the first 800 characters of each prompt, never a label. " +
	"It read them in a few long batches, not one call a prompt, and it is of the same kind as the model that wrote the set: its accuracy here is far above what to expect elsewhere"

// Raw returns the files as they are.
func Raw() (prompts, answers []byte) { return bytes.Clone(starter), bytes.Clone(starterLLM) }

// Prompts returns the set.
func Prompts(tiers []string) (*datasets.PromptFile, error) {
	return datasets.ParsePrompts(bytes.NewReader(starter), Name, tiers, nil)
}

// Answers returns the recorded readings.
func Answers() (*datasets.AnswerFile, error) {
	return datasets.ParseAnswers(bytes.NewReader(starterLLM), AnswersName, nil)
}
