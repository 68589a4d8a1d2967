package calibrate

import (
	"cmp"
	"fmt"
	"slices"
)

// A Choice is a request that an artifact either serves at the tier of its
// highest score or sends to the fallback tier, and what each would cost.
type Choice struct {
	Nearest  int     // tier of the highest score; -1: no vector, always the fallback
	Score    float64 // the highest, from -1 to 1
	Margin   float64 // above the second, at least 0
	Accepted float64 // USD where it is served at Nearest
	Fallback float64 // USD where it goes to the fallback tier
}

// A Cut is what an artifact accepts: a margin of at least Margin together with
// a score of at least the threshold of the nearest tier.
type Cut struct {
	Margin     float64   // 0 and more; 0 accepts every margin
	Thresholds []float64 // by tier: -1 accepts every score, 2 none
}

// acceptNone is a threshold above every score, whatever the scorer.
const acceptNone = 2

// AcceptAll returns the cut that accepts all that has a vector.
func AcceptAll(tiers int) Cut {
	c := Cut{Thresholds: make([]float64, tiers)}
	for k := range c.Thresholds {
		c.Thresholds[k] = -1
	}
	return c
}

// Accepts tells whether a request is served at its nearest tier.
func (c Cut) Accepts(x Choice) bool {
	return x.Nearest >= 0 && x.Score >= c.Thresholds[x.Nearest] && x.Margin >= c.Margin
}

// Mean is what a request costs on average, in USD; NaN without any.
func (c Cut) Mean(rows []Choice) float64 {
	var sum float64
	for _, x := range rows {
		if c.Accepts(x) {
			sum += x.Accepted
		} else {
			sum += x.Fallback
		}
	}
	return sum / float64(len(rows))
}

// LeastCost returns the cut that costs least on these requests, of all there
// are: margin and the thresholds of all tiers jointly, over all values that tell
// two requests apart. It is heuristic: nothing is promised of others.
//
// Of cuts that cost the same it is one that accepts the most requests, of these
// the one with the lowest margin, and then that with the lowest thresholds. So
// what no request speaks against is accepted: a margin of 0, a threshold of -1.
//
// Requests are taken in by falling margin. For a tier and a margin the best
// threshold begins the cheapest suffix of its requests by score, which a tree
// keeps, so that it takes O(n log n + n·tiers) for n requests. It is an error
// where a score, a margin or a cost is not a number, or a tier is none.
func LeastCost(rows []Choice, tiers int) (Cut, error) {
	ranked, deltas, err := placed(rows, tiers)
	if err != nil {
		return Cut{}, err
	}
	best := AcceptAll(tiers)
	byTier := make([]*suffixes, tiers)
	for k := range byTier {
		byTier[k] = newSuffixes(len(ranked.scores[k]))
	}
	var least amount
	for next, first := 0, true; next < len(ranked.order); {
		margin := rows[ranked.order[next]].Margin
		for ; next < len(ranked.order) && rows[ranked.order[next]].Margin == margin; next++ {
			i := ranked.order[next]
			byTier[rows[i].Nearest].add(ranked.place[i], amount{deltas[i], 1})
		}
		var total amount
		for _, t := range byTier {
			total = total.plus(t.least[1])
		}
		if next == len(ranked.order) {
			margin = 0
		}
		if !first && least.before(total) {
			continue
		}
		first, least, best.Margin = false, total, margin
		for k, t := range byTier {
			best.Thresholds[k] = ranked.threshold(k, t.from[1])
		}
	}
	return best, nil
}

// ranking is where requests stand among those of their nearest tier.
type ranking struct {
	order  []int       // of requests with a vector, by falling margin
	place  []int       // of each request among the scores of its tier
	scores [][]float64 // of each tier, distinct, rising
}

// threshold is that from which on the scores of a tier are accepted.
func (r *ranking) threshold(tier, from int) float64 {
	switch {
	case from == 0:
		return -1
	case from < len(r.scores[tier]):
		return r.scores[tier][from]
	}
	return acceptNone
}

// placed ranks the requests, and returns by how much accepting each is dearer
// than the fallback, as whole numbers.
func placed(rows []Choice, tiers int) (*ranking, []int64, error) {
	r := &ranking{place: make([]int, len(rows)), scores: make([][]float64, tiers)}
	deltas := make([]float64, len(rows))
	for i, x := range rows {
		switch {
		case x.Nearest < -1 || x.Nearest >= tiers:
			return nil, nil, fmt.Errorf("request %d: expected a tier from 0 to %d, or -1 without a vector, found %d", i+1, tiers-1, x.Nearest)
		case x.Nearest < 0:
			continue
		case !(x.Score >= -1 && x.Score <= 1) || !(x.Margin >= 0):
			return nil, nil, fmt.Errorf("request %d: expected a score from -1 to 1 and a margin of at least 0, found %g and %g", i+1, x.Score, x.Margin)
		}
		deltas[i] = x.Accepted - x.Fallback
		r.order = append(r.order, i)
		r.scores[x.Nearest] = append(r.scores[x.Nearest], x.Score)
	}
	exact, err := whole(deltas)
	if err != nil {
		return nil, nil, err
	}
	for k := range r.scores {
		slices.Sort(r.scores[k])
		r.scores[k] = slices.Compact(r.scores[k])
	}
	for _, i := range r.order {
		r.place[i], _ = slices.BinarySearch(r.scores[rows[i].Nearest], rows[i].Score)
	}
	slices.SortStableFunc(r.order, func(i, j int) int { return cmp.Compare(rows[j].Margin, rows[i].Margin) })
	return r, exact, nil
}

// amount is what some requests cost more where they are accepted, and how many
// they are.
type amount struct {
	cost     int64
	accepted int
}

func (a amount) plus(b amount) amount { return amount{a.cost + b.cost, a.accepted + b.accepted} }

// before tells whether a is better: cheaper, or as cheap with more accepted.
func (a amount) before(b amount) bool {
	return a.cost < b.cost || a.cost == b.cost && a.accepted > b.accepted
}

// suffixes is a binary tree over places, whose node 1 is the root and whose
// leaves are the places in order. Each node has the sum of its places, and the
// best sum of any of its suffixes with the place at which it begins, the first of
// equal ones. There is a leaf without anything behind the last place, where the
// suffix begins that holds nothing.
type suffixes struct {
	sum, least []amount
	from       []int
	leaves     int
}

func newSuffixes(places int) *suffixes {
	leaves := 1
	for leaves < places+1 {
		leaves *= 2
	}
	s := &suffixes{sum: make([]amount, 2*leaves), least: make([]amount, 2*leaves), from: make([]int, 2*leaves), leaves: leaves}
	for i := range leaves {
		s.from[leaves+i] = i
	}
	for node := leaves - 1; node > 0; node-- {
		s.from[node] = s.from[2*node]
	}
	return s
}

// add adds to a place in O(log places).
func (s *suffixes) add(place int, a amount) {
	node := s.leaves + place
	s.sum[node] = s.sum[node].plus(a)
	s.least[node] = s.sum[node]
	for node /= 2; node > 0; node /= 2 {
		left, right := 2*node, 2*node+1
		s.sum[node] = s.sum[left].plus(s.sum[right])
		s.least[node], s.from[node] = s.least[left].plus(s.sum[right]), s.from[left]
		if s.least[right].before(s.least[node]) {
			s.least[node], s.from[node] = s.least[right], s.from[right]
		}
	}
}
