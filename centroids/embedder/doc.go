// Package embedder holds the embedders that need no network.
//
// [Hashing] turns any text into a signed, hashed bag of n-grams: no model, no
// download, the same vector in every language that follows its definition.
// [FromIdentity] gives back the embedder that an artifact names. Package
// embeddertest holds the tests that every embedder passes.
package embedder
