package embedder_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/embeddertest"
)

// asked keeps what an embedder is asked for.
type asked struct {
	centroids.Embedder
	calls [][]string
	err   error
}

func (a *asked) Embed(ctx context.Context, dst []float32, texts []string) error {
	a.calls = append(a.calls, slices.Clone(texts))
	if a.err != nil {
		return a.err
	}
	return a.Embedder.Embed(ctx, dst, texts)
}

func TestMemoAsksOnce(t *testing.T) {
	hashing, err := embedder.NewHashing(64)
	if err != nil {
		t.Fatal(err)
	}
	inner := &asked{Embedder: hashing, err: errors.New("no")}
	m := embedder.NewMemo(inner)
	dst := make([]float32, 3*64)
	if err := m.Embed(t.Context(), dst, []string{"a", "b", "a"}); err == nil {
		t.Fatal("the error of the other embedder is lost")
	}
	inner.err, inner.calls = nil, nil
	for _, texts := range [][]string{{"one text", "b", "one text"}, {"b", "", "c d"}, {"c d", "b", "one text"}} {
		if err := m.Embed(t.Context(), dst, texts); err != nil {
			t.Fatal(err)
		}
		want := make([]float32, 3*64)
		if err := hashing.Embed(t.Context(), want, texts); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(dst, want) {
			t.Errorf("%q: vectors differ from the other embedder's", texts)
		}
	}
	if want := [][]string{{"one text", "b"}, {"", "c d"}}; !slices.EqualFunc(inner.calls, want, slices.Equal) {
		t.Errorf("asked for %q, want %q", inner.calls, want)
	}
}

func TestMemoConforms(t *testing.T) {
	embeddertest.Run(t, embedder.NewMemo(newHashing(t, 128)), 0)
}
