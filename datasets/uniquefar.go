package datasets

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// mostFirsts is how many keys are held in memory.
const mostFirsts = 1 << 20

const (
	sortedBytes = 8 << 20 // of keys beyond, that are sorted at once
	slotBytes   = 16
)

// spill takes all keys out of the slots, to be sorted by hash, then by line.
func (f *firsts) spill() error {
	f.spilled = true
	var record [slotBytes]byte
	for i, s := range f.slots {
		if s.line == 0 {
			continue
		}
		binary.BigEndian.PutUint64(record[:], s.hash)
		binary.BigEndian.PutUint64(record[8:], s.line)
		if err := f.far.Add(record[:]); err != nil {
			return err
		}
		f.slots[i] = slot{}
	}
	f.n = 0
	return nil
}

// late tells of each line whose key has an earlier one that was taken out of the slots
// before, in order of lines, until tell returns false or has been told of so
// many that it must.
func (f *firsts) late(tell func(line, first int) bool) error {
	if !f.spilled {
		return nil
	}
	if err := f.spill(); err != nil {
		return err
	}
	type pair struct{ line, first int }
	var pairs []pair
	var before slot
	for record, err := range f.far.All() {
		if err != nil {
			return err
		}
		if len(pairs) > maxProblems {
			break
		}
		s := slot{binary.BigEndian.Uint64(record), binary.BigEndian.Uint64(record[8:])}
		if s.hash == before.hash && s.line>>lineBits == before.line>>lineBits {
			pairs = append(pairs, pair{s.lineNumber(), before.lineNumber()})
		} else {
			before = s
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

func (s slot) lineNumber() int { return int(s.line & (1<<lineBits - 1)) }

// close gives up the keys that were taken out of the slots.
func (f *firsts) close() error { return f.far.Close() }
