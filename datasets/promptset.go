package datasets

import (
	"encoding/binary"
	"errors"
	"io"
	"sync/atomic"
	"unsafe"

	"github.com/routeproof/routeproof/internal/names"
	"github.com/routeproof/routeproof/internal/spill"
)

const (
	nearRows = 4 << 20  // bytes of rows that a PromptSet keeps in memory
	blockRow = 64 << 10 // bytes of rows that are read back in one piece
)

// A PromptSet is prompts of which memory holds where they are, some 10 bytes a prompt. The
// rows are in memory up to 4 MiB and in a temporary file beyond. It may be read
// concurrently once nothing is added or sorted any more.
type PromptSet struct {
	Summary

	places   []int64     // where each row begins in kept, one behind the other
	size     int64       // bytes of all rows
	words    names.Table // values that rows repeat
	kept     spill.File
	row      []byte // room for one
	last     []byte // the id of the last row
	unsorted bool   // ids are not in order
	lost     atomic.Pointer[error]
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
	row := appendName(appendName(s.row[:0], p.ID), p.Text)
	for _, field := range p.own() {
		row = appendName(row, *field)
	}
	for _, field := range p.repeated() {
		number, _ := s.words.Add(*field)
		row = binary.AppendUvarint(row, uint64(number))
	}
	s.row = row
	if len(s.places) > 0 && p.ID < string(s.last) {
		s.unsorted = true
	}
	s.last = append(s.last[:0], p.ID...)
	return s.append(row)
}

// append keeps a row behind the others.
func (s *PromptSet) append(row []byte) error {
	at, err := s.kept.Append(row)
	if err != nil {
		return err
	}
	s.places, s.size = append(s.places, at), at+int64(len(row))
	return nil
}

// SortByID sorts the prompts by their ids, in time O(n log n), outside of memory unless they are
// so already. Nothing may read them meanwhile, texts are to be taken afterwards, and
// vectors of an array are to be named and joined before ([VectorFile.Name]). After
// an error the prompts are given up.
func (s *PromptSet) SortByID() error {
	if !s.unsorted {
		return nil
	}
	sorter := spill.Sorter{Limit: sortedBytes, What: "prompts"}
	defer sorter.Close()
	if err := s.addByID(&sorter, func(record []byte, _ int, row string) []byte { return append(record, row...) }); err != nil {
		return err
	}
	if err := s.kept.Close(); err != nil { // which the sorter has
		return err
	}
	s.places = s.places[:0]
	for record, err := range sorter.All() {
		if err == nil {
			s.last, record = spill.CutKey(s.last[:0], record)
			err = s.append(record[4:])
		}
		if err != nil {
			return errors.Join(err, s.Close())
		}
	}
	s.unsorted = false
	return nil
}

// addByID adds a record for each row to a sorter, by id and then by number, with
// what more appends.
func (s *PromptSet) addByID(sorter *spill.Sorter, more func(record []byte, i int, row string) []byte) error {
	var id, record []byte
	return s.each(len(s.places), inOrder, make([]byte, blockRow), func(i int, row string) error {
		name, _ := cutName(row)
		id = append(id[:0], name...)
		record = binary.BigEndian.AppendUint32(spill.AppendKey(record[:0], id), uint32(i))
		record = more(record, i, row)
		return sorter.Add(record)
	})
}

// Len returns how many prompts there are.
func (s *PromptSet) Len() int { return len(s.places) }

// ID returns the id of prompt i, to be told. Where it cannot be read back it is
// empty, and whoever reads prompts afterwards gets the error.
func (s *PromptSet) ID(i int) string {
	p, err := s.At(i)
	if err != nil {
		s.lost.Store(&err)
	}
	return p.ID
}

// Text returns the text of prompt i.
func (s *PromptSet) Text(i int) Text { return Text{from: s, row: int32(i)} }

// read returns some rows one behind the other, in room where that is not nil and large
// enough: then they are good until it is used again.
func (s *PromptSet) read(first, n int, room []byte) (string, error) {
	if err := s.lost.Load(); err != nil {
		return "", *err
	}
	size := int(s.end(first+n-1) - s.places[first])
	if cap(room) < size {
		room = make([]byte, size)
	}
	if err := s.kept.Read(room[:size], s.places[first]); err != nil {
		return "", err
	}
	return unsafe.String(unsafe.SliceData(room), size), nil
}

