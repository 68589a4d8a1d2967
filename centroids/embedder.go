package centroids

import (
	"context"
	"fmt"
)

// An Embedder turns texts into unit vectors. Implementations are safe for
// concurrent use and deterministic: the same text gives the same vector
// whatever batch it stands in, up to the float noise of a remote model.
//
// The package embedder holds implementations that need no network, and
// embedder/embeddertest the tests that every implementation passes.
type Embedder interface {
	// Identity says what makes the vectors. Vectors of embedders with
	// different identities must never be compared.
	Identity() Identity

	// Embed writes the vector of texts[i] to dst[i*D : (i+1)*D], D being
	// Identity().Dims; dst has length len(texts)*D. Each vector has
	// Euclidean norm 1 within 1e-4, or is all zeros where the text has no
	// vector (it is empty, or nothing of it is in the vocabulary). After an
	// error the content of dst is unspecified. Embed keeps neither dst nor
	// texts, whose arrays come back into use.
	Embed(ctx context.Context, dst []float32, texts []string) error
}

// A Lookup is an [Embedder] that knows certain texts only, such as one of
// recorded vectors; it fails on others.
type Lookup interface {
	Embedder

	// Knows tells whether Embed takes text.
	Knows(text string) bool
}

// Identity names an embedding function. Two embedders with equal identities
// give the same vectors.
type Identity struct {
	Kind          string `json:"kind"`             // family, such as "hashing" or "openai"
	Model         string `json:"model"`            // model or algorithm version within the family
	Dims          int    `json:"dims"`             // length of a vector
	Preprocessing string `json:"preprocessing"`    // everything done to the text first, in a canonical form
	Digest        string `json:"digest,omitempty"` // SHA-256 of the weights, where they are a file
}

// Valid returns an error unless id can stand in an artifact: kind and model are
// not empty, dims are 1 to 65,536, and every character can be printed.
func (id Identity) Valid() error {
	if id.Kind == "" || id.Model == "" || id.Dims < 1 || id.Dims > maxDims {
		return fmt.Errorf("expected kind, model and 1 to %d dims, found %q, %q and %d", maxDims, id.Kind, id.Model, id.Dims)
	}
	for _, s := range []string{id.Kind, id.Model, id.Preprocessing, id.Digest} {
		if !printable(s) {
			return fmt.Errorf("%q has a character that cannot be printed", s)
		}
	}
	return nil
}

// Check returns an error that names the first field in which other differs
// from id, and nil where they are equal.
func (id Identity) Check(other Identity) error {
	for _, f := range []struct{ field, want, got string }{
		{"kind", id.Kind, other.Kind},
		{"model", id.Model, other.Model},
		{"dims", fmt.Sprint(id.Dims), fmt.Sprint(other.Dims)},
		{"preprocessing", id.Preprocessing, other.Preprocessing},
		{"digest", id.Digest, other.Digest},
	} {
		if f.want != f.got {
			return fmt.Errorf("%w: %s: expected %q, found %q", ErrEmbedder, f.field, f.want, f.got)
		}
	}
	return nil
}
