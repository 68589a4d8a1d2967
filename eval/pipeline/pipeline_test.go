package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/builtin"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
)

func builtinSet(t *testing.T) input {
	t.Helper()
	config := pipeline.DefaultConfig()
	var tiers []string
	for _, tier := range config.Tiers {
		tiers = append(tiers, tier.Name)
	}
	prompts, err := builtin.Prompts(tiers)
	if err != nil {
		t.Fatal(err)
	}
	answers, err := builtin.Answers()
	if err != nil {
		t.Fatal(err)
	}
	return input{pipeline.Input{Name: "built-in", Answers: answers.Answers, AnswersName: "answers"}, prompts.Prompts}
}

func execute(t *testing.T, change func(*pipeline.Config, *input)) (*pipeline.Run, error) {
	t.Helper()
	config, in := pipeline.DefaultConfig(), builtinSet(t)
	// Choosing takes longer than all the rest, and tests of its own.
	config.Classifiers.Embedding.Structure, config.Classifiers.Embedding.Scorer = "none", "centroid"
	if change != nil {
		change(&config, &in)
	}
	return pipeline.Execute(context.Background(), config, in.ready(t), nil)
}

func TestEveryClassifierRuns(t *testing.T) {
	run, err := execute(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range run.Predictions {
		got = append(got, p.Classifier)
		if p.Final.Len() != 1200 || p.OutOfFold.Len() != 1200 {
			t.Errorf("%s: %d decisions, %d out of fold, expected 1200", p.Classifier, p.Final.Len(), p.OutOfFold.Len())
		}
	}
	slices.Sort(got)
	want := []string{"embedding", "llm", "rule", "rule+embedding", "rule+embedding+llm", "rule+llm"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if run.NotRun != nil || run.LLM == nil || run.LLM.Recorded != 1200 {
		t.Errorf("not run %v, LLM %+v", run.NotRun, run.LLM)
	}
	// Split by split, what was counted is what was given.
	total := 0
	for _, tiers := range run.Data.Counts {
		for _, n := range tiers {
			total += n
		}
	}
	if total != 1200 {
		t.Errorf("splits hold %d prompts, expected 1200", total)
	}
}

func TestWithoutAnswersTheLLMIsNotRun(t *testing.T) {
	run, err := execute(t, func(_ *pipeline.Config, in *input) { in.Answers, in.AnswersName = nil, "" })
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range run.NotRun {
		got = append(got, n.Classifier)
		if !strings.Contains(n.How, "--llm-answers") {
			t.Errorf("%s: %q does not say how to run it", n.Classifier, n.How)
		}
	}
	if diff := cmp.Diff([]string{"llm", "rule+llm", "rule+embedding+llm"}, got); diff != "" {
		t.Error(diff)
	}
	if len(run.Result.Classifiers) != 3 {
		t.Errorf("%d classifiers, expected 3", len(run.Result.Classifiers))
	}
}

// The rule decides the extremes of a hybrid, and only those prompts that it
// leaves cost an LLM call.
func TestHybridPaysForWhatItAsks(t *testing.T) {
	run, err := execute(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	find := func(name string) []eval.Decision {
		i := slices.IndexFunc(run.Predictions, func(p *eval.Predictions) bool { return p.Classifier == name })
		return listOf(run.Predictions[i].Final)
	}
	rule, model, hybrid := find("rule"), find("llm"), find("rule+llm")
	byRule := 0
	for i := range hybrid {
		if strings.HasSuffix(rule[i].Stage, "pattern") {
			byRule++
			if hybrid[i].Tier != rule[i].Tier || hybrid[i].CostUSD.Value != 0 || hybrid[i].Stage != "rule" {
				t.Errorf("%s: %+v, expected the rule's free decision", run.Items[i].ID, hybrid[i])
			}
		} else if hybrid[i].Tier != model[i].Tier || hybrid[i].CostUSD != model[i].CostUSD {
			t.Errorf("%s: %+v, expected the LLM's decision and cost", run.Items[i].ID, hybrid[i])
		}
	}
	if byRule == 0 || byRule == len(hybrid) {
		t.Errorf("the rule decided %d of %d prompts", byRule, len(hybrid))
	}
}

// Answers to prompts that are not there are told, but not those of prompts
// without a label.
func TestStrayAnswers(t *testing.T) {
	for _, strangers := range []int{0, 2} {
		run, err := execute(t, func(_ *pipeline.Config, in *input) {
			in.Answers = maps.Clone(in.Answers)
			for i := range strangers {
				in.Answers[fmt.Sprint("stranger ", i)] = datasets.Answer{Text: "SIMPLE"}
			}
			in.Prompts[0].Tier = ""
		})
		if err != nil {
			t.Fatal(err)
		}
		if told := slices.Contains(run.Warnings, "LLM answers that belong to no prompt: 2 of 1202"); told != (strangers == 2) || run.LLM.Unused != strangers+1 {
			t.Errorf("%d strangers, %d unused: %q", strangers, run.LLM.Unused, run.Warnings)
		}
	}
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*pipeline.Config, *input)
		want   string
	}{
		"answers to other prompts": {func(_ *pipeline.Config, in *input) {
			in.Answers = map[string]datasets.Answer{"x": {Text: "SIMPLE"}}
		}, "none of 1 answers belongs to a labelled prompt"},
		"no labels": {func(_ *pipeline.Config, in *input) {
			for i := range in.Prompts {
				in.Prompts[i].Tier = ""
			}
		}, "none of 1200 prompts is labelled"},
		"a tier nowhere": {func(_ *pipeline.Config, in *input) {
			in.Prompts = slices.DeleteFunc(in.Prompts, func(p datasets.Prompt) bool { return p.Tier == "COMPLEX" })
		}, "no train prompt has tier COMPLEX: no prompt has it"},
		"all in train": {func(_ *pipeline.Config, in *input) {
			for i := range in.Prompts {
				in.Prompts[i].Group = "one"
			}
		}, "no"},
		"a group in two splits": {func(_ *pipeline.Config, in *input) {
			for i := range in.Prompts {
				in.Prompts[i].Split = []string{"train", "test"}[i%2]
			}
			in.Prompts[0].Group, in.Prompts[1].Group = "g", "g"
		}, "give both one split"},
	} {
		_, err := execute(t, c.change)
		var content *datasets.ContentError
		if !errors.As(err, &content) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected a ContentError with %q", name, err, c.want)
		}
	}
}

