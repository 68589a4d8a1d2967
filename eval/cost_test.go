package eval

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// handCosts are two models: 1 and 2 USD per million tokens with a system
// prompt of 100 tokens and answers of 50; 10 and 20 USD, none, and 500. A
// prompt of 1,000 tokens costs, by hand, in USD:
//
//	            cheap model                   dear model
//	easy   (1100·1 + 50·2)/1e6  = 0.0012   (1000·10 + 50·20)/1e6  = 0.011
//	hard   (1100·1 + 500·2)/1e6 = 0.0021   (1000·10 + 500·20)/1e6 = 0.020
//
// and a hard prompt that the cheap model had first 0.0021 + 0.020 = 0.0221.
func handCosts() Costs {
	return Costs{OutputScale: 1, Tiers: []TierModel{
		{Model: "cheap", InputPerM: new(1.0), OutputPerM: new(2.0), SystemTokens: 100, ExpectedOutput: 50},
		{Tier: "dear", Model: "dear", InputPerM: new(10.0), OutputPerM: new(20.0), ExpectedOutput: 500},
	}}
}

// handItems are two easy and two hard prompts of 1,000 tokens.
func handItems() []Item {
	items := testItems(digits("0011"))
	for i := range items {
		items[i].InputTokens = 1000
	}
	return items
}

// handPredictions send the first three to the cheap model, at 0.0001 USD each.
func handPredictions() *Predictions {
	p := predicted("it", digits("0001"))
	for i := range p.Final.Len() {
		edit(p.Final, i, func(d *Decision) { d.CostUSD = Quantity{0.0001, Recorded} })
	}
	return p
}

func TestRequestCosts(t *testing.T) {
	twice := handCosts()
	twice.OutputScale = 2
	for _, c := range []struct {
		name        string
		costs       Costs
		tier, truth int
		request     float64
		served      float64
	}{
		{"easy, cheap", handCosts(), 0, 0, 0.0012, 0.0012},
		{"easy, dear", handCosts(), 1, 0, 0.011, 0.011},
		{"hard, cheap", handCosts(), 0, 1, 0.0021, 0.0221},
		{"hard, dear", handCosts(), 1, 1, 0.02, 0.02},
		{"easy, cheap, long answers", twice, 0, 0, 0.0013, 0.0013},
		{"hard, cheap, long answers", twice, 0, 1, 0.0031, 0.0331},
	} {
		if got := c.costs.Request(c.tier, c.truth, 1000); !near(got, c.request) {
			t.Errorf("%s: asking costs %v, want %v", c.name, got, c.request)
		}
		if got := c.costs.Served(c.tier, c.truth, 1000); !near(got, c.served) {
			t.Errorf("%s: serving costs %v, want %v", c.name, got, c.served)
		}
	}
}

