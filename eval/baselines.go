package eval

import (
	"slices"

	"github.com/routeproof/routeproof/datasets"
)

const majorityName = "majority"

// baselines are what any classifier must be held against.
func (b *bench) baselines() []*contender {
	k := b.Tiers.Len()
	every := func(name string, tier func(Item) int) *contender {
		c := &contender{name: name, priced: true, tiers: make([]uint8, len(b.test))}
		for j, i := range b.test {
			c.tiers[j] = uint8(tier(b.items[i]))
		}
		return c
	}
	var out []*contender
	for tier, name := range b.Tiers.Names() {
		out = append(out, every("always "+name, func(Item) int { return tier }))
	}
	uniform := make([]float64, k)
	for t := range uniform {
		uniform[t] = 1 / float64(k)
	}
	out = append(out, &contender{name: "random", mix: uniform, priced: true})
	// Nothing to learn from where an artifact is scored on foreign prompts.
	if train := splitIndex(b.items, datasets.Train); len(train) > 0 {
		majority := b.majority(train)
		cuts := b.lengthCuts(train)
		out = append(out,
			every(majorityName, func(Item) int { return majority }),
			every("length", func(it Item) int { return lengthTier(cuts, it.Runes) }))
	}
	return append(out, every("oracle", func(it Item) int { return it.Tier }))
}

// majority is the commonest tier of the indexed items, the cheaper on a tie.
func (b *bench) majority(index []int) int {
	counts := make([]int, b.Tiers.Len())
	for _, i := range index {
		counts[b.items[i].Tier]++
	}
	return slices.Index(counts, slices.Max(counts))
}

// lengthCuts are the lengths, in runes, at which a classifier that sees length
// alone changes tier: the shortest prompts of the indexed items go to the
// cheapest tier and so on, in the proportions of their true tiers. A prompt of
// tier k is at most cuts[k] long.
func (b *bench) lengthCuts(index []int) []int {
	counts := make([]int, b.Tiers.Len())
	lengths := make([]int, 0, len(index))
	for _, i := range index {
		counts[b.items[i].Tier]++
		lengths = append(lengths, b.items[i].Runes)
	}
	slices.Sort(lengths)
	cuts := make([]int, len(counts)-1)
	below := 0
	for k := range cuts {
		cuts[k] = -1
		if below += counts[k]; below > 0 {
			cuts[k] = lengths[below-1]
		}
	}
	return cuts
}

func lengthTier(cuts []int, runes int) int {
	for k, cut := range cuts {
		if runes <= cut {
			return k
		}
	}
	return len(cuts)
}
