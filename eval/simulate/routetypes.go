package simulate

import (
	"fmt"
	"math"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/curve"
)

// recovered are the shares of the gap between weak and strong that CPT is given
// for.
func recovered() []float64 { return []float64{.2, .5, .8} }

// By are figures by percent of the gap recovered: 20, 50 and 80.
type By[T any] map[string]T

func byRecovered[T any](of func(k int) T) By[T] {
	out := By[T]{}
	for k, q := range recovered() {
		out[fmt.Sprint(math.Round(100*q))] = of(k)
	}
	return out
}

// CPTs are call-performance thresholds.
type CPTs = By[eval.Number]

func cptsOf(values []float64) CPTs {
	return byRecovered(func(k int) eval.Number { return eval.Number(values[k]) })
}

func noCPTs() CPTs { return byRecovered(func(int) eval.Number { return nan() }) }

func nan() eval.Number { return eval.Number(math.NaN()) }

// Range is an interval of 95 %, by bootstrap over groups; null where there is none.
type Range [2]eval.Number

func noRange() Range { return Range{nan(), nan()} }

// Routes are routers by score, on the requests that every model answered, with
// known quality, and every router scored. Null is undefined or unknown.
type Routes struct {
	N         int          `json:"n"`
	LeftOut   int          `json:"left_out"`
	Priced    int          `json:"priced"`      // of n, requests whose cost is known of every model: costs, hulls and AIQ are over these; there are none where these are under 95 %
	Timed     int          `json:"timed"`       // of n, requests whose latency is known of every model: latencies are over these; there are none where these are under 95 %
	Models    []RouteModel `json:"models"`      // in the ladder's order, cheapest first
	Zero      curve.Hull   `json:"zero_router"` // random mixes of single models: the hull of their costs and qualities
	ZeroAIQ   eval.Number  `json:"zero_aiq"`
	ZeroHeld  eval.Number  `json:"zero_aiq_held_out"` // with mixes chosen on other requests, see Route
	Oracle    RouteOracle  `json:"oracle"`
	Cheapest  RouteOracle  `json:"cheapest_correct"`    // the cheapest model that is right, and the cheapest of all where none is
	Undefined string       `json:"undefined,omitempty"` // why there is no APGR and no CPT
	Largest   eval.Number  `json:"aiq_to_cost_usd"`     // the cost up to which AIQ goes: the largest of any router or model
	Routers   []Route      `json:"routers"`

	Alone    []curve.Point `json:"-"` // each model, over the priced requests
	Frontier []curve.Point `json:"-"` // Pareto frontier of models and of every threshold between two, or of the hulls' settings between more; over the priced requests
}

// A RouteModel is one model for everything.
type RouteModel struct {
	Name      string       `json:"name"`
	Tier      string       `json:"tier"`
	Quality   eval.Number  `json:"quality"`
	CostUSD   eval.Number  `json:"cost_usd"`   // mean of a request
	LatencyMS eval.Number  `json:"latency_ms"` // mean of a request
	Arena     *eval.Number `json:"arena_score,omitempty"`
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

	Priced curve.Point `json:"-"` // over the priced requests
	Steps  []RouteStep `json:"-"` // between two models, of routing by the difference of qualities
}

// A Route is one router at every threshold of its score.
type Route struct {
	Name       string        `json:"name"`
	Thresholds int           `json:"thresholds"` // distinct scores
	AUC        eval.Number   `json:"auc"`
	AUCCI      Range         `json:"auc_ci"`
	APGR       eval.Number   `json:"apgr"`
	APGRCI     Range         `json:"apgr_ci"`
	OfOracle   eval.Number   `json:"apgr_of_oracle"`  // as a share of the oracle's
	Less       eval.Estimate `json:"apgr_less_first"` // paired, against the first router
	CPT        CPTs          `json:"cpt"`
	CPTCI      By[Range]     `json:"cpt_ci"`
	Deciles    *Deciles      `json:"routellm_deciles,omitempty"`
	AIQ        eval.Number   `json:"aiq"`          // of the non-decreasing hull, over the largest cost, as RouterBench's code divides
	AIQPaper   eval.Number   `json:"aiq_paper"`    // over the range of cost, as its paper does
	Held       eval.Estimate `json:"aiq_held_out"` // thresholds chosen on four fifths of the groups and measured on the fifth, in turn; null where there is one group
	HeldLess   eval.Estimate `json:"aiq_held_out_less_first"`
	HeldAbove  eval.Estimate `json:"aiq_held_out_less_zero"` // paired, against the zero router
	Hull       []RouteMix    `json:"hull"`                   // the non-decreasing hull of mean cost and quality at all thresholds; of ordered ones between more than two models
	Truncated  bool          `json:"hull_truncated,omitempty"`
	Published  *Published    `json:"all_metrics,omitempty"`

	Steps     []RouteStep `json:"-"` // between two models, every threshold
	CostBand  []Band      `json:"-"` // of quality by cost, held out
	ShareBand []Band      `json:"-"` // between two models, of quality by share
}

// A RouteMix is a router at one choice of thresholds between the ladder's models.
type RouteMix struct {
	curve.Point
	LatencyMS  eval.Number   `json:"latency_ms"`
	Arena      eval.Number   `json:"-"`
	Thresholds []eval.Number `json:"thresholds"` // scores from which requests go to the second model or higher, to the third, …; null: none does. The lowest score seen stands for all
	Shares     []float64     `json:"shares"`     // of requests that each model gets
}

// A RouteStep is what sending requests of a score from Threshold on to the
// second of two models comes to. Latencies are of a request, in milliseconds.
type RouteStep struct {
	Threshold eval.Number // none in the first: nothing is sent
	Share     float64     // of requests that are sent
	Quality   float64
	CostUSD   eval.Number // mean of a request
	LatencyMS eval.Number // mean
	P50, P95  eval.Number // of latency
	Arena     eval.Number // RouterArena's score, see [curve.ArenaScore]
	IBC       eval.Number // see [curve.IBC]
}

// A Band is the range, of 95 %, of a curve's quality at one place.
type Band struct{ At, Low, High float64 }

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
	Deciles    bool
	AllMetrics bool
}
