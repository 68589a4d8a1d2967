package gate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
)

// gateOf finds a gate by name.
func gateOf(t *testing.T, v *Verdict, name string) Gate {
	t.Helper()
	for _, g := range v.Classifiers[0].Gates {
		if g.Name == name {
			return g
		}
	}
	t.Fatalf("no gate %s in %s", name, written(t, v))
	return Gate{}
}

func near(got eval.Number, want, tolerance float64) bool {
	return math.Abs(float64(got)-want) <= tolerance
}

// minstd is x ← 48271·x mod (2³¹−1), which Python has as well.
func minstd(seed uint64, n int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		seed = 48271 * seed % 2147483647
		out[i] = seed
	}
	return out
}

// shared makes the 200 prompts that Python made as
//
//	truth = r[i]%4; base = truth if r[n+i]%10 < 8 else r[2n+i]%4; cand = base if r[3n+i]%100 < 93 else r[4n+i]%4
func shared() (base, cand []datasets.Prediction) {
	const n = 200
	r := minstd(11, 5*n)
	letters := "SMCF"
	var truth, b, c []byte
	for i := range n {
		k := r[i] % 4
		truth = append(truth, letters[k])
		if r[n+i]%10 >= 8 {
			k = r[2*n+i] % 4
		}
		b = append(b, letters[k])
		if r[3*n+i]%100 >= 93 {
			k = r[4*n+i] % 4
		}
		c = append(c, letters[k])
	}
	return rows("x", string(truth), string(b)), rows("x", string(truth), string(c))
}

// Figures: sklearn.metrics.f1_score(average='macro'), scikit-learn 1.2.1. Bound
// and p: 20,000 resamples and swaps of rows, or of pairs of neighbours as groups,
// with Python, whose own error is about .001; p there is counted the same way. To
// what is drawn for the bound are added the two that the gate adds.
func TestMacroF1AgainstPython(t *testing.T) {
	for _, c := range []struct {
		group    int
		bound, p float64
	}{{1, -0.0686847, 0.0148}, {2, -0.0722604, 0.0171}} {
		base, cand := shared()
		for i := range base {
			base[i].Group = fmt.Sprint(i / c.group)
		}
		rules := Rules{MacroF1: Margin{On: true}, Replicates: 20000}
		g := gateOf(t, decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), rules, nil), "macro_f1")
		if !near(g.Baseline, 0.8119366105180448, 1e-12) || !near(g.Candidate, 0.7739434062294674, 1e-12) {
			t.Errorf("%v, %v", g.Baseline, g.Candidate)
		}
		if !near(g.Bound, c.bound, 0.002) || !near(g.P, c.p, 0.005) || g.Groups != 200/c.group {
			t.Errorf("groups of %d: bound %v, p %v", c.group, g.Bound, g.P)
		}
	}
}

// A tier that no prompt has counts on neither side, whichever predicts it: of 300
// prompts the baseline calls 6 of its 30 wrong ones FRONTIER, the candidate calls
// none so and loses 24 right ones. Means over the tiers that each side has would
// show a rise, from 0.68 to 0.82.
func TestMacroF1OverTheSameTiers(t *testing.T) {
	truth := strings.Repeat("S", 100) + strings.Repeat("M", 100) + strings.Repeat("C", 100)
	predicted := func(wrong, frontier int) string {
		out := []byte(truth)
		for i := range wrong {
			at := i%3*100 + i/3
			out[at] = "MCS"[i%3]
			if i < frontier {
				out[at] = 'F'
			}
		}
		return string(out)
	}
	base, cand := rows("x", truth, predicted(30, 6)), rows("x", truth, predicted(54, 0))
	on := Margin{On: true}
	g := gateOf(t, decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{MacroF1: on}, nil), "macro_f1")
	// Each tier has 10 wrong, two of them FRONTIER, and 8 of another's: 2·90/(100+98);
	// then 18 and 18.
	if !near(g.Baseline, 180.0/198, 1e-12) || !near(g.Candidate, 0.82, 1e-12) || g.Outcome != Regressed {
		t.Errorf("%v, %v: %s", g.Baseline, g.Candidate, g.Why)
	}
	c, err := Compare(context.Background(), sideOf(t, source("a"), base), sideOf(t, source("b"), cand), nil, 1000, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range c.Classifiers[0].Measures {
		if m.Name == MacroF1 && (m.A != g.Baseline || m.B != g.Candidate || !m.Shown || m.Difference.High >= 0) {
			t.Errorf("%+v", m)
		}
	}
	// The other way round it improves.
	g = gateOf(t, decide(t, sideOf(t, source("a"), cand), sideOf(t, source("b"), base), Rules{MacroF1: on}, nil), "macro_f1")
	if g.Outcome != Pass || !g.Improved {
		t.Error(g.Why)
	}
}

