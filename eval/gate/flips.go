package gate

import (
	"cmp"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
)

// flips are the prompts that are more often right on one side, sorted as Flip
// says. The wrong answer is that of the side that is less often right.
func (p *pair) flips() []Flip {
	type sortable struct {
		Flip
		distance int // of the wrong answer from the truth, in tiers
		sure     float64
	}
	var all []sortable
	for i, truth := range p.truth {
		if p.same[i] {
			continue
		}
		b, c := p.base.answer(p.check.base, i, truth), p.cand.answer(p.check.cand, i, truth)
		if b.right == c.right {
			continue
		}
		wrong := c
		if c.right > b.right {
			wrong = b
		}
		at := p.base.prompts[i]
		tiers := p.check.base.source.Tiers
		all = append(all, sortable{
			Flip: Flip{
				ID: p.check.base.ids[at], Domain: p.check.domain[at], Truth: tiers.Name(int(truth)), Regressed: c.right < b.right,
				Baseline: p.base.shown(p.check.base, b), Candidate: p.cand.shown(p.check.cand, c),
			},
			distance: wrong.tier - int(truth),
			sure:     wrong.sure(),
		})
	}
	slices.SortFunc(all, func(x, y sortable) int {
		if x.Regressed != y.Regressed {
			if x.Regressed {
				return -1
			}
			return 1
		}
		return cmp.Or(
			cmp.Compare(max(y.distance, -y.distance), max(x.distance, -x.distance)),
			cmp.Compare(x.distance, y.distance),
			cmp.Compare(y.sure, x.sure),
			cmp.Compare(x.ID, y.ID))
	})
	out := make([]Flip, len(all))
	for i, f := range all {
		out[i] = f.Flip
	}
	return out
}

// answered is what a side made of a prompt: the first of its commonest answers.
type answered struct {
	at, tier           int // place in the column, and the tier there
	right              float64
	confidence, margin float64
}

// sure orders wrong answers: NaN, for neither a confidence nor scores, is below
// all numbers.
func (a answered) sure() float64 {
	if !math.IsNaN(a.confidence) {
		return a.confidence
	}
	return a.margin
}

func (c *column) answer(of *Side, i int, truth int8) answered {
	picks := c.of(i)
	hits, first, most := 0, 0, 0
	for r, k := range picks {
		if k == truth {
			hits++
		}
		times := 0
		for _, other := range picks {
			if other == k {
				times++
			}
		}
		if times > most {
			first, most = r, times
		}
	}
	at := i*c.repeats + first
	a := answered{at: at, tier: int(picks[first]), right: float64(hits) / float64(len(picks)), confidence: c.confidence[at], margin: math.NaN()}
	if scores := c.scoresAt(of, at); scores != nil {
		if margin, ok := (eval.Decision{Scores: scores}).Margin(); ok {
			a.margin = margin
		}
	}
	return a
}

// scoresAt are the scores of a decision; nil where it has none.
func (c *column) scoresAt(of *Side, at int) []float64 {
	k := of.source.Tiers.Len()
	if c.scores == nil || math.IsNaN(c.scores[at*k]) {
		return nil
	}
	return c.scores[at*k : (at+1)*k]
}

func (c *column) shown(of *Side, a answered) Answer {
	out := Answer{Tier: of.source.Tiers.Name(a.tier), Right: number(a.right), Confidence: number(a.confidence), Margin: number(a.margin)}
	for _, v := range c.scoresAt(of, a.at) {
		out.Scores = append(out.Scores, number(v))
	}
	return out
}
