package gate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

// grouped are predictions of a classifier on prompts of tier MEDIUM; those of
// sizes stand in groups of so many, of which wrong says whether they are wrong.
func grouped(sizes []int, wrong func(group, at int) bool) []datasets.Prediction {
	var out []datasets.Prediction
	for g, n := range sizes {
		for k := range n {
			p := datasets.Prediction{ID: fmt.Sprintf("g%04d-%03d", g, k), Classifier: "x", Tier: "MEDIUM", Predicted: "MEDIUM", Group: fmt.Sprint("g", g)}
			if wrong(g, k) {
				p.Predicted = "SIMPLE"
			}
			out = append(out, p)
		}
	}
	return out
}

func sizes(large, size, singles int) []int {
	out := make([]int, 0, large+singles)
	for range large {
		out = append(out, size)
	}
	for range singles {
		out = append(out, 1)
	}
	return out
}

// A candidate's own groups and domains count nothing: it could describe its
// failures as copies of one another.
func TestCandidateDescribesNothing(t *testing.T) {
	base := grouped(sizes(0, 0, 1000), func(int, int) bool { return false })
	cand := grouped(sizes(0, 0, 1000), func(g, _ int) bool { return g < 19 })
	for i := range base {
		base[i].Group, cand[i].Group = "", ""
	}
	plain := decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{}, nil)
	for i := range 19 {
		cand[i].Group, cand[i].Domain = "x", "d"
	}
	v := decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{}, nil)
	if v.Outcome != plain.Outcome || v.Classifiers[0].Groups != 1000 || plain.Outcome != Regressed {
		t.Errorf("%s with groups of the candidate's in %d groups, %s without", v.Outcome, v.Classifiers[0].Groups, plain.Outcome)
	}
	if said := strings.Join(v.Warnings, " "); !strings.Contains(said, "a group in") || !strings.Contains(said, "a domain in") || !strings.Contains(said, "does not count") {
		t.Errorf("warnings %q", v.Warnings)
	}
}

// Where accuracy rose, small groups that fell do not make it a regression.
func TestRiseIsNoRegression(t *testing.T) {
	of := sizes(2, 100, 20)
	base := grouped(of, func(g, _ int) bool { return g < 2 })
	cand := grouped(of, func(g, _ int) bool { return g >= 2 })
	if v := decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{}, nil); v.Outcome == Regressed {
		t.Error(v.Classifiers[0].Why)
	}
}

// A fall over prompts of the very margin, all of it in large groups that fall as a
// whole, passes about as seldom as α says, however few these are.
func TestUnequalGroupsKeepTheLevel(t *testing.T) {
	figuresAlone(t)
	const draws = 150
	for i, c := range []struct{ large, size, singles, most int }{
		// 5 % of 150 are 8. No large group at all falls in 59, 35, 54, 12 and 1.5 % of
		// draws; the last two leave room for a bound that is normal over so few that fall.
		{5, 40, 800, 2}, {10, 20, 800, 2}, {10, 10, 200, 2}, {20, 10, 800, 24}, {40, 5, 800, 22},
	} {
		rng := rand.New(rand.NewPCG(7, uint64(i)))
		of := sizes(c.large, c.size, c.singles)
		fall := 0.02 * float64(c.large*c.size+c.singles) / float64(c.large*c.size)
		passed := 0
		for range draws {
			// A hundredth of the single prompts change, either way.
			base, cand := make([]bool, len(of)), make([]bool, len(of))
			for g, n := range of {
				switch u := rng.Float64(); {
				case n > 1:
					cand[g] = u < fall
				case u < 0.005:
					base[g] = true
				case u < 0.01:
					cand[g] = true
				}
			}
			var groups [2]*Side
			for k, wrong := range [][]bool{base, cand} {
				groups[k] = sideOf(t, source("a"), grouped(of, func(g, _ int) bool { return wrong[g] }))
			}
			// Predictions that are all as they were pass whatever groups are.
			if v := decide(t, groups[0], groups[1], Rules{}, nil); v.Outcome == Pass && !v.Classifiers[0].Identical {
				passed++
			}
		}
		t.Logf("%+v: %d of %d pass", c, passed, draws)
		if passed > c.most {
			t.Errorf("%+v: a fall of the margin passes in %d of %d", c, passed, draws)
		}
	}
}

