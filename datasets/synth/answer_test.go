package synth_test

import (
	"context"
	"math"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/datasets/synth"
	"github.com/routeproof/routeproof/eval/classify/llm"
)

func generator(t *testing.T, edit func(*synth.Config)) *synth.Generator {
	t.Helper()
	c := synth.Default()
	c.Seed, c.NearDuplicates = 1, 0
	edit(&c)
	g, err := synth.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// within tells whether a share of n is within four standard errors of p.
func within(hits, n int, p float64) bool {
	return math.Abs(float64(hits)/float64(n)-p) <= 4*math.Sqrt(p*(1-p)/float64(n))
}

// TestAnswers reads answers as the classifier does.
func TestAnswers(t *testing.T) {
	g := generator(t, func(c *synth.Config) { c.Classifier.Accuracy, c.Classifier.Invalid = .7, .1 })
	tiers, err := centroids.NewTiers(g.Config().Ladder().Tiers()...)
	if err != nil {
		t.Fatal(err)
	}
	truth := g.Truth()
	const n = 10_000
	invalid := 0
	var named [4][4]int
	var of [4]int
	for i := range n {
		a := g.Answer(i)
		tier, ok := llm.ParseTier(a.Text, tiers)
		if !ok {
			invalid++
			continue
		}
		named[g.Latent(i).Tier][tier]++
		of[g.Latent(i).Tier]++
		if a.CostUSD.Value <= 0 || a.InputTokens.Value < 151 || a.InputTokens.Value > 350 || a.LatencyMS.Value <= 0 {
			t.Errorf("%+v", a)
		}
	}
	if !within(invalid, n, .1) {
		t.Errorf("%d of %d answers are invalid, expected .1", invalid, n)
	}
	for k := range named {
		for j := range named[k] {
			if !within(named[k][j], of[k], truth.Confusion[k][j]) {
				t.Errorf("tier %d is named %d %d times of %d, expected %.4f", k, j, named[k][j], of[k], truth.Confusion[k][j])
			}
		}
	}
}

// TestSignalReachesClassifiers builds centroids of hashed texts, all of the
// same length distribution, and finds that what they reach follows the limit.
func TestSignalReachesClassifiers(t *testing.T) {
	ctx := context.Background()
	e, err := embedder.NewHashing(1024)
	if err != nil {
		t.Fatal(err)
	}
	accuracy := func(signal float64) (float64, float64) {
		g := generator(t, func(c *synth.Config) {
			c.WordSignal, c.Languages = signal, c.Languages[:1]
			for k := range c.Models {
				c.Models[k].Words, c.Models[k].Share = 60, .25
			}
		})
		tiers, err := centroids.NewTiers(g.Config().Ladder().Tiers()...)
		if err != nil {
			t.Fatal(err)
		}
		const train, test = 1000, 1000
		b := centroids.NewBuilder(tiers, e)
		var texts []string
		var truth []int
		for i := range train + test {
			texts, truth = append(texts, g.Prompt(i).Text), append(truth, g.Latent(i).Tier)
		}
		if err := b.Add(ctx, texts[:train], truth[:train]); err != nil {
			t.Fatal(err)
		}
		centers, err := b.Centroids()
		if err != nil {
			t.Fatal(err)
		}
		vectors := make([]float32, test*1024)
		if err := e.Embed(ctx, vectors, texts[train:]); err != nil {
			t.Fatal(err)
		}
		right := 0
		for i := range test {
			best, most := 0, float32(-2)
			for k, c := range centers {
				var dot float32
				for d, x := range c {
					dot += x * vectors[i*1024+d]
				}
				if dot > most {
					best, most = k, dot
				}
			}
			if best == truth[train+i] {
				right++
			}
		}
		return float64(right) / test, g.Truth().WordLimit
	}
	last := 0.0
	for _, signal := range []float64{0, .6, 1} {
		got, limit := accuracy(signal)
		t.Logf("signal %g: accuracy %.3f, limit %.3f", signal, got, limit)
		if bound := 4 * math.Sqrt(.25/1000); got > limit+bound || got < limit-.1 || got < last {
			t.Errorf("signal %g: accuracy %.3f, limit %.3f", signal, got, limit)
		}
		last = got
	}
}
