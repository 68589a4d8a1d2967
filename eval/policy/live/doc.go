// Package live asks the models of a ladder and records what they answer.
//
// A [Backend] serves the policies of package policy from an endpoint. [Collect]
// serves prompts through it, as many at a time as the endpoint allows, with
// every answer in the client's store before it counts. [Replay] then serves the
// same prompts once more in order, from the store alone, and gives the outcomes
// to write: so an interrupted collection and one that was not end with the same
// file. A [Judge] gives answers their quality. [Estimate] says before any of
// this what it will cost.
package live
