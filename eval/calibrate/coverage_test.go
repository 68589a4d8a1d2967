package calibrate

import (
	"flag"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/routeproof/routeproof/eval/stats"
)

// draws is how many pairs of splits the tests of certificates draw, each. The
// default is enough to see a broken certificate;
//
//	go test ./eval/calibrate -run Coverage -v -args -draws 20000
//
// measures the rates.
var draws = flag.Int("draws", 0, "test certificates on this many pairs of splits instead of a few hundred")

// tallied counts how often what was certified has too high a risk.
type tallied struct {
	draws, certified, violated, naive, naiveViolated int
	share, naiveShare                                float64
}

// simulate draws splits and looks at the true risk of what is certified, and of
// what naive tuning takes.
func simulate(t *testing.T, few int, alpha float64, draw func(rng *rand.Rand) Result, risk func(thresholds []Threshold) float64) *tallied {
	t.Helper()
	c := &tallied{draws: few}
	if *draws > 0 {
		c.draws = *draws
	}
	for k := range c.draws {
		r := draw(rand.New(rand.NewPCG(21, uint64(k))))
		if r.Certified {
			c.certified++
			c.share += float64(r.Setting.Share)
			if risk(r.Setting.Thresholds) > alpha {
				c.violated++
			}
		}
		if r.Heuristic != nil {
			c.naive++
			c.naiveShare += float64(r.Heuristic.Share)
			if risk(r.Heuristic.Thresholds) > alpha {
				c.naiveViolated++
			}
		}
	}
	return c
}

// check logs the rates and requires violations within four standard errors of
// delta, and of naive tuning at least so many.
func (c *tallied) check(t *testing.T, delta, naive float64) {
	t.Helper()
	n := float64(c.draws)
	t.Logf("certified in %.1f %% of %d draws, violates in %.2f %%, mean share %.3f; naive violates in %.1f %%, mean share %.3f",
		100*float64(c.certified)/n, c.draws, 100*float64(c.violated)/n, c.share/n, 100*float64(c.naiveViolated)/n, c.naiveShare/n)
	if most := n*delta + 4*math.Sqrt(n*delta*(1-delta)); float64(c.violated) > most {
		t.Errorf("%d of %d violate at δ = %v", c.violated, c.draws, delta)
	}
	if float64(c.naiveViolated) < naive*n {
		t.Errorf("naive tuning violates %d of %d, expected over %v", c.naiveViolated, c.draws, naive)
	}
}

// sampled draws rows whose score is −⌈levels·u⌉/levels of a uniform u, and that
// are wrong with the probability wrong(u).
func sampled(rng *rand.Rand, prefix string, n, levels int, wrong func(u float64) float64) []Row {
	rows := make([]Row, n)
	for i := range rows {
		u := rng.Float64()
		rows[i] = Row{ID: prefix + strconv.Itoa(i), Score: -math.Ceil(u*float64(levels)) / float64(levels), Wrong: rng.Float64() < wrong(u)}
	}
	return rows
}

