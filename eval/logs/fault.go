package logs

import (
	"cmp"
	"slices"

	"github.com/routeproof/routeproof/internal/wording"
)

// A reason is why something of a line cannot be used.
type reason uint8

const (
	notObject reason = iota
	badJSON
	cutShort
	tooLong
	twice
	wrongType
	negative
	tooLarge
	notWhole
	unknownTier
	badTime
	tooEarly
	inFuture
	contradicts
	numReasons
)

// words say what was expected and how to mend it.
func (r reason) words() string {
	return [numReasons]string{
		notObject:   "expected one JSON object a line; what stands before it, such as a time, has to be cut off",
		badJSON:     "expected valid JSON",
		cutShort:    "expected a JSON object that ends on its line: the writer was cut off, or objects stand over several lines (jq -c . mends that)",
		tooLong:     "line is longer than 8 MiB: it was skipped",
		twice:       "a field stands twice, so that nobody knows which holds",
		negative:    "expected 0 or more",
		tooLarge:    "larger than any request",
		notWhole:    "expected a whole number",
		unknownTier: "expected one of the configured tiers (logs.tiers maps other names)",
		badTime:     "expected Unix time, or a date and time as 2026-01-31T12:00:00Z",
		tooEarly:    "over 1,500 days ago",
		inFuture:    "over an hour in the future",
		contradicts: "escalated means that a dearer tier than the first answered: it is not so here",
	}[r]
}

// isLine tells whether nothing of the line is used.
func (r reason) isLine() bool { return r <= twice }

// A Fault is what could not be used, and why: whole lines, or the value of a
// field, which then counts as unknown in an otherwise good record.
type Fault struct {
	Field    string    `json:"field"` // empty: the line
	Reason   string    `json:"reason"`
	Lines    int       `json:"lines"`
	Examples []Example `json:"examples"` // the first ones
}

// An Example is where a fault occurred and what stood there, cut and quoted.
type Example struct {
	File  string `json:"file"`
	Line  int    `json:"line"`
	Found string `json:"found"`
	Why   string `json:"why,omitempty"` // what is wrong there, where the reason does not say it
}

// maxExamples of a fault are kept.
const maxExamples = 3

// faults counts faults by field and reason.
type faults [numFields + 1][numReasons]struct {
	lines    int
	examples []Example
}

func (f *faults) add(at field, why reason, file string, line int, found []byte, detail error) {
	c := &f[at][why]
	c.lines++
	if len(c.examples) == maxExamples {
		return
	}
	e := Example{File: file, Line: line, Found: wording.Quote(string(found[:min(len(found), 200)]))}
	if detail != nil {
		e.Why = detail.Error()
	}
	c.examples = append(c.examples, e)
}

// merge adds faults of later lines.
func (f *faults) merge(o *faults) {
	for at := range o {
		for why := range o[at] {
			from, to := &o[at][why], &f[at][why]
			to.lines += from.lines
			to.examples = append(to.examples, from.examples[:min(len(from.examples), maxExamples-len(to.examples))]...)
		}
	}
}

// badLines counts lines that are not used at all.
func (f *faults) badLines() (n int) {
	for at := range f {
		for why := range f[at] {
			if reason(why).isLine() {
				n += f[at][why].lines
			}
		}
	}
	return n
}

// list returns those that occurred, the most frequent first.
func (f *faults) list() []Fault {
	out := []Fault{}
	for at := range f {
		for why := range f[at] {
			if c := f[at][why]; c.lines > 0 {
				words := reason(why).words()
				if reason(why) == wrongType {
					words = "expected " + field(at).holds()
				}
				out = append(out, Fault{field(at).String(), words, c.lines, c.examples})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Fault) int { return cmp.Compare(b.Lines, a.Lines) })
	return out
}
