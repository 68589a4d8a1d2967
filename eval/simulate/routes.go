package simulate

import (
	"context"
	"fmt"
	"math"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
)

// MeasureRoutes measures routers by score between models that each served the
// same requests, see [Singles]. A request that some model did not answer, or whose
// quality or score is unknown, is left out. It takes O(n log n) a router, and O(n)
// a replicate, and ends with ctx's error where that is done before.
func MeasureRoutes(ctx context.Context, singles []*Trace, scorers []Scorer, o RouteOptions) (*Routes, error) {
	m, err := newMatrix(singles, scorers)
	if err != nil {
		return nil, err
	}
	out := &Routes{N: len(m.group), LeftOut: singles[0].Requests.Len() - len(m.group), Priced: m.cost.count, Timed: m.latency.count}
	if out.N == 0 {
		return nil, ErrNothing
	}
	models := singles[0].Models
	for k, model := range models {
		out.Models = append(out.Models, RouteModel{
			Name: model.Name, Tier: model.Tier, Quality: eval.Number(average(m.quality[k])),
			CostUSD: eval.Number(m.cost.mean(k)), LatencyMS: eval.Number(m.latency.mean(k)),
		})
	}
	m.singles = m.alone()
	out.Zero = curve.NewHull(m.singles)
	last := float64(out.Models[len(models)-1].CostUSD)
	out.Oracle = m.oracle(false, last)
	out.Cheapest = m.oracle(true, last)
	runs, err := m.measure(out, scorers, o)
	if err != nil {
		return nil, err
	}
	out.Alone = m.singles
	points := m.singles
	for _, r := range runs {
		points = append(points[:len(points):len(points)], r.points...)
	}
	out.Frontier = curve.Frontier(points)
	m.aiq(out)
	held, err := m.measureHeldOut(out)
	if err != nil {
		return nil, err
	}
	if err := m.resample(ctx, out, runs, held, o.Options); err != nil {
		return nil, err
	}
	if o.AllMetrics {
		m.published(out, runs)
	}
	return out, nil
}

// A ranking is the requests by one router's score.
type ranking struct {
	all    *curve.Order
	points []curve.Point // over priced requests: of every threshold between two models, of the hull between more
}

// measure goes through the thresholds of every router.
func (m *matrix) measure(out *Routes, scorers []Scorer, o RouteOptions) ([]ranking, error) {
	two := len(m.quality) == 2
	var rankings []ranking
	for k, s := range scorers {
		order, err := curve.NewOrder(m.scores[k])
		if err != nil {
			return nil, err
		}
		x := ranking{all: order}
		r := Route{
			Name: s.Name, Thresholds: order.Thresholds(), AUC: nan(), AUCCI: noRange(), APGR: nan(), APGRCI: noRange(), OfOracle: nan(),
			Less: noEstimate(nan()), CPT: noCPTs(), CPTCI: byRecovered(func(int) Range { return noRange() }),
			AIQ: nan(), AIQPaper: nan(), Held: noEstimate(nan()), HeldLess: noEstimate(nan()), HeldAbove: noEstimate(nan()),
		}
		if two {
			c := order.TwoModels(m.quality[0], m.quality[1], nil)
			r.AUC = eval.Number(c.Area)
			r.Steps, x.points = m.steps(order, c, m.scores[k])
		}
		if m.cost.enough {
			if err := m.hull(&r, &x, k); err != nil {
				return nil, err
			}
		}
		if o.Deciles {
			r.Deciles = m.deciles(k, two)
		}
		out.Routers = append(out.Routers, r)
		rankings = append(rankings, x)
	}
	return rankings, m.apgr(out, rankings)
}

// noEstimate is a value without an interval.
func noEstimate(value eval.Number) eval.Estimate {
	return eval.Estimate{Value: value, Low: nan(), High: nan()}
}

// apgr fills in APGR and CPT, or says why there are none.
func (m *matrix) apgr(out *Routes, rankings []ranking) error {
	out.Oracle.CPT = noCPTs()
	if len(m.quality) != 2 {
		out.Undefined = fmt.Sprintf("APGR and CPT are about two models, the ladder has %d", len(m.quality))
		return nil
	}
	gains := curve.Differences(m.quality[0], m.quality[1])
	oracle, err := curve.NewOrder(gains)
	if err != nil {
		return err
	}
	out.Oracle.Steps, _ = m.steps(oracle, oracle.TwoModels(m.quality[0], m.quality[1], nil), gains)
	var best, x curve.Measures
	at := curve.Grid{Recovered: recovered()}
	oracle.Measure(m.quality[0], m.quality[1], nil, at, &best)
	if !curve.Better(best.Strong, best.Weak) {
		out.Undefined = curve.ErrNotBetter.Error()
		return nil
	}
	out.Oracle.APGR, out.Oracle.CPT = eval.Number(best.APGR), cptsOf(best.CPT)
	for k := range rankings {
		r := &out.Routers[k]
		rankings[k].all.Measure(m.quality[0], m.quality[1], nil, at, &x)
		r.APGR, r.CPT, r.OfOracle = eval.Number(x.APGR), cptsOf(x.CPT), eval.Number(x.APGR/best.APGR)
	}
	return nil
}

