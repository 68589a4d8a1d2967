package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/simulate"
	"github.com/routeproof/routeproof/internal/wording"
)

func (s *simulation) printRoutes(w io.Writer, d *routeDocument) error {
	for _, note := range d.Notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	why := "an answer, its quality or a score is unknown"
	if s.without > 0 {
		why = fmt.Sprintf("%d without %s; of others %s", s.without, s.decision(), why)
	}
	fmt.Fprintf(w, "%s (%d left out: %s)\n\n", wording.Plural(d.N, "request"), d.LeftOut, why)
	t := tabbed(w)
	fmt.Fprintln(t, "everything to\tquality\tUSD per 1,000\tof the last's\tto the last model")
	for i, m := range d.Models {
		last := "0.0 %"
		if i == len(d.Models)-1 {
			last = "100.0 %"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", printable(m.Name), shown("%.4f", m.Quality), shown("%.4f", perThousand*m.CostUSD), percent(m.CostUSD/d.Models[len(d.Models)-1].CostUSD), last)
	}
	for _, x := range []struct {
		name string
		of   simulate.RouteOracle
	}{{"best answer (oracle)", d.Oracle}, {"cheapest correct", d.Cheapest}} {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", x.name, shown("%.4f", x.of.Quality), shown("%.4f", perThousand*x.of.CostUSD), percent(x.of.OfLast), shown("%.2f %%", 100*x.of.StrongShare))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	if err := printRouters(w, d); err != nil {
		return err
	}
	if d.Undefined != "" {
		fmt.Fprintf(w, "no APGR and no CPT: %s\n", d.Undefined)
	}
	for _, r := range d.Routers {
		if d.Undefined != "" && r.AUC.Defined() {
			fmt.Fprintf(w, "AUC of %s: %s\n", printable(r.Name), ranged("%.4f", withRange(r.AUC, r.AUCCI), 1))
		}
		if r.Truncated {
			fmt.Fprintf(w, "the hull of %s has more settings than are looked for\n", printable(r.Name))
		}
	}
	switch {
	case !d.Largest.Defined():
		fmt.Fprintf(w, "no costs and no AIQ: the costs of all models are known of %d of %s, under 95 %%\n", d.Priced, wording.Plural(d.N, "request"))
	case d.Largest == 0:
		fmt.Fprintln(w, "no AIQ: nothing costs anything")
	default:
		if d.Priced < d.N {
			fmt.Fprintf(w, "Costs and AIQ are over the %d whose cost is known of every model.\n", d.Priced)
		}
		fmt.Fprintf(w, "AIQ is up to $%.4f per 1,000; the zero router mixes single models at random. Held out: thresholds chosen on four fifths of the\nrequests and measured on the fifth, in turn; the differences are of these, and their intervals widened by half, as resamples hold the thresholds fixed.\n", perThousand*float64(d.Largest))
	}
	return nil
}

func printRouters(w io.Writer, d *routeDocument) error {
	if d.Undefined == "" {
		if err := printShares(w, d); err != nil {
			return err
		}
	}
	t := tabbed(w)
	first := printable(d.Routers[0].Name)
	fmt.Fprintf(t, "router\tdistinct scores\tAIQ\theld out\tless %s\tless the zero router\n", first)
	for _, r := range d.Routers {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\n", printable(r.Name), r.Thresholds, shown("%.4f", r.AIQ), ranged("%.4f", r.Held, 1), ranged("%+.4f", r.HeldLess, 1), ranged("%+.4f", r.HeldAbove, 1))
	}
	if d.ZeroAIQ.Defined() {
		fmt.Fprintf(t, "zero router\t\t%.4f\t%s\t\t\n", float64(d.ZeroAIQ), shown("%.4f", d.ZeroHeld))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if err := printSettings(w, d); err != nil {
		return err
	}
	return printPublished(w, d)
}

// printSettings shows some of the first router's best settings.
func printSettings(w io.Writer, d *routeDocument) error {
	first := d.Routers[0]
	if len(first.Hull) == 0 {
		return nil
	}
	fmt.Fprintf(w, "\nbest settings of %s (%d; --json has all, of all routers), for costs between them mix two at random:\n", printable(first.Name), len(first.Hull))
	t := tabbed(w)
	var to []string
	for _, m := range d.Models {
		to = append(to, printable(m.Name))
	}
	fmt.Fprintf(t, "scores from which the next model begins\tshares of %s\tUSD per 1,000\tquality\n", strings.Join(to, ", "))
	for _, i := range spread(len(first.Hull), shownPoints) {
		x := first.Hull[i]
		var from, shares []string
		below := 0.0
		for m, threshold := range x.Thresholds {
			text := shown("%.6g", threshold)
			if below += x.Shares[m]; below == 0 {
				text = "all"
			}
			from = append(from, text)
		}
		for _, share := range x.Shares {
			shares = append(shares, percent(eval.Number(share)))
		}
		fmt.Fprintf(t, "%s\t%s\t%.4f\t%.4f\n", strings.Join(from, ", "), strings.Join(shares, ", "), perThousand*x.Cost, x.Quality)
	}
	return t.Flush()
}

// printShares shows routers between two models by the share that the second gets.
func printShares(w io.Writer, d *routeDocument) error {
	t := tabbed(w)
	fmt.Fprintf(t, "router\tAUC\tAPGR\tof oracle\tless %s\tCPT 20\tCPT 50\tCPT 80\t\n", printable(d.Routers[0].Name))
	cpt := func(values simulate.CPTs, ranges simulate.By[simulate.Range]) string {
		var out []string
		for _, percent := range []string{"20", "50", "80"} {
			e := eval.Estimate{Value: values[percent], Low: eval.Number(math.NaN())}
			if r, ok := ranges[percent]; ok {
				e.Low, e.High = r[0], r[1]
			}
			out = append(out, ranged("%.1f", e, 100))
		}
		return strings.Join(out, "\t")
	}
	for _, r := range d.Routers {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t\n", printable(r.Name), shown("%.4f", r.AUC), ranged("%.4f", withRange(r.APGR, r.APGRCI), 1),
			percent(r.OfOracle), ranged("%+.4f", r.Less, 1), cpt(r.CPT, r.CPTCI))
		if r.Deciles != nil {
			fmt.Fprintf(t, "  at deciles\t\t%s\t\t\t%s\t%s\n", shown("%.4f", r.Deciles.APGR), cpt(r.Deciles.CPT, nil), r.Deciles.Why)
		}
	}
	fmt.Fprintf(t, "oracle\t\t%s\t\t\t%s\t\n", shown("%.4f", d.Oracle.APGR), cpt(d.Oracle.CPT, nil))
	if err := t.Flush(); err != nil {
		return err
	}
	if d.Routers[0].AUCCI[0].Defined() && !d.Routers[0].APGRCI[0].Defined() {
		fmt.Fprintln(w, "APGR and CPT have no interval: in more than 2 % of resamples the second model is not better, and there is no gap to recover.")
	}
	fmt.Fprintf(w, "CPT: which percentage of requests goes to %s where 20, 50, 80 %% of the gap are recovered. By chance APGR is 0.5; random is one draw.\n", printable(d.Models[1].Name))
	fmt.Fprintf(w, "These count requests, AIQ what they cost: where they disagree, a score tells dear requests from cheap ones rather than needy from easy.\n\n")
	return nil
}

func withRange(value eval.Number, r simulate.Range) eval.Estimate {
	return eval.Estimate{Value: value, Low: r[0], High: r[1]}
}

// printPublished shows what other projects measure, where it was asked for.
func printPublished(w io.Writer, d *routeDocument) error {
	if d.Routers[0].Published == nil {
		return nil
	}
	fmt.Fprintln(w, "\nwhat other projects measure, in sample: the best threshold's arena score, the area over cost, the best quality and the saving against\nthe best model, the distance to the frontier, and the benefit per cost against a random mix half way between two models")
	t := tabbed(w)
	fmt.Fprintln(t, "\tarena score\tat USD per 1,000\tcascade-routing AUC\tPerfGain\tCostSave\tParetoDist\tIBC half way")
	for _, m := range d.Models {
		fmt.Fprintf(t, "%s\t%s\t%s\t\t\t\t\t\n", printable(m.Name), shown("%.4f", *m.Arena), shown("%.4f", perThousand*m.CostUSD))
	}
	for _, r := range d.Routers {
		p := r.Published
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", printable(r.Name), shown("%.4f", p.Arena), shown("%.4f", perThousand*p.ArenaAt),
			shown("%.4f", p.CascadeAUC), shown("%+.1f %%", 100*p.PerfGain), shown("%+.1f %%", 100*p.CostSave), shown("%.4f", p.ParetoDist), shown("%+.3f", p.IBCHalfway))
	}
	return t.Flush()
}
