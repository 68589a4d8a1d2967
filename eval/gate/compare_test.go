package gate

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/stats"
)

func compared(t testing.TB, a, b *Side, costs *Costs, replicates int) *Comparison {
	t.Helper()
	c, err := Compare(context.Background(), a, b, costs, replicates, 3)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func measureOf(t testing.TB, c ClassifierChange, name string) Measure {
	t.Helper()
	i := slices.IndexFunc(c.Measures, func(m Measure) bool { return m.Name == name })
	if i < 0 {
		t.Fatalf("no %s among %+v", name, c.Measures)
	}
	return c.Measures[i]
}

// patterned are 400 prompts whose truths and predictions follow from their number;
// group names groups, or nil.
func patterned(group func(i int) string) (a, b []datasets.Prediction) {
	names := centroids.DefaultTiers().Names()
	for i := range 400 {
		truth := i * 5 / 3 % 4
		p, q := truth, truth
		if i*7%10 >= 8 {
			p = i / 3 % 4
		}
		if i*13%20 >= 15 {
			q = i / 7 % 4
		}
		row := datasets.Prediction{ID: fmt.Sprintf("p%03d", i), Classifier: "x", Tier: names[truth], Predicted: names[p]}
		if group != nil {
			row.Group = group(i)
		}
		a = append(a, row)
		row.Predicted = names[q]
		b = append(b, row)
	}
	return a, b
}

// Figures by scikit-learn 1.2.1 (f1_score, balanced_accuracy_score,
// cohen_kappa_score with quadratic weights), p by scipy 1.10.1
// (binomtest(72, 126).pvalue), intervals by numpy 1.24.2: 40,000 resamples of
// prompts, or of 100 groups of 3, 4 or 6 prompts, and numpy.quantile.
func TestCompareAgainstOthers(t *testing.T) {
	type want struct {
		name                    string
		a, b                    float64
		low, high               float64 // of single prompts
		groupedLow, groupedHigh float64
	}
	wants := []want{
		{Accuracy, 0.865, 0.82, -0.1, 0.01, -0.08781, -0.00248},
		{MacroF1, 0.86500089, 0.81982852, -0.1006, 0.00988, -0.08825, -0.00239},
		{BalancedAccuracy, 0.8649935, 0.81996525, -0.10015, 0.01005, -0.08762, -0.0021},
		{QuadraticKappa, 0.83366483, 0.77280844, -0.1582, 0.03727, -0.14735, 0.02647},
		{MeanTierError, 0.205, 0.2925, -0.01, 0.185, 0.00758, 0.16711},
		{UnderRouting, 0.07, 0.095, -0.015, 0.065, -0.01229, 0.06413},
		{OverRouting, 0.065, 0.085, -0.0175, 0.0575, -0.01058, 0.04961},
	}
	// A quantile of 20,000 draws is off by some 1 % of the interval's width.
	check := func(name string, m Measure, a, b, low, high float64) {
		t.Helper()
		d := m.Difference
		if slack := 0.03 * (high - low); !near(m.A, a, 1e-8) || !near(m.B, b, 1e-8) || !near(d.Value, b-a, 2e-8) || !near(d.Low, low, slack) || !near(d.High, high, slack) {
			t.Errorf("%s: %+v, want %v, %v and an interval of %v to %v", name, m, a, b, low, high)
		}
		if m.Shown != (low > 0 || high < 0) {
			t.Errorf("%s: shown %t", name, m.Shown)
		}
	}
	a, b := patterned(nil)
	single := compared(t, sideOf(t, source("a"), a), sideOf(t, source("b"), b), nil, 20_000).Classifiers[0]
	if single.OnlyA != 72 || single.OnlyB != 54 || !near(single.P, 0.1295761392863864, 1e-12) || single.N != 400 || single.Groups != 400 {
		t.Errorf("%+v", single)
	}
	a, b = patterned(func(i int) string { return fmt.Sprint(i / 3 * 3 / 4) })
	grouped := compared(t, sideOf(t, source("a"), a), sideOf(t, source("b"), b), nil, 20_000).Classifiers[0]
	if grouped.Groups != 100 {
		t.Errorf("%d groups", grouped.Groups)
	}
	for _, w := range wants {
		check(w.name, measureOf(t, single, w.name), w.a, w.b, w.low, w.high)
		check(w.name+" of groups", measureOf(t, grouped, w.name), w.a, w.b, w.groupedLow, w.groupedHigh)
	}
	complex := func(c ClassifierChange) Measure {
		return c.Slices[slices.IndexFunc(c.Slices, func(m Measure) bool { return *m.Slice == Slice{Tier, "COMPLEX"} })]
	}
	if m := complex(single); m.N != 99 || m.Groups != 99 {
		t.Errorf("%+v", m)
	}
	// Numpy drew all prompts, so that the number of COMPLEX ones varied.
	for _, c := range []struct {
		m         Measure
		low, high float64
	}{{complex(single), -0.18292683, 0.04255319}, {complex(grouped), -0.18181818, 0.04081633}} {
		if d := c.m.Difference; !near(c.m.A, 0.8686868687, 1e-9) || !near(c.m.B, 0.7979797980, 1e-9) || !near(d.Low, c.low, 0.012) || !near(d.High, c.high, 0.012) {
			t.Errorf("%+v", c.m)
		}
	}
}

// What the gate says of the same figures, the comparison says, with invalid
// answers, confidences, costs and repeats.
func TestCompareAgreesWithDecide(t *testing.T) {
	for _, repeats := range []int{1, 3} {
		rng := rand.New(rand.NewPCG(8, uint64(repeats)))
		a := sideOf(t, source("a"), withTokens(wild(rng, 300, 3, repeats, 0.8)))
		b := sideOf(t, source("b"), withTokens(wild(rng, 300, 3, repeats, 0.7)))
		v := decide(t, a, b, everything(), priced())
		c := compared(t, a, b, priced(), 0)
		if len(c.Classifiers) != 3 || len(c.Faults) > 0 || c.N != 300 {
			t.Fatalf("%+v", c)
		}
		var p, holm []float64
		for i, x := range c.Classifiers {
			gates := v.Classifiers[i].Gates
			for _, g := range gates {
				name := map[string]string{"macro_f1": MacroF1, "under_routing": UnderRouting, "invalid": InvalidRate, "ece": ECE, "cost": HeadlineCost, Accuracy: Accuracy}[g.Name]
				if name == "" || g.Slice != nil {
					continue
				}
				m := measureOf(t, x, name)
				if !near(m.A, float64(g.Baseline), 1e-12) || !near(m.B, float64(g.Candidate), 1e-12) || m.MoreIsBetter != g.moreIsBetter {
					t.Errorf("%s: %+v, the gate has %v and %v", name, m, g.Baseline, g.Candidate)
				}
				if d := m.Difference; !(d.Low <= d.Value && d.Value <= d.High && d.Low < d.High) {
					t.Errorf("%s: %+v", name, d)
				}
			}
			for _, m := range x.Slices {
				j := slices.IndexFunc(gates, func(g Gate) bool { return g.Name == Accuracy && g.Slice != nil && *g.Slice == *m.Slice })
				if g := gates[j]; !near(m.A, float64(g.Baseline), 1e-12) || !near(m.B, float64(g.Candidate), 1e-12) || m.N != g.N {
					t.Errorf("%v: %+v", m.Slice, m)
				}
			}
			if *x.Cost != *v.Classifiers[i].Cost || x.Flips.Len() != v.Classifiers[i].Flips.Len() || x.Unpriced != "" {
				t.Errorf("%+v", x)
			}
			p, holm = append(p, float64(x.P)), append(holm, float64(x.HolmP))
			if g := gates[0]; repeats == 1 && !near(x.P, math.Min(1, 2*math.Min(float64(g.P), float64(g.BetterP))), 1e-12) {
				t.Errorf("p %v, one-sided %v and %v", x.P, g.P, g.BetterP)
			}
		}
		if !slices.Equal(holm, stats.Holm(p)) {
			t.Errorf("Holm's of %v: %v", p, holm)
		}
	}
}

// Costs bootstrap as a plain resampling of groups would.
func TestCompareCostInterval(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	left, right := wild(rng, 200, 1, 1, 0.8), wild(rng, 200, 1, 1, 0.8)
	for i := range left {
		left[i].Group = fmt.Sprint(i / 3 * 3 / 4)
		right[i].Group = left[i].Group
	}
	a, b := sideOf(t, source("a"), withTokens(left)), sideOf(t, source("b"), withTokens(right))
	m := measureOf(t, compared(t, a, b, priced(), 20_000).Classifiers[0], HeadlineCost)
	// The sums by group are taken here from the rows.
	costs := priced()
	at, sums, sizes := map[string]int{}, []float64{}, []float64{}
	for i, x := range left {
		y := right[i]
		g, seen := at[x.Group]
		if !seen {
			g = len(sums)
			at[x.Group], sums, sizes = g, append(sums, 0), append(sizes, 0)
		}
		tokens := withTokens(left[i : i+1])[0].PromptTokens.Value
		truth, _ := a.source.Tiers.Index(x.Tier)
		was, _ := a.source.Tiers.Index(x.Predicted)
		is, _ := a.source.Tiers.Index(y.Predicted)
		sums[g] += costs.Candidate.Served(is, truth, tokens) + y.CostUSD.Value - costs.Baseline.Served(was, truth, tokens) - x.CostUSD.Value
		sizes[g]++
	}
	var plain []float64
	stats.Resample(len(sums), 20_000, 9, func(_ int, weights []float64) {
		sum, n := 0.0, 0.0
		for g, w := range weights {
			sum, n = sum+w*sums[g], n+w*sizes[g]
		}
		plain = append(plain, 1000*sum/n)
	})
	want := stats.Percentile(plain, 0.95)
	if d, slack := m.Difference, 0.03*(want.High-want.Low); !near(d.Low, want.Low, slack) || !near(d.High, want.High, slack) || m.Groups != len(sums) {
		t.Errorf("%+v, plain %+v", m, want)
	}
}

// 100,000 prompts of 8 classifiers.
func BenchmarkCompare(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	rows := wild(rng, 100_000, 8, 1, 0.8)
	a := sideOf(b, source("a"), withTokens(rows))
	names := centroids.DefaultTiers().Names()
	for i := range rows {
		if rng.IntN(10) == 0 {
			rows[i].Predicted = names[rng.IntN(4)]
		}
	}
	other := sideOf(b, source("b"), withTokens(rows))
	b.ReportAllocs()
	for b.Loop() {
		compared(b, a, other, priced(), 0)
	}
}
