package embedder

import (
	"fmt"

	"github.com/routeproof/routeproof/centroids"
)

// FromIdentity returns the embedder with the given identity. Only embedders
// that are wholly defined by their identity can be had that way; for others
// the error says what is missing.
func FromIdentity(id centroids.Identity) (centroids.Embedder, error) {
	if id.Kind == KindStatic {
		return nil, fmt.Errorf("%w: kind %q needs its file of word vectors, %d dims, whose decompressed bytes have the SHA-256 %q: read it with NewStatic, which takes its path",
			centroids.ErrEmbedder, id.Kind, id.Dims, id.Digest)
	}
	if id.Kind != KindHashing {
		return nil, fmt.Errorf("%w: kind %q: only %q can be made from an artifact alone", centroids.ErrEmbedder, id.Kind, KindHashing)
	}
	e, err := NewHashing(id.Dims)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", centroids.ErrEmbedder, err)
	}
	if err := id.Check(e.Identity()); err != nil {
		return nil, err
	}
	return e, nil
}
