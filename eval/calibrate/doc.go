// Package calibrate finds settings of routers with a finite-sample guarantee:
// risk ≤ α with probability ≥ 1−δ, over the draw of the requests that certify.
//
// Settings are chosen in two steps, on two splits that share no request.
//
//  1. The tune split fixes which settings there are, their order from strict to
//     permissive, and the one to start from: that with the lowest p-value.
//  2. The split that certifies, calibrate, tests them in that order, each at δ,
//     from the start until the first that fails (Learn then Test, arXiv
//     2110.01052, with a fixed sequence). The last that passed is the result.
//
// [Acceptance], [PerTier] and [Agreement] bound how many of the accepted
// answers are wrong, [Regret] how many of all requests a cheap answer spoils,
// all three by exact binomial tests; [QualityLoss] bounds how far the mean
// quality of a router stays behind that of the dearest model, by betting. What
// cannot be certified says how many more requests would do.
//
// [LeastCost] and [SweepHybrid] promise nothing: they find what costs least on
// the requests that they are given, exactly, among all settings.
//
// [Measure] and [MeasureQuality] say what a setting comes to on a third split,
// test, and [Result.Certificate] turns a result into what an artifact holds.
//
// The guarantee is about requests drawn as those that certify were, one a
// group: of near-duplicates and other requests of one group only that of the
// least id is looked at. The order of rows never matters.
package calibrate
