package pipeline_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
)

func nested(c *pipeline.Config, in *input) {
	c.Bootstrap.Replicates = 100
	in.Nested = true
}

func nestedOf(t *testing.T, run *pipeline.Run, name string) pipeline.NestedScore {
	t.Helper()
	i := slices.IndexFunc(run.Nested.Scores, func(s pipeline.NestedScore) bool { return s.Classifier == name })
	if i < 0 {
		t.Fatalf("no nested score of %s", name)
	}
	return run.Nested.Scores[i]
}

func TestNestedEvaluation(t *testing.T) {
	run, err := execute(t, nested)
	if err != nil {
		t.Fatal(err)
	}
	n := run.Nested
	if n.N != 1200 || n.Folds != 5 || len(n.Rounds) != 5 || len(n.Scores) != len(run.Result.Classifiers) {
		t.Fatalf("%+v", n)
	}
	// What has nothing to fit is decided alike in every round: its figures are
	// those over all prompts, and nothing flatters it.
	for _, name := range []string{pipeline.RuleName, pipeline.LLMName} {
		s := nestedOf(t, run, name)
		right := 0
		for i, d := range decided(t, run, name).Final.All() {
			if d.Tier == run.Items[i].Tier {
				right++
			}
		}
		if got, want := float64(s.Accuracy.Value), float64(right)/1200; math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: accuracy %g, expected %g", name, got, want)
		}
		if s.AccuracyOptimism != 0 || s.KappaOptimism != 0 || s.HeadlineOptimism != 0 {
			t.Errorf("%s: optimism %+v of a classifier that has nothing to fit", name, s)
		}
	}
	// Centroids of n-grams remember their prompts.
	if s := nestedOf(t, run, pipeline.EmbeddingName); s.AccuracyOptimism < 0.1 || s.KappaOptimism < 0.1 || s.HeadlineOptimism <= 0 {
		t.Errorf("embedding: %+v, expected it to be flattered by the prompts it came from", s)
	}
	for _, r := range n.Rounds {
		if r.Embedder != "hashing" || r.Scorer != centroids.ScorerCentroid || r.Margin == nil || !r.Temperature.Defined() {
			t.Errorf("%+v", r)
		}
	}
	plain, err := execute(t, func(c *pipeline.Config, _ *input) { c.Bootstrap.Replicates = 100 })
	if err != nil {
		t.Fatal(err)
	}
	if plain.Nested != nil || plain.Artifact.Manifest().SHA256 != run.Artifact.Manifest().SHA256 {
		t.Error("nested evaluation changes the artifact, or is made without being asked for")
	}
	if diff := cmp.Diff(plain.Result, run.Result, cmp.Comparer(sameNumber)); diff != "" {
		t.Errorf("nested evaluation changes the benchmark: %s", diff)
	}
}

func sameNumber(a, b eval.Number) bool { return a == b || !a.Defined() && !b.Defined() }

// A prompt's label decides nothing about how it is predicted: with the labels of
// one fold moved, the decisions in it stay.
func TestNestedSeesNoLabelOfTheFold(t *testing.T) {
	first, err := execute(t, nested)
	if err != nil {
		t.Fatal(err)
	}
	last := map[string]int{}
	moved := 0
	for _, it := range first.Items {
		if it.Fold == 0 {
			last[it.ID] = (it.Tier + 1) % 4
			moved++
		}
	}
	second, err := execute(t, func(c *pipeline.Config, in *input) {
		nested(c, in)
		in.Prompts = slices.Clone(in.Prompts)
		for i, p := range in.Prompts {
			in.Prompts[i].AltTier = ""
			if tier, ok := last[p.ID]; ok {
				in.Prompts[i].Tier = c.TierNames()[tier]
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.Nested.Rounds[0], second.Nested.Rounds[0]); diff != "" || moved < 100 {
		t.Errorf("labels of fold 1, %d of them, changed what is chosen without it: %s", moved, diff)
	}
	if cmp.Diff(first.Nested.Rounds[1], second.Nested.Rounds[1]) == "" {
		t.Error("they changed nothing without fold 2 either: the labels were not moved")
	}
}

func TestNestedRefusesAnArtifact(t *testing.T) {
	run, err := execute(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := execute(t, func(c *pipeline.Config, in *input) { nested(c, in); in.Artifact = run.Artifact }); err == nil {
		t.Error("nested evaluation of an artifact that is given: expected an error")
	}
}