// steps are the points of a curve between two models. Costs and latencies are
// curves too. points are over the priced requests alone, in quality too; there
// are none without costs.
func (m *matrix) steps(order *curve.Order, quality *curve.Curve, scores []float64) (steps []RouteStep, points []curve.Point) {
	priced, timed := m.cost.weights(), m.latency.weights()
	cost := order.TwoModels(m.cost.of[0], m.cost.of[1], priced)
	ofPriced := order.TwoModels(m.quality[0], m.quality[1], priced)
	latency := order.TwoModels(m.latency.of[0], m.latency.of[1], timed)
	slow := order.Quantiles(m.latency.marked(0), m.latency.marked(1), []float64{.5, .95})
	steps = make([]RouteStep, len(quality.Share))
	for k := range steps {
		s := &steps[k]
		*s = RouteStep{
			Threshold: nan(), Share: quality.Share[k], Quality: quality.Quality[k], CostUSD: eval.Number(cost.Quality[k]),
			LatencyMS: eval.Number(latency.Quality[k]), P50: eval.Number(slow[0][k]), P95: eval.Number(slow[1][k]), Arena: nan(), IBC: nan(),
		}
		if !m.cost.enough {
			continue
		}
		p := curve.Point{Cost: cost.Quality[k], Quality: ofPriced.Quality[k]}
		points = append(points, p)
		s.Arena = arena(p)
		if s.Share > 0 {
			s.IBC = eval.Number(curve.IBC(p, m.singles[0], m.singles[1]))
		}
	}
	for k, threshold := range order.Distinct(scores) {
		steps[k+1].Threshold = eval.Number(threshold)
	}
	return steps, points
}

// hull fills in the best thresholds of router k.
func (m *matrix) hull(r *Route, x *ranking, k int) error {
	scores := m.cost.only(m.scores[k])
	order, err := curve.NewOrder(scores)
	if err != nil {
		return err
	}
	mixes, more := order.Divide(m.cost.onlyOf(m.quality), m.cost.onlyOf(m.cost.of), mostHull)
	r.Truncated = more
	ascending := order.Ascending(scores)
	n := len(ascending)
	for _, mix := range mixes {
		out := RouteMix{Point: mix.Point, LatencyMS: nan(), Arena: arena(mix.Point)}
		begin := 0
		for _, from := range mix.From {
			out.Shares = append(out.Shares, float64(from-begin)/float64(n))
			begin = from
			threshold := nan()
			if from < n {
				threshold = eval.Number(ascending[from])
			}
			out.Thresholds = append(out.Thresholds, threshold)
		}
		out.Shares = append(out.Shares, float64(n-begin)/float64(n))
		r.Hull = append(r.Hull, out)
		if len(m.quality) > 2 {
			x.points = append(x.points, mix.Point)
		}
	}
	return m.hullLatency(r, k)
}

// hullLatency fills in the mean latency of each setting of a hull.
func (m *matrix) hullLatency(r *Route, k int) error {
	if !m.latency.enough {
		return nil
	}
	scores := m.latency.only(m.scores[k])
	order, err := curve.NewOrder(scores)
	if err != nil {
		return err
	}
	means := order.Means(scores, m.latency.onlyOf(m.latency.of))
	for i := range r.Hull {
		thresholds := make([]float64, len(r.Hull[i].Thresholds))
		for j, t := range r.Hull[i].Thresholds {
			if thresholds[j] = float64(t); !t.Defined() {
				thresholds[j] = math.Inf(1)
			}
		}
		r.Hull[i].LatencyMS = eval.Number(means(thresholds))
	}
	return nil
}

func (m *matrix) deciles(router int, two bool) *Deciles {
	d := &Deciles{APGR: nan(), CPT: noCPTs()}
	if !two {
		d.Why = "deciles are about two models"
		return d
	}
	apgr, cpt, ok := curve.RouteLLMDeciles(m.scores[router], m.quality[0], m.quality[1])
	if !ok {
		if d.Why = "two deciles of the scores are equal"; !curve.Better(average(m.quality[1]), average(m.quality[0])) {
			d.Why = curve.ErrNotBetter.Error()
		}
		return d
	}
	d.APGR, d.CPT = eval.Number(apgr), cptsOf(cpt[:])
	return d
}

// aiq takes the average improvement in quality of every router up to the
// largest cost that any of them, or any model, has.
func (m *matrix) aiq(out *Routes) {
	out.Largest, out.ZeroAIQ, out.ZeroHeld = nan(), nan(), nan()
	if !m.cost.enough {
		return
	}
	largest := dearestOf(m.singles)
	hulls := make([]curve.Hull, len(out.Routers))
	for k, r := range out.Routers {
		for _, x := range r.Hull {
			hulls[k] = append(hulls[k], x.Point)
		}
		largest = max(largest, dearestOf(hulls[k]))
	}
	out.Largest = eval.Number(largest)
	zero, _ := out.Zero.AIQ(largest)
	out.ZeroAIQ = eval.Number(zero)
	for k := range out.Routers {
		r := &out.Routers[k]
		code, paper := hulls[k].AIQ(largest)
		r.AIQ, r.AIQPaper = eval.Number(code), eval.Number(paper)
	}
}

// dearestOf is the largest cost of points.
func dearestOf(points []curve.Point) float64 {
	largest := 0.0
	for _, p := range points {
		largest = max(largest, p.Cost)
	}
	return largest
}
