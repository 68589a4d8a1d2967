package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
)

// What is on one side alone, or has another true tier, is told and left out: the
// figures are those of sides that never had it.
func TestCompareOverWhatBothHave(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	rows := func(skill float64, from, to int) []datasets.Prediction {
		all := wild(rng, 120, 2, 1, skill)
		return slices.DeleteFunc(all, func(p datasets.Prediction) bool {
			return p.ID < fmt.Sprintf("p%06d", from) || p.ID >= fmt.Sprintf("p%06d", to)
		})
	}
	left, right := rows(0.8, 0, 110), rows(0.7, 10, 120)
	for i := range right {
		if right[i].ID == "p000050" {
			right[i].Tier = map[bool]string{true: "SIMPLE", false: "MEDIUM"}[right[i].Tier == "MEDIUM"]
		}
	}
	both := func(all []datasets.Prediction) []datasets.Prediction {
		return slices.DeleteFunc(slices.Clone(all), func(p datasets.Prediction) bool { return p.ID < "p000010" || p.ID >= "p000110" || p.ID == "p000050" })
	}
	inBoth := compared(t, sideOf(t, source("a"), withTokens(both(left))), sideOf(t, source("b"), withTokens(both(right))), priced(), 0)
	old := left[slices.IndexFunc(left, func(p datasets.Prediction) bool { return p.ID == "p000020" })]
	old.Classifier = "old"
	left = append(left, old)
	one, other := source("a"), source("b")
	one.Hashes.Dataset, other.Hashes.Dataset = "aa", "bb"
	c := compared(t, sideOf(t, one, withTokens(left)), sideOf(t, other, withTokens(right)), priced(), 0)
	if c.N != 99 || inBoth.N != 99 || !slices.Equal(c.A.Only, []string{"old"}) || len(c.B.Only) != 0 || c.A.Prompts != 110 {
		t.Errorf("%d and %d prompts, %+v, %+v", c.N, inBoth.N, c.A, c.B)
	}
	if got, want := asJSON(t, c.Classifiers), asJSON(t, inBoth.Classifiers); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var told []string
	for _, f := range c.Faults {
		told = append(told, f.Why)
	}
	for _, want := range []string{`data sets differ by hash, "aa" in A and "bb" in B: run both on the same`, "1 true tier changed", "B lacks 10 prompts", "A lacks 10 prompts"} {
		if !strings.Contains(strings.Join(told, "\n"), want) {
			t.Errorf("%q lacks %q", told, want)
		}
	}
	if strings.Contains(strings.Join(told, "\n"), "baseline") {
		t.Errorf("%q", told)
	}
	// Nothing in common.
	c = compared(t, sideOf(t, one, rows(0.8, 0, 10)), sideOf(t, other, rows(0.8, 20, 30)), nil, 0)
	if x := c.Classifiers[0]; c.N != 0 || x.N != 0 || x.P.Defined() || len(x.Measures) != 0 {
		t.Errorf("%+v", c)
	}
	// Nothing to compare at all.
	fewer, err := centroids.NewTiers("LOW", "TOP")
	if err != nil {
		t.Fatal(err)
	}
	two := sideOf(t, Source{Name: "two", Tiers: fewer}, []datasets.Prediction{{ID: "1", Classifier: "x", Tier: "LOW", Predicted: "TOP"}})
	for _, b := range []*Side{nil, two} {
		if c = compared(t, sideOf(t, one, left), b, nil, 0); len(c.Faults) != 1 || len(c.Classifiers) != 0 || c.A.Prompts != 110 {
			t.Errorf("%+v", c)
		}
	}
	if _, err := Compare(context.Background(), two, two, nil, 10, 0); err == nil {
		t.Error("10 replicates are accepted")
	}
}

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The order of rows does not matter; sides swapped, values swap, differences and
// flips turn, and tests stay.
func TestCompareSymmetry(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 7))
	left, right := wild(rng, 200, 2, 1, 0.9), wild(rng, 200, 2, 1, 0.6)
	a, b := sideOf(t, source("a"), withTokens(left)), sideOf(t, source("b"), withTokens(right))
	c := compared(t, a, b, priced(), 0)
	rng.Shuffle(len(left), func(i, j int) { left[i], left[j] = left[j], left[i] })
	if again := compared(t, sideOf(t, source("a"), withTokens(left)), b, priced(), 0); asJSON(t, again) != asJSON(t, c) {
		t.Error("another order of rows gives another comparison")
	}
	back := compared(t, b, a, priced(), 0)
	for i, x := range c.Classifiers {
		y := back.Classifiers[i]
		if x.OnlyA != y.OnlyB || x.P != y.P || x.Flips.Len() != y.Flips.Len() {
			t.Errorf("%+v against %+v", x, y)
		}
		for j, m := range append(x.Measures, x.Slices...) {
			n := append(y.Measures, y.Slices...)[j]
			if m.Name != n.Name || m.A != n.B || m.B != n.A || m.Difference.Value != -n.Difference.Value || m.Changed != n.Changed {
				t.Errorf("%+v against %+v", m, n)
			}
			if slack := 0.2 * float64(m.Difference.High-m.Difference.Low); m.Difference.Low.Defined() && !near(m.Difference.Low, float64(-n.Difference.High), slack) {
				t.Errorf("%s: %+v against %+v", m.Name, m.Difference, n.Difference)
			}
		}
		if better := slices.DeleteFunc(allFlips(t, x.Flips), func(f Flip) bool { return f.Regressed }); len(better) != x.OnlyB || x.Flips.Better != x.OnlyB {
			t.Errorf("%d flips for the better, %d by count, want %d", len(better), x.Flips.Better, x.OnlyB)
		}
		if m := measureOf(t, x, Accuracy); !m.Shown || m.Difference.High >= 0 {
			t.Errorf("a fall from 0.9 to 0.6 is not shown: %+v", m)
		}
	}
	same := compared(t, a, a, priced(), 0)
	for _, x := range same.Classifiers {
		for _, m := range append(x.Measures, x.Slices...) {
			if d := m.Difference; d.Value != 0 || (d.Low.Defined() && (d.Low != 0 || d.High != 0)) || m.Shown || m.Changed != 0 {
				t.Errorf("%+v", m)
			}
		}
		if !x.Identical || x.P != 1 || x.Flips.Len() != 0 {
			t.Errorf("%+v", x)
		}
	}
}

