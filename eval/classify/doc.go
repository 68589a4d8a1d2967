// Package classify holds the classifiers that decide without a live model:
// rules, nearest centroid, and hybrids of any classifiers.
//
// [Rule] matches patterns. [EmbeddingTrainer] builds tier centroids and
// [Embedding] applies them. [Hybrid] asks a cheap classifier first and passes
// on what that one is not sure of. [ScaleTemperature] puts the probabilities right
// that a language model stated.
package classify
