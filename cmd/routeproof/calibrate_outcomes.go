package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/calibrate"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/eval/stats"
)

// What is calibrated on outcomes.
const (
	ofRoute    = "route"
	ofCascade  = "cascade"
	ofParallel = "parallel"
)

// calibrated is what was certified, and its JSON.
type calibrated struct {
	Version  int              `json:"version"`
	Kind     string           `json:"kind"`
	Outcomes string           `json:"outcomes"`
	Router   string           `json:"router,omitempty"`
	Models   []string         `json:"models"`
	Splits   map[string]int   `json:"splits"` // requests, one a group; those of train are not used
	Copies   int              `json:"copies"` // left out, as another of their group stands for them
	Result   calibrate.Result `json:"result"`

	// On test; null where there is no such setting or no request of it.
	Certified *calibratedTest `json:"test"`
	Heuristic *calibratedTest `json:"heuristic_test"`
	Oracle    *calibratedTest `json:"oracle_test"`  // knows every outcome
	Dearest   *calibratedTest `json:"dearest_test"` // alone
	Priced    int             `json:"priced"`       // of test, that cost shares are over
	Notes     []string        `json:"notes"`

	Edit *configEdit `json:"config_edit"` // null where nothing is to be set
}

// calibratedTest is what a setting came to on test.
type calibratedTest struct {
	N         int           `json:"n"`
	Share     eval.Estimate `json:"share"`            // kept from the dearest model, taken from the cheap one, or agreed on; Wilson
	Risk      eval.Estimate `json:"risk"`             // of the kind that is certified
	Shares    []eval.Number `json:"shares,omitempty"` // that go to each model, of route
	Quality   eval.Number   `json:"quality"`          // mean
	CostShare eval.Number   `json:"cost_share"`       // cost over that of the dearest model alone
	OfOracle  eval.Number   `json:"of_oracle"`        // of the oracle's saving, or of its share where cost shares are unknown or say nothing
}

const calibratedVersion = 1

// leastPriced is the share of requests whose costs must be known.
const leastPriced = 0.95

// rows are requests by split.
type splitRows[T any] struct{ tune, certify, test []T }

func (r *splitRows[T]) add(split datasets.Split, row T) {
	switch split {
	case datasets.Tune:
		r.tune = append(r.tune, row)
	case datasets.Calibrate:
		r.certify = append(r.certify, row)
	case datasets.Test:
		r.test = append(r.test, row)
	}
}

// called is what models answered to a request, in the order of models.
type called struct {
	figures
	calls []policy.Call
}

// figures are what is measured of a request, by model.
type figures struct{ quality, cost []float64 } // cost: NaN where unknown

func (x *figures) priced() bool { return !slices.ContainsFunc(x.cost, math.IsNaN) }

// used goes through the requests that count, by id: whose qualities on the rungs
// are known, and of which want says so; one a group. Those of train are not
// among them.
func (c *calibration) used(ctx context.Context, d *calibrated, rungs []int, what string, want func(i int) bool, use func(i int, x *called) error) error {
	seen, unknown := map[int32]bool{}, 0 // groups
	for i, group := range c.requests.Groups {
		if !want(i) {
			continue
		}
		request := c.requests.At(i)
		x, err := c.called(ctx, &request, rungs)
		switch {
		case err != nil:
			return err
		case x == nil:
			unknown++
			continue
		case seen[group]:
			d.Copies++
			continue
		}
		seen[group] = true
		d.Splits[c.splits[i].String()]++
		if err := use(i, x); err != nil {
			return err
		}
	}
	c.missing(unknown, what)
	return nil
}

// called returns the recorded calls of a request; nil where a quality is
// unknown. That of a call that failed is 0.
func (c *calibration) called(ctx context.Context, q *policy.Request, rungs []int) (*called, error) {
	n := len(rungs)
	x := &called{figures: figures{make([]float64, 0, n), make([]float64, 0, n)}, calls: make([]policy.Call, 0, n)}
	backend, err := policy.AtHand(c.backend, q, false)
	if err != nil {
		return nil, err
	}
	for _, rung := range rungs {
		call, quality, ok, err := callOf(ctx, backend, q, rung)
		if err != nil || !ok {
			return nil, err
		}
		cost := math.NaN()
		if call.CostUSD.Known() {
			cost = call.CostUSD.Value
		}
		x.quality, x.cost, x.calls = append(x.quality, quality), append(x.cost, cost), append(x.calls, call)
	}
	return x, nil
}

