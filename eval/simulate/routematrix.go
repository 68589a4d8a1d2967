package simulate

import (
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
)

// matrix is qualities and costs by model and request.
type matrix struct {
	quality, cost [][]float64
	scores        [][]float64 // by router
	group         []int
	groups        int
	known         []bool // by request: its costs are, of every model
	priced        int    // how many
	hasCosts      bool   // there are enough of them; else all costs are NaN
}

// newMatrix takes the requests that every model serves with a known quality and
// every router scored.
func newMatrix(singles []*Trace, scorers []Scorer) *matrix {
	m := &matrix{quality: make([][]float64, len(singles)), cost: make([][]float64, len(singles)), scores: make([][]float64, len(scorers))}
	number := map[int32]int{}
	for i, group := range singles[0].Group {
		if slices.ContainsFunc(singles, func(t *Trace) bool { return math.IsNaN(t.Score[i]) }) ||
			slices.ContainsFunc(scorers, func(s Scorer) bool { return math.IsNaN(s.Scores[i]) }) {
			continue
		}
		for k, t := range singles {
			m.quality[k], m.cost[k] = append(m.quality[k], t.Score[i]), append(m.cost[k], t.CostUSD[i])
		}
		for k, s := range scorers {
			m.scores[k] = append(m.scores[k], s.Scores[i])
		}
		priced := !slices.ContainsFunc(singles, func(t *Trace) bool { return math.IsNaN(t.CostUSD[i]) })
		m.known = append(m.known, priced)
		m.priced += count(priced)
		if _, seen := number[group]; !seen {
			number[group] = len(number)
		}
		m.group = append(m.group, number[group])
	}
	m.groups = len(number)
	m.settleCosts()
	return m
}

// settleCosts tells whether enough costs are known. A request of which some
// model's cost is not known costs nothing here, and no weight in means of costs.
func (m *matrix) settleCosts() {
	n := float64(len(m.known))
	m.hasCosts = m.priced > 0 && float64(m.priced) >= leastPriced*n
	for _, costs := range m.cost {
		for i, known := range m.known {
			if !m.hasCosts {
				costs[i] = math.NaN()
			} else if !known {
				costs[i] = 0
			}
		}
	}
}

// ofPriced picks the values of requests whose costs are known of every model.
// Hulls are over these alone, in quality too: a request that costs nothing
// would go to the best model for free.
func (m *matrix) ofPriced(values []float64) []float64 {
	out := make([]float64, 0, m.priced)
	for i, known := range m.known {
		if known {
			out = append(out, values[i])
		}
	}
	return out
}

func (m *matrix) allOfPriced(values [][]float64) [][]float64 {
	out := make([][]float64, len(values))
	for k := range values {
		out[k] = m.ofPriced(values[k])
	}
	return out
}

func average(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// oracle takes the best answer and of equal ones the cheapest; with correct, the
// cheapest that is right, and of none the cheapest of all. Where costs are not
// known the ladder's order stands for them.
func (m *matrix) oracle(correct bool, last float64) RouteOracle {
	models := len(m.quality)
	var quality, cost, strong float64
	for i := range m.group {
		of := func(k int) float64 {
			if correct {
				return float64(count(right(m.quality[k][i])))
			}
			return m.quality[k][i]
		}
		best := 0
		for k := 1; k < models; k++ {
			if of(k) > of(best) || of(k) == of(best) && m.cost[k][i] < m.cost[best][i] {
				best = k
			}
		}
		quality += m.quality[best][i]
		cost += m.cost[best][i]
		strong += float64(count(best == models-1))
	}
	n := float64(len(m.group))
	cost /= float64(m.priced)
	return RouteOracle{
		Quality: eval.Number(quality / n), CostUSD: eval.Number(cost), OfLast: eval.Number(cost / last),
		StrongShare: eval.Number(strong / n), APGR: eval.Number(math.NaN()),
	}
}
