package curve

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func order(t testing.TB, scores []float64) *Order {
	t.Helper()
	o, err := NewOrder(scores)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func near(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-12*math.Max(1, math.Abs(a))
}

// The order is that of a stable sort by score.
func TestOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	negativeZero := math.Copysign(0, -1)
	for _, n := range []int{0, 1, 2, 50, 3000} {
		for _, draw := range []func() float64{
			rng.NormFloat64,
			func() float64 { return math.Floor(4 * rng.NormFloat64()) },
			func() float64 {
				return []float64{0, negativeZero, 1, -1, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64}[rng.IntN(8)]
			},
			func() float64 { return 7 },
		} {
			scores := make([]float64, n)
			for i := range scores {
				scores[i] = draw()
			}
			o := order(t, scores)
			want := make([]int32, n)
			for i := range want {
				want[i] = int32(i)
			}
			slices.SortStableFunc(want, func(a, b int32) int {
				switch x, y := scores[a], scores[b]; {
				case x > y:
					return -1
				case x < y:
					return 1
				}
				return 0
			})
			if !slices.Equal(want, o.rows) {
				t.Fatalf("%d scores: another order", n)
			}
			distinct := map[float64]bool{}
			for _, s := range scores {
				distinct[s+0] = true
			}
			if o.Thresholds() != len(distinct) || o.Len() != n {
				t.Fatalf("%d thresholds, expected %d", o.Thresholds(), len(distinct))
			}
		}
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, err := NewOrder([]float64{1, bad}); err == nil {
			t.Errorf("%g is taken", bad)
		}
	}
}

// slow is a curve by its definition: every threshold, every prompt.
func slow(scores, weak, strong, weights []float64) *Curve {
	n, c := 0.0, &Curve{}
	for i := range scores {
		n += weights[i]
		c.Weak += weights[i] * weak[i]
		c.Strong += weights[i] * strong[i]
	}
	c.Weak, c.Strong = c.Weak/n, c.Strong/n
	thresholds := slices.Clone(scores)
	slices.Sort(thresholds)
	thresholds = slices.Compact(thresholds)
	slices.Reverse(thresholds)
	for _, threshold := range append([]float64{math.Inf(1)}, thresholds...) {
		sent, quality := 0.0, 0.0
		for i, s := range scores {
			if s >= threshold {
				sent, quality = sent+weights[i], quality+weights[i]*strong[i]
			} else {
				quality += weights[i] * weak[i]
			}
		}
		c.Share, c.Quality = append(c.Share, sent/n), append(c.Quality, quality/n)
	}
	for k := 1; k < len(c.Share); k++ {
		c.Area += (c.Share[k] - c.Share[k-1]) * (c.Quality[k] + c.Quality[k-1]) / 2
	}
	return c
}

// slowCPT walks the curve in small steps, and by its points, which it may touch
// the target with alone.
func slowCPT(c *Curve, recovered float64) float64 {
	const steps = 200_000
	target := c.Weak + recovered*(c.Strong-c.Weak)
	first := 1.0
	for k, y := range c.Quality {
		if y >= target-1e-9 {
			first = min(first, c.Share[k])
		}
	}
	k := 1
	for step := range steps + 1 {
		x := float64(step) / steps
		for c.Share[k] < x {
			k++
		}
		y := c.Quality[k]
		if c.Share[k] > c.Share[k-1] {
			y = c.Quality[k-1] + (x-c.Share[k-1])/(c.Share[k]-c.Share[k-1])*(c.Quality[k]-c.Quality[k-1])
		}
		if y >= target-1e-9 {
			first = min(first, x)
			break
		}
	}
	return first
}

func TestTwoModelsByDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 0))
	for trial := range 300 {
		n := 1 + rng.IntN(30)
		scores, weak, strong, weights := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			scores[i] = math.Floor(10*rng.Float64()) / 10
			weak[i], strong[i] = float64(rng.IntN(2)), float64(rng.IntN(2))
			if trial%3 == 0 {
				weak[i], strong[i] = rng.Float64(), rng.Float64()
			}
			weights[i] = float64(rng.IntN(3))
		}
		weights[0]++ // so that some prompt counts
		given := weights
		if trial%2 == 0 {
			for i := range weights {
				weights[i] = 1
			}
			given = nil
		}
		got, want := order(t, scores).TwoModels(weak, strong, given), slow(scores, weak, strong, weights)
		if !near(got.Area, want.Area) || !near(got.Weak, want.Weak) || !near(got.Strong, want.Strong) || !cmp.Equal(got.Share, want.Share, cmp.Comparer(near)) || !cmp.Equal(got.Quality, want.Quality, cmp.Comparer(near)) {
			t.Fatalf("trial %d: %+v, expected %+v", trial, got, want)
		}
		apgr, err := got.APGR()
		if better := want.Strong > want.Weak+1e-12; better != (err == nil) {
			t.Fatalf("trial %d: APGR %g, %v with %g and %g", trial, apgr, err, want.Weak, want.Strong)
		}
		if err != nil {
			if _, err := got.CPT(.5); !errors.Is(err, ErrNotBetter) || !math.IsNaN(apgr) {
				t.Fatalf("trial %d: %v", trial, err)
			}
			continue
		}
		if slowly := (want.Area - want.Weak) / (want.Strong - want.Weak); !near(apgr, slowly) {
			t.Fatalf("trial %d: APGR %g, expected %g", trial, apgr, slowly)
		}
		for _, recovered := range []float64{0, .2, .5, .8, 1} {
			cpt, err := got.CPT(recovered)
			if slowly := slowCPT(want, recovered); err != nil || math.Abs(cpt-slowly) > 2e-5 && trial < 60 {
				t.Fatalf("trial %d: CPT(%g) %g, %v; expected %g", trial, recovered, cpt, err, slowly)
			}
		}
	}
	if _, err := order(t, nil).TwoModels(nil, nil, nil).APGR(); !errors.Is(err, ErrNoPrompts) {
		t.Errorf("no prompts: %v", err)
	}
}

// A constant score is random routing: APGR is ½ and CPT what it asks for.
func TestConstantScore(t *testing.T) {
	c := order(t, []float64{3, 3, 3, 3}).TwoModels([]float64{0, 0, 1, 0}, []float64{1, 1, 0, 1}, nil)
	apgr, err := c.APGR()
	if err != nil || apgr != .5 {
		t.Errorf("%g, %v", apgr, err)
	}
	if cpt, err := c.CPT(.8); err != nil || !near(cpt, .8) {
		t.Errorf("%g, %v", cpt, err)
	}
}

// allDivisions lists what every choice of ordered thresholds comes to.
func allDivisions(scores []float64, quality, cost [][]float64) []Point {
	distinct := slices.Clone(scores)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	var points []Point
	var choose func(thresholds []float64)
	choose = func(thresholds []float64) {
		if len(thresholds) == len(quality)-1 {
			p := Point{}
			for i, s := range scores {
				m := 0
				for m < len(thresholds) && s >= thresholds[m] {
					m++
				}
				p.Quality += quality[m][i]
				p.Cost += cost[m][i]
			}
			n := float64(len(scores))
			points = append(points, Point{p.Cost / n, p.Quality / n})
			return
		}
		for _, threshold := range append(slices.Clone(distinct), math.Inf(1)) {
			if len(thresholds) == 0 || threshold >= thresholds[len(thresholds)-1] {
				choose(append(slices.Clone(thresholds), threshold))
			}
		}
	}
	choose(nil)
	return points
}

