package gate

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// A Scenario is a world whose truth is known: a baseline that is right with
// probability Accuracy, and a candidate whose rightness changes with probability
// Changed, so that it is right with probability Accuracy − Drop.
type Scenario struct {
	N        int     `json:"n"` // prompts, each its own group
	Accuracy float64 `json:"accuracy"`
	Changed  float64 `json:"changed"` // ψ, at least the drop
	Drop     float64 `json:"drop"`    // 0: nothing got worse (A/A)

	// Slices cut the prompts into so many equal parts, all gated beside the
	// whole; 0 or 1: none. Classifiers gates so many independent ones, of which
	// the first alone drops; 0 is 1.
	Slices      int `json:"slices"`
	Classifiers int `json:"classifiers"`

	Floor float64 `json:"floor"` // of the gate that looks at point estimates
}

// A Simulated is how often gates failed, or passed, in many draws of a scenario,
// as shares of the draws.
type Simulated struct {
	Scenario
	Draws        int         `json:"draws"`
	Pass         eval.Number `json:"pass"`
	Regressed    eval.Number `json:"regressed"`
	Inconclusive eval.Number `json:"inconclusive"`
	Passed       eval.Number `json:"first_passed"` // the first classifier as a whole, whatever the others came to

	// Power is what the test alone finds of one claim, exactly; NaN with several
	// claims. Regressed falls short of it by what is found but passes for being less
	// than the margin.
	Power eval.Number `json:"power"`

	// What gates on point estimates do: fail where any accuracy fell at all; where
	// any is below what the baseline showed on other prompts, as many, before; where
	// any is below Floor.
	AnyDrop    eval.Number `json:"any_drop_fails"`
	OldFigure  eval.Number `json:"old_figure_fails"`
	FixedFloor eval.Number `json:"fixed_floor_fails"`
}

func (s Scenario) check() error {
	ok := s.N > 0 && s.Slices >= 0 && s.Classifiers >= 0 && s.Slices <= s.N &&
		s.Accuracy >= 0 && s.Accuracy <= 1 && s.Changed >= 0 && s.Drop >= -s.Changed && s.Drop <= s.Changed &&
		s.worse() <= s.Accuracy && s.better() <= 1-s.Accuracy
	if !ok {
		return fmt.Errorf("scenario %+v: expected prompts, and shares such that no more can get worse than is right, nor better than is wrong", s)
	}
	return nil
}

func (s Scenario) worse() float64  { return (s.Changed + s.Drop) / 2 }
func (s Scenario) better() float64 { return (s.Changed - s.Drop) / 2 }

// Simulate draws a scenario so many times and counts what comes of it under the
// rules, of which margin, alpha and power matter. It takes O(draws × classifiers ×
// prompts), and is an error where the rules or the scenario are.
func Simulate(ctx context.Context, s Scenario, rules Rules, draws int, seed uint64) (Simulated, error) {
	out := Simulated{Scenario: s, Draws: draws, Power: nan()}
	if err := rules.Check(); err != nil {
		return out, err
	}
	if err := s.check(); err != nil {
		return out, err
	}
	if s.Slices < 2 && s.Classifiers < 2 {
		out.Power = number(stats.McNemarPower(s.N, s.Changed, s.Drop, rules.alpha()))
	}
	rng := rand.New(rand.NewPCG(seed, 0x73696d756c617465))
	for range draws {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		w := s.draw(rng, rules)
		outcome := outcomeOf(w.gates)
		count(&out.Pass, outcome == Pass, draws)
		count(&out.Regressed, outcome == Regressed, draws)
		count(&out.Inconclusive, outcome == Inconclusive, draws)
		count(&out.Passed, w.gates[0].Outcome == Pass, draws)
		count(&out.AnyDrop, w.anyDrop, draws)
		count(&out.OldFigure, w.belowOld, draws)
		count(&out.FixedFloor, w.belowFloor, draws)
	}
	return out, nil
}

// count adds a draw's part to a share.
func count(share *eval.Number, is bool, draws int) {
	if is {
		*share += eval.Number(1 / float64(draws))
	}
}

// world is one draw of a scenario.
type world struct {
	gates                         []Gate // settled; the first is the first classifier as a whole
	anyDrop, belowOld, belowFloor bool
}

func (s Scenario) draw(rng *rand.Rand, rules Rules) world {
	var w world
	for k := range max(1, s.Classifiers) {
		of := s
		if k > 0 {
			of.Drop = 0
		}
		parts := of.evidence(rng)
		before := 0 // right on the other prompts that the old figure is of
		for range s.N {
			if rng.Float64() < s.Accuracy {
				before++
			}
		}
		whole := parts[0]
		w.belowOld = w.belowOld || whole.cand < float64(before)/float64(s.N)
		w.belowFloor = w.belowFloor || whole.cand < s.Floor
		for i, e := range parts {
			g := newGate(Accuracy, nil, true, rules.margin())
			g.fill(e, rules, 1)
			g.Decides = i == 0
			w.gates = append(w.gates, g)
			w.anyDrop = w.anyDrop || e.worse > e.better
		}
	}
	gates := make([]*Gate, len(w.gates))
	for i := range w.gates {
		gates[i] = &w.gates[i]
	}
	settle(gates, rules)
	return w
}

// evidence draws the prompts of one classifier: the whole first, then its slices.
func (s Scenario) evidence(rng *rand.Rand) []evidence {
	parts := make([]evidence, 1, 1+s.Slices)
	if s.Slices > 1 {
		parts = parts[:1+s.Slices]
	}
	right := make([]int, len(parts)) // of the baseline
	for i := range s.N {
		in := []int{0}
		if s.Slices > 1 {
			in = []int{0, 1 + i%s.Slices}
		}
		u := rng.Float64()
		for _, k := range in {
			e := &parts[k]
			e.n++
			switch {
			case u < s.worse():
				e.worse++
				right[k]++
			case u < s.Accuracy:
				right[k]++
			case u < s.Accuracy+s.better():
				e.better++
			}
		}
	}
	for k := range parts {
		e := &parts[k]
		e.groups = e.n
		e.sum, e.squares = float64(e.better-e.worse), float64(e.better+e.worse)
		e.base, e.cand = float64(right[k])/float64(e.n), float64(right[k]+e.better-e.worse)/float64(e.n)
		e.change, e.identical = e.cand-e.base, e.squares == 0
	}
	return parts
}
