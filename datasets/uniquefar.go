package datasets

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// mostFirsts is how many keys are held in memory.
const mostFirsts = 4 << 20

// runs are keys in a temporary file, by hash within each run.
type runs struct {
	file *os.File // nil where there are none
	ends []int64  // of each run, in bytes
}

const slotBytes = 16

// spill takes all keys out of the slots, into a run.
func (f *firsts) spill() error {
	if f.far.file == nil {
		var err error
		if f.far.file, err = os.CreateTemp("", "routeproof-names-*"); err != nil {
			return fmt.Errorf("names beyond %d are told apart in a temporary file: %w", mostFirsts, err)
		}
		os.Remove(f.far.file.Name()) // at once where the system allows it, else by close
	}
	taken := slices.DeleteFunc(f.slots, func(s slot) bool { return s.line == 0 })
	slices.SortFunc(taken, func(a, b slot) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.line, b.line)) })
	w := bufio.NewWriterSize(f.far.file, 1<<18)
	var bytes [slotBytes]byte
	for _, s := range taken {
		binary.LittleEndian.PutUint64(bytes[:], s.hash)
		binary.LittleEndian.PutUint64(bytes[8:], s.line)
		if _, err := w.Write(bytes[:]); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("names beyond %d are told apart in a temporary file: %w", mostFirsts, err)
	}
	end := int64(len(taken)) * slotBytes
	if n := len(f.far.ends); n > 0 {
		end += f.far.ends[n-1]
	}
	f.far.ends = append(f.far.ends, end)
	clear(f.slots)
	f.n = 0
	return nil
}

// late merges the runs and tells of each line whose key has an earlier one in
// another run, in order of lines, until tell returns false or has been told of so
// many that it must.
func (f *firsts) late(tell func(line, first int) bool) error {
	if f.far.file == nil {
		return nil
	}
	if err := f.spill(); err != nil {
		return err
	}
	var heads []*run
	start := int64(0)
	for _, end := range f.far.ends {
		r := &run{r: bufio.NewReaderSize(io.NewSectionReader(f.far.file, start, end-start), 1<<16)}
		if err := r.next(); err != nil && !errors.Is(err, io.EOF) {
			return err
		} else if err == nil {
			heads = append(heads, r)
		}
		start = end
	}
	type pair struct{ line, first int }
	var pairs []pair
	var before slot
	for len(heads) > 0 && len(pairs) <= maxProblems {
		least := slices.MinFunc(heads, func(a, b *run) int {
			return cmp.Or(cmp.Compare(a.head.hash, b.head.hash), cmp.Compare(a.head.line, b.head.line))
		})
		if s := least.head; s.hash == before.hash && s.line>>lineBits == before.line>>lineBits {
			pairs = append(pairs, pair{s.lineNumber(), before.lineNumber()})
		} else {
			before = s
		}
		if err := least.next(); errors.Is(err, io.EOF) {
			heads = slices.DeleteFunc(heads, func(r *run) bool { return r == least })
		} else if err != nil {
			return err
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.line, b.line) })
	for _, p := range pairs {
		if !tell(p.line, p.first) {
			break
		}
	}
	return nil
}

// run is one that is read from its beginning.
type run struct {
	r    *bufio.Reader
	head slot
}

func (r *run) next() error {
	var bytes [slotBytes]byte
	if _, err := io.ReadFull(r.r, bytes[:]); err != nil {
		return err
	}
	r.head = slot{binary.LittleEndian.Uint64(bytes[:]), binary.LittleEndian.Uint64(bytes[8:])}
	return nil
}

// lineNumber is the line without what else is in its word.
func (s slot) lineNumber() int { return int(s.line & (1<<lineBits - 1)) }

// close removes the temporary file, if there is one.
func (f *firsts) close() {
	if f.far.file != nil {
		f.far.file.Close()
		os.Remove(f.far.file.Name())
	}
}