func TestDivideByBruteForce(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	for trial := range 300 {
		n, models := 1+rng.IntN(9), 2+rng.IntN(3)
		scores := make([]float64, n)
		for i := range scores {
			scores[i] = math.Floor(6 * rng.Float64())
		}
		quality, cost := make([][]float64, models), make([][]float64, models)
		for m := range models {
			for range n {
				q, c := float64(rng.IntN(2)), float64(m+1)
				if trial%2 == 0 {
					q, c = rng.Float64(), float64(m)*rng.Float64()
				}
				quality[m], cost[m] = append(quality[m], q), append(cost[m], c)
			}
		}
		o := order(t, scores)
		mixes, truncated := o.Divide(quality, cost, 1000)
		var got Hull
		for _, m := range mixes {
			got = append(got, m.Point)
			checkMix(t, o, m, quality, cost)
		}
		want := bent(NewHull(allDivisions(scores, quality, cost)))
		if truncated || !cmp.Equal(want, got, cmp.Comparer(near)) {
			t.Fatalf("trial %d: %d prompts, %d models: %v, expected %v", trial, n, models, got, want)
		}
	}
}

// Sums of costs that are equal but for rounding hide no better division.
func TestDivideRounding(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 0))
	for trial := range 500 {
		n, models := 2+rng.IntN(20), 2+rng.IntN(2)
		scores := make([]float64, n)
		for i := range scores {
			scores[i] = float64(rng.IntN(5))
		}
		unit := .1 * 25 / 24 * rng.Float64()
		quality, cents, cost := make([][]float64, models), make([][]float64, models), make([][]float64, models)
		for m := range models {
			for range n {
				c := float64(1 + rng.IntN(4))
				quality[m], cents[m], cost[m] = append(quality[m], float64(rng.IntN(5))/4), append(cents[m], c), append(cost[m], c*unit)
			}
		}
		mixes, _ := order(t, scores).Divide(quality, cost, 1000)
		var got Hull
		for k, m := range mixes {
			if got = append(got, m.Point); k > 0 && m.Cost <= got[k-1].Cost {
				t.Fatalf("trial %d: point %d costs no more than the one before: %v", trial, k, got)
			}
		}
		want := NewHull(allDivisions(scores, quality, cents)) // sums of these are exact
		if g, w := got.Integral(5*unit), unit*want.Integral(5); math.Abs(g-w) > 1e-9*unit {
			t.Fatalf("trial %d: ∫ %g, expected %g\n%v\n%v", trial, g, w, got, want)
		}
	}
}

// bent leaves out points that are on the line between their neighbours but for
// rounding.
func bent(h Hull) Hull {
	for k := 1; k+1 < len(h); {
		if slope(h[k-1], h[k])-slope(h[k], h[k+1]) < 1e-9 {
			h = slices.Delete(h, k, k+1)
		} else {
			k++
		}
	}
	return h
}

// checkMix holds that a mix is what its thresholds come to.
func checkMix(t *testing.T, o *Order, m Mix, quality, cost [][]float64) {
	t.Helper()
	p, n := Point{}, float64(o.Len())
	for k := range o.rows {
		i := o.rows[o.Len()-1-k] // lowest first
		model := 0
		for model < len(m.From) && k >= m.From[model] {
			model++
		}
		p.Quality += quality[model][i] / n
		p.Cost += cost[model][i] / n
	}
	if !near(p.Quality, m.Quality) || !near(p.Cost, m.Cost) || !slices.IsSorted(m.From) {
		t.Fatalf("%+v, but its thresholds come to %+v", m, p)
	}
}

func TestDivideIsBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 0))
	const n = 2000
	scores := make([]float64, n)
	quality, cost := [][]float64{make([]float64, n), make([]float64, n), make([]float64, n)}, [][]float64{make([]float64, n), make([]float64, n), make([]float64, n)}
	for i := range n {
		scores[i] = rng.Float64()
		for m := range 3 {
			quality[m][i] = float64(m)/3*scores[i] + .3*rng.Float64()
			cost[m][i] = float64(m) + .1*rng.Float64()
		}
	}
	o := order(t, scores)
	all, truncated := o.Divide(quality, cost, 100_000)
	few, less := o.Divide(quality, cost, 9)
	if truncated || !less || len(few) > 9 || len(all) < 10 {
		t.Errorf("%d points, truncated %t; %d of at most 9, truncated %t", len(all), truncated, len(few), less)
	}
	for k := 1; k < len(all); k++ {
		if !(all[k].Cost > all[k-1].Cost && all[k].Quality > all[k-1].Quality) {
			t.Fatalf("point %d does not rise: %+v after %+v", k, all[k], all[k-1])
		}
	}
}

