package pipeline_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
)

func decided(t *testing.T, run *pipeline.Run, name string) *eval.Predictions {
	t.Helper()
	i := slices.IndexFunc(run.Predictions, func(p *eval.Predictions) bool { return p.Classifier == name })
	if i < 0 {
		t.Fatalf("no classifier %s", name)
	}
	return run.Predictions[i]
}

// relabelled runs with other tiers of some prompts, by id.
func relabelled(t *testing.T, run *pipeline.Run, tiers map[string]int) *pipeline.Run {
	t.Helper()
	if len(tiers) < 20 {
		t.Fatalf("%d prompts to relabel", len(tiers))
	}
	again, err := execute(t, func(c *pipeline.Config, in *input) {
		c.Bootstrap.Replicates = 100
		for i, p := range in.Prompts {
			in.Prompts[i].AltTier = "" // could be the tier itself
			if tier, ok := tiers[p.ID]; ok {
				in.Prompts[i].Tier = run.Tiers.Name(tier)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func TestHybridMarginIsTuned(t *testing.T) {
	run, err := execute(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := run.Hybrid
	if h.Source != pipeline.MarginTuned || h.Tune < 200 || h.Test < 200 || !h.Optimism.Defined() || h.Untold != "" {
		t.Fatalf("%+v", h)
	}
	// What is said of test is what the benchmark says of the classifier.
	i := slices.IndexFunc(run.Result.Classifiers, func(s eval.Score) bool { return s.Name == pipeline.ThreeStage })
	chosen := slices.IndexFunc(h.Settings, func(s pipeline.HybridSetting) bool { return s.Chosen })
	got, want := float64(h.Settings[chosen].Test.Headline), float64(run.Result.Classifiers[i].Cost.Headline.Value)
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("headline %g, in the benchmark %g", got, want)
	}
	for _, s := range h.Settings {
		if s.Tune.Headline < h.Settings[chosen].Tune.Headline {
			t.Errorf("margin %v is cheaper on tune than the chosen %v", s.Margin, h.Margin)
		}
	}
	if !math.IsInf(float64(h.Settings[0].Margin), 1) || h.Settings[len(h.Settings)-1].Margin != 0 {
		t.Errorf("the extremes are missing: %+v", h.Settings)
	}

	tiers := map[string]int{}
	last := 0
	for _, it := range run.Items {
		if it.Split == datasets.Test {
			tiers[it.ID], last = last, it.Tier
		}
	}
	permuted := relabelled(t, run, tiers)
	if permuted.Hybrid.Margin != h.Margin || permuted.Hybrid.Tune != h.Tune {
		t.Errorf("margin %v, with test labels permuted %v", h.Margin, permuted.Hybrid.Margin)
	}
	if permuted.Hybrid.Settings[chosen].Test.Headline == h.Settings[chosen].Test.Headline {
		t.Error("the cost on test did not change: the labels were not permuted")
	}

	// Labels of a fold decide nothing of how it is predicted, though they now say
	// that the embedding is right where it is least sure.
	before, embedding := decided(t, run, pipeline.ThreeStage), decided(t, run, pipeline.EmbeddingName)
	for fold := range eval.Folds {
		tiers := map[string]int{}
		for i, it := range run.Items {
			if it.Fold == fold {
				tiers[it.ID] = embedding.OutOfFold.At(i).Tier
			}
		}
		other := relabelled(t, run, tiers)
		after := decided(t, other, pipeline.ThreeStage)
		for i, it := range run.Items {
			if it.Fold != fold {
				continue
			}
			if diff := cmp.Diff(before.OutOfFold.At(i), after.OutOfFold.At(i)); diff != "" {
				t.Fatalf("%s, with other labels of its fold: %s", it.ID, diff)
			}
		}
		if other.Hybrid.Settings[0].Tune.Headline == h.Settings[0].Tune.Headline {
			t.Errorf("fold %d: the labels of tune did not change", fold)
		}
	}
}

func TestHybridMarginConfigured(t *testing.T) {
	run, err := execute(t, func(c *pipeline.Config, _ *input) { c.Classifiers.Hybrid.EmbeddingMargin = new(0.01) })
	if err != nil {
		t.Fatal(err)
	}
	if h := run.Hybrid; h.Source != pipeline.MarginConfigured || h.Margin != 0.01 {
		t.Errorf("%+v", h)
	}
	embedding, p := decided(t, run, pipeline.EmbeddingName), decided(t, run, pipeline.ThreeStage)
	for i := range run.Items {
		for _, d := range [][2]eval.Decision{{embedding.Final.At(i), p.Final.At(i)}, {embedding.OutOfFold.At(i), p.OutOfFold.At(i)}} {
			m, ok := d[0].Margin()
			if by := d[1].Stage; by == pipeline.EmbeddingName && !(ok && m >= 0.01) || by == pipeline.LLMName && ok && m >= 0.01 {
				t.Fatalf("%s: %s decides at a margin of %g", run.Items[i].ID, by, m)
			}
		}
	}
}

// Where tune cannot tell, the embedding never decides and a warning says so.
func TestHybridMarginUntold(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*pipeline.Config, *input)
		why    string
	}{
		"the LLM's cost is unknown": {func(c *pipeline.Config, _ *input) {
			c.Classifiers.LLM.InputPerM, c.Classifiers.LLM.OutputPerM = nil, nil
		}, "what it costs to classify is known for"},
		"a tier has no price": {func(c *pipeline.Config, _ *input) {
			c.Tiers[1].InputPerM, c.Tiers[1].OutputPerM = nil, nil
		}, "tier MEDIUM has no price"},
		"nothing to tune on": {func(_ *pipeline.Config, in *input) {
			run, err := execute(t, nil)
			if err != nil {
				t.Fatal(err)
			}
			in.Artifact = run.Artifact
			for i := range in.Prompts { // none that it was fitted on
				in.Prompts[i].Text += " on the other side of the moon"
			}
		}, "there are no tune prompts"},
	} {
		run, err := execute(t, c.change)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if h := run.Hybrid; h.Source != pipeline.MarginUntold || !math.IsInf(float64(h.Margin), 1) || !strings.Contains(h.Untold, c.why) || h.Optimism.Defined() {
			t.Errorf("%s: %+v", name, h)
		}
		if said := strings.Join(run.Warnings, "\n"); !strings.Contains(said, "the embedding never decides, as tune cannot tell") || !strings.Contains(said, c.why) {
			t.Errorf("%s: warned is %s", name, said)
		}
	}
}

// A configured margin is one of the scores that it was meant for: where these are
// chosen by cross-validation it is warned of.
func TestConfiguredMarginOfChosenScores(t *testing.T) {
	margin := 0.05
	for _, auto := range []bool{true, false} {
		run, err := execute(t, func(c *pipeline.Config, in *input) {
			c.Bootstrap.Replicates, c.Classifiers.Hybrid.EmbeddingMargin = 100, &margin
			if auto {
				choosing(c, in)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Contains(strings.Join(run.Warnings, "\n"), "fix classifiers.embedding.structure and scorer with the margin")
		if said != auto {
			t.Errorf("chosen %t: warnings %q", auto, run.Warnings)
		}
	}
}
