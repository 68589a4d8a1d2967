package gate

import "github.com/routeproof/routeproof/eval"

// macroF1 gates the mean F1 over the true tiers. Repeats of a prompt share its weight.
func (p *pair) macroF1(margin float64) Gate {
	g := newGate("macro_f1", nil, true, margin)
	g.N = p.n
	g.Identical = p.identical
	groups := p.confusions()
	s := &patterns{unseen: groups.addUnseen()}
	s.counts, s.fixed = groups.counts, groups.fixed()
	base, cand := eval.NewConfusion(groups.tiers), eval.NewConfusion(groups.tiers)
	s.score = func(drawn, swapped []int) (float64, float64) {
		groups.total(base, cand, drawn, swapped)
		return groups.macroF1(base), groups.macroF1(cand)
	}
	return s.gate(g, p.rules, p.draws)
}

// addUnseen adds patterns that no group has, one that got worse and one that got
// better, and returns how many. A prompt counts for 1 over the number of its tier, so
// they are of the rarest, and confused with the commonest of the others.
func (c *confusions) addUnseen() int {
	if c.tiers < 2 {
		return 0
	}
	support := make([]float64, c.tiers)
	for i, n := range c.counts {
		for _, s := range c.base[i] {
			support[s.truth] += float64(n) * s.weight
		}
	}
	var of unseen
	for i, n := range c.counts {
		most := 0.0
		for _, s := range c.base[i] {
			most += s.weight / support[s.truth]
		}
		of.add(most, n)
	}
	rare, other := rarest(support)
	weight := of.size() * support[rare]
	right := []share{{int8(rare), int8(rare), weight}}
	wrong := []share{{int8(rare), int8(other), weight}}
	c.base, c.cand = append(c.base, right, wrong), append(c.cand, wrong, right)
	c.counts = append(c.counts, 0, 0)
	return 2
}

// rarest is the tier of the fewest prompts, but some, and the other one of the most.
func rarest(support []float64) (rare, other int) {
	rare = -1
	for k, n := range support {
		if n > 0 && (rare < 0 || n < support[rare]) {
			rare = k
		}
	}
	other = -1
	for k, n := range support {
		if k != rare && (other < 0 || n > support[other]) {
			other = k
		}
	}
	return rare, other
}
