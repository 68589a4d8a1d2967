package spill

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"slices"
)

// A Sorter sorts records of bytes that may outgrow memory, by their bytes: Limit
// bytes of them are in memory, and all others in sorted runs of as many in a temporary
// file, which is gone once the Sorter is closed. Adding and reading n records takes
// O(n log n). Reading takes as much memory again, or for each run 4 KiB or its longest record
// where that is more.
type Sorter struct {
	Limit int    // bytes in memory, 24 for each record included
	What  string // is sorted, in messages

	bytes []byte  // of the records in memory
	in    []place // where these are
	file  File
	runs  []int64 // where each ends in file

	sorted bool // in is
}

// place is where a record lies in Sorter.bytes.
type place struct {
	key      uint64 // its first bytes behind those that all have in common
	from, to int
}

const (
	placeBytes  = 24
	leastBuffer = 4 << 10 // of a run that is read
	mostBuffer  = 64 << 10
)

// Add adds a record. Bytes are the caller's again once it returns.
func (s *Sorter) Add(record []byte) error {
	if len(s.in) > 0 && len(s.bytes)+len(record)+(len(s.in)+1)*placeBytes > s.Limit {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.sorted = false
	from := len(s.bytes)
	s.bytes = append(s.bytes, record...)
	s.in = append(s.in, place{from: from, to: len(s.bytes)})
	return nil
}

// spill makes a run of the records in memory.
func (s *Sorter) spill() error {
	s.file.What = s.What
	s.sort()
	for _, at := range s.in {
		if err := s.file.AppendFrame(s.bytes[at.from:at.to]); err != nil {
			return err
		}
	}
	s.runs = append(s.runs, s.file.Len())
	s.bytes, s.in = s.bytes[:0], s.in[:0]
	return nil
}

// sort sorts the records in memory.
func (s *Sorter) sort() {
	if s.sorted || len(s.in) == 0 {
		return
	}
	s.sorted = true
	first := s.bytes[s.in[0].from:s.in[0].to]
	for _, at := range s.in {
		first = first[:inCommon(first, s.bytes[at.from:at.to])]
	}
	common := len(first)
	for i, at := range s.in {
		var key [8]byte
		copy(key[:], s.bytes[at.from+common:at.to])
		s.in[i].key = binary.BigEndian.Uint64(key[:])
	}
	slices.SortFunc(s.in, func(a, b place) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return bytes.Compare(s.bytes[a.from+common:a.to], s.bytes[b.from+common:b.to])
	})
}

// inCommon returns how many bytes two records begin with alike.
func inCommon(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// Sorted returns the records in their order, equal ones included. They may be read
// several times, and at once after the first call; nothing may be added meanwhile.
func (s *Sorter) Sorted() *Sorted {
	s.sort()
	out := &Sorted{}
	from := int64(0)
	buffer := min(mostBuffer, max(leastBuffer, s.Limit/max(1, len(s.runs))))
	for _, end := range s.runs {
		out.heads = append(out.heads, &head{far: s.file.Frames(from, end, buffer)})
		from = end
	}
	if len(s.in) > 0 {
		out.heads = append(out.heads, &head{near: s, left: s.in})
	}
	return out
}

// All visits the records in their order; each is good during its visit. What cannot be
// read is an error, the last thing that is visited. It may be called again.
func (s *Sorter) All() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for records := s.Sorted(); ; {
			record, err := records.Next()
			if errors.Is(err, io.EOF) || !yield(record, err) || err != nil {
				return
			}
		}
	}
}

// Close gives the records up. A Sorter may be closed again.
func (s *Sorter) Close() error {
	s.bytes, s.in, s.runs = nil, nil, nil
	return s.file.Close()
}

// Sorted is the records of a [Sorter].
type Sorted struct {
	heads []*head // a heap by record, once begun
	begun bool
}

// head is where reading a run has come to.
type head struct {
	record []byte
	far    *Frames // nil of records in memory, which are
	near   *Sorter // this one's
	left   []place
}

// Next returns the next record, which is good until Next is called again, or
// [io.EOF] where there is none.
func (s *Sorted) Next() ([]byte, error) {
	if !s.begun {
		if err := s.begin(); err != nil {
			return nil, err
		}
	} else if len(s.heads) > 0 {
		switch err := s.heads[0].next(); {
		case errors.Is(err, io.EOF):
			last := len(s.heads) - 1
			s.heads[0] = s.heads[last]
			s.heads = s.heads[:last]
		case err != nil:
			return nil, err
		}
		s.sink(0)
	}
	if len(s.heads) == 0 {
		return nil, io.EOF
	}
	return s.heads[0].record, nil
}

// begin reads the first record of each run.
func (s *Sorted) begin() error {
	s.begun = true
	for _, h := range s.heads {
		if err := h.next(); err != nil {
			return err
		}
	}
	for i := len(s.heads)/2 - 1; i >= 0; i-- {
		s.sink(i)
	}
	return nil
}

// sink moves a head down until none below it comes before it.
func (s *Sorted) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(s.heads); child++ {
			if bytes.Compare(s.heads[child].record, s.heads[least].record) < 0 {
				least = child
			}
		}
		if least == i {
			return
		}
		s.heads[i], s.heads[least] = s.heads[least], s.heads[i]
		i = least
	}
}

// next goes on to the next record of a run.
func (h *head) next() (err error) {
	switch {
	case h.far != nil:
		h.record, err = h.far.Next()
		return err
	case len(h.left) == 0:
		return io.EOF
	}
	h.record, h.left = h.near.bytes[h.left[0].from:h.left[0].to], h.left[1:]
	return nil
}
