package pipeline_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/pipeline"
)

func choosing(c *pipeline.Config, _ *input) {
	c.Classifiers.Embedding = pipeline.DefaultConfig().Classifiers.Embedding
}

// On the built-in set structure and a logistic model are clearly better than the
// plain centroid, whose artifact has the bytes that it has by itself.
func TestChoiceOnTheBuiltinSet(t *testing.T) {
	run, err := execute(t, choosing)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range run.Choice.Candidates {
		got = append(got, c.Embedder+" "+c.Scorer)
	}
	want := []string{
		"hashing centroid", "structural centroid", "hashing+structural centroid",
		"hashing logistic, C = 3", "structural logistic, C = 3", "hashing+structural logistic, C = 3",
		"hashing 15 nearest", "structural 15 nearest", "hashing+structural 15 nearest",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	chosen, m := run.Choice.Candidates[run.Choice.Chosen], run.Artifact.Manifest()
	if m.Scorer != centroids.ScorerLogistic || m.Embedder.Kind != chosen.Embedder || run.Embedder.Identity != m.Embedder || chosen.Kappa < run.Choice.Candidates[0].Kappa+0.15 {
		t.Errorf("chosen %+v, artifact of scorer %q and embedder %+v", chosen, m.Scorer, m.Embedder)
	}
	if run.Config.Embedder.Kind != embedder.KindHashing {
		t.Errorf("the configured embedder became %q", run.Config.Embedder.Kind)
	}
	if n := run.Choice.N; n != count(run, datasets.Train)+count(run, datasets.Tune) {
		t.Errorf("chosen on %d prompts, expected those of train and tune", n)
	}
}

func count(run *pipeline.Run, split datasets.Split) (n int) {
	for _, it := range run.Items {
		if it.Split == split {
			n++
		}
	}
	return n
}

// Labels of calibrate and test choose nothing and change no tensor.
func TestChoiceSeesNoTestLabels(t *testing.T) {
	first, err := execute(t, choosing)
	if err != nil {
		t.Fatal(err)
	}
	split := map[string]datasets.Split{}
	for _, it := range first.Items {
		split[it.ID] = it.Split
	}
	second, err := execute(t, func(c *pipeline.Config, in *input) {
		choosing(c, in)
		in.Prompts = slices.Clone(in.Prompts)
		names := c.TierNames()
		for i, p := range in.Prompts {
			if s := split[p.ID]; s == datasets.Test || s == datasets.Calibrate {
				k := slices.Index(names, p.Tier)
				in.Prompts[i].Tier, in.Prompts[i].AltTier = names[(k+1)%len(names)], ""
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.Choice, second.Choice); diff != "" {
		t.Errorf("the choice changed: %s", diff)
	}
	if diff := cmp.Diff(first.Artifact.Head(), second.Artifact.Head()); diff != "" {
		t.Error("the head changed")
	}
	if a, b := first.Artifact.Manifest(), second.Artifact.Manifest(); *a.InverseTemperature != *b.InverseTemperature {
		t.Errorf("the temperature changed from %g to %g", *a.InverseTemperature, *b.InverseTemperature)
	}
}

func TestOneCandidateIsNotChosen(t *testing.T) {
	for _, c := range []struct {
		structure, scorer string
		kind, scored      string
	}{
		{"none", "centroid", "hashing", "centroid"},
		{"alone", "centroid", "structural", "centroid"},
		{"beside", "centroid", "hashing+structural", "centroid"},
		{"alone", "logistic", "structural", "logistic"},
		{"alone", "nearest", "structural", "nearest"},
	} {
		run, err := execute(t, func(config *pipeline.Config, _ *input) {
			config.Classifiers.Embedding.Structure, config.Classifiers.Embedding.Scorer = c.structure, c.scorer
		})
		if err != nil {
			t.Fatal(err)
		}
		if m := run.Artifact.Manifest(); run.Choice != nil || m.Embedder.Kind != c.kind || m.Scorer != c.scored {
			t.Errorf("%+v: embedder %s, scorer %s, choice %v", c, m.Embedder.Kind, m.Scorer, run.Choice)
		}
		// A router loads the same: the artifact's own embedder, nothing but the file.
		again, err := execute(t, func(_ *pipeline.Config, in *input) { in.Artifact = run.Artifact })
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range again.Predictions {
			if p.Classifier == pipeline.EmbeddingName {
				if diff := cmp.Diff(listOf(run.Predictions[i].Final), listOf(p.Final)); diff != "" {
					t.Errorf("%+v: decisions of the loaded artifact differ", c)
				}
			}
		}
	}
}

func TestManyPromptsHaveCentroids(t *testing.T) {
	config := pipeline.DefaultConfig()
	config.Splits = pipeline.SplitsConfig{Salt: "s", Train: 0.97, Tune: 0.01, Calibrate: 0.01, Test: 0.01}
	var prompts []datasets.Prompt
	for i := range 5300 {
		prompts = append(prompts, datasets.Prompt{ID: fmt.Sprint(i), Text: fmt.Sprintf("unlike number %d %x", i, i*i*7919), Tier: config.TierNames()[i%4], Group: fmt.Sprint(i)})
	}
	run, err := pipeline.Execute(context.Background(), config, pipeline.Input{Prompts: setOf(t, prompts), Name: "many"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(run.Choice.Candidates); n != 3 {
		t.Errorf("%d candidates, expected the three of centroids", n)
	}
	if !slices.ContainsFunc(run.Warnings, func(w string) bool { return strings.Contains(w, "classifiers.embedding") }) {
		t.Errorf("warnings %q do not say so", run.Warnings)
	}
}

func TestEmbeddingConfigRefuses(t *testing.T) {
	for key, text := range map[string]string{
		"structure":  "{structure: besides}",
		"scorer":     "{scorer: knn}",
		"logistic_c": "{logistic_c: [1, 0]}",
		"values":     "{logistic_c: []}",
		"neighbours": "{neighbours: [0]}",
	} {
		_, err := pipeline.ParseConfig([]byte("classifiers:\n  embedding: "+text+"\n"), "x.yaml")
		if err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v, expected an error that names %s", text, err, key)
		}
	}
	_, err := execute(t, func(c *pipeline.Config, in *input) {
		c.Classifiers.Embedding.Structure = "beside"
		in.Embedder = embedder.NewMemo(recorded{})
	})
	if err == nil || !strings.Contains(err.Error(), `set it to "none"`) {
		t.Errorf("structure beside vectors of an endpoint: %v", err)
	}
}

// recorded is an embedder that asks an endpoint, by its identity.
type recorded struct{ centroids.Embedder }

func (recorded) Identity() centroids.Identity {
	return centroids.Identity{Kind: "openai", Model: "m", Dims: 4}
}
