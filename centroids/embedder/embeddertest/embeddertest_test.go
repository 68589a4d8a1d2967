package embeddertest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder/embeddertest"
)

// axes is the smallest embedder that keeps the contract: a text's first byte
// picks an axis.
type axes struct{}

func (axes) Identity() centroids.Identity {
	return centroids.Identity{Kind: "axes", Model: "first byte", Dims: 256, Preprocessing: "none"}
}

func (axes) Embed(ctx context.Context, dst []float32, texts []string) error {
	if len(dst) != 256*len(texts) {
		return errors.New("axes: room of another size than the texts need")
	}
	clear(dst)
	for i, text := range texts {
		if text != "" {
			dst[i*256+int(text[0])] = 1
		}
	}
	return ctx.Err()
}

func TestRun(t *testing.T) { embeddertest.Run(t, axes{}, 0) }
