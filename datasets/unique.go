package datasets

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"

	"github.com/routeproof/routeproof/internal/spill"
)

// firsts holds on which line each key was first seen, in some 25 bytes a key. A
// key is known by 88 bits of hashes with seeds that nobody knows, so that chance
// does not make two keys one, and no file can be made to do so.
type firsts struct {
	seeds   [2]maphash.Seed
	slots   []slot       // open addressing
	n       int          // of them taken
	far     spill.Sorter // keys that were taken out of the slots
	spilled bool         // any were
}

// slot is a hash and the rest of another with a line from 1 in its place; both
// are 0 where the slot is free.
type slot struct{ hash, line uint64 }

const lineBits = 40

func newFirsts() *firsts {
	return &firsts{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, slots: make([]slot, 1<<10), far: spill.Sorter{Limit: sortedBytes, What: "names of rows"}}
}

// add returns the line of a key that was seen before. One that was not is noted,
// for which it returns 0.
func (f *firsts) add(key []byte, line int) (first int) {
	hash, rest := maphash.Bytes(f.seeds[0], key), maphash.Bytes(f.seeds[1], key)>>lineBits<<lineBits
	s := f.find(hash, rest)
	if s.line != 0 {
		return int(s.line &^ rest)
	}
	*s = slot{hash, rest | uint64(line)}
	if f.n++; f.n > len(f.slots)/4*3 {
		f.grow()
	}
	return 0
}

// grow doubles a small table, and gives half as much again to a large one.
func (f *firsts) grow() {
	old := f.slots
	f.slots = make([]slot, len(old)+max(len(old)/2, min(len(old), 1<<18)))
	for _, s := range old {
		if s.line != 0 {
			*f.find(s.hash, s.line>>lineBits<<lineBits) = s
		}
	}
}

// find returns the slot of a key, which is free if the key was not seen.
func (f *firsts) find(hash, rest uint64) *slot {
	at, _ := bits.Mul64(hash, uint64(len(f.slots)))
	for {
		s := &f.slots[at]
		if s.line == 0 || s.hash == hash && s.line>>lineBits<<lineBits == rest {
			return s
		}
		if at++; at == uint64(len(f.slots)) {
			at = 0
		}
	}
}

// appendName puts a name behind others of a key, so that other names make another key.
func appendName(key []byte, name string) []byte {
	return append(binary.AppendUvarint(key, uint64(len(name))), name...)
}
