package curve

import "slices"

// A Table is the quality and cost of prompts under each model, for settings of
// several routers to be measured on.
type Table struct {
	models int
	values []float64 // by prompt, of each model, quality and cost
}

// NewTable returns the table of qualities and costs, by model and prompt.
func NewTable(quality, cost [][]float64) *Table {
	t := &Table{models: len(quality)}
	for i := range quality[0] {
		for m := range quality {
			t.values = append(t.values, quality[m][i], cost[m][i])
		}
	}
	return t
}

// Settings are thresholds that are held fixed while prompts are weighted anew, as
// a bootstrap does: choosing them again on each sample would flatter them again.
type Settings struct {
	table *Table
	rows  []int32 // lowest scores first
	ends  []int   // of segments that go to one model under each setting
	at    [][]int // by setting: the segment with which each model but the first begins

	// Of Points alone, which uses them again.
	sums     []float64 // by segment, cumulative: by lanes of weightings and model, of each weighting quality and cost
	measured tile
}

// Lanes is how many weightings are summed at once. Their sums fit into registers, and
// none waits for another.
const Lanes = 4

// tileRows is how many rows are fetched at once.
const tileRows = 128

// tile is some rows of a table, with their weights, as they are summed.
type tile struct {
	values  []float64 // by model and row, quality and cost
	weights []float64 // by lanes of weightings, row and weighting
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

// Fix returns the settings of mixes, from [Order.Divide] or [Order.Reach], to be
// measured on a table of the order's prompts.
func (o *Order) Fix(mixes []Mix, t *Table) *Settings {
	s := &Settings{table: t, rows: slices.Clone(o.rows)}
	slices.Reverse(s.rows)
	s.fix(mixes)
	return s
}

// Alone returns the settings that send all prompts of a table to the first model,
// all to the second, and so on.
func (t *Table) Alone() *Settings {
	s := &Settings{table: t, rows: make([]int32, len(t.values)/(2*t.models))}
	for i := range s.rows {
		s.rows[i] = int32(i)
	}
	mixes := make([]Mix, t.models)
	for m := range mixes {
		for k := range t.models - 1 {
			from := len(s.rows)
			if k < m {
				from = 0
			}
			mixes[m].From = append(mixes[m].From, from)
		}
	}
	s.fix(mixes)
	return s
}

// fix finds the segments of mixes.
func (s *Settings) fix(mixes []Mix) {
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
}

// Points puts the mean cost and quality of each setting under several weightings
// at once into into, [weighting][setting], whose memory is used again. weights are
// by prompt of the table, as many for each, a multiple of [Lanes]; those beyond into
// are not looked at. total is their sum by weighting. O(n·m) a
// weighting for m models; a prompt is fetched once for all. It is not safe for
// concurrent use.
func (s *Settings) Points(weights []uint8, total []float64, into [][]Point) {
	width := 2 * s.table.models
	each := len(weights) / (len(s.table.values) / width)
	if each%Lanes != 0 || each < len(into) {
		panic("curve: number of weights of a row")
	}
	size := each * width
	s.sums = slices.Grow(s.sums[:0], size*(len(s.ends)+1))[:size*(len(s.ends)+1)]
	clear(s.sums[:size])
	start := 0
	for k, end := range s.ends {
		sums := s.sums[(k+1)*size : (k+2)*size]
		copy(sums, s.sums[k*size:])
		for rows := range slices.Chunk(s.rows[start:end], tileRows) {
			s.measured.fetch(s.table, rows, weights, each)
			s.measured.add(sums, s.table.models, len(rows))
		}
		start = end
	}
	for k := range into {
		into[k] = into[k][:0]
		for _, at := range s.at {
			into[k] = append(into[k], s.point(at, k, size, total[k]))
		}
	}
}

// fetch fills the tile.
func (t *tile) fetch(from *Table, rows []int32, weights []uint8, each int) {
	n, models := len(rows), from.models
	t.values = slices.Grow(t.values[:0], 2*models*tileRows)[:2*models*n]
	t.weights = slices.Grow(t.weights[:0], each*tileRows)[:each*n]
	for j, i := range rows {
		of := from.values[int(i)*2*models:][:2*models]
		for at := 2 * j; len(of) >= 2; at += 2 * n {
			t.values[at], t.values[at+1] = of[0], of[1]
			of = of[2:]
		}
		byWeighting := weights[int(i)*each:][:each]
		for at := j * Lanes; len(byWeighting) >= Lanes; at += n * Lanes {
			to := t.weights[at:][:Lanes]
			to[0], to[1], to[2], to[3] = float64(byWeighting[0]), float64(byWeighting[1]), float64(byWeighting[2]), float64(byWeighting[3])
			byWeighting = byWeighting[Lanes:]
		}
	}
}

// add adds the tile's n rows to sums.
func (t *tile) add(sums []float64, models, n int) {
	for weights := t.weights; len(weights) > 0; weights = weights[n*Lanes:] {
		for m := range models {
			addLanes((*[2 * Lanes]float64)(sums), t.values[2*m*n:][:2*n], weights[:n*Lanes])
			sums = sums[2*Lanes:]
		}
	}
}

// addLanes adds rows of quality and cost to the sums of four weightings.
func addLanes(sums *[2 * Lanes]float64, values, weights []float64) {
	q0, c0, q1, c1, q2, c2, q3, c3 := sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7]
	for len(values) >= 2 && len(weights) >= Lanes {
		q, c := values[0], values[1]
		q0, c0 = q0+weights[0]*q, c0+weights[0]*c
		q1, c1 = q1+weights[1]*q, c1+weights[1]*c
		q2, c2 = q2+weights[2]*q, c2+weights[2]*c
		q3, c3 = q3+weights[3]*q, c3+weights[3]*c
		values, weights = values[2:], weights[Lanes:]
	}
	*sums = [2 * Lanes]float64{q0, c0, q1, c1, q2, c2, q3, c3}
}

// point is where a setting is under weighting k. size is that of a segment's sums.
func (s *Settings) point(at []int, k, size int, total float64) (p Point) {
	begin := 0
	for m := range s.table.models {
		end := len(s.ends)
		if m < len(at) {
			end = at[m]
		}
		place := 2 * ((k/Lanes*s.table.models+m)*Lanes + k%Lanes)
		a, b := s.sums[begin*size+place:], s.sums[end*size+place:]
		p.Quality += b[0] - a[0]
		p.Cost += b[1] - a[1]
		begin = end
	}
	return Point{p.Cost / total, p.Quality / total}
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
