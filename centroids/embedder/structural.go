package embedder

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"github.com/routeproof/routeproof/centroids"
)

// KindStructural is the identity's kind of [Structural].
const KindStructural = "structural"

// structuralModel names this definition, its lexicons and its scales. It changes
// with any of them.
const structuralModel = "structural-1"

// structuralDims is how many features there are.
const structuralDims = 61

//go:embed structural.txt
var structuralText string

// Structural embeds a text by how it is built rather than by what it is about:
// its length and layout, the form of its question, its digits, symbols and code,
// and how many of its words ask for one step of work, for several, or for work
// without a recipe. The words are English ones; of texts in other languages it
// sees the rest. The definition, for other languages to follow:
//
//  1. Text is a sequence of Unicode code points; an invalid UTF-8 byte counts as
//     U+FFFD. Only the first 65,536 are seen. A text of White_Space code points
//     alone has no vector (all zeros). Categories are those of Unicode 15.
//  2. Words are the maximal runs of code points of the general categories L, M
//     and N, each code point replaced by its simple lower-case mapping. Lines are
//     cut at U+000A; paragraphs are maximal runs of lines that are not blank, and
//     as long as these without the white space at their ends.
//  3. log(n) is ln(1 + n). The features are, in this order: log of the code
//     points, and its square; log of the words, of the lines that are not blank,
//     of the paragraphs, of the length of the first paragraph and of the last, of
//     the marks that end sentences (. ! ? and their full-width forms); log of
//     words / (1 + those marks); code points a word, at most 12; log of the words
//     of 8 code points or more, and their share; the share of distinct words.
//  4. Whether the last code point is a question mark; log of the question marks;
//     whether one stands in the first line that is not blank; whether the first
//     word that is not in the lexicon "polite" is in "what", in "why", in
//     "auxiliary", in "imperative".
//  5. The share of category Nd; log of the maximal runs of category N; the share of
//     P and S, of Lu, of code points beyond ASCII; log of the commas, of the colons
//     and semicolons, of the double quotation marks, of the opening parentheses, of
//     the lines that begin like a list's; log of the marks {}<>=_\`|#[]; log of the
//     words with an upper-case letter behind a lower-case one; log of Sm and * / ^;
//     log of Sc and %; whether the first code point is in upper case.
//  6. For each lexicon from "recall" on: log of how many words, and pairs of
//     neighbouring words, are in it; of six, that number by words, at most 1; of
//     six, whether one is among the first twelve words.
//  7. Each feature less its mean, over its deviation, cut to −3 … 3, all divided by
//     their Euclidean norm. Lexicons, means and deviations stand in structural.txt.
//
// testdata/structural.py is that definition in Python.
//
// Time is O(length of the text).
type Structural struct {
	words   map[string]lexicon // of one word
	pairs   map[string]lexicon // of two, with a space between
	mean    []float64
	inverse []float64 // of the standard deviations
	scratch sync.Pool // *structuralScratch
}

// lexicon is a set of lexicons, a bit each.
type lexicon uint32

// lexiconNames are the lexicons by bit. Those from firstCounted on are counted.
var lexiconNames = [...]string{
	"polite", "what", "why", "auxiliary", "imperative",
	"recall", "choose", "extract", "compose", "reason", "code", "open", "constraint", "logic", "brief", "long", "we", "i", "you",
}

const (
	lexPolite lexicon = 1 << iota
	lexWhat
	lexWhy
	lexAuxiliary
	lexImperative
	lexRecall
	lexChoose
	lexExtract
	lexCompose
	lexReason
	lexCode
	lexOpen
	lexConstraint
	lexLogic
)

const (
	firstCounted = 5
	withShare    = lexRecall | lexCompose | lexReason | lexOpen | lexConstraint | lexLogic
	withFirst    = lexRecall | lexChoose | lexExtract | lexCompose | lexReason | lexOpen
	headWords    = 12
)

// NewStructural returns the embedder.
func NewStructural() *Structural {
	e, err := parseStructural(structuralText)
	if err != nil {
		panic("embedder: structural.txt: " + err.Error())
	}
	return e
}

func parseStructural(text string) (*Structural, error) {
	e := &Structural{words: map[string]lexicon{}, pairs: map[string]lexicon{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		kind, rest, _ := strings.Cut(line, " ")
		name, rest, _ := strings.Cut(rest, " ")
		var err error
		switch kind {
		case "lexicon":
			err = e.addLexicon(name, rest)
		case "scale":
			err = e.addScale(rest)
		default:
			err = fmt.Errorf("expected lexicon or scale")
		}
		if err != nil {
			return nil, fmt.Errorf("line %q: %w", line, err)
		}
	}
	if len(e.mean) != structuralDims {
		return nil, fmt.Errorf("expected %d scales, found %d", structuralDims, len(e.mean))
	}
	return e, nil
}

func (e *Structural) addLexicon(name, entries string) error {
	for bit, known := range lexiconNames {
		if known != name {
			continue
		}
		for entry := range strings.SplitSeq(entries, ",") {
			entry = strings.TrimSpace(entry)
			into := e.words
			if strings.Contains(entry, " ") {
				into = e.pairs
			}
			into[entry] |= 1 << bit
		}
		return nil
	}
	return fmt.Errorf("unknown lexicon %q", name)
}

func (e *Structural) addScale(figures string) error {
	mean, deviation, _ := strings.Cut(figures, " ")
	m, err := strconv.ParseFloat(mean, 64)
	if err != nil {
		return err
	}
	d, err := strconv.ParseFloat(deviation, 64)
	if err != nil || !(d > 0) {
		return fmt.Errorf("expected a mean and a deviation over 0")
	}
	e.mean, e.inverse = append(e.mean, m), append(e.inverse, 1/d)
	return nil
}

// Identity implements [centroids.Embedder].
func (e *Structural) Identity() centroids.Identity {
	return centroids.Identity{
		Kind: KindStructural, Model: structuralModel, Dims: structuralDims,
		Preprocessing: "max=65536;lower;words=LMN;clip=3;l2",
	}
}

// Embed implements [centroids.Embedder]. It uses all processors; the result
// does not depend on their number.
func (e *Structural) Embed(ctx context.Context, dst []float32, texts []string) error {
	if len(dst) != len(texts)*structuralDims {
		return fmt.Errorf("structural embedder: expected room for %d texts × %d dims, found %d", len(texts), structuralDims, len(dst))
	}
	const textsPerWorker = 64 // below that a goroutine costs more than it saves
	workers := max(1, min(runtime.GOMAXPROCS(0), len(texts)/textsPerWorker))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			s, _ := e.scratch.Get().(*structuralScratch)
			if s == nil {
				s = &structuralScratch{distinct: map[uint64]struct{}{}}
			}
			for i := w; i < len(texts) && ctx.Err() == nil; i += workers {
				e.embed(s, dst[i*structuralDims:(i+1)*structuralDims], texts[i])
			}
			e.scratch.Put(s)
		})
	}
	wg.Wait()
	return ctx.Err()
}

func (e *Structural) embed(s *structuralScratch, dst []float32, text string) {
	if !e.scan(s, text) {
		clear(dst)
		return
	}
	var square float64
	for i, v := range s.features {
		v = min(3, max(-3, float64((v-e.mean[i])*e.inverse[i])))
		s.features[i] = v
		square += float64(v * v)
	}
	norm := math.Sqrt(square) // 0 would need every feature at its mean
	for i, v := range s.features {
		dst[i] = float32(v / norm)
	}
}
