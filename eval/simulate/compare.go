package simulate

import (
	"errors"
	"math"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// Options say how policies are compared.
type Options struct {
	Groups     []int32 // of each request: those of a group are resampled together; nil: each alone
	Replicates int     // of the bootstrap
	Seed       uint64
}

// leastPriced is the share of requests whose cost must be known under every
// policy for costs to be compared.
const leastPriced = 0.95

// Axes of cost.
const (
	AxisUSD  = "cost_usd"   // mean USD a request
	AxisLast = "last_share" // share of requests that reach the ladder's last model
)

// A Comparison sets policies side by side on the same requests.
type Comparison struct {
	N         int    `json:"n"`        // requests that every policy serves, with known quality and, on the axis of USD, cost
	LeftOut   int    `json:"left_out"` // others
	Axis      string `json:"axis"`     // what cost means: cost_usd or last_share
	Reference string `json:"reference"`
	Rows      []Row  `json:"rows"`
}

// A Row is one policy. Estimates have 95 % bootstrap intervals; differences are
// paired, request by request.
type Row struct {
	Policy   string        `json:"policy"`
	Single   bool          `json:"single"` // one model for everything
	Oracle   bool          `json:"oracle"` // knows the qualities; no policy can
	Quality  eval.Estimate `json:"quality"`
	Cost     eval.Estimate `json:"cost"`
	Gain     eval.Estimate `json:"quality_less_reference"`
	Saving   eval.Estimate `json:"saving"` // 1 − cost over the reference's
	Frontier bool          `json:"frontier"`

	// Beside a random mix of single models: how much better at equal cost, and
	// how much cheaper, as a share, at equal quality. Null where no mix costs
	// as little, or is as good.
	BetterThanMix  eval.Number `json:"quality_less_mix_at_equal_cost"`
	CheaperThanMix eval.Number `json:"saving_on_mix_at_equal_quality"`

	P50     eval.Number `json:"latency_p50_ms"`
	P95     eval.Number `json:"latency_p95_ms"`
	First50 eval.Number `json:"first_token_p50_ms"`

	CostOrigin    eval.Origin `json:"cost_origin"` // the weakest of its requests'
	LatencyOrigin eval.Origin `json:"latency_origin"`
}

// ErrNothing is the error of a comparison without a request in common.
var ErrNothing = errors.New("no request is served with a known quality by every policy")

// Compare compares traces of the same requests. The first ones are of the
// single models, in the ladder's order; the last of these is the reference. An
// oracle, which takes the best answer and of equal ones the cheapest, is added.
func Compare(singles, policies []*Trace, o Options) (*Comparison, error) {
	all := append(append([]*Trace{}, singles...), policies...)
	c := &comparer{Options: o, axis: AxisUSD}
	c.take(all, true)
	if len(c.requests) == 0 || float64(len(c.requests)) < leastPriced*float64(c.scored) {
		c.axis = AxisLast
		c.take(all, false)
	}
	if len(c.requests) == 0 {
		return nil, ErrNothing
	}
	for _, t := range all {
		c.columns = append(c.columns, c.column(t))
	}
	c.columns = append(c.columns, c.oracle(singles))
	out := &Comparison{
		N: len(c.requests), LeftOut: len(all[0].Known) - len(c.requests), Axis: c.axis, Reference: singles[len(singles)-1].Policy,
	}
	for i, col := range c.columns {
		row := Row{Single: i < len(singles), Oracle: i == len(all), Policy: "oracle"}
		if !row.Oracle {
			row.Policy, row.CostOrigin, row.LatencyOrigin = all[i].Policy, all[i].CostOrigin, all[i].LatencyOrigin
		} else {
			for _, t := range singles {
				row.CostOrigin, row.LatencyOrigin = max(row.CostOrigin, t.CostOrigin), max(row.LatencyOrigin, t.LatencyOrigin)
			}
		}
		_, row.P50, row.P95 = quantiles(col.latency)
		_, row.First50, _ = quantiles(col.first)
		out.Rows = append(out.Rows, row)
	}
	c.estimate(out.Rows, len(singles)-1)
	besideMix(out.Rows)
	markFrontier(out.Rows)
	return out, nil
}

// comparer compares columns of figures on the same requests.
type comparer struct {
	Options
	axis     string
	requests []int // taken
	scored   int   // requests with a known quality under all policies
	columns  []column
}

type column struct{ score, cost, latency, first []float64 }

// take finds the requests that can be compared.
func (c *comparer) take(all []*Trace, priced bool) {
	c.requests, c.scored = nil, 0
	for i := range all[0].Known {
		scored, known := true, true
		for _, t := range all {
			scored = scored && t.Known[i] && !math.IsNaN(t.Score[i])
			known = known && !math.IsNaN(t.CostUSD[i])
		}
		c.scored += count(scored)
		if scored && (known || !priced) {
			c.requests = append(c.requests, i)
		}
	}
}

func (c *comparer) column(t *Trace) column {
	var col column
	for _, i := range c.requests {
		col.score = append(col.score, t.Score[i])
		col.cost = append(col.cost, c.cost(t, i))
		col.latency, col.first = append(col.latency, t.Latency[i]), append(col.first, t.FirstToken[i])
	}
	return col
}

func (c *comparer) cost(t *Trace, i int) float64 {
	if c.axis == AxisUSD {
		return t.CostUSD[i]
	}
	return float64(count(int(t.Dearest[i]) == len(t.Models)-1))
}

func (c *comparer) oracle(singles []*Trace) column {
	var col column
	for _, i := range c.requests {
		best := singles[0]
		for _, t := range singles[1:] {
			if t.Score[i] > best.Score[i] || t.Score[i] == best.Score[i] && c.cost(t, i) < c.cost(best, i) {
				best = t
			}
		}
		col.score, col.cost = append(col.score, best.Score[i]), append(col.cost, c.cost(best, i))
		col.latency, col.first = append(col.latency, best.Latency[i]), append(col.first, best.FirstToken[i])
	}
	return col
}

// sums are a column's figures summed over each group.
type sums struct{ score, cost []float64 }

// estimate fills in means, differences and their intervals.
func (c *comparer) estimate(rows []Row, reference int) {
	group, groups := c.groupsOf()
	sizes := make([]float64, groups)
	for _, g := range group {
		sizes[g]++
	}
	by := make([]sums, len(c.columns))
	for k, col := range c.columns {
		by[k] = sums{make([]float64, groups), make([]float64, groups)}
		for j, g := range group {
			by[k].score[g] += col.score[j]
			by[k].cost[g] += col.cost[j]
		}
	}
	one := make([]float64, groups)
	for g := range one {
		one[g] = 1
	}
	figures := func(weights []float64) [][4]float64 {
		n := dot(weights, sizes)
		out := make([][4]float64, len(by))
		for k, s := range by {
			out[k][0], out[k][1] = dot(weights, s.score)/n, dot(weights, s.cost)/n
		}
		for k := range out {
			out[k][2], out[k][3] = out[k][0]-out[reference][0], 1-out[k][1]/out[reference][1]
		}
		return out
	}
	at := func(row *Row) [4]*eval.Estimate {
		return [4]*eval.Estimate{&row.Quality, &row.Cost, &row.Gain, &row.Saving}
	}
	nan := eval.Number(math.NaN())
	for k, values := range figures(one) {
		for f, e := range at(&rows[k]) {
			*e = eval.Estimate{Value: eval.Number(values[f]), Low: nan, High: nan}
		}
	}
	if groups < 2 {
		return // one group says nothing of the spread between groups
	}
	replicates := make([][4][]float64, len(by))
	stats.Resample(groups, c.Replicates, c.Seed, func(_ int, weights []float64) {
		for k, values := range figures(weights) {
			for f, v := range values {
				replicates[k][f] = append(replicates[k][f], v)
			}
		}
	})
	for k := range rows {
		for f, e := range at(&rows[k]) {
			i := stats.Percentile(replicates[k][f], confidence)
			e.Low, e.High = eval.Number(i.Low), eval.Number(i.High)
		}
	}
}

// groupsOf numbers the groups of the requests taken, from 0.
func (c *comparer) groupsOf() (group []int, groups int) {
	number := map[int32]int{}
	for j, i := range c.requests {
		g := int32(j)
		if c.Groups != nil {
			g = c.Groups[i]
		}
		if _, seen := number[g]; !seen {
			number[g] = len(number)
		}
		group = append(group, number[g])
	}
	return group, len(number)
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
