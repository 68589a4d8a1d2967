package simulate

import (
	"fmt"
	"math"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
	"github.com/routeproof/routeproof/eval/stats"
)

// recovered are the shares of the gap between weak and strong that CPT is given
// for.
func recovered() []float64 { return []float64{.2, .5, .8} }

// CPTs are call-performance thresholds by percent of the gap recovered.
type CPTs map[string]eval.Number

func cptsOf(values []float64) CPTs {
	return CPTs{"20": eval.Number(values[0]), "50": eval.Number(values[1]), "80": eval.Number(values[2])}
}

func noCPTs() CPTs { return cptsOf([]float64{math.NaN(), math.NaN(), math.NaN()}) }

// Routes are routers by score, on the requests that every model answered, with
// known quality, and every router scored. Null is undefined or unknown.
type Routes struct {
	N         int          `json:"n"`
	LeftOut   int          `json:"left_out"`
	Priced    int          `json:"priced"`      // of n, requests whose cost is known of every model: costs, hulls and AIQ are over these; there are none where these are under 95 %
	Models    []RouteModel `json:"models"`      // in the ladder's order, cheapest first
	Zero      curve.Hull   `json:"zero_router"` // random mixes of single models: the hull of their costs and qualities
	ZeroAIQ   eval.Number  `json:"zero_aiq"`
	Oracle    RouteOracle  `json:"oracle"`
	Cheapest  RouteOracle  `json:"cheapest_correct"`    // the cheapest model that is right, and the cheapest of all where none is
	Undefined string       `json:"undefined,omitempty"` // why there is no APGR and no CPT
	Largest   eval.Number  `json:"aiq_to_cost_usd"`     // the cost up to which AIQ goes: the largest of any router or model
	Routers   []Route      `json:"routers"`
}

// A RouteModel is one model for everything.
type RouteModel struct {
	Name    string      `json:"name"`
	Tier    string      `json:"tier"`
	Quality eval.Number `json:"quality"`
	CostUSD eval.Number `json:"cost_usd"` // mean of a request
}

// A RouteOracle knows the qualities. Between two models, APGR and CPT are those
// of routing by the difference of qualities.
type RouteOracle struct {
	Quality     eval.Number `json:"quality"`
	CostUSD     eval.Number `json:"cost_usd"`
	OfLast      eval.Number `json:"cost_of_last"` // as a share of the last model's cost
	StrongShare eval.Number `json:"strong_share"` // of requests that go to the last model
	APGR        eval.Number `json:"apgr"`
	CPT         CPTs        `json:"cpt,omitempty"`
}

// A Route is one router at every threshold of its score.
type Route struct {
	Name       string         `json:"name"`
	Thresholds int            `json:"thresholds"` // distinct scores
	AUC        eval.Number    `json:"auc"`
	APGR       eval.Number    `json:"apgr"`
	APGRCI     [2]eval.Number `json:"apgr_ci"`         // 95 %, bootstrap over groups
	OfOracle   eval.Number    `json:"apgr_of_oracle"`  // as a share of the oracle's
	Less       eval.Estimate  `json:"apgr_less_first"` // paired, against the first router
	CPT        CPTs           `json:"cpt"`
	Deciles    *Deciles       `json:"routellm_deciles,omitempty"`
	AIQ        eval.Number    `json:"aiq"`       // of the non-decreasing hull, over its cost, as RouterBench's code divides
	AIQPaper   eval.Number    `json:"aiq_paper"` // over the range of cost, as its paper does
	Hull       curve.Hull     `json:"hull"`      // of mean cost and quality at all thresholds; of ordered ones between more than two models
	Truncated  bool           `json:"hull_truncated,omitempty"`
	Steps      []RouteStep    `json:"-"` // between two models, every threshold
}

// A RouteStep is what sending requests of a score from Threshold on to the
// second of two models comes to.
type RouteStep struct {
	Threshold eval.Number // none in the first: nothing is sent
	Share     float64     // of requests that are sent
	Quality   float64
	CostUSD   eval.Number // mean of a request
}

