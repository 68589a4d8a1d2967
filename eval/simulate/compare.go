package simulate

import (
	"errors"
	"math"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
	"github.com/routeproof/routeproof/eval/stats"
)

// Options say how policies are compared.
type Options struct {
	Replicates int // of the bootstrap, which resamples groups of requests
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
	N         int    `json:"n"`        // requests that every policy serves with known quality
	LeftOut   int    `json:"left_out"` // others
	Priced    int    `json:"priced"`   // of n, requests whose cost is known under every policy: costs are over these
	Timed     int    `json:"timed"`    // of n, requests whose latency is known under every policy: latencies are over these
	Axis      string `json:"axis"`     // what cost means: cost_usd, or last_share where priced is under 95 % of n
	Reference string `json:"reference"`
	Rows      []Row  `json:"rows"`
}

// A Row is one policy. Estimates have 95 % bootstrap intervals over groups of
// requests (a quality of 0 or 1, which no resample changes, Wilson's);
// differences are paired, request by request.
type Row struct {
	Policy   string        `json:"policy"`
	Single   bool          `json:"single"` // one model for everything
	Both     bool          `json:"both"`   // asks two models for every request
	Oracle   bool          `json:"oracle"` // knows the qualities; no policy can
	Quality  eval.Estimate `json:"quality"`
	Cost     eval.Estimate `json:"cost"`
	Gain     eval.Estimate `json:"quality_less_reference"`
	Saving   eval.Estimate `json:"saving"`   // 1 − cost over the reference's; null on the axis of last_share
	Frontier bool          `json:"frontier"` // on the axis of last_share not for policies that ask both

	// Beside a random mix of single models: how much better at equal cost, and
	// how much cheaper, as a share, at equal quality. Null where no mix costs
	// as little, or is as good.
	BetterThanMix  eval.Estimate `json:"quality_less_mix_at_equal_cost"`
	CheaperThanMix eval.Estimate `json:"saving_on_mix_at_equal_quality"`

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
	c := &comparer{Options: o, axis: AxisUSD, singles: len(singles)}
	timed := c.take(all)
	n, priced := len(c.requests), countOf(c.priced)
	if n == 0 {
		return nil, ErrNothing
	}
	if float64(priced) < leastPriced*float64(n) {
		c.axis = AxisLast
		for j := range c.priced {
			c.priced[j] = true
		}
	}
	for _, t := range all {
		c.columns = append(c.columns, column{of: []*Trace{t}})
	}
	c.columns = append(c.columns, c.oracle(singles))
	out := &Comparison{
		N: n, LeftOut: len(all[0].Known) - n, Priced: priced, Timed: countOf(timed), Axis: c.axis, Reference: singles[len(singles)-1].Policy,
	}
	for i, col := range c.columns {
		row := Row{Single: i < len(singles), Oracle: i == len(all), Policy: "oracle"}
		if !row.Oracle {
			row.Policy, row.Both, row.CostOrigin, row.LatencyOrigin = all[i].Policy, all[i].Both, all[i].CostOrigin, all[i].LatencyOrigin
		} else {
			for _, t := range singles {
				row.CostOrigin, row.LatencyOrigin = max(row.CostOrigin, t.CostOrigin), max(row.LatencyOrigin, t.LatencyOrigin)
			}
		}
		_, row.P50, row.P95 = quantiles(c.values(&col, timed, func(t *Trace, i int) float64 { return t.Latency[i] }))
		_, row.First50, _ = quantiles(c.values(&col, timed, func(t *Trace, i int) float64 { return t.FirstToken[i] }))
		out.Rows = append(out.Rows, row)
	}
	c.estimate(out.Rows, len(singles)-1)
	markFrontier(out.Rows, c.axis)
	return out, nil
}

func countOf(marked []bool) int {
	n := 0
	for _, yes := range marked {
		n += count(yes)
	}
	return n
}

// comparer compares columns of figures on the same requests.
type comparer struct {
	Options
	axis     string
	singles  int
	requests []int  // taken
	group    []int  // of each, numbered from 0
	groups   int    // how many there are
	priced   []bool // of each, whether its cost is known under all policies
	columns  []column
}

// column is how one policy serves the requests taken.
type column struct {
	of   []*Trace
	pick []int8 // by request, which of these serves it; nil: the only one
}

// trace returns the trace that serves the j-th request taken.
func (col *column) trace(j int) *Trace {
	if col.pick == nil {
		return col.of[0]
	}
	return col.of[col.pick[j]]
}

// values are a figure of the requests taken that are marked.
func (c *comparer) values(col *column, marked []bool, of func(t *Trace, i int) float64) []float64 {
	out := make([]float64, 0, len(c.requests))
	for j, i := range c.requests {
		if marked[j] {
			out = append(out, of(col.trace(j), i))
		}
	}
	return out
}

