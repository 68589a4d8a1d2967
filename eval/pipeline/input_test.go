package pipeline_test

import (
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// input is an input whose prompts a test may change.
type input struct {
	pipeline.Input
	Prompts []datasets.Prompt
}

func (in *input) ready(t *testing.T) pipeline.Input {
	t.Helper()
	out := in.Input
	out.Prompts = setOf(t, in.Prompts)
	return out
}

func setOf(t *testing.T, prompts []datasets.Prompt) *datasets.PromptSet {
	t.Helper()
	set, err := datasets.PromptSetOf(prompts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := set.Close(); err != nil {
			t.Error(err)
		}
	})
	return set
}

// textOf reads the text of an item.
func textOf(t *testing.T, text datasets.Text) string {
	t.Helper()
	s, err := text.Read()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
