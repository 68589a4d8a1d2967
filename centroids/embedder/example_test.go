package embedder_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
)

// A router loads an artifact at start-up, verifies its embedder, and asks.
func ExampleFromIdentity() {
	folder, err := os.MkdirTemp("", "routeproof")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "centroids.safetensors")
	if err := buildArtifact(path); err != nil { // as routeproof build would
		log.Fatal(err)
	}

	ctx := context.Background()
	artifact, err := centroids.Load(path)
	if err != nil {
		log.Fatal(err)
	}
	e, err := embedder.FromIdentity(artifact.Manifest().Embedder)
	if err != nil {
		log.Fatal(err)
	}
	if err := artifact.Verify(ctx, e); err != nil {
		log.Fatal(err)
	}
	decisions, err := artifact.Classify(ctx, e, []string{"What time is it in Lima?", "Prove that the bound is tight.", ""})
	if err != nil {
		log.Fatal(err)
	}
	for _, d := range decisions {
		fmt.Println(artifact.Tiers().Name(d.Tier), d.Accepted)
	}
	// Output:
	// SIMPLE true
	// FRONTIER true
	// MEDIUM false
}

// A router in twenty lines: it goes on serving the old artifact while a new one
// cannot be used.
func ExampleFromIdentity_router() {
	folder, err := os.MkdirTemp("", "routeproof")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "centroids.safetensors")
	if err := buildArtifact(path); err != nil { // as routeproof build would
		log.Fatal(err)
	}
	models := map[string]string{"SIMPLE": "gpt-4o-mini", "MEDIUM": "claude-haiku-3-5", "COMPLEX": "claude-sonnet-4", "FRONTIER": "claude-opus-4"}

	ctx := context.Background()
	router, err := centroids.NewHolder(ctx, path, embedder.FromIdentity) // loads and verifies
	if err != nil {
		log.Fatal(err)
	}
	route := func(text string) string {
		d, err := router.Classify(ctx, []string{text})
		if err != nil {
			return models["COMPLEX"]
		}
		return models[router.Artifact().Tiers().Name(d[0].Tier)]
	}
	fmt.Println(route("What time is it in Lima?"))
	if err := os.WriteFile(path, []byte("half an upload"), 0o600); err != nil {
		log.Fatal(err)
	}
	fmt.Println(router.Reload(ctx, path) != nil, route("Prove that the bound is tight."))
	// Output:
	// gpt-4o-mini
	// true claude-opus-4
}

func buildArtifact(path string) error {
	ctx := context.Background()
	tiers := centroids.DefaultTiers()
	e, err := embedder.NewHashing(embedder.DefaultDims)
	if err != nil {
		return err
	}
	b := centroids.NewBuilder(tiers, e)
	texts := []string{"What time is it in Tokyo?", "Summarise this e-mail.", "Refactor this function.", "Prove that the estimate is sharp."}
	if err := b.Add(ctx, texts, []int{0, 1, 2, 3}); err != nil {
		return err
	}
	vectors, err := b.Centroids()
	if err != nil {
		return err
	}
	canaries, err := centroids.MakeCanaries(ctx, e, vectors, nil)
	if err != nil {
		return err
	}
	artifact, err := centroids.New(centroids.Manifest{
		Tiers: tiers.Names(), Embedder: e.Identity(), Thresholds: centroids.AcceptAll(tiers),
		Fallback: tiers.Name(tiers.Fallback()), Canaries: canaries, Tolerance: centroids.DefaultTolerance,
	}, vectors)
	if err != nil {
		return err
	}
	return artifact.Save(path)
}