func TestCostsByHand(t *testing.T) {
	r := evaluate(t, 2, handCosts(), handItems(), handPredictions())
	it := r.Classifiers[0]
	for _, c := range []struct {
		name string
		got  Number
		want float64
	}{
		{"classify", Number(it.Cost.Classify.Value), 0.1},
		{"picked", Number(it.Cost.Picked.Value), 6.125},                // (0.0012·2 + 0.0021 + 0.02)/4
		{"headline", it.Cost.Headline.Value, 11.225},                   // (0.0012·2 + 0.0221 + 0.02)/4, and 0.1
		{"saving", it.Cost.Saving.Value, 1 - 11.225/15.5},              // always dear: (0.011·2 + 0.02·2)/4
		{"shuffled headline", it.Shuffled.Headline, 12.7125},           // ¾ cheap: (0.00365·2 + 0.021575·2)/4, and 0.1
		{"shuffled accuracy", it.Shuffled.Accuracy, 0.5},               // (¾·2 + ¼·2)/4
		{"oracle", baseline(t, r, "oracle").Cost.Headline.Value, 10.6}, // (0.0012·2 + 0.02·2)/4
		{"always cheap", baseline(t, r, "always T0").Cost.Headline.Value, 11.65},
		{"always dear", baseline(t, r, "always T1").Cost.Headline.Value, 15.5},
		{"saving of always dear", baseline(t, r, "always T1").Cost.Saving.Value, 0},
		{"random", baseline(t, r, "random").Cost.Headline.Value, 13.575}, // (0.0061·2 + 0.02105·2)/4
		{"random, asked once", Number(baseline(t, r, "random").Cost.Picked.Value), 8.575},
	} {
		if !near(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	if it.Cost.N != 4 || it.Cost.Classify.Origin != Recorded || it.Cost.Picked.Origin != Assumed {
		t.Errorf("n %d, origins %v, %v, want 4, recorded, assumed", it.Cost.N, it.Cost.Classify.Origin, it.Cost.Picked.Origin)
	}
}

func TestUnknownPrice(t *testing.T) {
	costs := handCosts()
	costs.Tiers[1].OutputPerM = nil
	better := predicted("better", digits("0011"))
	r := evaluate(t, 2, costs, handItems(), handPredictions(), better)
	for _, part := range []string{"tier dear", "no price", "output_per_m"} {
		if !strings.Contains(r.Unpriced, part) {
			t.Errorf("reason %q does not hold %q", r.Unpriced, part)
		}
	}
	if r.Classifiers[0].Name != "better" {
		t.Errorf("%s stands first, want better: without prices accuracy ranks", r.Classifiers[0].Name)
	}
	for _, s := range slices.Concat(r.Classifiers, r.Baselines) {
		if s.Cost.Headline.Value.Defined() || s.Cost.Saving.Value.Defined() || s.Cost.Picked.Known() || s.Cost.Behind.Value.Defined() || s.Cost.Cheapest.Defined() {
			t.Errorf("%s: cost %+v without a price", s.Name, s.Cost)
		}
	}
	if it := r.Classifiers[1]; !near(it.Cost.Classify.Value, 0.1) || it.Cost.N != 4 || it.Shuffled.Accuracy != 0.5 || it.Shuffled.Headline.Defined() {
		t.Errorf("cost of classifying %v of %d, shuffled %+v, want 0.1 of 4 and accuracy 0.5 alone", it.Cost.Classify, it.Cost.N, it.Shuffled)
	}
	if len(r.Sensitivity) != 0 {
		t.Errorf("sensitivity %v without a price", r.Sensitivity)
	}
	costs = handCosts()
	if err := costs.Known(); err != nil {
		t.Errorf("all prices known: %v", err)
	}
}

// Figures of costs hold for the prompts whose classification has a known one.
func TestUnknownClassificationCost(t *testing.T) {
	p := handPredictions()
	edit(p.Final, 2, func(d *Decision) { d.CostUSD = Quantity{} })
	edit(p.Final, 0, func(d *Decision) { d.CostUSD.Origin = Computed })
	r := evaluate(t, 2, handCosts(), handItems(), p)
	it := r.Classifiers[0]
	for _, c := range []struct {
		name string
		got  Number
		want float64
	}{
		{"classify", Number(it.Cost.Classify.Value), 0.1},
		{"picked", Number(it.Cost.Picked.Value), 0.0224 / 3 * 1000},      // 0.0012·2 + 0.02
		{"headline", it.Cost.Headline.Value, 0.0227 / 3 * 1000},          // and 0.0003
		{"saving", it.Cost.Saving.Value, 1 - 0.0227/0.042},               // 0.011·2 + 0.02
		{"shuffled", it.Shuffled.Headline, 0.091/9*1000 + 0.1},           // ⅔ cheap: 2·(2·0.0012 + 0.011)/3 + (2·0.0221 + 0.02)/3
		{"shuffled accuracy", it.Shuffled.Accuracy, 0.5},                 // of all four
		{"sensitivity", r.Sensitivity[1].Headline[0], 0.0227 / 3 * 1000}, // at scale 1
	} {
		if !near(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
	if it.Cost.N != 3 || it.N != 4 || it.Cost.Classify.Origin != Computed {
		t.Errorf("n %d of %d, %v, want 3 of 4, computed", it.Cost.N, it.N, it.Cost.Classify.Origin)
	}

	for i := range p.Final.Len() {
		edit(p.Final, i, func(d *Decision) { d.CostUSD = Quantity{} })
	}
	it = evaluate(t, 2, handCosts(), handItems(), p).Classifiers[0]
	if it.Cost.N != 0 || it.Cost.Classify.Known() || it.Cost.Picked.Known() || it.Cost.Headline.Value.Defined() || it.Cost.Saving.Value.Defined() {
		t.Errorf("cost %+v, want all unknown", it.Cost)
	}
	if it.Shuffled == nil || it.Shuffled.Accuracy != 0.5 || it.Shuffled.Headline.Defined() {
		t.Errorf("shuffled %+v, want accuracy 0.5 alone", it.Shuffled)
	}
}

// Of classifiers that cost the same the better ranked is the best.
func TestSensitivityTie(t *testing.T) {
	r := evaluate(t, 2, handCosts(), handItems(), predicted("z", digits("0011")), predicted("a", digits("0011")))
	for _, s := range r.Sensitivity {
		if s.Best != "a" {
			t.Errorf("scale %v: best %q, want a", s.Scale, s.Best)
		}
	}
}

// The sensitivity is the headline of prices with scaled answers.
func TestSensitivity(t *testing.T) {
	other := predicted("other", digits("1111"))
	r := evaluate(t, 2, handCosts(), handItems(), handPredictions(), other)
	if len(r.Sensitivity) != 3 {
		t.Fatalf("%d scales, want 3", len(r.Sensitivity))
	}
	for i, scale := range []float64{0.5, 1, 2} {
		costs := handCosts()
		for k := range costs.Tiers {
			costs.Tiers[k].ExpectedOutput *= scale
		}
		scaled := evaluate(t, 2, costs, handItems(), handPredictions(), other)
		got := r.Sensitivity[i]
		best := math.Inf(1)
		name := ""
		for c, s := range r.Classifiers {
			at := slices.IndexFunc(scaled.Classifiers, func(x Score) bool { return x.Name == s.Name })
			want := float64(scaled.Classifiers[at].Cost.Headline.Value)
			if !near(got.Headline[c], want) {
				t.Errorf("scale %v: %s costs %v, want %v", scale, s.Name, got.Headline[c], want)
			}
			if want < best {
				best, name = want, s.Name
			}
		}
		if dearest := baseline(t, scaled, "always T1").Cost.Headline.Value; !near(got.Dearest, float64(dearest)) {
			t.Errorf("scale %v: always dearest costs %v, want %v", scale, got.Dearest, dearest)
		}
		if got.Scale != scale || got.Best != name {
			t.Errorf("scale %v: %v, best %q, want %q", scale, got.Scale, got.Best, name)
		}
	}
}
