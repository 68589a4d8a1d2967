package simulate

import (
	"context"
	"errors"
	"math"
	"math/bits"
	"runtime"
	"sync"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
)

// A Trace is how one policy served some requests. Slices are by request; NaN is
// unknown.
type Trace struct {
	Policy   string
	Models   []policy.Model
	Both     bool // asks two models for every request
	Requests []policy.Request

	// Known tells whether the record says how the request would be served.
	// Where it does not, all else is NaN, and rung is −1.
	Known      []bool
	Rung       []int8    // whose answer was given; −1: nobody's
	Dearest    []int8    // the highest rung that was asked
	Score      []float64 // 0 where nobody answered
	CostUSD    []float64
	FirstToken []float64 // ms
	Latency    []float64 // ms

	Tiers     []TierCounts // by rung
	Exhausted int          // requests with no answer that passed
	NoAnswer  int          // requests with no answer at all
	Agreed    int          // of a parallel policy

	// The weakest origin of the figures that are known.
	CostOrigin, LatencyOrigin eval.Origin
}

// TierCounts says what became of the calls to one model.
type TierCounts struct {
	Asked     int                   // calls
	Served    int                   // answers that were given
	Escalated int                   // calls after which the next model was asked
	Reasons   map[policy.Reason]int // answers not taken, by the first reason; of the last model too
	Groups    int                   // of the requests that it was asked for

	groups groupSet
}

// groupSet is a set of groups, which are numbered from 0 on without large gaps.
type groupSet []uint64

func (s *groupSet) add(group int32) {
	word := int(group) / 64
	if word >= len(*s) {
		*s = append(*s, make(groupSet, word+1-len(*s))...)
	}
	(*s)[word] |= 1 << (group % 64)
}

func (s *groupSet) join(other groupSet) {
	if len(other) > len(*s) {
		*s = append(*s, make(groupSet, len(other)-len(*s))...)
	}
	for i, word := range other {
		(*s)[i] |= word
	}
}

func (s groupSet) len() int {
	n := 0
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// Run serves all requests by a policy. It uses all processors; the result does
// not depend on their number.
func Run(ctx context.Context, name string, p policy.Policy, backend policy.Backend, requests []policy.Request) (*Trace, error) {
	n := len(requests)
	_, both := p.(policy.Parallel)
	t := &Trace{
		Both: both, Requests: requests, Policy: name, Models: backend.Models(), Known: make([]bool, n), Rung: make([]int8, n), Dearest: make([]int8, n),
		Score: make([]float64, n), CostUSD: make([]float64, n), FirstToken: make([]float64, n), Latency: make([]float64, n),
	}
	workers := max(1, min(runtime.GOMAXPROCS(0), n/64))
	parts, errs := make([]*Trace, workers), make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		parts[w] = &Trace{Models: t.Models, Tiers: newTiers(len(t.Models))}
		wg.Go(func() {
			for i := w; i < n && errs[w] == nil; i += workers {
				errs[w] = errors.Join(ctx.Err(), t.serve(ctx, parts[w], i, p, backend, &requests[i]))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	t.Tiers = newTiers(len(t.Models))
	for _, part := range parts {
		t.add(part)
	}
	for i := range t.Tiers {
		tier := &t.Tiers[i]
		tier.Groups, tier.groups = tier.groups.len(), nil
	}
	return t, nil
}

func newTiers(n int) []TierCounts {
	tiers := make([]TierCounts, n)
	for i := range tiers {
		tiers[i] = TierCounts{Reasons: map[policy.Reason]int{}}
	}
	return tiers
}

// serve serves request i, and counts in a part.
func (t *Trace) serve(ctx context.Context, part *Trace, i int, p policy.Policy, backend policy.Backend, request *policy.Request) error {
	nan := math.NaN()
	t.Rung[i], t.Score[i], t.CostUSD[i], t.FirstToken[i], t.Latency[i] = -1, nan, nan, nan, nan
	s, err := p.Serve(ctx, backend, request)
	if errors.Is(err, policy.ErrUnrecorded) {
		return nil
	}
	if err != nil {
		return err
	}
	t.Known[i], t.Rung[i] = true, int8(s.Rung)
	for _, a := range s.Attempts {
		t.Dearest[i] = max(t.Dearest[i], int8(a.Rung))
	}
	if score := s.Score(); score.Known {
		t.Score[i] = score.Value
	}
	t.CostUSD[i] = valueOf(s.CostUSD, &part.CostOrigin)
	t.Latency[i] = valueOf(s.LatencyMS, &part.LatencyOrigin)
	t.FirstToken[i] = valueOf(s.FirstTokenMS, &part.LatencyOrigin)
	part.count(&s, request.Group)
	return nil
}

func valueOf(q eval.Quantity, weakest *eval.Origin) float64 {
	if !q.Known() {
		return math.NaN()
	}
	*weakest = max(*weakest, q.Origin)
	return q.Value
}

func (t *Trace) count(s *policy.Served, group int32) {
	if s.Exhausted {
		t.Exhausted++
	}
	if s.Agreed {
		t.Agreed++
	}
	if s.Rung < 0 {
		t.NoAnswer++
	} else {
		t.Tiers[s.Rung].Served++
	}
	for k, a := range s.Attempts {
		tier := &t.Tiers[a.Rung]
		tier.Asked++
		tier.groups.add(group)
		if a.Reasons == 0 {
			continue
		}
		tier.Reasons[a.Reasons.First()]++
		if k+1 < len(s.Attempts) {
			tier.Escalated++
		}
	}
}

// add adds the counts of a part.
func (t *Trace) add(part *Trace) {
	t.Exhausted += part.Exhausted
	t.NoAnswer += part.NoAnswer
	t.Agreed += part.Agreed
	t.CostOrigin = max(t.CostOrigin, part.CostOrigin)
	t.LatencyOrigin = max(t.LatencyOrigin, part.LatencyOrigin)
	for i := range t.Tiers {
		a, b := &t.Tiers[i], &part.Tiers[i]
		a.Asked += b.Asked
		a.Served += b.Served
		a.Escalated += b.Escalated
		a.groups.join(b.groups)
		for r, n := range b.Reasons {
			a.Reasons[r] += n
		}
	}
}
