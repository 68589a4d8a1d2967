package gate

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sort"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/names"
	"github.com/routeproof/routeproof/internal/spill"
)

// nearBytes is how much of the decisions a side keeps in memory.
const nearBytes = 16 << 20

// builder takes in rows. They are kept as records, classifier by classifier, and
// once all are there, each classifier's are sorted and stored field by field.
type builder struct {
	side        *Side
	prompts     names.Table // in order of first sight, as the side's figures are until they are sorted
	first       []int       // the row in which a prompt came first
	next        int         // the prompt that the next row is likely about
	classifiers names.Table
	taken       []taken // by classifier
	records     *spill.File
	resting     int             // bytes of all rests
	record      []byte          // room for one
	block       []byte          // and for blockRows of them
	leftOut     map[string]bool // classifiers of rows that have no fold
	tierNames   []string
	tierOf      map[string]int8
	problems    []datasets.Problem // the first ones
	total       int
	line        int
}

// taken is the records of a classifier.
type taken struct {
	n      int
	blocks []block
	rest   []byte // records behind those of the blocks
	scored bool   // any has scores
}

// block is some records of a classifier, in builder.records.
type block struct {
	at       int64
	first, n int
}

// A record is prompt, repeat and row, then the fields.
const (
	promptAt = 0
	repeatAt = promptAt + 4
	rowAt    = repeatAt + 8
	fieldsAt = rowAt + 8

	blockRows = 256
)

// offset returns where a field begins in a record.
func (f field) offset(tiers int) int {
	at := fieldsAt
	for g := range f {
		at += g.width(tiers)
	}
	return at
}

// NewSide takes in all rows that scan visits; scan is [datasets.Kind.ScanFile]
// or the like, and its error is returned. Rows that are wrong in themselves, and
// those that contradict others, are all told to Source.Each, and the error is
// then a [datasets.ContentError] that counts them and holds the first. A side
// without rows is none. Unique must be (id, classifier, repeat), and each prompt
// have the same repeats of a classifier. It takes O(rows log rows), and memory as a
// [Side] does, with 20 bytes and the scores for each row of the largest classifier.
func NewSide(source Source, scan func(visit func(*datasets.Prediction) error) error) (*Side, error) {
	b := newBuilder(source)
	defer b.records.Close()
	err := scan(b.add)
	if err == nil {
		err = b.finish()
	}
	if err != nil {
		b.side.Close()
		return nil, err
	}
	return b.side, nil
}

func newBuilder(source Source) *builder {
	tiers := source.Tiers.Len()
	if tiers == 0 {
		panic("gate: no tiers")
	}
	near := source.near
	if near == 0 {
		near = nearBytes
	}
	s := &Side{source: source, decisions: &spill.File{Limit: near, What: "decisions"}}
	s.domain.names, s.group.names, s.length.names = new(names.Table), new(names.Table), new(names.Table)
	for _, l := range []labels{s.domain, s.group, s.length} {
		l.names.Add("")
	}
	b := &builder{
		side: s, tierNames: source.Tiers.Names(), tierOf: map[string]int8{}, leftOut: map[string]bool{},
		records: &spill.File{Limit: near, What: "rows"}, record: make([]byte, numFields.offset(tiers)),
	}
	b.block = make([]byte, blockRows*len(b.record))
	for i, name := range b.tierNames {
		b.tierOf[name] = int8(i)
	}
	return b
}

