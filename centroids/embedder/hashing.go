package embedder

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/routeproof/routeproof/centroids"
)

const (
	// KindHashing is the identity's kind of [Hashing].
	KindHashing = "hashing"
	// DefaultDims is the default vector length of [Hashing].
	DefaultDims = 1024

	minDims  = 16
	maxDims  = 1 << 16
	maxRunes = 1 << 16 // of a text that are seen
)

// Hashing embeds a text as its hashed bag of word 1–2-grams and character
// 3–5-grams. The definition, for other languages to follow:
//
//  1. Text is a sequence of Unicode code points; an invalid UTF-8 byte counts
//     as U+FFFD. Only the first 65,536 are seen, which bounds memory. No
//     Unicode normalisation is done. Each code point is replaced
//     by its simple lower-case mapping (UnicodeData.txt field 13, Unicode 15;
//     U+0130 gives "i"; no special casing, no final sigma).
//  2. Folded text: every run of White_Space code points becomes one space,
//     those at the ends go; then one space is put before and one behind. Where
//     nothing was left, the text has no vector (all zeros).
//  3. Words are the maximal runs of code points of the general categories L, M
//     and N. Word n-grams are the keys "w" + word and "w" + word + " " + next
//     word, whatever stands between the two.
//  4. Character n-grams are the keys "c" + s for every substring s of 3, 4 or 5
//     code points of the folded text.
//  5. A key's hash is FNV-1a, 64 bits, over its UTF-8 bytes (offset basis
//     0xcbf29ce484222325, prime 0x100000001b3), followed by the finaliser
//     h ^= h>>33; h *= 0xff51afd7ed558ccd; h ^= h>>33; h *= 0xc4ceb9fe1a85ec53;
//     h ^= h>>33, all modulo 2^64. Keys with equal hashes are one key.
//  6. A key that occurs n times adds ±(1 + ln n) to element (h>>1) mod D; the
//     sign is minus where h is odd. Sums are in float64.
//  7. The vector is divided by its Euclidean norm and rounded to float32. Where
//     the norm is zero the text has no vector.
//
// testdata/hashing.py is that definition in Python, and testdata/hashing.json
// what it gives for some texts.
//
// Time is O(length of the text); memory is at most some 20 MiB a processor.
type Hashing struct {
	dims    int
	scratch sync.Pool // *hashScratch
}

// NewHashing returns the embedder with vectors of the given length, from 16 to
// 65,536.
func NewHashing(dims int) (*Hashing, error) {
	if dims < minDims || dims > maxDims {
		return nil, fmt.Errorf("hashing embedder: expected %d to %d dims, found %d", minDims, maxDims, dims)
	}
	return &Hashing{dims: dims}, nil
}

// Identity implements [centroids.Embedder].
func (h *Hashing) Identity() centroids.Identity {
	return centroids.Identity{
		Kind:          KindHashing,
		Model:         "signed-ngrams-1",
		Dims:          h.dims,
		Preprocessing: "max=65536;lower;fold-space;words=1-2;chars=3-5;tf=1+ln;fnv1a64-fmix64;l2",
	}
}

// Embed implements [centroids.Embedder]. It uses all processors; the result
// does not depend on their number.
func (h *Hashing) Embed(ctx context.Context, dst []float32, texts []string) error {
	if len(dst) != len(texts)*h.dims {
		return fmt.Errorf("hashing embedder: expected room for %d texts × %d dims, found %d", len(texts), h.dims, len(dst))
	}
	const textsPerWorker = 16 // below that a goroutine costs more than it saves
	workers := max(1, min(runtime.GOMAXPROCS(0), len(texts)/textsPerWorker))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			s, _ := h.scratch.Get().(*hashScratch)
			if s == nil {
				s = newHashScratch(h.dims)
			}
			for i := w; i < len(texts) && ctx.Err() == nil; i += workers {
				s.embed(dst[i*h.dims:(i+1)*h.dims], texts[i])
			}
			h.scratch.Put(s)
		})
	}
	wg.Wait()
	return ctx.Err()
}

