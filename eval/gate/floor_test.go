package gate

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/stats"
)

// scipy.stats.beta.ppf(.05, k, n−k+1) and binom.cdf(k, n, floor), scipy 1.10.1.
func TestFloors(t *testing.T) {
	for _, c := range []struct {
		right    int
		value    float64
		want     Outcome
		bound, p float64
	}{
		{176, 0.88, Inconclusive, 0.8354051481690817, 0.5323911057165127}, // at the floor, and not shown
		{185, 0.88, Pass, 0.8868616117335995, 0.985395730800421},
		{160, 0.88, Regressed, 0.7477504679917852, 0.0008166416007061723},
	} {
		pred := strings.Repeat("S", c.right) + strings.Repeat("M", 200-c.right)
		v := decideOn(t, strings.Repeat("S", 200), pred, pred, Rules{Floors: []Floor{{Metric: Accuracy, Value: c.value}}})
		g := v.Classifiers[0].Gates[1]
		if v.Outcome != c.want || g.Outcome != c.want || !near(g.Bound, c.bound, 1e-12) || !near(g.P, c.p, 1e-11) {
			t.Errorf("%+v: %s", c, written(t, v))
		}
	}
	// Ceilings: 10 of 100 are at most 16.4 % (beta.ppf(.95, 11, 90)).
	pred := strings.Repeat("S", 10) + strings.Repeat("M", 90)
	for value, want := range map[float64]Outcome{0.2: Pass, 0.12: Inconclusive, 0.04: Regressed} {
		g := decideOn(t, strings.Repeat("M", 100), pred, pred, Rules{Floors: []Floor{{Metric: UnderRouting, Value: value}}}).Classifiers[0].Gates[1]
		if g.Outcome != want || !near(g.Bound, 0.16371762327581477, 1e-12) {
			t.Errorf("at most %v: %s", value, g.Why)
		}
	}
	if few, many := wholes(0.5, 5); few != 2 || many != 3 {
		t.Errorf("half of five: %d, %d", few, many)
	}
}

// scipy.stats.binom: cdf(2, 200, .05) = .0023, sf(29, 200, .05) = 8.7e-08,
// cdf(9, 200, .05) = .45, sf(8, 200, .05) = .67; scipy 1.10.1.
func TestCertificates(t *testing.T) {
	for _, c := range []struct {
		errors    int
		want      string
		p, breaks float64
		outcome   Outcome
	}{
		{2, Holds, 0.002336294190063899, 0.999595971899553, Pass},
		{9, NotShown, 0.45470980868081556, 0.6729755365865497, Pass},
		{30, Broken, 0.9999999752175557, 8.709270943980009e-08, Regressed},
	} {
		r := Retest{Certificate: centroids.Certificate{Claim: "at most 5 % is wrong", Alpha: 0.05, Delta: 0.1}, N: 200, Errors: c.errors}
		cand := source("b")
		cand.Certificates = []Retest{r, {Certificate: r.Certificate, Untested: "its method is a bet"}}
		side := rows("x", "S", "S")
		for _, on := range []bool{true, false} {
			v := decide(t, sideOf(t, source("a"), side), sideOf(t, cand, side), Rules{Certificates: on}, nil)
			got := v.Certificates[0]
			if got.Fate != c.want || !near(got.P, c.p, 1e-11) || math.Abs(float64(got.Breaks)/c.breaks-1) > 1e-9 || v.Certificates[1].Fate != NotShown {
				t.Errorf("%+v", v.Certificates)
			}
			want := Pass
			if on {
				want = c.outcome
			}
			if v.Outcome != want || !on && (len(v.Warnings) > 0) != (c.want == Broken) {
				t.Errorf("on %t: %s", on, written(t, v))
			}
		}
	}
}

// A mean over repeats that is no whole number of prompts is rounded against what is
// claimed: 10⅔ of 40 give the bound of 10 and the p-value of 11.
func TestFloorsOfRepeats(t *testing.T) {
	var side []datasets.Prediction
	for i := range 40 {
		for r := range 3 {
			p := rows("x", "S", "M")[0]
			p.ID, p.Repeat = fmt.Sprint("p", i), r
			if i < 10 || i == 10 && r < 2 {
				p.Predicted = "SIMPLE"
			}
			side = append(side, p)
		}
	}
	g := decide(t, sideOf(t, source("a"), side), sideOf(t, source("b"), side), Rules{Floors: []Floor{{Metric: Accuracy, Value: 0.3}}}, nil).Classifiers[0].Gates[1]
	if !near(g.Bound, stats.BinomialLower(10, 40, 0.95), 1e-12) || !near(g.P, stats.RiskBinomial(11, 40, 0.3), 1e-12) {
		t.Errorf("%+v", g)
	}
}
