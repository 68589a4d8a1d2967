package curve

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// RouterArena's leaderboard gives accuracy, USD per 1,000 queries and arena
// score: the rows of MIRT-BERT, Azure-Router, NIRT-BERT and GPT-5. The others, at
// and beyond the bounds, are compute_arena_score of its llm_evaluation/run.py,
// run once in Python 3.11; at a cost of 0, which that refuses, the least cost's.
func TestArenaScore(t *testing.T) {
	for _, x := range []struct{ quality, usd, want, tolerance float64 }{
		{.6688, .15, .6689, 2e-4}, // both are rounded to two digits there
		{.6809, .54, .6666, 2e-4},
		{.6634, .21, .6612, 2e-4},
		{.7396, 10.02, .6432, 2e-4},
		{.6688, .15, 0.6689936670132274, 1e-15},
		{.7396, 10.02, 0.6431572544044338, 1e-15},
		{.5, .001, 0.5238095238095238, 1e-15},
		{.5, 0, 0.5238095238095238, 1e-15},
		{.9, 300, 0, 0},
		{0, 1, 0, 0},
		{0, 300, 0, 0},
	} {
		if got := ArenaScore(x.quality, x.usd); !(math.Abs(got-x.want) <= x.tolerance) {
			t.Errorf("ArenaScore(%g, %g) = %.16g, expected %g", x.quality, x.usd, got, x.want)
		}
	}
	for _, v := range [][2]float64{{math.NaN(), 1}, {1, math.NaN()}} {
		if got := ArenaScore(v[0], v[1]); !math.IsNaN(got) {
			t.Errorf("ArenaScore(%g, %g) = %g", v[0], v[1], got)
		}
	}
}

// area_under_curve of eth-sri/cascade-routing's src/selection/utils.py, run once
// with numpy 1.24.2 and scipy 1.10.1.
func TestCascadeRoutingAUC(t *testing.T) {
	tenth := .1 // with .2 it is not .3
	for i, x := range []struct {
		points, models []Point
		want           float64
	}{
		{[]Point{{1, .5}, {2, .7}, {3, .8}}, []Point{{1, .5}, {4, .8}}, 0.7166666666666668},
		{[]Point{{2, .6}, {3, .9}, {5, .85}, {7, .95}}, []Point{{1, .55}, {6, .9}, {3, .4}}, 0.775},
		{[]Point{{.5, .2}, {1.5, .7}, {1.5, .6}, {2.5, .65}, {3.5, .9}}, []Point{{1, .5}, {3, .8}}, 0.640625},
		{[]Point{{2, .7}, {2.5, .7}}, []Point{{1, .5}, {3, .8}}, 0.6499999999999999},
		{[]Point{{1, .5}, {2, .7}, {2, .9}, {4, .8}}, []Point{{1, .5}, {4, .8}}, 0.7666666666666667},
		{[]Point{{.1, .5}, {tenth + .2, .6}, {.3, .9}, {.9, .9}}, []Point{{.1, .5}, {.9, .9}}, .8125},
		{[]Point{{2, .7}}, []Point{{2, .5}, {2, .7}}, math.NaN()},
		{nil, []Point{{2, .5}, {3, .7}}, math.NaN()},
		{[]Point{{2, .7}}, nil, math.NaN()},
	} {
		got := CascadeRoutingAUC(x.points, x.models)
		if !near(got, x.want) {
			t.Errorf("%d: %.16g, expected %.16g", i, got, x.want)
		}
	}
}

// By hand: the best single model is right on .8 at a cost of 4.
func TestGainAndSaving(t *testing.T) {
	models := []Point{{1, .5}, {4, .8}, {5, .8}}
	for i, x := range []struct {
		points     []Point
		gain, save float64
	}{
		{[]Point{{1, .5}, {2, .8}, {3, .84}, {4, .8}}, .05, .5},
		{[]Point{{1, .5}, {2, .8 - 1e-13}}, 0, .5},
		{[]Point{{1, .5}, {2, .7}}, -.125, math.NaN()},
		{[]Point{{6, .9}}, .125, -.5},
		{nil, math.NaN(), math.NaN()},
	} {
		gain, save := PerfGain(x.points, models), CostSave(x.points, models)
		for _, v := range [][2]float64{{gain, x.gain}, {save, x.save}} {
			if !near(v[0], v[1]) && !(math.Abs(v[0]-v[1]) < 1e-12) {
				t.Errorf("%d: gain %g, saving %g; expected %g, %g", i, gain, save, x.gain, x.save)
			}
		}
	}
	if v := PerfGain([]Point{{1, 1}}, []Point{{1, 0}}); !math.IsNaN(v) {
		t.Errorf("a gain of %g over models that are never right", v)
	}
	if v := CostSave([]Point{{0, 1}}, []Point{{0, 1}}); !math.IsNaN(v) {
		t.Errorf("a saving of %g on a model that is free", v)
	}
}

