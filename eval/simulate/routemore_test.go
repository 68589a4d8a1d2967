package simulate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
)

// expecter compares a figure with what it is by definition.
type expecter func(what string, got eval.Number, want float64)

// timed tells whether every model's latency of a request is known, and whether
// they are known of enough requests.
func (r rows) timed() (of []bool, enough bool) {
	n := 0
	for _, latencies := range r.latency {
		of = append(of, !slices.ContainsFunc(latencies, math.IsNaN))
		n += count(of[len(of)-1])
	}
	return of, n > 0 && float64(n) >= .95*float64(len(of))
}

// modelOf is the model that a score goes to; null thresholds are never reached.
func modelOf(score float64, thresholds []eval.Number) int {
	m := 0
	for m < len(thresholds) && thresholds[m].Defined() && score >= float64(thresholds[m]) {
		m++
	}
	return m
}

// checkSettings serves every request by the thresholds of each setting.
func (r rows) checkSettings(expect expecter, x Route, scores []float64, priced bool) {
	if !priced {
		expect("settings without costs", eval.Number(len(x.Hull)), 0)
		return
	}
	timed, enough := r.timed()
	for _, setting := range x.Hull {
		var quality, cost, latency, ofTimed float64
		shares := make([]float64, len(setting.Shares))
		for i, s := range scores {
			m := modelOf(s, setting.Thresholds)
			if r.priced(i) {
				quality += r.quality[i][m] / r.allPriced()
				cost += r.cost[i][m] / r.allPriced()
				shares[m] += 1 / r.allPriced()
			}
			if timed[i] {
				latency += r.latency[i][m]
				ofTimed++
			}
		}
		expect("a setting's quality", eval.Number(setting.Quality), quality)
		expect("a setting's cost", eval.Number(setting.Cost), cost)
		for m, share := range shares {
			expect("a setting's share", eval.Number(setting.Shares[m]), share)
		}
		if !enough {
			latency = math.NaN()
		}
		expect("a setting's latency", setting.LatencyMS, latency/ofTimed)
	}
}

// checkSteps serves every request by each threshold between two models.
func (r rows) checkSteps(expect expecter, x Route, scores []float64, priced bool) {
	share, quality := r.steps(scores)
	expect("steps", eval.Number(len(x.Steps)), float64(len(share)))
	timed, enough := r.timed()
	single := func(k int) curve.Point {
		return curve.Point{Cost: r.meanPriced(r.cost, k), Quality: r.meanPriced(r.quality, k)}
	}
	for k, s := range x.Steps {
		expect("a step's share", eval.Number(s.Share), share[k])
		expect("a step's quality", eval.Number(s.Quality), quality[k])
		var latencies []float64
		var p curve.Point
		for i, score := range scores {
			m := modelOf(score, []eval.Number{s.Threshold})
			if r.priced(i) {
				p.Cost += r.cost[i][m] / r.allPriced()
				p.Quality += r.quality[i][m] / r.allPriced()
			}
			if timed[i] {
				latencies = append(latencies, r.latency[i][m])
			}
		}
		mean, p50, p95 := math.NaN(), math.NaN(), math.NaN()
		if enough {
			slices.Sort(latencies)
			n := len(latencies)
			mean, p50, p95 = average(latencies), latencies[(n+1)/2-1], latencies[(95*n+99)/100-1]
		}
		expect("a step's latency", s.LatencyMS, mean)
		expect("a step's p50", s.P50, p50)
		expect("a step's p95", s.P95, p95)
		if !priced {
			p = curve.Point{Cost: math.NaN(), Quality: math.NaN()}
		}
		expect("a step's cost", s.CostUSD, p.Cost)
		expect("a step's arena score", s.Arena, curve.ArenaScore(p.Quality, 1000*p.Cost))
		if k > 0 && math.Abs(p.Cost-single(0).Cost) > 1e-12 {
			expect("a step's IBC", s.IBC, curve.IBC(p, single(0), single(1)))
		}
	}
}

func hullPoints(x Route) (points []curve.Point) {
	for _, setting := range x.Hull {
		points = append(points, setting.Point)
	}
	return points
}

