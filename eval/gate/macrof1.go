package gate

import (
	"bytes"
	"slices"
)

// macroF1 gates the mean F1 over the tiers that occur, which is eval's and
// scikit-learn's default. Repeats of a prompt share its weight.
func (p *pair) macroF1(margin float64) Gate {
	g := newGate("macro_f1", nil, true, margin)
	g.N = len(p.truth)
	g.Identical = !slices.Contains(p.same, false)
	keys, counts := p.confusionTable()
	s := &patterns{counts: counts, fixed: make([]bool, len(keys))}
	tiers := p.check.base.source.Tiers.Len()
	base, cand := make([][]tally, len(keys)), make([][]tally, len(keys))
	for i, key := range keys {
		base[i], cand[i] = p.tallies([]byte(key), tiers)
		s.fixed[i] = slices.Equal(base[i], cand[i])
	}
	f, c := make([]tally, tiers), make([]tally, tiers)
	s.score = func(drawn, swapped []int) (float64, float64) {
		clear(f)
		clear(c)
		for i, n := range drawn {
			if n == 0 {
				continue
			}
			kept, other := float64(n-swapped[i]), float64(swapped[i])
			for t := range f {
				b, d := &base[i][t], &cand[i][t]
				f[t].add(b, kept)
				f[t].add(d, other)
				c[t].add(d, kept)
				c[t].add(b, other)
			}
		}
		return f1(f), f1(c)
	}
	return s.gate(g, p.rules, p.draws)
}

// tally is what F1 of one tier needs.
type tally struct{ right, truths, picks float64 }

func (t *tally) add(of *tally, times float64) {
	t.right += times * of.right
	t.truths += times * of.truths
	t.picks += times * of.picks
}

// f1 is the mean over the tiers that are a truth or a prediction; NaN where none
// is.
func f1(tiers []tally) float64 {
	sum, n := 0.0, 0.0
	for _, t := range tiers {
		if of := t.truths + t.picks; of > 0 {
			sum += 2 * t.right / of
			n++
		}
	}
	return sum / n
}

// confusionTable holds groups by their prompts' truths and predictions. A key has
// for each prompt a byte of truth and, sorted, one of each prediction, the
// baseline's first; prompts are sorted.
func (p *pair) confusionTable() (keys []string, counts []int) {
	var t table
	one := make([]byte, 0, 64)
	prompt := func(i int) []byte {
		one = append(one[:0], byte(p.truth[i]))
		for _, c := range []*column{p.base, p.cand} {
			from := len(one)
			for _, k := range c.of(i) {
				one = append(one, byte(k))
			}
			slices.Sort(one[from:])
		}
		return one
	}
	if p.units == len(p.truth) {
		for i := range p.truth {
			t.add(prompt(i))
		}
		return t.sorted()
	}
	members := make([][][]byte, p.units)
	for i, g := range p.unit {
		members[g] = append(members[g], bytes.Clone(prompt(i)))
	}
	for _, of := range members {
		slices.SortFunc(of, bytes.Compare)
		t.add(bytes.Join(of, nil))
	}
	return t.sorted()
}

// tallies reads a key of the confusion table.
func (p *pair) tallies(key []byte, tiers int) (base, cand []tally) {
	base, cand = make([]tally, tiers), make([]tally, tiers)
	for len(key) > 0 {
		truth := key[0]
		key = key[1:]
		for _, side := range []struct {
			to      []tally
			repeats int
		}{{base, p.base.repeats}, {cand, p.cand.repeats}} {
			side.to[truth].truths++
			for _, k := range key[:side.repeats] {
				side.to[k].picks += 1 / float64(side.repeats)
				if k == truth {
					side.to[k].right += 1 / float64(side.repeats)
				}
			}
			key = key[side.repeats:]
		}
	}
	return base, cand
}