// All swaps of the prompts that changed, one after the other, give the p-values
// that draws come near to.
func TestPermutationAgainstEnumeration(t *testing.T) {
	base, cand := shared()
	for i := range base {
		base[i].Confidence, cand[i].Confidence = known(0.8), known(0.8)
		if i%3 == 0 {
			base[i].Confidence, cand[i].Confidence = known(0.6), known(0.6)
		}
		if base[i].Predicted != cand[i].Predicted && i%2 == 0 {
			cand[i].Confidence = known(0.9)
		}
	}
	p := pairOf(t, base, cand)
	p.draws = 100_000
	var changedAt []int
	for i := range base {
		if base[i].Predicted != cand[i].Predicted {
			changedAt = append(changedAt, i)
		}
	}
	tier := func(name string) int {
		k, _ := centroids.DefaultTiers().Index(name)
		return k
	}
	// Claims have the values .6, .8 and .9, which are bins of their own. What chance
	// lifts an error by is taken off before errors are compared.
	error := func(of map[float64][2]float64) (error, lift float64) {
		for confidence, c := range of {
			error += math.Abs(c[1]-confidence*c[0]) / float64(p.n)
			lift += math.Sqrt(2/math.Pi*c[0]*confidence*(1-confidence)) / float64(p.n)
		}
		return error, lift
	}
	scores := func(swap int) (f1, ece, compared float64) {
		b, c := eval.NewConfusion(4), eval.NewConfusion(4)
		be, ce := map[float64][2]float64{}, map[float64][2]float64{}
		at := 0
		for i := range base {
			truth, x, y := tier(base[i].Tier), tier(base[i].Predicted), tier(cand[i].Predicted)
			cx, cy := base[i].Confidence.Value, cand[i].Confidence.Value
			if at < len(changedAt) && changedAt[at] == i {
				if swap>>at&1 == 1 {
					x, y, cx, cy = y, x, cy, cx
				}
				at++
			}
			b[truth][x]++
			c[truth][y]++
			be[cx] = [2]float64{be[cx][0] + 1, be[cx][1] + right(x == truth)}
			ce[cy] = [2]float64{ce[cy][0] + 1, ce[cy][1] + right(y == truth)}
		}
		before, liftBefore := error(be)
		after, liftAfter := error(ce)
		return c.MacroF1() - b.MacroF1(), before - after, before - liftBefore - after + liftAfter
	}
	seenF1, seenECE, seenCompared := scores(0)
	farF1, farECE := 0, 0
	for swap := range 1 << len(changedAt) {
		f1, _, compared := scores(swap)
		if f1 <= seenF1+1e-12 {
			farF1++
		}
		if compared <= seenCompared+1e-12 {
			farECE++
		}
	}
	all := float64(int(1) << len(changedAt))
	gotECE, err := p.ece(0.02)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		gate Gate
		want float64
		seen float64
	}{{p.macroF1(0.02), float64(farF1) / all, seenF1}, {gotECE, float64(farECE) / all, -seenECE}} {
		if !near(c.gate.P, c.want, 4*se(c.want, p.draws)+1e-5) || !near(c.gate.Change, c.seen, 1e-12) {
			t.Errorf("%s: %v, enumerated %v over %d prompts; change %v, want %v", c.gate.Name, c.gate.P, c.want, len(changedAt), c.gate.Change, c.seen)
		}
	}
}

