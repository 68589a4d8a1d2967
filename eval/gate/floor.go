package gate

import (
	"fmt"
	"math"

	"github.com/routeproof/routeproof/eval/stats"
)

// floorPrefix begins the name of a floor's gate, before its metric.
const floorPrefix = "floor "

// floor holds a rate of the candidate against a fixed value by exact binomial
// bounds. Where prompts come in groups or repeats, the mean over groups is taken
// as that of so many prompts as there are groups, rounded against the claim; to
// pass, the mean over prompts must do so too.
func (p *pair) floor(f Floor, r rate, of part) Gate {
	g := newGate(floorPrefix+f.Metric, f.Slice, r.moreIsBetter, f.Value)
	g.Method = "exact binomial bound"
	e := p.collect(r, of)
	g.N, g.Groups = e.n, e.groups
	if e.n == 0 {
		g.unknown = "no prompt is of it"
		return g
	}
	g.Baseline, g.Candidate = number(e.base), number(e.cand)
	// Of rates that must be low, the rest must be high.
	share, over, least := e.candGroups, e.cand, f.Value
	if !r.moreIsBetter {
		share, over, least = 1-share, 1-over, 1-least
	}
	_, many := wholes(share, e.groups)
	g.P = number(stats.RiskBinomial(many, e.groups, least))
	few, _ := wholes(math.Min(share, over), e.groups)
	bound := stats.BinomialLower(few, e.groups, 1-p.rules.alpha())
	g.passes = bound >= least
	if !r.moreIsBetter {
		bound = 1 - bound
	}
	g.Bound = number(bound)
	return g
}

// wholes returns the greatest count that is at most share of n, and the least
// that is at least it.
func wholes(share float64, n int) (few, many int) {
	exact := share * float64(n)
	if near := math.Round(exact); math.Abs(exact-near) < 1e-6 {
		return int(near), int(near)
	}
	return int(math.Floor(exact)), int(math.Ceil(exact))
}

// retest looks at what became of a certificate.
func retest(r Retest) CertificateTest {
	c := r.Certificate
	t := CertificateTest{Claim: c.Claim, Alpha: c.Alpha, Delta: c.Delta, N: r.N, Errors: r.Errors, Fate: NotShown, P: nan(), Breaks: nan()}
	if r.Untested != "" {
		t.N, t.Errors = 0, 0
		t.Why = "Not tested again: " + r.Untested + "."
		return t
	}
	t.P = number(stats.RiskBinomial(r.Errors, r.N, c.Alpha))
	t.Breaks = number(stats.RiskBinomial(r.N-r.Errors, r.N, 1-c.Alpha)) // P(Bin(n, α) ≥ errors)
	switch {
	case float64(t.P) <= c.Delta:
		t.Fate = Holds
	case float64(t.Breaks) <= c.Delta:
		t.Fate = Broken
	}
	t.Why = t.words()
	return t
}

// fault says what is wrong with what a caller passed.
func (r Retest) fault() string {
	c := r.Certificate
	switch {
	case r.Untested != "":
		return ""
	case !(isShare(c.Alpha) && c.Delta > 0 && c.Delta < 1):
		return fmt.Sprintf("its alpha must be from 1e-9 to 1 - 1e-9 and its delta over 0 and below 1; found %v and %v: certify the artifact anew", c.Alpha, c.Delta)
	case r.N < 0 || r.Errors < 0 || r.Errors > r.N:
		return "its errors must be 0 or more and at most as many as its requests"
	}
	return ""
}
