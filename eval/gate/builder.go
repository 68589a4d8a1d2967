package gate

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/names"
	"github.com/routeproof/routeproof/internal/spill"
)

// nearBytes is how many bytes of rows are sorted in memory, and how many of the
// prompts that they make are kept there.
const nearBytes = 8 << 20

// builder takes in rows, sorts them by prompt, and makes prompts of them.
type builder struct {
	side      *Side
	rows      *spill.Sorter // by id of the prompt, then by row
	numbers   names.Table   // of classifiers
	record    []byte        // room for one, or for a prompt
	id        []byte        // room for one
	leftOut   map[string]bool
	tierNames []string
	tierOf    map[string]int8
	problems  []datasets.Problem // the first ones
	total     int
	line      int

	open  opened
	first []string // by classifier, the first prompt, whose repeats all others must have
}

// opened is the prompt whose rows are taken together.
type opened struct {
	row       int // the first; 0 where no prompt is open
	prompt    prompt
	decisions []decided
	bytes     []byte // of these
}

// decided is a decision of the open prompt, as a row has it.
type decided struct {
	classifier, repeat, row int
	failed                  bool
	from, to                int // in opened.bytes
}

// NewSide takes in all rows that scan visits; scan is [datasets.Kind.ScanFile]
// or the like, and its error is returned. Rows that are wrong in themselves, and
// those that contradict others, are all told to Source.Each, the former first, and
// the error is then a [datasets.ContentError] that counts them and holds the first. A side
// without rows is none. Unique must be (id, classifier, repeat), and each prompt
// have the same repeats of a classifier. It takes O(rows log rows), and memory as a
// [Side] does, with 8 MiB of rows that are sorted, and the rows of any one prompt.
func NewSide(source Source, scan func(visit func(*datasets.Prediction) error) error) (*Side, error) {
	b := newBuilder(source)
	defer b.rows.Close()
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
	if source.Tiers.Len() == 0 {
		panic("gate: no tiers")
	}
	near := source.near
	if near == 0 {
		near = nearBytes
	}
	s := &Side{source: source, domain: new(names.Table), length: new(names.Table), prompts: &spill.File{Limit: near, What: "prompts"}}
	s.domain.Add("")
	s.length.Add("")
	s.truths = make([]bool, source.Tiers.Len())
	b := &builder{
		side: s, tierNames: source.Tiers.Names(), tierOf: map[string]int8{}, leftOut: map[string]bool{},
		rows: &spill.Sorter{Limit: near, What: "rows"},
	}
	for i, name := range b.tierNames {
		b.tierOf[name] = int8(i)
	}
	return b
}

