package simulate

import (
	"context"
	"errors"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/stats"
)

const confidence = 0.95 // of all intervals

// A Signal says what one check tells of a model's answers: how many of those it
// fires on are wrong, beside how many of all are. A check that carries no signal
// fires on right and wrong answers alike.
type Signal struct {
	Model      string         `json:"model"`
	Check      string         `json:"check"`
	N          int            `json:"n"`     // answers with a score
	Wrong      int            `json:"wrong"` // of these, with a score below datasets.Right
	Fired      int            `json:"fired"` // of these, that the check fires on
	FiredWrong int            `json:"fired_wrong"`
	Precision  stats.Interval `json:"precision"` // 95 % interval of the share of wrong answers among those it fires on
	P          float64        `json:"p"`         // Fisher's exact test of firing against being wrong, Holm-adjusted over the checks that fire
}

const alpha = 0.05 // of all tests

// Verdict says in a word whether the check tells wrong answers from right ones.
func (s Signal) Verdict() string {
	switch {
	case s.Fired == 0:
		return "never fires"
	case s.P > alpha:
		return "not told from chance"
	case s.FiredWrong*s.N > s.Wrong*s.Fired:
		return "fires on wrong answers"
	}
	return "fires on right answers"
}

// Signals looks at every recorded answer of every model by itself, whatever
// policy would have asked for it. Answers whose text was not recorded are left
// out.
func Signals(ctx context.Context, checks *policy.Checks, backend policy.Backend, requests []policy.Request) ([]Signal, error) {
	var out []Signal
	for rung, m := range backend.Models() {
		signals := make([]Signal, len(policy.AllReasons()))
		n, wrong := 0, 0
		for i := range requests {
			call, err := backend.Call(ctx, &requests[i], rung)
			var reasons policy.Reasons
			if err == nil {
				reasons, err = checks.Check(&requests[i], &call)
			}
			switch {
			case errors.Is(err, policy.ErrUnrecorded) || err == nil && !call.Score.Known:
				continue
			case err != nil:
				return nil, err
			}
			bad := !right(call.Score.Value)
			n, wrong = n+1, wrong+count(bad)
			for _, r := range policy.AllReasons() {
				if reasons.Has(r) {
					signals[r].Fired++
					signals[r].FiredWrong += count(bad)
				}
			}
		}
		for _, r := range policy.AllReasons() {
			s := signals[r]
			s.Model, s.Check, s.N, s.Wrong = m.Name, r.String(), n, wrong
			s.Precision = stats.Wilson(s.FiredWrong, s.Fired, confidence)
			out = append(out, s)
		}
	}
	adjust(out)
	return out, nil
}

// adjust tests the checks that fire.
func adjust(signals []Signal) {
	var at []int
	var p []float64
	for i := range signals {
		s := &signals[i]
		if s.P = 1; s.Fired > 0 {
			right := s.N - s.Wrong
			at = append(at, i)
			p = append(p, stats.Fisher(s.FiredWrong, s.Fired-s.FiredWrong, s.Wrong-s.FiredWrong, right-(s.Fired-s.FiredWrong)))
		}
	}
	for k, adjusted := range stats.Holm(p) {
		signals[at[k]].P = adjusted
	}
}

func right(score float64) bool { return score >= datasets.Right }

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
