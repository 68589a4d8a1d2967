// Package classify holds the classifiers that decide without a live model:
// rules, vectors of texts, and hybrids of any classifiers.
//
// [Rule] matches patterns. [EmbeddingTrainer] fits an artifact, which scores
// vectors by tier centroids, a logistic model or the nearest examples; [Embedding]
// applies it, and [Chooser] chooses its vectors and scorer. [Hybrid] asks a cheap
// classifier first and passes on what that one is not sure of. [ScaleTemperature]
// puts the probabilities right that a language model stated.
package classify
