package centroids

import "errors"

// Why an artifact was refused. Load and Verify fail closed: each error wraps
// one of these, and says what was expected and what was found.
var (
	ErrNoDirection = errors.New("tier without a direction") // of building
	ErrFormat      = errors.New("not a routeproof artifact")
	ErrVersion     = errors.New("artifact of a newer format version")
	ErrChecksum    = errors.New("artifact checksum does not match its content")
	ErrVector      = errors.New("vector that is not of unit norm")
	ErrTiers       = errors.New("tensors do not match the artifact's tiers and scorer")
	ErrDims        = errors.New("tensor of another length than the embedder's")
	ErrManifest    = errors.New("artifact manifest is not valid")
	ErrEmbedder    = errors.New("embedder is not the artifact's")
	ErrCanary      = errors.New("embedder no longer gives the artifact's canary scores")
)
