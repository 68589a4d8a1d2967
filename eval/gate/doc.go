// Package gate decides, with known error rates, whether classifiers got worse:
// a candidate's predictions against a baseline's, on the same prompts.
//
//  1. [NewSide] takes in the predictions of each side and refuses bad rows.
//  2. [Decide] holds the two sides against each other. What does not match makes
//     the verdict invalid: nothing is intersected or filled in.
//  3. Each gate of [Rules] becomes a [Gate]: what changed, the worst change that
//     the data leave open, and the chance of so much harm where there is none.
//  4. All those chances are adjusted together by Holm's rule, so that the chance
//     of any false "regressed" is at most α, and each gate's outcome follows.
//
// A gate passes where it is shown that nothing fell by its margin or more; that
// no fall is found is not enough. It regressed where a fall is shown; that the
// figure is lower is not enough. What is neither is inconclusive, with the number
// of prompts that would do.
//
// Prompts of a group may be copies of one another, so the evidence is counted in
// groups: each is one coin of a test, and a bound is the lower of that over
// groups and that over prompts in clusters.
//
// [Simulate] shows the error rates, beside those of gates that look at point
// estimates. [Compare] sets two sides beside each other where nothing is to be
// decided, whether they match or not.
package gate