func TestArtifactOfOtherTiers(t *testing.T) {
	run, err := execute(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = execute(t, func(c *pipeline.Config, in *input) {
		in.Artifact = run.Artifact
		c.Tiers = c.Tiers[:3]
	})
	var config *pipeline.ConfigError
	if !errors.As(err, &config) || !strings.Contains(err.Error(), "the artifact has tiers") {
		t.Errorf("%v, expected a ConfigError", err)
	}
}

func TestArtifactOfImpossibleShares(t *testing.T) {
	run, err := execute(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := run.Artifact.Manifest()
	m.Dataset.Shares = [4]float64{1, 1, 1, 1}
	broken, err := run.Artifact.WithManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	_, err = execute(t, func(_ *pipeline.Config, in *input) { in.Artifact = broken })
	if !errors.Is(err, centroids.ErrManifest) {
		t.Errorf("%v, expected ErrManifest", err)
	}
}

// Prompts that would be split otherwise than when the artifact was built might
// be scored where it was fitted.
func TestArtifactOfOtherSplits(t *testing.T) {
	run, err := execute(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := run.Artifact.Manifest()
	m.Dataset.SplitSHA = strings.Repeat("0", 64)
	other, err := run.Artifact.WithManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	_, err = execute(t, func(_ *pipeline.Config, in *input) { in.Artifact = other })
	var config *pipeline.ConfigError
	if !errors.As(err, &config) || !strings.Contains(err.Error(), "build it again") {
		t.Errorf("%v, expected a ConfigError", err)
	}
}

func TestTextsWithoutVectorGoToTheFallback(t *testing.T) {
	run, err := execute(t, func(c *pipeline.Config, in *input) {
		c.Fallback = "COMPLEX"
		for i := range 40 {
			in.Prompts = append(in.Prompts, datasets.Prompt{ID: fmt.Sprint("blank", i), Group: fmt.Sprint(i), Tier: "SIMPLE", Text: strings.Repeat(" ", i)})
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	i := slices.IndexFunc(run.Predictions, func(p *eval.Predictions) bool { return p.Classifier == "embedding" })
	for j, it := range run.Items {
		if strings.HasPrefix(it.ID, "blank") {
			seen++
			if d := run.Predictions[i].Final.At(j); run.Tiers.Name(d.Tier) != "COMPLEX" || d.Confidence != nil {
				t.Errorf("%s: %+v, expected the fallback tier without a probability", it.ID, d)
			}
		}
	}
	if seen != 40 {
		t.Errorf("%d blank prompts, expected 40", seen)
	}
	if got := run.Artifact.Manifest().Fallback; got != "COMPLEX" {
		t.Errorf("artifact falls back to %s", got)
	}
}

func TestStepsAreObserved(t *testing.T) {
	var steps []string
	in := builtinSet(t)
	_, err := pipeline.Execute(context.Background(), pipeline.DefaultConfig(), in.ready(t), func(step string, done, total int) {
		if done != len(steps) || total != 8 {
			t.Errorf("step %s is %d of %d, expected %d of 8", step, done, total, len(steps))
		}
		steps = append(steps, step)
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"prepare", "rule", "embedding", "llm", "hybrids", "benchmark", "policies", "artifact", "done"}, steps); diff != "" {
		t.Error(diff)
	}
}
