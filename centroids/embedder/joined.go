package embedder

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/routeproof/routeproof/centroids"
)

// joinedMark is what an identity of [WithStructure] adds to that of its first
// part.
const (
	joinedKind          = "+" + KindStructural
	joinedModel         = "+" + structuralModel
	joinedPreprocessing = "|structural,weight=0.5"
)

// Joined embeds a text as two vectors side by side.
type Joined struct {
	first     centroids.Embedder
	structure *Structural
	parts     sync.Pool // *[]float32, room for the parts of joinedAtOnce texts
}

// joinedAtOnce is how many texts are embedded together.
const joinedAtOnce = 512

// WithStructure returns the embedder whose vectors are those of first followed by
// those of [Structural], each divided by √2: a cosine is the mean of both. Where
// one of the two has no vector, the other is not divided.
func WithStructure(first centroids.Embedder) *Joined {
	return &Joined{first: first, structure: NewStructural()}
}

// First returns the embedder of the first part.
func (e *Joined) First() centroids.Embedder { return e.first }

// Identity implements [centroids.Embedder]. Kind and model are those of the
// parts with a plus sign between; the digest is that of the first.
func (e *Joined) Identity() centroids.Identity {
	id := e.first.Identity()
	id.Kind += joinedKind
	id.Model += joinedModel
	id.Dims += structuralDims
	id.Preprocessing += joinedPreprocessing
	return id
}

// WithoutStructure returns the identity of the first part where id is one of
// [WithStructure], and false where it is not.
func WithoutStructure(id centroids.Identity) (centroids.Identity, bool) {
	var kind, model, preprocessing bool
	id.Kind, kind = strings.CutSuffix(id.Kind, joinedKind)
	id.Model, model = strings.CutSuffix(id.Model, joinedModel)
	id.Preprocessing, preprocessing = strings.CutSuffix(id.Preprocessing, joinedPreprocessing)
	id.Dims -= structuralDims
	return id, kind && model && preprocessing && id.Dims > 0
}

// Embed implements [centroids.Embedder].
func (e *Joined) Embed(ctx context.Context, dst []float32, texts []string) error {
	width := e.first.Identity().Dims
	dims := width + structuralDims
	if len(dst) != len(texts)*dims {
		return fmt.Errorf("joined embedder: expected room for %d texts × %d dims, found %d", len(texts), dims, len(dst))
	}
	room, _ := e.parts.Get().(*[]float32)
	if room == nil {
		room = new(make([]float32, joinedAtOnce*dims))
	}
	defer e.parts.Put(room)
	for at := 0; at < len(texts); at += joinedAtOnce {
		some := texts[at:min(at+joinedAtOnce, len(texts))]
		first, structure := (*room)[:len(some)*width], (*room)[joinedAtOnce*width:][:len(some)*structuralDims]
		if err := e.first.Embed(ctx, first, some); err != nil {
			return err
		}
		if err := e.structure.Embed(ctx, structure, some); err != nil {
			return err
		}
		for i := range some {
			joinParts(dst[(at+i)*dims:(at+i+1)*dims], first[i*width:(i+1)*width], structure[i*structuralDims:(i+1)*structuralDims])
		}
	}
	return ctx.Err()
}

// joinParts puts the parts of a text's vector into row.
func joinParts(row, a, b []float32) {
	scale := float32(math.Sqrt(0.5))
	if isZero(a) || isZero(b) {
		scale = 1
	}
	for d, v := range a {
		row[d] = scale * v
	}
	for d, v := range b {
		row[len(a)+d] = scale * v
	}
}

func isZero(v []float32) bool {
	for _, x := range v {
		if x != 0 {
			return false
		}
	}
	return true
}
