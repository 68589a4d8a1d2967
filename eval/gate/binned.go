package gate

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
	"github.com/routeproof/routeproof/internal/spill"
)

const (
	costBins  = 100  // that stand for the distinct changes of cost in a bootstrap
	tail      = 24   // extreme changes at each end that have their own
	fewFlips  = 128  // changed groups whose sign flips are drawn or enumerated
	mostFlips = 4096 // of the others, that are drawn
	levels    = 1e4  // of size that drawn sign flips tell apart
)

// binned cuts values into bins, each at its mean, so that the mean of all is kept; there
// are n, in a Sorter, each appended by [spill.AppendNumber]. A value that stands for over a part in most of all has a bin of its
// own, and so have the tail extreme ones at each end, on which the bound hangs; the
// others share about most bins of nearly equal counts. Equal ones are not split. stretch, at least 1, is the ratio of the root mean square of the
// values to that of the bins: what is drawn from the bins varies as the values do
// once it is multiplied by stretch. The mean of values must be 0.
func binned(values *spill.Sorter, n, most int) (means []float64, counts []int, stretch float64, err error) {
	loose := n // values without a bin of their own
	err = eachRun(values, func(_ float64, from, to int) {
		if (to-from)*most > n {
			loose -= to - from
		}
	})
	if err != nil {
		return nil, nil, 0, err
	}
	var all, between, sum float64
	start := 0
	cut := func(end int) {
		if end == start {
			return
		}
		m := sum / float64(end-start)
		means, counts = append(means, m), append(counts, end-start)
		between += m * m * float64(end-start)
		start, sum = end, 0
	}
	err = eachRun(values, func(v float64, from, to int) {
		own := (to-from)*most > n
		if own {
			cut(from)
		}
		for range to - from {
			sum += v
			all += v * v
		}
		if own || to <= tail || from >= n-tail || (to-start)*most >= loose {
			cut(to)
		}
	})
	cut(n)
	if err != nil || between == 0 {
		return means, counts, 1, err
	}
	return means, counts, math.Sqrt(math.Max(1, all/between)), nil
}

// eachRun visits the runs of equal values, which are from up to to in their order.
func eachRun(values *spill.Sorter, visit func(v float64, from, to int)) error {
	var v float64
	from, to := 0, 0
	for record, err := range values.All() {
		if err != nil {
			return err
		}
		next := spill.Number(record)
		if to > from && next != v {
			visit(v, from, to)
			from = to
		}
		v = next
		to++
	}
	if to > from {
		visit(v, from, to)
	}
	return nil
}

// changes are what a test of sign flips needs of changes.
type changes struct {
	n            int // that are not 0
	sum, largest float64
	most         []float64 // the fewFlips largest of either sign, besides up to as many that are not yet left out
	rest         float64   // Σx² over those that are
}

func (c *changes) add(v float64) {
	if v == 0 {
		return
	}
	c.n++
	c.sum, c.largest = c.sum+v, math.Max(c.largest, math.Abs(v))
	c.most = append(c.most, v)
	if len(c.most) == 2*fewFlips {
		c.keepMost()
	}
}

// keepMost leaves out all but the fewFlips largest.
func (c *changes) keepMost() {
	slices.SortFunc(c.most, func(a, b float64) int { return cmp.Compare(math.Abs(b), math.Abs(a)) })
	for _, v := range c.most[fewFlips:] {
		c.rest += v * v
	}
	c.most = c.most[:fewFlips]
}

// flipP returns the chances of a sum so high and so low where each change is as
// likely to have the other sign. Of few changes, sizes are told apart to a
// ten-thousandth of the largest. Of many, the largest are flipped one by one and
// the others as if they were of one size with the same Σx²: beside the largest their
// sum is as good as normal, where that of all is not if they hide a few large ones.
func (c *changes) flipP(draws int, seed uint64) (worse, better eval.Number) {
	if c.n > fewFlips {
		return c.drawnP(draws, seed)
	}
	up, down := make([]int, c.n), make([]int, c.n)
	for i, v := range c.most {
		up[i] = int(math.Round(v / c.largest * levels))
		down[i] = -up[i]
	}
	p, _ := stats.SignFlip(up, nil, draws, seed)
	q, _ := stats.SignFlip(down, nil, draws, seed)
	return number(p), number(q)
}

// drawnP is flipP of many, (1 + draws at least so far)/(1 + draws) as of patterns.
func (c *changes) drawnP(draws int, seed uint64) (worse, better eval.Number) {
	c.keepMost()
	others := min(c.n-fewFlips, mostFlips)
	size := math.Sqrt(c.rest / float64(others))
	// Sums in another order may differ in their last digits.
	slack := 1e-12 * fewFlips * c.largest
	fair := coins{src: rand.NewPCG(seed, 0x676174652d666c69)}
	up, down := 1, 1
	for range draws {
		sum := size * float64(2*fair.heads(others)-others)
		for _, v := range c.most {
			sum += v * float64(2*fair.heads(1)-1)
		}
		if sum >= c.sum-slack {
			up++
		}
		if sum <= c.sum+slack {
			down++
		}
	}
	return number(float64(up) / float64(1+draws)), number(float64(down) / float64(1+draws))
}
