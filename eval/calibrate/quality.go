package calibrate

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/curve"
	"github.com/routeproof/routeproof/internal/wording"
)

// A Graded is a request that every model of a ladder answered. The order of
// models is the ladder's, cheapest first; the last is the dearest.
type Graded struct {
	ID      string
	Group   string    // requests of a group are one piece of evidence; empty: its own
	Score   float64   // of the router: the higher, the more difficult; NaN: none, goes to the dearest
	Quality []float64 // by model, 0 to 1
	Cost    []float64 // by model, USD; nil: unknown
}

func keyOfGraded(g *Graded) (id, group string) { return g.ID, g.Group }

// QualityLoss finds the cheapest setting of a router with a certified loss of
// quality against always asking the dearest model: the mean of the dearest's
// quality less that of the model asked, each from −1 to 1, is at most
// level.Risk.
//
// Between two models settings are thresholds of the score, the distinct ones of
// tune, at most 200, evenly by rank, in the order of how many requests they keep
// from the dearest. Between more they are those on the hull of quality and cost
// on tune ([curve.Order.Divide]) with others between them, by what they cost on
// tune, dearest first; where costs are unknown, asking the last model costs 1 and
// another 0. Always asking the dearest loses nothing and is no setting.
//
// Each is tested by betting, [stats.RiskBetting], on the requests in the order
// of a hash of salt and id, which must not be chosen by what comes out. It takes
// O(n log n + n·settings). Beside the errors of [Acceptance] it is one where
// requests differ in their models, a quality is outside [0, 1], or a cost is
// known of some only.
func QualityLoss(tune, certify []Graded, level Level, salt string) (Result, error) {
	if err := level.Check(); err != nil {
		return Result{}, err
	}
	if err := checkGraded(tune, certify); err != nil {
		return Result{}, err
	}
	t, c, err := split(tune, certify, keyOfGraded)
	if err != nil {
		return Result{}, err
	}
	settings, err := settingsOf(t)
	if err != nil {
		return Result{}, err
	}
	q := &betting{level.test(), settings, shuffled(t, salt), shuffled(c, salt)}
	r := q.result()
	r.LeftOut = len(certify) - len(c)
	return r, nil
}

func checkGraded(splits ...[]Graded) error {
	models, priced := -1, false
	for _, rows := range splits {
		for _, g := range rows {
			if models < 0 {
				models, priced = len(g.Quality), g.Cost != nil
			}
			costs := 0
			if priced {
				costs = models
			}
			switch {
			case len(g.Quality) != models || models < 2:
				return fmt.Errorf("request %s: expected the quality of two or more models, the same for all, found %d", wording.Quote(g.ID), len(g.Quality))
			case len(g.Cost) != costs:
				return fmt.Errorf("request %s: expected %s, as others have, found %d", wording.Quote(g.ID), wording.Plural(costs, "cost"), len(g.Cost))
			case slices.ContainsFunc(g.Quality, func(v float64) bool { return !(v >= 0 && v <= 1) }):
				return fmt.Errorf("request %s: expected qualities from 0 to 1, found %g", wording.Quote(g.ID), g.Quality)
			case slices.ContainsFunc(g.Cost, func(v float64) bool { return !(v >= 0 && !math.IsInf(v, 1)) }):
				return fmt.Errorf("request %s: expected costs of at least 0, found %g", wording.Quote(g.ID), g.Cost)
			}
		}
	}
	return nil
}

// shuffled puts rows in the order of a hash.
func shuffled(rows []Graded, salt string) []Graded {
	type keyed struct {
		at float64
		Graded
	}
	all := make([]keyed, len(rows))
	for i, g := range rows {
		all[i] = keyed{datasets.Uniform(salt, g.ID), g}
	}
	slices.SortFunc(all, func(a, b keyed) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.ID, b.ID)) })
	out := make([]Graded, len(rows))
	for i, k := range all {
		out[i] = k.Graded
	}
	return out
}

