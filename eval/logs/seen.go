package logs

// Sizes of a generation: it begins with least places and doubles up to most,
// which are at most ¾ full.
const (
	leastPlaces = 1 << 12
	mostPlaces  = 1 << 21
)

// Window is how many of the last keys are remembered at least, where there are
// as many.
const Window = mostPlaces / 4 * 3

// A recent remembers 64-bit keys of the last records in bounded memory: two
// generations of at most [Window] each, of which the older is forgotten when the
// younger is full. The zero value is empty. A key costs O(1).
type recent struct {
	young, old []uint64 // open addressing, 0 is empty
	n          int      // keys in young
}

// add takes in a key, and tells whether it was there.
func (s *recent) add(key uint64) (twice bool) {
	if key == 0 {
		key = 1
	}
	if s.n*4 >= len(s.young)*3 {
		s.grow()
	}
	at := slot(s.young, key)
	if s.young[at] == key {
		return true
	}
	twice = len(s.old) > 0 && s.old[slot(s.old, key)] == key
	s.young[at] = key
	s.n++
	return twice
}

// slot returns where a key stands, or would.
func slot(places []uint64, key uint64) int {
	mask := uint64(len(places) - 1)
	at := key & mask
	for places[at] != 0 && places[at] != key {
		at = (at + 1) & mask
	}
	return int(at)
}

func (s *recent) grow() {
	if len(s.young) == mostPlaces {
		s.young, s.old = s.old, s.young
		if s.young == nil {
			s.young = make([]uint64, mostPlaces)
		}
		clear(s.young)
		s.n = 0
		return
	}
	larger := make([]uint64, max(2*len(s.young), leastPlaces))
	for _, key := range s.young {
		if key != 0 {
			larger[slot(larger, key)] = key
		}
	}
	s.young = larger
}
