package stats

import (
	"math"
	"testing"
)

// signedLosses are 1 where x mod 100 is under up, −1 where it is under down
// otherwise, else 0, for the x of minstd(seed, n).
func signedLosses(seed uint64, n int, up, down uint64) []float64 {
	losses := make([]float64, n)
	for i, x := range minstd(seed, n) {
		switch x %= 100; {
		case x < up:
			losses[i] = 1
		case x < down:
			losses[i] = -1
		}
	}
	return losses
}

// mpmath: the product of the doc comment, term by term, not in logarithms.
func TestRiskBetting(t *testing.T) {
	for _, c := range []struct {
		seed               uint64
		n                  int
		up, down           uint64
		alpha, delta, want float64
	}{
		{1, 1000, 8, 14, 0.05, 0.1, 0.015970862360897441},
		{2, 1000, 10, 20, 0.02, 0.1, 0.33800010587968689},
		{3, 300, 0, 0, 0.02, 0.1, 0.050134266089389262},
		{4, 5000, 3, 4, 0.04, 0.01, 2.544283338944613e-7},
		{5, 200, 30, 40, 0.02, 0.1, 0.98156492089135644},
		{6, 1000, 5, 25, -0.1, 0.05, 0.0072396358658725352},
		{7, 1000, 5, 25, -0.2, 0.05, 0.83300669170926051},
		{8, 0, 5, 25, 0.02, 0.05, 1},
	} {
		if got := RiskBetting(signedLosses(c.seed, c.n, c.up, c.down), c.alpha, c.delta); !nearRelative(got, c.want, 1e-12) {
			t.Errorf("seed %d: %.17g, want %.17g", c.seed, got, c.want)
		}
	}
	// Of losses x mod 201 over 1000, whose mean is .097, Hoeffding and Bentkus
	// make .252.
	losses := make([]float64, 400)
	for i, x := range minstd(8, 400) {
		losses[i] = float64(x%201) / 1000
	}
	if got := RiskBetting(losses, 0.12, 0.1); !nearRelative(got, 0.0079633238710643728, 1e-12) {
		t.Errorf("%.17g", got)
	}
	if got := RiskHoeffdingBentkus(losses, 0.12); !nearRelative(got, 0.25227383575248979, 1e-12) {
		t.Errorf("%.17g", got)
	}
}

// By hand, two rows without loss at α = 0, δ = e^−½: X = a = ½, so nothing is
// won or lost and the p-value is 1. One row of −1: σ̂² = ¼, λ = min(√(1/(1·¼)), 1)
// = 1, a − X = ½, K = 3/2. Then, of n = 2, a row of +1: λ₁ = min(√2, 1) = 1 wins
// K = 3/2; what it loses afterwards the maximum does not see.
func TestRiskBettingByHand(t *testing.T) {
	delta := math.Exp(-0.5)
	for _, c := range []struct {
		losses []float64
		want   float64
	}{
		{[]float64{0, 0}, 1},
		{[]float64{-1}, 2. / 3},
		{[]float64{-1, 1}, 2. / 3},
		{[]float64{1}, 1},
	} {
		if got := RiskBetting(c.losses, 0, delta); !near(got, c.want, 1e-15) {
			t.Errorf("%v: %v, want %v", c.losses, got, c.want)
		}
	}
	// The order matters: what is lost first is never won back here.
	if a, b := RiskBetting([]float64{-1, 1}, 0, delta), RiskBetting([]float64{1, -1}, 0, delta); a >= b {
		t.Errorf("%v won first, %v lost first", a, b)
	}
}

// Where losses of −1, 0 and 1 have a mean of just alpha, the p-value is at most δ
// with a probability of at most δ, whichever δ the stakes are tuned to: the sum
// over all 3⁸ samples.
func TestRiskBettingIsValid(t *testing.T) {
	const n = 8
	deltas := []float64{0.3, 0.5, 0.8}
	for _, alpha := range []float64{-0.6, -0.1, 0.02, 0.3, 0.7} {
		for _, spread := range []float64{0.05, 0.5, 1} { // of the chance of −1
			down := spread * (1 - math.Abs(alpha)) / 2
			up := down + alpha
			if alpha < 0 {
				down, up = down-alpha, down
			}
			for _, tuned := range deltas {
				chance := make([]float64, len(deltas))
				losses := make([]float64, n)
				var visit func(i int, c float64)
				visit = func(i int, c float64) {
					if i == n {
						p := RiskBetting(losses, alpha, tuned)
						for d, delta := range deltas {
							if p <= delta {
								chance[d] += c
							}
						}
						return
					}
					for _, outcome := range []struct{ loss, chance float64 }{{-1, down}, {0, 1 - up - down}, {1, up}} {
						if outcome.chance > 0 {
							losses[i] = outcome.loss
							visit(i+1, c*outcome.chance)
						}
					}
				}
				visit(0, 1)
				for d, delta := range deltas {
					if chance[d] > delta {
						t.Errorf("α %v, −1 in %v, tuned to %v: at most %v with probability %v", alpha, down, tuned, delta, chance[d])
					}
				}
			}
		}
	}
}

// Capital that a float64 could not hold is no p-value of NaN or below 0.
func TestRiskBettingLong(t *testing.T) {
	losses := make([]float64, 1000000)
	for i := range losses {
		losses[i] = -1
	}
	if p := RiskBetting(losses, 0.9, 1e-300); p != 0 {
		t.Errorf("all won: %v", p)
	}
	for i := range losses {
		losses[i] = 1
	}
	if p := RiskBetting(losses, -0.9, 1e-300); p != 1 {
		t.Errorf("all lost: %v", p)
	}
}

func TestRiskBettingPanics(t *testing.T) {
	for _, loss := range []float64{-1.1, 1.1, math.NaN()} {
		wantPanic(t, "loss", "stats: loss outside [-1,1]", func() { RiskBetting([]float64{0, loss}, 0.1, 0.1) })
	}
	for _, alpha := range []float64{-1, 1, math.NaN()} {
		wantPanic(t, "alpha", "stats: risk level outside (-1,1)", func() { RiskBetting(nil, alpha, 0.1) })
	}
	for _, delta := range []float64{0, 1, math.NaN()} {
		wantPanic(t, "delta", "stats: error level outside (0,1)", func() { RiskBetting(nil, 0.1, delta) })
	}
}

func BenchmarkRiskBetting(b *testing.B) {
	losses := signedLosses(1, 1000, 8, 14)
	b.ReportAllocs()
	for b.Loop() {
		RiskBetting(losses, 0.02, 0.1)
	}
}
