package calibrate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/classify"
)

func costsOf(tiers int) eval.Costs {
	c := eval.Costs{OutputScale: 1}
	for k := range tiers {
		price := float64(int(1) << (2 * k))
		c.Tiers = append(c.Tiers, eval.TierModel{Tier: fmt.Sprint("T", k), InputPerM: &price, OutputPerM: &price, ExpectedOutput: float64(100 * (k + 1))})
	}
	return c
}

// staged draws requests as three parts decide them, with equal margins, parts
// that fail, and some costs that are not known.
func staged(rng *rand.Rand, n int, unknown float64) []Staged {
	rows := make([]Staged, n)
	for i := range rows {
		s := &rows[i]
		s.Item = eval.Item{ID: fmt.Sprintf("p%03d", i), Tier: rng.IntN(4), InputTokens: rng.IntN(50)}
		usd := func() eval.Quantity { return eval.Quantity{Value: rng.Float64() / 1e5, Origin: eval.Computed} }
		s.Rule = eval.Decision{Tier: rng.IntN(4), CostUSD: eval.Quantity{Origin: eval.Computed}, Stage: "default"}
		if rng.IntN(4) == 0 {
			s.Rule.Stage = "simple pattern"
		}
		s.Embedding = eval.Decision{Tier: rng.IntN(4), CostUSD: usd(), Scores: []float64{0, float64(rng.IntN(6)) / 8}}
		switch rng.IntN(8) {
		case 0:
			s.Embedding.Scores = nil
		case 1:
			s.Embedding.Err = "down"
		case 2:
			s.Embedding.Refused = true
		}
		s.LLM = eval.Decision{Tier: rng.IntN(4), CostUSD: usd()}
		if rng.Float64() < unknown {
			s.LLM.CostUSD = eval.Quantity{}
		}
	}
	return rows
}

// oneByOne is the hybrid itself, as it is asked, over the requests of known cost.
func oneByOne(t *testing.T, rows []Staged, costs eval.Costs, margin float64) HybridPoint {
	t.Helper()
	var items []eval.Item
	parts := make([]*eval.Predictions, 3)
	for k, name := range []string{"rule", "embedding", "llm"} {
		parts[k] = &eval.Predictions{Classifier: name, FoldError: "none"}
	}
	for i := range rows {
		s := &rows[i]
		if !s.priced() {
			continue
		}
		items = append(items, s.Item)
		for k, d := range []eval.Decision{s.Rule, s.Embedding, s.LLM} {
			parts[k].Final = parts[k].Final.With(eval.DecisionsOf(d))
		}
	}
	p, err := eval.Derive(t.Context(), items, parts, func(_ int, c []eval.Classifier) eval.Classifier {
		return classify.NewHybrid("hybrid", classify.Stage{Classifier: c[0], Sure: classify.RuleIsSure},
			classify.Stage{Classifier: c[1], Sure: classify.MarginAtLeast(margin)}, classify.Stage{Classifier: c[2]})
	})
	if err != nil {
		t.Fatal(err)
	}
	var usd float64
	decided := map[string]float64{}
	for i, d := range p.Final.All() {
		decided[d.Stage] += 1 / float64(len(items))
		usd += d.CostUSD.Value + costs.Served(d.Tier, items[i].Tier, items[i].InputTokens)
	}
	return HybridPoint{
		Margin: Threshold(margin), Rule: StageShare{Decided: eval.Number(decided["rule"])}, Embedding: StageShare{Decided: eval.Number(decided["embedding"])},
		LLM: StageShare{Decided: eval.Number(decided["llm"])}, Headline: eval.Number(1000 * usd / float64(len(items))),
	}
}

