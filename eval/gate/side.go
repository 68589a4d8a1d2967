package gate

import (
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

	near int // bytes of decisions kept in memory; 0: nearBytes

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
// classifiers by name, so the order of rows is forgotten. What is known of prompts is
// in memory, some 60 bytes and the id each, and 4 bytes for each classifier that lacks
// some of them; decisions are by column, the first 16
// MiB of them in memory and the others in a temporary file, until [Side.Close]. It is
// not changed by use and made by [NewSide] alone.
type Side struct {
	source Source

	ids    []string // ascending
	truth  []int8
	domain labels
	group  labels
	length labels
	tokens []int32 // of the prompt; −1 where unknown

	classifiers []stored // by name
	unfolded    []string // classifiers that have rows, but none out of fold; sorted
	decisions   *spill.File
}

// labels are a text about each prompt, by number; that of an empty one is 0.
type labels struct {
	of    []int32
	names *names.Table
}

func (l *labels) add(name string) {
	l.of = append(l.of, 0)
	l.set(len(l.of)-1, name)
}

func (l *labels) set(i int, name string) {
	number, _ := l.names.Add(name)
	l.of[i] = int32(number)
}

// name returns what is said of prompt i.
func (l labels) name(i int) string { return l.names.Name(int(l.of[i])) }

// distinct returns the texts that are not empty, sorted.
func (l labels) distinct() []string {
	out := []string{}
	for _, k := range l.names.Order() {
		if k != 0 {
			out = append(out, l.names.Name(int(k)))
		}
	}
	return out
}

// Close removes the temporary file, if there is one. The side cannot be used any
// more, nor can what [Side.Only] made of it. A nil side may be closed.
func (s *Side) Close() error {
	if s == nil {
		return nil
	}
	return s.decisions.Close()
}

// N returns how many prompts have predictions.
func (s *Side) N() int { return len(s.ids) }

// Classifiers returns their names, sorted.
func (s *Side) Classifiers() []string {
	names := make([]string, len(s.classifiers))
	for i, c := range s.classifiers {
		names[i] = c.name
	}
	return names
}

func (s *Side) stored(name string) *stored {
	i, ok := slices.BinarySearchFunc(s.classifiers, name, func(c stored, name string) int { return strings.Compare(c.name, name) })
	if !ok {
		return nil
	}
	return &s.classifiers[i]
}
