package eval

import (
	"cmp"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval/stats"
)

func (b *bench) right(c *contender, j int) bool {
	return int(c.tiers[j]) == b.items[b.test[j]].Tier
}

// pairs compares every two classifiers, the better ranked first.
func (b *bench) pairs(contenders []*contender) []Pair {
	out := []Pair{}
	for x, a := range contenders {
		for _, c := range contenders[x+1:] {
			out = append(out, b.pair(a, c))
		}
	}
	adjust(out)
	return out
}

// pairDraws are those of a sign-flip test that cannot be exact.
const pairDraws = 10_000

// pair compares two classifiers by the sign-flip test of how many more prompts of a
// group one got right than the other: copies of a prompt change together, so they are
// no evidence, and a large group can outweigh small ones, as it does in the accuracies.
// Where groups are single prompts that is McNemar's test.
func (b *bench) pair(x, y *contender) Pair {
	pair := Pair{A: x.name, B: y.name, P: 1}
	net := make([]int, b.groups) // prompts that only x got right minus those that only y did
	diff := 0
	for j, g := range b.cluster {
		d := int(indicator(b.right(x, j)) - indicator(b.right(y, j)))
		net[g] += d
		diff += d
	}
	for _, n := range net {
		switch {
		case n > 0:
			pair.OnlyA++
		case n < 0:
			pair.OnlyB++
		}
	}
	pair.Diff = Number(float64(diff) / float64(len(b.test)))
	if slices.Max(net) <= 1 && slices.Min(net) >= -1 {
		pair.P = stats.McNemar(pair.OnlyA, pair.OnlyB)
		return pair
	}
	less := make([]int, len(net))
	for g, n := range net {
		less[g] = -n
	}
	for _, side := range [][]int{net, less} {
		p, _ := stats.SignFlip(side, nil, pairDraws, b.Seed)
		pair.P = min(pair.P, 2*p)
	}
	return pair
}

// adjust fills in Holm's p-values over all pairs given.
func adjust(pairs []Pair) {
	p := make([]float64, len(pairs))
	for i, pair := range pairs {
		p[i] = pair.P
	}
	for i, adjusted := range stats.Holm(p) {
		pairs[i].HolmP = adjusted
	}
}

// againstMajority compares each classifier with always picking the commonest
// tier.
func (b *bench) againstMajority(contenders, baselines []*contender) {
	i := slices.IndexFunc(baselines, func(c *contender) bool { return c.name == majorityName })
	if i < 0 {
		return
	}
	pairs := make([]Pair, len(contenders))
	for n, c := range contenders {
		pairs[n] = b.pair(c, baselines[i])
	}
	adjust(pairs)
	for n, c := range contenders {
		c.score.Majority = &pairs[n]
	}
}

// slices cuts the test prompts by domain, largest first, and by length.
func (b *bench) slices(contenders []*contender) []Slice {
	byDomain := map[string][]int{}
	byLength := make([][]int, len(lengthNames()))
	for j, i := range b.test {
		it := b.items[i]
		byDomain[it.Domain] = append(byDomain[it.Domain], j)
		byLength[lengthBin(it.Runes)] = append(byLength[lengthBin(it.Runes)], j)
	}
	out := []Slice{}
	if _, unnamed := byDomain[""]; !unnamed || len(byDomain) > 1 {
		for name, members := range byDomain {
			out = append(out, b.slice("domain", name, members, contenders))
		}
	}
	slices.SortFunc(out, func(x, y Slice) int { return cmp.Or(cmp.Compare(y.N, x.N), cmp.Compare(x.Name, y.Name)) })
	for bin, members := range byLength {
		if len(members) > 0 {
			out = append(out, b.slice("length", lengthNames()[bin], members, contenders))
		}
	}
	return out
}

func (b *bench) slice(kind, name string, members []int, contenders []*contender) Slice {
	s := Slice{Kind: kind, Name: name, N: len(members), Accuracy: []Estimate{}, Under: []Estimate{}}
	sizes := map[int]float64{} // of groups
	for _, j := range members {
		sizes[b.cluster[j]]++
	}
	squares := 0.0
	for _, n := range sizes {
		squares += n * n // whole numbers, whose sum is the same in any order
	}
	groups := stats.EffectiveSize(float64(s.N), squares)
	for _, c := range contenders {
		var right, under float64
		for _, j := range members {
			truth, tier := b.items[b.test[j]].Tier, int(c.tiers[j])
			right += indicator(tier == truth)
			under += indicator(tier < truth)
		}
		s.Accuracy = append(s.Accuracy, wilson(right/float64(s.N), groups))
		s.Under = append(s.Under, wilson(under/float64(s.N), groups))
	}
	return s
}

// LengthName names the bin of a prompt of so many runes: the slices of kind
// length.
func LengthName(runes int) string { return lengthNames()[lengthBin(runes)] }

// lengthNames names the length bins, in runes.
func lengthNames() []string {
	return []string{"under 50 runes", "50 to 199", "200 to 799", "800 and more"}
}

func lengthBin(runes int) int {
	for bin, upper := range []int{50, 200, 800} {
		if runes < upper {
			return bin
		}
	}
	return 3
}

const (
	shownMistakes = 10  // a classifier
	excerptRunes  = 200 // of a prompt
)

func (b *bench) mistakes(contenders []*contender) ([]Mistakes, error) {
	out := []Mistakes{}
	for _, c := range contenders {
		var wrong []int
		for j := range b.test {
			if !b.right(c, j) {
				wrong = append(wrong, j)
			}
		}
		confidence := func(j int) float64 { return confidenceOf(b.decision(c, j)) }
		distance := func(j int) int { return int(c.tiers[j]) - b.items[b.test[j]].Tier }
		slices.SortFunc(wrong, func(x, y int) int {
			return cmp.Or(
				cmp.Compare(abs(distance(y)), abs(distance(x))),
				cmp.Compare(distance(x), distance(y)),
				cmp.Compare(confidence(y), confidence(x)),
				cmp.Compare(b.items[b.test[x]].ID, b.items[b.test[y]].ID))
		})
		m := Mistakes{Classifier: c.name, Total: len(wrong), Worst: []Mistake{}}
		for _, j := range wrong[:min(len(wrong), shownMistakes)] {
			it, d := b.items[b.test[j]], b.decision(c, j)
			text, err := it.Text.Read()
			if err != nil {
				return nil, err
			}
			mistake := Mistake{ID: it.ID, Prompt: excerpt(text), Domain: it.Domain,
				Truth: b.Tiers.Name(it.Tier), Predicted: b.Tiers.Name(d.Tier), Scores: d.Scores}
			for _, other := range contenders {
				mistake.Others = append(mistake.Others, b.Tiers.Name(int(other.tiers[j])))
			}
			m.Worst = append(m.Worst, mistake)
		}
		out = append(out, m)
	}
	return out, nil
}

// confidenceOf orders decisions that have no probability by their margin.
func confidenceOf(d Decision) float64 {
	if d.Confidence != nil {
		return *d.Confidence
	}
	if m, ok := d.Margin(); ok {
		return m
	}
	return math.Inf(-1)
}

func abs(n int) int { return max(n, -n) }

func excerpt(s string) string {
	n := 0
	for i := range s {
		if n++; n > excerptRunes {
			return s[:i] + "…"
		}
	}
	return s
}
