package eval

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
)

// Copies of a prompt in its group are no evidence: all intervals, p-values and
// calibration stay what they were without them.
func TestCopiesAreNoEvidence(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 11))
	const n, copies = 60, 5
	truth, a, b := make([]int, n), make([]int, n), make([]int, n)
	for i := range truth {
		truth[i] = rng.IntN(3)
		a[i], b[i] = rng.IntN(3), rng.IntN(3)
		if rng.IntN(2) == 0 {
			a[i] = truth[i]
		}
	}
	items := testItems(truth)
	for i := range items {
		items[i].Runes, items[i].Domain = 30+i*10, fmt.Sprint(i%2)
	}
	var many []Item
	var manyA, manyB []int
	for i, it := range items {
		for c := range copies {
			it.ID = fmt.Sprintf("%s-%d", items[i].ID, c)
			many = append(many, it)
			manyA, manyB = append(manyA, a[i]), append(manyB, b[i])
		}
	}
	confident := func(p *Predictions) *Predictions {
		for i := range p.Final.Len() {
			edit(p.Final, i, func(d *Decision) { d.Confidence = new(0.3 + 0.01*float64(i*n/p.Final.Len())) })
		}
		return p
	}
	once := evaluate(t, 3, costsOf(3), items, confident(predicted("a", a)), predicted("b", b))
	again := evaluate(t, 3, costsOf(3), many, confident(predicted("a", manyA)), predicted("b", manyB))
	if again.N != n*copies || again.Groups != n {
		t.Fatalf("n %d in %d groups", again.N, again.Groups)
	}
	equal := cmp.Comparer(func(x, y Number) bool { return near(x, float64(y)) })
	if diff := cmp.Diff(once.Pairs, again.Pairs, equal); diff != "" {
		t.Errorf("pairs (-once +copies):\n%s", diff)
	}
	for i, s := range once.Classifiers {
		c := again.Classifiers[i]
		if diff := cmp.Diff(s.Calibration, c.Calibration); diff != "" {
			t.Errorf("%s, calibration (-once +copies):\n%s", s.Name, diff)
		}
		for _, e := range []struct {
			name string
			x, y Estimate
		}{
			{"accuracy", s.Accuracy, c.Accuracy}, {"under-routing", s.UnderRouting, c.UnderRouting}, {"over-routing", s.OverRouting, c.OverRouting},
			{"recall", s.PerTier[1].Recall, c.PerTier[1].Recall}, {"precision", s.PerTier[2].Precision, c.PerTier[2].Precision},
			{"macro-F1", s.MacroF1, c.MacroF1}, {"balanced accuracy", s.BalancedAccuracy, c.BalancedAccuracy}, {"kappa", s.QuadraticKappa, c.QuadraticKappa},
			{"headline", s.Cost.Headline, c.Cost.Headline}, {"saving", s.Cost.Saving, c.Cost.Saving}, {"behind", s.Cost.Behind, c.Cost.Behind},
			{"domain", once.Slices[0].Accuracy[i], again.Slices[0].Accuracy[i]},
		} {
			if diff := cmp.Diff(e.x, e.y, equal); diff != "" {
				t.Errorf("%s, %s (-once +copies):\n%s", s.Name, e.name, diff)
			}
		}
	}
}