func right(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// A bootstrap of few groups says too little.
func TestTooFewForABootstrap(t *testing.T) {
	for n, want := range map[int]Outcome{29: Inconclusive, 30: Regressed} {
		g := gateOf(t, decideOn(t, strings.Repeat("M", n), strings.Repeat("M", n), strings.Repeat("S", n), Rules{MacroF1: Margin{On: true}}), "macro_f1")
		if g.Outcome != want || (want == Inconclusive) != strings.Contains(g.Why, "too few for a bootstrap") {
			t.Errorf("n=%d: %s", n, g.Why)
		}
	}
}

// However many claims there are, drawn permutations can reach what the first of
// them must.
func TestDrawsSuffice(t *testing.T) {
	for _, claims := range []int{1, 10, 1000, 100_000} {
		if least := 1 / float64(1+(Rules{}).draws(claims)); least > 0.05/float64(claims) {
			t.Errorf("%d claims: %v", claims, least)
		}
	}
}

// pairOf matches two sides as Decide does.
func pairOf(t *testing.T, base, cand []datasets.Prediction) *pair {
	t.Helper()
	c := &check{base: sideOf(t, source("a"), withTokens(base)), cand: sideOf(t, source("b"), withTokens(cand)), gates: true, rules: everything(), costs: priced()}
	c.rules.Slices, c.rules.Floors = nil, nil
	if err := c.join(context.Background(), c.gated()); err != nil {
		t.Fatal(err)
	}
	pairs := c.pairs()
	if len(c.faults) > 0 || len(pairs) != 1 {
		t.Fatalf("%+v", c.faults)
	}
	if err := c.gather(context.Background(), pairs); err != nil {
		t.Fatal(err)
	}
	return pairs[0]
}

// Confidences of two values make bins of their own, so the error is known: with
// claims of 0.9 and 0.6 for half each and shares right of 90 % and 60 % it is 0,
// with 70 % and 60 % it is 0.1.
func TestECE(t *testing.T) {
	make := func(right, of int) []datasets.Prediction {
		out := rows("x", strings.Repeat("M", 400), strings.Repeat("S", 400))
		for i := range out {
			out[i].Confidence = known(0.9)
			if i >= 200 {
				out[i].Confidence = known(0.6)
			}
			if i < right || i >= 200 && i < 200+of {
				out[i].Predicted = "MEDIUM"
			}
		}
		return out
	}
	rules := Rules{ECE: Margin{On: true}, Margin: known(0.5)} // accuracy is not at stake here
	rules.ECE.Value = known(0.02)
	v := decide(t, sideOf(t, source("a"), make(180, 120)), sideOf(t, source("b"), make(140, 120)), rules, nil)
	g := gateOf(t, v, "ece")
	if !near(g.Baseline, 0, 1e-12) || !near(g.Candidate, 0.1, 1e-12) || g.Outcome != Regressed || v.Outcome != Regressed || g.Bound <= 0.1 {
		t.Errorf("%+v", g)
	}
	if g = gateOf(t, decide(t, sideOf(t, source("a"), make(140, 120)), sideOf(t, source("b"), make(180, 120)), rules, nil), "ece"); g.Outcome != Pass || !g.Improved {
		t.Errorf("%+v", g)
	}
	// The second of each group is not looked at.
	one, two := make(180, 120), make(140, 120)
	for i := range one {
		again, copied := one[i], two[i]
		again.ID, copied.ID = again.ID+"b", copied.ID+"b"
		again.Predicted, copied.Predicted = "SIMPLE", "FRONTIER"
		one[i].Group, two[i].Group, again.Group, copied.Group = again.ID, again.ID, again.ID, again.ID
		one, two = append(one, again), append(two, copied)
	}
	if h := gateOf(t, decide(t, sideOf(t, source("a"), one), sideOf(t, source("b"), two), rules, nil), "ece"); h.P != gateOf(t, v, "ece").P || h.Change != gateOf(t, v, "ece").Change {
		t.Errorf("%+v, without others in the groups %+v", h, gateOf(t, v, "ece"))
	}
	bare := make(180, 120)
	for i := range bare[:30] {
		bare[i].Confidence = datasets.Optional[float64]{}
	}
	if g = gateOf(t, decide(t, sideOf(t, source("a"), make(180, 120)), sideOf(t, source("b"), bare), rules, nil), "ece"); g.Outcome != Inconclusive || !strings.Contains(g.Why, "30 of 400 lack a confidence") {
		t.Errorf("%+v", g)
	}
	for i := range bare {
		bare[i].Confidence = datasets.Optional[float64]{}
	}
	// Without a confidence anywhere nothing is known, but of what did not change.
	if g = gateOf(t, decide(t, sideOf(t, source("a"), bare), sideOf(t, source("b"), bare), rules, nil), "ece"); g.Outcome != Pass || !g.Identical {
		t.Errorf("%+v", g)
	}
	moved := slices.Clone(bare)
	moved[0].Predicted = map[string]string{"SIMPLE": "MEDIUM"}[moved[0].Predicted] + map[string]string{"MEDIUM": "SIMPLE", "COMPLEX": "SIMPLE", "FRONTIER": "SIMPLE"}[moved[0].Predicted]
	if g = gateOf(t, decide(t, sideOf(t, source("a"), bare), sideOf(t, source("b"), moved), rules, nil), "ece"); g.Outcome != Inconclusive {
		t.Errorf("%+v", g)
	}
}

// Under-routing, invalid answers and recall are rates like accuracy: the same
// counts give the same figures, mirrored where less is better.
func TestFurtherRates(t *testing.T) {
	truth, from, to := changed(500, 30, 2)
	base, cand := rows("x", truth, from), rows("x", truth, to) // wrong ones are too low
	for i := range base {
		base[i].Invalid, cand[i].Invalid = from[i] == 'S', to[i] == 'S'
	}
	on := Margin{On: true}
	v := decide(t, sideOf(t, source("a"), base), sideOf(t, source("b"), cand), Rules{UnderRouting: on, Invalid: on, TierRecall: on}, nil)
	if len(v.Classifiers[0].Gates) != 4 || v.Claims != 4 {
		t.Fatalf("%s", written(t, v))
	}
	first := v.Classifiers[0].Gates[0]
	for _, g := range v.Classifiers[0].Gates[1:] {
		sign := eval.Number(1)
		if g.Name == UnderRouting || g.Name == InvalidRate {
			sign = -1
		}
		if g.P != first.P || g.Bound != sign*first.Bound || g.Change != sign*first.Change || g.Worse != 30 || g.Outcome != Regressed || !g.Decides {
			t.Errorf("%+v", g)
		}
	}
}
