package eval

import (
	"cmp"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/eval/stats"
)

// Clusters are decisions on groups of prompts, of which either all or none are
// drawn. Groups whose decisions count alike are of one kind, so that a resample
// takes as long as there are kinds, however many prompts there are: with one
// prompt a group there are as many as the confusion matrix has cells.
type Clusters struct {
	tiers  int
	kinds  []string // the cells that a group counts in, truth·tiers + predicted, in rising order
	groups []int    // of each kind
}

type integer interface{ ~int | ~int32 | ~uint8 }

// NewClusters groups decisions: prompt i is of tier truth[i], was sent to
// predicted[i], and is in group[i], from 0 to groups−1; groups of no prompt count for
// nothing. There are at most 16 tiers, and below 2³¹ prompts. It takes O(n log n), and 4 bytes
// a group beside one a prompt.
func NewClusters[T, G integer](tiers int, truth, predicted []T, group []G, groups int) *Clusters {
	ends := make([]int32, groups+1) // of the cells of the group before; where the next one goes, meanwhile
	for _, g := range group {
		ends[g+1]++
	}
	for g := range groups {
		ends[g+1] += ends[g]
	}
	cells := make([]byte, len(group))
	for i, g := range group {
		cells[ends[g]] = byte(int(truth[i])*tiers + int(predicted[i]))
		ends[g]++
	}
	counts := map[string]int{}
	from := int32(0)
	for _, end := range ends[:groups] {
		own := cells[from:end]
		if from = end; len(own) == 0 {
			continue
		}
		slices.Sort(own)
		counts[string(own)]++
	}
	c := &Clusters{tiers: tiers}
	for kind := range counts {
		c.kinds = append(c.kinds, kind)
	}
	slices.SortFunc(c.kinds, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	for _, kind := range c.kinds {
		c.groups = append(c.groups, counts[kind])
	}
	return c
}

// add counts the decisions of n groups of a kind.
func (c *Clusters) add(to Confusion, kind int, n float64) {
	for _, cell := range []byte(c.kinds[kind]) {
		to[int(cell)/c.tiers][int(cell)%c.tiers] += n
	}
}

// Resample draws bootstrap samples of the groups, as [stats.Resample] draws, and
// calls visit with the confusion matrix of each, which it must not keep.
func (c *Clusters) Resample(replicates int, seed uint64, visit func(Confusion)) {
	drawn := NewConfusion(c.tiers)
	stats.MultinomialEach(c.groups, replicates, seed, func(_ int, groups []int) {
		for t := range drawn {
			clear(drawn[t])
		}
		for kind, n := range groups {
			if n > 0 {
				c.add(drawn, kind, float64(n))
			}
		}
		visit(drawn)
	})
}

// Jackknife calls visit with the confusion matrix without one group, for a group
// of each kind, and how many there are of that kind. cm is the matrix of all.
func (c *Clusters) Jackknife(cm Confusion, visit func(without Confusion, groups int)) {
	without := NewConfusion(c.tiers)
	for kind, n := range c.groups {
		for t := range without {
			copy(without[t], cm[t])
		}
		c.add(without, kind, -1)
		visit(without, n)
	}
}
