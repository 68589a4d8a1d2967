package simulate

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/stats"
	"github.com/routeproof/routeproof/internal/spill"
)

// A Pair is two models asked at once, at every threshold of agreement, until it is
// closed by [ClosePairs].
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

	Points Points[PairPoint] `json:"points"` // by threshold, highest first; null where n is 0
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
	FalseCI   [2]eval.Number `json:"false_agreement_ci"` // 95 %, Clopper–Pearson, of groups by their effective number
}

// pairPointNumbers is how many numbers a point has.
const pairPointNumbers = 10

func (p PairPoint) row(room []float64) []float64 {
	return append(room, float64(p.Threshold), float64(p.Agreed), float64(p.AgreeRate), float64(p.AgreeCI[0]), float64(p.AgreeCI[1]),
		float64(p.Quality), float64(p.CostUSD), float64(p.False), float64(p.FalseCI[0]), float64(p.FalseCI[1]))
}

// pairPoint makes a point of its row.
func pairPoint(row []float64) PairPoint {
	at := func(i int) eval.Number { return eval.Number(row[i]) }
	return PairPoint{at(0), int(row[1]), at(2), [2]eval.Number{at(3), at(4)}, at(5), at(6), at(7), [2]eval.Number{at(8), at(9)}}
}

// At returns the pair at a threshold, with figures undefined where n is 0.
func (p *Pair) At(threshold float64) (PairPoint, error) {
	nan := eval.Number(math.NaN())
	at := PairPoint{nan, 0, nan, [2]eval.Number{nan, nan}, nan, nan, nan, [2]eval.Number{nan, nan}}
	for x, err := range p.Points.All() {
		if err != nil {
			return at, err
		}
		if float64(x.Threshold) < threshold {
			break
		}
		at = x
	}
	return at, nil
}

// ClosePairs gives the points of pairs up.
func ClosePairs(pairs []Pair) error {
	var errs []error
	for _, p := range pairs {
		errs = append(errs, p.Points.close())
	}
	return errors.Join(errs...)
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
// O(n log n) for each pair after the similarities. Memory does not grow with the
// requests but for a few bits of each: the rest is sorted in temporary files beyond
// some MiB, and so are the points, until the pairs are closed.
func SweepPairs(ctx context.Context, agreement policy.Agreement, timeoutMS float64, backend policy.Backend, requests policy.Requests) ([]Pair, error) {
	return sweepPairs(ctx, agreement, timeoutMS, backend, requests, nearMoves, nearPoints)
}

func sweepPairs(ctx context.Context, agreement policy.Agreement, timeoutMS float64, backend policy.Backend, requests policy.Requests, nearMoves, nearPoints int) (out []Pair, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, ClosePairs(out))
		}
	}()
	models := backend.Models()
	for dear := range models {
		for cheap := range dear {
			out = append(out, Pair{Cheap: models[cheap].Name, Dear: models[dear].Name, Dependence: 1})
			p := policy.Parallel{Cheap: cheap, Dear: dear, Agreement: agreement, TimeoutMS: timeoutMS}
			if err := out[len(out)-1].sweep(ctx, p, backend, requests, nearMoves, nearPoints); err != nil {
				return out, err
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Pair) int { return cmp.Compare(rungOf(models, a.Cheap), rungOf(models, b.Cheap)) })
	return out, nil
}

func rungOf(models []policy.Model, name string) int {
	return slices.IndexFunc(models, func(m policy.Model) bool { return m.Name == name })
}

// eachSide serves all requests on all processors, with the agreement asked once each,
// and visits what is kept of them in their order.
func eachSide(ctx context.Context, p policy.Parallel, backend policy.Backend, requests policy.Requests, use func(s *side) error) error {
	room := make([]policy.Request, min(requests.Len(), blockRequests))
	sides, keep := make([]side, len(room)), make([]bool, len(room))
	workers := max(1, min(runtime.GOMAXPROCS(0), requests.Len()/64))
	errs := make([]error, workers)
	for from := 0; from < requests.Len(); from += blockRequests {
		part := inRoom(room, requests, from)
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := w; i < len(part) && errs[w] == nil; i += workers {
					sides[i], keep[i], errs[w] = sideOf(ctx, p, backend, &part[i])
					errs[w] = errors.Join(errs[w], ctx.Err())
				}
			})
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		for i := range part {
			if !keep[i] {
				continue
			}
			if err := use(&sides[i]); err != nil {
				return err
			}
		}
	}
	return nil
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

// pairSums are sums over the prompts of a pair.
type pairSums struct {
	cheap, dear, both, wrongCheap, wrongDear float64
	quality, cost                            float64 // where no two agree
	groups                                   groupSizes
	one                                      [2][2]int    // groups by whether the sides of their first are wrong
	compared                                 spill.Sorter // prompts with a similarity, the highest first
	latencies                                spill.Sorter
	record                                   []byte
}

func (x *pairSums) close() error { return errors.Join(x.compared.Close(), x.latencies.Close()) }

