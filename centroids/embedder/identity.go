package embedder

import (
	"errors"
	"fmt"

	"github.com/routeproof/routeproof/centroids"
)

// ErrNotAlone is the error of [FromIdentity] where an identity alone does not
// make its embedder.
var ErrNotAlone = errors.New("the artifact alone does not make its embedder")

// FromIdentity returns the embedder with the given identity. Only embedders
// that are wholly defined by their identity can be had that way; for others
// the error is [ErrNotAlone] and says what is missing.
func FromIdentity(id centroids.Identity) (centroids.Embedder, error) {
	if base, ok := WithoutStructure(id); ok {
		first, err := FromIdentity(base)
		if err != nil {
			return nil, err
		}
		return WithStructure(first), nil
	}
	switch id.Kind {
	case KindHashing:
	case KindStructural:
		e := NewStructural()
		if err := id.Check(e.Identity()); err != nil {
			return nil, err
		}
		return e, nil
	case KindStatic:
		return nil, fmt.Errorf("%w: kind %q needs its file of word vectors, %d dims, whose decompressed bytes have the SHA-256 %q: give it with --word-vectors, in Go with NewStatic",
			ErrNotAlone, id.Kind, id.Dims, id.Digest)
	case "openai": // package remote, which cannot be imported here
		return nil, fmt.Errorf("%w: kind %q, model %q, %d dims: its model is asked over an endpoint: add --live, in Go take remote.ConfigOf and remote.New",
			ErrNotAlone, id.Kind, id.Model, id.Dims)
	default:
		return nil, fmt.Errorf("%w: kind %q, model %q, %d dims: such vectors are made elsewhere: give those of the prompts with --vectors, in Go with NewRecorded",
			ErrNotAlone, id.Kind, id.Model, id.Dims)
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

// IsOwn tells whether this package makes vectors of an identity, and whether it
// needs a file of word vectors for that.
func IsOwn(id centroids.Identity) (own, words bool) {
	if base, joined := WithoutStructure(id); joined {
		id = base
	}
	words = id.Kind == KindStatic
	return words || id.Kind == KindHashing || id.Kind == KindStructural, words
}
