package simulate

import (
	"cmp"
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/stats"
)

// A Pair is two models asked at once, at every threshold of agreement.
type Pair struct {
	Cheap     string      `json:"cheap"`
	Dear      string      `json:"dear"`
	N         int         `json:"n"`        // prompts that the dear one was recorded for, with scores
	LeftOut   int         `json:"left_out"` // others
	Compared  int         `json:"compared"` // prompts with a similarity; the others disagree
	Missing   int         `json:"missing"`  // of those, prompts that the cheap one was not recorded for
	Priced    int         `json:"priced"`   // prompts whose cost is known
	Timed     int         `json:"timed"`    // prompts whose latency is known
	Latency50 eval.Number `json:"latency_p50_ms"`
	Latency95 eval.Number `json:"latency_p95_ms"`
	Cost      eval.Origin `json:"cost_origin"` // the weakest
	Latency   eval.Origin `json:"latency_origin"`

	// Errors that the two make together, beside what they would if they erred
	// independently of each other.
	CheapQuality eval.Number `json:"cheap_quality"`
	DearQuality  eval.Number `json:"dear_quality"`
	BothWrong    eval.Number `json:"both_wrong"`
	Independent  eval.Number `json:"both_wrong_if_independent"`
	Dependence   float64     `json:"dependence_p"` // Fisher's exact test of the one being wrong against the other, one request a group; not adjusted

	Points []PairPoint `json:"points"` // by threshold, highest first
}

// A PairPoint is a pair at one threshold.
type PairPoint struct {
	Threshold eval.Number    `json:"threshold"` // null: no two answers agree
	Agreed    int            `json:"agreed"`
	AgreeRate eval.Number    `json:"agree_rate"`
	AgreeCI   [2]eval.Number `json:"agree_rate_ci"` // 95 %, Wilson, of groups
	Quality   eval.Number    `json:"quality"`       // mean
	CostUSD   eval.Number    `json:"cost_usd"`      // mean of a request: both calls and comparing
	False     eval.Number    `json:"false_agreement"`
	FalseCI   [2]eval.Number `json:"false_agreement_ci"` // 95 %, Clopper–Pearson, of groups, one that holds a false agreement counting as wrong
}

// side is what a prompt adds to a pair.
type side struct {
	similarity  float64 // NaN: disagreement at any threshold
	agreed      float64 // quality where they agree
	apart       float64 // and where they do not
	cost        float64 // NaN: unknown
	latency     float64
	cheap, dear float64 // scores
	group       int32
	missing     bool // the cheap one's was not recorded
	costFrom    eval.Origin
	latencyFrom eval.Origin
}

// SweepPairs simulates every pair of the ladder at every distinct similarity.
// A prompt for which the dear one was not recorded, or a score is unknown, is left
// out of the pair; one whose side failed, came too late, or was not recorded
// disagrees. It takes
// O(n log n) for each pair after the similarities.
func SweepPairs(ctx context.Context, agreement policy.Agreement, timeoutMS float64, backend policy.Backend, requests policy.Requests) ([]Pair, error) {
	models := backend.Models()
	var out []Pair
	for dear := range models {
		for cheap := range dear {
			p := policy.Parallel{Cheap: cheap, Dear: dear, Agreement: agreement, TimeoutMS: timeoutMS}
			sides, err := sidesOf(ctx, p, backend, requests)
			if err != nil {
				return nil, err
			}
			pair := sweepPair(sides)
			pair.Cheap, pair.Dear, pair.LeftOut = models[cheap].Name, models[dear].Name, requests.Len()-len(sides)
			out = append(out, pair)
		}
	}
	slices.SortStableFunc(out, func(a, b Pair) int { return cmp.Compare(rungOf(models, a.Cheap), rungOf(models, b.Cheap)) })
	return out, nil
}

func rungOf(models []policy.Model, name string) int {
	return slices.IndexFunc(models, func(m policy.Model) bool { return m.Name == name })
}

