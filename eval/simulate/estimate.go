package simulate

import (
	"encoding/binary"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
	"github.com/routeproof/routeproof/eval/stats"
)

const (
	// fewestGroups is how many groups a bootstrap needs before its interval is worth
	// anything: of a few, resamples repeat what happened to them.
	fewestGroups = 30

	nearSums    = 4 << 20 // bytes of sums of groups that are in memory before a temporary file is made
	blockGroups = 4096    // whose sums are looked at together, a multiple of four
	// samplesRead is for how many bootstrap samples sums are read once.
	samplesRead = 16
)

// estimate fills in means, differences and their intervals.
func (c *comparer) estimate(rows []Row, reference int) error {
	if err := c.addUp(); err != nil {
		return err
	}
	one, err := c.weighted([][]uint8{slices.Repeat([]uint8{1}, c.groups)})
	if err != nil {
		return err
	}
	nan := eval.Number(math.NaN())
	for k, values := range c.figures(one[0], reference) {
		for f, e := range rows[k].estimates() {
			*e = eval.Estimate{Value: eval.Number(values[f]), Low: nan, High: nan}
		}
	}
	if c.groups < fewestGroups {
		wilsonAtEnds(rows, c.effective)
		return nil
	}
	replicates := make([][]float64, estimates*len(rows))
	if err := stats.Draws(c.groups, samplesRead, c.Replicates, c.Seed, func(_ int, drawn [][]uint8) error {
		samples, err := c.weighted(drawn)
		for _, sums := range samples {
			for k, values := range c.figures(sums, reference) {
				for f, v := range values {
					replicates[estimates*k+f] = append(replicates[estimates*k+f], v)
				}
			}
		}
		return err
	}); err != nil {
		return err
	}
	for k := range rows {
		for f, e := range rows[k].estimates() {
			if e.Value.Defined() {
				i := stats.Percentile(replicates[estimates*k+f], confidence)
				e.Low, e.High = eval.Number(i.Low), eval.Number(i.High)
			}
		}
	}
	wilsonAtEnds(rows, c.effective)
	return nil
}

// wilsonAtEnds gives qualities of 0 and 1, which do not vary, the interval of a share of
// groups that count for so many.
func wilsonAtEnds(rows []Row, groups float64) {
	for k := range rows {
		if q := &rows[k].Quality; q.Value == 0 || q.Value == 1 {
			ends := wilson(float64(q.Value), groups)
			q.Low, q.High = ends[0], ends[1]
		}
	}
}

// addUp writes, group by group, how many requests were taken, how many of them are
// priced, and of each column the sums of quality and cost.
func (c *comparer) addUp() error {
	a, b := make([]float64, c.groups), make([]float64, c.groups)
	write := func() error {
		for _, sums := range [...][]float64{a, b} {
			if err := c.appendSums(sums); err != nil {
				return err
			}
			clear(sums)
		}
		return nil
	}
	for j, g := range c.group {
		a[g]++
		b[g] += float64(count(c.priced[j]))
	}
	c.effective = stats.EffectiveSize(float64(len(c.group)), stats.Dot(a, a))
	if err := write(); err != nil {
		return err
	}
	for k := range c.columns {
		if err := c.each(&c.columns[k], func(j int, of *block, i int) {
			g := c.group[j]
			a[g] += of.score[i]
			if c.priced[j] {
				b[g] += c.cost(of, i)
			}
		}); err != nil {
			return err
		}
		if err := write(); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparer) appendSums(sums []float64) error {
	bytes := make([]byte, 0, 8*min(len(sums), blockGroups))
	for part := range slices.Chunk(sums, blockGroups) {
		bytes = bytes[:0]
		for _, v := range part {
			bytes = binary.LittleEndian.AppendUint64(bytes, math.Float64bits(v))
		}
		if _, err := c.sums.Append(bytes); err != nil {
			return err
		}
	}
	return nil
}

// weighted returns, for some bootstrap samples, all that addUp wrote, summed over
// the groups as often as each was drawn: as [stats.Dot] adds up, whatever is read at
// a time.
func (c *comparer) weighted(drawn [][]uint8) ([][]float64, error) {
	figures := 2 + 2*len(c.columns)
	sums := make([][]float64, len(drawn))
	for k := range sums {
		sums[k] = make([]float64, figures)
	}
	workers := min(runtime.GOMAXPROCS(0), figures)
	for len(c.scales) < workers {
		c.scales = append(c.scales, scale{weights: make([]float64, blockGroups), bytes: make([]byte, 8*blockGroups)})
	}
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			errs[w] = c.weightedPart(&c.scales[w], drawn, w*figures/workers, (w+1)*figures/workers, sums)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return sums, nil
}

// scale is what a worker weighs with, sample for sample.
type scale struct {
	dots            []stats.DotSum
	weights, values []float64
	bytes           []byte
}

// weightedPart fills in some of the figures.
func (c *comparer) weightedPart(s *scale, drawn [][]uint8, first, end int, sums [][]float64) error {
	dots := slices.Grow(s.dots[:0], len(drawn)*(end-first))[:len(drawn)*(end-first)]
	values := slices.Grow(s.values[:0], blockGroups*(end-first))[:blockGroups*(end-first)]
	s.dots, s.values = dots, values
	clear(dots)
	weights, bytes := s.weights, s.bytes
	for from := 0; from < c.groups; from += blockGroups {
		n := min(blockGroups, c.groups-from)
		for f := first; f < end; f++ {
			if err := c.sums.Read(bytes[:8*n], 8*(int64(f)*int64(c.groups)+int64(from))); err != nil {
				return err
			}
			of := values[(f-first)*blockGroups:][:n]
			for i := range of {
				of[i] = math.Float64frombits(binary.LittleEndian.Uint64(bytes[8*i:]))
			}
		}
		for k, times := range drawn {
			for i, v := range times[from : from+n] {
				weights[i] = float64(v)
			}
			for f := range end - first {
				dots[k*(end-first)+f].Add(weights[:n], values[f*blockGroups:][:n])
			}
		}
	}
	for k := range drawn {
		for f := range end - first {
			sums[k][first+f] = dots[k*(end-first)+f].Sum()
		}
	}
	return nil
}

// figures are those of all columns, of what weighted returns.
func (c *comparer) figures(sums []float64, reference int) [][estimates]float64 {
	n, ofCost := sums[0], sums[1]
	points := make([]curve.Point, len(c.columns))
	for k := range points {
		points[k] = curve.Point{Quality: sums[2+2*k] / n, Cost: sums[3+2*k] / ofCost}
	}
	return c.beside(points, reference)
}
