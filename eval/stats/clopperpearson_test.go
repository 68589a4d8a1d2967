package stats

import (
	"math"
	"testing"
)

// Values of scipy 1.10.1: scipy.stats.binomtest(k, n).proportion_ci(confidence,
// method="exact").
func TestClopperPearson(t *testing.T) {
	for _, c := range []struct {
		k, n                  int
		confidence, low, high float64
	}{
		{0, 10, 0.95, 0, 0.308497107818763},
		{1, 10, 0.95, 0.00252857854446257, 0.445016117028195},
		{5, 10, 0.95, 0.187086028447404, 0.812913971552595},
		{10, 10, 0.95, 0.691502892181237, 1},
		{18, 1080, 0.95, 0.00990686372191716, 0.0262130234155825},
		{3, 400, 0.9, 0.00204725866737227, 0.0192692292831822},
		{299, 300, 0.99, 0.975496637438243, 0.999983291667138},
		{12345, 20000, 0.95, 0.610472051255439, 0.623993848631711},
		{0, 0, 0.95, 0, 1},
		// Far tails: scipy.stats.beta.ppf((1-confidence)/2, k, n-k+1) and
		// beta.isf((1-confidence)/2, k+1, n-k).
		{0, 1000, 0.999999, 0, 0.0144039143377279},
		{3, 50000, 0.99999, 6.263394415386e-07, 0.000389536217260784},
		{999, 1000, 0.999999, 0.982720094738821, 0.9999999995},
		{49997, 50000, 0.99999, 0.999610463782739, 0.999999373660558},
		{0, 1000000, 0.999999999, 0, 2.14161837160516e-05},
		{500, 1000, 0.9999999, 0.41590125633408, 0.58409874366592},
		{10, 1000000, 0.9999, 2.01778410758452e-06, 2.88071645951312e-05},
	} {
		got := ClopperPearson(c.k, c.n, c.confidence)
		if math.Abs(got.Low-c.low) > 1e-12 || math.Abs(got.High-c.high) > 1e-12 {
			t.Errorf("%d of %d: %v, expected [%.15g, %.15g]", c.k, c.n, got, c.low, c.high)
		}
	}
}

// It covers at least as often as it says, for every rate: the sum of the
// probabilities of all counts whose interval holds the rate.
func TestClopperPearsonCovers(t *testing.T) {
	for _, n := range []int{1, 7, 40} {
		for p := 0.005; p < 1; p += 0.005 {
			covered := 0.0
			for k := range n + 1 {
				if i := ClopperPearson(k, n, 0.9); i.Low <= p && p <= i.High {
					lg := func(x int) float64 { v, _ := math.Lgamma(float64(x + 1)); return v }
					covered += math.Exp(lg(n) - lg(k) - lg(n-k) + float64(k)*math.Log(p) + float64(n-k)*math.Log(1-p))
				}
			}
			if covered < 0.9-1e-9 {
				t.Errorf("n %d, rate %.3f: covered with probability %.4f", n, p, covered)
			}
		}
	}
}
