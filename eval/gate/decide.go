package gate

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Decide holds a candidate against a baseline. The rules are checked first, and
// what is wrong with them is the error; whatever is wrong with the sides makes the
// verdict invalid instead. costs may be nil where prices are not known. Equal
// sides, rules and costs give equal verdicts, whatever the order of rows was.
//
// It takes O(prompts × classifiers), beside bootstraps and permutations, which take
// O(replicates × patterns), where patterns are the different things that groups of
// prompts can look like: with one prompt a group and no repeats at most tiers³ times
// domains and lengths. Memory holds these, and 8 MiB each of prompts that stand in groups,
// of flips, and of what 16 classifiers at a time confide and cost, whatever the number of
// prompts; the rest is in temporary files. Only the ids of faults are all in memory. The verdict is
// to be closed.
func Decide(ctx context.Context, baseline, candidate *Side, rules Rules, costs *Costs) (*Verdict, error) {
	if err := rules.Check(); err != nil {
		return nil, err
	}
	c := &check{
		base: baseline, cand: candidate, names: [2]string{"the baseline", "the candidate"}, gates: true, rules: rules, costs: costs,
	}
	if err := c.join(ctx, c.gated()); err != nil {
		return nil, err
	}
	if len(c.faults) > 0 {
		return c.verdict(), nil
	}
	pairs := c.pairs()
	if len(pairs) == 0 && len(c.faults) == 0 {
		c.fault("", nil, "no classifier is gated")
	}
	for i, f := range c.rules.Floors {
		if f.Classifier != "" && !slices.ContainsFunc(pairs, func(p *pair) bool { return p.name == f.Classifier }) {
			c.fault("", nil, "floor %d is for %s, which is not gated: expected the name of a classifier that is", i+1, quote(f.Classifier))
			return c.verdict(), nil
		}
	}
	classifiers, err := each(ctx, c, pairs, (*pair).decide)
	if err != nil {
		return nil, errors.Join(err, c.flips.Close())
	}
	c.flips.Sorted() // so that reading changes nothing
	var gates []*Gate
	for i := range classifiers {
		for j := range classifiers[i].Gates {
			gates = append(gates, &classifiers[i].Gates[j])
		}
	}
	claims := settle(gates, c.rules)
	v := c.verdict()
	v.Claims, v.Classifiers = claims, c.withInvalid(classifiers)
	for i := range v.Classifiers {
		v.finish(&v.Classifiers[i], rules)
	}
	for _, r := range candidate.source.Certificates {
		v.Certificates = append(v.Certificates, retest(r))
	}
	v.conclude(rules)
	return v, nil
}

// verdict is an invalid one that says what was asked and what was found so far.
func (c *check) verdict() *Verdict {
	v := Invalidated(c.faults...)
	v.Margin, v.Alpha, v.Power = number(c.rules.margin()), number(c.rules.alpha()), number(c.rules.power())
	v.Replicates, v.Seed = c.rules.replicates(), c.rules.Seed
	if c.base != nil {
		v.Baseline = c.base.source.Hashes
	}
	if c.cand != nil {
		v.Candidate = c.cand.source.Hashes
	}
	v.Warnings = append(v.Warnings, c.warnings...)
	return v
}

// decide computes all gates of one classifier, but for what needs those of the
// others.
func (p *pair) decide() (Classifier, error) {
	out := Classifier{
		Name: p.name, N: p.n, Groups: p.units, Repeats: min(p.base.repeats, p.cand.repeats), Identical: p.identical,
		BaselineErrors: p.failures[0], CandidateErrors: p.failures[1], Flips: p.flips,
	}
	r := p.rules
	deciding := func(g Gate) {
		g.Decides = true
		out.Gates = append(out.Gates, g)
	}
	deciding(p.rateGate(Accuracy, accuracyRate(), nil, r.margin(), p.whole()))
	for _, s := range p.slices {
		out.Gates = append(out.Gates, p.rateGate(Accuracy, accuracyRate(), &s, r.margin(), p.members(s)))
	}
	if r.MacroF1.On {
		deciding(p.macroF1(r.marginOf(r.MacroF1)))
	}
	if r.TierRecall.On {
		for k, name := range p.check.base.source.Tiers.Names() {
			if p.truths[k] {
				s := Slice{Tier, name}
				deciding(p.rateGate(tierRecall, accuracyRate(), &s, r.marginOf(r.TierRecall), p.members(s)))
			}
		}
	}
	if r.UnderRouting.On {
		deciding(p.rateGate(UnderRouting, underRouting(), nil, r.marginOf(r.UnderRouting), p.whole()))
	}
	if r.Invalid.On {
		deciding(p.rateGate(InvalidRate, invalidRate(), nil, r.marginOf(r.Invalid), p.whole()))
	}
	if r.ECE.On {
		g, err := p.ece(r.marginOf(r.ECE))
		if err != nil {
			return out, err
		}
		deciding(g)
	}
	cost, g, err := p.cost()
	if err != nil {
		return out, err
	}
	out.Cost = cost
	if g != nil {
		deciding(*g)
	}
	for _, f := range r.Floors {
		if f.Classifier != "" && f.Classifier != p.name {
			continue
		}
		over := p.whole()
		if f.Slice != nil {
			over = p.members(*f.Slice)
		}
		of := map[string]func() rate{Accuracy: accuracyRate, UnderRouting: underRouting, InvalidRate: invalidRate}[f.Metric]
		deciding(p.floor(f, of(), over))
	}
	return out, nil
}

// withInvalid puts those that could not be compared beside the others, in order
// of name.
func (c *check) withInvalid(decided []Classifier) []Classifier {
	out := slices.Clone(decided)
	for _, f := range c.faults {
		if f.Classifier == "" || slices.ContainsFunc(out, func(x Classifier) bool { return x.Name == f.Classifier }) {
			continue
		}
		out = append(out, Classifier{Name: f.Classifier, Outcome: Invalid, Gates: []Gate{}})
	}
	slices.SortFunc(out, func(a, b Classifier) int { return strings.Compare(a.Name, b.Name) })
	if out == nil {
		out = []Classifier{}
	}
	return out
}
