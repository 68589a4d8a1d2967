package pipeline_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/classify/llm"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// sureOf makes up answers that are right as often as right says, with
// log-probabilities of 0.9 to 0.999 whatever they are, but where silent holds.
func sureOf(prompts []datasets.Prompt, right float64, silent func(datasets.Prompt) bool) map[string]datasets.Answer {
	tiers := []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}
	type alternative struct {
		Token   string        `json:"token"`
		Logprob float64       `json:"logprob"`
		Top     []alternative `json:"top_logprobs,omitempty"`
	}
	rng := rand.New(rand.NewPCG(21, 21))
	out := map[string]datasets.Answer{}
	for _, p := range prompts {
		said := slices.Index(tiers, p.Tier)
		if rng.Float64() >= right {
			said = (said + 1 + rng.IntN(3)) % 4
		}
		sure := 1 - math.Pow(10, -1-2*rng.Float64())
		token := alternative{Token: tiers[said], Logprob: math.Log(sure)}
		for k, name := range tiers {
			at := alternative{Token: name, Logprob: math.Log((1 - sure) / 3)}
			if k == said {
				at.Logprob = token.Logprob
			}
			token.Top = append(token.Top, at)
		}
		text, err := json.Marshal([]alternative{token})
		if err != nil {
			panic(err)
		}
		a := datasets.Answer{Text: tiers[said], Logprobs: string(text)}
		if silent != nil && silent(p) {
			a.Logprobs = ""
		}
		out[p.ID] = a
	}
	return out
}

// quickly executes with few resamples.
func quickly(t *testing.T, change func(*pipeline.Config, *input)) (*pipeline.Run, error) {
	t.Helper()
	return execute(t, func(c *pipeline.Config, in *input) {
		c.Bootstrap.Replicates = 100
		change(c, in)
	})
}

func predictions(t *testing.T, run *pipeline.Run, name string) *eval.Predictions {
	t.Helper()
	i := slices.IndexFunc(run.Predictions, func(p *eval.Predictions) bool { return p.Classifier == name })
	if i < 0 {
		t.Fatalf("no predictions of %s", name)
	}
	return run.Predictions[i]
}

