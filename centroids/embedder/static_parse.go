package embedder

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/routeproof/routeproof/datasets"
)

const (
	maxVectorLine = 1 << 20        // bytes of a line without its end
	maxRows       = 1 << 24        // of a file
	maxKept       = int64(1) << 32 // bytes of vectors and words
)

// NewStatic reads the word vectors at path, compressed or not (see
// [datasets.Open]). See [ParseStatic].
func NewStatic(path string) (*Static, error) {
	f, err := datasets.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ParseStatic(f, path)
}

// ParseStatic reads word vectors in the text formats of word2vec and GloVe: a
// line a word, the word first and then D numbers, D from 1 to 65,536, the same
// on every line.
//
//   - Fields stand apart by spaces or tabs; they may also end the line. A byte
//     order mark, CRLF and blank lines at the end are fine. A line has at most
//     1 MiB.
//   - A first line of two fields of digits only is word2vec's header: the number
//     of rows and D. Without one, as in GloVe, D is one less than the fields of
//     the first line.
//   - The last D fields of a line are the numbers, decimal and finite in float32;
//     all before is the word, which may hold spaces. If it does its last part
//     must not be a number, as the line is then one of more than D numbers.
//   - Words are bytes, case and all. Those that are not UTF-8, or that no text
//     can match, take their place in the order; their vectors are checked but
//     not kept.
//
// A file has at most 16,777,216 rows, and the vectors and words that are kept
// at most 4 GiB together (4 bytes an element, and the words' bytes). Memory is
// that and some 150 bytes a word; it does not depend on what the header says.
//
// name stands for the file in messages. An error about the content, compressed
// data that is cut short, and the word2vec binary format too, is a
// [datasets.ContentError] with the first problem and its line.
func ParseStatic(r io.Reader, name string) (*Static, error) {
	p := &vectorParser{name: name, maxRows: maxRows, maxKept: maxKept, index: map[string]int32{}}
	return p.parse(r)
}

// vectorParser reads one file.
type vectorParser struct {
	name    string
	maxRows int
	maxKept int64

	line    int // the number of the current one, from 1
	header  int // rows according to the header; 0 without
	dims    int // 0 until the first line is read
	counts  Vocabulary
	index   map[string]int32
	row     []float32 // the current one
	vectors [][]float32
	ranks   []int32 // of the vectors, from 1
	kept    int64   // bytes of vectors and words
	binary  bool    // line 2 looks like binary vectors; false after it
}

func (p *vectorParser) parse(r io.Reader) (*Static, error) {
	digest := sha256.New()
	// A line that does not fit the buffer is too long.
	in := bufio.NewReaderSize(io.TeeReader(r, digest), maxVectorLine+len("\ufeff\r\n"))
	blank := 0 // the first blank line
	for {
		line, err := p.next(in)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if len(trim(line)) == 0 {
			if blank == 0 {
				blank = p.line
			}
			continue
		}
		if blank > 0 {
			return nil, p.problem(blank, "expected a word and its numbers, found a blank line: take it out")
		}
		if err := p.take(line, in); err != nil {
			return nil, err
		}
	}
	switch {
	case p.counts.Rows == 0 && p.header == 0:
		return nil, p.problem(0, "expected word vectors, found an empty file")
	case p.counts.Rows < p.header:
		return nil, p.problem(1, "the header says %d rows, found %d: fetch the file again, or take the header out if it was shortened on purpose", p.header, p.counts.Rows)
	case p.counts.Words == 0:
		return nil, p.problem(0, "none of the %d words is a run of letters, marks and numbers, so no text has a vector: expected vectors of whole words", p.counts.Rows)
	}
	return &Static{
		dims: p.dims, digest: hex.EncodeToString(digest.Sum(nil)), rows: p.index,
		vectors: p.vectors, weights: sifWeights(p.ranks, p.counts.Rows), vocabulary: p.counts,
	}, nil
}