func must(t *testing.T, r Result, err error) Result {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Errors rise with the score: of those accepted down to −λ, .2λ²/3 are wrong,
// over 5 % from λ = .866 on and barely at the next level.
func TestCoverageAcceptance(t *testing.T) {
	const alpha, delta = 0.05, 0.1
	rising := func(u float64) float64 { return 0.2 * u * u }
	c := simulate(t, 200, alpha, func(rng *rand.Rand) Result {
		r, err := Acceptance(sampled(rng, "t", 1000, 40, rising), sampled(rng, "c", 1000, 40, rising), Level{alpha, 1 - delta})
		return must(t, r, err)
	}, func(at []Threshold) float64 { return 0.2 * float64(at[0]*at[0]) / 3 })
	c.check(t, delta, 0.4)
	if c.certified < c.draws*9/10 {
		t.Errorf("certified %d of %d", c.certified, c.draws)
	}
}

// The worst case: every threshold has a risk just over α, so that anything
// certified is wrong, and tune chooses where to start among them.
func TestCoverageAcceptanceFlat(t *testing.T) {
	const alpha, delta = 0.05, 0.1
	flat := func(float64) float64 { return 0.0501 }
	c := simulate(t, 200, alpha, func(rng *rand.Rand) Result {
		r, err := Acceptance(sampled(rng, "t", 1000, 40, flat), sampled(rng, "c", 1000, 40, flat), Level{alpha, 1 - delta})
		return must(t, r, err)
	}, func([]Threshold) float64 { return 0.0501 })
	c.check(t, delta, 0.5)
}

// Of a score that tells nothing, with 3 % wrong everywhere, 5 % can be certified
// of everything; not from where just enough rows for one error are accepted.
func TestStartAgainstLearnedStart(t *testing.T) {
	const alpha, delta = 0.05, 0.05
	flat := func(float64) float64 { return 0.03 }
	learned, here, n := 0, 0, max(100, *draws)
	for k := range n {
		rng := rand.New(rand.NewPCG(22, uint64(k)))
		b := newBinomial(sampled(rng, "t", 2000, 100, flat), sampled(rng, "c", 2000, 100, flat), test{alpha, delta}, acceptance(""))
		if stats.CertifyFixedSequence(len(b.grid), b.onCertify, delta, stats.LearnedStart(b.tune.accepted, alpha, delta)) != nil {
			learned++
		}
		if b.result().Certified {
			here++
		}
	}
	t.Logf("of %d draws certified from the learned start %d, from the lowest p-value on tune %d", n, learned, here)
	if learned > n*4/10 || here < n*9/10 {
		t.Errorf("of %d draws certified from the learned start %d, from the lowest p-value on tune %d", n, learned, here)
	}
}

// Of three tiers together: a violation is one in any.
func TestCoveragePerTier(t *testing.T) {
	const alpha, delta = 0.05, 0.1
	tiers := []string{"A", "B", "C"}
	worst := 0.0
	c := simulate(t, 100, alpha, func(rng *rand.Rand) Result {
		split := func(prefix string) (rows []Row) {
			for k, tier := range tiers {
				for _, r := range sampled(rng, prefix+tier, 500, 20, func(float64) float64 { return 0.0501 + 0.1*float64(k) }) {
					r.Tier = tier
					rows = append(rows, r)
				}
			}
			return rows
		}
		results, err := PerTier(tiers, split("t"), split("c"), Level{alpha, 1 - delta})
		if err != nil {
			t.Fatal(err)
		}
		any := results[0]
		for _, r := range results {
			if r.Certified {
				any = r
			}
		}
		worst = max(worst, any.Delta)
		return any
	}, func([]Threshold) float64 { return 0.0501 })
	c.check(t, delta, 0.5)
	if math.Abs(worst-delta/3) > 1e-15 {
		t.Errorf("δ of a tier is %v", worst)
	}
}

// Of all requests, .2λ³/3 are accepted and wrong: over 3 % from λ = .766 on.
func TestCoverageRegret(t *testing.T) {
	const alpha, delta = 0.03, 0.1
	rising := func(u float64) float64 { return 0.2 * u * u }
	c := simulate(t, 200, alpha, func(rng *rand.Rand) Result {
		r, err := Regret(sampled(rng, "t", 1000, 40, rising), sampled(rng, "c", 1000, 40, rising), Level{alpha, 1 - delta})
		return must(t, r, err)
	}, func(at []Threshold) float64 { return 0.2 * -float64(at[0]*at[0]*at[0]) / 3 })
	c.check(t, delta, 0.35)
	if c.certified < c.draws*9/10 {
		t.Errorf("certified %d of %d", c.certified, c.draws)
	}
}

// Answers agree or not, one time in three not; where they do, 2.01 % are wrong.
func TestCoverageAgreement(t *testing.T) {
	const alpha, delta = 0.02, 0.1
	c := simulate(t, 400, alpha, func(rng *rand.Rand) Result {
		split := func(prefix string) []Row {
			rows := make([]Row, 400)
			for i := range rows {
				rows[i] = Row{ID: prefix + strconv.Itoa(i), Score: 1, Wrong: rng.Float64() < 0.0201}
				if rng.IntN(3) == 0 {
					rows[i].Score, rows[i].Wrong = 0, rng.IntN(2) == 0
				}
			}
			return rows
		}
		r, err := Agreement(split("t"), split("c"), Level{alpha, 1 - delta})
		return must(t, r, err)
	}, func([]Threshold) float64 { return 0.0201 })
	c.check(t, delta, 0.4)
}

// A request of which the router's score is u gets a worse answer of the cheap
// model with probability .4u and a better one with .1. Kept from the dear one up
// to λ, the loss is .2λ² − .1λ: over .02 from .653 on.
func TestCoverageQualityLoss(t *testing.T) {
	const alpha, delta, levels = 0.02, 0.1, 30
	c := simulate(t, 60, alpha, func(rng *rand.Rand) Result {
		split := func(prefix string) []Graded {
			rows := make([]Graded, 800)
			for i := range rows {
				u, v := rng.Float64(), rng.Float64()
				rows[i] = Graded{ID: prefix + strconv.Itoa(i), Score: math.Ceil(u*levels) / levels, Quality: []float64{0.5, 0.5}}
				switch {
				case v < 0.4*u:
					rows[i].Quality = []float64{0, 1}
				case v > 0.9:
					rows[i].Quality = []float64{1, 0}
				}
			}
			return rows
		}
		r, err := QualityLoss(split("t"), split("c"), Level{alpha, 1 - delta}, "salt")
		return must(t, r, err)
	}, func(from []Threshold) float64 {
		kept := math.Min(1, float64(from[0])-1.0/levels) // the highest level below
		return 0.2*kept*kept - 0.1*kept
	})
	c.check(t, delta, 0.35)
	if c.certified < c.draws*9/10 {
		t.Errorf("certified %d of %d", c.certified, c.draws)
	}
}

// Three models, whose settings are another hull in every draw. Splits are drawn
// with replacement from a population, whose mean loss is the risk.
func TestCoverageQualityLossOfThree(t *testing.T) {
	const alpha, delta = 0.03, 0.1
	rng := rand.New(rand.NewPCG(5, 5))
	population := make([]Graded, 3000)
	for i := range population {
		u := rng.Float64()
		g := Graded{Score: math.Round(40*u) / 40, Quality: make([]float64, 3), Cost: []float64{1, 4, 20}}
		for m, slope := range []float64{0.9, 0.5, 0.2} {
			if rng.Float64() > slope*u {
				g.Quality[m] = 1
			}
		}
		population[i] = g
	}
	c := simulate(t, 60, alpha, func(rng *rand.Rand) Result {
		split := func(prefix string) []Graded {
			rows := make([]Graded, 800)
			for i := range rows {
				rows[i] = population[rng.IntN(len(population))]
				rows[i].ID = prefix + strconv.Itoa(i)
			}
			return rows
		}
		r, err := QualityLoss(split("t"), split("c"), Level{alpha, 1 - delta}, "salt")
		return must(t, r, err)
	}, func(at []Threshold) float64 {
		return mean(lossesOf(population, []float64{float64(at[0]), float64(at[1])}))
	})
	c.check(t, delta, 0.3)
	if c.certified < c.draws/2 {
		t.Errorf("certified %d of %d", c.certified, c.draws)
	}
}
