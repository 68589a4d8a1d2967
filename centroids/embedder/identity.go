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
	base, joined := WithoutStructure(id)
	if !joined {
		base = id
	}
	first, err := alone(base)
	switch {
	case errors.Is(err, ErrNotAlone):
		return nil, needs(id, base, joined)
	case err != nil:
		return nil, err
	case joined:
		return WithStructure(first), nil
	}
	return first, nil
}

// alone is FromIdentity of an identity that is not joined; the error does not say
// what is missing.
func alone(id centroids.Identity) (centroids.Embedder, error) {
	var e centroids.Embedder
	switch id.Kind {
	case KindHashing:
		hashing, err := NewHashing(id.Dims)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", centroids.ErrEmbedder, err)
		}
		e = hashing
	case KindStructural:
		e = NewStructural()
	default:
		return nil, ErrNotAlone
	}
	if err := id.Check(e.Identity()); err != nil {
		return nil, err
	}
	return e, nil
}

// needs is the error that says what the embedder of an identity needs, whose
// first part is base where it is joined and the whole where it is not.
func needs(id, base centroids.Identity, joined bool) error {
	inGo := func(expression string) string {
		if joined {
			return "WithStructure(" + expression + ")"
		}
		return expression
	}
	switch base.Kind {
	case KindStatic:
		return fmt.Errorf("%w: kind %q, %d dims: it needs its file of word vectors, of %d dims, whose decompressed bytes have the SHA-256 %q: give it with --word-vectors, in Go with %s",
			ErrNotAlone, id.Kind, id.Dims, base.Dims, id.Digest, inGo("NewStatic(path)"))
	case "openai": // package remote, which cannot be imported here
		return fmt.Errorf("%w: kind %q, model %q, %d dims: its model is asked over an endpoint: add --live, in Go take remote.ConfigOf and %s",
			ErrNotAlone, id.Kind, id.Model, id.Dims, inGo("remote.New"))
	}
	return fmt.Errorf("%w: kind %q, model %q, %d dims: such vectors are made elsewhere: give those of the prompts with --vectors, in Go with %s",
		ErrNotAlone, id.Kind, id.Model, id.Dims, inGo("NewRecorded"))
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