// sweep serves the requests, then goes through the thresholds.
func (p *Pair) sweep(ctx context.Context, how policy.Parallel, backend policy.Backend, requests policy.Requests, nearMoves, nearPoints int) (err error) {
	x := &pairSums{compared: spill.Sorter{Limit: nearMoves, What: "similarities"}, latencies: spill.Sorter{Limit: nearMoves, What: "latencies"}}
	defer func() { err = errors.Join(err, x.close()) }()
	if err := eachSide(ctx, how, backend, requests, func(s *side) error { return p.add(x, s) }); err != nil {
		return err
	}
	p.LeftOut = requests.Len() - p.N
	n := float64(p.N) // where it is 0, so is what is divided by it, and the figure undefined
	p.CheapQuality, p.DearQuality = eval.Number(x.cheap/n), eval.Number(x.dear/n)
	p.BothWrong, p.Independent = eval.Number(x.both/n), eval.Number(x.wrongCheap/n*x.wrongDear/n)
	if p.Latency50, p.Latency95, err = sortedQuantiles(&x.latencies, p.Timed); err != nil || p.N == 0 {
		return err
	}
	p.Dependence = stats.Fisher(x.one[1][1], x.one[1][0], x.one[0][1], x.one[0][0])
	p.Points = newPoints(pairPointNumbers, nearPoints, PairPoint.row, pairPoint)
	return p.thresholds(x)
}

// add adds a prompt.
func (p *Pair) add(x *pairSums, s *side) error {
	p.N++
	if x.groups.add(s.group) {
		x.one[count(!right(s.cheap))][count(!right(s.dear))]++
	}
	p.Missing += count(s.missing)
	p.Cost, p.Latency = max(p.Cost, s.costFrom), max(p.Latency, s.latencyFrom)
	x.cheap, x.dear, x.quality = x.cheap+s.cheap, x.dear+s.dear, x.quality+s.apart
	x.wrongCheap += float64(count(!right(s.cheap)))
	x.wrongDear += float64(count(!right(s.dear)))
	x.both += float64(count(!right(s.cheap) && !right(s.dear)))
	if !math.IsNaN(s.cost) {
		p.Priced, x.cost = p.Priced+1, x.cost+s.cost
	}
	if !math.IsNaN(s.latency) {
		p.Timed++
		x.record = spill.AppendNumber(x.record[:0], s.latency)
		if err := x.latencies.Add(x.record); err != nil {
			return err
		}
	}
	if math.IsNaN(s.similarity) {
		return nil
	}
	p.Compared++
	x.record = append(spill.AppendNumber(x.record[:0], 0-s.similarity), byte(count(!right(s.cheap)))) // never −0
	x.record = binary.BigEndian.AppendUint32(x.record, uint32(s.group))
	x.record = binary.BigEndian.AppendUint64(x.record, math.Float64bits(s.agreed-s.apart))
	return x.compared.Add(x.record)
}

// falseInterval is that of a share of groups that count for so many, rounded so that it
// holds whatever is between.
func falseInterval(share, groups float64) [2]eval.Number {
	n := max(1, int(groups))
	const rounding = 1e-9
	low := stats.ClopperPearson(int(math.Floor(share*float64(n)+rounding)), n, confidence).Low
	high := stats.ClopperPearson(int(math.Ceil(share*float64(n)-rounding)), n, confidence).High
	return [2]eval.Number{eval.Number(low), eval.Number(high)}
}

// thresholds goes through the thresholds from the highest: prompts of equal
// similarity come to agree together.
func (p *Pair) thresholds(x *pairSums) error {
	n, groups := float64(p.N), x.groups.effective()
	agreed, wrong := 0, 0
	var agreeing groupSizes
	point := func(threshold float64) error {
		at := PairPoint{
			Threshold: eval.Number(threshold), Agreed: agreed, AgreeRate: eval.Number(float64(agreed) / n), AgreeCI: wilson(float64(agreed)/n, groups),
			Quality: eval.Number(x.quality / n), CostUSD: eval.Number(x.cost / float64(p.Priced)), False: eval.Number(float64(wrong) / float64(agreed)),
			FalseCI: [2]eval.Number{eval.Number(math.NaN()), eval.Number(math.NaN())},
		}
		if agreed > 0 {
			at.FalseCI = falseInterval(float64(at.False), agreeing.effective())
		}
		return p.Points.add(at)
	}
	threshold := math.Inf(1) // from which prompts agree up to now
	for record, err := range x.compared.All() {
		if err != nil {
			return err
		}
		if next := 0 - spill.Number(record); next != threshold {
			if err := point(threshold); err != nil {
				return err
			}
			threshold = next
		}
		group := int32(binary.BigEndian.Uint32(record[9:]))
		agreed++
		agreeing.add(group)
		if record[8] != 0 {
			wrong++
		}
		x.quality += math.Float64frombits(binary.BigEndian.Uint64(record[13:]))
	}
	return point(threshold)
}
