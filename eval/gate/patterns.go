package gate

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/routeproof/routeproof/eval/stats"
)

// fewestGroups is how many groups a bootstrap needs before its bound is worth
// anything.
const fewestGroups = 30

// patterns are the groups of a comparison, those alike held together with their
// count, so that a bootstrap or a permutation costs as many draws as there are
// patterns however many prompts there are.
type patterns struct {
	counts []int
	unseen int    // the last so many patterns are no groups, but are added, one of each, to what a bootstrap draws from
	fixed  []bool // both sides are alike in it, so that swapping them does nothing
	// score is a figure of each side, where more is better, of a weighted sum of
	// patterns: base[i] patterns i as the baseline had it and cand[i] as the
	// candidate had it. swapped[i] of them are taken the other way round.
	score func(drawn, swapped []int) (base, cand float64)
	// compared is what a permutation looks at, more where the candidate is better;
	// nil: the change.
	compared func(drawn, swapped []int) float64
	// interval of the change; nil: the percentiles of a bootstrap.
	interval func(confidence float64) stats.Interval
}

func (s *patterns) groups() int {
	n := 0
	for _, c := range s.counts {
		n += c
	}
	return n
}

func (s *patterns) change(drawn, swapped []int) float64 {
	base, cand := s.score(drawn, swapped)
	return cand - base
}

// bootstrap draws the groups with replacement, and those that are added.
func (s *patterns) bootstrap(replicates int, seed uint64) []float64 {
	none := make([]int, len(s.counts))
	counts := slices.Clone(s.counts)
	for i := len(counts) - s.unseen; i < len(counts); i++ {
		counts[i] = 1
	}
	return stats.Multinomial(counts, replicates, seed, func(drawn []int) float64 { return s.change(drawn, none) })
}

// between is where the change lies at a confidence.
func (s *patterns) between(rules Rules, confidence float64) stats.Interval {
	if s.interval != nil {
		return s.interval(confidence)
	}
	return stats.Percentile(s.bootstrap(rules.replicates(), rules.Seed), confidence)
}

// permute returns the chances of a change so much for the worse and for the
// better where each group is as likely to have its sides the other way round:
// (1 + draws at least so far)/(1 + draws), which keeps the level whatever draws
// is. Undefined draws count as far, so that they claim nothing.
func (s *patterns) permute(draws int, seed uint64) (worse, better float64) {
	of := s.compared
	if of == nil {
		of = s.change
	}
	seen := of(s.counts, make([]int, len(s.counts)))
	// Sums in another order may differ in their last digits.
	slack := 1e-12 * math.Max(1, math.Abs(seen))
	fair := coins{src: rand.NewPCG(seed, 0x676174652d706572)}
	down, up := 1, 1
	swapped := make([]int, len(s.counts))
	for range draws {
		for i, n := range s.counts {
			if !s.fixed[i] {
				swapped[i] = fair.heads(n)
			}
		}
		change := of(s.counts, swapped)
		if !(change > seen+slack) {
			down++
		}
		if !(change < seen-slack) {
			up++
		}
	}
	return float64(down) / float64(1+draws), float64(up) / float64(1+draws)
}

// coins are fair coins, 64 to a word.
type coins struct {
	src  *rand.PCG
	word uint64
	left int
}

// heads returns how many of n coins show heads.
func (c *coins) heads(n int) int {
	k := 0
	for n > 0 {
		if c.left == 0 {
			c.word, c.left = c.src.Uint64(), 64
		}
		m := min(n, c.left)
		k += bits.OnesCount64(c.word & (1<<m - 1)) // all of the word where m is 64
		c.word >>= m
		c.left -= m
		n -= m
	}
	return k
}

// gate is a gate on a figure that is no mean over prompts.
func (s *patterns) gate(g Gate, rules Rules, draws int) Gate {
	g.Method = "group permutation, bootstrap bound"
	g.Groups = s.groups()
	none := make([]int, len(s.counts))
	base, cand := s.score(s.counts, none)
	sign := 1.0
	if !g.moreIsBetter {
		sign = -1
	}
	g.Baseline, g.Candidate = number(sign*base), number(sign*cand)
	g.Change = number(sign * (cand - base))
	switch {
	case g.Identical:
		g.Bound, g.P, g.BetterP = 0, 1, 1
		return g
	case g.Groups < fewestGroups:
		g.unknown = tooFewGroups(g.Groups)
		return g
	case math.IsNaN(base) || math.IsNaN(cand):
		g.unknown = "it is undefined on these prompts"
		return g
	}
	worse, better := s.permute(draws, rules.Seed)
	g.P, g.BetterP = number(worse), number(better)
	low := s.between(rules, 1-2*rules.alpha()).Low
	g.Bound = number(sign * low)
	g.passes = low > -float64(g.Margin)
	return g
}

// table collects patterns by a key that says all about a group.
type table struct {
	place  map[string]int
	keys   []string
	counts []int
}

// addTimes adds so many of a key.
func (t *table) addTimes(key []byte, times int) {
	at, ok := t.place[string(key)]
	if !ok {
		if t.place == nil {
			t.place = map[string]int{}
		}
		at = len(t.keys)
		t.place[string(key)] = at
		t.keys, t.counts = append(t.keys, string(key)), append(t.counts, 0)
	}
	t.counts[at] += times
}

// sorted returns the keys in their order, with their counts.
func (t *table) sorted() (keys []string, counts []int) {
	keys = slices.Sorted(slices.Values(t.keys))
	for _, key := range keys {
		counts = append(counts, t.counts[t.place[key]])
	}
	return keys, counts
}
