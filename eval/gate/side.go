package gate

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/names"
	"github.com/routeproof/routeproof/internal/spill"
)

// A Source says where predictions come from and what is known beside them.
type Source struct {
	Name  string // of the file or folder, in messages
	Tiers centroids.Tiers

	// Hashes are empty where they are not known.
	Hashes Hashes

	// OutOfFold takes the rows that have a fold and leaves the others out. A run's
	// folder needs it: its other rows are in part about prompts that were fitted
	// on. Without it all rows are taken.
	OutOfFold bool

	Certificates []Retest

	near int // bytes kept in memory, of rows and of prompts; 0: nearBytes

	// Each is told of every problem of the rows; it may be nil.
	Each func(datasets.Problem)
}

// Hashes name what a side was made from.
type Hashes struct {
	Dataset string `json:"dataset,omitempty"`
	Label   string `json:"label,omitempty"`
	Split   string `json:"split,omitempty"`
	Prices  string `json:"prices,omitempty"`
}

// A Side is the predictions of several classifiers. Prompts are sorted by id and
// classifiers by name, so the order of rows is forgotten. The first 8 MiB of prompts,
// with what was decided of them, are in memory and the others in a temporary file,
// until [Side.Close]; names of domains are in memory. It is not changed by use and
// made by [NewSide] alone.
type Side struct {
	source Source

	n           int          // prompts
	truths      []bool       // which tiers are that of any prompt
	lengths     []bool       // and which lengths
	domain      *names.Table // of prompts; 0 is empty
	length      *names.Table // and of their lengths, of which rows name more than count
	classifiers []classifier // by name
	unfolded    []string     // classifiers that have rows, but none out of fold; sorted
	prompts     *spill.File  // frames, by id
	size        int64        // of them, in bytes
	numbers     int          // of classifiers in prompts
}

// classifier is what is known of all decisions of one.
type classifier struct {
	name     string
	number   int // in prompts
	n        int // prompts
	repeats  int // of each
	failures int // prompts of which any repeat has no answer
}

// Close removes the temporary file, if there is one. The side cannot be used any
// more, nor can what [Side.Only] made of it. A nil side may be closed.
func (s *Side) Close() error {
	if s == nil {
		return nil
	}
	return s.prompts.Close()
}

// N returns how many prompts have predictions.
func (s *Side) N() int { return s.n }

// Classifiers returns their names, sorted.
func (s *Side) Classifiers() []string {
	names := make([]string, len(s.classifiers))
	for i, c := range s.classifiers {
		names[i] = c.name
	}
	return names
}

// classifier returns the one of a name; nil where there is none.
func (s *Side) classifier(name string) *classifier {
	i, ok := slices.BinarySearchFunc(s.classifiers, name, func(c classifier, name string) int { return strings.Compare(c.name, name) })
	if !ok {
		return nil
	}
	return &s.classifiers[i]
}

// cursor reads the prompts of a side by id.
type cursor struct {
	side   *Side
	frames *spill.Frames
	wanted []bool // by classifier number; nil: all
	prompt prompt
}

func (s *Side) cursor(wanted []bool) *cursor {
	return &cursor{side: s, frames: s.prompts.Frames(0, s.size, 1<<18), wanted: wanted}
}

// next returns the next prompt, which is good until next is called again; nil at the
// end.
func (c *cursor) next() (*prompt, error) {
	raw, err := c.frames.Next()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c.side.read(&c.prompt, raw, c.wanted)
	return &c.prompt, nil
}

// read reads one of the side's prompts.
func (s *Side) read(p *prompt, raw []byte, wanted []bool) {
	p.read(raw, s.numbers, s.source.Tiers.Len(), wanted)
}

// want returns by number which classifiers are among some.
func (s *Side) want(some []*classifier) []bool {
	wanted := make([]bool, s.numbers)
	for _, c := range some {
		wanted[c.number] = true
	}
	return wanted
}

// distinct returns the names that are not empty, sorted; of those that any prompt has
// where it is known which these are, not nil.
func distinct(of *names.Table, has []bool) []string {
	out := []string{}
	for _, k := range of.Order() {
		if k != 0 && (has == nil || has[k]) {
			out = append(out, of.Name(int(k)))
		}
	}
	return out
}
