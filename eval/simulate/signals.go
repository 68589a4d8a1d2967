package simulate

import (
	"context"
	"errors"
	"math"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
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
	N          int            `json:"n"`     // answers with a score, and calls that failed
	Wrong      int            `json:"wrong"` // of these, failed or with a score below datasets.Right
	Fired      int            `json:"fired"` // of these, that the check fires on
	FiredWrong int            `json:"fired_wrong"`
	Precision  [2]eval.Number `json:"precision"` // 95 % interval of the share of wrong answers among those it fires on, Wilson, of groups
	P          float64        `json:"p"`         // Fisher's exact test of firing against being wrong, one request a group, Holm-adjusted over the checks that fire

	groups groupSizes // that it fires in
	one    [2][2]int  // of the first request of each group: fired, wrong
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
func Signals(ctx context.Context, checks *policy.Checks, backend policy.Backend, requests policy.Requests) ([]Signal, error) {
	models := backend.Models()
	reasons := len(policy.AllReasons())
	out, seen := make([]Signal, 0, len(models)*reasons), make([]groupSizes, len(models))
	for _, m := range models {
		for _, r := range policy.AllReasons() {
			out = append(out, Signal{Model: m.Name, Check: r.String()})
		}
	}
	if err := eachAtHand(ctx, backend, requests, func(q *policy.Request, b policy.Backend) error {
		for rung := range models {
			if err := addSignals(ctx, out[rung*reasons:(rung+1)*reasons], &seen[rung], checks, b, q, rung); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	adjust(out)
	return out, nil
}

// addSignals counts a model's answer to a request, if there is one.
func addSignals(ctx context.Context, signals []Signal, seen *groupSizes, checks *policy.Checks, backend policy.Backend, request *policy.Request, rung int) error {
	call, err := backend.Call(ctx, request, rung)
	var reasons policy.Reasons
	if err == nil {
		reasons, err = checks.Check(request, &call)
	}
	switch {
	case errors.Is(err, policy.ErrUnrecorded) || err == nil && call.Err == "" && !call.Score.Known:
		return nil
	case err != nil:
		return err
	}
	wrong, first := call.Err != "" || !right(call.Score.Value), seen.add(request.Group)
	for r := range signals {
		signals[r].add(reasons.Has(policy.Reason(r)), wrong, request.Group, first)
	}
	return nil
}

// add counts an answer; first says that it is its group's.
func (s *Signal) add(fired, wrong bool, group int32, first bool) {
	s.N++
	s.Wrong += count(wrong)
	if fired {
		s.Fired++
		s.FiredWrong += count(wrong)
		s.groups.add(group)
	}
	if first {
		s.one[count(fired)][count(wrong)]++
	}
}

// adjust tests the checks that fire.
func adjust(signals []Signal) {
	nan := eval.Number(math.NaN())
	var at []int
	var p []float64
	for i := range signals {
		s := &signals[i]
		s.P, s.Precision = 1, [2]eval.Number{nan, nan}
		if s.Fired > 0 {
			s.Precision = wilson(float64(s.FiredWrong)/float64(s.Fired), s.groups.effective())
			at = append(at, i)
			p = append(p, stats.Fisher(s.one[1][1], s.one[1][0], s.one[0][1], s.one[0][0]))
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
