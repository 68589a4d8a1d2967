// Package importer turns other projects' recorded answers into outcomes.
//
// A [Format] is a layout in which a project publishes them. [Import] reads
// files of one format row by row and hands out each [datasets.Outcome] as soon
// as its row is checked; the caller writes them with [datasets.Outcomes]. What
// a file does not say stays unknown, and what is left out is counted. The
// layouts, and what becomes of their columns, are in docs/importing.md.
package importer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/wording"
)

// A Format is a layout of files that can be imported.
type Format struct {
	Name    string
	Summary string   // what such files are, in one line
	Files   string   // which files to give
	Columns string   // which columns they have
	Options []string // the fields of [Options] that it takes, in lower case
}

// format is a format with what reads it.
type format struct {
	Format
	// fits says why a file with such columns is not of the format; empty where
	// it is.
	fits func(names []string) string
	read func(j *job, paths []string) error
}

func formats() []format {
	return []format{mmluFormat(), gsm8kFormat(), mtBenchFormat(), routerBenchFormat(), wideFormat()}
}

// Formats returns all formats, in the order in which they are documented.
func Formats() []Format {
	var list []Format
	for _, f := range formats() {
		list = append(list, f.Format)
	}
	return list
}

// Options are what some formats need beside the files. A format that does not
// take an option refuses it.
type Options struct {
	Contaminated string   // file of prompts to drop (JSON Lines with eval_prompt)
	Questions    string   // file of MT-bench's questions
	Models       []string // columns that are models
}

// given names the options that are set.
func (o Options) given() []string {
	var names []string
	if o.Contaminated != "" {
		names = append(names, "contaminated")
	}
	if o.Questions != "" {
		names = append(names, "questions")
	}
	if len(o.Models) > 0 {
		names = append(names, "models")
	}
	return names
}

// A Report says what an import gave and what it left out.
type Report struct {
	Rows     int      // outcomes
	Prompts  int      // that have any
	Models   []string // in order of appearance
	Dropped  []Drop   // what became no outcome
	Warnings []string // what a reader of the outcomes should know
}

// A Drop is something that was left out on purpose.
type Drop struct {
	Count int
	What  string // of what, and why, in words that follow the count
}

// A UsageError says that an import was asked for in a way that cannot be done,
// whatever is in the files.
type UsageError struct{ Reason string }

func (e *UsageError) Error() string { return e.Reason }

func usage(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

// Import reads the files at paths, in order, as the format says, and calls
// visit for every outcome; it is good until visit returns. An error of visit
// ends the import and is returned.
//
// Either every row is good, or the error is a [datasets.ContentError]; each is
// told of every problem, unless it is nil. So what was visited counts only once
// Import has returned without error. Memory does not grow with the size of
// rows, but by some 60 bytes a prompt, and with MT-bench by some 150 an answer.
func Import(name string, paths []string, o Options, each func(datasets.Problem), visit func(*datasets.Outcome) error) (Report, error) {
	f, err := find(name)
	if err != nil {
		return Report{}, err
	}
	for _, option := range o.given() {
		if !slices.Contains(f.Options, option) {
			return Report{}, usage("%s takes no %s: leave it out", f.Name, option)
		}
	}
	if len(paths) == 0 {
		return Report{}, usage("no file to import: expected %s", f.Files)
	}
	j := newJob(f, paths, o, each, visit)
	if err := f.read(j, paths); err != nil {
		return Report{}, err
	}
	return j.finish()
}

func find(name string) (format, error) {
	var known []string
	for _, f := range formats() {
		if f.Name == name {
			return f, nil
		}
		known = append(known, f.Name)
	}
	return format{}, usage("unknown format %s%s: expected one of %s", wording.Quote(name), wording.DidYouMean(name, known), strings.Join(known, ", "))
}
