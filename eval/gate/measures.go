package gate

import (
	"encoding/binary"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/stats"
)

const (
	comparedAt = 0.95 // confidence of a comparison's intervals
	// fewestChanged is how many changes, all one way, reach 5 % in a two-sided sign
	// test: 2·2⁻⁶ = 0.03.
	fewestChanged = 6
)

// measure fills in the measures that are known.
func (p *pair) measure(out *ClassifierChange) error {
	out.Measures = append([]Measure{p.rateMeasure(accuracyRate(), p.whole())}, p.confusionMeasures()...)
	for _, r := range []rate{underRouting(), overRouting(), invalidRate()} {
		out.Measures = append(out.Measures, p.rateMeasure(r, p.whole()))
	}
	if m, ok, err := p.eceMeasure(); err != nil {
		return err
	} else if ok {
		out.Measures = append(out.Measures, m)
	}
	var m Measure
	var err error
	if m, out.Cost, out.Unpriced, err = p.costMeasure(); out.Cost != nil {
		out.Measures = append(out.Measures, m)
	}
	return err
}

// set fills in the figures of a measure; differences are bootstrap replicates of
// B − A, not looked at where there are too few groups.
func (m *Measure) set(a, b float64, differences func() []float64) {
	m.setWithin(a, b, func() stats.Interval { return stats.Percentile(differences(), comparedAt) })
}

func (m *Measure) setWithin(a, b float64, interval func() stats.Interval) {
	m.A, m.B = number(a), number(b)
	m.Difference = eval.Estimate{Value: number(b - a), Low: nan(), High: nan()}
	if m.Groups < fewestGroups || !m.Difference.Value.Defined() {
		return
	}
	i := interval()
	m.Difference.Low, m.Difference.High = number(i.Low), number(i.High)
	m.Shown = m.Changed >= fewestChanged && (i.Low > 0 || i.High < 0)
}

// rateMeasure compares a rate over some prompts.
func (p *pair) rateMeasure(r rate, over part) Measure {
	all := p.count(r, over)
	m := Measure{Name: r.name, MoreIsBetter: r.moreIsBetter, N: all.n}
	var alike table
	for _, g := range all.groups {
		m.Groups += g.times
		if g.net != 0 {
			m.Changed += g.times
		}
		alike.addTimes(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(g.size)), uint32(g.net)), g.times)
	}
	m.set(all.base, all.cand, func() []float64 {
		keys, counts := alike.sorted()
		size, net := make([]float64, len(keys)), make([]float64, len(keys))
		for i, key := range keys {
			size[i] = float64(binary.BigEndian.Uint32([]byte(key)))
			net[i] = float64(int32(binary.BigEndian.Uint32([]byte(key[4:])))) / float64(p.base.repeats*p.cand.repeats)
		}
		return stats.Multinomial(counts, p.rules.replicates(), p.rules.Seed, func(drawn []int) float64 {
			sum, n := 0.0, 0.0
			for i, times := range drawn {
				sum, n = sum+float64(times)*net[i], n+float64(times)*size[i]
			}
			return sum / n
		})
	})
	return m
}

// confusionMeasures compares figures of the confusion matrix, all in the same
// draws.
func (p *pair) confusionMeasures() []Measure {
	groups := p.confusions()
	measures := []struct {
		name         string
		moreIsBetter bool
		of           func(eval.Confusion) float64
	}{
		{MacroF1, true, groups.macroF1}, {BalancedAccuracy, true, eval.Confusion.BalancedAccuracy},
		{QuadraticKappa, true, eval.Confusion.QuadraticKappa}, {MeanTierError, false, eval.Confusion.MeanTierError},
	}
	changed := 0
	for i, fixed := range groups.fixed() {
		if !fixed {
			changed += groups.counts[i]
		}
	}
	a, b := eval.NewConfusion(groups.tiers), eval.NewConfusion(groups.tiers)
	differences := make([][]float64, len(measures))
	if p.units >= fewestGroups {
		stats.MultinomialEach(groups.counts, p.rules.replicates(), p.rules.Seed, func(_ int, drawn []int) {
			groups.total(a, b, drawn, nil)
			for i, m := range measures {
				differences[i] = append(differences[i], m.of(b)-m.of(a))
			}
		})
	}
	groups.total(a, b, groups.counts, nil)
	out := make([]Measure, len(measures))
	for i, m := range measures {
		out[i] = Measure{Name: m.name, MoreIsBetter: m.moreIsBetter, N: p.n, Groups: p.units, Changed: changed}
		out[i].set(m.of(a), m.of(b), func() []float64 { return differences[i] })
	}
	return out
}

// eceMeasure compares the calibration errors, as the gate on them does; it is
// unknown where confidences are missing.
func (p *pair) eceMeasure() (m Measure, known bool, err error) {
	c := &p.claims
	if c.n == 0 || c.tooFew() {
		return Measure{}, false, nil
	}
	patterns, err := p.calibrationPatterns()
	if err != nil {
		return Measure{}, false, err
	}
	m = Measure{Name: ECE, N: c.n, Groups: c.n, Changed: c.changed}
	base, cand := patterns.score(patterns.counts, make([]int, len(patterns.counts)))
	m.setWithin(-base, -cand, func() stats.Interval {
		i := patterns.between(p.rules, comparedAt)
		return stats.Interval{Low: -i.High, High: -i.Low}
	})
	return m, true, nil
}

// costMeasure compares the headline costs, each at its own prices, or says why
// they are unknown.
func (p *pair) costMeasure() (m Measure, cost *Cost, unknown string, err error) {
	if p.costs == nil {
		return m, nil, p.unpriced, nil
	}
	cost, _ = p.split()
	if why := p.costUnknown(cost); why != "" {
		return m, nil, why, nil
	}
	m = Measure{Name: HeadlineCost, N: cost.N, Groups: p.spent.units}
	err = p.spent.each(func(sum, _ float64) error {
		if sum != 0 {
			m.Changed++
		}
		return nil
	})
	if err != nil {
		return m, nil, "", err
	}
	var differences []float64
	if m.Groups >= fewestGroups {
		if differences, err = p.bootstrapCost(0); err != nil {
			return m, nil, "", err
		}
	}
	m.set(float64(cost.Baseline), float64(cost.Candidate), func() []float64 { return differences })
	return m, cost, "", nil
}