// The sweep is the hybrid itself, at and between all margins.
func TestSweepHybridOneByOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	costs := costsOf(4)
	for range 40 {
		rows := staged(rng, 1+rng.IntN(60), 0.1)
		c, err := SweepHybrid(slices.Values(rows), costs, 0)
		if err != nil {
			t.Fatal(err)
		}
		least := math.Inf(1)
		for _, margin := range []float64{math.Inf(1), 2, 0.625, 0.6, 0.5, 0.375, 0.3, 0.25, 0.125, 0.01, 0} {
			got, want := c.At(margin), oneByOne(t, rows, costs, margin)
			for _, pair := range [][2]eval.Number{{got.Rule.Decided, want.Rule.Decided}, {got.Embedding.Decided, want.Embedding.Decided}, {got.LLM.Decided, want.LLM.Decided}, {got.Headline, want.Headline}} {
				if math.Abs(float64(pair[0]-pair[1])) > 1e-9 {
					t.Fatalf("margin %g: %+v, one by one %+v", margin, got, want)
				}
			}
			if least = min(least, float64(want.Headline)); margin <= 0.625 { // the largest of a request, and +Inf, are in
				if got := c.LeastFrom(margin); math.Abs(float64(got.Headline)-least) > 1e-9 || float64(got.Margin) < margin {
					t.Fatalf("from %g on %+v, one by one %g", margin, got, least)
				}
			}
		}
		if got := float64(c.Least().Headline); math.Abs(got-least) > 1e-9 {
			t.Fatalf("least %g, one by one %g", got, least)
		}
		points := c.Points()
		if !math.IsInf(float64(points[0].Margin), 1) || points[len(points)-1].Margin != 0 || !slices.IsSortedFunc(points, func(a, b HybridPoint) int {
			return int(math.Copysign(1, float64(b.Margin-a.Margin)))
		}) {
			t.Fatalf("%+v", points)
		}
	}
}

// Each stage is paid where it is asked, and of equal costs the lowest margin wins.
func TestSweepHybridByHand(t *testing.T) {
	costs := costsOf(2) // USD per million tokens: 1 and 4, answers of 100 and 200 tokens
	usd := func(v float64) eval.Quantity { return eval.Quantity{Value: v, Origin: eval.Recorded} }
	row := func(id string, margin float64, embedding, llm int, price float64) Staged {
		return Staged{
			Item: eval.Item{ID: id, Tier: 1}, Rule: eval.Decision{CostUSD: usd(0), Stage: "default"},
			Embedding: eval.Decision{Tier: embedding, Scores: []float64{0, margin}, CostUSD: usd(0.5)}, LLM: eval.Decision{Tier: llm, CostUSD: usd(price)},
		}
	}
	ruled := row("r", 0.9, 0, 0, 7)
	ruled.Rule.Stage = "simple pattern"
	ruled.LLM.CostUSD = eval.Quantity{} // it is never asked
	rows := []Staged{ruled, row("a", 0.5, 1, 1, 2), row("b", 0.25, 1, 1, 0), row("c", 0.125, 1, 1, 0)}
	c, err := SweepHybrid(slices.Values(rows), costs, 1)
	if err != nil {
		t.Fatal(err)
	}
	if p := c.Least(); p.Margin != 0 || p.LLM != (StageShare{}) || p.Embedding != (StageShare{0.75, 375}) || p.Rule != (StageShare{0.25, 0}) {
		t.Errorf("%+v", p)
	}
	if p := c.At(math.Inf(1)); p.LLM != (StageShare{0.75, 500}) || p.Embedding != (StageShare{0, 375}) || c.N != 4 {
		t.Errorf("%+v of %d", p, c.N)
	}
	// Of the last the embedding's tier is too low: the answer is paid again.
	rows[3].Embedding.Tier = 0
	if c, err = SweepHybrid(slices.Values(rows), costs, 1); err != nil || c.Least().Margin != 0.25 {
		t.Errorf("%+v, %v", c.Least(), err)
	}
}

