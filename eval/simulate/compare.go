package simulate

import (
	"errors"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
	"github.com/routeproof/routeproof/internal/spill"
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
	return compare(singles, policies, o, nearSums)
}

func compare(singles, policies []*Trace, o Options, near int) (_ *Comparison, err error) {
	all := append(append([]*Trace{}, singles...), policies...)
	c := &comparer{Options: o, axis: AxisUSD, singles: len(singles), columns: make([]column, len(all)+1)}
	c.sums = spill.File{Limit: near, What: "sums of groups"}
	defer func() { err = errors.Join(err, c.sums.Close()) }()
	timed, err := c.take(all)
	if err != nil {
		return nil, err
	}
	n, priced := len(c.group), countOf(c.priced)
	if n == 0 {
		return nil, ErrNothing
	}
	if float64(priced) < leastPriced*float64(n) {
		c.axis = AxisLast
		for j := range c.priced {
			c.priced[j] = true
		}
	}
	for k, t := range all {
		c.columns[k].of = []*Trace{t}
	}
	if c.columns[len(all)], err = c.oracle(singles); err != nil {
		return nil, err
	}
	out := &Comparison{
		N: n, LeftOut: len(c.taken) - n, Priced: priced, Timed: countOf(timed), Axis: c.axis, Reference: singles[len(singles)-1].Policy,
	}
	var room latencies
	for i := range c.columns {
		row := Row{Single: i < len(singles), Oracle: i == len(all), Policy: "oracle"}
		if !row.Oracle {
			row.Policy, row.Both, row.CostOrigin, row.LatencyOrigin = all[i].Policy, all[i].Both, all[i].CostOrigin, all[i].LatencyOrigin
		} else {
			for _, t := range singles {
				row.CostOrigin, row.LatencyOrigin = max(row.CostOrigin, t.CostOrigin), max(row.LatencyOrigin, t.LatencyOrigin)
			}
		}
		if err := c.times(&row, &c.columns[i], timed, &room); err != nil {
			return nil, err
		}
		out.Rows = append(out.Rows, row)
	}
	if err := c.estimate(out.Rows, len(singles)-1); err != nil {
		return nil, err
	}
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
	axis      string
	singles   int
	taken     []bool  // by request
	group     []int32 // of each request taken, numbered from 0
	groups    int     // how many there are
	effective float64 // for how many they count, see [stats.EffectiveSize]
	priced    []bool  // of each request taken, whether its cost is known under all policies
	columns   []column
	sums      spill.File // see addUp
	scales    []scale    // of workers
}

// column is how one policy serves the requests taken.
type column struct {
	of   []*Trace
	pick []int8 // by request taken, which of these serves it; nil: the only one
}

// each calls for the requests taken, in order, with where they stand in a block.
func (c *comparer) each(col *column, use func(j int, b *block, i int)) error {
	j := 0
	return eachBlock(col.of, func(from int, blocks []*cursor) {
		for i := range blocks[0].score {
			if !c.taken[from+i] {
				continue
			}
			b := blocks[0]
			if col.pick != nil {
				b = blocks[col.pick[j]]
			}
			use(j, &b.block, i)
			j++
		}
	})
}

// latencies are those of some requests, until the whole answer and the first token.
type latencies struct{ whole, first []float64 }

// times fills in latencies, over the requests that are timed. room is used again.
func (c *comparer) times(row *Row, col *column, timed []bool, room *latencies) error {
	room.whole, room.first = slices.Grow(room.whole[:0], len(timed)), slices.Grow(room.first[:0], len(timed))
	if err := c.each(col, func(j int, b *block, i int) {
		if timed[j] {
			room.whole = append(room.whole, b.latency[i])
			if v := b.firstToken[i]; !math.IsNaN(v) {
				room.first = append(room.first, v)
			}
		}
	}); err != nil {
		return err
	}
	_, row.P50, row.P95 = quantiles(room.whole)
	_, row.First50, _ = quantiles(room.first)
	return nil
}

// take finds the requests that can be compared, and which of them are timed
// under all policies.
func (c *comparer) take(all []*Trace) (timed []bool, err error) {
	requests := all[0].Requests
	n := requests.Len()
	c.taken, c.group, c.priced, timed = make([]bool, n), make([]int32, 0, n), make([]bool, 0, n), make([]bool, 0, n)
	var number groupNumbers
	err = eachBlock(all, func(from int, blocks []*cursor) {
		for i := range blocks[0].score {
			scored, priced, clocked := true, true, true
			for _, b := range blocks {
				scored = scored && !math.IsNaN(b.score[i])
				priced = priced && !math.IsNaN(b.cost[i])
				clocked = clocked && !math.IsNaN(b.latency[i])
			}
			if !scored {
				continue
			}
			c.taken[from+i] = true
			g, _ := number.of(requests.At(from + i).Group)
			c.group = append(c.group, g)
			c.priced, timed = append(c.priced, priced), append(timed, clocked)
		}
	})
	c.groups = number.n
	return timed, err
}

// groupNumbers numbers groups in the order in which they are seen.
type groupNumbers struct {
	n      int
	number []int32 // by group, from 1; 0: not seen
}

// of returns a group's number, and whether it is new.
func (x *groupNumbers) of(group int32) (number int32, added bool) {
	if more := int(group) + 1 - len(x.number); more > 0 {
		x.number = append(x.number, make([]int32, more)...)
	}
	at := &x.number[group]
	if added = *at == 0; added {
		x.n++
		*at = int32(x.n)
	}
	return *at - 1, added
}

func (c *comparer) cost(b *block, i int) float64 {
	if c.axis == AxisUSD {
		return b.cost[i]
	}
	return float64(count(b.last[i]))
}

func (c *comparer) oracle(singles []*Trace) (column, error) {
	col := column{of: singles, pick: make([]int8, len(c.group))}
	j := 0
	err := eachBlock(singles, func(from int, blocks []*cursor) {
		for i := range blocks[0].score {
			if !c.taken[from+i] {
				continue
			}
			best := 0
			for k, x := range blocks {
				b := blocks[best]
				if x.score[i] > b.score[i] || x.score[i] == b.score[i] && c.cost(&x.block, i) < c.cost(&b.block, i) {
					best = k
				}
			}
			col.pick[j] = int8(best)
			j++
		}
	})
	return col, err
}

// estimates of a row that the bootstrap gives intervals.
const estimates = 6

func (r *Row) estimates() [estimates]*eval.Estimate {
	return [estimates]*eval.Estimate{&r.Quality, &r.Cost, &r.Gain, &r.Saving, &r.BetterThanMix, &r.CheaperThanMix}
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