// end is where a row ends.
func (s *PromptSet) end(i int) int64 {
	if i+1 < len(s.places) {
		return s.places[i+1]
	}
	return s.size
}

// At returns prompt i.
func (s *PromptSet) At(i int) (Prompt, error) {
	row, err := s.read(i, 1, nil)
	if err != nil {
		return Prompt{}, err
	}
	return s.prompt(row), nil
}

// Each visits the prompts in order, until an error. The next prompt takes the place
// of the last. A visitor that keeps texts or ids copies them, as they are parts of longer
// ones.
func (s *PromptSet) Each(visit func(i int, p *Prompt) error) error {
	return s.eachPrompt(inOrder, nil, visit)
}

// EachInPlace visits the prompts as Each does, but reads them all to the same place: what
// is a prompt's own, its id, text, group, reference, schema and source, is good until visit
// returns.
func (s *PromptSet) EachInPlace(visit func(i int, p *Prompt) error) error {
	return s.eachPrompt(inOrder, make([]byte, blockRow), visit)
}

func inOrder(k int) int { return k }

// EachByID visits the prompts in the order of their ids, as Each does.
func (s *PromptSet) EachByID(visit func(i int, p *Prompt) error) error {
	if !s.unsorted {
		return s.Each(visit)
	}
	sorter := spill.Sorter{Limit: sortedBytes, What: "ids of prompts"}
	defer sorter.Close()
	if err := s.addByID(&sorter, func(record []byte, _ int, _ string) []byte { return record }); err != nil {
		return err
	}
	order := make([]int32, 0, len(s.places))
	for record, err := range sorter.All() {
		if err != nil {
			return err
		}
		order = append(order, int32(binary.BigEndian.Uint32(record[len(record)-4:])))
	}
	return s.eachPrompt(func(k int) int { return int(order[k]) }, nil, visit)
}

func (s *PromptSet) eachPrompt(at func(k int) int, room []byte, visit func(i int, p *Prompt) error) error {
	var p Prompt
	return s.each(len(s.places), at, room, func(i int, row string) error {
		p = s.prompt(row)
		return visit(i, &p)
	})
}

// each visits n rows, of which number k is row at(k), read as [PromptSet.read] has it.
func (s *PromptSet) each(n int, at func(k int) int, room []byte, visit func(i int, row string) error) error {
	for first := 0; first < n; {
		begin := at(first)
		more := s.together(n-first, func(k int) int { return at(first + k) })
		piece, err := s.read(begin, more, room)
		if err != nil {
			return err
		}
		for i := begin; i < begin+more; i++ {
			if err := visit(i, piece[s.places[i]-s.places[begin]:s.end(i)-s.places[begin]]); err != nil {
				return err
			}
		}
		first += more
	}
	return nil
}

// together returns how many of n rows, from the first on, are read in one piece: those
// that stand one behind the other, and are not long.
func (s *PromptSet) together(n int, at func(k int) int) int {
	first := at(0)
	for k := 1; k < n; k++ {
		if i := at(k); i != first+k || s.end(i)-s.places[first] > blockRow {
			return k
		}
	}
	return n
}

// prompt returns a prompt out of its row.
func (s *PromptSet) prompt(row string) (p Prompt) {
	p.ID, row = cutName(row)
	p.Text, row = cutName(row)
	for _, field := range p.own() {
		*field, row = cutName(row)
	}
	for _, field := range p.repeated() {
		number, n := uvarint(row)
		*field, row = s.words.Name(int(number)), row[n:]
	}
	return p
}

// cutName cuts a name that appendName put there off a text.
func cutName(text string) (name, rest string) {
	size, n := uvarint(text)
	return text[n : n+int(size)], text[n+int(size):]
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

// Close gives the prompts up but for their number, and removes the temporary file, if
// there is one. It may be called twice, and of nil.
func (s *PromptSet) Close() error {
	if s == nil {
		return nil
	}
	return s.kept.Close()
}
