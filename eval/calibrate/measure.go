package calibrate

import (
	"fmt"
	"math"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

const confidence = 0.95 // of all intervals

// Measured is what a threshold came to on requests that it was neither chosen
// nor certified on, one a group, with 95 % intervals.
type Measured struct {
	N        int           `json:"n"`        // requests
	Unscored int           `json:"unscored"` // of these, without a score
	Accepted int           `json:"accepted"`
	Wrong    int           `json:"wrong"`    // of the accepted
	Coverage eval.Estimate `json:"coverage"` // accepted of all, Wilson
	Risk     eval.Estimate `json:"risk"`     // wrong of the accepted, Clopper–Pearson; NaN without any
	Regret   eval.Estimate `json:"regret"`   // wrong of all, Clopper–Pearson
}

// Measure looks at a threshold on the test split: at Risk where it is of
// [Acceptance], [PerTier] or [Agreement], at Regret where it is of [Regret].
func Measure(test []Row, threshold float64) Measured {
	rows := onePerGroup(test, keyOfRow)
	t := count(rows, []float64{threshold})
	m := Measured{N: t.n, Unscored: t.unscored, Accepted: t.accepted[0], Wrong: t.wrong[0]}
	m.Coverage = estimate(m.Accepted, m.N, stats.Wilson)
	m.Risk = estimate(m.Wrong, m.Accepted, stats.ClopperPearson)
	m.Regret = estimate(m.Wrong, m.N, stats.ClopperPearson)
	return m
}

func estimate(k, n int, interval func(k, n int, confidence float64) stats.Interval) eval.Estimate {
	if n == 0 {
		return eval.Estimate{Value: eval.Number(math.NaN()), Low: eval.Number(math.NaN()), High: eval.Number(math.NaN())}
	}
	i := interval(k, n, confidence)
	return eval.Estimate{Value: eval.Number(float64(k) / float64(n)), Low: eval.Number(i.Low), High: eval.Number(i.High)}
}

// MeasuredQuality is what a setting of a router came to on requests that it was
// neither chosen nor certified on, one a group.
type MeasuredQuality struct {
	N         int           `json:"n"`
	Unscored  int           `json:"unscored"`
	Loss      eval.Estimate `json:"loss"`       // mean quality lost against the dearest model; 95 %, by betting
	Shares    []eval.Number `json:"shares"`     // that go to each model
	CostShare eval.Number   `json:"cost_share"` // cost over that of the dearest model alone; NaN where unknown
}

// MeasureQuality looks at a setting on the test split, of which there must be a
// row: thresholds are those of [Setting], for each model but the first. Bets are
// placed on rows in the order of a hash of salt and id. It is an error where
// [QualityLoss] would be.
func MeasureQuality(test []Graded, thresholds []Threshold, salt string) (MeasuredQuality, error) {
	if err := checkGraded(test); err != nil {
		return MeasuredQuality{}, err
	}
	rows := shuffled(onePerGroup(test, keyOfGraded), salt)
	if len(rows) == 0 {
		return MeasuredQuality{}, fmt.Errorf("no requests to measure on")
	}
	if len(thresholds) != len(rows[0].Quality)-1 {
		return MeasuredQuality{}, fmt.Errorf("expected a threshold for each model but the first, %d in all, found %d", len(rows[0].Quality)-1, len(thresholds))
	}
	from := make([]float64, len(thresholds))
	for i, t := range thresholds {
		from[i] = float64(t)
	}
	losses := lossesOf(rows, from)
	gains := make([]float64, len(losses))
	for i, loss := range losses {
		gains[i] = -loss
	}
	m := MeasuredQuality{N: len(rows), Unscored: unscored(rows)}
	const tail = (1 - confidence) / 2
	m.Loss = eval.Estimate{Value: eval.Number(mean(losses)), Low: eval.Number(-bettingUpper(gains, tail)), High: eval.Number(bettingUpper(losses, tail))}
	m.Shares, m.CostShare = spread(rows, from)
	return m, nil
}
