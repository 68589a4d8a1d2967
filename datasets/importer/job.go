package importer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/table"
	"github.com/routeproof/routeproof/internal/wording"
)

// A job is one import at work.
type job struct {
	format  format
	options Options
	each    func(datasets.Problem)
	visit   func(*datasets.Outcome) error
	failure datasets.ContentError // problems so far
	report  Report
	models  map[string]bool   // of the report
	first   map[[16]byte]spot // hash of what is unique → where it stands
	files   []string          // that a spot points into
	unused  map[string]bool   // columns that nobody asked for
	banned  *banned           // nil: no list
}

// A spot is a line of a file.
type spot struct{ file, line int32 }

func newJob(f format, paths []string, o Options, each func(datasets.Problem), visit func(*datasets.Outcome) error) *job {
	name := paths[0]
	if len(paths) > 1 {
		name = fmt.Sprintf("%s and %d more", name, len(paths)-1)
	}
	return &job{
		format: f, options: o, each: each, visit: visit, failure: datasets.ContentError{File: name},
		models: map[string]bool{}, first: map[[16]byte]spot{}, unused: map[string]bool{},
	}
}

// problem notes a fault of a file; line is 0 where it is about the whole.
func (j *job) problem(file string, line int, field, format string, args ...any) {
	p := datasets.Problem{File: file, Line: line, Field: field, Reason: fmt.Sprintf(format, args...)}
	if j.failure.Total++; len(j.failure.First) < datasets.ShownProblems {
		j.failure.First = append(j.failure.First, p)
	}
	if j.each != nil {
		j.each(p)
	}
}

// maxProblems is how many problems are listed before reading stops, so that a
// small compressed file cannot fill a disk with them.
const maxProblems = 100_000

// full tells whether so much is wrong that the rest is not read.
func (j *job) full() bool { return j.failure.Total >= maxProblems }

// refused notes why a file was refused as a whole; any other error is returned.
func (j *job) refused(path string, err error) error {
	var r *table.Refused
	if !errors.As(err, &r) {
		return err
	}
	j.problem(path, 0, "", "%s", r.Reason)
	return nil
}

// emit hands out an outcome.
func (j *job) emit(o *datasets.Outcome) error {
	j.report.Rows++
	if !j.models[o.Model] {
		j.models[o.Model] = true
		j.report.Models = append(j.report.Models, o.Model)
	}
	return j.visit(o)
}

func (j *job) drop(count int, what string) {
	if count > 0 {
		j.report.Dropped = append(j.report.Dropped, Drop{count, what})
	}
}

func (j *job) warn(format string, args ...any) {
	j.report.Warnings = append(j.report.Warnings, fmt.Sprintf(format, args...))
}

// enter makes path the file that spots are in.
func (j *job) enter(path string) { j.files = append(j.files, path) }

// twice tells where a name of some parts stands already.
func (j *job) twice(line int, parts ...string) (where string, found bool) {
	key := hashOf(parts...)
	if at, found := j.first[key]; found {
		if int(at.file) == len(j.files)-1 {
			return fmt.Sprintf("line %d", at.line), true
		}
		return fmt.Sprintf("line %d of %s", at.line, j.files[at.file]), true
	}
	j.first[key] = spot{int32(len(j.files) - 1), int32(line)}
	return "", false
}

// hashOf hashes texts with their lengths.
func hashOf(parts ...string) [16]byte {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d ", len(part))
		io.WriteString(h, part)
	}
	return [16]byte(h.Sum(nil))
}

// notice remembers columns that are not used; passed are those that are known
// to be of no use.
func (j *job) notice(names []string, passed ...string) {
	for _, name := range names {
		if !isIndex(name) && !slices.Contains(passed, name) && len(j.unused) < table.MaxUnknown {
			j.unused[wording.Shorten(name)] = true
		}
	}
}

func (j *job) finish() (Report, error) {
	if j.failure.Total == 0 && j.report.Rows == 0 {
		j.problem(j.failure.File, 0, "", "nothing to import: every row was dropped or holds no score")
	}
	if j.failure.Total > 0 {
		return Report{}, &j.failure
	}
	if len(j.unused) > 0 {
		var names []string
		for name := range j.unused {
			names = append(names, name)
		}
		slices.Sort(names)
		j.warn("columns not used: %s", wording.List(names))
	}
	if j.banned != nil {
		j.drop(j.banned.dropped, j.banned.what)
		if idle := j.banned.idle(); idle > 0 {
			j.warn("%d of %d prompts to drop stand in none of the files", idle, len(j.banned.matched))
		}
	}
	return j.report, nil
}

// scan reads the columns of a file and calls row for each row, in order; sound
// is false where it has no good values, which is noted already. It returns the
// number of rows.
func (j *job) scan(f *file, columns []table.Column, row func(b *table.Batch, i int, sound bool) error) (rows int, err error) {
	source, err := table.Open(f.path)
	if err != nil {
		return 0, j.refused(f.path, err)
	}
	defer source.Close()
	reader, err := source.Rows(columns)
	if err != nil {
		return 0, j.refused(f.path, err)
	}
	j.enter(f.path)
	for batch := new(table.Batch); ; {
		end := reader.Read(batch)
		if end != nil && !errors.Is(end, io.EOF) {
			return rows, fmt.Errorf("%s: %w", f.path, end)
		}
		faults := batch.Faults
		for i := range batch.Rows {
			sound := true
			for len(faults) > 0 && faults[0].Line <= batch.Line[i] {
				sound = sound && faults[0].Line < batch.Line[i]
				j.fault(f.path, faults[0])
				faults = faults[1:]
			}
			rows++
			if err := row(batch, i, sound); err != nil {
				return rows, err
			}
			if j.full() {
				break
			}
		}
		for len(faults) > 0 && !j.full() {
			j.fault(f.path, faults[0])
			faults = faults[1:]
		}
		if j.full() {
			j.problem(f.path, 0, "", "more than %d problems: the rest was not read", maxProblems)
			return rows, nil
		}
		if end != nil {
			break
		}
	}
	for _, note := range reader.Notes() {
		j.warn("%s: %s", f.path, note)
	}
	j.notice(reader.Unknown(), f.passed...)
	return rows, nil
}

func (j *job) fault(path string, f table.Fault) {
	j.problem(path, f.Line, f.Column, "%s", f.Reason)
}