// take finds the requests that can be compared, and which of them are timed
// under all policies.
func (c *comparer) take(all []*Trace) (timed []bool) {
	number := map[int32]int{}
	for i := range all[0].Known {
		scored, priced, clocked := true, true, true
		for _, t := range all {
			scored = scored && t.Known[i] && !math.IsNaN(t.Score[i])
			priced = priced && !math.IsNaN(t.CostUSD[i])
			clocked = clocked && !math.IsNaN(t.Latency[i])
		}
		if !scored {
			continue
		}
		g := all[0].Requests[i].Group
		if _, seen := number[g]; !seen {
			number[g] = len(number)
		}
		c.requests, c.group = append(c.requests, i), append(c.group, number[g])
		c.priced, timed = append(c.priced, priced), append(timed, clocked)
	}
	c.groups = len(number)
	return timed
}

func (c *comparer) cost(t *Trace, i int) float64 {
	if c.axis == AxisUSD {
		return t.CostUSD[i]
	}
	return float64(count(int(t.Dearest[i]) == len(t.Models)-1))
}

func (c *comparer) oracle(singles []*Trace) column {
	col := column{of: singles, pick: make([]int8, len(c.requests))}
	for j, i := range c.requests {
		best := 0
		for k, t := range singles {
			b := singles[best]
			if t.Score[i] > b.Score[i] || t.Score[i] == b.Score[i] && c.cost(t, i) < c.cost(b, i) {
				best = k
			}
		}
		col.pick[j] = int8(best)
	}
	return col
}

// estimates of a row that the bootstrap gives intervals.
const estimates = 6

func (r *Row) estimates() [estimates]*eval.Estimate {
	return [estimates]*eval.Estimate{&r.Quality, &r.Cost, &r.Gain, &r.Saving, &r.BetterThanMix, &r.CheaperThanMix}
}

// sums are a column's figures summed over each group.
type sums struct{ score, cost []float64 }

// estimate fills in means, differences and their intervals.
func (c *comparer) estimate(rows []Row, reference int) {
	size, priced := make([]float64, c.groups), make([]float64, c.groups)
	for j, g := range c.group {
		size[g]++
		priced[g] += float64(count(c.priced[j]))
	}
	by := make([]sums, len(c.columns))
	for k, col := range c.columns {
		by[k] = sums{make([]float64, c.groups), make([]float64, c.groups)}
		for j, g := range c.group {
			t, i := col.trace(j), c.requests[j]
			by[k].score[g] += t.Score[i]
			if c.priced[j] {
				by[k].cost[g] += c.cost(t, i)
			}
		}
	}
	figures := func(weights []float64) [][estimates]float64 {
		n, ofCost := stats.Dot(weights, size), stats.Dot(weights, priced)
		points := make([]curve.Point, len(by))
		for k, s := range by {
			points[k] = curve.Point{Quality: stats.Dot(weights, s.score) / n, Cost: stats.Dot(weights, s.cost) / ofCost}
		}
		return c.beside(points, reference)
	}
	one := make([]float64, c.groups)
	for g := range one {
		one[g] = 1
	}
	nan := eval.Number(math.NaN())
	for k, values := range figures(one) {
		for f, e := range rows[k].estimates() {
			*e = eval.Estimate{Value: eval.Number(values[f]), Low: nan, High: nan}
		}
	}
	if c.groups < 2 {
		return // one group says nothing of the spread between groups
	}
	replicates := stats.Bootstrap(c.groups, estimates*len(by), c.Replicates, c.Seed, func(weights, out []float64) {
		for k, values := range figures(weights) {
			copy(out[estimates*k:], values[:])
		}
	})
	for k := range rows {
		for f, e := range rows[k].estimates() {
			if e.Value.Defined() {
				i := stats.Percentile(replicates[estimates*k+f], confidence)
				e.Low, e.High = eval.Number(i.Low), eval.Number(i.High)
			}
		}
		if q := &rows[k].Quality; q.Value == 0 || q.Value == 1 {
			ends := wilson(float64(q.Value), c.groups)
			q.Low, q.High = ends[0], ends[1]
		}
	}
}

// beside returns, for the points of all policies, their quality, cost, gain and
// saving on the reference, and how they stand beside mixes of single models: all
// points of the hull can be had by sending a share of requests to each of two
// models.
func (c *comparer) beside(points []curve.Point, reference int) [][estimates]float64 {
	hull := curve.NewHull(points[:c.singles])
	nan := math.NaN()
	out := make([][estimates]float64, len(points))
	for k, p := range points {
		x := [estimates]float64{p.Quality, p.Cost, p.Quality - points[reference].Quality, 1 - p.Cost/points[reference].Cost, nan, nan}
		if mix, ok := hull.QualityAt(p.Cost); ok {
			x[4] = unlessRounding(p.Quality - mix)
		}
		if mix, ok := hull.CostAt(p.Quality); ok && mix > 0 {
			x[5] = unlessRounding(1 - p.Cost/mix)
		}
		if c.axis == AxisLast {
			x[3], x[5] = nan, nan // a share of calls saves no money
		}
		out[k] = x
	}
	return out
}

// unlessRounding is 0 for what differs from it by rounding alone.
func unlessRounding(v float64) float64 {
	if math.Abs(v) < 1e-9 {
		return 0
	}
	return v
}
