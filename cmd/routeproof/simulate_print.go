package main

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/internal/wording"
)

const perThousand = 1000 // requests that costs are shown for

func tabbed(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 0, 2, ' ', 0) }

// shown is a figure, or a dash where it is unknown.
func shown(format string, n eval.Number) string {
	if !n.Defined() {
		return "—"
	}
	if math.Abs(float64(n)) >= manyDigits {
		format = strings.NewReplacer(".1f", ".3g", ".4f", ".3g").Replace(format)
	}
	return fmt.Sprintf(format, float64(n))
}

// manyDigits is from where on numbers are shown with an exponent, such as a saving
// beside costs of next to nothing.
const manyDigits = 1e9

func percent(n eval.Number) string { return shown("%.1f %%", 100*n) }

// ranged is an estimate with its interval, in units.
func ranged(format string, e eval.Estimate, unit float64) string {
	text := shown(format, eval.Number(unit)*e.Value)
	if e.Low.Defined() {
		text += " [" + shown(format, eval.Number(unit)*e.Low) + ", " + shown(format, eval.Number(unit)*e.High) + "]"
	}
	return text
}

func (s *simulation) printCascade(w io.Writer, d *cascadeDocument) error {
	if d.Classifier != "" {
		fmt.Fprintf(w, "requests start at the tier that classifier %s names\n\n", d.Classifier)
	}
	t := tabbed(w)
	fmt.Fprintln(t, "tier\tmodel\tasked\tserved\tescalated\trate\t\tnot taken")
	for _, x := range d.Tiers {
		var why []string
		for _, r := range slices.Sorted(maps.Keys(x.Reasons)) {
			why = append(why, fmt.Sprintf("%s %d", r, x.Reasons[r]))
		}
		rate := percent(x.Rate)
		if x.Rate.Defined() {
			rate += fmt.Sprintf(" [%.1f, %.1f]", 100*float64(x.Interval[0]), 100*float64(x.Interval[1]))
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\n", printable(x.Tier), printable(x.Model), x.Asked, x.Served, x.Escalated, rate, x.Mark, strings.Join(why, ", "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "The rate says how often answers are refused, held against %.0f and %.0f %%; how good those are that were taken, the quality says.\n", 100*simulate.LowEscalation, 100*simulate.HighEscalation)
	printTotals(w, d.Totals, s.leftOut(d))
	if err := printSignals(w, d.Signals); err != nil {
		return err
	}
	if err := printAblation(w, d.Ablation); err != nil {
		return err
	}
	if err := printSweep(w, s.swept); err != nil {
		return err
	}
	return printComparison(w, d.simulated)
}

// leftOut says why requests are: of the cascade all that are were not recorded.
func (s *simulation) leftOut(d *cascadeDocument) string {
	n := d.Totals.LeftOut
	if d.Classifier == "" || s.without == 0 {
		return fmt.Sprintf("left out since not recorded: %d", n)
	}
	return fmt.Sprintf("left out: %d, %d of them without %s and %d since not recorded", n, s.without, s.decision(), n-s.without)
}

// decision is what requests lack that recorded predictions say nothing of.
func (s *simulation) decision() string {
	if s.heldOut {
		return "a test prediction of classifier " + printable(s.deciders[0].Name)
	}
	return "a prediction of classifier " + printable(s.deciders[0].Name)
}

func printTotals(w io.Writer, x simulate.Totals, leftOut string) {
	fmt.Fprintf(w, "\n%s, quality %s over %d", wording.Plural(x.N, "request"), shown("%.4f", x.Quality), x.Scored)
	if x.Priced > 0 {
		fmt.Fprintf(w, ", $%.4f per 1,000 over %d (%s)", perThousand*float64(x.CostUSD), x.Priced, x.Cost)
	} else if x.Last != nil {
		fmt.Fprintf(w, ", no cost is known: %s reach the last model", percent(*x.Last))
	}
	if x.Timed > 0 {
		fmt.Fprintf(w, ", latency p50 %.0f ms, p95 %.0f ms over %d (%s)", float64(x.P50), float64(x.P95), x.Timed, x.Latency)
	}
	if x.First50.Defined() {
		fmt.Fprintf(w, ", first token p50 %.0f ms", float64(x.First50))
	}
	fmt.Fprintf(w, "\nexhausted: %d, without any answer: %d, %s\n", x.Exhausted, x.NoAnswer, leftOut)
}

// printSignals shows the checks that fired.
func printSignals(w io.Writer, signals []simulate.Signal) error {
	fmt.Fprintln(w, "\nWhat each check tells of all recorded answers (Fisher's exact test, Holm-adjusted):")
	t := tabbed(w)
	fmt.Fprintln(t, "model\tcheck\tfired\twrong of these\twrong of all\tp\t")
	never := map[string]bool{}
	for _, x := range signals {
		if x.Fired == 0 {
			never[x.Check] = true
		}
	}
	for _, x := range signals {
		if x.Fired == 0 {
			continue
		}
		delete(never, x.Check)
		fmt.Fprintf(t, "%s\t%s\t%d of %d\t%.1f %% [%.1f, %.1f]\t%.1f %%\t%.2g\t%s\n", printable(x.Model), x.Check, x.Fired, x.N,
			100*float64(x.FiredWrong)/float64(x.Fired), 100*float64(x.Precision[0]), 100*float64(x.Precision[1]), 100*float64(x.Wrong)/float64(x.N), x.P, x.Verdict())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var names []string
	for _, r := range policy.AllReasons() {
		if never[r.String()] {
			names = append(names, r.String())
		}
	}
	if len(names) > 0 {
		fmt.Fprintf(w, "never fired: %s\n", strings.Join(names, ", "))
	}
	return nil
}

// printAblation shows the cascade with each check alone and with all but it.
func printAblation(w io.Writer, ablation []simulate.Ablation) error {
	if len(ablation) < 2 {
		return nil
	}
	fmt.Fprintln(w, "\nThe cascade with one check, and with all but it:")
	t := tabbed(w)
	fmt.Fprintln(t, "check\t\tquality\tUSD per 1,000\tescalated\texhausted")
	for _, a := range ablation {
		for _, x := range []struct {
			how string
			of  simulate.Ablated
		}{{"alone", a.Alone}, {"without", a.Without}} {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d of %d\t%d\n", a.Check, x.how, shown("%.4f", x.of.Quality), shown("%.4f", perThousand*x.of.CostUSD), x.of.Escalated, x.of.N, x.of.Exhausted)
		}
	}
	return t.Flush()
}

// spread returns up to most places among n, the first and last among them.
func spread(n, most int) []int {
	var at []int
	for i := range min(n, most) {
		at = append(at, i*(n-1)/max(min(n, most)-1, 1))
	}
	return at
}

const shownPoints = 11

func printSweep(w io.Writer, s *simulate.Sweep) error {
	if s == nil {
		return nil
	}
	fmt.Fprintf(w, "\n%s of %s over %s (%d left out; --json has all):\n", wording.Plural(s.Points.Len(), "threshold"), s.Knob, wording.Plural(s.N, "request"), s.LeftOut)
	t := tabbed(w)
	fmt.Fprintln(t, "threshold\tquality\tUSD per 1,000\tescalated\texhausted")
	for _, i := range spread(s.Points.Len(), shownPoints) {
		p, err := s.Points.At(i)
		if err != nil {
			return err
		}
		fmt.Fprintf(t, "%.6g\t%s\t%s\t%d\t%d\n", p.Threshold, shown("%.4f", p.Quality), shown("%.4f", perThousand*p.CostUSD), p.Escalated, p.Exhausted)
	}
	return t.Flush()
}

func (s *simulation) printParallel(w io.Writer, d *parallelDocument) error {
	for _, p := range s.pairs {
		fmt.Fprintf(w, "%s | %s: %s, %d left out", printable(p.Cheap), printable(p.Dear), wording.Plural(p.N, "prompt"), p.LeftOut)
		if p.N == 0 {
			fmt.Fprint(w, "\n\n")
			continue
		}
		fmt.Fprintf(w, "; alone %.4f and %.4f; both wrong %s, if independent %s (p %.2g)", float64(p.CheapQuality), float64(p.DearQuality), percent(p.BothWrong), percent(p.Independent), p.Dependence)
		if p.Missing > 0 {
			fmt.Fprintf(w, "; %d without an answer of the cheap one", p.Missing)
		}
		if p.Latency50.Defined() {
			fmt.Fprintf(w, "; latency p50 %.0f ms, p95 %.0f ms over %d (%s)", float64(p.Latency50), float64(p.Latency95), p.Timed, p.Latency)
		}
		fmt.Fprintln(w)
		t := tabbed(w)
		fmt.Fprintln(t, "  agree from\tagree\tof these wrong\tquality\tUSD per 1,000")
		for _, i := range spread(p.Points.Len(), shownPoints) {
			x, err := p.Points.At(i)
			if err != nil {
				return err
			}
			wrong := percent(x.False)
			if x.Agreed > 0 {
				wrong += fmt.Sprintf(" [%.1f, %.1f]", 100*float64(x.FalseCI[0]), 100*float64(x.FalseCI[1]))
			}
			threshold := "never"
			if x.Threshold.Defined() {
				threshold = fmt.Sprintf("%.4g", float64(x.Threshold))
			}
			fmt.Fprintf(t, "  %s\t%s\t%s\t%.4f\t%s\n", threshold, percent(x.AgreeRate)+fmt.Sprintf(" [%.1f, %.1f]", 100*float64(x.AgreeCI[0]), 100*float64(x.AgreeCI[1])), wrong, float64(x.Quality), shown("%.4f", perThousand*x.CostUSD)+origin(x.CostUSD, p.Cost, true))
		}
		if err := t.Flush(); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return printComparison(w, d.simulated)
}

// origin marks where a figure comes from by a letter, if it is known.
func origin(n eval.Number, o eval.Origin, marked bool) string {
	if !n.Defined() || !marked {
		return ""
	}
	return " " + o.String()[:1]
}

func printComparison(w io.Writer, d simulated) error {
	c := d.Comparison
	cost, unit, format := "USD per 1,000", float64(perThousand), "%.4f"
	if c.Axis == simulate.AxisLast {
		cost, unit, format = "% to the last model", 100, "%.1f"
	}
	fmt.Fprintf(w, "\nAll policies on the same %s (%d left out). Brackets: 95 %% intervals, paired against %s.\n", wording.Plural(c.N, "request"), c.LeftOut, printable(c.Reference))
	if c.Axis == simulate.AxisLast {
		fmt.Fprintf(w, "Costs are known under every policy for %d of them only, under 95 %%, so the axis of cost is the share that reaches the last model; it does not see what other calls cost.\n", c.Priced)
	} else {
		fmt.Fprintf(w, "Costs are over the %d whose cost is known under every policy, latencies over the %d whose latency is.\n", c.Priced, c.Timed)
	}
	t := tabbed(w)
	fmt.Fprintf(t, "\tpolicy\tquality\tless %s\t%s\tsaving %%\tat equal cost\t%% at equal quality\tp50 ms\tp95 ms\n", printable(c.Reference), cost)
	for _, r := range c.Rows {
		mark := " "
		if r.Frontier {
			mark = "*"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", mark, printable(r.Policy), ranged("%.4f", r.Quality, 1), ranged("%+.4f", r.Gain, 1),
			ranged(format, r.Cost, unit)+origin(r.Cost.Value, r.CostOrigin, c.Axis == simulate.AxisUSD), ranged("%.1f", r.Saving, 100), ranged("%+.4f", r.BetterThanMix, 1), ranged("%.1f", r.CheaperThanMix, 100), shown("%.0f", r.P50)+origin(r.P50, r.LatencyOrigin, true), shown("%.0f", r.P95)+origin(r.P95, r.LatencyOrigin, true))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "* no other is both as good and as cheap. At equal cost and quality: beside a random mix of single models. The oracle knows every answer's quality.")
	fmt.Fprintln(w, "Costs and latencies: r recorded, c computed from recorded or configured figures, a rest on an assumption.")
	for _, note := range d.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	return nil
}
