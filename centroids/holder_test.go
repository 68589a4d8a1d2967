package centroids_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

func saved(t *testing.T, a *centroids.Artifact) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.safetensors")
	if err := a.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// Whatever is wrong with the new artifact, the old one goes on serving.
func TestHolderKeepsServing(t *testing.T) {
	e := toyEmbedder{dims: 16}
	first := toyArtifact(t, e)
	h, err := centroids.NewHolder(t.Context(), saved(t, first), func(centroids.Identity) (centroids.Embedder, error) { return e, nil })
	if err != nil {
		t.Fatal(err)
	}
	tampered := saved(t, toyArtifact(t, e))
	raw, err := os.ReadFile(tampered)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	if err := os.WriteFile(tampered, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	swapped := toyArtifact(t, toyEmbedder{dims: 16, prefix: "query: "})
	pooled := toyArtifact(t, toyEmbedder{dims: 16, half: true})
	other := toyArtifact(t, toyEmbedder{dims: 8})
	m := first.Manifest()
	names := []string{"T1", "T2", "T3", "T4"}
	tiers, err := centroids.NewTiers(names...)
	if err != nil {
		t.Fatal(err)
	}
	m.Tiers, m.Fallback, m.Thresholds = names, names[1], centroids.AcceptAll(tiers)
	m.Measured, m.Drift = nil, nil
	m.Dataset.Counts = nil
	vectors := [][]float32{first.Vector(0), first.Vector(1), first.Vector(2), first.Vector(3)}
	renamed, err := centroids.New(m, vectors)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		want error
	}{
		"absent":               {filepath.Join(t.TempDir(), "none"), os.ErrNotExist},
		"tampered":             {tampered, centroids.ErrChecksum},
		"another prefix":       {saved(t, swapped), centroids.ErrCanary},
		"another pooling":      {saved(t, pooled), centroids.ErrCanary},
		"another embedder":     {saved(t, other), centroids.ErrEmbedder},
		"tiers of other names": {saved(t, renamed), centroids.ErrTiers},
	} {
		if err := h.Reload(t.Context(), c.path); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if got := h.Artifact().Manifest().SHA256; got != first.Manifest().SHA256 {
			t.Errorf("%s: the old artifact does not serve", name)
		}
		if d, err := h.Classify(t.Context(), []string{"text"}); err != nil || len(d) != 1 {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
	again, err := first.WithManifest(func() centroids.Manifest { m := first.Manifest(); m.Margin = 0.25; return m }())
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Reload(t.Context(), saved(t, again)); err != nil || h.Artifact().Manifest().Margin != 0.25 {
		t.Errorf("%v: the new artifact does not serve", err)
	}
}

func TestHolderWithoutArtifact(t *testing.T) {
	h, err := centroids.NewHolder(t.Context(), "none", nil)
	if !errors.Is(err, os.ErrNotExist) || h.Artifact() != nil {
		t.Errorf("%v, %v", h.Artifact(), err)
	}
	if _, err := h.Classify(t.Context(), []string{"x"}); err == nil {
		t.Error("classified without an artifact")
	}
}

// Requests during reloads are decided by one artifact or the other.
func TestHolderConcurrently(t *testing.T) {
	e := toyEmbedder{dims: 16}
	paths := []string{saved(t, toyArtifact(t, e)), ""}
	m := toyArtifact(t, e).Manifest()
	m.Margin = 2
	strict, err := toyArtifact(t, e).WithManifest(m)
	if err != nil {
		t.Fatal(err)
	}
	paths[1] = saved(t, strict)
	h, err := centroids.NewHolder(t.Context(), paths[0], func(centroids.Identity) (centroids.Embedder, error) { return e, nil })
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				d, err := h.Classify(t.Context(), []string{"a", "b", "c"})
				if err != nil {
					t.Error(err)
					return
				}
				if d[0].Accepted != d[1].Accepted || d[1].Accepted != d[2].Accepted {
					t.Error("a batch was decided by two artifacts")
					return
				}
			}
		})
	}
	for i := range 50 {
		if err := h.Reload(t.Context(), paths[i%2]); err != nil {
			t.Error(err)
		}
	}
	stop()
	wg.Wait()
}
