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
				s = &hashScratch{sums: make([]float64, h.dims)}
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
	text  []byte  // lower-cased, folded text with a space at each end
	ends  []int32 // ends[i] is where code point i of text ends
	table []gram  // open addressing, length a power of two
	used  []int32 // occupied slots in the order of first occurrence
	sums  []float64
}

// gram counts one key. A count of 0 marks a free slot.
type gram struct {
	hash  uint64
	count int32
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
	s.fold(text)
	if len(s.ends) <= 1 {
		clear(dst)
		return
	}
	if s.table == nil {
		s.table = make([]gram, 1024)
	}
	s.countWords()
	s.countChars()

	clear(s.sums)
	for _, slot := range s.used {
		g := &s.table[slot]
		weight := 1 + math.Log(float64(g.count))
		if g.hash&1 != 0 {
			weight = -weight
		}
		s.sums[(g.hash>>1)%uint64(len(s.sums))] += weight
		g.count = 0
	}
	s.used = s.used[:0]

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

// fold fills text and ends. A blank text leaves a single space.
func (s *hashScratch) fold(text string) {
	s.text = append(s.text[:0], ' ')
	s.ends = append(s.ends[:0], 1)
	space, seen := true, 0
	for _, r := range text {
		if seen++; seen > maxRunes {
			break
		}
		if unicode.IsSpace(r) {
			if !space {
				s.text = append(s.text, ' ')
				s.ends = append(s.ends, int32(len(s.text)))
			}
			space = true
			continue
		}
		space = false
		s.text = utf8.AppendRune(s.text, unicode.ToLower(r))
		s.ends = append(s.ends, int32(len(s.text)))
	}
	if !space {
		s.text = append(s.text, ' ')
		s.ends = append(s.ends, int32(len(s.text)))
	}
}

// count counts a key, given its hash before the finaliser.
func (s *hashScratch) count(state uint64) {
	hash := fmix(state)
	slot := s.find(hash)
	if g := &s.table[slot]; g.count > 0 {
		g.count++
		return
	}
	s.table[slot] = gram{hash, 1}
	if s.used = append(s.used, int32(slot)); 2*len(s.used) > len(s.table) {
		s.grow()
	}
}

// find returns the slot of a hash, or the free one where it belongs.
func (s *hashScratch) find(hash uint64) uint64 {
	mask := uint64(len(s.table) - 1)
	slot := hash & mask
	for s.table[slot].count > 0 && s.table[slot].hash != hash {
		slot = (slot + 1) & mask
	}
	return slot
}

// grow doubles the table.
func (s *hashScratch) grow() {
	old := s.table
	s.table = make([]gram, 2*len(old))
	for i, slot := range s.used {
		to := s.find(old[slot].hash)
		s.table[to] = old[slot]
		s.used[i] = int32(to)
	}
}

func (s *hashScratch) countWords() {
	start := fnv(fnvOffset, 'w')
	single, pair := start, uint64(0)
	inWord, havePair := false, false
	begin := int32(0)
	for _, end := range s.ends {
		if isWordRune(s.text[begin:end]) {
			inWord = true
			for _, b := range s.text[begin:end] {
				single = fnv(single, b)
				pair = fnv(pair, b)
			}
		} else if inWord {
			s.count(single)
			if havePair {
				s.count(pair)
			}
			pair, havePair = fnv(single, ' '), true
			single, inWord = start, false
		}
		begin = end
	}
}

func isWordRune(b []byte) bool {
	if c := b[0]; c < utf8.RuneSelf {
		return 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
	}
	r, _ := utf8.DecodeRune(b)
	return unicode.In(r, unicode.L, unicode.M, unicode.N)
}

func (s *hashScratch) countChars() {
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
				s.count(state)
			}
		}
		begin = s.ends[i]
	}
}
