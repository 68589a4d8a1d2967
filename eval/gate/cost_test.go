package gate

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
	"github.com/routeproof/routeproof/internal/spill"
)

// 40 prompts of SIMPLE with 100 tokens, in USD per 1,000: at SIMPLE each costs
// (100·0.15 + 60·0.6)/1000 = 0.051, at MEDIUM (110·1 + 60·4)/1000 = 0.35.
func TestCostParts(t *testing.T) {
	truth, from := strings.Repeat("S", 40), strings.Repeat("S", 40)
	to := strings.Repeat("M", 4) + strings.Repeat("S", 36)
	long := func(truth, predicted string) []datasets.Prediction {
		out := rows("x", truth, predicted)
		for i := range out {
			out[i].PromptTokens = datasets.Known(100)
		}
		return out
	}
	ask := func(to string, costs *Costs) *Cost {
		v := decide(t, sideOf(t, source("a"), long(truth, from)), sideOf(t, source("b"), long(truth, to)), Rules{}, costs)
		return v.Classifiers[0].Cost
	}
	costs := priced()
	c := ask(to, costs)
	if !near(c.Baseline, 0.051, 1e-12) || !near(c.TierMix, 0.1*(0.35-0.051), 1e-12) || c.Price != 0 || c.Tokens != 0 || c.Classify.Defined() || c.PricesDiffer {
		t.Errorf("%+v", c)
	}
	costs.Candidate = priced().Candidate // priced shares values between the sides
	*costs.Candidate.Tiers[0].OutputPerM = 1.2
	costs.Candidate.Tiers[0].SystemTokens = 50
	c = ask(to, costs)
	// Price: 60·0.6 more for each. Tokens: 50·0.15 more for each. Mix: 0.35 for what
	// is (150·0.15 + 60·1.2)/1000 = 0.0945 now.
	if !near(c.Price, 0.036, 1e-12) || !near(c.Tokens, 0.0075, 1e-12) || !near(c.TierMix, 0.1*(0.35-0.0945), 1e-12) || !c.PricesDiffer {
		t.Errorf("%+v", c)
	}
	if !near(c.Change, float64(c.Candidate-c.Baseline), 1e-12) || c.Change != c.Price+c.Tokens+c.TierMix {
		t.Errorf("the parts of %+v do not sum to the change", c)
	}
	// Tokens that one side knows are those of the prompt.
	v := decide(t, sideOf(t, source("a"), long(truth, from)), sideOf(t, source("b"), rows("x", truth, to)), Rules{}, costs)
	if again := v.Classifiers[0].Cost; again.Change != c.Change || again.Tokens != c.Tokens {
		t.Errorf("%+v, with tokens on both sides %+v", again, c)
	}
	// An under-routed prompt is paid again: SIMPLE for a MEDIUM prompt costs
	// (100·0.15 + 300·0.6)/1000 = 0.195 and (110 + 300·4)/1000 = 1.31 on top.
	v = decide(t, sideOf(t, source("a"), long("M", "M")), sideOf(t, source("b"), long("M", "S")), Rules{}, priced())
	if c = v.Classifiers[0].Cost; !near(c.TierMix, 0.195, 1e-12) || !near(c.Candidate, 1.505, 1e-12) {
		t.Errorf("%+v", c)
	}
}