func TestHull(t *testing.T) {
	h := NewHull([]Point{{1, .5}, {2, .4}, {3, .8}, {1, .3}, {2, .6}, {5, .8}, {4, .9}})
	want := Hull{{1, .5}, {3, .8}, {4, .9}}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Fatal(diff)
	}
	for _, c := range []struct {
		cost, quality float64
		ok            bool
	}{{.9, 0, false}, {1, .5, true}, {2, .65, true}, {3.5, .85, true}, {4, .9, true}, {9, .9, true}} {
		if q, ok := h.QualityAt(c.cost); ok != c.ok || !near(q, c.quality) {
			t.Errorf("quality at %g: %g, %t", c.cost, q, ok)
		}
		if cost, ok := h.CostAt(c.quality); c.ok && c.cost <= 4 && (!ok || !near(cost, c.cost)) {
			t.Errorf("cost at %g: %g, %t", c.quality, cost, ok)
		}
	}
	if _, ok := h.CostAt(.91); ok {
		t.Error("a mix is better than the best point")
	}
	if cost, ok := h.CostAt(.1); !ok || cost != 1 {
		t.Errorf("cost of little: %g, %t", cost, ok)
	}
	// Trapezoids: 2·.65 + 1·.85 + 1·.9 to 5; to 3.5 they are 1.3 + .5·.825.
	code, paper := h.AIQ(5)
	if !near(code, 3.05/5) || !near(paper, 3.05/4) || !near(h.Integral(3.5), 1.3+.5*.825) {
		t.Errorf("AIQ %g, %g; integral %g", code, paper, h.Integral(3.5))
	}
	for _, x := range []struct {
		h    Hull
		end  float64
		code float64
	}{{nil, 1, math.NaN()}, {Hull{{0, .5}}, 0, math.NaN()}, {Hull{{1, .5}}, 1, 0}} {
		if code, paper := x.h.AIQ(x.end); !near(code, x.code) || !math.IsNaN(paper) {
			t.Errorf("%v: AIQ %g, %g", x.h, code, paper)
		}
	}
}

// Sums of the same values in another order differ in their last digits: what is
// equal but for that is no gap, no vertex and not on the frontier.
func TestRoundingIsNoDifference(t *testing.T) {
	weak, strong := []float64{.7, .1}, []float64{.2, .6} // both .4 on average
	o := order(t, []float64{1, 2})
	c := o.TwoModels(weak, strong, nil)
	if c.Strong == c.Weak {
		t.Fatal("the case rests on another rounding of the two means")
	}
	if v, err := c.APGR(); err == nil {
		t.Errorf("APGR %g of equal models", v)
	}
	var m Measures
	if o.Measure(weak, strong, nil, Grid{Recovered: []float64{.5}}, &m); !math.IsNaN(m.APGR) || !math.IsNaN(m.CPT[0]) {
		t.Errorf("%+v of equal models", m)
	}
	// So do sums of many.
	many := 400_000
	sevens, others, scores := make([]float64, many), make([]float64, many), make([]float64, many)
	for i := range many {
		sevens[i], others[i], scores[i] = .7, .5+.4*float64(i%2), float64(i*7919%many)
	}
	if v, err := order(t, scores).TwoModels(sevens, others, nil).APGR(); err == nil {
		t.Errorf("APGR %g of equal models", v)
	}
	if order(t, scores).Measure(sevens, others, nil, Grid{}, &m); !math.IsNaN(m.APGR) {
		t.Errorf("APGR %g of equal models", m.APGR)
	}
	a, b := Point{.1, c.Weak}, Point{.2, c.Strong}
	if best, _ := BestSingle([]Point{b, a}); best != a {
		t.Errorf("best is %v, though %v is as good and cheaper", best, a)
	}
	if v := IBC(Point{.15, .5}, a, b); !math.IsNaN(v) {
		t.Errorf("IBC %g between equal models", v)
	}
	tenth := .1 + .2 - .2 // not .1
	for _, points := range [][]Point{{a, b}, {{.1, .3}, {tenth, .4}}, {{tenth, .4}, {.1, .3}}} {
		if h := NewHull(points); len(h) != 1 {
			t.Errorf("hull of %v: %v", points, h)
		}
		if f := Frontier(points); len(f) != 1 {
			t.Errorf("frontier of %v: %v", points, f)
		}
	}
	// Two prompts cost .1 with either model, in sums of another order.
	mixes, _ := order(t, []float64{1, 2, 3}).Divide([][]float64{{0, 0, 0}, {0, 0, 1}}, [][]float64{{.1, .1, .1}, {.1, .1, .1}}, 10)
	if len(mixes) != 1 || mixes[0].Quality < .3 {
		t.Errorf("hull %v of models that cost the same", mixes)
	}
}