func TestParetoDist(t *testing.T) {
	// Scaled to the unit square the frontier is (0,0), (.5,.75), (1,1).
	got := ParetoDist([]Point{{1, .2}, {5, 1}}, []Point{{3, .8}}, []Point{{5, .8}, {3, .6}}, nil)
	want := []float64{0, 0, (.25 + .25) / 2, math.NaN()}
	for k := range want {
		if !near(got[k], want[k]) {
			t.Errorf("set %d at %g, expected %g", k, got[k], want[k])
		}
	}
	if same := ParetoDist([]Point{{2, .5}}, []Point{{3, .5 - 1e-15}}); same[1] != 1 {
		t.Errorf("rounding of quality is a distance: %v", same)
	}
	if same := ParetoDist([]Point{{2, .5}, {2, .5}}); same[0] != 0 {
		t.Errorf("one point is at %g from itself", same[0])
	}

	// Against all pairs.
	rng := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		var points []Point
		for range 1 + rng.IntN(12) {
			points = append(points, Point{float64(rng.IntN(5)), float64(rng.IntN(5)) / 4})
		}
		beaten := func(p Point) bool {
			return slices.ContainsFunc(points, func(q Point) bool {
				return q.Cost <= p.Cost && q.Quality >= p.Quality && q != p
			})
		}
		frontier := Frontier(points)
		for _, p := range points {
			if beaten(p) == slices.Contains(frontier, p) {
				t.Fatalf("%v of %v: frontier %v", p, points, frontier)
			}
		}
	}
}

func TestIBC(t *testing.T) {
	cheap, dear := Point{1, .5}, Point{3, .7} // .1 a unit
	for _, x := range []struct {
		p    Point
		want float64
	}{
		{Point{2, .6}, 0}, {Point{2, .7}, 1}, {Point{2, .5}, -1}, {Point{2, .4}, -2}, {dear, 0}, {Point{1, .6}, math.NaN()}, {Point{.5, .9}, math.NaN()},
	} {
		got := IBC(x.p, cheap, dear)
		if !(math.Abs(got-x.want) < 1e-12) && !(math.IsNaN(got) && math.IsNaN(x.want)) {
			t.Errorf("%v: %g, expected %g", x.p, got, x.want)
		}
	}
	for _, worse := range []Point{{1, .7}, {.5, .7}, {3, .5}, {3, .4}} {
		if v := IBC(Point{2, .6}, cheap, worse); !math.IsNaN(v) {
			t.Errorf("IBC %g towards %v", v, worse)
		}
	}
}

// Order statistics and means against sorting anew at every threshold.
func TestQuantilesAndMeans(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 0))
	levels := []float64{0, .5, .95, 1}
	for range 400 {
		n := 1 + rng.IntN(30)
		scores, weak, strong := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range n {
			scores[i], weak[i], strong[i] = float64(rng.IntN(6)), float64(rng.IntN(9)), float64(rng.IntN(9))+.5
			if rng.IntN(8) == 0 {
				weak[i], strong[i] = math.NaN(), math.NaN()
			}
		}
		o := order(t, scores)
		got := o.Quantiles(weak, strong, levels)
		thresholds := slices.Concat([]float64{math.Inf(1)}, o.Distinct(scores))
		for k, threshold := range thresholds {
			var values []float64
			for i, s := range scores {
				v := weak[i]
				if s >= threshold {
					v = strong[i]
				}
				if !math.IsNaN(v) {
					values = append(values, v)
				}
			}
			slices.Sort(values)
			for l, level := range levels {
				want := math.NaN()
				if m := len(values); m > 0 {
					want = values[max(0, int(math.Ceil(level*float64(m)))-1)]
				}
				if g := got[l][k]; g != want && !(math.IsNaN(g) && math.IsNaN(want)) {
					t.Fatalf("level %g from %g: %g, expected %g of %v", level, threshold, g, want, values)
				}
			}
		}

		third := make([]float64, n)
		for i := range n {
			weak[i], strong[i], third[i] = float64(rng.IntN(9)), float64(rng.IntN(9)), float64(rng.IntN(9))
		}
		mean := o.Means(scores, [][]float64{weak, strong, third})
		for _, a := range thresholds {
			for _, b := range thresholds {
				if b < a {
					continue
				}
				sum := 0.0
				for i, s := range scores {
					switch {
					case s >= b:
						sum += third[i]
					case s >= a:
						sum += strong[i]
					default:
						sum += weak[i]
					}
				}
				if got := mean([]float64{a, b}); !near(got, sum/float64(n)) {
					t.Fatalf("from %g and %g: %g, expected %g", a, b, got, sum/float64(n))
				}
			}
		}
	}
}