// checkPublished takes each measure over all points.
func (r rows) checkPublished(expect expecter, x Route, points, models []curve.Point) {
	arena, gain, save, half := math.NaN(), math.NaN(), math.NaN(), math.NaN()
	if len(models) > 0 {
		best := models[0]
		for _, m := range models {
			if m.Quality > best.Quality || m.Quality == best.Quality && m.Cost < best.Cost {
				best = m
			}
		}
		for _, p := range points {
			if v := curve.ArenaScore(p.Quality, 1000*p.Cost); !(v <= arena) {
				arena = v
			}
			if v := p.Quality/best.Quality - 1; !(v <= gain) {
				gain = v
			}
			if v := 1 - p.Cost/best.Cost; p.Quality >= best.Quality-1e-12 && !(v <= save) {
				save = v
			}
		}
		if math.IsInf(gain, 1) {
			gain = math.NaN()
		}
		if len(models) == 2 && models[1].Cost > models[0].Cost && models[1].Quality > models[0].Quality {
			cost := (models[0].Cost + models[1].Cost) / 2
			if quality := hullAt(points, cost); !math.IsInf(quality, -1) {
				sigma := (models[1].Quality - models[0].Quality) / (models[1].Cost - models[0].Cost)
				half = ((quality-models[0].Quality)/(cost-models[0].Cost) - sigma) / sigma
			}
		}
	}
	expect("arena score", x.Published.Arena, arena)
	expect("PerfGain", x.Published.PerfGain, gain)
	expect("CostSave", x.Published.CostSave, save)
	expect("IBC halfway", x.Published.IBCHalfway, half)
	expect("cascade-routing AUC", x.Published.CascadeAUC, cascadeArea(points, models))
}

// cascadeArea adds up fine slices under the line through points.
func cascadeArea(points, models []curve.Point) float64 {
	if len(models) == 0 {
		return math.NaN()
	}
	lowest, from, to := math.Inf(1), math.Inf(1), math.Inf(-1)
	for _, m := range models {
		lowest, from, to = min(lowest, m.Quality), min(from, m.Cost), max(to, m.Cost)
	}
	if from == to {
		return math.NaN()
	}
	byCost := map[float64][2]float64{} // lowest and highest quality
	costs := []float64{from, to}
	for _, p := range points {
		cost := p.Cost
		for _, c := range costs { // equal but for rounding
			if math.Abs(c-cost) < 1e-12 {
				cost = c
			}
		}
		at, seen := byCost[cost]
		if !seen {
			costs, at = append(costs, cost), [2]float64{p.Quality, p.Quality}
		}
		byCost[cost] = [2]float64{min(at[0], p.Quality), max(at[1], p.Quality)}
	}
	var known []float64
	for c := range byCost {
		known = append(known, c)
	}
	slices.Sort(known)
	if known[0] > from {
		known, byCost[from] = slices.Insert(known, 0, from), [2]float64{lowest, lowest}
	}
	if last := known[len(known)-1]; last < to {
		known, byCost[to] = append(known, to), [2]float64{byCost[last][1], byCost[last][1]}
	}
	sum := 0.0
	for i := 1; i < len(known); i++ {
		a, b := known[i-1], known[i]
		left, right := max(a, from), min(b, to)
		if right <= left {
			continue
		}
		at := func(c float64) float64 { return byCost[a][1] + (byCost[b][0]-byCost[a][1])*(c-a)/(b-a) }
		sum += (right - left) * at((left+right)/2)
	}
	return sum / (to - from)
}

// checkDistances looks for the nearest frontier point of each setting.
func (r rows) checkDistances(expect expecter, got *Routes, models []curve.Point) {
	all := slices.Clone(models)
	for _, x := range got.Routers {
		all = append(all, hullPoints(x)...)
	}
	if len(all) == 0 {
		for _, x := range got.Routers {
			expect("distance", x.Published.ParetoDist, math.NaN())
		}
		return
	}
	byCost := func(p curve.Point) float64 { return p.Cost }
	byQuality := func(p curve.Point) float64 { return p.Quality }
	span := func(of func(curve.Point) float64) float64 {
		low, high := math.Inf(1), math.Inf(-1)
		for _, p := range all {
			low, high = min(low, of(p)), max(high, of(p))
		}
		if high == low {
			return math.Inf(1) // all are the same: no distance
		}
		return high - low
	}
	width, height := span(byCost), span(byQuality)
	for _, x := range got.Routers {
		sum := 0.0
		for _, p := range hullPoints(x) {
			nearest := math.Inf(1)
			for _, q := range all {
				if slices.ContainsFunc(all, func(o curve.Point) bool { return o.Cost <= q.Cost && o.Quality >= q.Quality && o != q }) {
					continue
				}
				nearest = min(nearest, math.Hypot((p.Cost-q.Cost)/width, (p.Quality-q.Quality)/height))
			}
			sum += nearest
		}
		expect("distance", x.Published.ParetoDist, sum/float64(len(x.Hull)))
	}
}