func benchData(n int) (scores, weak, strong []float64) {
	rng := rand.New(rand.NewPCG(5, 0))
	scores, weak, strong = make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		scores[i], weak[i], strong[i] = rng.NormFloat64(), float64(rng.IntN(2)), float64(rng.IntN(2)|rng.IntN(2))
	}
	return scores, weak, strong
}

// BenchmarkTwoModels is the whole curve with APGR and CPT, from the scores on;
// docs/checks/curve.py times numpy on as many.
func BenchmarkTwoModels(b *testing.B) {
	scores, weak, strong := benchData(400_000)
	b.SetBytes(int64(8 * 3 * len(scores)))
	b.ReportAllocs()
	for b.Loop() {
		o, err := NewOrder(scores)
		if err != nil {
			b.Fatal(err)
		}
		c := o.TwoModels(weak, strong, nil)
		if _, err := c.APGR(); err != nil {
			b.Fatal(err)
		}
		for _, recovered := range []float64{.2, .5, .8} {
			if _, err := c.CPT(recovered); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkRouteLLMDeciles(b *testing.B) {
	scores, weak, strong := benchData(14_037)
	b.SetBytes(int64(8 * 3 * len(scores)))
	b.ReportAllocs()
	for b.Loop() {
		RouteLLMDeciles(scores, weak, strong)
	}
}

// BenchmarkHull is the hull of 200 points and the area under it.
func BenchmarkHull(b *testing.B) {
	rng := rand.New(rand.NewPCG(6, 0))
	points := make([]Point, 200)
	for i := range points {
		cost := rng.Float64()
		points[i] = Point{cost, math.Sqrt(cost) + 0.05*rng.NormFloat64()}
	}
	b.ReportAllocs()
	for b.Loop() {
		NewHull(points).AIQ(1)
	}
}

func BenchmarkDivide(b *testing.B) {
	scores, weak, strong := benchData(14_000)
	o, err := NewOrder(scores)
	if err != nil {
		b.Fatal(err)
	}
	cost := [][]float64{make([]float64, len(weak)), make([]float64, len(weak)), make([]float64, len(weak))}
	for i := range weak {
		cost[1][i], cost[2][i] = 1, 5
	}
	b.ReportAllocs()
	for b.Loop() {
		o.Divide([][]float64{weak, weak, strong}, cost, 200)
	}
}

// at is the highest quality at a share, straight between points.
func (c *Curve) at(share float64) float64 {
	best := math.Inf(-1)
	for k := 1; k < len(c.Share); k++ {
		switch {
		case share < c.Share[k-1] || share > c.Share[k]:
		case c.Share[k] == c.Share[k-1]:
			best = max(best, c.Quality[k])
		default:
			best = max(best, c.Quality[k-1]+(c.Quality[k]-c.Quality[k-1])*(share-c.Share[k-1])/(c.Share[k]-c.Share[k-1]))
		}
	}
	return best
}

// Measures without the curve are those of the curve.
func TestMeasure(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 0))
	recovered, shares := []float64{.2, .5, .8}, []float64{0, .1, .25, .5, .75, 1}
	var m Measures
	for range 500 {
		n := 1 + rng.IntN(40)
		scores, weak, strong, weights := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			scores[i], weak[i], strong[i], weights[i] = float64(rng.IntN(8)), float64(rng.IntN(2)), float64(rng.IntN(2)), float64(rng.IntN(3))
		}
		weights[0] = 1
		o := order(t, scores)
		c := o.TwoModels(weak, strong, weights)
		o.Measure(weak, strong, weights, Grid{recovered, shares}, &m)
		for k, share := range shares {
			if want := c.at(share); math.Abs(m.Quality[k]-want) > 1e-9 {
				t.Fatalf("quality at %g: %g, expected %g", share, m.Quality[k], want)
			}
		}
		apgr, err := c.APGR()
		if err != nil {
			if !math.IsNaN(m.APGR) || !math.IsNaN(m.CPT[0]) {
				t.Fatalf("%+v, but %v", m, err)
			}
			continue
		}
		if !near(apgr, m.APGR) || !near(c.Area, m.Area) || !near(c.Weak, m.Weak) || !near(c.Strong, m.Strong) {
			t.Fatalf("%+v, expected %g of %+v", m, apgr, c)
		}
		for k, q := range recovered {
			if cpt, err := c.CPT(q); err != nil || math.Abs(cpt-m.CPT[k]) > 1e-9 {
				t.Fatalf("CPT(%g) %g, expected %g", q, m.CPT[k], cpt)
			}
		}
	}
}