// Settings held fixed give, under weights, what the mix gives on prompts that
// occur as often.
func TestSettings(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 0))
	for range 300 {
		n, models := 1+rng.IntN(12), 2+rng.IntN(3)
		scores := make([]float64, n)
		quality, cost := make([][]float64, models), make([][]float64, models)
		for i := range n {
			scores[i] = float64(rng.IntN(6))
			for m := range models {
				quality[m], cost[m] = append(quality[m], float64(rng.IntN(3))/2), append(cost[m], float64(m+rng.IntN(4)))
			}
		}
		o := order(t, scores)
		mixes, _ := o.Divide(quality, cost, 50)
		table := NewTable(quality, cost)
		samples, each := 1+rng.IntN(2*Lanes), 2*Lanes
		weights := make([]uint8, each*n)
		for i := range weights {
			weights[i] = uint8(rng.IntN(3))
		}
		got, alone := make([][]Point, samples), make([][]Point, samples)
		total := make([]float64, samples)
		weight := func(i, sample int) float64 { return float64(weights[i*each+sample]) }
		for i := range n {
			for sample := range total {
				total[sample] += weight(i, sample)
			}
		}
		o.Fix(mixes, table).Points(weights, total, got)
		table.Alone().Points(weights, total, alone)
		ascending := slices.Clone(o.rows)
		slices.Reverse(ascending)
		for sample := range samples {
			if total[sample] == 0 {
				continue
			}
			check := func(got Point, model func(place int) int, what any) {
				var want Point
				for place, i := range ascending {
					m := model(place)
					want.Quality += weight(int(i), sample) * quality[m][i] / total[sample]
					want.Cost += weight(int(i), sample) * cost[m][i] / total[sample]
				}
				if !near(got.Quality, want.Quality) || !near(got.Cost, want.Cost) {
					t.Fatalf("%v under %v: %v, expected %v", what, weights, got, want)
				}
			}
			for k, mix := range mixes {
				check(got[sample][k], func(place int) int {
					m := 0
					for m < models-1 && place >= mix.From[m] {
						m++
					}
					return m
				}, mix.From)
			}
			for m := range models {
				check(alone[sample][m], func(int) int { return m }, m)
			}
		}
	}
}

// The line through settings that were chosen elsewhere, by hand.
func TestAlong(t *testing.T) {
	line := []Point{{1, .4}, {3, .8}, {2, .6}, {5, .9}}
	// 2·.6 − 1·.7 + 3·.75 to 5, and flat to 6; cut at 4 the last is 2·(.6+.8)/2.
	for _, x := range []struct{ end, area float64 }{{5, 1.2 - .7 + 2.25}, {6, 1.2 - .7 + 2.25 + .9}, {4, 1.2 - .7 + 1.4}, {1, 0}, {.5, 0}} {
		if got := Along(line, x.end); !near(got, x.area/x.end) {
			t.Errorf("to %g: %g, expected %g", x.end, got, x.area/x.end)
		}
	}
	if got := Along(nil, 1); !math.IsNaN(got) {
		t.Errorf("no points have %g", got)
	}
	if got := Along(line, 0); !math.IsNaN(got) {
		t.Errorf("over no cost it is %g", got)
	}
	for _, x := range [][2]float64{{0, .4}, {1, .4}, {2, .6}, {2.5, .7}, {4, .8}, {5, .9}, {9, .9}} {
		if got := AlongAt(line, x[0]); !near(got, x[1]) {
			t.Errorf("at %g: %g, expected %g", x[0], got, x[1])
		}
	}
}
