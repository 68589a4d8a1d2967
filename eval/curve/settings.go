package curve

import "slices"

// Settings are thresholds that are held fixed while prompts are weighted anew, as
// a bootstrap does: choosing them again on each sample would flatter them again.
type Settings struct {
	rows   []int32 // lowest scores first
	ends   []int   // of segments that go to one model under each setting
	at     [][]int // by setting: the segment with which each model but the first begins
	models int
	values []float64 // in the order of rows: of each model, quality and cost
	sums   []float64 // of each segment, cumulative, as values; of Points alone
}

// Reach returns the mixes of thresholds, by model but the first, from which
// scores go to a model or a later one: how many prompts are below each. Costs and
// qualities are left out. scores are those that o was made of.
func (o *Order) Reach(scores []float64, thresholds [][]float64) []Mix {
	ascending := o.Ascending(scores)
	mixes := make([]Mix, len(thresholds))
	for i, from := range thresholds {
		for _, t := range from {
			k, _ := slices.BinarySearch(ascending, t)
			mixes[i].From = append(mixes[i].From, k)
		}
	}
	return mixes
}

// Fix returns the settings of mixes, from [Order.Divide] or [Order.Reach].
// quality and cost are by model and prompt.
func (o *Order) Fix(mixes []Mix, quality, cost [][]float64) *Settings {
	s := &Settings{rows: slices.Clone(o.rows)}
	slices.Reverse(s.rows)
	s.ends = []int{len(s.rows)}
	for _, x := range mixes {
		s.ends = append(s.ends, x.From...)
	}
	slices.Sort(s.ends)
	s.ends = slices.Compact(s.ends)
	for _, x := range mixes {
		at := make([]int, len(x.From))
		for m, from := range x.From {
			if from > 0 {
				at[m], _ = slices.BinarySearch(s.ends, from)
				at[m]++
			}
		}
		s.at = append(s.at, at)
	}
	s.models = len(quality)
	s.values = make([]float64, 0, 2*s.models*len(s.rows))
	for _, i := range s.rows {
		for m := range quality {
			s.values = append(s.values, quality[m][i], cost[m][i])
		}
	}
	s.sums = make([]float64, 2*s.models*(len(s.ends)+1))
	return s
}

// Points appends the mean cost and quality of each setting under weights by
// prompt to into. O(n·k) for k models. It is not safe for concurrent use.
func (s *Settings) Points(weights []float64, into []Point) []Point {
	width := 2 * s.models
	clear(s.sums[:width])
	total, start := 0.0, 0
	for k, end := range s.ends {
		sums := s.sums[(k+1)*width : (k+2)*width]
		copy(sums, s.sums[k*width:])
		for j := start; j < end; j++ {
			w := weights[s.rows[j]]
			total += w
			for x, v := range s.values[j*width : (j+1)*width] {
				sums[x] += w * v
			}
		}
		start = end
	}
	for _, at := range s.at {
		var p Point
		begin := 0
		for m := range s.models {
			end := len(s.ends)
			if m < len(at) {
				end = at[m]
			}
			p.Quality += s.sums[end*width+2*m] - s.sums[begin*width+2*m]
			p.Cost += s.sums[end*width+2*m+1] - s.sums[begin*width+2*m+1]
			begin = end
		}
		into = append(into, Point{p.Cost / total, p.Quality / total})
	}
	return into
}

// Means returns a function that gives the mean of values, by model and prompt,
// where a prompt goes to the model of which it reaches the threshold, but not the
// next one's; thresholds do not fall, and below the first of them it goes to the
// first model. Each call takes O(k log n) for k models. scores are those that o
// was made of.
func (o *Order) Means(scores []float64, values [][]float64) func(thresholds []float64) float64 {
	n := len(o.rows)
	ascending := o.Ascending(scores)
	sums := make([][]float64, len(values))
	for m := range values {
		sums[m] = make([]float64, n+1)
		for k := range n {
			sums[m][k+1] = sums[m][k] + values[m][o.rows[n-1-k]]
		}
	}
	return func(thresholds []float64) float64 {
		total, begin := 0.0, 0
		for m := range values {
			end := n
			if m < len(thresholds) {
				end, _ = slices.BinarySearch(ascending, thresholds[m])
			}
			total += sums[m][end] - sums[m][begin]
			begin = end
		}
		return total / float64(n)
	}
}