// finish makes the side of what was taken in.
func (b *builder) finish() error {
	source := b.side.source
	if len(b.taken) == 0 && b.total == 0 {
		if source.OutOfFold && b.line > 0 {
			b.fault(0, "fold", "no row of %d has a fold: expected out-of-fold predictions", b.line)
		} else {
			b.fault(0, "", "no predictions: expected rows with id, classifier, tier and predicted")
		}
	}
	if b.total == 0 {
		if err := b.arrange(); err != nil {
			return err
		}
	}
	if b.total > 0 {
		return &datasets.ContentError{File: source.Name, First: b.problems, Total: b.total}
	}
	return nil
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

// arrange sorts prompts and classifiers, and stores decisions in their order.
func (b *builder) arrange() error {
	s := b.side
	order := b.prompts.Order()
	rank, everyone := make([]int32, len(order)), make([]int32, len(order))
	s.ids = make([]string, len(order))
	for to, from := range order {
		rank[from], everyone[to], s.ids[to] = int32(to), int32(to), b.prompts.Name(int(from))
	}
	b.prompts = names.Table{}
	s.truth, s.tokens = permuted(s.truth, order), permuted(s.tokens, order)
	for _, of := range []*[]int32{&s.domain.of, &s.group.of, &s.length.of} {
		*of = permuted(*of, order)
	}
	for _, k := range b.classifiers.Order() {
		c, err := b.store(b.classifiers.Name(int(k)), &b.taken[k], rank)
		if err != nil {
			return err
		}
		if len(c.prompts) == len(everyone) {
			c.prompts = everyone
		}
		c.prompts = slices.Clip(c.prompts)
		s.classifiers = append(s.classifiers, *c)
	}
	for name := range b.leftOut {
		if _, folded := b.classifiers.Find(name); !folded {
			s.unfolded = append(s.unfolded, name)
		}
	}
	slices.Sort(s.unfolded)
	return nil
}

func permuted[T any](values []T, order []int32) []T {
	out := make([]T, len(values))
	for to, from := range order {
		out[to] = values[from]
	}
	return out
}

// keep puts a record behind the others of its classifier.
func (b *builder) keep(t *taken, record []byte) error {
	t.rest = append(t.rest, record...)
	t.n++
	b.resting += len(record)
	switch {
	case len(t.rest) >= blockRows*len(record):
		return b.putBlock(t)
	case b.resting <= b.records.Limit:
		return nil
	}
	for k := range b.taken { // of many classifiers, few records each
		if err := b.putBlock(&b.taken[k]); err != nil {
			return err
		}
		b.taken[k].rest = nil
	}
	return nil
}

// putBlock puts what rests into a block.
func (b *builder) putBlock(t *taken) error {
	if len(t.rest) == 0 {
		return nil
	}
	n := len(t.rest) / len(b.record)
	at, err := b.records.Append(t.rest)
	t.blocks = append(t.blocks, block{at, t.n - n, n})
	b.resting -= len(t.rest)
	t.rest = t.rest[:0]
	return err
}

// each visits the records of a classifier, in the order of rows.
func (b *builder) each(t *taken, visit func(i int, record []byte)) error {
	size := len(b.record)
	show := func(first int, records []byte) {
		for i := range len(records) / size {
			visit(first+i, records[i*size:(i+1)*size])
		}
	}
	for _, k := range t.blocks {
		records := b.block[:k.n*size]
		if err := b.records.Read(records, k.at); err != nil {
			return err
		}
		show(k.first, records)
	}
	show(t.n-len(t.rest)/size, t.rest)
	return nil
}

// key orders records.
type key struct {
	repeat int
	prompt int32 // by id
	record int32
}

// store sorts the decisions of a classifier by prompt and repeat, and refuses
// repeats that stand twice or are missing.
func (b *builder) store(name string, t *taken, rank []int32) (*stored, error) {
	if t.n > math.MaxInt32 {
		return nil, fmt.Errorf("%s: %d predictions of classifier %s: expected up to %d", b.side.source.Name, t.n, quote(name), math.MaxInt32)
	}
	c := &stored{name: name}
	keys := make([]key, 0, t.n)
	tiers := len(b.tierNames)
	flags := flagsField.offset(tiers)
	if err := b.each(t, func(i int, r []byte) {
		k := key{int(binary.LittleEndian.Uint64(r[repeatAt:])), rank[binary.LittleEndian.Uint32(r[promptAt:])], int32(i)}
		if keys = append(keys, k); r[flags]&failedFlag != 0 {
			c.failed = append(c.failed, k.prompt)
		}
	}); err != nil {
		return nil, err
	}
	slices.Sort(c.failed)
	c.failed = slices.Compact(c.failed)
	slices.SortFunc(keys, func(x, y key) int {
		return cmp.Or(cmp.Compare(x.prompt, y.prompt), cmp.Compare(x.repeat, y.repeat), cmp.Compare(x.record, y.record))
	})
	if err := b.repeats(c, t, keys); err != nil || b.total > 0 {
		return c, err
	}
	place := make([]int32, len(keys)) // of each record
	for to, k := range keys {
		place[k.record] = int32(to)
	}
	for f := range numFields {
		if f == scoresField && !t.scored {
			continue
		}
		width, offset := f.width(tiers), f.offset(tiers)
		sorted := make([]byte, len(place)*width)
		err := b.each(t, func(i int, r []byte) { copy(sorted[int(place[i])*width:], r[offset:offset+width]) })
		if err != nil {
			return nil, err
		}
		if c.fields[f], err = b.side.decisions.Append(sorted); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// repeats finds the prompts of a classifier and how often it decided each.
func (b *builder) repeats(c *stored, t *taken, keys []key) error {
	c.prompts = make([]int32, 0, min(len(keys), len(b.side.ids)))
	for start := 0; start < len(keys); {
		end, n := start+1, 1 // n of them differ
		for end < len(keys) && keys[end].prompt == keys[start].prompt {
			if keys[end].repeat == keys[end-1].repeat {
				if err := b.duplicate(c.name, t, keys[end-1], keys[end]); err != nil {
					return err
				}
			} else {
				n++
			}
			end++
		}
		switch {
		case c.repeats == 0:
			c.repeats = n
		case c.repeats != n:
			row, err := b.row(t, keys[start])
			if err != nil {
				return err
			}
			b.fault(row, "repeat", "%s by classifier %s has %d repeats, %s has %d: expected the same number of each prompt",
				quote(b.side.ids[keys[start].prompt]), quote(c.name), n, quote(b.side.ids[keys[0].prompt]), c.repeats)
		}
		c.prompts = append(c.prompts, keys[start].prompt)
		start = end
	}
	return nil
}

func (b *builder) duplicate(name string, t *taken, first, again key) error {
	mend := ""
	if !b.side.source.OutOfFold {
		mend = "; of a run take the out-of-fold rows alone"
	}
	before, err := b.row(t, first)
	if err != nil {
		return err
	}
	row, err := b.row(t, again)
	b.fault(row, "id", "%s by classifier %s (repeat %d) stands in row %d already: expected each once%s",
		quote(b.side.ids[again.prompt]), quote(name), again.repeat, before, mend)
	return err
}

// row returns the row that a record was made of.
func (b *builder) row(t *taken, k key) (int, error) {
	size, i := len(b.record), int(k.record)
	record := b.record
	if in := sort.Search(len(t.blocks), func(j int) bool { return t.blocks[j].first > i }) - 1; in >= 0 && i < t.blocks[in].first+t.blocks[in].n {
		if err := b.records.Read(record, t.blocks[in].at+int64((i-t.blocks[in].first)*size)); err != nil {
			return 0, err
		}
	} else {
		record = t.rest[(i-t.n)*size+len(t.rest):]
	}
	return int(binary.LittleEndian.Uint64(record[rowAt:])), nil
}
