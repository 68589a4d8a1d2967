// Package neardup finds groups of near-duplicate texts, so that a prompt and
// its lightly edited copy are not put on two sides of a split.
//
// Texts are normalised to NFKC, lower-cased, and taken without characters that
// only format (category Cf). A word is a maximal run of letters, marks, numbers
// and symbols (categories L, M, N, S); each Han, kana or Hangul character is a
// word of its own. Two texts are joined where one of these holds:
//
//   - Their words are the same but for where one ends and the next begins, so
//     that "e-mail" is "email". Two numbers, though, stay apart, and whether -,
//     *, / or % stands between them counts. Texts without words are compared as
//     they are, white space folded.
//   - The estimated Jaccard similarity of their sets of rare shingles is at
//     least 0.6. A shingle is 9 code points of the words, with a space between
//     two; a Han, kana or Hangul character counts as three, and has no space
//     next to it. Texts with fewer than 8 rare shingles are not compared so.
//   - Both have at most 24 words and differ in one: replaced, put in or left
//     out. They share at least 5 words in their order, or 10 where a Han, kana
//     or Hangul character is among them. Where more than four different texts
//     share the same words, or more than eight would be joined so, they are
//     instances of a template and this joins none.
//
// Groups are the connected components, so two texts of a group need not be
// similar to each other.
//
// A shingle is rare unless it is in more of the different texts than the
// larger of 20 and a thousandth of them (in a set of under 40, than half of
// them, but at least 5): what many prompts have in common is their template,
// and two questions in one template are no duplicates. Equal texts
// count once, so any number of copies is grouped and makes nothing
// common. But a family of more variants of one text than that looks like a
// template, and what they have in common is left out: so it is counted how many
// texts are over nine tenths common, or share their words with too many. The
// other way round, texts in a template that fewer share are joined, where the
// template is most of each of them. The counters are 2^21 and shared by hash;
// their mean is added to the limit.
//
// The similarity is estimated from 128 MinHash values of 8 bits, with a
// standard error of √(J(1-J)/128), at most 0.044; that 8 bits agree by chance
// adds less than 0.002. Candidates are the texts that agree in one of 32 bands
// of 4 values: 98.8 % of pairs with J = 0.6, and 99.98 % with J = 0.7. Where
// over eight texts share a band, each is compared with eight of them at most. Of
// a text's shingles only the 131,072 with the least hashes are used.
//
// The grouping is the same whatever the order of the texts and the number of
// processors. The hashes have no key: who wants to can write texts that
// collide. By chance, some two different texts out of n count as equal with
// probability n²/2^65.
package neardup

import (
	"cmp"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
)

const (
	// A shingle is common, and left out, in more than a share of 1/commonPart
	// of the texts and more than minCommon.
	minCommon  = 20
	commonPart = 1000
	counters   = 1 << 21 // that the shingles are hashed to
	// maxCount is where a counter stops, and above the largest cutoff.
	maxCount = math.MaxUint16
)

// errOther is the error of a second pass that is not over the texts of the first.
var errOther = errors.New("texts are read twice, and are others now: expected those that were counted")

// A Counter sees all texts once, to learn which shingles are common. It takes
// 4 MiB for each of up to eight processors, which it uses, and 11 to 16 bytes
// for each different text, or 27 for a moment. It is not for concurrent use.
type Counter struct {
	reader
	seen  hashSet // of the texts
	texts int
}

// NewCounter returns a Counter that has seen nothing.
func NewCounter() *Counter { return &Counter{reader: reader{folds: newFoldTable()}} }

// Add counts the shingles of texts, which it does not keep. It takes time
// proportional to their length.
func (c *Counter) Add(texts []string) {
	c.texts += len(texts)
	c.each(texts, func(s *scratch, _ int) {
		c.mu.Lock()
		added := c.seen.add(s.hash)
		c.mu.Unlock()
		if added {
			s.count()
		}
	})
}

// count counts one more text with the shingles of the one read.
func (s *scratch) count() {
	if s.counts == nil {
		s.counts = make([]uint16, counters)
	}
	for _, shingle := range s.shingles() {
		if n := &s.counts[shingle%counters]; *n < maxCount {
			*n++
		}
	}
}

// Finder returns a Finder for the texts that c has seen, which keeps so many bytes
// in memory of what it knows of them. After it, c must not be used.
func (c *Counter) Finder(near int) *Finder {
	f := &Finder{
		reader:   reader{folds: c.folds},
		common:   make([]uint64, counters/64),
		hashes:   c.seen.sorted(),
		sketches: newSketches(near),
		texts:    make([]int32, 0, c.texts),
	}
	f.places = slices.Repeat([]int32{-1}, len(f.hashes))
	var counts []uint16
	for _, s := range c.scratches {
		if counts == nil {
			counts = s.counts
			continue
		}
		for i, n := range s.counts {
			counts[i] = uint16(min(int(counts[i])+int(n), maxCount))
		}
	}
	total := 0
	for _, n := range counts {
		total += int(n)
	}
	n := len(f.hashes)
	cutoff := max(n/commonPart, min(minCommon, max(n/2, 5)))
	cutoff = min(cutoff+total/counters, maxCount-1)
	for i, n := range counts {
		if int(n) > cutoff {
			f.common[i/64] |= 1 << (i % 64)
		}
	}
	return f
}

