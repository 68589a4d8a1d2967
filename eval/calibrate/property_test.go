package calibrate

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/routeproof/routeproof/eval/stats"
)

// wild draws rows with ties, infinite scores and none, and some in groups.
func wild(rng *rand.Rand, prefix string, n int) []Row {
	rows := make([]Row, n)
	for i := range rows {
		s := float64(rng.IntN(30))
		switch rng.IntN(20) {
		case 0:
			s = math.NaN()
		case 1:
			s = math.Inf(1)
		case 2:
			s = math.Inf(-1)
		}
		rows[i] = Row{ID: fmt.Sprint(prefix, i), Score: s, Wrong: rng.Float64() < 0.12-s/300}
		if rng.IntN(4) == 0 {
			rows[i].Group = fmt.Sprint(prefix, "group", rng.IntN(n))
		}
	}
	return rows
}

// The sweep equals looking at every threshold by itself.
func TestSweepEqualsOneAtATime(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for range 200 {
		tune, certify := wild(rng, "t", rng.IntN(300)), wild(rng, "c", rng.IntN(300))
		for _, w := range []words{acceptance(""), regret()} {
			b := newBinomial(tune, certify, test{0.05 + 0.3*rng.Float64(), 0.1}, w)
			for i, threshold := range b.grid {
				accepted, wrong := 0, 0
				for _, r := range certify {
					if r.Score >= threshold {
						accepted++
						if r.Wrong {
							wrong++
						}
					}
				}
				n := accepted
				if w.ofAll {
					n = len(certify)
				}
				if p := stats.RiskBinomial(wrong, n, b.alpha); p != b.onCertify(i) || accepted != b.certify.accepted[i] {
					t.Fatalf("threshold %v: p %v, want %v", threshold, b.onCertify(i), p)
				}
			}
		}
	}
}

// The order of rows changes nothing, and the labels of the split that certifies
// neither which settings are tried nor from where on.
func TestChoicesHangOnTune(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 2))
	for range 100 {
		tune, certify := wild(rng, "t", 200), wild(rng, "c", 300)
		level := Level{0.05 + 0.1*rng.Float64(), 0.9}
		r, err := Acceptance(tune, certify, level)
		r = must(t, r, err)
		mixed := func(rows []Row) []Row {
			rows = slices.Clone(rows)
			rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			return rows
		}
		again, err := Acceptance(mixed(tune), mixed(certify), level)
		if again = must(t, again, err); written(t, again) != written(t, r) || !slices.Equal(again.ids, r.ids) {
			t.Fatalf("in another order %+v, was %+v", again, r)
		}
		altered := slices.Clone(certify)
		for i := range altered {
			altered[i].Wrong = rng.IntN(2) == 0
		}
		other, err := Acceptance(tune, altered, level)
		other = must(t, other, err)
		if other.Settings != r.Settings || other.First.Place != r.First.Place || other.First.Thresholds[0] != r.First.Thresholds[0] || other.First.N != r.First.N {
			t.Fatalf("with other labels %+v, was %+v", other.First, r.First)
		}
		if (other.Heuristic == nil) != (r.Heuristic == nil) || r.Heuristic != nil && other.Heuristic.Thresholds[0] != r.Heuristic.Thresholds[0] {
			t.Fatalf("with other labels %+v, was %+v", other.Heuristic, r.Heuristic)
		}
	}
}

func written(t *testing.T, r Result) string {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// certifiedShare is how much is accepted; −1 where nothing is certified.
func certifiedShare(r Result) float64 {
	if !r.Certified {
		return -1
	}
	return float64(r.Setting.Share)
}

// A higher risk, or a lower confidence, never certifies less from the same start:
// for regrets this always is the first, and confidence leaves it where it is. A
// higher risk may start elsewhere and fail there, rarely.
func TestLooserCertifiesNoLess(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	less, of := 0, 0
	for range 300 {
		tune, certify := wild(rng, "t", 200), wild(rng, "c", 300)
		strict := Level{0.02 + 0.1*rng.Float64(), 0.8 + 0.19*rng.Float64()}
		risky, unsure := strict, strict
		risky.Risk *= 1 + rng.Float64()
		unsure.Confidence *= 0.8 + 0.2*rng.Float64()
		share := func(certifier func(tune, certify []Row, level Level) (Result, error), level Level) float64 {
			r, err := certifier(tune, certify, level)
			return certifiedShare(must(t, r, err))
		}
		if a, b, c := share(Regret, strict), share(Regret, risky), share(Regret, unsure); b < a || c < a {
			t.Fatalf("regret: %v at %v; %v, %v at a higher risk, a lower confidence", a, strict, b, c)
		}
		a, b, c := share(Acceptance, strict), share(Acceptance, risky), share(Acceptance, unsure)
		if c < a {
			t.Fatalf("acceptance: %v at %v; %v at a lower confidence", a, strict, c)
		}
		if a >= 0 {
			of++
		}
		if b < a {
			less++
		}
		x, y := newBinomial(tune, certify, strict.test(), acceptance("")), newBinomial(tune, certify, risky.test(), acceptance(""))
		for i := range x.grid {
			if x.onCertify(i) < y.onCertify(i) {
				t.Fatalf("p %v at %v, %v at %v", x.onCertify(i), strict, y.onCertify(i), risky)
			}
		}
	}
	t.Logf("acceptance: at a higher risk less is certified in %d of %d", less, of)
	if less*50 > of || of < 50 {
		t.Errorf("acceptance: at a higher risk less is certified in %d of %d", less, of)
	}
}

// The same of betting, whose p-values fall with the risk that is tolerated.
func TestLooserBetting(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		losses := make([]float64, 1+rng.IntN(300))
		for i := range losses {
			losses[i] = float64(rng.IntN(3)-1) * float64(rng.IntN(2))
		}
		alpha, delta := 0.5*rng.Float64(), 0.2*rng.Float64()
		p := stats.RiskBetting(losses, alpha, delta)
		if q := stats.RiskBetting(losses, alpha+0.2*rng.Float64(), delta); q > p*(1+1e-12) {
			t.Fatalf("%v, then %v", p, q)
		}
		upper := bettingUpper(losses, delta)
		if p <= delta && upper > alpha+1e-9 || p > delta && upper <= alpha {
			t.Fatalf("p %v at %v, upper bound %v of δ = %v", p, alpha, upper, delta)
		}
	}
}
