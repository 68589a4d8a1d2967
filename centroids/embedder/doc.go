// Package embedder holds the embedders that need no network.
//
// [Hashing] turns any text into a signed, hashed bag of n-grams: no model, no
// download, the same vector in every language that follows its definition.
// [Static] is the weighted mean of the word vectors of a file in word2vec's or
// GloVe's text format. [Recorded] gives the vectors that were made elsewhere of
// certain prompts. [FromIdentity] gives back the embedder that an artifact
// names, where its identity is enough. Package embeddertest holds the tests that
// every embedder passes.
package embedder
