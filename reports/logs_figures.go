package reports

import (
	"fmt"
	"math"
	"strings"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/logs"
	"github.com/routeproof/routeproof/internal/wording"
)

const unknownWord = "unknown"

// dollars is usd with commas between thousands.
func dollars(v float64) string {
	a := math.Abs(v)
	switch {
	case a < 999.95: // which rounds to less than 1,000
		return usd(v)
	case v < 0:
		return "−$" + grouped(fmt.Sprintf("%.0f", a))
	}
	return "$" + grouped(fmt.Sprintf("%.0f", a))
}

// grouped puts commas between the thousands of digits.
func grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// amount writes a figure to three digits or all whole ones.
func amount(v float64) string { return digits(v, 3) }

func digits(v float64, most int) string {
	switch a := math.Abs(v); {
	case a < math.Pow10(most-1):
		return minus(fmt.Sprintf("%.*g", most, v))
	case v < 0:
		return "−" + grouped(fmt.Sprintf("%.0f", a))
	default:
		return grouped(fmt.Sprintf("%.0f", a))
	}
}

func amountMS(v float64) string { return amount(v) + " ms" }

// requestsOf is a number of requests and its share of all.
func requestsOf(n, all int) string {
	return fmt.Sprintf("%s (%s)", wording.Plural(n, "request"), shareOfAll(float64(n)/float64(all)))
}

// countOf is n and its share of all.
func countOf(n, all int) string {
	return fmt.Sprintf("%s (%s)", wording.Thousands(n), shareOfAll(float64(n)/float64(all)))
}

// shareOfAll is a percentage that is not 0 unless it is none.
func shareOfAll(v float64) string {
	if v > 0 && v < 0.0005 {
		return "<0.1 %"
	}
	return percent(v)
}

func signedPercent(v float64) string { return plus(percent(rounded(v, 3))) }

// escalationCell is an escalation rate or its bounds, with the interval, the
// number of requests and what is thought of it.
func escalationCell(e logs.Escalation) string {
	if e.Judgement == logs.NoData || !e.Most.Defined() {
		return missing
	}
	if e.N == 0 && e.Least <= 0 && e.Most >= 1 {
		return unknownWord // anything between
	}
	rate, atLeast := percent(float64(e.Most)), ""
	if !e.Exact {
		rate = strings.TrimSuffix(percent(float64(e.Least)), " %") + " to " + rate
		atLeast = "≥ "
	}
	return fmt.Sprintf("%s [%s, %s] of %s%s: %s", rate, strings.TrimSuffix(percent(float64(e.Low)), " %"), strings.TrimSuffix(percent(float64(e.High)), " %"),
		atLeast, wording.Thousands(e.N), e.Judgement)
}

// rateCell is a share with its interval, of n.
func rateCell(e eval.Estimate, n int) string {
	if !e.Value.Defined() {
		return missing
	}
	return shareCell(e) + " of " + wording.Thousands(n)
}

// answered counts the requests of a feature that a tier answered.
func answered(f *logs.Feature) (n int) {
	for _, k := range f.Tiers {
		n += k
	}
	return n
}

// foundCell writes a rule's figure in its unit.
func foundCell(d logs.Decided) string {
	switch f, unit := float64(d.Found), d.Unit; {
	case !d.Found.Defined():
		return missing
	case unit == "USD":
		return dollars(f)
	case unit == "share":
		return digits(100*f, 4) + " %"
	case unit == "ms":
		return amountMS(f)
	default:
		return amount(f)
	}
}
