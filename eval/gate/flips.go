package gate

import (
	"math"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
)

// flip takes in a prompt that changed. It flipped where it is more often right on one
// side, and the wrong answer is that of the other.
func (p *pair) flip(b *prompt, base, cand []decision) error {
	was, is := commonest(base, b.truth), commonest(cand, b.truth)
	if was.right == is.right {
		return nil
	}
	tiers := p.check.base.source.Tiers
	f := Flip{
		ID: string(b.id), Domain: p.check.base.domain.Name(b.domain), Truth: tiers.Name(int(b.truth)), Regressed: is.right < was.right,
		Baseline: was.shown(tiers), Candidate: is.shown(tiers),
	}
	wrong, sure := is, f.Candidate.sure()
	if !f.Regressed {
		wrong, sure = was, f.Baseline.sure()
	}
	p.key = flipKey(p.key[:0], int(wrong.pick)-int(b.truth), sure)
	return p.flips.add(f, p.key)
}

// answered is what a side made of a prompt: the first of its commonest answers.
type answered struct {
	decision
	right float64 // share of repeats
}

func commonest(of []decision, truth int8) answered {
	hits, first, most := 0, 0, 0
	for r, d := range of {
		if d.pick == truth {
			hits++
		}
		times := 0
		for _, other := range of {
			if other.pick == d.pick {
				times++
			}
		}
		if times > most {
			first, most = r, times
		}
	}
	return answered{of[first], float64(hits) / float64(len(of))}
}

// shown is an answer as it is reported.
func (a answered) shown(tiers centroids.Tiers) Answer {
	out := Answer{Tier: tiers.Name(int(a.pick)), Right: number(a.right), Confidence: number(a.confidence), Margin: nan()}
	if a.scores == nil {
		return out
	}
	if margin, ok := (eval.Decision{Scores: a.scores}).Margin(); ok {
		out.Margin = number(margin)
	}
	out.Scores = make([]eval.Number, len(a.scores))
	for k, v := range a.scores {
		out.Scores[k] = number(v)
	}
	return out
}

// sure orders wrong answers: NaN, for neither a confidence nor scores, is below
// all numbers.
func (a Answer) sure() float64 {
	if !math.IsNaN(float64(a.Confidence)) {
		return float64(a.Confidence)
	}
	return float64(a.Margin)
}
