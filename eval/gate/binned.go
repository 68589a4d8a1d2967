package gate

import (
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

const (
	costBins = 100 // that stand for the distinct changes of cost in a bootstrap
	tail     = 24  // extreme changes at each end that have their own
	fewFlips = 128 // changed groups up to which sign flips are drawn
	levels   = 1e4 // of size that drawn sign flips tell apart
)

// binned cuts values, sorted, into bins, each at its mean, so that the mean of all
// is kept. A value that stands for over a part in most of all has a bin of its
// own, and so have the tail extreme ones at each end, on which the bound hangs; the
// others share about most bins of nearly equal counts. Equal ones are not split. stretch, at least 1, is the ratio of the root mean square of the
// values to that of the bins: what is drawn from the bins varies as the values do
// once it is multiplied by stretch. The mean of values must be 0.
func binned(values []float64, most int) (means []float64, counts []int, stretch float64) {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	var all, between float64
	start := 0
	cut := func(end int) {
		if end == start {
			return
		}
		sum := 0.0
		for _, v := range sorted[start:end] {
			sum += v
			all += v * v
		}
		m := sum / float64(end-start)
		means, counts = append(means, m), append(counts, end-start)
		between += m * m * float64(end-start)
		start = end
	}
	loose := n // values without a bin of their own
	eachRun(sorted, func(from, to int) {
		if (to-from)*most > n {
			loose -= to - from
		}
	})
	eachRun(sorted, func(from, to int) {
		switch {
		case (to-from)*most > n:
			cut(from)
			cut(to)
		case to <= tail || from >= n-tail || (to-start)*most >= loose:
			cut(to)
		}
	})
	cut(n)
	if between == 0 {
		return means, counts, 1
	}
	return means, counts, math.Sqrt(math.Max(1, all/between))
}

// eachRun visits the runs of equal values.
func eachRun(sorted []float64, visit func(from, to int)) {
	for from := 0; from < len(sorted); {
		to := from + 1
		for to < len(sorted) && sorted[to] == sorted[from] {
			to++
		}
		visit(from, to)
		from = to
	}
}

// flipP returns the chances of a sum so high and so low where each change is as
// likely to have the other sign. Sizes are told apart to a ten-thousandth of the
// largest; of many changes the sum is as good as normal, with variance Σx².
func flipP(changes []float64, draws int, seed uint64) (worse, better eval.Number) {
	var sum, squares, largest float64
	changed := 0
	for _, v := range changes {
		if v != 0 {
			changed++
			sum, squares, largest = sum+v, squares+v*v, math.Max(largest, math.Abs(v))
		}
	}
	if changed > fewFlips {
		z := sum / math.Sqrt(squares) / math.Sqrt2
		return number(0.5 * math.Erfc(z)), number(0.5 * math.Erfc(-z))
	}
	up, down := make([]int, len(changes)), make([]int, len(changes))
	for i, v := range changes {
		up[i] = int(math.Round(v / largest * levels))
		down[i] = -up[i]
	}
	p, _ := stats.SignFlip(up, draws, seed)
	q, _ := stats.SignFlip(down, draws, seed)
	return number(p), number(q)
}
