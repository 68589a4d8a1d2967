package neardup

import (
	"math/bits"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	shingleLen = 9 // units
	// maxShingles is how many shingles of a text are used, those with the least
	// hashes: similar texts have similar ones.
	maxShingles = 1 << 17

	// filler is the second and third unit of a wide character, which carries
	// about as much as three letters.
	filler rune = -1
	// nothing is what a code point folds to that only formats, such as a soft
	// hyphen.
	nothing rune = -2

	golden uint64 = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio, odd
)

// fmix is the finaliser of MurmurHash3 (A. Appleby), a bijection.
func fmix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// hashRune adds a code point to a hash, which needs fmix at the end.
func hashRune(h uint64, r rune) uint64 {
	return bits.RotateLeft64((h^uint64(r))*golden, 29)
}

// foldTable holds fold for the alphabets at the start of Unicode, as looking
// up a category takes longer than all else that is done with a letter.
type foldTable [1 << 12]rune

func newFoldTable() *foldTable {
	t := new(foldTable)
	for r := range t {
		t[r] = fold(rune(r))
	}
	return t
}

// fold returns a code point in lower case, 0 for one that only separates, or
// nothing.
func fold(r rune) rune {
	switch {
	case isWide(r):
		return r
	case r == 'ς': // a σ at the end of a word, of which Σ is the capital too
		return 'σ'
	case unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r) || unicode.IsSymbol(r):
		return unicode.ToLower(r)
	case unicode.Is(unicode.Cf, r):
		return nothing
	}
	return 0
}

// isWide reports whether r is a Han, kana or Hangul character: a letter that
// carries as much as several Latin ones, in scripts where spaces do not, or
// not reliably, part words.
func isWide(r rune) bool {
	switch {
	case r < 0x3041:
		return false
	case r <= 0x30fa: // kana, but for marks between its two alphabets
		return r <= 0x3096 || r >= 0x30a1
	case r <= 0x9fff: // Han
		return r >= 0x3400 && r <= 0x4dbf || r >= 0x4e00
	case r <= 0xd7a3: // Hangul
		return r >= 0xac00
	}
	return r >= 0x20000 && r <= 0x323af // more Han
}

// scratch is what reading a text needs, reused for the next.
type scratch struct {
	folds *foldTable

	hash   uint64               // of all words, not 0
	solid  uint64               // of all words as if they were one
	units  []rune               // the words, a space between two that are not wide
	words  [maxWords + 1]uint16 // hashes of the first words
	nwords int                  // how many of these there are
	wide   bool                 // some character is wide

	table []uint64 // open addressing; 0 marks a free slot
	found []uint64 // what is in the table

	counts []uint16 // for a Counter: in how many texts shingles of a hash are
}

// read takes a text apart.
func (s *scratch) read(text string) {
	if !norm.NFKC.IsNormalString(text) {
		text = norm.NFKC.String(text)
	}
	const keep = 1 << 16
	if cap(s.units) < len(text) || cap(s.units) > keep {
		s.units = make([]rune, 0, max(len(text), 1024)) // a wide character has three bytes
	}
	units := s.units[:0]
	s.nwords, s.wide = 0, false
	s.hash = 0
	solid, word, inWord := uint64(0), uint64(0), false
	last, between := rune(0), ' ' // the code point before, and what parts the next from it
	for _, r := range text {
		mark := r
		if uint(r) < uint(len(s.folds)) {
			r = s.folds[r]
		} else {
			r = fold(r)
		}
		if r == nothing {
			continue
		}
		wide := r != 0 && isWide(r)
		if inWord && (r == 0 || wide) {
			s.addWord(word)
			word, inWord = 0, false
		}
		if r == 0 {
			if isOperator(mark) {
				between = mark
			}
			continue
		}
		switch {
		case wide:
			s.addWord(hashRune(0, r))
			s.wide = true
			units = append(units, r, filler, filler)
		case inWord:
			units = append(units, r)
			word = hashRune(word, r)
		default:
			if len(units) > 0 && units[len(units)-1] != filler {
				units = append(units, ' ')
			}
			if unicode.IsNumber(last) && unicode.IsNumber(r) {
				solid = hashRune(solid, between)
				s.hash = hashRune(s.hash, between)
			}
			units = append(units, r)
			word, inWord, between = hashRune(0, r), true, ' '
		}
		solid, last = hashRune(solid, r), r
	}
	if inWord {
		s.addWord(word)
	}
	s.units = units
	if len(units) == 0 {
		s.hash = 1
		for _, r := range strings.Join(strings.Fields(text), " ") {
			s.hash = hashRune(s.hash, r)
		}
		solid = s.hash
	}
	s.hash, s.solid = max(fmix(s.hash), 1), fmix(solid) // 0 marks a free slot
}

// isOperator reports whether a mark between two numbers says what is done with
// them. Others that do are symbols.
func isOperator(r rune) bool { return r == '-' || r == '*' || r == '/' || r == '%' }

func (s *scratch) addWord(hash uint64) {
	hash = fmix(hash)
	s.hash = hashRune(s.hash^hash, 0)
	if s.nwords < len(s.words) {
		s.words[s.nwords] = uint16(hash)
		s.nwords++
	}
}

// shingles returns the hashes of the text's different shingles, of those the
// maxShingles least. The slice holds until the next call.
func (s *scratch) shingles() []uint64 {
	n := len(s.units) - shingleLen + 1
	if n <= 0 {
		return nil
	}
	size := 1 << bits.Len(uint(2*min(n, 2*maxShingles)))
	if len(s.table) < size {
		s.table = make([]uint64, size)
	}
	table, found := s.table[:size], s.found[:0]
	clear(table)
	leaving := uint64(1) // weight of the unit that leaves the window
	for range shingleLen {
		leaving *= golden
	}
	limit, sum := ^uint64(0), uint64(0)
	for i, r := range s.units {
		sum = sum*golden + uint64(r)
		if i >= shingleLen {
			sum -= leaving * uint64(s.units[i-shingleLen])
		}
		if i < shingleLen-1 {
			continue
		}
		hash := max(fmix(sum), 1)
		if hash > limit || !insert(table, hash) {
			continue
		}
		if found = append(found, hash); len(found) == 2*maxShingles {
			found = keepLeast(table, found)
			limit = found[maxShingles-1]
		}
	}
	if len(found) > maxShingles {
		found = keepLeast(table, found)
	}
	s.found = found
	return found
}

// insert puts a hash into the table, unless it is there.
func insert(table []uint64, hash uint64) bool {
	mask := uint64(len(table) - 1)
	slot := hash & mask
	for table[slot] != 0 {
		if table[slot] == hash {
			return false
		}
		slot = (slot + 1) & mask
	}
	table[slot] = hash
	return true
}

// keepLeast drops all but the least maxShingles hashes, and sorts these.
func keepLeast(table, found []uint64) []uint64 {
	slices.Sort(found)
	found = found[:maxShingles]
	clear(table)
	for _, hash := range found {
		insert(table, hash)
	}
	return found
}