// Groups that are few and small beside many prompts leave an unchanged classifier
// its pass; where large ones do not, it says so. Groups of one size need as many
// as single prompts.
func TestGroupsLeaveAPass(t *testing.T) {
	changed := func(of []int, changed int) Gate {
		base := grouped(of, func(g, _ int) bool { return g >= len(of)-changed && g%2 == 0 })
		cand := grouped(of, func(g, _ int) bool { return g >= len(of)-changed && g%2 == 1 })
		return gateOf(t, decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{}, nil), Accuracy)
	}
	for _, c := range []struct {
		of      []int
		changed int
		want    Outcome
		large   bool
	}{
		{sizes(1, 10, 990), 20, Pass, false}, {sizes(5, 5, 975), 20, Pass, false},
		{sizes(40, 5, 800), 20, Pass, false}, {sizes(100, 2, 800), 20, Pass, false},
		{sizes(1, 100, 900), 20, Inconclusive, true}, {sizes(5, 40, 800), 20, Inconclusive, true},
		{sizes(400, 7, 0), 2, Pass, false}, {sizes(150, 7, 0), 2, Inconclusive, false}, {sizes(0, 0, 150), 2, Inconclusive, false},
	} {
		g := changed(c.of, c.changed)
		if g.Outcome != c.want || strings.Contains(g.Why, "Groups are so large") != c.large {
			t.Errorf("%d of %d groups change: %s: %s", c.changed, len(c.of), g.Outcome, g.Why)
		}
	}
}

// One large group is one piece of evidence for a floor, either way.
func TestFloorsCountGroups(t *testing.T) {
	of := sizes(1, 500, 60)
	rules := Rules{Floors: []Floor{{Metric: Accuracy, Value: 0.7}}}
	for name, c := range map[string]struct {
		wrong func(g, _ int) bool
		want  Outcome
	}{
		"60 of 61 groups wrong": {func(g, _ int) bool { return g > 0 }, Regressed},
		"1 of 61 groups wrong":  {func(g, _ int) bool { return g == 0 }, Inconclusive},
		"all right":             {func(int, int) bool { return false }, Pass},
	} {
		side := grouped(of, c.wrong)
		g := gateOf(t, decide(t, sideOf(t, source("a"), side), sideOf(t, source("b"), side), rules, nil), "floor accuracy")
		if g.Outcome != c.want {
			t.Errorf("%s: %s, expected %s: %s", name, g.Outcome, c.want, g.Why)
		}
	}
}

func TestFloorsOfAClassifier(t *testing.T) {
	var rows []datasets.Prediction
	for _, name := range []string{"good", "bad"} {
		for _, p := range grouped(sizes(0, 0, 200), func(int, int) bool { return name == "bad" }) {
			p.Classifier = name
			rows = append(rows, p)
		}
	}
	for of, want := range map[string]Outcome{"good": Pass, "bad": Regressed, "": Regressed, "other": Invalid} {
		v := decide(t, sideOf(t, source("a"), rows), sideOf(t, source("b"), rows), Rules{Floors: []Floor{{Metric: Accuracy, Value: 0.8, Classifier: of}}}, nil)
		if v.Outcome != want {
			t.Errorf("floor of %q: %s, expected %s: %s", of, v.Outcome, want, v.Why)
		}
	}
}

// Out-of-fold predictions are not held against others, either way round.
func TestFoldsOnOneSide(t *testing.T) {
	rows := grouped(sizes(0, 0, 100), func(int, int) bool { return false })
	folded := grouped(sizes(0, 0, 100), func(int, int) bool { return false })
	for i := range folded {
		folded[i].Fold = datasets.Known(i % 5)
	}
	out := source("a")
	out.OutOfFold = true
	one, other := sideOf(t, out, folded), sideOf(t, source("b"), rows)
	for _, sides := range [][2]*Side{{one, other}, {other, one}} {
		if v := decide(t, sides[0], sides[1], Rules{}, nil); v.Outcome != Invalid || !strings.Contains(v.Why, "out of fold") {
			t.Errorf("%s: %s", v.Outcome, v.Why)
		}
	}
}

// Predictions that changed from wrong to wrong say nothing of accuracy: how many
// prompts would do is said nevertheless, and holds.
func TestNothingRightChanged(t *testing.T) {
	make := func(n int, predicted string) []datasets.Prediction {
		rows := grouped(sizes(0, 0, n), func(int, int) bool { return false })
		rows[0].Predicted = predicted
		return rows
	}
	at := func(n int) Gate {
		return gateOf(t, decide(t, sideOf(t, source("a"), make(n, "SIMPLE")), sideOf(t, source("b"), make(n, "COMPLEX")), Rules{}, nil), Accuracy)
	}
	g := at(100)
	if g.Outcome != Inconclusive || !g.Untestable || g.Needed != 115 {
		t.Errorf("%+v", g)
	}
	if at(114).Outcome != Inconclusive || at(115).Outcome != Pass {
		t.Error("115 prompts are not the fewest that pass")
	}
}