// Deciles are measures as RouteLLM's evaluation takes them.
type Deciles struct {
	APGR eval.Number `json:"apgr"`
	CPT  CPTs        `json:"cpt"`
	Why  string      `json:"undefined,omitempty"`
}

// mostHull bounds the points of a hull between more than two models.
const mostHull = 500

// RouteOptions say how routers are measured.
type RouteOptions struct {
	Options
	Deciles bool
}

// MeasureRoutes measures routers by score between models that each served the
// same requests, see [Singles]. A request that some model did not answer, or whose
// quality or score is unknown, is left out. It takes O(n log n) a router, and O(n)
// a replicate.
func MeasureRoutes(singles []*Trace, scorers []Scorer, o RouteOptions) (*Routes, error) {
	m := newMatrix(singles, scorers)
	out := &Routes{N: len(m.group), LeftOut: len(singles[0].Group) - len(m.group), Priced: m.priced}
	if out.N == 0 {
		return nil, ErrNothing
	}
	models := singles[0].Models
	var points []curve.Point
	for k, model := range models {
		x := RouteModel{Name: model.Name, Tier: model.Tier, Quality: eval.Number(average(m.quality[k])), CostUSD: eval.Number(math.NaN())}
		if m.hasCosts {
			p := curve.Point{Quality: average(m.ofPriced(m.quality[k])), Cost: average(m.ofPriced(m.cost[k]))}
			x.CostUSD = eval.Number(p.Cost)
			points = append(points, p)
		}
		out.Models = append(out.Models, x)
	}
	if m.hasCosts {
		out.Zero = curve.NewHull(points)
	}
	last := float64(out.Models[len(models)-1].CostUSD)
	out.Oracle = m.oracle(false, last)
	out.Cheapest = m.oracle(true, last)
	if err := m.measure(out, scorers, o); err != nil {
		return nil, err
	}
	m.aiq(out, points)
	return out, nil
}

// measure goes through the thresholds of every router.
func (m *matrix) measure(out *Routes, scorers []Scorer, o RouteOptions) error {
	nan := eval.Number(math.NaN())
	two := len(m.quality) == 2
	out.Oracle.CPT = noCPTs()
	var orders []*curve.Order
	quality, cost := m.allOfPriced(m.quality), m.allOfPriced(m.cost)
	for k, s := range scorers {
		order, err := curve.NewOrder(m.scores[k])
		if err != nil {
			return err
		}
		orders = append(orders, order)
		r := Route{
			Name: s.Name, Thresholds: order.Thresholds(), AUC: nan, APGR: nan, APGRCI: [2]eval.Number{nan, nan}, OfOracle: nan,
			Less: eval.Estimate{Value: nan, Low: nan, High: nan}, CPT: noCPTs(), AIQ: nan, AIQPaper: nan,
		}
		if two {
			c := order.TwoModels(m.quality[0], m.quality[1], nil)
			r.AUC, r.Steps = eval.Number(c.Area), m.steps(order, c, m.scores[k])
		}
		if m.hasCosts {
			priced, err := curve.NewOrder(m.ofPriced(m.scores[k]))
			if err != nil {
				return err
			}
			mixes, more := priced.Divide(quality, cost, mostHull)
			for _, x := range mixes {
				r.Hull = append(r.Hull, x.Point)
			}
			r.Truncated = more
		}
		if o.Deciles {
			r.Deciles = m.deciles(k, two)
		}
		out.Routers = append(out.Routers, r)
	}
	if !two {
		out.Undefined = fmt.Sprintf("APGR and CPT are about two models, the ladder has %d", len(m.quality))
		return nil
	}
	oracle, err := curve.NewOrder(curve.Differences(m.quality[0], m.quality[1]))
	if err != nil {
		return err
	}
	best := oracle.Measure(m.quality[0], m.quality[1], nil, recovered(), make([]float64, 3))
	if !(best.Strong > best.Weak) {
		out.Undefined = curve.ErrNotBetter.Error()
		return nil
	}
	out.Oracle.APGR, out.Oracle.CPT = eval.Number(best.APGR), cptsOf(best.CPT)
	for k, order := range orders {
		r := &out.Routers[k]
		x := order.Measure(m.quality[0], m.quality[1], nil, recovered(), make([]float64, 3))
		r.APGR, r.CPT, r.OfOracle = eval.Number(x.APGR), cptsOf(x.CPT), eval.Number(x.APGR/best.APGR)
	}
	m.resample(out, orders, o.Options)
	return nil
}

