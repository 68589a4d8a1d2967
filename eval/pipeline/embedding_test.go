package pipeline_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// words writes word vectors of two dims.
func words(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(path, []byte("the 1 0\na 0 1\nwhat 1 1\nNew_York 1 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWordVectorsOfTheConfiguration(t *testing.T) {
	run, err := execute(t, func(c *pipeline.Config, _ *input) {
		c.Embedder = pipeline.EmbedderConfig{Kind: "static", Path: words(t)}
	})
	if err != nil {
		t.Fatal(err)
	}
	n := run.Embedder
	if n.Kind != "static" || n.Dims != 2 || n.Rows != 4 || n.Words != 3 || n.Recorded || n.Prompts != 1200 || n.Empty == 0 || n.Empty == 1200 {
		t.Errorf("embedder %+v", n)
	}
	if n.Identity != run.Artifact.Manifest().Embedder {
		t.Errorf("embedder %+v, artifact %+v", n.Identity, run.Artifact.Manifest().Embedder)
	}
	if diff := cmp.Diff(pipeline.EmbedderConfig{Kind: "static", Dims: 2}, run.Config.Embedder); diff != "" {
		t.Errorf("configuration of the run: %s", diff)
	}
	if !slices.ContainsFunc(run.Warnings, func(w string) bool { return strings.Contains(w, "of 1200 labelled prompts have no vector") }) {
		t.Errorf("warnings %q do not say that many prompts have no vector", run.Warnings)
	}
	_, err = execute(t, func(_ *pipeline.Config, in *input) { in.Artifact = run.Artifact })
	if !errors.Is(err, embedder.ErrNotAlone) {
		t.Errorf("the artifact without its word vectors: %v, expected ErrNotAlone", err)
	}
}

func TestNewEmbedder(t *testing.T) {
	path := words(t)
	if e, err := pipeline.NewEmbedder(pipeline.EmbedderConfig{Kind: "static", Path: path, Dims: 2}); err != nil || e.Identity().Dims != 2 {
		t.Errorf("right dims: %v", err)
	}
	for _, c := range []struct {
		config pipeline.EmbedderConfig
		want   string
	}{
		{pipeline.EmbedderConfig{Kind: "static", Path: path, Dims: 3}, "embedder, dims: expected 2 as in "},
		{pipeline.EmbedderConfig{Kind: "hashing"}, "embedder, dims"},
		{pipeline.EmbedderConfig{}, "embedder, kind"},
	} {
		_, err := pipeline.NewEmbedder(c.config)
		var config *pipeline.ConfigError
		if !errors.As(err, &config) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, expected a ConfigError with %q", c.config, err, c.want)
		}
	}
}

// An embedder that knows the prompts only: canaries are train prompts, and an
// artifact is verified by those of its canaries that are among the prompts.
func TestRecordedVectors(t *testing.T) {
	hashing, err := embedder.NewHashing(64)
	if err != nil {
		t.Fatal(err)
	}
	record := func(prompts []datasets.Prompt) centroids.Embedder {
		file, vector := datasets.NewVectorFile(), make([]float32, 64)
		for _, p := range prompts {
			if err := errors.Join(hashing.Embed(t.Context(), vector, []string{p.Text}), file.Add(p.ID, vector)); err != nil {
				t.Fatal(err)
			}
		}
		e, err := embedder.NewRecorded(hashing.Identity(), setOf(t, prompts), func(*datasets.Prompt) bool { return true }, file, "v", nil)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	run, err := execute(t, func(_ *pipeline.Config, in *input) { in.Embedder = record(in.Prompts) })
	if err != nil {
		t.Fatal(err)
	}
	if !run.Embedder.Recorded || run.Embedder.Empty != 0 {
		t.Errorf("embedder %+v", run.Embedder)
	}
	train := map[string]bool{}
	for _, it := range run.Items {
		if it.Split == datasets.Train {
			train[textOf(t, it.Text)] = true
		}
	}
	canaries := run.Artifact.Manifest().Canaries
	if len(canaries) != 8 {
		t.Errorf("%d canaries, expected 8", len(canaries))
	}
	for _, c := range canaries {
		if !train[c.Text] {
			t.Errorf("canary %q is no train prompt", c.Text)
		}
	}
	if err := run.Artifact.Verify(t.Context(), hashing); err != nil {
		t.Errorf("the live embedder: %v", err)
	}
	unverified := func(change func(*input)) []string {
		t.Helper()
		again, err := execute(t, func(_ *pipeline.Config, in *input) {
			in.Artifact = run.Artifact
			change(in)
			in.Embedder = record(in.Prompts)
		})
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(again.Warnings, func(w string) bool { return !strings.Contains(w, "canaries not verified") })
	}
	if w := unverified(func(*input) {}); len(w) != 0 {
		t.Errorf("the same prompts: %q", w)
	}
	w := unverified(func(in *input) {
		for i := range in.Prompts {
			in.Prompts[i].Text = "Please: " + in.Prompts[i].Text
		}
	})
	if len(w) != 1 || !strings.Contains(w[0], "8 of 8") {
		t.Errorf("other prompts: %q, expected a warning about all 8 canaries", w)
	}
}