// A model that is right three times in four and always nearly certain is
// put right on tune, recorded or live, and so are the hybrids behind it.
func TestLLMTemperature(t *testing.T) {
	var answers map[string]datasets.Answer
	recorded, err := quickly(t, func(_ *pipeline.Config, in *input) {
		answers = sureOf(in.Prompts, 0.75, nil)
		in.Answers = answers
	})
	if err != nil {
		t.Fatal(err)
	}
	tune := map[string]bool{}
	for _, it := range recorded.Items {
		if it.Split == datasets.Tune {
			tune[it.Group] = true
		}
	}
	note := recorded.LLM
	if note.Logprobs != 1200 || note.TunedOn != len(tune) || note.InverseTemperature == nil || !(*note.InverseTemperature > 0.05 && *note.InverseTemperature < 0.9) {
		t.Fatalf("%+v, want a β well below 1 fitted on %d prompts", note, len(tune))
	}
	model := predictions(t, recorded, pipeline.LLMName)
	n, claimed, stated, right := 0.0, 0.0, 0.0, 0.0
	for i, it := range recorded.Items {
		if d := model.Final.At(i); it.Split == datasets.Test {
			n++
			claimed += *d.Confidence
			stated += d.Scores[d.Tier]
			if d.Tier == it.Tier {
				right++
			}
		}
	}
	if math.Abs(claimed-right)/n > 0.06 || (stated-right)/n < 0.15 {
		t.Errorf("right %v, confidence %v, as the model stated it %v", right/n, claimed/n, stated/n)
	}
	for _, name := range []string{pipeline.RuleLLM, pipeline.ThreeStage} {
		hybrid := predictions(t, recorded, name)
		for i, d := range hybrid.Final.All() {
			var want eval.Decision // the rule's: no probabilities
			switch d.Stage {
			case pipeline.LLMName:
				want = model.Final.At(i)
			case pipeline.EmbeddingName:
				want = predictions(t, recorded, pipeline.EmbeddingName).Final.At(i)
			}
			if diff := cmp.Diff([]any{want.Probabilities, want.Confidence}, []any{d.Probabilities, d.Confidence}); diff != "" {
				t.Fatalf("%s, %s (-stage +hybrid):\n%s", name, recorded.Items[i].ID, diff)
			}
		}
	}

	live, err := quickly(t, func(c *pipeline.Config, in *input) {
		c.Classifiers.LLM.Repeats = 2
		in.Answers, in.AnswersName = nil, ""
		in.LiveLLM = &pipeline.LiveLLM{Name: "live", Ask: func(int) llm.Source { return llm.Recorded(answers) }}
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(listOf(model.Final), listOf(predictions(t, live, pipeline.LLMName).Final)); diff != "" {
		t.Errorf("live (-recorded +live):\n%s", diff)
	}
	if n := live.LLM; n.Logprobs != 1200 || n.TunedOn != note.TunedOn || *n.InverseTemperature != *note.InverseTemperature || n.Steady == nil || n.Steady.Same != 1200 {
		t.Errorf("live %+v, recorded %+v", n, note)
	}
}

// Labels of test prompts reach no temperature.
func TestLLMTemperatureIsBlindToTest(t *testing.T) {
	test := map[string]bool{}
	first, err := quickly(t, func(_ *pipeline.Config, in *input) { in.Answers = sureOf(in.Prompts, 0.75, nil) })
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range first.Items {
		test[it.ID] = it.Split == datasets.Test
	}
	again, err := quickly(t, func(_ *pipeline.Config, in *input) {
		in.Answers = sureOf(in.Prompts, 0.75, nil)
		var at []int
		for i, p := range in.Prompts {
			if test[p.ID] {
				at = append(at, i)
			}
		}
		labels := make([]string, len(at))
		for j := range at {
			labels[j] = in.Prompts[at[(j+1)%len(at)]].Tier
		}
		for j, i := range at {
			in.Prompts[i].Tier = labels[j]
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if first.Result.N != again.Result.N || first.Result.Classifiers[0].Accuracy == again.Result.Classifiers[0].Accuracy {
		t.Fatal("the labels of test were not permuted")
	}
	if *first.LLM.InverseTemperature != *again.LLM.InverseTemperature || *first.Artifact.Manifest().InverseTemperature != *again.Artifact.Manifest().InverseTemperature {
		t.Errorf("β %v and %v", *first.LLM.InverseTemperature, *again.LLM.InverseTemperature)
	}
	if diff := cmp.Diff(listOf(predictions(t, first, pipeline.LLMName).Final), listOf(predictions(t, again, pipeline.LLMName).Final)); diff != "" {
		t.Errorf("other labels of test (-before +after):\n%s", diff)
	}
}

func TestLLMTemperatureWarns(t *testing.T) {
	plain, err := quickly(t, func(*pipeline.Config, *input) {})
	if err != nil {
		t.Fatal(err)
	}
	split := map[string]datasets.Split{}
	for _, it := range plain.Items {
		split[it.ID] = it.Split
	}
	if n := plain.LLM; n.Logprobs != 0 || n.TunedOn != 0 || n.InverseTemperature != nil || slices.ContainsFunc(plain.Warnings, func(w string) bool { return strings.Contains(w, "log-prob") }) {
		t.Errorf("without log-probabilities: %+v, warnings %q", n, plain.Warnings)
	}
	for name, c := range map[string]struct {
		right      float64
		silent     func(datasets.Prompt) bool
		want       string
		beta       *float64
		confidence func(raw float64) float64
	}{
		"always right": {1, nil, "separate the tiers perfectly", new(500.0), func(float64) float64 { return 1 }},
		"always wrong": {0, nil, "say nothing about the tier", new(0.0), func(float64) float64 { return 0.25 }},
		"none in tune": {0.75, func(p datasets.Prompt) bool { return split[p.ID] == datasets.Tune }, "as the model stated them", nil, func(raw float64) float64 { return raw }},
	} {
		run, err := quickly(t, func(_ *pipeline.Config, in *input) { in.Answers = sureOf(in.Prompts, c.right, c.silent) })
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(run.Warnings, func(w string) bool { return strings.Contains(w, c.want) }) {
			t.Errorf("%s: warnings %q, want %q", name, run.Warnings, c.want)
		}
		if diff := cmp.Diff(c.beta, run.LLM.InverseTemperature); diff != "" {
			t.Errorf("%s, β: %s", name, diff)
		}
		for i, d := range predictions(t, run, pipeline.LLMName).Final.All() {
			if d.Confidence == nil {
				if c.silent == nil || split[run.Items[i].ID] != datasets.Tune {
					t.Fatalf("%s: %s has no confidence", name, run.Items[i].ID)
				}
				continue
			}
			if want := c.confidence(d.Scores[d.Tier]); math.Abs(*d.Confidence-want) > 1e-12 {
				t.Fatalf("%s: confidence %v, want %v", name, *d.Confidence, want)
			}
		}
	}
}
