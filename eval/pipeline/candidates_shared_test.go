package pipeline_test

import (
	"context"
	"os"
	"slices"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/builtin"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/stats"
)

// Artifacts that are built from the built-in set alone, on real prompts: how far
// what was learned there carries.
func TestSharedPromptsByCandidate(t *testing.T) {
	if raceDetector {
		t.Skip("takes minutes under the race detector")
	}
	const words = "../../../shared/data/embeddings/word2vec_googlenews_8000x300.txt.gz"
	names := []string{"tiers_public", "complexity_e1"}
	var sets [][]datasets.Prompt
	for _, name := range names {
		path := "../../../shared/data/prompts/" + name + ".jsonl.gz"
		if _, err := os.Stat(path); err != nil {
			t.Skipf("no shared data: %v", err)
		}
		file, err := datasets.ReadPrompts(path, pipeline.DefaultConfig().TierNames(), nil)
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, file.Prompts)
	}
	own, err := builtin.Prompts(nil)
	if err != nil {
		t.Fatal(err)
	}
	plain := make([]*eval.Decisions, len(sets))
	for _, c := range []struct{ words, structure, scorer string }{
		{"", "none", "centroid"}, {"", "auto", "auto"}, {"", "beside", "logistic"},
		{words, "none", "centroid"}, {words, "none", "logistic"}, {words, "auto", "auto"},
	} {
		config := pipeline.DefaultConfig()
		if c.words != "" {
			config.Embedder = pipeline.EmbedderConfig{Kind: embedder.KindStatic, Path: c.words}
		}
		config.Classifiers.Embedding.Structure, config.Classifiers.Embedding.Scorer = c.structure, c.scorer
		built, err := pipeline.Execute(context.Background(), config, pipeline.Input{Prompts: setOf(t, own.Prompts), Name: "built-in"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if x := built.Choice; x != nil {
			for i, v := range x.Candidates {
				t.Logf("%-22s %-18s kappa %.3f (standard error %.3f), accuracy %.3f, macro-F1 %.3f; chosen %t", v.Embedder, v.Scorer, v.Kappa, v.SE, v.Accuracy, v.MacroF1, i == x.Chosen)
			}
		}
		e := embedderOf(t, config, built.Artifact)
		for i, name := range names {
			run, err := pipeline.Execute(context.Background(), config, pipeline.Input{Prompts: setOf(t, sets[i]), Name: "shared", Artifact: built.Artifact, Embedder: e}, nil)
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(run.Predictions, func(p *eval.Predictions) bool { return p.Classifier == pipeline.EmbeddingName })
			decisions := run.Predictions[at].Final
			if plain[i] == nil {
				plain[i] = decisions
			}
			say(t, name, config.Embedder.Kind+" "+c.structure+" "+c.scorer, run.Items, decisions, plain[i])
		}
	}
}

// embedderOf makes an artifact's embedder, of word vectors with those of the
// configuration.
func embedderOf(t *testing.T, config pipeline.Config, a *centroids.Artifact) centroids.Embedder {
	t.Helper()
	id := a.Manifest().Embedder
	if e, err := embedder.FromIdentity(id); err == nil {
		return e
	}
	e, err := pipeline.NewEmbedder(config.Embedder)
	if err != nil {
		t.Fatal(err)
	}
	if _, joined := embedder.WithoutStructure(id); joined {
		return embedder.WithStructure(e)
	}
	return e
}

// say logs kappa, its difference from that of the plain decisions with a paired
// bootstrap interval, and what else is read first.
func say(t *testing.T, set, name string, items []eval.Item, decisions, plain *eval.Decisions) {
	t.Helper()
	matrix := func(decisions *eval.Decisions, weight func(i int) float64) eval.Confusion {
		cm := eval.NewConfusion(4)
		for i, d := range decisions.All() {
			cm[items[i].Tier][d.Tier] += weight(i)
		}
		return cm
	}
	one := func(int) float64 { return 1 }
	number := map[string]int{}
	group := make([]int, len(items))
	for i, it := range items {
		if _, known := number[it.Group]; !known {
			number[it.Group] = len(number)
		}
		group[i] = number[it.Group]
	}
	var kappas, differences []float64
	stats.Resample(len(number), 2000, 1, func(_ int, weights []float64) {
		weight := func(i int) float64 { return weights[group[i]] }
		k := matrix(decisions, weight).QuadraticKappa()
		kappas = append(kappas, k)
		differences = append(differences, k-matrix(plain, weight).QuadraticKappa())
	})
	cm := matrix(decisions, one)
	k, d := stats.Percentile(kappas, 0.95), stats.Percentile(differences, 0.95)
	t.Logf("%-14s %-24s n %d: kappa %.3f [%.3f, %.3f], less plain %+.3f [%+.3f, %+.3f]; accuracy %.3f, macro-F1 %.3f, too low %.3f, sent %v",
		set, name, len(items), cm.QuadraticKappa(), k.Low, k.High, cm.QuadraticKappa()-matrix(plain, one).QuadraticKappa(), d.Low, d.High,
		cm.Accuracy(), cm.MacroF1(), cm.UnderRouting(), []float64{cm.Predicted(0), cm.Predicted(1), cm.Predicted(2), cm.Predicted(3)})
}
