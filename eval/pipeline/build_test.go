package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// artifactBytes are those of the file that an artifact is saved as.
func artifactBytes(t *testing.T, a *centroids.Artifact) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a"+centroids.Extension)
	if err := a.Save(path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What Build alone finds is what the whole job finds, where the first prompt of a
// group has no vector too; and nothing is kept of the decisions.
func TestBuildIsPartOfTheJob(t *testing.T) {
	change := func(c *pipeline.Config, in *input) {
		c.Classifiers.Embedding.Structure, c.Classifiers.Embedding.Scorer = "none", "centroid"
		for i := range 40 {
			group := fmt.Sprint("g", i)
			in.Prompts = append(in.Prompts,
				datasets.Prompt{ID: fmt.Sprint(" blank ", i), Group: group, Tier: "SIMPLE", Text: " "},
				datasets.Prompt{ID: fmt.Sprint("unlabelled ", i), Text: fmt.Sprintf("nobody said where %x is to go", i*i)},
				datasets.Prompt{ID: fmt.Sprint("worded ", i), Group: group, Tier: "COMPLEX", Text: fmt.Sprintf("the case %x of those that are told apart", i*i)})
		}
	}
	whole, err := execute(t, change)
	if err != nil {
		t.Fatal(err)
	}
	config, in := pipeline.DefaultConfig(), builtinSet(t)
	change(&config, &in)
	built, err := pipeline.Build(context.Background(), config, in.ready(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(artifactBytes(t, built.Artifact), artifactBytes(t, whole.Artifact)) {
		t.Errorf("different artifacts: %s", cmp.Diff(whole.Artifact.Manifest(), built.Artifact.Manifest()))
	}
	if built.Predictions != nil || built.Result != nil || built.Embedder != whole.Embedder || built.Embedder.Empty != 40 {
		t.Errorf("predictions %v, result %v, embedder %+v", built.Predictions, built.Result, built.Embedder)
	}
	for _, s := range whole.Result.Classifiers {
		if m := built.Artifact.Manifest().Measured; s.Name == pipeline.EmbeddingName && (*m.ECE != float64(s.Calibration.ECE) || m.Interval[1] != float64(s.Accuracy.High) || m.MacroF1 != float64(s.MacroF1.Value)) {
			t.Errorf("measured %+v, the benchmark found %+v", m, s)
		}
	}
}

func TestBuildWithoutTestPrompts(t *testing.T) {
	in := input{Input: pipeline.Input{Name: "set"}}
	for i, tier := range pipeline.DefaultConfig().TierNames() {
		for k, split := range []string{"train", "tune", "calibrate"} {
			in.Prompts = append(in.Prompts, datasets.Prompt{ID: fmt.Sprint(i, k), Text: fmt.Sprintf("%s number %d", tier, k), Tier: tier, Split: split})
		}
		in.Prompts = append(in.Prompts, datasets.Prompt{ID: fmt.Sprint(i), Text: fmt.Sprint("unlabelled ", i), Split: "test"})
	}
	_, err := pipeline.Build(context.Background(), pipeline.DefaultConfig(), in.ready(t), nil)
	var content *datasets.ContentError
	if !errors.As(err, &content) || content.First[0].Reason != eval.ErrNoTest.Error() {
		t.Errorf("%v, expected that there is no test prompt", err)
	}
}

// A prompt that cannot be read back ends the work.
func TestPromptsGivenUp(t *testing.T) {
	in := builtinSet(t)
	given := in.ready(t)
	if err := given.Prompts.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := pipeline.Build(context.Background(), pipeline.DefaultConfig(), given, nil); err == nil || !strings.Contains(err.Error(), "given up") {
		t.Errorf("%v, expected that the prompts cannot be read back", err)
	}
}