// A percentile interval excludes 0 from four changes one way on; six are needed,
// and thirty groups.
func TestCompareShowsNothingOfFew(t *testing.T) {
	for _, c := range []struct {
		n, worse int
		interval bool
		shown    bool
	}{{29, 20, false, false}, {100, 3, true, false}, {100, 5, true, false}, {100, 6, true, true}} {
		truth, from, to := changed(c.n, c.worse, 0)
		x := compared(t, sideOf(t, source("a"), rows("x", truth, from)), sideOf(t, source("b"), rows("x", truth, to)), nil, 0).Classifiers[0]
		m := measureOf(t, x, Accuracy)
		if m.Difference.Low.Defined() != c.interval || m.Shown != c.shown || m.Changed != c.worse {
			t.Errorf("%+v: %+v", c, m)
		}
		if x.Cost != nil || x.Unpriced == "" {
			t.Errorf("without prices: %+v, %q", x.Cost, x.Unpriced)
		}
		if slices.ContainsFunc(x.Measures, func(m Measure) bool { return m.Name == ECE || m.Name == HeadlineCost }) {
			t.Error("unknown measures are told")
		}
	}
}

// Sides with other numbers of repeats are told, and compared by the first of each
// prompt: where repeats never vary that changes no figure.
func TestCompareOtherRepeats(t *testing.T) {
	left, right := patterned(nil)
	var thrice []datasets.Prediction
	for _, row := range right {
		for row.Repeat = range 3 {
			thrice = append(thrice, row)
		}
	}
	once := compared(t, sideOf(t, source("a"), left), sideOf(t, source("b"), right), nil, 0)
	c := compared(t, sideOf(t, source("a"), left), sideOf(t, source("b"), thrice), nil, 0)
	if len(c.Faults) != 1 || !strings.Contains(c.Faults[0].Why, "one side has 1 repeat of each prompt, the other 3") {
		t.Errorf("%+v", c.Faults)
	}
	x, y := once.Classifiers[0], c.Classifiers[0]
	if x.OnlyA != y.OnlyA || x.OnlyB != y.OnlyB || !near(y.P, float64(x.P), 0.03) || x.Flips.Len() != y.Flips.Len() {
		t.Errorf("%+v, once %+v", y, x)
	}
	for i, m := range x.Measures {
		n := y.Measures[i]
		if d, e := m.Difference, n.Difference; !near(n.A, float64(m.A), 1e-12) || !near(n.B, float64(m.B), 1e-12) || !near(e.Low, float64(d.Low), 1e-9) || !near(e.High, float64(d.High), 1e-9) {
			t.Errorf("%+v, once %+v", n, m)
		}
	}
}

