package gate

import (
	"bytes"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
)

// confusions are the groups of a pair by what they add to the confusion matrix of
// each side, those alike held together.
type confusions struct {
	tiers      int
	truths     []bool // which are true of any prompt
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
	c := &confusions{tiers: p.check.base.source.Tiers.Len(), truths: p.truths, counts: counts}
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

// macroF1 is the mean F1 over the tiers that are true of any prompt, whatever is drawn
// of them. [eval.Confusion.MacroF1] is also over those that are only predicted, as
// scikit-learn has it: a side that predicts one has one more to be 0 in, and a
// comparison would be of means over different tiers.
func (c *confusions) macroF1(of eval.Confusion) float64 {
	sum, n := 0.0, 0.0
	for k, is := range c.truths {
		if !is {
			continue
		}
		n++
		// None of it is drawn and none predicted: on the other side its F1 is 0 or undefined as well.
		if f1 := of.F1(k); !math.IsNaN(f1) {
			sum += f1
		}
	}
	return sum / n
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
	var key []byte
	for k, group := range p.groups.keys {
		key = key[:0]
		for e := range slices.Chunk(entry(group), p.width()) {
			key = append(key, byte(e.truth()))
			for _, pick := range e[picksAt:] {
				key = append(key, byte(tierOfPick(pick)))
			}
		}
		t.addTimes(sortedChunks(key, 1+p.base.repeats+p.cand.repeats), p.groups.counts[k])
	}
	return t.sorted()
}

// sortedChunks sorts pieces of bytes that are of the same width.
func sortedChunks(all []byte, width int) []byte {
	if len(all) == width {
		return all
	}
	pieces := slices.Collect(slices.Chunk(all, width))
	slices.SortFunc(pieces, bytes.Compare)
	return bytes.Join(pieces, nil)
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
