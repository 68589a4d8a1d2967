package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/gate"
)

func outcomeWord(o gate.Outcome) string { return strings.ToUpper(string(o)) }

const floorPrefix = "floor " // begins the name of a floor's gate, before its metric

// gateTitle names what a gate looks at, in the words of its sentences.
func gateTitle(g *gate.Gate) string {
	metric, isFloor := strings.CutPrefix(g.Name, floorPrefix)
	switch metric {
	case "macro_f1":
		metric = "macro-F1"
	case "tier_recall":
		metric = "recall"
	case gate.UnderRouting:
		metric = "under-routing"
	case gate.InvalidRate:
		metric = "invalid answers"
	case "ece":
		metric = "ECE"
	}
	if isFloor {
		return "floor of " + metric
	}
	return metric
}

// gateOutcome is a gate's outcome as a table has it: in small letters where it
// does not count.
func gateOutcome(g *gate.Gate) string {
	out := outcomeWord(g.Outcome)
	if aside(g) {
		out = string(g.Outcome)
	}
	switch {
	case untestable(g):
		out += ", untestable"
	case g.Identical:
		out += ", the same"
	}
	if g.Improved {
		out += ", improved"
	}
	return out
}

// aside tells that a gate is inconclusive where only regressions count.
func aside(g *gate.Gate) bool { return g.Outcome == gate.Inconclusive && !g.Decides }

// untestable tells that a gate is inconclusive and had to be. What passed despite
// so few changes passed.
func untestable(g *gate.Gate) bool { return g.Untestable && g.Outcome == gate.Inconclusive }

// gateCells are a gate's figures: baseline, candidate, change, bound, margin, p.
func gateCells(g *gate.Gate) []string {
	change, bound, margin := signedAmount(g, g.Change), signedAmount(g, g.Bound), gateAmount(g, g.Margin)
	if strings.HasPrefix(g.Name, floorPrefix) { // bound and margin are of the rate itself
		bound, margin = gateLevel(g, g.Bound), floorSide(g)+" "+gateLevel(g, g.Margin)
	}
	if g.Identical && !strings.HasPrefix(g.Name, floorPrefix) {
		bound = missing // nothing changed, which passes whatever the bound is
	}
	return []string{gateLevel(g, g.Baseline), gateLevel(g, g.Candidate), change, bound, margin, gateP(g.HolmP)}
}

// floorSide is on which side of its value a floor wants the rate.
func floorSide(g *gate.Gate) string {
	if g.Name == floorPrefix+gate.Accuracy {
		return "at least"
	}
	return "at most"
}

// gateLevel writes the figure that a gate is about.
func gateLevel(g *gate.Gate, v eval.Number) string {
	switch {
	case !v.Defined():
		return missing
	case g.Name == "cost":
		return usd(float64(v))
	case isScore(g):
		return threeDigits(rounded(float64(v), 3))
	}
	return percent(rounded(float64(v), 3))
}

// gateAmount writes a difference of such figures.
func gateAmount(g *gate.Gate, v eval.Number) string {
	switch {
	case !v.Defined():
		return missing
	case g.Name == "cost":
		return usd(rounded(float64(v), 9))
	case isScore(g):
		return minus(fmt.Sprintf("%.3g", rounded(float64(v), 6)))
	}
	return minus(fmt.Sprintf("%.3g points", rounded(100*float64(v), 3)))
}

func signedAmount(g *gate.Gate, v eval.Number) string { return plus(gateAmount(g, v)) }

// plus puts a sign before a figure that has none, but for zero and what is unknown.
func plus(s string) string {
	if s == missing || strings.HasPrefix(s, "−") || !strings.ContainsAny(s, "123456789") {
		return s
	}
	return "+" + s
}

func isScore(g *gate.Gate) bool { return g.Name == "macro_f1" || g.Name == "ece" }

// rounded rounds to so many decimal places, without a sign on zero.
func rounded(v float64, places int) float64 {
	unit := math.Pow10(places)
	return math.Round(v*unit)/unit + 0
}

func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

// gateP writes a p-value to two digits, as the verdict's sentences do.
func gateP(p eval.Number) string {
	switch {
	case !p.Defined():
		return missing
	case p < 1e-4:
		return "<0.0001"
	}
	return fmt.Sprintf("%.2g", float64(p))
}

func wholePercent(v float64) string { return fmt.Sprintf("%.4g %%", 100*v) }

// withoutEmpty leaves out the columns that say nothing.
func withoutEmpty(header []string, rows [][]string) ([]string, [][]string) {
	var keep []int
	for i := range header {
		if slices.ContainsFunc(rows, func(r []string) bool { return r[i] != "" && r[i] != missing }) {
			keep = append(keep, i)
		}
	}
	pick := func(row []string) []string {
		out := make([]string, len(keep))
		for i, at := range keep {
			out[i] = row[at]
		}
		return out
	}
	picked := make([][]string, len(rows))
	for i, r := range rows {
		picked[i] = pick(r)
	}
	return pick(header), picked
}
