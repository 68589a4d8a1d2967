// Package builtin is the labelled set that the program carries, so that the
// main job runs before there are prompts of one's own.
//
// prompts.jsonl holds 1,200 prompts, 300 a tier, which a large language model
// wrote one by one for this project; nothing in it was taken from a request log.
// Their labels are the majority of three readings by models of that kind, which
// readings.jsonl holds one by one. llm.jsonl holds one more, by the classifier
// prompt alone. docs/dataset.md is the data card, docs/labelling.md the guide. All
// are CC BY 4.0.
package builtin

import (
	"bytes"
	_ "embed"

	"github.com/routeproof/routeproof/datasets"
)

//go:embed prompts.jsonl
var prompts []byte

//go:embed llm.jsonl
var answers []byte

// Names of the set and of its answers, as reports show them.
const (
	Name        = "built-in set"
	AnswersName = "built-in answers"
)

// Note is what every report on the set must say.
const Note = "These prompts are synthetic: a large language model wrote them one by one, they are not sampled from traffic, their tiers are equally frequent, and their labels are the majority of three readings by models of one kind. " +
	"The figures show how the report works and how the classifiers compare on such prompts; measure your router on prompts of your own."

// AnswersNote says how the answers came about.
const AnswersNote = "one reading by a large language model that saw the classifier prompt and the first 800 characters of each prompt, never a label. " +
	"It read them in batches of 79 or fewer, not one call a prompt, and it is of the same kind as the model that wrote the set: its accuracy here is far above what to expect elsewhere"

// Raw returns the files as they are.
func Raw() (promptFile, answerFile []byte) { return bytes.Clone(prompts), bytes.Clone(answers) }

// Prompts returns the set.
func Prompts(tiers []string) (*datasets.PromptFile, error) {
	return datasets.ParsePrompts(bytes.NewReader(prompts), Name, tiers, nil)
}

// Answers returns the recorded readings.
func Answers() (*datasets.AnswerFile, error) {
	return datasets.ParseAnswers(bytes.NewReader(answers), AnswersName, nil)
}
