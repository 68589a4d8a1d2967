package main

import (
	"context"
	"fmt"
	"math"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/calibrate"
	"github.com/routeproof/routeproof/eval/policy"
)

// cascade certifies the least confidence.
func (c *calibration) cascade(ctx context.Context) (*calibrated, error) {
	return c.certifyPair(ctx, ofCascade, calibrate.Regret, func(x *called) (score float64, wrong bool, err error) {
		score = math.NaN()
		if cheap := x.calls[0]; cheap.Confidence.Known && cheap.Err == "" {
			score = cheap.Confidence.Value
		}
		return score, x.quality[0] < datasets.Right && x.quality[1] >= datasets.Right, nil
	})
}

// parallel certifies agreement.
func (c *calibration) parallel(ctx context.Context) (*calibrated, error) {
	timeout := c.config.Policies.Checks.Policy().TimeoutMS
	answered := func(call *policy.Call) bool {
		late := timeout > 0 && call.LatencyMS.Known() && call.LatencyMS.Value > timeout
		return call.Err == "" && call.Response.Known && !late
	}
	return c.certifyPair(ctx, ofParallel, calibrate.Agreement, func(x *called) (score float64, wrong bool, err error) {
		score = math.NaN()
		if answered(&x.calls[0]) && answered(&x.calls[1]) {
			var texts [2]string
			for side := range texts {
				if texts[side], err = x.calls[side].Response.Read(); err != nil {
					return 0, false, err
				}
			}
			if score, _, err = c.agreement.Similarity(ctx, texts[0], texts[1]); err != nil {
				return 0, false, err
			}
		}
		return score, x.quality[0] < datasets.Right, nil
	})
}

// certifyPair certifies a threshold between two models.
func (c *calibration) certifyPair(ctx context.Context, kind string, certify func(tune, certify []calibrate.Row, level calibrate.Level) (calibrate.Result, error),
	row func(*called) (score float64, wrong bool, err error)) (*calibrated, error) {
	cheap, dear, err := c.sides()
	if err != nil {
		return nil, err
	}
	d := c.document(kind, []int{cheap, dear})
	var rows splitRows[calibrate.Row]
	var test []figures
	scored := 0
	if err := c.used(ctx, d, []int{cheap, dear}, "the quality of one of the two models", func(int) bool { return true }, func(i int, x *called) error {
		r := calibrate.Row{ID: c.requests.At(i).ID, Group: c.key(i)}
		var err error
		if r.Score, r.Wrong, err = row(x); err != nil {
			return err
		}
		if !math.IsNaN(r.Score) {
			scored++
		}
		rows.add(c.splits[i], r)
		if c.splits[i] == datasets.Test {
			test = append(test, x.figures)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if scored == 0 {
		why := map[string][2]string{
			ofCascade:  {"confidence", "no request has a confidence of " + d.Models[0] + " and a known quality of both models: expected outcomes with confidence (collect records it where log-probabilities are asked for) and score"},
			ofParallel: {"response", "no request has two answers to compare and a known quality of both: expected outcomes with response and score, and final answers as --answer finds them"},
		}[kind]
		return nil, c.content(c.simulation.flags.outcomes, why[0], why[1])
	}
	if d.Result, err = certify(rows.tune, rows.certify, c.flags.level); err != nil {
		return nil, err
	}
	d.measurePair(rows.test, test)
	return c.finish(ctx, d)
}

// leastConfidence stands for a confidence of 0 in the configuration, where 0 turns
// the check off: then answers without a confidence would be taken as well.
const leastConfidence = 1e-9

// proposeEdit works out what the configuration would become.
func (c *calibration) proposeEdit(d *calibrated) error {
	f := c.flags
	switch d.Kind {
	case ofCascade:
		if d.Edit = editOf(f.key, &d.Result, f.edit.heuristic); d.Edit != nil {
			d.Edit.Value = max(d.Edit.Value, leastConfidence)
		}
	case ofParallel:
		// Of another way to compare answers the threshold would say nothing.
		if own := c.config.Policies.Agreement; own.By != f.agreement.by || own.Answer != f.agreement.answer {
			where := fmt.Sprintf("the configuration's policies.agreement compares answers by %s %s, and this threshold is of %s %s: set by and answer there first", own.By, own.Answer, f.agreement.by, f.agreement.answer)
			if f.edit.write {
				return fmt.Errorf("%w: --write: %s", errUsage, where)
			}
			d.Notes = append(d.Notes, "no change of the configuration is proposed: "+where)
			return nil
		}
		d.Edit = editOf(f.key, &d.Result, f.edit.heuristic)
	}
	if d.Edit == nil {
		if f.edit.write {
			d.Notes = append(d.Notes, "nothing is written into the configuration, as there is no such setting")
		}
		return nil
	}
	if n := len(c.backend.Models()); d.Kind == ofCascade && n > 2 {
		d.Notes = append(d.Notes, fmt.Sprintf("the configuration has one least confidence for every model of a cascade: of a ladder of %d nothing is shown here but for %s and %s", n, d.Models[0], d.Models[1]))
	}
	d.Edit.Comment = fmt.Sprintf("of %s and %s, %s", printable(d.Models[0]), printable(d.Models[1]), d.Edit.Comment)
	return d.Edit.propose(c.simulation.flags.config, f.edit.write)
}

// measurePair measures on test.
func (d *calibrated) measurePair(rows []calibrate.Row, test []figures) {
	// take gives the cheap answer or the dear one's, and tells what that costs: the
	// oracle asks one model, a cascade the cheap one first, and parallel agreement
	// both.
	take := func(i int, cheap, oracle bool) (quality, cost float64, took bool) {
		x := &test[i]
		switch {
		case d.Kind == ofParallel && !oracle:
			cost = x.cost[0] + x.cost[1]
		case cheap:
			cost = x.cost[0]
		case oracle:
			cost = x.cost[1]
		default:
			cost = x.cost[0] + x.cost[1]
		}
		if cheap {
			return x.quality[0], cost, true
		}
		return x.quality[1], cost, false
	}
	d.Oracle = d.onTest(test, func(i int) (quality, cost float64, cheap bool) { return take(i, !rows[i].Wrong, true) })
	d.Dearest = d.onTest(test, func(i int) (quality, cost float64, cheap bool) { return take(i, false, true) })
	_ = d.each(func(s *calibrate.Setting) (*calibratedTest, error) { // never fails
		from := float64(s.Thresholds[0])
		m := d.onTest(test, func(i int) (quality, cost float64, cheap bool) { return take(i, rows[i].Score >= from, false) })
		if m != nil {
			measured := calibrate.Measure(rows, from)
			if m.Risk = measured.Risk; d.Kind == ofCascade {
				m.Risk = measured.Regret
			}
		}
		return m, nil
	})
}
