// Package policy serves requests with the models of a ladder, as a router
// would: [Route] sends each to the model of the tier that a classifier names,
// [Cascade] asks the cheapest model first and climbs while [Checks] refuse its
// answer, and [Parallel] asks two models at once and takes the cheaper one's
// answer if both agree.
//
// Each policy is written once against [Backend]. [Recorded] answers from a file
// of outcomes, so what is simulated is what runs.
package policy
