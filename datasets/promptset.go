package datasets

import (
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"unsafe"

	"github.com/routeproof/routeproof/internal/names"
	"github.com/routeproof/routeproof/internal/spill"
)

const (
	nearRows = 16 << 20 // bytes of rows that a PromptSet keeps in memory
	blockRow = 64 << 10 // bytes of rows that are kept, and read back, in one piece
)

// A PromptSet is prompts of which memory holds the ids, some 50 bytes a prompt. The
// rows are in memory up to 16 MiB and in a temporary file beyond. It may be read
// concurrently once nothing is added or sorted any more.
type PromptSet struct {
	Summary

	rows   []keptRow
	words  names.Table // values that rows repeat
	blocks []int64     // where each begins in kept
	last   []byte      // the block behind those
	kept   spill.File
}

// keptRow is where a row stands: its text, and then its other fields.
type keptRow struct {
	id              string
	block, at       int32 // byte at of the block
	textSize, fully int32 // bytes
}

// NewPromptSet returns a set without prompts.
func NewPromptSet() *PromptSet {
	return &PromptSet{kept: spill.File{Limit: nearRows, What: "prompts"}}
}

// PromptSetOf returns a set of prompts.
func PromptSetOf(prompts []Prompt) (*PromptSet, error) {
	s := NewPromptSet()
	for i := range prompts {
		if err := s.Add(&prompts[i]); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// ReadPromptSet reads the file at path, as [ReadPrompts] does.
func ReadPromptSet(path string, tiers []string, each func(Problem)) (*PromptSet, error) {
	return collectPromptSet(func(visit func(*Prompt) error) (Summary, error) {
		return Prompts(tiers).ScanFile(path, each, visit)
	})
}

// ParsePromptSet reads a stream, as [ParsePrompts] does.
func ParsePromptSet(r io.Reader, name string, tiers []string, each func(Problem)) (*PromptSet, error) {
	return collectPromptSet(func(visit func(*Prompt) error) (Summary, error) {
		return Prompts(tiers).Scan(r, name, each, visit)
	})
}

func collectPromptSet(scan func(func(*Prompt) error) (Summary, error)) (*PromptSet, error) {
	s := NewPromptSet()
	var err error
	if s.Summary, err = withDoubts(scan, s.Add); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// own are the fields of a row but id and text that are its own, repeated those
// that it shares with many.
func (p *Prompt) own() []*string { return []*string{&p.Group, &p.Reference, &p.Schema, &p.Source} }
func (p *Prompt) repeated() []*string {
	return []*string{&p.Tier, &p.AltTier, &p.Domain, &p.Language, &p.Split, &p.TaskType, &p.Licence}
}

// Add adds a prompt.
func (s *PromptSet) Add(p *Prompt) error {
	if len(s.last) > 0 && len(s.last)+len(p.Text) > blockRow {
		at, err := s.kept.Append(s.last)
		if err != nil {
			return err
		}
		s.blocks, s.last = append(s.blocks, at), s.last[:0]
	}
	at := len(s.last)
	s.last = append(s.last, p.Text...)
	for _, field := range p.own() {
		s.last = appendName(s.last, *field)
	}
	for _, field := range p.repeated() {
		number, _ := s.words.Add(*field)
		s.last = binary.AppendUvarint(s.last, uint64(number))
	}
	s.rows = append(s.rows, keptRow{strings.Clone(p.ID), int32(len(s.blocks)), int32(at), int32(len(p.Text)), int32(len(s.last) - at)})
	return nil
}

// SortByID sorts the prompts by their ids. Nothing may read them meanwhile, and vectors
// of an array are to be named before ([VectorFile.Name]).
func (s *PromptSet) SortByID() {
	slices.SortStableFunc(s.rows, func(a, b keptRow) int { return cmp.Compare(a.id, b.id) })
}

// Len returns how many prompts there are.
func (s *PromptSet) Len() int { return len(s.rows) }

// ID returns the id of prompt i.
func (s *PromptSet) ID(i int) string { return s.rows[i].id }

// Text returns the text of prompt i.
func (s *PromptSet) Text(i int) Text {
	r := &s.rows[i]
	return Text{from: s, block: r.block, at: r.at, size: r.textSize}
}

// read returns bytes of a block.
func (s *PromptSet) read(block, from, to int32) (string, error) {
	if int(block) == len(s.blocks) && int(to) <= len(s.last) {
		return string(s.last[from:to]), nil
	}
	if int(block) >= len(s.blocks) {
		return "", errors.New("reading prompts back: they were given up")
	}
	b := make([]byte, to-from)
	if err := s.kept.Read(b, s.blocks[block]+int64(from)); err != nil {
		return "", err
	}
	return unsafe.String(unsafe.SliceData(b), len(b)), nil // nobody else has b
}

// At returns prompt i.
func (s *PromptSet) At(i int) (Prompt, error) {
	r := &s.rows[i]
	row, err := s.read(r.block, r.at, r.at+r.fully)
	if err != nil {
		return Prompt{}, err
	}
	return s.prompt(r, row), nil
}

// Each visits the prompts in order, until an error. The next prompt takes the place
// of the last. A visitor that keeps texts copies them, as they are parts of longer
// ones.
func (s *PromptSet) Each(visit func(i int, p *Prompt) error) error {
	return s.each(len(s.rows), func(n int) int { return n }, visit)
}

// EachByID visits the prompts in the order of their ids.
func (s *PromptSet) EachByID(visit func(i int, p *Prompt) error) error {
	order := make([]int32, len(s.rows))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(s.rows[a].id, s.rows[b].id) })
	return s.each(len(order), func(n int) int { return int(order[n]) }, visit)
}

// each visits n prompts, of which number k is row at(k).
func (s *PromptSet) each(n int, at func(k int) int, visit func(i int, p *Prompt) error) error {
	var p Prompt
	for first := 0; first < n; {
		more := inOneBlock(n-first, func(k int) (block, from int32) {
			r := &s.rows[at(first+k)]
			return r.block, r.at
		})
		begin, end := &s.rows[at(first)], &s.rows[at(first+more-1)]
		piece, err := s.read(begin.block, begin.at, end.at+end.fully)
		if err != nil {
			return err
		}
		for k := first; k < first+more; k++ {
			r := &s.rows[at(k)]
			p = s.prompt(r, piece[r.at-begin.at:][:r.fully])
			if err := visit(at(k), &p); err != nil {
				return err
			}
		}
		first += more
	}
	return nil
}

// inOneBlock returns how many of n places, from the first on, can be read in one
// piece: those that stand in the block of the first, one behind the other.
func inOneBlock(n int, place func(k int) (block, at int32)) int {
	block, last := place(0)
	for k := 1; k < n; k++ {
		b, at := place(k)
		if b != block || at <= last {
			return k
		}
		last = at
	}
	return n
}

// prompt returns a prompt out of its row.
func (s *PromptSet) prompt(r *keptRow, row string) Prompt {
	p := Prompt{ID: r.id, Text: row[:r.textSize]}
	row = row[r.textSize:]
	number := func() int {
		v, n := uvarint(row)
		row = row[n:]
		return int(v)
	}
	for _, field := range p.own() {
		size := number()
		*field, row = row[:size], row[size:]
	}
	for _, field := range p.repeated() {
		*field = s.words.Name(number())
	}
	return p
}

// uvarint is [binary.Uvarint] of a text that begins with one.
func uvarint(text string) (v uint64, n int) {
	for {
		b := text[n]
		v |= uint64(b&0x7f) << (7 * n)
		if n++; b < 0x80 {
			return v, n
		}
	}
}

// Close gives the prompts up but for their ids, and removes the temporary file, if
// there is one. It may be called twice, and of nil.
func (s *PromptSet) Close() error {
	if s == nil {
		return nil
	}
	s.blocks, s.last = nil, nil
	return s.kept.Close()
}