func TestTrends(t *testing.T) {
	scores := func(s ...float64) eval.Decision {
		return eval.Decision{Tier: slices.Index(s, slices.Max(s)), Scores: s}
	}
	all := []bool{true, true, true, false}
	// Means of the tier, less 1.
	got := Trends("c", []eval.Decision{scores(.5, .5, 0), scores(0, 0, 1), scores(1./3, 1./3, 1./3), scores(1, 0, 0)}, all)
	for i, want := range []float64{-.5, 1, 0, math.NaN()} {
		if !same(eval.Number(got.Scores[i]), want) {
			t.Errorf("decision %d: %g, expected %g", i, got.Scores[i], want)
		}
	}
	for name, decisions := range map[string][]eval.Decision{
		"tiers alone": {{Tier: 1}, {Tier: 0}, {Tier: 2}, {}},
		"mostly":      {{Tier: 1}, {Tier: 0}, scores(0, 0, 9), {}},
		"others'":     {{Tier: 1, Scores: []float64{9, 0, 0}}, scores(9, 0, 0), {Tier: 2, Scores: []float64{9, 0, 0}}, {}},
	} {
		got := Trends("c", decisions, all)
		if got.Scores[0] != 1 || got.Scores[1] != 0 || got.Scores[2] != 2 || !math.IsNaN(got.Scores[3]) {
			t.Errorf("%s: %v", name, got.Scores)
		}
	}
	many := make([]eval.Decision, 40)
	for i := range many {
		many[i] = scores(0, 0, 1)
	}
	many[7] = eval.Decision{Tier: 1} // a text without a vector
	if got := Trends("c", many, slices.Repeat([]bool{true}, 40)); got.Scores[7] != 0 || got.Scores[0] != 1 {
		t.Errorf("one without scores: %v", got.Scores[:8])
	}
}

// Held out, by definition: groups dealt to folds by their least ids, thresholds of
// the others, each request served anew, the line through the settings integrated
// in fine slices.
func TestHeldOutByDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for trial := range 12 {
		models, n := 2+trial%3, 60
		var r rows
		for i := range n {
			var quality, cost []float64
			u := rng.Float64()
			for k := range models {
				quality = append(quality, float64(count(rng.Float64() < .3+.6*float64(k)/float64(models-1)*u)))
				cost = append(cost, float64(1+2*k)+rng.Float64())
			}
			if i == 11 || i == 40 {
				cost[0] = math.NaN()
			}
			r.quality, r.cost, r.scores = append(r.quality, quality), append(r.cost, cost), append(r.scores, []float64{math.Floor(8 * u)})
			r.group = append(r.group, int32(i%[]int{60, 20, 4}[trial%3]))
		}
		traces, scorers := r.served(t)
		x, err := MeasureRoutes(t.Context(), traces, scorers, RouteOptions{Options: Options{Replicates: 20}})
		if err != nil {
			t.Fatal(err)
		}
		held, zero := r.heldOut(t, float64(x.Largest))
		if got := x.Routers[0]; !near(got.Held.Value, held) || !near(x.ZeroHeld, zero) || !near(got.HeldAbove.Value, held-zero) {
			t.Errorf("trial %d: %v and %v, expected %g and %g", trial, got.Held.Value, x.ZeroHeld, held, zero)
		}
		if band := x.Routers[0].CostBand; len(band) != bandCosts || !(band[20].Low < band[20].High) || band[20].High > 1 || band[20].Low < 0 {
			t.Errorf("trial %d: band %v", trial, band)
		}
	}
}

func near(got eval.Number, want float64) bool { return math.Abs(float64(got)-want) < 2e-4 } // of slices

