// Package datasets reads, checks and splits the files that the harness works
// on: labelled prompts and recorded answers of LLM classifiers.
//
// Data flows one way. [Open] undoes compression; [ReadPrompts] and
// [ReadAnswers] parse and check every row, and hand back either all rows or a
// [ContentError] that counts all bad ones; [AssignSplits] puts each group of
// prompts into train, tune, calibrate or test by a hash; [ContentHash] and its
// sisters name what was read, whatever the order of its rows.
package datasets
