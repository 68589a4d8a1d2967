package embedder

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/routeproof/routeproof/centroids"
)

// KindStatic is the identity's kind of [Static].
const KindStatic = "static"

// sifA is the parameter a of the weights, as Arora et al. chose it.
const sifA = 1e-3

// Static embeds a text as the weighted mean of the vectors that a file of
// word2vec or GloVe vectors gives for its words: the smooth inverse frequency
// of Arora, Liang and Ma (A Simple but Tough-to-Beat Baseline for Sentence
// Embeddings, ICLR 2017), without their removal of a common component. The
// definition, for other languages to follow:
//
//  1. Text is a sequence of Unicode code points; an invalid UTF-8 byte counts
//     as U+FFFD. Only the first 65,536 are seen. No Unicode normalisation is
//     done.
//  2. Words are the maximal runs of code points of the general categories L, M
//     and N (Unicode 15), as in [Hashing]. So "don't" is the words "don" and
//     "t", and an entry of the file with an apostrophe, hyphen, underscore or
//     space in it, such as New_York, is never matched.
//  3. A word is looked up as it is written, and where the file does not have it
//     once more with each code point replaced by its simple lower-case mapping.
//     Words that are not found either way count nothing.
//  4. The file's rows are numbered r = 1 … V in their order, which is taken to be
//     from frequent to rare; every row counts, matched or not. A word that has
//     several rows has the vector and the number of the first.
//  5. By Zipf's law row r has probability p(r) = 1 / (r · H), H being 1 + 1/2 + …
//     + 1/V, and the weight a / (a + p(r)), a = 0.001.
//  6. The text's vector is the sum, over the rows that it matches in the order
//     of the file, of occurrences × weight × the row's vector, in float64. It is
//     divided by its Euclidean norm, which makes the mean of the sum, and
//     rounded to float32. Where the norm is zero the text has no vector (all
//     zeros); the same where nothing was found.
//
// testdata/static.py is that definition in Python. The file's format is in
// [ParseStatic].
//
// Time is O(length of the text + words × dims).
type Static struct {
	dims       int
	digest     string
	rows       map[string]int32 // of vectors and weights
	vectors    [][]float32      // one slice each: a single one needs three times the memory to grow
	weights    []float64
	vocabulary Vocabulary
	scratch    sync.Pool // *staticScratch
}

// A Vocabulary counts the rows of a file of word vectors. Rows is the sum of
// the others.
type Vocabulary struct {
	Rows      int // all
	Words     int // that texts can match
	Repeated  int // with a word that has a row already; the first counts
	Unmatched int // with a word that no text can match, such as "New_York" or ","
	Invalid   int // with a word that is not UTF-8, which no text can match
}

// Vocabulary counts the rows of the file.
func (e *Static) Vocabulary() Vocabulary { return e.vocabulary }

// Identity implements [centroids.Embedder]. The digest is the SHA-256 of the
// file's decompressed bytes in hexadecimal: plain and compressed files of the
// same vectors are the same embedder, wherever they lie.
func (e *Static) Identity() centroids.Identity {
	return centroids.Identity{
		Kind:          KindStatic,
		Model:         "sif-mean-1",
		Dims:          e.dims,
		Preprocessing: "max=65536;words=LMN;lookup=exact,lower;p=zipf-rank;sif=0.001;l2",
		Digest:        e.digest,
	}
}

// Embed implements [centroids.Embedder]. It uses all processors; the result
// does not depend on their number.
func (e *Static) Embed(ctx context.Context, dst []float32, texts []string) error {
	if len(dst) != len(texts)*e.dims {
		return fmt.Errorf("static embedder: expected room for %d texts × %d dims, found %d", len(texts), e.dims, len(dst))
	}
	const textsPerWorker = 16 // below that a goroutine costs more than it saves
	workers := max(1, min(runtime.GOMAXPROCS(0), len(texts)/textsPerWorker))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			s, _ := e.scratch.Get().(*staticScratch)
			if s == nil {
				s = &staticScratch{sums: make([]float64, e.dims)}
			}
			for i := w; i < len(texts) && ctx.Err() == nil; i += workers {
				e.embed(s, dst[i*e.dims:(i+1)*e.dims], texts[i])
			}
			e.scratch.Put(s)
		})
	}
	wg.Wait()
	return ctx.Err()
}

// staticScratch is what embedding one text needs, reused for the next.
type staticScratch struct {
	lower []byte  // the word that is being read, lower-cased
	found []int32 // the row of each word that has one
	sums  []float64
}

func (e *Static) embed(s *staticScratch, dst []float32, text string) {
	e.find(s, text)
	slices.Sort(s.found) // so that the order of words does not change the rounding
	clear(s.sums)
	for i := 0; i < len(s.found); {
		row, count := int(s.found[i]), 0
		for ; i < len(s.found) && int(s.found[i]) == row; i++ {
			count++
		}
		weight := float64(count) * e.weights[row]
		for d, v := range e.vectors[row] {
			s.sums[d] += float64(weight * float64(v)) // the conversion keeps it from being fused
		}
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

// find fills found.
func (e *Static) find(s *staticScratch, text string) {
	s.found, s.lower = s.found[:0], s.lower[:0]
	begin, at := 0, 0
	for n := 0; at < len(text) && n < maxRunes; n++ {
		r, size := utf8.DecodeRuneInString(text[at:])
		length := len(s.lower)
		r = unicode.ToLower(r)
		s.lower = utf8.AppendRune(s.lower, r)
		if !inWord(r) {
			e.lookUp(s, text[begin:at], s.lower[:length])
			s.lower, begin = s.lower[:0], at+size
		}
		at += size
	}
	e.lookUp(s, text[begin:at], s.lower)
}

func (e *Static) lookUp(s *staticScratch, word string, lower []byte) {
	row, ok := e.rows[word]
	if !ok {
		row, ok = e.rows[string(lower)]
	}
	if ok {
		s.found = append(s.found, row)
	}
}

// isWord tells whether a text can have this word.
func isWord(word []byte) bool {
	return bytes.IndexFunc(word, func(r rune) bool { return !inWord(unicode.ToLower(r)) }) < 0
}

// sifWeights returns the weight of each row that is kept. ranks holds their
// numbers in the file, which has v rows in all.
func sifWeights(ranks []int32, v int) []float64 {
	var harmonic float64
	for r := v; r > 0; r-- { // from small to large, for the smallest error
		harmonic += 1 / float64(r)
	}
	weights := make([]float64, len(ranks))
	for i, r := range ranks {
		weights[i] = sifA / (sifA + 1/(float64(r)*harmonic))
	}
	return weights
}