// next returns the next line without its end, valid until the next call.
func (p *vectorParser) next(in *bufio.Reader) ([]byte, error) {
	p.line++
	p.binary = p.binary && p.line == 2
	line, err := in.ReadSlice('\n')
	var damage *datasets.ContentError
	switch {
	case errors.Is(err, io.EOF) && len(line) > 0:
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, p.tooLong(line)
	case errors.As(err, &damage):
		return nil, p.problem(p.line, "%s", damage.First[0].Reason)
	case errors.Is(err, io.EOF):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	if p.line == 1 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	line = bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
	if len(line) > maxVectorLine {
		return nil, p.tooLong(line)
	}
	return line, nil
}

func (p *vectorParser) tooLong(line []byte) error {
	if p.binary {
		return p.binaryProblem()
	}
	return p.problem(p.line, "line is longer than %d MiB (it begins with %.20q): expected a word and its numbers, each on a line of its own", maxVectorLine>>20, line)
}

// take reads a line that is not blank.
func (p *vectorParser) take(line []byte, in *bufio.Reader) error {
	if p.line > 1 {
		return p.takeRow(line)
	}
	rest, last := cutLast(line)
	before, first := cutLast(rest)
	if len(trim(before)) > 0 || !isDigits(first) || !isDigits(last) {
		if p.dims = countFields(line) - 1; p.dims < 1 || p.dims > maxDims {
			return p.problem(1, "expected a word and 1 to %d numbers, found %d (the line begins with %.20q)", maxDims, p.dims, line)
		}
		p.row = make([]float32, p.dims)
		return p.takeRow(line)
	}
	var err error
	if p.header, err = strconv.Atoi(string(first)); err != nil || p.header < 1 || p.header > p.maxRows {
		return p.problem(1, "expected a header with 1 to %d rows, found %.30q: keep the first, most frequent rows only", p.maxRows, first)
	}
	if p.dims, err = strconv.Atoi(string(last)); err != nil || p.dims < 1 || p.dims > maxDims {
		return p.problem(1, "expected a header with 1 to %d dims, found %.30q", maxDims, last)
	}
	p.row = make([]float32, p.dims)
	// Peek fails only where there is less, and then gives what there is.
	start, _ := in.Peek(min(in.Size(), 256+4*p.dims))
	p.binary = looksBinary(start)
	return nil
}

// takeRow reads a word and its numbers.
func (p *vectorParser) takeRow(line []byte) error {
	rest := line
	for d := p.dims - 1; d >= 0; d-- {
		var field []byte
		var ok bool
		rest, field = cutLast(rest)
		if p.row[d], ok = number(field); !ok {
			return p.badRow(line, d, field)
		}
	}
	word := trim(rest)
	if len(word) == 0 {
		return p.badRow(line, 0, nil)
	}
	if before, last := cutLast(word); len(trim(before)) > 0 {
		if _, ok := number(last); ok {
			return p.problem(p.line, "expected a word and %d numbers (%s), found more: fetch the file again, or correct the first line", p.dims, p.dimsFrom())
		}
	}
	p.counts.Rows++
	switch {
	case p.header > 0 && p.counts.Rows > p.header:
		return p.problem(p.line, "expected the end of the file after the %d rows that the header says, found more: correct the header, or take it out", p.header)
	case p.counts.Rows > p.maxRows:
		return p.problem(p.line, "more than %d rows: keep the first, most frequent ones only", p.maxRows)
	case !utf8.Valid(word):
		p.counts.Invalid++
		return nil
	case !isWord(word):
		p.counts.Unmatched++
		return nil
	}
	if _, twice := p.index[string(word)]; twice {
		p.counts.Repeated++
		return nil
	}
	if p.kept += int64(len(word)) + 4*int64(p.dims); p.kept > p.maxKept {
		return p.problem(p.line, "vectors and words of more than %d MiB: keep the first, most frequent rows only", p.maxKept>>20)
	}
	p.index[string(word)] = int32(p.counts.Words)
	p.counts.Words++
	p.ranks = append(p.ranks, int32(p.counts.Rows))
	p.vectors = append(p.vectors, slices.Clone(p.row))
	return nil
}

// badRow says why a row was refused whose element d is not a number.
func (p *vectorParser) badRow(line []byte, d int, field []byte) error {
	if p.binary {
		return p.binaryProblem()
	}
	if n := countFields(line); n <= p.dims {
		return p.problem(p.line, "expected a word and %d numbers (%s), found %d fields: fetch the file again, or correct the first line", p.dims, p.dimsFrom(), n)
	}
	return p.problem(p.line, "number %d of %d: expected a finite decimal number that fits float32, found %.60q", d+1, p.dims, field)
}

func (p *vectorParser) dimsFrom() string {
	if p.header > 0 {
		return "as the header says"
	}
	return "as many as on line 1"
}

func (p *vectorParser) binaryProblem() error {
	return p.problem(0, "looks like word2vec's binary format: expected text; gensim converts it: "+
		"KeyedVectors.load_word2vec_format(f, binary=True).save_word2vec_format(out)")
}

func (p *vectorParser) problem(line int, format string, args ...any) error {
	problem := datasets.Problem{File: p.name, Line: line, Reason: fmt.Sprintf(format, args...)}
	return &datasets.ContentError{File: p.name, First: []datasets.Problem{problem}, Total: 1}
}
