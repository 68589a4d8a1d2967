package embedder

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/routeproof/routeproof/centroids"
)

// Memo asks another embedder about each text once and remembers its vector:
// for embedders that cost money or time. It takes 4 bytes for each of a text's
// dims, and the text. It is safe for concurrent use.
type Memo struct {
	inner centroids.Embedder

	mu   sync.Mutex
	rows map[string][]float32
}

// NewMemo returns a memo that remembers nothing yet.
func NewMemo(inner centroids.Embedder) *Memo {
	return &Memo{inner: inner, rows: map[string][]float32{}}
}

// Identity implements [centroids.Embedder].
func (m *Memo) Identity() centroids.Identity { return m.inner.Identity() }

// Embed implements [centroids.Embedder]. All texts that are not known yet go to
// the other embedder in one call, in order. Calls wait for each other.
func (m *Memo) Embed(ctx context.Context, dst []float32, texts []string) error {
	dims := m.Identity().Dims
	if len(dst) != len(texts)*dims {
		return fmt.Errorf("memo: expected room for %d texts × %d dims, found %d", len(texts), dims, len(dst))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var unknown []string
	asked := map[string]bool{}
	for _, text := range texts {
		if _, known := m.rows[text]; !known && !asked[text] {
			asked[text] = true
			unknown = append(unknown, text)
		}
	}
	if len(unknown) > 0 {
		vectors := make([]float32, len(unknown)*dims)
		if err := m.inner.Embed(ctx, vectors, unknown); err != nil {
			return err
		}
		for i, text := range unknown {
			m.rows[text] = slices.Clip(vectors[i*dims : (i+1)*dims])
		}
	}
	for i, text := range texts {
		copy(dst[i*dims:(i+1)*dims], m.rows[text])
	}
	return ctx.Err()
}
