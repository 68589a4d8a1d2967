package centroids_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
)

// toyLookup knows the given texts only.
type toyLookup struct {
	toyEmbedder
	texts []string
}

func (e toyLookup) Knows(text string) bool { return slices.Contains(e.texts, text) }

func (e toyLookup) Embed(ctx context.Context, dst []float32, texts []string) error {
	for _, text := range texts {
		if !e.Knows(text) {
			return fmt.Errorf("unknown text %q", text)
		}
	}
	return e.toyEmbedder.Embed(ctx, dst, texts)
}

// toyVectors are four unit vectors.
func toyVectors(t *testing.T, e centroids.Embedder, texts ...string) [][]float32 {
	t.Helper()
	dims := e.Identity().Dims
	flat := make([]float32, len(texts)*dims)
	if err := e.Embed(context.Background(), flat, texts); err != nil {
		t.Fatal(err)
	}
	return slices.Collect(slices.Chunk(flat, dims))
}

// A lookup's canaries are the fitted texts of smallest SHA-256, whatever their
// order; blank, long and broken ones, and those it does not know, are none.
func TestCanariesOfALookup(t *testing.T) {
	known := []string{strings.Repeat("x", 1<<16), strings.Repeat("x", 1<<16+1), "", " \n", "a\xffb"}
	for i := range 20 {
		known = append(known, fmt.Sprint("text ", i))
	}
	e := toyLookup{toyEmbedder{dims: 16}, known}
	vectors := toyVectors(t, e, known[5:9]...)
	want := append(slices.Clone(known[:1]), known[5:]...)
	slices.SortFunc(want, func(a, b string) int {
		return strings.Compare(fmt.Sprintf("%x", sha256.Sum256([]byte(a))), fmt.Sprintf("%x", sha256.Sum256([]byte(b))))
	})
	each := func(texts []string) func(func(string)) error {
		return func(visit func(string)) error {
			for _, text := range texts {
				visit(text)
			}
			return nil
		}
	}
	fitted := append(slices.Repeat(known, 2), "unknown")
	for range 2 {
		canaries, err := centroids.MakeCanaries(context.Background(), e, vectors, each(fitted))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range canaries {
			got = append(got, c.Text)
			if c.Text == known[5] && c.Scores[0] < 0.999 {
				t.Errorf("score of a text to its own vector is %g", c.Scores[0])
			}
		}
		if diff := cmp.Diff(want[:8], got); diff != "" {
			t.Error(diff)
		}
		slices.Reverse(fitted)
	}
	if few, err := centroids.MakeCanaries(context.Background(), e, vectors, each(known[:7])); err != nil || len(few) != 3 {
		t.Errorf("%d canaries (%v), expected the 3 texts that can be one", len(few), err)
	}
	if _, err := centroids.MakeCanaries(context.Background(), e, vectors, each(known[1:5])); !errors.Is(err, centroids.ErrManifest) {
		t.Errorf("no text can be a canary: %v, expected ErrManifest", err)
	}
	lost := errors.New("lost")
	if _, err := centroids.MakeCanaries(context.Background(), e, vectors, func(func(string)) error { return lost }); !errors.Is(err, lost) {
		t.Errorf("texts that cannot be read: %v", err)
	}
}

func TestVerifyKnown(t *testing.T) {
	ctx := context.Background()
	a := toyArtifact(t, toyEmbedder{dims: 16})
	texts := []string{"other"}
	for _, c := range a.Manifest().Canaries[:3] {
		texts = append(texts, c.Text)
	}
	e := toyLookup{toyEmbedder{dims: 16}, texts}
	if err := a.Verify(ctx, e); err == nil {
		t.Error("Verify passes though the embedder knows three of eight canaries")
	}
	if n, err := a.VerifyKnown(ctx, e); n != 3 || err != nil {
		t.Errorf("verified %d, %v, expected 3", n, err)
	}
	if n, err := a.VerifyKnown(ctx, toyLookup{toyEmbedder{dims: 16}, nil}); n != 0 || err != nil {
		t.Errorf("verified %d, %v, expected none and no error", n, err)
	}
	if _, err := a.VerifyKnown(ctx, toyLookup{toyEmbedder{dims: 16, prefix: "query: "}, texts}); !errors.Is(err, centroids.ErrCanary) {
		t.Errorf("changed embedder: %v, expected ErrCanary", err)
	}
	if _, err := a.VerifyKnown(ctx, toyLookup{toyEmbedder{dims: 17}, nil}); !errors.Is(err, centroids.ErrEmbedder) {
		t.Errorf("other embedder: %v, expected ErrEmbedder", err)
	}
}

func TestIdentityValid(t *testing.T) {
	good := toyEmbedder{dims: 16}.Identity()
	if err := good.Valid(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*centroids.Identity){
		"no kind":  func(id *centroids.Identity) { id.Kind = "" },
		"no model": func(id *centroids.Identity) { id.Model = "" },
		"no dims":  func(id *centroids.Identity) { id.Dims = 0 },
		"dims":     func(id *centroids.Identity) { id.Dims = 1<<16 + 1 },
		"escape":   func(id *centroids.Identity) { id.Model = "\x1b[31m" },
		"digest":   func(id *centroids.Identity) { id.Digest = "a\nb" },
	} {
		id := good
		if change(&id); id.Valid() == nil {
			t.Errorf("%s: expected an error", name)
		}
	}
}
