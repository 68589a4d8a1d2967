// Package eval benchmarks classifiers that send requests to model tiers: how
// often they are right, what they cost, and how sure that is.
//
// Data flows one way. [Predict] trains each classifier on the train and tune
// prompts and asks it about every [Item], once for good and once out of fold;
// [Derive] makes the decisions of a hybrid out of those of its parts;
// [Evaluate] turns decisions on the test prompts into a [Result]: metrics with
// intervals, baselines, paired comparisons, slices and the worst mistakes,
// ranked by expected cost.
//
// Tiers are indices throughout, 0 being the cheapest. A prediction below the
// true tier under-routes, one above it over-routes.
package eval