// A price edit never regresses, whatever it costs; the same dollars by longer
// prompts or dearer tiers do.
func TestCostGate(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	base := withTokens(wild(rng, 300, 1, 1, 0.9))
	rules := Rules{Cost: Margin{On: true}}
	ask := func(change func(side *Source, rows []datasets.Prediction, costs *Costs)) (*Verdict, Gate) {
		cand := append([]datasets.Prediction{}, base...)
		a, b := source("a"), source("b")
		a.Hashes.Prices, b.Hashes.Prices = "p", "p"
		costs := &Costs{priced().Baseline, priced().Candidate}
		change(&b, cand, costs)
		v := decide(t, sideOf(t, a, base), sideOf(t, b, cand), rules, costs)
		return v, gateOf(t, v, "cost")
	}
	dearer := func(_ *Source, _ []datasets.Prediction, costs *Costs) {
		for _, m := range costs.Candidate.Tiers {
			*m.InputPerM *= 10
			*m.OutputPerM *= 10
		}
	}
	v, g := ask(dearer)
	if c := v.Classifiers[0].Cost; v.Outcome != Pass || !g.Identical || !(c.Price > 5*c.Baseline) || c.Tokens != 0 || c.TierMix != 0 {
		t.Errorf("ten times the prices: %s, %+v", g.Why, c)
	}
	own := func(_ *Source, rows []datasets.Prediction, _ *Costs) {
		for i := range rows {
			rows[i].CostUSD.Value *= 100
		}
	}
	if v, g = ask(own); v.Outcome != Regressed || v.Classifiers[0].Cost.Classify <= 0 {
		t.Errorf("own costs at the same prices: %s", g.Why)
	}
	v, g = ask(func(s *Source, rows []datasets.Prediction, c *Costs) {
		s.Hashes.Prices = "q"
		own(s, rows, c)
	})
	if v.Outcome != Pass || !v.Classifiers[0].Cost.PricesDiffer {
		t.Errorf("own costs at other prices: %s", g.Why)
	}
	if v, g = ask(func(_ *Source, _ []datasets.Prediction, costs *Costs) { costs.Candidate.Tiers[3].SystemTokens = 5000 }); v.Outcome != Regressed || v.Classifiers[0].Cost.Tokens <= 0 {
		t.Errorf("a long system prompt: %s", g.Why)
	}
	v, g = ask(func(_ *Source, rows []datasets.Prediction, _ *Costs) {
		for i := range rows {
			if rows[i].Predicted == "SIMPLE" {
				rows[i].Predicted = "FRONTIER"
			}
		}
	})
	if g.Outcome != Regressed || v.Classifiers[0].Cost.TierMix <= 0 {
		t.Errorf("dearer tiers: %s", g.Why)
	}
	v, g = ask(func(_ *Source, rows []datasets.Prediction, _ *Costs) {
		for i := range rows[:20] {
			rows[i].CostUSD = datasets.Optional[float64]{}
		}
	})
	if g.Outcome != Inconclusive || v.Outcome != Inconclusive || v.Classifiers[0].Cost != nil || !strings.Contains(g.Why, "the cost of 20 of 300 prompts is unknown") {
		t.Errorf("unknown own costs: %s", g.Why)
	}
}

// The bound by bins is that of rows drawn one by one, to the error of so many
// replicates, with one prompt a group and with several.
func TestCostBoundAgainstRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	for _, of := range []int{1, 3} {
		sums, sizes := make([]float64, 2000), make([]float64, 2000)
		n := 0.0
		for i := range sums {
			sizes[i] = float64(1 + rng.IntN(of))
			n += sizes[i]
			if rng.IntN(4) == 0 {
				sums[i] = math.Exp(2*rng.NormFloat64()) * float64(rng.IntN(3)-1) * sizes[i]
			}
		}
		p := pair{check: &check{base: &Side{}, rules: Rules{Replicates: 20000}, draws: 100}}
		for i := range sums {
			p.spent.sum, p.spent.size = sums[i], int(sizes[i])
			if err := p.spent.end(); err != nil {
				t.Fatal(err)
			}
		}
		g := newGate("cost", nil, false, 1)
		if err := errors.Join(p.gateCost(&g), p.spent.groups.Close()); err != nil {
			t.Fatal(err)
		}
		var replicates []float64
		stats.Resample(len(sums), 20000, 9, func(_ int, weights []float64) {
			sum, size := 0.0, 0.0
			for i, w := range weights {
				sum += w * sums[i]
				size += w * sizes[i]
			}
			replicates = append(replicates, 1000*sum/size)
		})
		want := stats.Percentile(replicates, 0.9).High
		spread := want - float64(g.Change)
		if math.Abs(float64(g.Bound)-want) > 0.04*spread {
			t.Errorf("bound %v, by rows %v, change %v", g.Bound, want, g.Change)
		}
	}
}

// Bins keep the sum and, stretched, the sum of squares.
func TestBinned(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 3))
	for range 50 {
		values := make([]float64, 1+rng.IntN(3000))
		sum, squares := 0.0, 0.0
		for i := range values {
			if rng.IntN(3) > 0 {
				values[i] = rng.NormFloat64()
			}
			sum += values[i]
			squares += values[i] * values[i]
		}
		sorter := spill.Sorter{Limit: 1 << rng.IntN(20)}
		for _, v := range values {
			if err := sorter.Add(spill.AppendNumber(nil, v)); err != nil {
				t.Fatal(err)
			}
		}
		means, counts, stretch, err := binned(&sorter, len(values), 20)
		if err := errors.Join(err, sorter.Close()); err != nil {
			t.Fatal(err)
		}
		gotSum, gotSquares, n := 0.0, 0.0, 0
		for i, m := range means {
			gotSum += m * float64(counts[i])
			gotSquares += stretch * stretch * m * m * float64(counts[i])
			n += counts[i]
		}
		if n != len(values) || math.Abs(gotSum-sum) > 1e-9 || math.Abs(gotSquares-squares) > 1e-9 || len(means) > 20+2*tail+5 {
			t.Fatalf("%d of %d values in %d bins: sum %v, want %v; squares %v, want %v", n, len(values), len(means), gotSum, sum, gotSquares, squares)
		}
	}
}

