package embedder

import (
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets/builtin"
)

// A port of the embedder that lacks a lexicon is caught by the canaries of an
// artifact, whichever one it is.
func TestCanariesMissNoLexicon(t *testing.T) {
	ctx := context.Background()
	file, err := builtin.Prompts(nil)
	if err != nil {
		t.Fatal(err)
	}
	tiers, own := centroids.DefaultTiers(), NewStructural()
	b := centroids.NewBuilder(tiers, own)
	for _, p := range file.Prompts {
		k, _ := tiers.Index(p.Tier)
		if err := b.Add(ctx, []string{p.Text}, []int{k}); err != nil {
			t.Fatal(err)
		}
	}
	vectors, err := b.Centroids()
	if err != nil {
		t.Fatal(err)
	}
	canaries, err := centroids.MakeCanaries(ctx, own, vectors, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := centroids.New(centroids.Manifest{
		Tiers: tiers.Names(), Embedder: own.Identity(), Thresholds: centroids.AcceptAll(tiers), Fallback: "MEDIUM", Canaries: canaries, Tolerance: centroids.DefaultTolerance,
	}, vectors)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(ctx, own); err != nil {
		t.Fatal(err)
	}
	for _, name := range lexiconNames {
		var kept []string
		for line := range strings.Lines(structuralText) {
			if !strings.HasPrefix(line, "lexicon "+name+" ") {
				kept = append(kept, line)
			}
		}
		less, err := parseStructural(strings.Join(kept, ""))
		if err != nil {
			t.Fatal(err)
		}
		if maps.Equal(less.words, own.words) {
			t.Fatalf("the lexicon %s is still there", name)
		}
		if err := a.Verify(ctx, less); !errors.Is(err, centroids.ErrCanary) {
			t.Errorf("without the lexicon %s: %v, expected ErrCanary", name, err)
		}
	}
}
