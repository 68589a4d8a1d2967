package gate

import "github.com/routeproof/routeproof/eval"

// macroF1 gates the mean F1 over the true tiers. Repeats of a prompt share its weight.
func (p *pair) macroF1(margin float64) Gate {
	g := newGate("macro_f1", nil, true, margin)
	g.N = p.n
	g.Identical = p.identical
	groups := p.confusions()
	s := &patterns{counts: groups.counts, fixed: groups.fixed()}
	base, cand := eval.NewConfusion(groups.tiers), eval.NewConfusion(groups.tiers)
	s.score = func(drawn, swapped []int) (float64, float64) {
		groups.total(base, cand, drawn, swapped)
		return groups.macroF1(base), groups.macroF1(cand)
	}
	return s.gate(g, p.rules, p.draws)
}
