package calibrate

import (
	"math"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

// betting is settings with the rows that bets are placed on, in order.
type betting struct {
	test
	settings      [][]float64
	tune, certify []Graded
}

func (b *betting) p(rows []Graded, i int) float64 {
	return stats.RiskBetting(lossesOf(rows, b.settings[i]), b.alpha, b.delta)
}

func (b *betting) count() int              { return len(b.settings) }
func (b *betting) onTune(i int) float64    { return b.p(b.tune, i) }
func (b *betting) onCertify(i int) float64 { return b.p(b.certify, i) }
func (b *betting) tuneRisk(i int) float64  { return mean(lossesOf(b.tune, b.settings[i])) }

func (b *betting) result() Result {
	r := Result{Alpha: b.alpha, Delta: b.delta, Method: "betting, fixed sequence", N: len(b.certify), Unscored: unscored(b.certify)}
	if len(b.settings) > 0 {
		choose(b, &r)
	}
	if r.Certified {
		for _, g := range b.certify {
			r.ids = append(r.ids, g.ID)
		}
	}
	quality().say(&r)
	return r
}

func (b *betting) setting(i int) *Setting {
	s := &Setting{Place: i, N: len(b.certify), P: b.p(b.certify, i)}
	for _, v := range b.settings[i] {
		s.Thresholds = append(s.Thresholds, Threshold(v))
	}
	losses := lossesOf(b.certify, b.settings[i])
	for _, loss := range losses {
		if loss > 0 {
			s.Errors++
		}
	}
	s.Risk, s.Upper = eval.Number(mean(losses)), eval.Number(bettingUpper(losses, b.delta))
	s.Shares, s.CostShare = spread(b.certify, b.settings[i])
	if n := len(s.Shares); n > 0 {
		s.Share = 1 - s.Shares[n-1]
	}
	return s
}

func unscored(rows []Graded) int {
	n := 0
	for _, g := range rows {
		if math.IsNaN(g.Score) {
			n++
		}
	}
	return n
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// spread returns the shares of rows that go to each model, and their cost over
// that of the dearest model alone; NaN where that is not known, or 0.
func spread(rows []Graded, from []float64) (shares []eval.Number, cost eval.Number) {
	shares = make([]eval.Number, len(from)+1)
	paid, most := 0.0, 0.0
	for i := range rows {
		g := &rows[i]
		m := g.model(from)
		shares[m]++
		if g.Cost == nil {
			paid = math.NaN()
			continue
		}
		paid += g.Cost[m]
		most += g.Cost[len(from)]
	}
	for m := range shares {
		shares[m] /= eval.Number(len(rows))
	}
	if most == 0 {
		return shares, eval.Number(math.NaN())
	}
	return shares, eval.Number(paid / most)
}

// bettingUpper returns the least mean loss, to 1e-9, that the losses speak
// against at delta: an upper bound of the true one with confidence 1−delta.
// More capital is won against a higher mean, so it is found by halving.
func bettingUpper(losses []float64, delta float64) float64 {
	low, high := -1.0, 1.0
	for high-low > 1e-9 {
		middle := low + (high-low)/2
		if stats.RiskBetting(losses, middle, delta) <= delta {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// mostCycled bounds the rows that more imagines.
const mostCycled = 1 << 22

// more extrapolates how many more rows would certify setting i: as many as it
// takes where the losses of the split that certifies come again and again, or
// those of tune where it has none.
func (b *betting) more(i int) (requests int, never bool) {
	losses := lossesOf(b.certify, b.settings[i])
	if len(losses) == 0 {
		losses = lossesOf(b.tune, b.settings[i])
	}
	if mean(losses) >= b.alpha {
		return 0, true
	}
	low, high := len(b.certify), 2*len(losses) // not enough, enough
	for ; !b.enough(losses, high); high *= 2 {
		if low = high; high >= mostCycled {
			return 0, true
		}
	}
	for high-low > 1 {
		if middle := low + (high-low)/2; b.enough(losses, middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high - len(b.certify), false
}

func (b *betting) enough(losses []float64, n int) bool {
	cycled := make([]float64, n)
	for i := range cycled {
		cycled[i] = losses[i%len(losses)]
	}
	return stats.RiskBetting(cycled, b.alpha, b.delta) <= b.delta
}
