package simulate

import (
	"context"
	"errors"
	"math"
	"runtime"
	"sync"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
)

// A Trace is how one policy served some requests. Means are over the requests that
// have the figure; those of nothing are NaN. What each request came to is in a
// temporary file where it is much, until Close.
type Trace struct {
	Policy   string
	Models   []policy.Model
	Both     bool // asks two models for every request
	Requests policy.Requests

	N       int // requests that the record says how to serve
	Scored  int // requests with a quality
	Priced  int // requests whose whole cost is known
	Quality eval.Number
	CostUSD eval.Number // of a request

	Tiers     []TierCounts // by rung
	Exhausted int          // requests with no answer that passed
	NoAnswer  int          // requests with no answer at all
	Agreed    int          // of a parallel policy

	// The weakest origin of the figures that are known.
	CostOrigin, LatencyOrigin eval.Origin

	kept columns // by request
}

// Close gives up what each request came to.
func (t *Trace) Close() error { return t.kept.file.Close() }

// TierCounts says what became of the calls to one model.
type TierCounts struct {
	Asked     int                   // calls
	Served    int                   // answers that were given
	Escalated int                   // calls after which the next model was asked
	Reasons   map[policy.Reason]int // answers not taken, by the first reason; of the last model too
	Groups    float64               // of the requests that it was asked for count for so many, see [stats.EffectiveSize]

	groups groupSizes
}

// A named is a policy with its name.
type named struct {
	name   string
	policy policy.Policy
}

// A runner serves requests by some policies, all of them one request before the
// next, as what was recorded of it is looked up once.
type runner struct {
	policies []named
	texts    bool // they look at the texts of answers
	keep     bool // what each request comes to
	near     int  // bytes of that which are in memory, of each policy

	traces []*Trace
	served []block    // by policy, of the present requests
	counts [][]*Trace // by worker and policy
}

// run returns a trace of each policy.
func (r *runner) run(ctx context.Context, backend policy.Backend, requests policy.Requests) (_ []*Trace, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, CloseAll(r.traces))
		}
	}()
	for _, p := range r.policies {
		_, both := p.policy.(policy.Parallel)
		t := &Trace{Policy: p.name, Models: backend.Models(), Both: both, Requests: requests, kept: newColumns(requests.Len(), r.near)}
		r.traces = append(r.traces, t)
		r.served = append(r.served, newBlock(min(requests.Len(), blockRequests)))
	}
	workers := max(1, min(runtime.GOMAXPROCS(0), requests.Len()/64))
	for range workers {
		r.counts = append(r.counts, make([]*Trace, len(r.policies)))
	}
	for _, counts := range r.counts {
		for k, t := range r.traces {
			counts[k] = &Trace{Models: t.Models, Tiers: newTiers(len(t.Models))}
		}
	}
	sums := make([]sumsOfTrace, len(r.policies))
	room := make([]policy.Request, min(blockRequests, requests.Len()))
	for from := 0; from < requests.Len(); from += blockRequests {
		part := inRoom(room, requests, from)
		if err := r.serve(ctx, backend, part); err != nil {
			return nil, err
		}
		for k, t := range r.traces {
			b := r.served[k].first(len(part))
			sums[k].add(b)
			if r.keep {
				if err := t.kept.put(b); err != nil {
					return nil, err
				}
			}
		}
	}
	for k, t := range r.traces {
		r.finish(k, t, sums[k])
	}
	return r.traces, nil
}

// serve serves some requests by all policies, on all processors.
func (r *runner) serve(ctx context.Context, backend policy.Backend, requests []policy.Request) error {
	workers := len(r.counts)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w * len(requests) / workers; i < (w+1)*len(requests)/workers && errs[w] == nil; i++ {
				errs[w] = errors.Join(ctx.Err(), r.serveOne(ctx, w, i, backend, &requests[i]))
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// serveOne serves request i of the present ones by all policies.
func (r *runner) serveOne(ctx context.Context, worker, i int, backend policy.Backend, request *policy.Request) error {
	backend, err := policy.AtHand(backend, request, r.texts)
	if err != nil {
		return err
	}
	for k, p := range r.policies {
		if err := r.served[k].serve(ctx, r.counts[worker][k], i, p.policy, backend, request); err != nil {
			return err
		}
	}
	return nil
}

// finish adds up trace k.
func (r *runner) finish(k int, t *Trace, sums sumsOfTrace) {
	t.kept.bytes = nil
	t.Scored, t.Priced = sums.scored, sums.priced
	t.Quality, t.CostUSD = eval.Number(sums.score/float64(sums.scored)), eval.Number(sums.cost/float64(sums.priced))
	t.Tiers = newTiers(len(t.Models))
	for _, counts := range r.counts {
		t.add(counts[k])
	}
	for i := range t.Tiers {
		tier := &t.Tiers[i]
		tier.Groups, tier.groups = tier.groups.effective(), groupSizes{}
	}
}

// CloseAll closes traces.
func CloseAll(traces []*Trace) error {
	var errs []error
	for _, t := range traces {
		errs = append(errs, t.Close())
	}
	return errors.Join(errs...)
}

func newTiers(n int) []TierCounts {
	tiers := make([]TierCounts, n)
	for i := range tiers {
		tiers[i] = TierCounts{Reasons: map[policy.Reason]int{}}
	}
	return tiers
}

// serve serves the block's request i, and counts in a part.
func (b *block) serve(ctx context.Context, part *Trace, i int, p policy.Policy, backend policy.Backend, request *policy.Request) error {
	nan := math.NaN()
	b.score[i], b.cost[i], b.firstToken[i], b.latency[i], b.last[i] = nan, nan, nan, nan, false
	s, err := p.Serve(ctx, backend, request)
	if errors.Is(err, policy.ErrUnrecorded) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, a := range s.Attempts {
		b.last[i] = b.last[i] || a.Rung == len(part.Models)-1
	}
	if score := s.Score(); score.Known {
		b.score[i] = score.Value
	}
	b.cost[i] = valueOf(s.CostUSD, &part.CostOrigin)
	b.latency[i] = valueOf(s.LatencyMS, &part.LatencyOrigin)
	b.firstToken[i] = valueOf(s.FirstTokenMS, &part.LatencyOrigin)
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
	t.N++
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
	t.N += part.N
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
		a.groups.join(&b.groups)
		for r, n := range b.Reasons {
			a.Reasons[r] += n
		}
	}
}