// hashScratch is what embedding one text needs, reused for the next.
type hashScratch struct {
	text  []byte    // lower-cased, folded text with a space at each end
	ends  []int32   // ends[i] is where code point i of text ends, but where each is a byte
	found []uint64  // the hash of each n-gram
	keys  []gram    // distinct ones, in the order of first occurrence
	slots []int32   // open addressing, length a power of two: 1 + the place in keys, 0 where free
	sums  []float64 // by element
	mask  uint64    // of elements, where their number is a power of two
	logs  [256]float64

	folded [256]byte // bytes below [utf8.RuneSelf] in lower case, white space as ' '; others as they are
	inWord [256]bool // is a byte below [utf8.RuneSelf] one of a word
}

// gram counts one key.
type gram struct {
	hash  uint64
	count int32
}

func newHashScratch(dims int) *hashScratch {
	s := &hashScratch{sums: make([]float64, dims)}
	if dims&(dims-1) == 0 {
		s.mask = uint64(dims - 1)
	}
	for n := range s.logs {
		s.logs[n] = 1 + math.Log(float64(n))
	}
	for c := range s.folded {
		s.folded[c] = byte(c)
		if c >= utf8.RuneSelf {
			continue
		}
		s.inWord[c] = inWord(rune(c))
		if isSpace(rune(c)) {
			s.folded[c] = ' '
		} else if 'A' <= c && c <= 'Z' {
			s.folded[c] += 'a' - 'A'
		}
	}
	return s
}

const (
	fnvOffset uint64 = 0xcbf29ce484222325
	fnvPrime  uint64 = 0x100000001b3
)

func fnv(h uint64, b byte) uint64 { return (h ^ uint64(b)) * fnvPrime }

func fmix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (s *hashScratch) embed(dst []float32, text string) {
	s.found = s.found[:0]
	if s.foldBytes(text) {
		s.findByteWords()
		s.findBytes()
	} else {
		s.fold(text)
		s.findWords()
		s.findChars()
	}
	if len(s.text) <= 1 {
		clear(dst)
		return
	}
	s.count()

	clear(s.sums)
	for _, g := range s.keys[1:] {
		weight := s.weight(g.count)
		// The sign without a branch, which would be guessed wrong half the time.
		signed := math.Float64frombits(math.Float64bits(weight) | g.hash<<63)
		s.sums[s.element(g.hash)] += signed
	}
	var square float64
	for _, v := range s.sums {
		square += float64(v * v)
	}
	if square == 0 {
		clear(dst)
		return
	}
	norm := math.Sqrt(square)
	for d, v := range s.sums {
		dst[d] = float32(v / norm)
	}
}

func (s *hashScratch) weight(count int32) float64 {
	if int(count) < len(s.logs) {
		return s.logs[count]
	}
	return 1 + math.Log(float64(count))
}

func (s *hashScratch) element(hash uint64) uint64 {
	if s.mask != 0 {
		return hash >> 1 & s.mask
	}
	return (hash >> 1) % uint64(len(s.sums))
}

// fold fills text and ends. A blank text leaves a single space.
func (s *hashScratch) fold(text string) {
	s.text = append(s.text[:0], ' ')
	s.ends = append(s.ends[:0], 1)
	space, seen := true, 0
	for _, r := range text {
		if seen++; seen > maxRunes {
			break
		}
		switch {
		case isSpace(r):
			if !space {
				s.text = append(s.text, ' ')
				s.ends = append(s.ends, int32(len(s.text)))
			}
			space = true
			continue
		case r < utf8.RuneSelf:
			c := byte(r)
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			s.text = append(s.text, c)
		default:
			s.text = utf8.AppendRune(s.text, unicode.ToLower(r))
		}
		space = false
		s.ends = append(s.ends, int32(len(s.text)))
	}
	if !space {
		s.text = append(s.text, ' ')
		s.ends = append(s.ends, int32(len(s.text)))
	}
}