func TestSweepHybridUnknownCosts(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 2))
	rows := staged(rng, 200, 0.3)
	if _, err := SweepHybrid(slices.Values(rows), costsOf(4), 0.95); err == nil {
		t.Error("no error though a third of the costs is unknown")
	}
	c, err := SweepHybrid(slices.Values(rows), costsOf(4), 0.5)
	if err != nil || c.Unpriced == 0 || c.N+c.Unpriced != 200 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := SweepHybrid(slices.Values([]Staged{}), costsOf(4), 0); err == nil {
		t.Error("no error without requests")
	}
	if _, err := SweepHybrid(slices.Values(staged(rng, 20, 1)), costsOf(4), 0); err != nil {
		t.Errorf("requests that the rule decides have a cost: %v", err)
	}
	unpriced := costsOf(4)
	unpriced.Tiers[2].OutputPerM = nil
	if _, err := SweepHybrid(slices.Values(rows), unpriced, 0); err == nil {
		t.Error("no error without a price of a tier")
	}
}

// A row of Regret is lost where the policy, asked about it alone, has the
// embedding decide wrongly what the LLM by itself has right.
func TestRegretIsThatOfThePolicy(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 3))
	tiers, err := centroids.NewTiers("A", "B", "C", "D")
	if err != nil {
		t.Fatal(err)
	}
	costs := costsOf(tiers.Len())
	lost := 0
	for range 3 {
		for _, s := range staged(rng, 150, 0) {
			if s.Ruled() {
				continue
			}
			for _, under := range []bool{false, true} {
				for _, margin := range []float64{0, 0.25, 0.5, math.Inf(1)} {
					r := s.Regret(under)
					p := oneByOne(t, []Staged{s}, costs, margin)
					byEmbedding := p.Embedding.Decided == 1
					bad := func(tier int) bool { return under && tier < s.Item.Tier || !under && tier != s.Item.Tier }
					want := byEmbedding && bad(s.Embedding.Tier) && !bad(s.LLM.Tier)
					if got := r.Score >= margin && r.Wrong; got != want {
						t.Fatalf("margin %g, under %t: lost %t, by the policy %t: %+v", margin, under, got, want, s)
					}
					if want {
						lost++
					}
				}
			}
		}
	}
	if lost == 0 {
		t.Error("nothing is lost: the test shows nothing")
	}
	// What is not known of the LLM counts against the embedding.
	s := Staged{Item: eval.Item{Tier: 1}, Embedding: eval.Decision{Tier: 0, Scores: []float64{1, 0}}, LLM: eval.Decision{Tier: 0, Err: "no answer is recorded"}}
	if !s.Regret(false).Wrong || !s.Regret(true).Wrong {
		t.Error("an LLM without an answer is taken to be wrong")
	}
}

// The margin that is clearly cheapest, by serving each request at it and at both
// extremes.
func TestLeastClearlyOneByOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 3))
	costs := costsOf(4)
	took := map[string]int{}
	for range 300 {
		rows := staged(rng, 1+rng.IntN(12), 0)
		c, err := SweepHybrid(slices.Values(rows), costs, 1)
		if err != nil {
			t.Fatal(err)
		}
		each := func(margin float64) (usd []float64) {
			for i := range rows {
				usd = append(usd, float64(oneByOne(t, rows[i:i+1], costs, margin).Headline)/1000)
			}
			return usd
		}
		least, plain := c.Least(), c.At(0)
		if never := c.At(math.Inf(1)); never.Headline < plain.Headline-1e-9 {
			plain = never
		}
		at, other := each(float64(least.Margin)), each(float64(plain.Margin))
		var mean, square float64
		for i := range at {
			mean += (other[i] - at[i]) / float64(len(at))
			square += (other[i] - at[i]) * (other[i] - at[i]) / float64(len(at))
		}
		want, name := plain, "plain"
		if error := math.Sqrt((square - mean*mean) / float64(len(at)-1)); len(at) > 1 && mean > error {
			want, name = least, "least"
		} else if len(at) > 1 && mean > 0.999*error {
			continue // too close to tell in floating point
		}
		took[name]++
		if got := c.LeastClearly(); math.Abs(float64(got.Headline-want.Headline)) > 1e-9 {
			t.Fatalf("%+v, expected %s, %+v", got, name, want)
		}
	}
	if took["least"] < 20 || took["plain"] < 20 {
		t.Errorf("the cases are one-sided: %v", took)
	}
}
