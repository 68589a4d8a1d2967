// Package reports writes a run as files: a Markdown report with SVG plots,
// Parquet tables, canonical JSON, and the artifact.
//
// [Write] does it. Every file but run.json is a function of the run
// alone, so the same inputs give the same bytes; what varies, such as wall
// times, goes into run.json. Texts from outside are escaped.
//
// [WriteLog] does the same for the summary of a router's request log, and
// [WriteGate] and its kin for a check.
package reports
