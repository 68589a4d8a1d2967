package gate

import (
	"bytes"
	"slices"

	"github.com/routeproof/routeproof/eval"
)

// confusions are the groups of a pair by what they add to the confusion matrix of
// each side, those alike held together.
type confusions struct {
	tiers      int
	counts     []int
	base, cand [][]share // by pattern
}

// A share is what a pattern adds to a cell of a confusion matrix: a prompt, of
// which repeats share the weight.
type share struct {
	truth, predicted int8
	weight           float64
}

func (p *pair) confusions() *confusions {
	keys, counts := p.confusionTable()
	c := &confusions{tiers: p.check.base.source.Tiers.Len(), counts: counts}
	for _, key := range keys {
		base, cand := p.shares([]byte(key), c.tiers)
		c.base, c.cand = append(c.base, base), append(c.cand, cand)
	}
	return c
}

// fixed tells of each pattern whether the sides are alike in it.
func (c *confusions) fixed() []bool {
	out := make([]bool, len(c.counts))
	for i := range out {
		out[i] = slices.Equal(c.base[i], c.cand[i])
	}
	return out
}

// total sums so many of each pattern into the sides' matrices, of which swapped
// are taken the other way round; nil: none.
func (c *confusions) total(base, cand eval.Confusion, drawn, swapped []int) {
	for t := range base {
		clear(base[t])
		clear(cand[t])
	}
	for i, n := range drawn {
		if n == 0 {
			continue
		}
		other := 0
		if swapped != nil {
			other = swapped[i]
		}
		kept := float64(n - other)
		addShares(base, c.base[i], kept)
		addShares(cand, c.cand[i], kept)
		if other > 0 {
			addShares(base, c.cand[i], float64(other))
			addShares(cand, c.base[i], float64(other))
		}
	}
}

func addShares(to eval.Confusion, shares []share, times float64) {
	for _, s := range shares {
		to[s.truth][s.predicted] += times * s.weight
	}
}

// confusionTable holds groups by their prompts' truths and predictions. A key has
// for each prompt a byte of truth and, sorted, one of each prediction, the
// baseline's first; prompts are sorted.
func (p *pair) confusionTable() (keys []string, counts []int) {
	var t table
	var key []byte // of a group
	add := func(i int) {
		key = append(key, byte(p.truth[i]))
		for _, c := range []*column{p.base, p.cand} {
			from := len(key)
			for _, k := range c.of(i) {
				key = append(key, byte(k))
			}
			slices.Sort(key[from:])
		}
	}
	if p.units == len(p.truth) {
		for i := range p.truth {
			key = key[:0]
			add(i)
			t.add(key)
		}
		return t.sorted()
	}
	order, ends := p.byGroups()
	var prompts [][]byte
	for g, end := range ends {
		start := 0
		if g > 0 {
			start = ends[g-1]
		}
		key = key[:0]
		for _, i := range order[start:end] {
			add(int(i))
		}
		prompts = slices.AppendSeq(prompts[:0], slices.Chunk(key, len(key)/(end-start)))
		slices.SortFunc(prompts, bytes.Compare)
		t.add(bytes.Join(prompts, nil))
	}
	return t.sorted()
}

// byGroups returns the pair's prompts, group by group, and where each group ends.
func (p *pair) byGroups() (order []int32, ends []int) {
	next := make([]int, p.units+1)
	for _, g := range p.unit {
		next[g+1]++
	}
	for g := range p.units {
		next[g+1] += next[g]
	}
	order = make([]int32, len(p.unit))
	for i, g := range p.unit {
		order[next[g]] = int32(i)
		next[g]++
	}
	return order, next[:p.units]
}

// shares reads a key of the confusion table. Equal matrices have equal shares.
func (p *pair) shares(key []byte, tiers int) (base, cand []share) {
	b, c := eval.NewConfusion(tiers), eval.NewConfusion(tiers)
	for len(key) > 0 {
		truth := key[0]
		key = key[1:]
		for _, side := range []struct {
			to      eval.Confusion
			repeats int
		}{{b, p.base.repeats}, {c, p.cand.repeats}} {
			for _, k := range key[:side.repeats] {
				side.to[truth][k] += 1 / float64(side.repeats)
			}
			key = key[side.repeats:]
		}
	}
	return nonzero(b), nonzero(c)
}

func nonzero(of eval.Confusion) []share {
	var out []share
	for t, row := range of {
		for k, weight := range row {
			if weight > 0 {
				out = append(out, share{int8(t), int8(k), weight})
			}
		}
	}
	return out
}