// sidesOf serves all requests, with the agreement asked once each.
func sidesOf(ctx context.Context, p policy.Parallel, backend policy.Backend, requests policy.Requests) ([]side, error) {
	all := make([]side, requests.Len())
	keep := make([]bool, requests.Len())
	workers := max(1, min(runtime.GOMAXPROCS(0), requests.Len()/64))
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < requests.Len() && errs[w] == nil; i += workers {
				request := requests.At(i)
				all[i], keep[i], errs[w] = sideOf(ctx, p, backend, &request)
				errs[w] = errors.Join(errs[w], ctx.Err())
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	kept := all[:0]
	for i, s := range all {
		if keep[i] {
			kept = append(kept, s)
		}
	}
	return kept, nil
}

// sideOf serves a request twice, as if the two agreed and as if they did not.
func sideOf(ctx context.Context, p policy.Parallel, backend policy.Backend, request *policy.Request) (side, bool, error) {
	backend, err := policy.AtHand(backend, request, true)
	if err != nil {
		return side{}, false, err
	}
	seen := &remembered{Agreement: p.Agreement, similarity: math.NaN()}
	p.Agreement, p.Threshold = seen, math.Inf(-1)
	together, err := p.Serve(ctx, backend, request)
	if err == nil {
		p.Threshold = math.Inf(1)
		var apart policy.Served
		if apart, err = p.Serve(ctx, backend, request); err == nil {
			return newSide(request.Group, seen.similarity, &together, &apart)
		}
	}
	if errors.Is(err, policy.ErrUnrecorded) {
		err = nil
	}
	return side{}, false, err
}

func newSide(group int32, similarity float64, together, apart *policy.Served) (side, bool, error) {
	a, b := together.Score(), apart.Score()
	cheap, dear := scoreOf(&together.Attempts[0]), scoreOf(&together.Attempts[1])
	s := side{similarity: similarity, agreed: a.Value, apart: b.Value, cost: math.NaN(), latency: math.NaN(), cheap: cheap, dear: dear}
	s.group, s.missing = group, together.Attempts[0].Unrecorded
	s.costFrom, s.latencyFrom = together.CostUSD.Origin, together.LatencyMS.Origin
	if together.CostUSD.Known() {
		s.cost = together.CostUSD.Value
	}
	if together.LatencyMS.Known() {
		s.latency = together.LatencyMS.Value
	}
	return s, a.Known && b.Known && !math.IsNaN(cheap) && !math.IsNaN(dear), nil
}

// scoreOf is the quality of a side's answer: 0 where there is none, NaN where it
// is unknown.
func scoreOf(a *policy.Attempt) float64 {
	switch {
	case a.Reasons.NoAnswer():
		return 0
	case !a.Call.Score.Known:
		return math.NaN()
	}
	return a.Call.Score.Value
}

// remembered asks an agreement once.
type remembered struct {
	policy.Agreement
	asked      bool
	similarity float64
	cost       eval.Quantity
}

func (r *remembered) Similarity(ctx context.Context, cheap, dear string) (float64, eval.Quantity, error) {
	if !r.asked {
		var err error
		if r.similarity, r.cost, err = r.Agreement.Similarity(ctx, cheap, dear); err != nil {
			return 0, r.cost, err
		}
		r.asked = true
	}
	return r.similarity, r.cost, nil
}

// sweepPair goes through the thresholds from the highest: prompts of equal
// similarity come to agree together.
func sweepPair(sides []side) Pair {
	p := Pair{N: len(sides), Dependence: 1}
	if p.N == 0 {
		nan := eval.Number(math.NaN())
		p.Latency50, p.Latency95, p.CheapQuality, p.DearQuality, p.BothWrong, p.Independent = nan, nan, nan, nan, nan, nan
		return p
	}
	var cheap, dear, both, wrongCheap, wrongDear float64
	quality := 0.0
	cost, latencies := 0.0, make([]float64, 0, len(sides))
	var compared []int32 // sides
	var all groupSet
	one := [2][2]int{}
	for i, s := range sides {
		if all.add(s.group) {
			one[count(!right(s.cheap))][count(!right(s.dear))]++
		}
		p.Missing += count(s.missing)
		p.Cost, p.Latency = max(p.Cost, s.costFrom), max(p.Latency, s.latencyFrom)
		cheap, dear, quality = cheap+s.cheap, dear+s.dear, quality+s.apart
		wrongCheap += float64(count(!right(s.cheap)))
		wrongDear += float64(count(!right(s.dear)))
		both += float64(count(!right(s.cheap) && !right(s.dear)))
		if !math.IsNaN(s.cost) {
			p.Priced, cost = p.Priced+1, cost+s.cost
		}
		if !math.IsNaN(s.latency) {
			latencies = append(latencies, s.latency)
		}
		if !math.IsNaN(s.similarity) {
			compared = append(compared, int32(i))
		}
	}
	n := float64(p.N)
	p.Compared = len(compared)
	groups := all.len()
	p.Timed, p.Latency50, p.Latency95 = quantiles(latencies)
	p.Dependence = stats.Fisher(one[1][1], one[1][0], one[0][1], one[0][0])
	p.CheapQuality, p.DearQuality = eval.Number(cheap/n), eval.Number(dear/n)
	p.BothWrong, p.Independent = eval.Number(both/n), eval.Number(wrongCheap/n*wrongDear/n)
	slices.SortStableFunc(compared, func(a, b int32) int { return cmp.Compare(sides[b].similarity, sides[a].similarity) })
	agreed, wrong := 0, 0
	agreedGroups, wrongGroups := 0, 0
	var agreeing, erring groupSet
	point := func(threshold float64) {
		x := PairPoint{
			Threshold: eval.Number(threshold), Agreed: agreed, AgreeRate: eval.Number(float64(agreed) / n), AgreeCI: wilson(float64(agreed)/n, groups),
			Quality: eval.Number(quality / n), CostUSD: eval.Number(cost / float64(p.Priced)), False: eval.Number(float64(wrong) / float64(agreed)),
			FalseCI: [2]eval.Number{eval.Number(math.NaN()), eval.Number(math.NaN())},
		}
		if agreed > 0 {
			i := stats.ClopperPearson(wrongGroups, agreedGroups, confidence)
			x.FalseCI = [2]eval.Number{eval.Number(i.Low), eval.Number(i.High)}
		}
		p.Points = append(p.Points, x)
	}
	point(math.Inf(1))
	for i, at := range compared {
		s := &sides[at]
		agreed++
		agreedGroups += count(agreeing.add(s.group))
		if !right(s.cheap) {
			wrong++
			wrongGroups += count(erring.add(s.group))
		}
		quality += s.agreed - s.apart
		if i+1 == len(compared) || sides[compared[i+1]].similarity != s.similarity {
			point(s.similarity)
		}
	}
	return p
}
