package gate

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/stats"
)

// changed makes n prompts of tier M of which b become wrong and c right; a fifth
// of the others is wrong on both sides.
func changed(n, b, c int) (truth, base, cand string) {
	rest := n - b - c
	wrong := rest / 5
	truth = strings.Repeat("M", n)
	base = strings.Repeat("M", b) + strings.Repeat("S", c) + strings.Repeat("S", wrong) + strings.Repeat("M", rest-wrong)
	cand = strings.Repeat("S", b) + strings.Repeat("M", c) + strings.Repeat("S", wrong) + strings.Repeat("M", rest-wrong)
	return truth, base, cand
}

// decideOn compares one classifier's predictions.
func decideOn(t *testing.T, truth, base, cand string, rules Rules) *Verdict {
	t.Helper()
	return decide(t, sideOf(t, source("a"), rows("x", truth, base)), sideOf(t, source("b"), rows("x", truth, cand)), rules, nil)
}

// The rule of the gate, by counts. Bounds: the formula of Bonett and Price with
// scipy.stats.norm.ppf(.95); p: scipy.stats.binomtest(b, b+c, .5,
// alternative='greater').pvalue; scipy 1.10.1.
func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		n, b, c  int
		want     Outcome
		improved bool
		bound, p float64
	}{
		{1000, 20, 20, Pass, false, -0.0106386, 0.562685},
		{1000, 40, 20, Regressed, false, -0.0328441, 0.00674465},
		{1000, 70, 20, Regressed, false, -0.0654306, 5.68178e-08},
		{1000, 20, 70, Pass, true, 0.0343698, 1},
		{100, 5, 0, Regressed, false, -0.0909314, 0.03125},
		{100, 4, 0, Inconclusive, false, -0.0781964, 0.0625},
		{500, 20, 14, Inconclusive, false, -0.0315922, 0.195764},
		{3000, 50, 20, Pass, false, -0.0146329, 0.000220143}, // worse for sure, by less than the margin
	} {
		truth, base, cand := changed(c.n, c.b, c.c)
		v := decideOn(t, truth, base, cand, Rules{})
		g := v.Classifiers[0].Gates[0]
		if v.Outcome != c.want || g.Outcome != c.want || g.Improved != c.improved || v.Classifiers[0].Improved != c.improved {
			t.Errorf("%+v: %s, %s, improved %t: %s", c, v.Outcome, g.Outcome, g.Improved, g.Why)
		}
		if g.Worse != c.b || g.Better != c.c || math.Abs(float64(g.Change)-float64(c.c-c.b)/float64(c.n)) > 1e-12 {
			t.Errorf("%+v: %d, %d, %v", c, g.Worse, g.Better, g.Change)
		}
		if math.Abs(float64(g.Bound)-c.bound) > 5e-7 || math.Abs(float64(g.P)/c.p-1) > 1e-5 || g.HolmP != g.P {
			t.Errorf("%+v: bound %v, p %v", c, g.Bound, g.P)
		}
		if warned := len(v.Warnings) > 0; warned != (c.n == 3000) {
			t.Errorf("%+v: warnings %q", c, v.Warnings)
		}
		if v.Classifiers[0].Flips.Len() != c.b+c.c {
			t.Errorf("%+v: %d flips", c, v.Classifiers[0].Flips.Len())
		}
	}
}

// Where nothing is decided the verdict says what could have been found: the value
// of the method notes is 3.69 points at n = 500 and ψ = 0.1.
func TestDetectable(t *testing.T) {
	truth, base, cand := changed(500, 28, 22)
	g := decideOn(t, truth, base, cand, Rules{}).Classifiers[0].Gates[0]
	if g.Outcome != Inconclusive || math.Abs(float64(g.Detectable)-0.0369) > 5e-5 || g.Needed != 1705 {
		t.Errorf("%s, %v, %v", g.Outcome, g.Detectable, g.Needed)
	}
	if want := "about 1,705 independent prompts are needed"; !strings.Contains(g.Why, want) {
		t.Errorf("%q lacks %q", g.Why, want)
	}
}

// Where fewer change than could be found, a fall is one that makes more change: at
// the fall told, all changes for the worse, the exact power is near 0.8.
func TestDetectableBeyondWhatChanges(t *testing.T) {
	truth, base, cand := changed(300, 4, 0)
	g := decideOn(t, truth, base, cand, Rules{}).Classifiers[0].Gates[0]
	fall := float64(g.Detectable)
	if power := stats.McNemarPower(300, fall, fall, 0.05); fall <= 4.0/300 || power < 0.72 || power > 0.9 {
		t.Errorf("a fall of %v is found with %v", fall, power)
	}
	if g = decideOn(t, "MMMM", "MMMM", "SMMM", Rules{}).Classifiers[0].Gates[0]; g.Detectable.Defined() || !g.Untestable {
		t.Errorf("of four prompts %v is found", g.Detectable)
	}
}

