package gate

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
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

	// Tokens returns how long a prompt is, in tokens, and whether that is known.
	// It may be nil, and is needed for costs alone.
	Tokens func(id string) (int, bool)
	// Length names the length of a prompt, such as "under 50 runes"; it may be nil.
	Length func(id string) string

	Certificates []Retest

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

// A Side is the predictions of several classifiers, held by column. Prompts are
// sorted by id and classifiers by name, so the order of rows is forgotten. It is
// not changed by use and made by [NewSide] alone.
type Side struct {
	source Source

	ids    []string // ascending
	truth  []int8
	domain []string
	group  []string
	length []string
	tokens []int32 // of the prompt; −1 where unknown

	classifiers []column // by name
	unfolded    []string // classifiers that have rows, but none out of fold; sorted
}

// column is what one classifier decided, by prompt and repeat: the place of a
// decision is its prompt's place times repeats, plus the repeat's.
type column struct {
	name      string
	repeats   int
	prompts   []int32 // ascending, into Side.ids
	predicted []int8

	confidence []float64 // NaN where unknown
	cost       []float64 // USD of classifying; NaN where unknown
	scores     []float64 // one a tier; NaN where there are none; nil where nowhere are any
	invalid    []bool
	failed     []bool
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

func (s *Side) column(name string) *column {
	i := slices.IndexFunc(s.classifiers, func(c column) bool { return c.name == name })
	if i < 0 {
		return nil
	}
	return &s.classifiers[i]
}

// rowOf is a prediction on its way into a column.
type rowOf struct {
	line       int
	prompt     int32
	classifier int32
	repeat     int
	predicted  int8
	invalid    bool
	failed     bool
	confidence float64
	cost       float64
	scores     int // where its scores begin; −1: it has none
}

// builder takes in rows.
type builder struct {
	side      *Side
	rows      []rowOf
	scores    []float64
	place     map[string]int32 // of an id, in order of first sight
	first     []int            // the row in which a prompt came first
	next      int32            // the place that the next row is likely about
	names     []string         // classifiers in order of first sight
	classOf   map[string]int32
	leftOut   map[string]bool // classifiers of rows that have no fold
	tierNames []string
	tierOf    map[string]int8
	problems  []datasets.Problem // the first ones
	total     int
	line      int
}

// NewSide takes in all rows that scan visits; scan is [datasets.Kind.ScanFile]
// or the like, and its error is returned. Rows that are wrong in themselves, and
// those that contradict others, are all told to Source.Each, and the error is
// then a [datasets.ContentError] that counts them and holds the first. A side
// without rows is none. Unique must be (id, classifier, repeat), and each prompt
// have the same repeats of a classifier. It takes O(rows log rows).
func NewSide(source Source, scan func(visit func(*datasets.Prediction) error) error) (*Side, error) {
	if source.Tiers.Len() == 0 {
		panic("gate: no tiers")
	}
	b := &builder{
		side: &Side{source: source}, place: map[string]int32{}, classOf: map[string]int32{},
		tierNames: source.Tiers.Names(), tierOf: map[string]int8{}, leftOut: map[string]bool{},
	}
	for i, name := range b.tierNames {
		b.tierOf[name] = int8(i)
	}
	if err := scan(func(p *datasets.Prediction) error { b.add(p); return nil }); err != nil {
		return nil, err
	}
	if len(b.rows) == 0 && b.total == 0 {
		if source.OutOfFold && b.line > 0 {
			b.fault(0, "fold", "no row of %d has a fold: expected out-of-fold predictions", b.line)
		} else {
			b.fault(0, "", "no predictions: expected rows with id, classifier, tier and predicted")
		}
	}
	if b.total == 0 {
		b.arrange()
	}
	if b.total > 0 {
		return nil, &datasets.ContentError{File: source.Name, First: b.problems, Total: b.total}
	}
	return b.side, nil
}

func (b *builder) fault(line int, field, format string, args ...any) {
	p := datasets.Problem{File: b.side.source.Name, Line: line, Field: field, Reason: fmt.Sprintf(format, args...)}
	if b.total++; len(b.problems) < datasets.ShownProblems {
		b.problems = append(b.problems, p)
	}
	if b.side.source.Each != nil {
		b.side.source.Each(p)
	}
}

// arrange sorts what was taken in and cuts it into columns.
func (b *builder) arrange() {
	s := b.side
	rank := b.sortPrompts()
	byName := make([]int32, len(b.names)) // rank of a classifier
	sorted := slices.Sorted(slices.Values(b.names))
	for i, name := range b.names {
		at, _ := slices.BinarySearch(sorted, name)
		byName[i] = int32(at)
	}
	for i := range b.rows {
		r := &b.rows[i]
		r.prompt, r.classifier = rank[r.prompt], byName[r.classifier]
	}
	slices.SortFunc(b.rows, func(x, y rowOf) int {
		switch {
		case x.classifier != y.classifier:
			return int(x.classifier) - int(y.classifier)
		case x.prompt != y.prompt:
			return int(x.prompt) - int(y.prompt)
		case x.repeat != y.repeat:
			return x.repeat - y.repeat
		}
		return x.line - y.line
	})
	for start := 0; start < len(b.rows); {
		end := start + 1
		for end < len(b.rows) && b.rows[end].classifier == b.rows[start].classifier {
			end++
		}
		s.classifiers = append(s.classifiers, b.column(sorted[b.rows[start].classifier], b.rows[start:end]))
		start = end
	}
	for name := range b.leftOut {
		if _, folded := b.classOf[name]; !folded {
			s.unfolded = append(s.unfolded, name)
		}
	}
	slices.Sort(s.unfolded)
}

// column copies the sorted rows of one classifier, and refuses repeats that
// stand twice or are missing.
func (b *builder) column(name string, rows []rowOf) column {
	c := column{name: name}
	for start := 0; start < len(rows); {
		end, n := start+1, 1 // n of them differ
		for end < len(rows) && rows[end].prompt == rows[start].prompt {
			if rows[end].repeat == rows[end-1].repeat {
				b.duplicate(name, rows[end-1], rows[end])
			} else {
				n++
			}
			end++
		}
		switch {
		case c.repeats == 0:
			c.repeats = n
		case c.repeats != n:
			b.fault(rows[start].line, "repeat", "%s by classifier %s has %d repeats, %s has %d: expected the same number of each prompt",
				quote(b.side.ids[rows[start].prompt]), quote(name), n, quote(b.side.ids[rows[0].prompt]), c.repeats)
		}
		c.prompts = append(c.prompts, rows[start].prompt)
		start = end
	}
	k, n := b.side.source.Tiers.Len(), len(rows)
	c.predicted, c.invalid, c.failed = make([]int8, n), make([]bool, n), make([]bool, n)
	c.confidence, c.cost = make([]float64, n), make([]float64, n)
	if slices.ContainsFunc(rows, func(r rowOf) bool { return r.scores >= 0 }) {
		c.scores = slices.Repeat([]float64{math.NaN()}, n*k)
	}
	for i, r := range rows {
		c.predicted[i], c.invalid[i], c.failed[i], c.confidence[i], c.cost[i] = r.predicted, r.invalid, r.failed, r.confidence, r.cost
		if r.scores >= 0 {
			copy(c.scores[i*k:(i+1)*k], b.scores[r.scores:])
		}
	}
	return c
}

func (b *builder) duplicate(name string, first, again rowOf) {
	mend := ""
	if !b.side.source.OutOfFold {
		mend = "; of a run take the out-of-fold rows alone"
	}
	b.fault(again.line, "id", "%s by classifier %s (repeat %d) stands in row %d already: expected each once%s",
		quote(b.side.ids[again.prompt]), quote(name), again.repeat, first.line, mend)
}

// sortPrompts sorts what is by prompt and returns where each went.
func (b *builder) sortPrompts() []int32 {
	s := b.side
	n := len(s.ids)
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(x, y int32) int { return strings.Compare(s.ids[x], s.ids[y]) })
	rank := make([]int32, n)
	for to, from := range order {
		rank[from] = int32(to)
	}
	s.ids, s.domain, s.group, s.truth = permuted(s.ids, order), permuted(s.domain, order), permuted(s.group, order), permuted(s.truth, order)
	s.length, s.tokens = make([]string, n), make([]int32, n)
	for i, id := range s.ids {
		s.tokens[i] = -1
		if s.source.Tokens != nil {
			if tokens, ok := s.source.Tokens(id); ok && tokens >= 0 && tokens <= math.MaxInt32 {
				s.tokens[i] = int32(tokens)
			}
		}
		if s.source.Length != nil {
			s.length[i] = s.source.Length(id)
		}
	}
	return rank
}

func permuted[T any](values []T, order []int32) []T {
	out := make([]T, len(values))
	for to, from := range order {
		out[to] = values[from]
	}
	return out
}