// Eleven points by hand: ten prompts a decile, of which each above the fifth
// gains.
func TestDeciles(t *testing.T) {
	var scores, weak, strong []float64
	for i := range 101 {
		scores = append(scores, float64(i))
		weak = append(weak, 0)
		strong = append(strong, 0)
		if i >= 50 {
			strong[i] = 1
		}
	}
	apgr, cpt, ok := RouteLLMDeciles(scores, weak, strong)
	// Sent from the highest: 0, 11, 21, … 51 of 101 all gain, then 61 … 101 do not.
	want := 0.0
	last, quality := 0.0, 0.0
	for _, sent := range []float64{11, 21, 31, 41, 51, 61, 71, 81, 91, 101} {
		q := min(sent, 51) / 101
		want += (sent/101 - last) * (q + quality) / 2
		last, quality = sent/101, q
	}
	if !ok || !near(apgr, want/(51./101)) || !near(cpt[1], .5*51/101) {
		t.Errorf("APGR %g, CPT %v, %t; expected %g", apgr, cpt, ok, want/(51./101))
	}
	if _, _, ok := RouteLLMDeciles([]float64{1, 1, 2}, []float64{0, 0, 0}, []float64{1, 1, 1}); ok {
		t.Error("equal deciles are taken")
	}
}

// BenchmarkPoints weights 20,000 prompts in 16 ways, for 100 settings over four models.
func BenchmarkPoints(b *testing.B) {
	const n, models, settings, samples = 20_000, 4, 100, 16
	rng := rand.New(rand.NewPCG(1, 1))
	column := func() []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = rng.Float64()
		}
		return values
	}
	var quality, cost [][]float64
	for range models {
		quality, cost = append(quality, column()), append(cost, column())
	}
	scores, weights := column(), make([]uint8, samples*n)
	for i := range weights {
		weights[i] = uint8(rng.IntN(3))
	}
	order, err := NewOrder(scores)
	if err != nil {
		b.Fatal(err)
	}
	var thresholds [][]float64
	for i := range settings {
		last := float64(i) / settings
		thresholds = append(thresholds, []float64{last / 2, last / 1.5, last})
	}
	fixed := order.Fix(order.Reach(scores, thresholds), NewTable(quality, cost))
	into, total := make([][]Point, samples), slices.Repeat([]float64{n}, samples)
	b.SetBytes(samples * n * models * 2 * 8)
	b.ReportAllocs()
	for b.Loop() {
		fixed.Points(weights, total, into)
	}
}