// A group whose prompts disagree votes for whoever got more of them right.
func TestPairsVoteByGroup(t *testing.T) {
	items := testItems(digits("000000"))
	for i, g := range []string{"x", "x", "x", "y", "y", "z"} {
		items[i].Group = g
	}
	//                 x  x  x  y  y  z
	a, b := "001"+"01"+"0", "110"+"10"+"1" // 0 is right
	r := evaluate(t, 2, costsOf(2), items, predicted("a", digits(a)), predicted("b", digits(b)))
	// x: 2 against 1 for a; y: 1 against 1; z: for a. Two votes: p = ½.
	want := []Pair{{A: "a", B: "b", OnlyA: 2, OnlyB: 0, P: 0.5, HolmP: 0.5, Diff: Number(2. / 6)}}
	if r.Classifiers[0].Name != "a" {
		want = []Pair{{A: "b", B: "a", OnlyA: 0, OnlyB: 2, P: 0.5, HolmP: 0.5, Diff: Number(-2. / 6)}}
	}
	if diff := cmp.Diff(want, r.Pairs, cmp.Comparer(func(x, y float64) bool { return near(x, y) })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Skill is shuffled minus own headline, with an interval that tells decisions
// that know the tier from decisions that do not.
func TestSkill(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 12))
	truth, blind := make([]int, 300), make([]int, 300)
	for i := range truth {
		truth[i], blind[i] = rng.IntN(3), rng.IntN(3)
	}
	r := evaluate(t, 3, costsOf(3), testItems(truth), predicted("knows", truth), predicted("blind", blind))
	for _, s := range r.Classifiers {
		skill := s.Shuffled.Skill
		if !near(skill.Value, float64(s.Shuffled.Headline-s.Cost.Headline.Value)) {
			t.Errorf("%s: skill %v, want %v − %v", s.Name, skill.Value, s.Shuffled.Headline, s.Cost.Headline.Value)
		}
		if s.Name == "knows" && !(skill.Low > 0) || s.Name == "blind" && !(skill.Low < 0 && skill.High > 0) {
			t.Errorf("%s: skill %+v", s.Name, skill)
		}
	}
}

// sized are test items of groups of these sizes.
func sized(sizes []int) []Item {
	var items []Item
	for g, size := range sizes {
		for k := range size {
			items = append(items, Item{ID: fmt.Sprintf("%d-%d", g, k), AltTier: -1, Group: fmt.Sprint(g), Split: datasets.Test})
		}
	}
	return items
}

// The interval of a rate covers the true one where groups, whose prompts agree, are of
// very different sizes: by the number of groups it did in 0 to 93 % of these.
func TestIntervalsCoverWithUnequalGroups(t *testing.T) {
	const trials, truth = 400, 0.7
	for name, sizes := range map[string][]int{
		"one of 100 among 100":  append([]int{100}, slices.Repeat([]int{1}, 100)...),
		"five of 20 among 154":  append(slices.Repeat([]int{20}, 5), slices.Repeat([]int{1}, 154)...),
		"twenty of 10 among 54": append(slices.Repeat([]int{10}, 20), slices.Repeat([]int{1}, 54)...),
		"60 of 5":               slices.Repeat([]int{5}, 60),
	} {
		items := sized(sizes)
		b := &bench{test: splitIndex(items, datasets.Test)}
		b.cluster, b.groups = clusterGroups(items, b.test)
		covered, rng := 0, rand.New(rand.NewPCG(2, 2))
		for range trials {
			right := 0
			for _, size := range sizes {
				if rng.Float64() < truth {
					right += size
				}
			}
			if e := wilson(float64(right)/float64(len(items)), b.groupsWhere(nil)); e.Low <= truth && truth <= e.High {
				covered++
			}
		}
		if covered < trials*91/100 { // 95 % less four standard errors, rounded
			t.Errorf("%s: %d of %d intervals cover", name, covered, trials)
		}
	}
}

// A large group decides a difference and is one piece of evidence: right on it alone, A
// has the higher accuracy, and B's twelve single prompts show nothing against that.
func TestPairOfALargeGroup(t *testing.T) {
	items := sized(append([]int{100}, slices.Repeat([]int{1}, 12)...))
	a, b := make([]int, len(items)), make([]int, len(items))
	for i := range items {
		if items[i].Group == "0" {
			b[i] = 1
		} else {
			a[i] = 1
		}
	}
	p := evaluate(t, 2, costsOf(2), items, predicted("a", a), predicted("b", b)).Pairs[0]
	if p.A != "a" {
		p.Diff, p.OnlyA, p.OnlyB = -p.Diff, p.OnlyB, p.OnlyA
	}
	// The sum has the sign of the large group, as in half of all patterns, both ways.
	if p.OnlyA != 1 || p.OnlyB != 12 || !near(p.Diff, 88./112) || p.P != 1 {
		t.Errorf("%+v", p)
	}
}
