package logs

import (
	"math"

	"github.com/routeproof/routeproof/eval"
)

// A Trend is how a feature's cost changes from one week to the next: the last seven
// complete days against the seven before. Days of the same name are compared, and
// only where the log has both, so that weekends do not look like a change.
type Trend struct {
	LastUSD   float64 `json:"last_7_days_usd"`
	BeforeUSD float64 `json:"7_days_before_usd"`
	Pairs     int     `json:"pairs"`              // of days, five to seven
	Unknown   float64 `json:"unknown_cost_share"` // of the requests of these days

	// Weekly is LastUSD against BeforeUSD, 0.1 for 10 % more, with the interval of a
	// ratio of sums over the pairs (Cochran 1977, "Sampling Techniques", §6.4);
	// undefined where the week before cost nothing.
	Weekly eval.Estimate `json:"weekly_change"`
}

const (
	week      = 7
	leastDays = 5 // pairs of days
)

// studentT is the 97.5 % quantile of Student's t with 4, 5 and 6 degrees of freedom
// (scipy 1.10.1: t.ppf(.975, df)).
func studentT(df int) float64 {
	return [...]float64{4: 2.7764451051977934, 5: 2.570581835636314, 6: 2.446911848791681}[df]
}

// complete tells whether all of a day lies within the log, as far as can be told:
// it is not the first day, nor the last, unless the log was asked for from midnight
// on, or until midnight.
func (t *Tally) complete(day int64) bool {
	if t.first == 0 {
		return false
	}
	since, until := t.reader.Since, t.reader.Until
	begins := day > t.first/secondsPerDay || !since.IsZero() && since.Unix() <= day*secondsPerDay
	ends := day < t.last/secondsPerDay || !until.IsZero() && until.Unix() >= (day+1)*secondsPerDay
	return begins && ends
}

// daily returns a feature's mean cost of the complete days of the log, with the
// share of the requests of these days whose cost is unknown, and the trend of the
// last two weeks of them; undefined and nil where these are too few. On a day that
// the log has, a feature without requests cost nothing; days that it does not have
// are left out.
func (t *Tally) daily(f, whole *featureTally) (mean eval.Number, unknown float64, trend *Trend) {
	days, last := 0, int64(0)
	var total spend
	for day := range whole.days {
		if !t.complete(day) {
			continue
		}
		days++
		last = max(last, day)
		if d := f.days[day]; d != nil {
			total.merge(d)
		}
	}
	return quotient(float64(total.public().USD), float64(days)), total.public().UnknownShare(), t.trend(f, whole, last)
}

// trend compares the week that ends with a day with the one before.
func (t *Tally) trend(f, whole *featureTally, last int64) *Trend {
	out := &Trend{}
	var of spend
	var now, before []float64
	usd := func(day int64) float64 {
		d := f.days[day]
		if d == nil {
			return 0
		}
		of.merge(d)
		return d.usd.usd()
	}
	for day := last; day > last-week; day-- {
		if whole.days[day] == nil || whole.days[day-week] == nil || !t.complete(day-week) {
			continue
		}
		out.Pairs++
		now, before = append(now, usd(day)), append(before, usd(day-week))
		out.LastUSD += now[len(now)-1]
		out.BeforeUSD += before[len(before)-1]
	}
	if out.Pairs < leastDays {
		return nil
	}
	out.Unknown = of.public().UnknownShare()
	out.Weekly = ratioOfSums(now, before)
	return out
}

// ratioOfSums returns Σy/Σx − 1 over five to seven pairs, with Student's interval
// by the residuals y − Rx; undefined where Σx is 0. The lower end is at least −1.
func ratioOfSums(y, x []float64) eval.Estimate {
	n := float64(len(x))
	var sumX, sumY, squares float64
	for i := range x {
		sumX, sumY = sumX+x[i], sumY+y[i]
	}
	if sumX == 0 {
		nan := undefinedNumber()
		return eval.Estimate{Value: nan, Low: nan, High: nan}
	}
	ratio := sumY / sumX
	for i := range x {
		d := y[i] - ratio*x[i]
		squares += d * d
	}
	half := studentT(len(x)-1) * math.Sqrt(n*squares/(n-1)) / sumX
	return eval.Estimate{Value: eval.Number(ratio - 1), Low: eval.Number(max(ratio-1-half, -1)), High: eval.Number(ratio - 1 + half)}
}
