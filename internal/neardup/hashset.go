package neardup

import (
	"hash/maphash"
	"math/bits"
	"slices"
)

// hashSet is a set of hashes, none of which is 0. The zero value is empty. A hash takes
// 11 to 16 bytes, and 27 while the set grows.
type hashSet struct {
	seed  maphash.Seed // as the hashes have no key
	slots []uint64     // open addressing; 0 where free
	n     int          // of them taken
}

// add reports whether a hash is new, and puts it in.
func (s *hashSet) add(hash uint64) bool {
	if s.n >= len(s.slots)/4*3 {
		s.grow()
	}
	slot := s.find(hash)
	if *slot == hash {
		return false
	}
	*slot = hash
	s.n++
	return true
}

// find returns the slot of a hash, which is free if the set has it not.
func (s *hashSet) find(hash uint64) *uint64 {
	at, _ := bits.Mul64(maphash.Comparable(s.seed, hash), uint64(len(s.slots)))
	for {
		slot := &s.slots[at]
		if *slot == 0 || *slot == hash {
			return slot
		}
		if at++; at == uint64(len(s.slots)) {
			at = 0
		}
	}
}

func (s *hashSet) grow() {
	old := s.slots
	if old == nil {
		s.seed = maphash.MakeSeed()
	}
	s.slots = make([]uint64, max(16, len(old)+len(old)/2))
	for _, hash := range old {
		if hash != 0 {
			*s.find(hash) = hash
		}
	}
}

// sorted returns the hashes in their order, in place of the set, which is empty then.
func (s *hashSet) sorted() []uint64 {
	hashes := s.slots[:0]
	for _, hash := range s.slots {
		if hash != 0 {
			hashes = append(hashes, hash)
		}
	}
	slices.Sort(hashes)
	*s = hashSet{}
	return hashes
}