// As many repeats count whichever side has more.
func TestCompareOtherRepeatsEitherWay(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 9))
	a, b := sideOf(t, source("a"), wild(rng, 200, 1, 1, 0.8)), sideOf(t, source("b"), wild(rng, 200, 1, 3, 0.75))
	there, back := compared(t, a, b, nil, 0).Classifiers[0], compared(t, b, a, nil, 0).Classifiers[0]
	if !near(there.P, float64(back.P), 1e-9) || there.OnlyA != back.OnlyB || measureOf(t, there, Accuracy).A != measureOf(t, back, Accuracy).B {
		t.Errorf("%+v and back %+v", there, back)
	}
}

// A difference that is the same in all prompts has no spread, however they are
// grouped.
func TestCompareNoSpread(t *testing.T) {
	truth := strings.Repeat("S", 200)
	a, b := rows("x", truth, strings.Repeat("M", 200)), rows("x", truth, truth)
	for i := range a {
		a[i].Group = fmt.Sprint(i / 3 * 3 / 4)
		b[i].Group = a[i].Group
	}
	for i := range a {
		a[i].PromptTokens, b[i].PromptTokens = datasets.Known(100), datasets.Known(100)
	}
	x := compared(t, sideOf(t, source("a"), a), sideOf(t, source("b"), b), priced(), 0).Classifiers[0]
	for name, want := range map[string]float64{Accuracy: 1, OverRouting: -1, MeanTierError: -1, UnderRouting: 0, HeadlineCost: 0.051 - 0.35} {
		if m := measureOf(t, x, name); !near(m.Difference.Low, want, 1e-9) || !near(m.Difference.High, want, 1e-9) || m.Shown != (want != 0) {
			t.Errorf("%s: %+v, want %v", name, m, want)
		}
	}
}

// Where nothing changed but by chance, about one figure in twenty looks as if it
// had, and a true fall of 10 points of 300 prompts mostly does.
func TestCompareErrorRates(t *testing.T) {
	figuresAlone(t)
	const draws, n = 400, 300
	names := centroids.DefaultTiers().Names()
	wrongly, rightly := map[string]int{}, 0
	for d := range draws {
		rng := rand.New(rand.NewPCG(uint64(d), 21))
		var a, b, worse []datasets.Prediction
		for i := range n {
			truth := rng.IntN(4)
			row := datasets.Prediction{ID: fmt.Sprint(i), Classifier: "x", Tier: names[truth]}
			guess := func(skill float64) datasets.Prediction {
				out, k := row, rng.IntN(4)
				if rng.Float64() < skill {
					k = truth
				}
				out.Predicted = names[k]
				return out
			}
			a, b, worse = append(a, guess(0.8)), append(b, guess(0.8)), append(worse, guess(0.67))
		}
		left := sideOf(t, source("a"), a)
		for _, m := range compared(t, left, sideOf(t, source("b"), b), nil, 1000).Classifiers[0].Measures {
			if m.Shown {
				wrongly[m.Name]++
			}
		}
		if measureOf(t, compared(t, left, sideOf(t, source("b"), worse), nil, 1000).Classifiers[0], Accuracy).Shown {
			rightly++
		}
	}
	// 3.3 standard errors of 5 % of 400 are 14.
	for _, name := range []string{Accuracy, MacroF1, BalancedAccuracy, QuadraticKappa, MeanTierError, UnderRouting, OverRouting} {
		if k := wrongly[name]; k < 20-14 || k > 20+14 {
			t.Errorf("%s is shown to change in %d of %d", name, k, draws)
		}
	}
	t.Log(wrongly, rightly)
	if rightly < draws*3/4 {
		t.Errorf("a fall is shown in %d of %d", rightly, draws)
	}
}
