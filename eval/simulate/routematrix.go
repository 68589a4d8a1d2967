package simulate

import (
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
	"github.com/routeproof/routeproof/eval/policy"
)

// matrix is qualities, costs and latencies by model and request.
type matrix struct {
	quality       [][]float64
	cost, latency figures
	scores        [][]float64 // by router
	group         []int
	groups        int
	keys          []string      // of groups: their least id
	singles       []curve.Point // each model alone, over the priced requests; none without costs
}

// newMatrix takes the requests that every model serves with a known quality and
// every router scored.
func newMatrix(singles []*Trace, scorers []Scorer) (*matrix, error) {
	m := &matrix{quality: make([][]float64, len(singles)), scores: make([][]float64, len(scorers))}
	m.cost.of, m.latency.of = make([][]float64, len(singles)), make([][]float64, len(singles))
	requests := singles[0].Requests
	least := leastOf(requests)
	var number groupNumbers
	if err := eachBlock(singles, func(from int, blocks []*cursor) {
		for i := range blocks[0].score {
			if slices.ContainsFunc(blocks, func(b *cursor) bool { return math.IsNaN(b.score[i]) }) ||
				slices.ContainsFunc(scorers, func(s Scorer) bool { return math.IsNaN(s.Scores[from+i]) }) {
				continue
			}
			for k, b := range blocks {
				m.quality[k] = append(m.quality[k], b.score[i])
				m.cost.of[k], m.latency.of[k] = append(m.cost.of[k], b.cost[i]), append(m.latency.of[k], b.latency[i])
			}
			for k, s := range scorers {
				m.scores[k] = append(m.scores[k], s.Scores[from+i])
			}
			group := requests.At(from + i).Group
			g, added := number.of(group)
			if added {
				m.keys = append(m.keys, requests.At(int(least[group])).ID)
			}
			m.group = append(m.group, int(g))
		}
	}); err != nil {
		return nil, err
	}
	m.groups = number.n
	m.cost.settle(len(m.group))
	m.latency.settle(len(m.group))
	return m, nil
}

// leastOf returns by group which of its requests has the least id.
func leastOf(requests policy.Requests) []int32 {
	var least []int32
	for i := range requests.Len() {
		request := requests.At(i)
		group := int(request.Group)
		for len(least) <= group {
			least = append(least, -1)
		}
		if at := least[group]; at < 0 || request.ID < requests.At(int(at)).ID {
			least[group] = int32(i)
		}
	}
	return least
}

// figures are costs or latencies, of which some may be unknown.
type figures struct {
	of     [][]float64 // by model and request
	known  []bool      // by request: of every model
	count  int         // of requests of which it is
	enough bool        // at least 95 % are known; else all are NaN
}

// settle tells whether enough figures are known. A request of which some model's
// is not known has 0 here, and no weight in means.
func (f *figures) settle(n int) {
	f.known = make([]bool, n)
	for i := range n {
		f.known[i] = !slices.ContainsFunc(f.of, func(values []float64) bool { return math.IsNaN(values[i]) })
		f.count += count(f.known[i])
	}
	f.enough = f.count > 0 && float64(f.count) >= leastPriced*float64(n)
	for _, values := range f.of {
		for i, known := range f.known {
			if !f.enough {
				values[i] = math.NaN()
			} else if !known {
				values[i] = 0
			}
		}
	}
}

// mean is over the requests that are known; NaN where too few are.
func (f *figures) mean(model int) float64 {
	return sum(f.of[model]) / float64(f.count)
}

// weights are 1 for known requests and 0 for others.
func (f *figures) weights() []float64 {
	out := make([]float64, len(f.known))
	for i, known := range f.known {
		out[i] = float64(count(known))
	}
	return out
}

// marked is a model's figures with NaN where some model's is not known.
func (f *figures) marked(model int) []float64 {
	out := slices.Clone(f.of[model])
	for i, known := range f.known {
		if !known {
			out[i] = math.NaN()
		}
	}
	return out
}

// only picks the values of known requests. Hulls are over these alone, in
// quality too: a request that costs nothing would go to the best model for free.
func (f *figures) only(values []float64) []float64 { return pickKnown(f.known, values) }

func pickKnown[T any](known []bool, values []T) []T {
	return appendKnown(make([]T, 0, len(values)), known, values)
}

func appendKnown[T any](to []T, known []bool, values []T) []T {
	for i, is := range known {
		if is {
			to = append(to, values[i])
		}
	}
	return to
}

func (f *figures) onlyOf(values [][]float64) [][]float64 {
	out := make([][]float64, len(values))
	for k := range values {
		out[k] = f.only(values[k])
	}
	return out
}

// alone is cost and quality of each model alone, over the priced requests; none
// without costs.
func (m *matrix) alone() []curve.Point {
	if !m.cost.enough {
		return nil
	}
	points := make([]curve.Point, len(m.quality))
	for k := range points {
		points[k] = curve.Point{Cost: m.cost.mean(k), Quality: average(m.cost.only(m.quality[k]))}
	}
	return points
}

func sum(values []float64) float64 {
	s := 0.0
	for _, v := range values {
		s += v
	}
	return s
}

func average(values []float64) float64 {
	return sum(values) / float64(len(values))
}

// oracle takes the best answer and of equal ones the cheapest; with correct, the
// cheapest that is right, and of none the cheapest of all. Where costs are not
// known the ladder's order stands for them.
func (m *matrix) oracle(correct bool, last float64) RouteOracle {
	models := len(m.quality)
	var quality, ofPriced, cost, strong float64
	for i := range m.group {
		of := func(k int) float64 {
			if correct {
				return float64(count(right(m.quality[k][i])))
			}
			return m.quality[k][i]
		}
		best := 0
		for k := 1; k < models; k++ {
			if of(k) > of(best) || of(k) == of(best) && m.cost.of[k][i] < m.cost.of[best][i] {
				best = k
			}
		}
		quality += m.quality[best][i]
		cost += m.cost.of[best][i]
		ofPriced += float64(count(m.cost.known[i])) * m.quality[best][i]
		strong += float64(count(best == models-1))
	}
	n := float64(len(m.group))
	cost /= float64(m.cost.count)
	return RouteOracle{
		Quality: eval.Number(quality / n), CostUSD: eval.Number(cost), OfLast: eval.Number(cost / last),
		StrongShare: eval.Number(strong / n), APGR: eval.Number(math.NaN()), Priced: curve.Point{Cost: cost, Quality: ofPriced / float64(m.cost.count)},
	}
}
