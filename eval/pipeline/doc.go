// Package pipeline is the main job: from a configuration, labelled prompts and
// recorded answers to a [Run].
//
// [Execute] reads top to bottom as the job goes: split the prompts, train each
// classifier and ask it about every prompt, derive the hybrids, evaluate on
// the test split, and complete the artifact with what was measured. It writes
// nothing; package reports does.
package pipeline