func TestIdenticalPassesAtAnyN(t *testing.T) {
	for n := 1; n < 6; n++ {
		rules := everything()
		rules.Slices, rules.Floors = []Slice{{Tier, "*"}}, nil
		truth, pred := "MSCFM"[:n], "SSSFM"[:n]
		a, b := rows("x", truth, pred), rows("x", truth, pred)
		for i := range a {
			a[i].Confidence = datasets.Known(0.5)
			b[i].Confidence = datasets.Known(0.5)
		}
		v := decide(t, sideOf(t, source("a"), withTokens(a)), sideOf(t, source("b"), withTokens(b)), rules, priced())
		if v.Outcome != Pass || !v.Classifiers[0].Identical {
			t.Errorf("n=%d: %s", n, written(t, v))
		}
	}
	// Wrong both times but otherwise is not identical.
	if v := decideOn(t, "MMMM", "SSSS", "CCCC", Rules{}); v.Outcome != Inconclusive {
		t.Errorf("%s: %s", v.Outcome, v.Why)
	}
}

// A claim among many needs more: five of five changes suffice alone (p = 1/32),
// not among thirteen. A slice that regresses fails all, one that is inconclusive
// does not.
func TestSlicesAndTheirFamily(t *testing.T) {
	one := func(b int) (base, cand []datasets.Prediction) {
		truth, from, to := changed(2000, b, 0)
		base, cand = rows("x", truth, from), rows("x", truth, to)
		for i := range base {
			base[i].Domain = fmt.Sprint("d", i*12/2000)
			cand[i].Domain = base[i].Domain
		}
		return base, cand
	}
	base, cand := one(5)
	a, b := sideOf(t, source("a"), base), sideOf(t, source("b"), cand)
	v := decide(t, a, b, Rules{Slices: []Slice{{Domain, "*"}}}, nil)
	if v.Outcome != Pass || v.Claims != 13 || v.Classifiers[0].Gates[1].Outcome != Inconclusive || !v.Classifiers[0].Gates[1].Untestable {
		t.Errorf("5 among 13: %s", written(t, v))
	}
	if v = decide(t, a, b, Rules{Slices: []Slice{{Domain, "d0"}}, Alpha: known(0.07)}, nil); v.Outcome != Regressed || v.Classifiers[0].Gates[1].Outcome != Regressed {
		t.Errorf("5 among 2 at 0.07: %s, %s", v.Outcome, v.Classifiers[0].Gates[1].Why)
	}
	base, cand = one(12)
	v = decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{Slices: []Slice{{Domain, "*"}}}, nil)
	if v.Outcome != Regressed || v.Classifiers[0].Gates[0].Outcome != Pass || v.Classifiers[0].Gates[1].Outcome != Regressed {
		t.Errorf("12 in one of 12 slices: %s", v.Why)
	}
	var p []float64
	for _, g := range v.Classifiers[0].Gates {
		p = append(p, float64(g.P))
	}
	for i, want := range stats.Holm(p) {
		if got := float64(v.Classifiers[0].Gates[i].HolmP); got != want {
			t.Errorf("gate %d: %v, want %v", i, got, want)
		}
	}
}

// Copies of prompts are no evidence where they share a group, and a fall that sits
// in one large group does not pass for having one vote.
func TestGroups(t *testing.T) {
	truth, from, to := changed(400, 8, 2)
	copied := func(rows []datasets.Prediction, grouped bool) []datasets.Prediction {
		var out []datasets.Prediction
		for _, r := range rows {
			for k := range 3 {
				c := r
				c.ID = fmt.Sprint(r.ID, "-", k)
				if grouped {
					c.Group = r.ID
				}
				out = append(out, c)
			}
		}
		return out
	}
	once := decideOn(t, truth, from, to, Rules{}).Classifiers[0].Gates[0]
	for _, grouped := range []bool{true, false} {
		base, cand := copied(rows("x", truth, from), grouped), copied(rows("x", truth, to), grouped)
		g := decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{}, nil).Classifiers[0].Gates[0]
		if g.N != 1200 || (math.Abs(float64(g.P-once.P)) < 1e-12 && g.Bound == once.Bound && g.Groups == 400) != grouped {
			t.Errorf("grouped %t: p %v, bound %v, %d groups; once p %v, bound %v", grouped, g.P, g.Bound, g.Groups, once.P, once.Bound)
		}
	}
	base, cand := rows("x", strings.Repeat("M", 1500), strings.Repeat("M", 1500)), rows("x", strings.Repeat("M", 1500), strings.Repeat("S", 500)+strings.Repeat("M", 1000))
	for i := range 500 {
		base[i].Group, cand[i].Group = "copies", "copies"
	}
	v := decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{}, nil)
	if v.Outcome != Inconclusive {
		t.Errorf("a third of all became wrong, in one group: %s", written(t, v)[:600])
	}
	// A candidate cannot take the groups out.
	for i := range cand {
		cand[i].Group = ""
	}
	if v = decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{}, nil); v.Classifiers[0].Groups != 1001 {
		t.Errorf("%d groups", v.Classifiers[0].Groups)
	}
}