// A Finder sees all texts a second time and groups them. It takes 15 to 20 bytes for
// each different text, 192 more of those that are kept in memory, and 4 for any other;
// when it groups, 13 for the 11 to 16 of the hashes, and on each processor 8, or up to
// 13 where most texts have some 20 words. It uses up to eight of these, and is not for
// concurrent use.
type Finder struct {
	reader
	common []uint64 // bits: the shingles of this hash are common

	// A different text goes by its rank: how many hashes are less than its own.
	hashes   []uint64       // in order
	places   []int32        // of sketches, in the order in which they came; −1: not yet
	words    [wordParts]int // word keys of each part
	sketches sketches
	texts    []int32 // rank of each text
	err      error   // that adding ended in
}

// Add takes up texts, which it does not keep: in all, those that the Counter
// saw, up to 2^31-1 of them, in any order. It takes time proportional to
// their length.
func (f *Finder) Add(texts []string) {
	first := len(f.texts)
	f.texts = append(f.texts, make([]int32, len(texts))...)
	f.each(texts, func(s *scratch, i int) {
		var to *sketch
		rank, counted := slices.BinarySearch(f.hashes, s.hash)
		f.mu.Lock()
		if !counted {
			f.err = cmp.Or(f.err, errOther)
		} else if f.places[rank] < 0 {
			f.places[rank], to = f.sketches.add()
		}
		f.mu.Unlock()
		f.texts[first+i] = int32(rank)
		if to == nil {
			return
		}
		all := s.shingles()
		to.fill(s, int32(rank), len(all), f.rare(all))
		f.mu.Lock()
		to.wordKeys(func(key uint64) { f.words[key%wordParts]++ })
		f.mu.Unlock()
	})
	if f.err == nil {
		f.err = f.sketches.keep()
	}
}

// rare drops the common shingles, in place.
func (f *Finder) rare(shingles []uint64) []uint64 {
	kept := 0
	for _, shingle := range shingles {
		shingles[kept] = shingle
		i := shingle % counters
		kept += int(^f.common[i/64] >> (i % 64) & 1) // no branch, which would be a coin toss
	}
	return shingles[:kept]
}

// Groups returns, for each text in the order of the calls to [Finder.Add],
// the index of the first text of its group, and how many of the different texts
// are taken for instances of a template. Nothing can be added, nor Groups called, after
// it. It takes O(n log n) steps for n texts, whatever the texts. An error is of the
// temporary file, or that a text was added which the Counter did not see.
func (f *Finder) Groups() (groups []int32, templates int, err error) {
	if f.err != nil {
		return nil, 0, f.err
	}
	f.hashes = nil // their memory is wanted
	j := newJoiner(f)
	if err := j.joinAll(); err != nil {
		return nil, 0, err
	}
	if err := f.sketches.each(make([]sketch, blockLen), func(k *sketch) {
		if k.common {
			j.template.set(k.rank)
		}
	}); err != nil {
		return nil, 0, err
	}
	first := f.places // root → its first text
	for i := range first {
		first[i] = -1
	}
	groups = f.texts
	for i, rank := range groups {
		root := j.all.Root(rank)
		if first[root] < 0 {
			first[root] = int32(i)
		}
		groups[i] = first[root]
	}
	f.places, f.texts = nil, nil
	return groups, j.template.count(), nil
}

// Close removes the temporary file, if there is one. After it, f must not be used.
func (f *Finder) Close() error { return f.sketches.kept.Close() }

// A Folder writes texts so that equal ones are the same.
type Folder struct{ s scratch }

// NewFolder returns a Folder. It is not for concurrent use.
func NewFolder() *Folder { return &Folder{scratch{folds: newFoldTable()}} }

// Fold returns a text normalised and lower-cased, without anything between its
// words, but for a space between two numbers.
func (f *Folder) Fold(text string) string {
	f.s.read(text)
	var b strings.Builder
	units := f.s.units
	for i, r := range units {
		if r == filler || r == ' ' && !(unicode.IsNumber(units[i-1]) && unicode.IsNumber(units[i+1])) {
			continue
		}
		b.WriteRune(r)
	}
	if len(units) == 0 {
		return strings.Join(strings.Fields(text), " ")
	}
	return b.String()
}

// maxWorkers bounds the memory of the workers.
const maxWorkers = 8

// reader is what both passes need to read texts on several processors.
type reader struct {
	folds     *foldTable
	scratches []*scratch // of the workers
	mu        sync.Mutex
}

// each calls do for each text, at once on several, with the text read.
func (r *reader) each(texts []string, do func(s *scratch, i int)) {
	const atOnce = 16 // texts that a worker takes
	workers := max(1, min(runtime.GOMAXPROCS(0), maxWorkers, len(texts)/atOnce))
	for len(r.scratches) < workers {
		r.scratches = append(r.scratches, &scratch{folds: r.folds})
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, s := range r.scratches[:workers] {
		wg.Go(func() {
			for {
				end := int(next.Add(atOnce))
				for i := end - atOnce; i < min(end, len(texts)); i++ {
					s.read(texts[i])
					do(s, i)
				}
				if end >= len(texts) {
					return
				}
			}
		})
	}
	wg.Wait()
}