// foldBytes is fold without ends of a text in which every code point is a byte. Of
// another it returns false.
func (s *hashScratch) foldBytes(text string) bool {
	text = text[:min(len(text), maxRunes)]
	if cap(s.text) < len(text)+2 {
		s.text = make([]byte, len(text)+2)
	}
	out, n := s.text[:len(text)+2], 1
	out[0] = ' '
	for i := range len(text) {
		c := s.folded[text[i]]
		if c >= utf8.RuneSelf {
			return false
		}
		out[n] = c
		if c != ' ' || out[n-1] != ' ' {
			n++
		}
	}
	if out[n-1] != ' ' {
		out[n] = ' '
		n++
	}
	s.text = out[:n]
	return true
}

// isSpace is [unicode.IsSpace].
func isSpace(r rune) bool {
	if r < utf8.RuneSelf {
		return r == ' ' || '\t' <= r && r <= '\r'
	}
	return unicode.IsSpace(r)
}

// count fills keys from what was found.
func (s *hashScratch) count() {
	size := 1024
	for size < 4*len(s.found) {
		size *= 2
	}
	if cap(s.slots) < size {
		s.slots = make([]int32, size)
	}
	s.slots = s.slots[:size]
	clear(s.slots)
	if cap(s.keys) <= len(s.found) {
		s.keys = make([]gram, size)
	}
	keys, slots, mask := s.keys[:len(s.found)+1], s.slots, uint64(size-1)
	n := 1 // so that a place is never 0
	for _, hash := range s.found {
		slot := hash & mask
		for slots[slot] != 0 && keys[slots[slot]].hash != hash {
			slot = (slot + 1) & mask
		}
		if at := slots[slot]; at != 0 {
			keys[at].count++
			continue
		}
		slots[slot], keys[n] = int32(n), gram{hash, 1}
		n++
	}
	s.keys = keys[:n]
}

func (s *hashScratch) findWords() {
	start := fnv(fnvOffset, 'w')
	single, pair := start, uint64(0)
	in, havePair := false, false
	begin := int32(0)
	for _, end := range s.ends {
		if r, _ := utf8.DecodeRune(s.text[begin:end]); inWord(r) {
			in = true
			for _, b := range s.text[begin:end] {
				single = fnv(single, b)
				pair = fnv(pair, b)
			}
		} else if in {
			s.foundWord(single, pair, havePair)
			pair, havePair = fnv(single, ' '), true
			single, in = start, false
		}
		begin = end
	}
}

func (s *hashScratch) foundWord(single, pair uint64, havePair bool) {
	s.found = append(s.found, fmix(single))
	if havePair {
		s.found = append(s.found, fmix(pair))
	}
}

// findByteWords is findWords of a text in which every code point is a byte.
func (s *hashScratch) findByteWords() {
	start := fnv(fnvOffset, 'w')
	single, pair := start, uint64(0)
	in, havePair := false, false
	for _, c := range s.text {
		if s.inWord[c] {
			in = true
			single, pair = fnv(single, c), fnv(pair, c)
		} else if in {
			s.foundWord(single, pair, havePair)
			pair, havePair = fnv(single, ' '), true
			single, in = start, false
		}
	}
}

func (s *hashScratch) findChars() {
	start := fnv(fnvOffset, 'c')
	begin := int32(0)
	for i := range s.ends {
		state, at := start, begin
		for n := 1; n <= 5 && i+n <= len(s.ends); n++ {
			end := s.ends[i+n-1]
			for ; at < end; at++ {
				state = fnv(state, s.text[at])
			}
			if n >= 3 {
				s.found = append(s.found, fmix(state))
			}
		}
		begin = s.ends[i]
	}
}

// findBytes is findChars of a text in which every code point is a byte.
func (s *hashScratch) findBytes() {
	start := fnv(fnvOffset, 'c')
	t := s.text
	for ; len(t) >= 5; t = t[1:] {
		three := fnv(fnv(fnv(start, t[0]), t[1]), t[2])
		four := fnv(three, t[3])
		s.found = append(s.found, fmix(three), fmix(four), fmix(fnv(four, t[4])))
	}
	if len(t) >= 3 {
		three := fnv(fnv(fnv(start, t[0]), t[1]), t[2])
		s.found = append(s.found, fmix(three))
		if len(t) == 4 {
			s.found = append(s.found, fmix(fnv(three, t[3])), fmix(fnv(fnv(fnv(start, t[1]), t[2]), t[3])))
		}
	}
}
