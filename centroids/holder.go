package centroids

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
)

// A Holder is what a router classifies with while artifacts come and go: one
// artifact and its embedder at a time, replaced together or not at all. It is
// safe for concurrent use; requests under way end with the pair they began with.
type Holder struct {
	embedderOf func(Identity) (Embedder, error)
	current    atomic.Pointer[held]
}

type held struct {
	artifact *Artifact
	embedder Embedder
}

// NewHolder loads the artifact at path, makes its embedder with embedderOf, and
// verifies it: see [Load] and [Artifact.Verify] for the errors.
func NewHolder(ctx context.Context, path string, embedderOf func(Identity) (Embedder, error)) (*Holder, error) {
	h := &Holder{embedderOf: embedderOf}
	return h, h.Reload(ctx, path)
}

// Reload replaces the artifact by the one at path. If that cannot be loaded, has
// other tiers, or its embedder fails verification, the error says why and the
// old one goes on serving.
func (h *Holder) Reload(ctx context.Context, path string) error {
	a, err := Load(path)
	if err != nil {
		return err
	}
	if old := h.current.Load(); old != nil && !slices.Equal(a.Tiers().Names(), old.artifact.Tiers().Names()) {
		return fmt.Errorf("%w: %s has %v, the artifact in service %v: start the router anew for other tiers", ErrTiers, path, a.Tiers().Names(), old.artifact.Tiers().Names())
	}
	e, err := h.embedderOf(a.Manifest().Embedder)
	if err != nil {
		return err
	}
	if err := a.Verify(ctx, e); err != nil {
		return err
	}
	h.current.Store(&held{a, e})
	return nil
}

// Artifact returns the artifact in service; nil where none was ever loaded.
func (h *Holder) Artifact() *Artifact {
	if c := h.current.Load(); c != nil {
		return c.artifact
	}
	return nil
}

// Classify decides on texts with the artifact in service: see
// [Artifact.Classify]. It fails where none was ever loaded.
func (h *Holder) Classify(ctx context.Context, texts []string) ([]Decision, error) {
	c := h.current.Load()
	if c == nil {
		return nil, fmt.Errorf("centroids: no artifact is loaded")
	}
	return c.artifact.Classify(ctx, c.embedder, texts)
}
