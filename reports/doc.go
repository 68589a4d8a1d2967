// Package reports writes a run as files: a Markdown report with SVG plots,
// Parquet tables, canonical JSON, and the artifact.
//
// [Write] is the whole of it. Every file but run.json is a function of the run
// alone, so the same inputs give the same bytes; what varies, such as wall
// times, goes into run.json. Texts from outside are escaped.
package reports
