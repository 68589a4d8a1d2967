package policy

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
)

// An Agreement compares two responses.
type Agreement interface {
	// Similarity returns how much two responses agree: −1 to 1, NaN where
	// there is nothing to compare, and what comparing costs.
	Similarity(ctx context.Context, cheap, dear string) (float64, eval.Quantity, error)
}

// Parallel asks two models at once. If both answer and their similarity is at
// least Threshold, the cheap one's answer is given, else the dear one's. A side
// that fails or comes too late disagrees; if it is the dear one, the cheap
// one's answer is given, if there is one. So does a cheap side that was not
// recorded, whose cost is unknown then.
//
// The cost is that of both calls and of comparing, the latency that of the
// slower; nothing can be shown before.
type Parallel struct {
	Cheap, Dear int // rungs
	Agreement   Agreement
	Threshold   float64
	TimeoutMS   float64 // 0: none
}

// Serve implements [Policy].
func (p Parallel) Serve(ctx context.Context, backend Backend, request *Request) (Served, error) {
	var sides [2]Call
	var errs [2]error
	done := make(chan struct{})
	go func() {
		defer close(done)
		sides[1], errs[1] = backend.Call(ctx, request, p.Dear)
	}()
	sides[0], errs[0] = backend.Call(ctx, request, p.Cheap)
	<-done
	unrecorded := errors.Is(errs[0], ErrUnrecorded)
	if unrecorded {
		sides[0], errs[0] = Call{Err: errs[0].Error()}, nil
	}
	for _, err := range errs {
		if err != nil {
			return Served{}, err
		}
	}
	checks := Checks{config: ChecksConfig{TimeoutMS: p.TimeoutMS}, phrases: noPhrases}
	s := Served{Rung: -1, Start: p.Cheap, CostUSD: nothing(), LatencyMS: nothing()}
	for i, rung := range []int{p.Cheap, p.Dear} {
		reasons, err := checks.Check(request, &sides[i])
		if err != nil {
			return Served{}, err
		}
		s.Attempts = append(s.Attempts, Attempt{Rung: rung, Call: sides[i], Reasons: reasons})
		s.CostUSD = s.CostUSD.Add(sides[i].CostUSD)
		s.LatencyMS = slower(s.LatencyMS, checks.wait(&sides[i], reasons))
	}
	s.Attempts[0].Unrecorded = unrecorded
	agree, err := p.agree(ctx, &s)
	if err != nil {
		return Served{}, err
	}
	hasCheap, hasDear := !s.Attempts[0].Reasons.NoAnswer(), !s.Attempts[1].Reasons.NoAnswer()
	switch {
	case agree:
		s.Rung, s.Agreed = p.Cheap, true
	case hasDear:
		s.Rung, s.Escalated = p.Dear, true
	case hasCheap:
		s.Rung = p.Cheap
	default:
		s.Exhausted = true
	}
	if s.Rung >= 0 {
		s.FirstTokenMS = s.LatencyMS
	}
	return s, nil
}

// agree compares the sides, and adds what that costs.
func (p Parallel) agree(ctx context.Context, s *Served) (bool, error) {
	var texts [2]string
	for i, side := range s.Attempts {
		if side.Reasons.NoAnswer() {
			return false, nil
		}
		if !side.Call.Response.Known {
			return false, fmt.Errorf("%w: the text of an answer", ErrUnrecorded)
		}
		var err error
		if texts[i], err = side.Call.Response.Read(); err != nil {
			return false, err
		}
	}
	similarity, cost, err := p.Agreement.Similarity(ctx, texts[0], texts[1])
	if err != nil {
		return false, err
	}
	s.CostUSD = s.CostUSD.Add(cost)
	return similarity >= p.Threshold, nil // never where it is NaN
}

// noPhrases are those of Parallel, which reads no text.
var noPhrases = newPhrases(nil)

func slower(a, b eval.Quantity) eval.Quantity {
	if !a.Known() || !b.Known() {
		return eval.Quantity{}
	}
	return eval.Quantity{Value: max(a.Value, b.Value), Origin: max(a.Origin, b.Origin)}
}

// SameAnswer is an agreement of final answers: 1 where they are the same, else
// 0; NaN where one is missing. It costs nothing.
type SameAnswer struct{ Answer Answer }

// Similarity implements [Agreement].
func (a SameAnswer) Similarity(_ context.Context, cheap, dear string) (float64, eval.Quantity, error) {
	x, okX := a.Answer.Of(cheap)
	y, okY := a.Answer.Of(dear)
	switch {
	case !okX || !okY:
		return math.NaN(), nothing(), nil
	case x == y:
		return 1, nothing(), nil
	}
	return 0, nothing(), nil
}

// Cosine is an agreement by the cosine of the responses' vectors; NaN where one
// has none.
type Cosine struct {
	Embedder centroids.Embedder
	// PerM is what embedding costs, in USD per million tokens, which Count
	// counts; nil costs nothing, as local embedders do, or an unknown amount
	// where the embedder is remote.
	PerM   *float64
	Count  func(text string) (int, error)
	Remote bool
}

// Similarity implements [Agreement].
func (c Cosine) Similarity(ctx context.Context, cheap, dear string) (float64, eval.Quantity, error) {
	cost := nothing()
	if c.Remote {
		cost = eval.Quantity{}
	}
	if c.PerM != nil {
		tokens := 0
		for _, text := range []string{cheap, dear} {
			n, err := c.Count(text)
			if err != nil {
				return 0, cost, err
			}
			tokens += n
		}
		cost = computed(float64(tokens) * *c.PerM / 1e6)
	}
	dims := c.Embedder.Identity().Dims
	p := pairs.Get().(*pair)
	defer pairs.Put(p)
	p.texts = [2]string{cheap, dear}
	defer clear(p.texts[:])
	p.vectors = slices.Grow(p.vectors[:0], 2*dims)[:2*dims]
	if err := c.Embedder.Embed(ctx, p.vectors, p.texts[:]); err != nil {
		return 0, cost, err
	}
	x, y := p.vectors[:dims], p.vectors[dims:]
	isZero := func(v []float32) bool { return !slices.ContainsFunc(v, func(x float32) bool { return x != 0 }) }
	switch {
	case isZero(x) || isZero(y):
		return math.NaN(), cost, nil
	case slices.Equal(x, y): // whose norm is 1 but for rounding
		return 1, cost, nil
	}
	return centroids.Cosine(x, y), cost, nil
}

// A pair is the room for one comparison, which comes back into use.
type pair struct {
	texts   [2]string
	vectors []float32
}

var pairs = sync.Pool{New: func() any { return new(pair) }}