// Means over repeats, against the sign-flip p-value of scipy.stats.permutation_test
// (scipy 1.10.1) for changes of 3, 1, 2 and −1 thirds, and the bound from sums by
// hand.
func TestRepeats(t *testing.T) {
	repeated := func(hits []int) []datasets.Prediction {
		var out []datasets.Prediction
		for i, n := range hits {
			for r := range 3 {
				p := rows("x", "M", "S")[0]
				p.ID, p.Repeat = fmt.Sprint("p", i), r
				if r < n {
					p.Predicted = "MEDIUM"
				}
				out = append(out, p)
			}
		}
		return out
	}
	base, cand := repeated([]int{3, 2, 2, 1, 3, 0}), repeated([]int{0, 1, 0, 2, 3, 0})
	v := decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{}, nil)
	g := v.Classifiers[0].Gates[0]
	if g.P != 0.1875 || g.Worse != 3 || g.Better != 1 || math.Abs(float64(g.Change)+5.0/18) > 1e-12 {
		t.Errorf("%s", written(t, v))
	}
	if want := stats.PairedLower(-5.0/3, 15.0/9, 6, 0.95); math.Abs(float64(g.Bound)-want) > 1e-12 {
		t.Errorf("bound %v, want %v", g.Bound, want)
	}
	if f := allFlips(t, v.Classifiers[0].Flips); len(f) != 4 || f[0].Baseline.Right != 1 || f[0].Candidate.Right != 0 {
		t.Errorf("%+v", f)
	}
}

// The order of rows reaches nothing: the verdict has the same bytes.
func TestRowOrderChangesNothing(t *testing.T) {
	for _, c := range []struct{ repeats, groups int }{{1, 0}, {3, 0}, {1, 70}, {3, 70}} {
		rng := rand.New(rand.NewPCG(3, uint64(c.repeats)))
		base, cand := wild(rng, 200, 3, c.repeats, 0.8), wild(rng, 200, 3, c.repeats, 0.75)
		for _, side := range [][]datasets.Prediction{base, cand} {
			for i := range side {
				if c.groups > 0 {
					side[i].Group = fmt.Sprint(len(side[i].ID), side[i].ID[5:])
				}
			}
		}
		rules := everything()
		rules.Replicates = 1000
		want := ""
		for range 3 {
			a, b := sideOf(t, source("a"), withTokens(base)), sideOf(t, source("b"), withTokens(cand))
			got := written(t, decide(t, a, b, rules, priced()))
			if want == "" {
				want = got
			}
			if got != want {
				t.Fatalf("%+v: another verdict in another order", c)
			}
			for _, side := range [][]datasets.Prediction{base, cand} {
				rng.Shuffle(len(side), func(i, j int) { side[i], side[j] = side[j], side[i] })
			}
		}
		var back map[string]any
		if err := json.Unmarshal([]byte(want), &back); err != nil || back["version"] != 1.0 {
			t.Errorf("%v: %v", back["version"], err)
		}
	}
}

// Regressions first, farthest first, too low before too high, then the surest,
// then by id.
func TestFlipsAreSorted(t *testing.T) {
	base, cand := rows("x", "FSSMMMC", "FSSMMMS"), rows("x", "FSSMMMC", "MFMSCCC")
	for i, sure := range []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7} {
		cand[i].Confidence = datasets.Known(sure)
	}
	cand[5].Confidence = datasets.Optional[float64]{}
	cand[5].Scores = []float64{0, 0.1, 0.9, 0.3}
	v := decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{}, nil)
	var got []string
	flips := allFlips(t, v.Classifiers[0].Flips)
	for _, f := range flips {
		got = append(got, fmt.Sprintf("%s%v", f.ID[6:], f.Regressed))
	}
	// 1: S to F is 3 too high; 0: F to M 2 too low; 3: one too low; 5 (margin 0.6),
	// 4 (0.5), 2 (0.3): one too high; 6 became right.
	want := []string{"1true", "0true", "3true", "5true", "4true", "2true", "6false"}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if f := flips[3]; math.Abs(float64(f.Candidate.Margin)-0.6) > 1e-12 || len(f.Candidate.Scores) != 4 || f.Candidate.Confidence.Defined() || f.Baseline.Margin.Defined() {
		t.Errorf("%+v", f)
	}
}