// settingsOf returns the settings that tune offers, strictest first: for each
// model but the first the score from which requests go to it or a dearer one.
func settingsOf(tune []Graded) ([][]float64, error) {
	scored := slices.DeleteFunc(slices.Clone(tune), func(g Graded) bool { return math.IsNaN(g.Score) })
	if len(scored) == 0 {
		return nil, nil
	}
	if scored[0].models() > 2 {
		return pathOf(scored)
	}
	easiness := make([]float64, len(scored))
	for i, g := range scored {
		easiness[i] = -g.Score
	}
	var settings [][]float64
	distinct := slices.Sorted(slices.Values(easiness))
	for _, e := range grid(easiness) {
		next := math.Inf(1) // the least score that is kept from the cheap model
		if at, _ := slices.BinarySearch(distinct, e); at > 0 {
			next = -distinct[at-1]
		}
		settings = append(settings, []float64{next})
	}
	return settings, nil
}

// pathOf returns settings along the hull of quality and cost, dearest first: its
// own and, from always asking the dearest on, about evenly many more between
// every two, whose thresholds lie between theirs.
func pathOf(rows []Graded) ([][]float64, error) {
	scores := make([]float64, len(rows))
	quality, cost := make([][]float64, rows[0].models()), make([][]float64, rows[0].models())
	for i := range rows {
		g := &rows[i]
		scores[i] = max(-math.MaxFloat64, min(math.MaxFloat64, g.Score))
		for m := range quality {
			quality[m], cost[m] = append(quality[m], g.Quality[m]), append(cost[m], g.cost(m))
		}
	}
	order, err := curve.NewOrder(scores)
	if err != nil {
		return nil, err
	}
	hull, _ := order.Divide(quality, cost, mostSettings)
	slices.Reverse(hull)
	ascending := append(order.Ascending(scores), math.Inf(1)) // from there on none
	ascending[0] = math.Inf(-1)                               // all, also of lower scores than were seen
	var settings [][]float64
	for _, below := range path(hull, len(quality)-1) {
		from := make([]float64, len(below))
		for m, k := range below {
			from[m] = ascending[k]
		}
		settings = append(settings, from)
	}
	return dearestFirst(rows, settings), nil
}

// path goes along mixes, from none below any threshold on, in at most
// mostSettings steps and one for each mix. It returns how many requests are below
// each threshold.
func path(mixes []curve.Mix, thresholds int) (out [][]int) {
	total, at := 0, make([]int, thresholds)
	for _, mix := range mixes {
		total += distance(at, mix.From)
		at = mix.From
	}
	at = make([]int, thresholds)
	for _, mix := range mixes {
		steps := 1
		if total > 0 {
			steps = max(1, distance(at, mix.From)*mostSettings/total)
		}
		for k := 1; k <= steps; k++ {
			step := make([]int, thresholds)
			for m := range step {
				step[m] = at[m] + (mix.From[m]-at[m])*k/steps
			}
			out = append(out, step)
		}
		at = mix.From
	}
	return out
}

// distance is by how many requests the threshold moves that moves furthest.
func distance(a, b []int) int {
	d := 0
	for m := range a {
		d = max(d, a[m]-b[m], b[m]-a[m])
	}
	return d
}

// dearestFirst sorts settings by what they cost, in their order where it is the
// same, and leaves out what asks the dearest model alone and what stands twice.
func dearestFirst(rows []Graded, settings [][]float64) [][]float64 {
	type priced struct {
		from []float64
		cost float64
	}
	var all []priced
	for _, from := range settings {
		p := priced{from: from}
		for i := range rows {
			p.cost += rows[i].cost(rows[i].model(from))
		}
		if !math.IsInf(from[len(from)-1], -1) {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b priced) int { return cmp.Compare(b.cost, a.cost) })
	all = slices.CompactFunc(all, func(a, b priced) bool { return slices.Equal(a.from, b.from) })
	out := make([][]float64, len(all))
	for i, p := range all {
		out[i] = p.from
	}
	return out
}

func (g *Graded) models() int { return len(g.Quality) }

func (g *Graded) cost(model int) float64 {
	switch {
	case g.Cost != nil:
		return g.Cost[model]
	case model == g.models()-1:
		return 1
	}
	return 0
}

// model is the one that a request goes to.
func (g *Graded) model(from []float64) int {
	m := 0
	for m < len(from) && !(g.Score < from[m]) { // never below NaN: the last
		m++
	}
	return m
}

// lossesOf are how much quality each request loses against the dearest model.
func lossesOf(rows []Graded, from []float64) []float64 {
	losses := make([]float64, len(rows))
	for i := range rows {
		g := &rows[i]
		losses[i] = g.Quality[len(g.Quality)-1] - g.Quality[g.model(from)]
	}
	return losses
}
