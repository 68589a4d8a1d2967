package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/calibrate"
	"github.com/routeproof/routeproof/eval/simulate"
)

// route certifies a router by score.
func (c *calibration) route(ctx context.Context) (*calibrated, error) {
	scorer, err := c.scorer(ctx)
	if err != nil {
		return nil, err
	}
	last := len(c.backend.Models()) - 1
	rungs := make([]int, last+1)
	for rung := range rungs {
		rungs[rung] = rung
	}
	d := c.document(ofRoute, rungs)
	d.Router = scorer.Name
	var rows splitRows[calibrate.Graded]
	var test []figures
	scored := 0
	has := func(i int) bool { return !math.IsNaN(scorer.Scores[i]) }
	for i := range c.requests.Len() {
		if has(i) {
			scored++
		}
	}
	if scored == 0 && scorer.Name == "length" && len(c.scorers) == 0 {
		return nil, c.content(c.simulation.flags.outcomes, "prompt", "no text of a request is known, so no length: expected prompts in the outcomes or in --prompts, or the --scores of a router")
	}
	if scored == 0 {
		return nil, c.content(c.simulation.flags.outcomes, "id", "no request has a score of router "+scorer.Name+": expected predictions on these requests")
	}
	if scored < c.requests.Len() && scorer.Name == "length" && len(c.scorers) == 0 { // of others it was said
		c.notes = append(c.notes, fmt.Sprintf("left out are %d of %d requests, whose text is not known: the guarantee is about the others", c.requests.Len()-scored, c.requests.Len()))
	}
	if err := c.used(ctx, d, rungs, "the quality of a model", has, func(i int, x *called) error {
		rows.add(c.splits[i], calibrate.Graded{ID: c.requests.At(i).ID, Group: c.key(i), Score: scorer.Scores[i], Quality: x.quality, Cost: x.cost})
		if c.splits[i] == datasets.Test {
			test = append(test, x.figures)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if len(rows.tune)+len(rows.certify)+len(rows.test) == 0 {
		return nil, c.content(c.simulation.flags.outcomes, "score", "no request of tune, calibrate or test has a score and a known quality of every model of the ladder")
	}
	c.price(&rows)
	salt := c.config.Splits.Salt + "/bets"
	if d.Result, err = calibrate.QualityLoss(rows.tune, rows.certify, c.flags.level, salt); err != nil {
		return nil, err
	}
	d.Oracle = d.onTest(test, func(i int) (quality, cost float64, cheap bool) {
		x, m := &test[i], last
		for k := last - 1; k >= 0; k-- {
			if x.quality[k] >= x.quality[last] && (!x.priced() || x.cost[k] <= x.cost[m]) {
				m = k
			}
		}
		return x.quality[m], x.cost[m], m < last
	})
	d.Dearest = d.onTest(test, func(i int) (quality, cost float64, cheap bool) {
		return test[i].quality[last], test[i].cost[last], false
	})
	if err := d.each(func(s *calibrate.Setting) (*calibratedTest, error) {
		if len(test) == 0 {
			return nil, nil
		}
		measured, err := calibrate.MeasureQuality(rows.test, s.Thresholds, salt)
		if err != nil {
			return nil, err
		}
		m := d.onTest(test, func(i int) (quality, cost float64, cheap bool) {
			m := 0
			for m < last && !(rows.test[i].Score < float64(s.Thresholds[m])) {
				m++
			}
			return test[i].quality[m], test[i].cost[m], m < last
		})
		m.Risk, m.Shares = measured.Loss, measured.Shares
		return m, nil
	}); err != nil {
		return nil, err
	}
	return c.finish(ctx, d)
}

// price has requests without costs cost what the models do on average on tune,
// where nearly all of it have costs, so that settings can be ordered by cost; it
// takes the costs away otherwise. What comes of calibrate and test decides
// nothing, as it must not.
func (c *calibration) price(rows *splitRows[calibrate.Graded]) {
	var sums []float64
	priced, all := 0, 0
	for _, g := range rows.tune {
		if slices.ContainsFunc(g.Cost, math.IsNaN) {
			continue
		}
		priced++
		sums = slices.Grow(sums, len(g.Cost))[:len(g.Cost)]
		for m, v := range g.Cost {
			sums[m] += v
		}
	}
	known := priced > 0 && float64(priced) >= leastPriced*float64(len(rows.tune))
	filled := 0
	for _, split := range [][]calibrate.Graded{rows.tune, rows.certify, rows.test} {
		for i := range split {
			g := &split[i]
			all++
			if !slices.ContainsFunc(g.Cost, math.IsNaN) && known {
				continue
			}
			filled++
			if !known {
				g.Cost = nil
				continue
			}
			g.Cost = slices.Clone(g.Cost)
			for m, v := range g.Cost {
				if math.IsNaN(v) {
					g.Cost[m] = sums[m] / float64(priced)
				}
			}
		}
	}
	switch {
	case !known && len(c.backend.Models()) > 2: // between two, costs choose nothing
		c.notes = append(c.notes, fmt.Sprintf("settings are not chosen by cost: costs are known of %d of %d tune requests, under 95 %%; the dearest model counts 1 and the others 0", priced, len(rows.tune)))
	case known && filled > 0 && len(c.backend.Models()) > 2:
		c.notes = append(c.notes, fmt.Sprintf("of %d of %d requests a cost is not known: to choose settings it is taken to be the model's mean on tune", filled, all))
	}
}

// scorer is the router that is calibrated.
func (c *calibration) scorer(ctx context.Context) (simulate.Scorer, error) {
	router := c.flags.router
	switch {
	case len(c.scorers) == 1:
		return c.scorers[0], nil
	case router == "classifier", router == "" && c.simulation.flags.predictions != "":
		return simulate.TrendsOf(ctx, c.deciders[0], c.requests)
	}
	return simulate.Lengths(c.requests)
}