// Where signs are enumerated, against all patterns; where the sum of many is drawn,
// against draws of each.
func TestFlipP(t *testing.T) {
	values := []float64{0.5, 0, 1.25, -0.25, -2, 0.75, 1, 0.125} // sizes that are whole parts of the largest
	sum, far, near := 1.375, 0, 0
	for signs := range 1 << len(values) {
		flipped := 0.0
		for i, v := range values {
			if signs>>i&1 == 1 {
				v = -v
			}
			flipped += v
		}
		if flipped >= sum {
			far++
		}
		if flipped <= sum {
			near++
		}
	}
	flipP := func(values []float64) (worse, better eval.Number) {
		var all changes
		for _, v := range values {
			all.add(v)
		}
		return all.flipP(4000, 1)
	}
	worse, better := flipP(values)
	if worse != number(float64(far)/256) || better != number(float64(near)/256) {
		t.Errorf("%v, %v, want %d and %d of 256", worse, better, far, near)
	}
	if worse, better := flipP([]float64{-2, -1}); worse != 1 || better != 0.25 {
		t.Errorf("all one way: %v, %v", worse, better)
	}
	rng := rand.New(rand.NewPCG(4, 4))
	values = make([]float64, 1000)
	sum = 0
	for i := range values {
		values[i] = rng.ExpFloat64() * float64(2*rng.IntN(2)-1) * 1.1
		sum += values[i]
	}
	const draws = 4000
	far = 0
	for range draws {
		flipped := 0.0
		for _, v := range values {
			if rng.IntN(2) == 1 {
				v = -v
			}
			flipped += v
		}
		if flipped >= sum {
			far++
		}
	}
	want := float64(far) / draws
	if worse, better = flipP(values); math.Abs(float64(worse)-want) > 0.035 || math.Abs(float64(worse+better)-1) > 0.035 {
		t.Errorf("%v, %v, drawn %v", worse, better, want)
	}
}

// Of k equal changes all one way, and however many tiny ones both ways beside them,
// p is 2⁻ᵏ; of many that are all equal it is McNemar's.
func TestFlipPOfFewLarge(t *testing.T) {
	const draws = 20000
	flipP := func(add func(c *changes)) (worse, better float64) {
		var c changes
		add(&c)
		w, b := c.flipP(draws, 3)
		return float64(w), float64(b)
	}
	for _, tiny := range []int{0, 100, 300, 100_000} {
		for k := 2; k <= 6; k++ {
			worse, _ := flipP(func(c *changes) {
				for i := range tiny { // all for the better, so that they break no ties
					c.add(-1e-9 * float64(1+i%7))
				}
				for range k {
					c.add(1)
				}
			})
			want := math.Exp2(-float64(k))
			if math.Abs(worse-want) > 4*se(want, draws)+1e-4 {
				t.Errorf("%d beside %d: %v, want %v", k, tiny, worse, want)
			}
		}
	}
	for _, c := range []struct{ up, down int }{{75, 55}, {110, 90}, {520, 480}, {1500, 1600}} {
		worse, better := flipP(func(all *changes) {
			for range c.up {
				all.add(0.1)
			}
			for range c.down {
				all.add(-0.1)
			}
		})
		if want := stats.McNemarOneSided(c.up, c.down); math.Abs(worse-want) > 4*se(want, draws)+1e-4 {
			t.Errorf("%+v: worse %v, want %v", c, worse, want)
		}
		if want := stats.McNemarOneSided(c.down, c.up); math.Abs(better-want) > 4*se(want, draws)+1e-4 {
			t.Errorf("%+v: better %v, want %v", c, better, want)
		}
	}
}

// An unchanged classifier whose own costs vary by a tenth, and of which either side
// sends a few prompts elsewhere, is no false alarm more often than α says.
func TestFewLargeChangesOfCostKeepTheLevel(t *testing.T) {
	const draws = 2000
	rng := rand.New(rand.NewPCG(4, 5))
	for _, c := range []struct {
		large int
		alpha float64
	}{{3, 0.1}, {4, 0.05}, {40, 0.05}} {
		regressed := 0
		for i := range draws {
			var all changes
			for range 300 {
				all.add(1e-5 * 0.2 * (rng.Float64() - rng.Float64()))
			}
			for range c.large {
				all.add(0.002 * float64(1-2*rng.IntN(2)))
			}
			if worse, _ := all.flipP(500, uint64(i)); float64(worse) <= c.alpha {
				regressed++
			}
		}
		t.Logf("%+v: p is at most that in %.1f %%", c, 100*float64(regressed)/draws)
		if got := float64(regressed) / draws; got > c.alpha+4*se(c.alpha, draws) {
			t.Errorf("%+v: p is at most that in %v", c, got)
		}
	}
}
