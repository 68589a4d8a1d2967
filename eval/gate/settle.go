package gate

import (
	"math"

	"github.com/routeproof/routeproof/eval/stats"
)

// settle adjusts the claims of all gates together and lets each come to its
// outcome. It returns how many claims of "got worse" there were.
//
// The family is every gate of every classifier that has a p-value: accuracy
// overall and of slices, further gates, floors. A pass needs no adjustment: all
// that decide must pass, so one that passes by chance changes nothing unless all
// the others pass too. Claims of "improved" are a family of their own.
func settle(gates []*Gate, rules Rules) int {
	claims := adjust(gates, func(g *Gate) (p, adjusted *float64) { return (*float64)(&g.P), (*float64)(&g.HolmP) })
	adjust(gates, func(g *Gate) (p, adjusted *float64) { return (*float64)(&g.BetterP), (*float64)(&g.BetterHP) })
	for _, g := range gates {
		g.settle(rules, claims)
	}
	return claims
}

// adjust sets Holm's p-values over the gates that have one.
func adjust(gates []*Gate, of func(*Gate) (p, adjusted *float64)) int {
	var p []float64
	var to []*float64
	for _, g := range gates {
		if value, adjusted := of(g); !math.IsNaN(*value) {
			p, to = append(p, *value), append(to, adjusted)
		}
	}
	for i, adjusted := range stats.Holm(p) {
		*to[i] = adjusted
	}
	return len(p)
}

// settle is the rule of the gate: a bound within the margin passes, then a test
// fails, and what is neither is inconclusive.
func (g *Gate) settle(rules Rules, claims int) {
	alpha := rules.alpha()
	g.Improved = float64(g.BetterHP) <= alpha
	switch {
	case g.unknown != "":
		g.Outcome = Inconclusive
	case g.Identical || g.passes:
		g.Outcome = Pass
	case float64(g.HolmP) <= alpha && (g.fell || !g.isRate()):
		g.Outcome = Regressed
	default:
		g.Outcome = Inconclusive
	}
	switch {
	case g.psi > 0:
		g.plan(alpha/float64(claims), rules.power())
	case g.Outcome == Inconclusive && g.unknown == "" && !g.Identical && g.Groups > 0 && g.isRate():
		// Nothing changed that the rate counts, and yet so few do not rule a fall out.
		g.Untestable = true
		g.Needed = number(g.leastUnchanged(alpha))
	}
}

// leastUnchanged is the fewest groups that pass where none of them changed: those at
// which z·√2·w/(n+2w) < margin, with w the weight.
func (g *Gate) leastUnchanged(alpha float64) float64 {
	return math.Floor(math.Max(1, g.weight)*(stats.NormalQuantile(1-alpha)*math.Sqrt2/float64(g.Margin)-2)) + 1
}

// isRate tells whether it is a paired rate: accuracy and what is counted like it.
func (g *Gate) isRate() bool {
	switch g.Name {
	case Accuracy, UnderRouting, InvalidRate, tierRecall:
		return true
	}
	return false
}

// plan says what the gate can find at the level that its claim must stand at. The
// share of groups that change is taken to stay what it is, but for the fall itself:
// one of so many points changes at least as many.
func (g *Gate) plan(level, power float64) {
	g.Untestable = stats.LeastPairedP(g.changed) > level
	detectable := stats.MinimumDetectable(g.Groups, g.psi, level, power)
	if detectable > g.psi {
		// K√(fall/n) = fall, of K√(1/n) with all groups changing.
		detectable = math.Pow(stats.MinimumDetectable(g.Groups, 1, level, power), 2)
	}
	if detectable <= 1 {
		g.Detectable = number(detectable)
	}
	margin := float64(g.Margin)
	g.Needed = number(stats.PairsNeeded(margin, math.Max(g.psi, margin), level, power))
}

// outcomeOf is the worst of gates, of which those that do not decide count only
// where they regressed.
func outcomeOf(gates []Gate) Outcome {
	out := Pass
	for _, g := range gates {
		if g.Decides || g.Outcome == Regressed {
			out = worst(out, g.Outcome)
		}
	}
	return out
}
