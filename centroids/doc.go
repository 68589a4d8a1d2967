// Package centroids builds, stores and applies tier centroids: one unit
// vector a tier, and the rule that turns a text's cosines to them into a tier.
//
// Data flows one way. A [Builder] embeds labelled texts through an [Embedder]
// and adds their vectors into [Sums], one running sum a tier; the normalised
// sums and a [Manifest] make an [Artifact]; [Artifact.Save] writes it, [Load]
// reads it back and checks everything that can be checked without a model,
// [Artifact.Verify] re-embeds the canaries to catch a changed model, and
// [Artifact.Classify] routes.
//
// The package imports the standard library and gonum only, so that a runtime
// router can depend on it without taking the evaluation harness along.
package centroids
