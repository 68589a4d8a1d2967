package reports

import (
	"fmt"
	"math"
	"strings"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/gate"
)

func measureTitle(name string) string {
	switch name {
	case gate.MacroF1:
		return "macro-F1"
	case gate.QuadraticKappa:
		return "quadratic κ"
	case gate.UnderRouting:
		return "sent too low"
	case gate.OverRouting:
		return "sent too high"
	case gate.InvalidRate:
		return "answers that are no tier"
	case gate.MeanTierError:
		return "mean tier error"
	case gate.ECE:
		return "ECE"
	case gate.HeadlineCost:
		return "USD per 1,000"
	}
	return strings.ReplaceAll(name, "_", " ")
}

// measureRow is a measure with its difference, and what that shows.
func measureRow(d gatePage, m gate.Measure, title string) []string {
	value, change := percent, points
	switch m.Name {
	case gate.MacroF1, gate.QuadraticKappa, gate.MeanTierError, gate.ECE:
		value, change = threeDigits, signedThree
	case gate.HeadlineCost:
		value, change = usd, signedUSD
	}
	verdict := ""
	cell := changeCell(m.Difference, change)
	if m.Shown {
		verdict = "worse"
		if (m.Difference.Value > 0) == m.MoreIsBetter {
			verdict = "better"
		}
		cell, verdict = d.strong(cell), d.strong(verdict)
	}
	return []string{title, numberCell(m.A, value), numberCell(m.B, value), cell, verdict}
}

// changeCell is a difference with its interval, the unit behind the value alone.
// Zero has no sign; what is less than it is rounded to keeps its own, so that
// whether an interval excludes 0 can be seen.
func changeCell(e eval.Estimate, format func(float64) string) string {
	if !e.Value.Defined() {
		return missing
	}
	figure := func(n eval.Number) string {
		if math.Abs(float64(n)) < 1e-12 {
			return strings.TrimPrefix(format(0), "+")
		}
		return format(float64(n))
	}
	text := figure(e.Value)
	if !e.Low.Defined() || !e.High.Defined() {
		return text + " (no interval)"
	}
	bound := func(n eval.Number) string { return strings.TrimSuffix(figure(n), " points") }
	return fmt.Sprintf("%s [%s, %s]", text, bound(e.Low), bound(e.High))
}

func signedUSD(v float64) string {
	if v > 0 {
		return "+" + usd(v)
	}
	return usd(v)
}

// pIs is a p-value in a phrase: "= 0.040" or "< 0.001".
func pIs(p eval.Number) string {
	if !p.Defined() {
		return "unknown"
	}
	return strings.TrimPrefix(pPhrase(float64(p)), "p ")
}