// finish makes the side of what was taken in.
func (b *builder) finish() error {
	source := b.side.source
	if b.numbers.Len() == 0 && b.total == 0 {
		if source.OutOfFold && b.line > 0 {
			b.fault(0, "fold", "no row of %d has a fold: expected out-of-fold predictions", b.line)
		} else {
			b.fault(0, "", "no predictions: expected rows with id, classifier, tier and predicted")
		}
	}
	if err := b.arrange(); err != nil {
		return err
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

// arrange takes the rows prompt by prompt, and puts classifiers in their order.
func (b *builder) arrange() error {
	s := b.side
	s.classifiers = make([]classifier, b.numbers.Len())
	for k := range s.classifiers {
		s.classifiers[k] = classifier{name: b.numbers.Name(k), number: k}
	}
	b.first = make([]string, len(s.classifiers))
	s.lengths = make([]bool, s.length.Len())
	complete := b.total == 0 // else rows are missing that would have been taken in
	for row, err := range b.rows.All() {
		if err != nil {
			return err
		}
		if err := b.take(row, complete); err != nil {
			return err
		}
	}
	if err := b.close(complete); err != nil {
		return err
	}
	s.size, s.numbers = s.prompts.Len(), b.numbers.Len()
	slices.SortFunc(s.classifiers, func(x, y classifier) int { return strings.Compare(x.name, y.name) })
	for name := range b.leftOut {
		if s.classifier(name) == nil {
			s.unfolded = append(s.unfolded, name)
		}
	}
	slices.Sort(s.unfolded)
	return nil
}

// take takes in a row as it was sorted, which must agree with the first of its
// prompt.
func (b *builder) take(record []byte, complete bool) error {
	id, rest := spill.CutKey(b.id[:0], record)
	b.id = id
	o := &b.open
	if o.row > 0 && !bytes.Equal(o.prompt.id, id) {
		if err := b.close(complete); err != nil {
			return err
		}
	}
	row := int(binary.BigEndian.Uint64(rest))
	r := reading(rest[8:])
	truth, tokens, domain, length, group := int8(r.byte()), int32(r.uint()-1), r.uint(), r.uint(), r.bytes()
	p := &o.prompt
	if o.row == 0 {
		o.row = row
		p.id, p.group = append(p.id[:0], id...), append(p.group[:0], group...)
		p.truth, p.tokens, p.domain, p.length = truth, tokens, domain, length
	}
	same := func(field, was, is string) {
		if was != is {
			b.fault(row, field, "%s has %s here and %s in row %d: expected the same in all rows of a prompt", quote(string(id)), quote(is), quote(was), o.row)
		}
	}
	same("tier", b.tierNames[p.truth], b.tierNames[truth])
	same("domain", b.side.domain.Name(p.domain), b.side.domain.Name(domain))
	same("group", string(p.group), string(group))
	if p.tokens < 0 {
		p.tokens = tokens
	}
	if p.length == 0 {
		p.length = length
	}
	d := decided{classifier: r.uint(), repeat: r.uint(), row: row, from: len(o.bytes)}
	d.failed = r[1]&failedFlag != 0
	o.bytes = append(o.bytes, r...)
	d.to = len(o.bytes)
	o.decisions = append(o.decisions, d)
	return nil
}

// close puts the open prompt, if there is one, behind the others. It refuses
// repeats that stand twice, and, where all rows are there, those that are missing.
func (b *builder) close(complete bool) error {
	o := &b.open
	if o.row == 0 {
		return nil
	}
	slices.SortFunc(o.decisions, func(x, y decided) int {
		return cmp.Or(cmp.Compare(x.classifier, y.classifier), cmp.Compare(x.repeat, y.repeat), cmp.Compare(x.row, y.row))
	})
	p := &o.prompt
	out := appendBytes(b.record[:0], p.id)
	out = append(out, byte(p.truth))
	out = binary.AppendUvarint(out, uint64(int(p.tokens)+1))
	out = binary.AppendUvarint(out, uint64(p.domain))
	out = binary.AppendUvarint(out, uint64(p.length))
	out = appendBytes(out, p.group)
	for start := 0; start < len(o.decisions); {
		end, n := start+1, 1 // n of them differ
		for ; end < len(o.decisions) && o.decisions[end].classifier == o.decisions[start].classifier; end++ {
			if o.decisions[end].repeat == o.decisions[end-1].repeat {
				b.duplicate(o.decisions[end-1], o.decisions[end])
			} else {
				n++
			}
		}
		of := o.decisions[start:end]
		b.count(of, n, complete)
		out = binary.AppendUvarint(out, uint64(of[0].classifier))
		out = binary.AppendUvarint(out, uint64(len(of)))
		size := 0
		for _, d := range of {
			size += d.to - d.from
		}
		out = binary.AppendUvarint(out, uint64(size))
		for _, d := range of {
			out = append(out, o.bytes[d.from:d.to]...)
		}
		start = end
	}
	b.record = out
	b.side.n++
	b.side.truths[p.truth], b.side.lengths[p.length] = true, true
	o.row, o.decisions, o.bytes = 0, o.decisions[:0], o.bytes[:0]
	return b.side.prompts.AppendFrame(out)
}

// count counts the open prompt for a classifier that decided it, with so many
// repeats.
func (b *builder) count(of []decided, repeats int, complete bool) {
	c := &b.side.classifiers[of[0].classifier]
	c.n++
	if slices.ContainsFunc(of, func(d decided) bool { return d.failed }) {
		c.failures++
	}
	switch {
	case c.repeats == 0:
		c.repeats, b.first[c.number] = repeats, string(b.open.prompt.id)
	case c.repeats != repeats && complete:
		b.fault(of[0].row, "repeat", "%s by classifier %s has %d repeats, %s has %d: expected the same number of each prompt",
			quote(string(b.open.prompt.id)), quote(c.name), repeats, quote(b.first[c.number]), c.repeats)
	}
}

func (b *builder) duplicate(first, again decided) {
	mend := ""
	if !b.side.source.OutOfFold {
		mend = "; of a run take the out-of-fold rows alone"
	}
	b.fault(again.row, "id", "%s by classifier %s (repeat %d) stands in row %d already: expected each once%s",
		quote(string(b.open.prompt.id)), quote(b.numbers.Name(again.classifier)), again.repeat, first.row, mend)
}
