package embedder

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"
	"math/bits"
	"runtime"
	"strings"
	"sync"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/wording"
)

const (
	// KindRecorded is the identity's kind of vectors of which no more is
	// known than a name of what made them.
	KindRecorded = "recorded"
	// IdentityKey is the metadata entry in which a Parquet file of vectors
	// holds the identity of what made them, as JSON.
	IdentityKey = "routeproof.embedder"

	// sameVector is how far an element may differ between the vectors of one
	// text: the noise of remote models.
	sameVector = 1e-4
)

// Recorded gives the vectors that another embedder made of certain prompts, and
// fails on any other text: it is a [centroids.Lookup].
//
//  1. A vector is divided by its Euclidean norm, as [datasets.Unit] does.
//     All zeros mean that the text has no vector.
//  2. A blank text has no vector, whatever is recorded for it.
//  3. Prompts of equal text have equal vectors: no element differs by more than
//     1e-4. That of the prompt with the smallest id is given.
type Recorded struct {
	identity centroids.Identity
	seeds    [2]maphash.Seed
	slots    []textSlot // of texts, open addressing
	file     *datasets.VectorFile
}

// textSlot is a text with its row in the file. 96 bits of hashes of seeds that nobody knows
// stand for the text, so that chance does not make two texts one, and no texts can be
// made to be.
type textSlot struct {
	hash uint64
	rest uint32
	row  int32 // and 1; 0 where the slot is free
}

// NewRecorded joins prompts, those that are wanted, with the vectors of their ids,
// which identity made; vectors of other ids are passed over. The file must not be
// closed while the embedder is in use. name stands for it in messages.
//
// A prompt without a vector, vectors of another length than the identity's, and
// equal texts with different vectors are a [datasets.ContentError]; each is
// told of every problem, unless it is nil.
func NewRecorded(identity centroids.Identity, prompts *datasets.PromptSet, wanted func(*datasets.Prompt) bool, file *datasets.VectorFile, name string, each func(datasets.Problem)) (*Recorded, error) {
	p := joinProblems{ContentError: datasets.ContentError{File: name}, each: each}
	if identity.Dims != file.Dims {
		p.add("embedding", "expected vectors of %d numbers, as the embedder's identity says, found %d", identity.Dims, file.Dims)
		return nil, &p.ContentError
	}
	r := &Recorded{identity: identity, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, file: file}
	r.slots = make([]textSlot, min(prompts.Len(), file.Len())/3*4+4)
	one, two := make([]float32, file.Dims), make([]float32, file.Dims)
	err := file.Join(prompts, func(prompt *datasets.Prompt, row int) error {
		if !wanted(prompt) || isBlank(prompt.Text) {
			return nil
		}
		if row < 0 {
			p.add("id", "no vector for prompt %s: embed it too, or take it out of the prompts", wording.Quote(prompt.ID))
			return nil
		}
		hash, rest := r.hashes(prompt.Text)
		slot := r.find(hash, rest)
		if slot.row == 0 {
			*slot = textSlot{hash, rest, int32(row) + 1}
			return nil
		}
		other := int(slot.row) - 1
		if err := errors.Join(file.Vector(row, one), file.Vector(other, two)); err != nil {
			return err
		}
		if d := distance(one, two); !(d <= sameVector) {
			p.add("embedding", "prompts %s and %s have the same text, but elements of their vectors differ by up to %.2g: embed both with the same model and settings",
				wording.Quote(file.ID(other)), wording.Quote(prompt.ID), d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if p.Total > 0 {
		return nil, &p.ContentError
	}
	return r, nil
}

// hashes stand for a text.
func (r *Recorded) hashes(text string) (hash uint64, rest uint32) {
	return maphash.String(r.seeds[0], text), uint32(maphash.String(r.seeds[1], text))
}

// find returns the slot of a text, which is free if the text is not known.
func (r *Recorded) find(hash uint64, rest uint32) *textSlot {
	at, _ := bits.Mul64(hash, uint64(len(r.slots)))
	for {
		s := &r.slots[at]
		if s.row == 0 || s.hash == hash && s.rest == rest {
			return s
		}
		if at++; at == uint64(len(r.slots)) {
			at = 0
		}
	}
}

// Identity implements [centroids.Embedder].
func (r *Recorded) Identity() centroids.Identity { return r.identity }

// Knows implements [centroids.Lookup].
func (r *Recorded) Knows(text string) bool {
	return r.find(r.hashes(text)).row != 0 || isBlank(text)
}

// Embed implements [centroids.Embedder]. It uses all processors.
func (r *Recorded) Embed(ctx context.Context, dst []float32, texts []string) error {
	dims := r.identity.Dims
	if len(dst) != len(texts)*dims {
		return fmt.Errorf("recorded embedder: expected room for %d texts × %d dims, found %d", len(texts), dims, len(dst))
	}
	workers := max(1, min(runtime.GOMAXPROCS(0), len(texts)/64))
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(texts) && errs[w] == nil; i += workers {
				errs[w] = r.embed(dst[i*dims:(i+1)*dims], texts[i])
			}
		})
	}
	wg.Wait()
	if err := cmp.Or(errs...); err != nil {
		return err
	}
	return ctx.Err()
}

func (r *Recorded) embed(dst []float32, text string) error {
	if isBlank(text) {
		clear(dst)
		return nil
	}
	slot := r.find(r.hashes(text))
	if slot.row == 0 {
		return fmt.Errorf("recorded embedder: no vector is recorded for the text %s", wording.Quote(text))
	}
	return r.file.Vector(int(slot.row)-1, dst)
}

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }

// distance is the largest difference of an element.
func distance(a, b []float32) float64 {
	var largest float64
	for d := range a {
		largest = max(largest, math.Abs(float64(a[d])-float64(b[d])))
	}
	return largest
}

// joinProblems collects what is wrong between prompts and vectors.
type joinProblems struct {
	datasets.ContentError
	each func(datasets.Problem)
}

func (p *joinProblems) add(field, format string, args ...any) {
	problem := datasets.Problem{File: p.File, Field: field, Reason: fmt.Sprintf(format, args...)}
	if p.Total++; len(p.First) < datasets.ShownProblems {
		p.First = append(p.First, problem)
	}
	if p.each != nil {
		p.each(problem)
	}
}

// IdentityOf returns the identity that a file of vectors says made them, and
// false where it says none. name stands for the file in messages. What is not
// an identity is a [datasets.ContentError], and each is told, unless it is nil.
func IdentityOf(file *datasets.VectorFile, name string, each func(datasets.Problem)) (centroids.Identity, bool, error) {
	text := file.Metadata(IdentityKey)
	if text == "" {
		return centroids.Identity{}, false, nil
	}
	var id centroids.Identity
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	dec.DisallowUnknownFields() // it may change what the others mean
	err := dec.Decode(&id)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one JSON value")
		} else {
			err = id.Valid()
		}
	}
	if err != nil {
		p := joinProblems{ContentError: datasets.ContentError{File: name}, each: each}
		p.add("", "metadata %s: expected an embedder's identity as JSON, with kind, model, dims, preprocessing and perhaps digest: %v", IdentityKey, err)
		return centroids.Identity{}, false, &p.ContentError
	}
	return id, true, nil
}