func (r rows) heldOut(t *testing.T, end float64) (router, zero float64) {
	t.Helper()
	least := map[int32]string{}
	for i, g := range r.group {
		if id := fmt.Sprintf("%03d", i); least[g] == "" || id < least[g] {
			least[g] = id
		}
	}
	var total float64
	for cut := range cuts {
		at := func(g int32) float64 { return datasets.Uniform(fmt.Sprint("held out ", cut), least[g]) }
		fold, filled := map[int32]int{}, map[int]bool{}
		var groups []int32
		for g := range least {
			fold[g] = int(5 * at(g))
			filled[fold[g]] = true
			groups = append(groups, g)
		}
		if len(filled) < 5 {
			slices.SortFunc(groups, func(a, b int32) int { return cmp.Compare(at(a), at(b)) })
			for k, g := range groups {
				fold[g] = k % 5
			}
		}
		for f := range 5 {
			var test, fit []int
			for i := range r.quality {
				switch {
				case !r.priced(i):
				case fold[r.group[i]] == f:
					test = append(test, i)
				default:
					fit = append(fit, i)
				}
			}
			if len(test) == 0 {
				continue
			}
			models := len(r.quality[0])
			columns := func(of [][]float64) (out [][]float64) {
				for k := range models {
					out = append(out, pick(slice(of, k), fit))
				}
				return out
			}
			quality, cost := columns(r.quality), columns(r.cost)
			thresholds, err := chooseThresholds(pick(slice(r.scores, 0), fit), quality, cost)
			if err != nil {
				t.Fatal(err)
			}
			mean := func(model func(i int) int) (p curve.Point) {
				for _, i := range test {
					p.Quality += r.quality[i][model(i)] / float64(len(test))
					p.Cost += r.cost[i][model(i)] / float64(len(test))
				}
				return p
			}
			var settings, singles []curve.Point
			for _, of := range thresholds {
				settings = append(settings, mean(func(i int) int {
					m := 0
					for m < len(of) && r.scores[i][0] >= of[m] {
						m++
					}
					return m
				}))
			}
			for _, k := range onHull(quality, cost) {
				singles = append(singles, mean(func(int) int { return k }))
			}
			total += float64(len(test))
			router += float64(len(test)) * sliced(settings, end)
			zero += float64(len(test)) * sliced(singles, end)
		}
	}
	return router / total, zero / total
}

// sliced is the area under a line up to end, over end, in fine slices.
func sliced(points []curve.Point, end float64) float64 {
	const slices = 4000
	area := 0.0
	add := func(a, b curve.Point) {
		for k := range slices {
			at := func(k int) curve.Point {
				share := float64(k) / slices
				return curve.Point{Cost: a.Cost + share*(b.Cost-a.Cost), Quality: a.Quality + share*(b.Quality-a.Quality)}
			}
			if x, y := at(k), at(k+1); x.Cost <= end && y.Cost <= end {
				area += (y.Cost - x.Cost) * (x.Quality + y.Quality) / 2
			}
		}
	}
	for i := 1; i < len(points); i++ {
		add(points[i-1], points[i])
	}
	if last := points[len(points)-1]; last.Cost < end {
		add(last, curve.Point{Cost: end, Quality: last.Quality})
	}
	return area / end
}

// Copies of requests in one group are no further evidence.
func TestRouteIntervalsCountGroups(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	var once, twice rows
	for i := range 80 {
		u := rng.Float64()
		quality, cost, scores := []float64{float64(count(rng.Float64() < .3)), float64(count(rng.Float64() < .3+.6*u))}, []float64{1, 3}, []float64{u}
		for range 2 {
			twice.quality, twice.cost, twice.scores = append(twice.quality, quality), append(twice.cost, cost), append(twice.scores, scores)
			twice.group = append(twice.group, int32(i))
		}
		once.quality, once.cost, once.scores = append(once.quality, quality), append(once.cost, cost), append(once.scores, scores)
	}
	var got []Route
	for _, r := range []rows{once, twice} {
		traces, scorers := r.served(t)
		x, err := MeasureRoutes(t.Context(), traces, scorers, RouteOptions{Options: Options{Replicates: 100, Seed: 3}})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, x.Routers[0])
	}
	for i := range 2 {
		if !same(got[0].APGRCI[i], float64(got[1].APGRCI[i])) || !same(got[0].CPTCI["50"][i], float64(got[1].CPTCI["50"][i])) {
			t.Errorf("APGR %v and %v, CPT 50 %v and %v", got[0].APGRCI, got[1].APGRCI, got[0].CPTCI["50"], got[1].CPTCI["50"])
		}
	}
}

// Models whose qualities come to the same have no APGR, and no interval of it,
// though half of the resamples have one.
func TestUndefinedHasNoInterval(t *testing.T) {
	var r rows
	for i := range 60 {
		quality := []float64{.5, .5}
		switch {
		case i == 0:
			quality = []float64{1, 0}
		case i <= 20:
			quality = []float64{0, .05}
		}
		r.quality, r.cost, r.scores = append(r.quality, quality), append(r.cost, []float64{0, 0}), append(r.scores, []float64{float64(i)})
	}
	traces, scorers := r.served(t)
	x, err := MeasureRoutes(t.Context(), traces, scorers, RouteOptions{Options: Options{Replicates: 100}})
	if err != nil {
		t.Fatal(err)
	}
	if got := x.Routers[0]; x.Undefined == "" || got.APGR.Defined() || got.APGRCI[0].Defined() || got.CPTCI["50"][0].Defined() || !got.AUCCI[0].Defined() || got.Held.Value.Defined() {
		t.Errorf("%q, %+v", x.Undefined, got)
	}
}
