package gate

import (
	"cmp"
	"math"
	"slices"

	"github.com/routeproof/routeproof/eval"
)

// flips are the prompts that are more often right on one side, sorted as Flip
// says. The wrong answer is that of the side that is less often right.
func (p *pair) flips() ([]Flip, error) {
	tiers := p.check.base.source.Tiers
	flips := []Flip{}
	var wrongs []wrong
	for i, truth := range p.truth {
		if p.same[i] {
			continue
		}
		b, c := p.base.commonest(i, truth), p.cand.commonest(i, truth)
		if b.right == c.right {
			continue
		}
		at := p.base.prompts[i]
		f := Flip{ID: p.check.base.ids[at], Domain: p.check.domain.name(int(at)), Truth: tiers.Name(int(truth)), Regressed: c.right < b.right}
		var err error
		if f.Baseline, err = p.base.shown(b); err != nil {
			return nil, err
		}
		if f.Candidate, err = p.cand.shown(c); err != nil {
			return nil, err
		}
		w := wrong{flip: len(flips), regressed: f.Regressed, distance: c.tier - int(truth), sure: f.Candidate.sure()}
		if !f.Regressed {
			w.distance, w.sure = b.tier-int(truth), f.Baseline.sure()
		}
		flips, wrongs = append(flips, f), append(wrongs, w)
	}
	slices.SortFunc(wrongs, wrong.compare)
	sorted := make([]Flip, len(flips))
	for i, w := range wrongs {
		sorted[i] = flips[w.flip]
	}
	return sorted, nil
}

// wrong is what orders flips, which come by id.
type wrong struct {
	flip      int
	regressed bool
	distance  int // of the wrong answer from the truth, in tiers
	sure      float64
}

func (w wrong) compare(o wrong) int {
	if w.regressed != o.regressed {
		if w.regressed {
			return -1
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(max(o.distance, -o.distance), max(w.distance, -w.distance)),
		cmp.Compare(w.distance, o.distance),
		cmp.Compare(o.sure, w.sure),
		cmp.Compare(w.flip, o.flip))
}

// answered is what a side made of a prompt: the first of its commonest answers.
type answered struct {
	at, tier int // place in the column, and the tier there
	right    float64
}

func (c *column) commonest(i int, truth int8) answered {
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
	return answered{at: i*c.repeats + first, tier: int(picks[first]), right: float64(hits) / float64(len(picks))}
}

// shown is an answer as it is reported.
func (c *column) shown(a answered) (Answer, error) {
	out := Answer{Tier: c.side.source.Tiers.Name(a.tier), Right: number(a.right), Confidence: number(c.confidence[a.at]), Margin: nan()}
	scores, err := c.scoresAt(a.at)
	if scores == nil || err != nil {
		return out, err
	}
	if margin, ok := (eval.Decision{Scores: scores}).Margin(); ok {
		out.Margin = number(margin)
	}
	out.Scores = make([]eval.Number, len(scores))
	for k, v := range scores {
		out.Scores[k] = number(v)
	}
	return out, nil
}

// sure orders wrong answers: NaN, for neither a confidence nor scores, is below
// all numbers.
func (a Answer) sure() float64 {
	if !math.IsNaN(float64(a.Confidence)) {
		return float64(a.Confidence)
	}
	return float64(a.Margin)
}