func (c *calibration) document(kind string, rungs []int) *calibrated {
	d := &calibrated{Version: calibratedVersion, Kind: kind, Outcomes: c.simulation.flags.outcomes, Splits: map[string]int{}}
	for _, s := range datasets.Splits() {
		d.Splits[s.String()] = 0
	}
	models := c.backend.Models()
	for _, rung := range rungs {
		d.Models = append(d.Models, models[rung].Name)
	}
	return d
}

// finish measures on test what needs no score, and tells of what is odd.
func (c *calibration) finish(ctx context.Context, d *calibrated) (*calibrated, error) {
	singles, err := simulate.Singles(ctx, c.backend, c.requests)
	if err != nil {
		return nil, err
	}
	c.noteOrder(singles)
	if err := simulate.CloseAll(singles); err != nil {
		return nil, err
	}
	if n := d.Splits[datasets.Test.String()]; n > 0 && d.Priced < n && d.Dearest.CostShare.Defined() {
		c.notes = append(c.notes, fmt.Sprintf("costs on test are over the %d of %d requests whose costs are known", d.Priced, n))
	}
	d.Notes = append([]string{}, c.notes...)
	return d, nil
}

// onTest returns what comes of serving each of some requests by one of its
// answers, or of all it takes.
func (d *calibrated) onTest(test []figures, serve func(i int) (quality, cost float64, cheap bool)) *calibratedTest {
	if len(test) == 0 {
		return nil
	}
	nan := eval.Number(math.NaN())
	m := &calibratedTest{N: len(test), Risk: eval.Estimate{Value: nan, Low: nan, High: nan}, CostShare: nan, OfOracle: nan}
	kept, sum, paid, most := 0, 0.0, 0.0, 0.0
	d.Priced = 0
	for i := range test {
		quality, cost, cheap := serve(i)
		if cheap {
			kept++
		}
		sum += quality
		if test[i].priced() {
			d.Priced++
			paid += cost
			most += test[i].cost[len(test[i].cost)-1]
		}
	}
	m.Quality = eval.Number(sum / float64(len(test)))
	interval := stats.Wilson(kept, len(test), 0.95)
	m.Share = eval.Estimate{Value: eval.Number(float64(kept) / float64(len(test))), Low: eval.Number(interval.Low), High: eval.Number(interval.High)}
	if float64(d.Priced) >= leastPriced*float64(len(test)) && most > 0 {
		m.CostShare = eval.Number(paid / most)
	}
	return m
}

// beside sets a setting beside the oracle.
func (d *calibrated) beside(m *calibratedTest) {
	switch o := d.Oracle; {
	case m == nil || o == nil:
	case d.byCost():
		m.OfOracle = (1 - m.CostShare) / (1 - o.CostShare)
	case o.Share.Value > 0:
		m.OfOracle = m.Share.Value / o.Share.Value
	}
}

// byCost tells whether the oracle saves money, as opposed to calls.
func (d *calibrated) byCost() bool {
	return d.Kind != ofParallel && d.Oracle != nil && d.Oracle.CostShare.Defined() && d.Oracle.CostShare < 1
}

// each calls for the settings there are, with where to put what they come to.
func (d *calibrated) each(measure func(*calibrate.Setting) (*calibratedTest, error)) (err error) {
	if d.Result.Setting != nil {
		if d.Certified, err = measure(d.Result.Setting); err != nil {
			return err
		}
	}
	if d.Result.Heuristic != nil {
		if d.Heuristic, err = measure(d.Result.Heuristic); err != nil {
			return err
		}
	}
	d.beside(d.Certified)
	d.beside(d.Heuristic)
	return nil
}