// steps are the points of a curve, with costs: a curve too.
func (m *matrix) steps(order *curve.Order, quality *curve.Curve, scores []float64) []RouteStep {
	weights := make([]float64, len(m.known))
	for i, known := range m.known {
		weights[i] = float64(count(known))
	}
	cost := order.TwoModels(m.cost[0], m.cost[1], weights)
	out := make([]RouteStep, len(quality.Share))
	for k := range out {
		out[k] = RouteStep{Threshold: eval.Number(math.NaN()), Share: quality.Share[k], Quality: quality.Quality[k], CostUSD: eval.Number(cost.Quality[k])}
	}
	for k, threshold := range order.Distinct(scores) {
		out[k+1].Threshold = eval.Number(threshold)
	}
	return out
}

func (m *matrix) deciles(router int, two bool) *Deciles {
	nan := eval.Number(math.NaN())
	d := &Deciles{APGR: nan, CPT: noCPTs()}
	if !two {
		d.Why = "deciles are about two models"
		return d
	}
	apgr, cpt, ok := curve.RouteLLMDeciles(m.scores[router], m.quality[0], m.quality[1])
	if !ok {
		d.Why = "two deciles of the scores are equal, or the strong model is not better"
		return d
	}
	d.APGR, d.CPT = eval.Number(apgr), cptsOf(cpt[:])
	return d
}

// resample fills in the intervals of APGR and of the differences to the first
// router: groups are drawn for all routers at once.
func (m *matrix) resample(out *Routes, orders []*curve.Order, o Options) {
	if m.groups < 2 || len(orders) == 0 {
		return
	}
	replicates := make([][]float64, len(orders))
	weights, cpt := make([]float64, len(m.group)), make([]float64, 0)
	stats.Resample(m.groups, o.Replicates, o.Seed, func(_ int, drawn []float64) {
		for i, g := range m.group {
			weights[i] = drawn[g]
		}
		for k, order := range orders {
			replicates[k] = append(replicates[k], order.Measure(m.quality[0], m.quality[1], weights, nil, cpt).APGR)
		}
	})
	for k := range orders {
		r := &out.Routers[k]
		i := stats.Percentile(replicates[k], confidence)
		r.APGRCI = [2]eval.Number{eval.Number(i.Low), eval.Number(i.High)}
		if k == 0 {
			continue
		}
		less := make([]float64, len(replicates[k]))
		for b := range less {
			less[b] = replicates[k][b] - replicates[0][b]
		}
		d := stats.Percentile(less, confidence)
		r.Less = eval.Estimate{Value: r.APGR - out.Routers[0].APGR, Low: eval.Number(d.Low), High: eval.Number(d.High)}
	}
}

// aiq takes the average improvement in quality of every router up to the
// largest cost that any of them, or any model, has.
func (m *matrix) aiq(out *Routes, models []curve.Point) {
	out.Largest, out.ZeroAIQ = eval.Number(math.NaN()), eval.Number(math.NaN())
	if !m.hasCosts {
		return
	}
	largest := 0.0
	for _, p := range models {
		largest = max(largest, p.Cost)
	}
	for _, r := range out.Routers {
		largest = max(largest, r.Hull[len(r.Hull)-1].Cost)
	}
	out.Largest = eval.Number(largest)
	zero, _ := out.Zero.AIQ(largest)
	out.ZeroAIQ = eval.Number(zero)
	for k := range out.Routers {
		r := &out.Routers[k]
		code, paper := r.Hull.AIQ(largest)
		r.AIQ, r.AIQPaper = eval.Number(code), eval.Number(paper)
	}
}
