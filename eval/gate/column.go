package gate

import (
	"encoding/binary"
	"math"
	"slices"
)

// stored is what one classifier decided, field by field in Side.decisions: the place
// of a decision is its prompt's place times repeats, plus the repeat's.
type stored struct {
	name    string
	repeats int
	prompts []int32          // ascending, into Side.ids
	failed  []int32          // those of which any repeat has no answer, ascending
	fields  [numFields]int64 // where each begins
}

// field is a figure of a decision.
type field int

const (
	pickField       field = iota
	flagsField            // of flag bits
	confidenceField       // NaN where unknown
	costField             // USD of classifying; NaN where unknown
	scoresField           // one a tier; nothing where no decision of a classifier has any
	numFields
)

// width returns how many bytes a field takes.
func (f field) width(tiers int) int {
	return [numFields]int{1, 1, 8, 8, 8 * tiers}[f]
}

// Flags of a decision.
const (
	invalidFlag = 1 << iota
	failedFlag
	scoredFlag
)

// column is what one classifier decided of some prompts, in memory but for the
// scores.
type column struct {
	side    *Side
	from    *stored
	repeats int
	prompts []int32 // ascending, into Side.ids
	places  []int32 // of the prompts among those of from; nil: they are the same

	predicted  []int8
	flags      []uint8
	confidence []float64 // NaN where unknown
	cost       []float64 // USD of classifying; NaN where unknown

	scores []float64 // those that were asked for last
	window []byte    // of scores
	first  int       // the decision, as stored, that window begins with
}

// load reads the decisions of a classifier on the prompts in the given places,
// ascending; nil: on all.
func (s *Side) load(from *stored, places []int32) (*column, error) {
	c := &column{side: s, from: from, repeats: from.repeats, prompts: from.prompts, places: places, scores: make([]float64, s.source.Tiers.Len())}
	if places != nil {
		c.prompts = make([]int32, len(places))
		for i, at := range places {
			c.prompts[i] = from.prompts[at]
		}
	}
	n := len(c.prompts) * c.repeats
	c.predicted, c.flags, c.confidence, c.cost = make([]int8, n), make([]uint8, n), make([]float64, n), make([]float64, n)
	for field, take := range map[field]func(i int, bytes []byte){
		pickField:       func(i int, bytes []byte) { c.predicted[i] = int8(bytes[0]) },
		flagsField:      func(i int, bytes []byte) { c.flags[i] = bytes[0] },
		confidenceField: func(i int, bytes []byte) { c.confidence[i] = float(bytes) },
		costField:       func(i int, bytes []byte) { c.cost[i] = float(bytes) },
	} {
		if err := c.read(field, take); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func float(bytes []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(bytes)) }

const readBytes = 1 << 16 // at once

// read visits a field of the column's decisions.
func (c *column) read(f field, visit func(i int, bytes []byte)) error {
	width, n := f.width(c.side.source.Tiers.Len()), len(c.from.prompts)*c.repeats
	buffer := make([]byte, min(n, readBytes/width)*width)
	next := 0 // of the column's decisions
	for start := 0; start < n; start += readBytes / width {
		end := min(n, start+readBytes/width)
		if err := c.side.decisions.Read(buffer[:(end-start)*width], c.from.fields[f]+int64(start)*int64(width)); err != nil {
			return err
		}
		for ; next < len(c.predicted) && c.stored(next) < end; next++ {
			visit(next, buffer[(c.stored(next)-start)*width:][:width])
		}
	}
	return nil
}

// stored returns the place of a decision among the stored ones.
func (c *column) stored(at int) int {
	if c.places == nil {
		return at
	}
	return int(c.places[at/c.repeats])*c.repeats + at%c.repeats
}

// of returns the predictions for the column's prompt i, by repeat.
func (c *column) of(i int) []int8 { return c.predicted[i*c.repeats : (i+1)*c.repeats] }

// flagsOf returns the flags for the column's prompt i, by repeat.
func (c *column) flagsOf(i int) []uint8 { return c.flags[i*c.repeats : (i+1)*c.repeats] }

func (c *column) invalid(at int) bool { return c.flags[at]&invalidFlag != 0 }

// failures counts the prompts of which any repeat has no answer.
func (c *column) failures() int {
	n := 0
	for i := range c.prompts {
		if slices.ContainsFunc(c.flagsOf(i), func(flags uint8) bool { return flags&failedFlag != 0 }) {
			n++
		}
	}
	return n
}

// scoresAt returns the scores of a decision, good until it is called again; nil
// where it has none.
func (c *column) scoresAt(at int) ([]float64, error) {
	if c.flags[at]&scoredFlag == 0 {
		return nil, nil
	}
	width := scoresField.width(len(c.scores))
	at = c.stored(at)
	if at < c.first || at >= c.first+len(c.window)/width {
		n := min(len(c.from.prompts)*c.repeats-at, readBytes/width)
		if c.window == nil {
			c.window = make([]byte, readBytes/width*width)
		}
		c.first, c.window = at, c.window[:n*width]
		if err := c.side.decisions.Read(c.window, c.from.fields[scoresField]+int64(at)*int64(width)); err != nil {
			return nil, err
		}
	}
	for t := range c.scores {
		c.scores[t] = float(c.window[(at-c.first)*width+8*t:])
	}
	return c.scores, nil
}
