// Package curve has the exact arithmetic of cost against quality: what comes of
// routing by a score at every distinct threshold, and the measures that are
// taken of it.
//
// [Order] sorts prompts by a score, once; [Order.TwoModels] goes through every
// threshold between a weak and a strong model and gives a [Curve] with its area,
// APGR and CPT; [Order.Divide] finds the hull of ordered thresholds between more
// models. [Hull] is the line that random mixes of points reach.
package curve
