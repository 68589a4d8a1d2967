package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/calibrate"
	"github.com/routeproof/routeproof/internal/wording"
)

// calibratedWords are the columns of a kind and what they mean.
type calibratedWords struct{ threshold, share, risk, oracle, means string }

func (d *calibrated) words() calibratedWords {
	cheap, dear := printable(d.Models[0]), printable(d.Models[len(d.Models)-1])
	switch d.Kind {
	case ofRoute:
		return calibratedWords{
			"scores from which the next model begins", "kept cheap", "points of quality lost",
			"it asks the cheapest model that is as good as " + dear + ", so it loses nothing",
			"Kept cheap: requests that do not go to " + dear + ", whose mean quality is what quality lost is against.",
		}
	case ofCascade:
		return calibratedWords{
			"least confidence", "taken cheap", "regret",
			"it asks " + dear + " alone where only that is right, and " + cheap + " alone elsewhere",
			"Taken cheap: requests on which the answer of " + cheap + " is given and " + dear + " is not asked. Regret: of all requests, those on which that answer\nis wrong and " + dear + "'s is right.",
		}
	}
	return calibratedWords{
		"least similarity", "agree", "wrong where they agree",
		"it takes the answer of " + cheap + " where that is right",
		"Agree: requests on which the answer of " + cheap + " is given. Both models are always asked, so agreement saves no cost by itself.",
	}
}

func (d *calibrated) print(w io.Writer) error {
	for _, n := range d.Notes {
		fmt.Fprintf(w, "note: %s\n", safe(n, nil))
	}
	what := d.Kind
	if d.Router != "" {
		what += " by " + printable(d.Router)
	}
	names := make([]string, len(d.Models))
	for i, m := range d.Models {
		names[i] = printable(m)
	}
	fmt.Fprintf(w, "%s over %s, cheapest first\n", what, strings.Join(names, ", "))
	fmt.Fprintf(w, "thresholds chosen on %s of tune, certified on %s of calibrate, measured on %s of test", wording.Plural(d.Splits["tune"], "request"), wording.Thousands(d.Splits["calibrate"]), wording.Thousands(d.Splits["test"]))
	if n := d.Splits["train"]; n > 0 {
		fmt.Fprintf(w, "; %s of train not used", wording.Thousands(n))
	}
	if d.Copies > 0 {
		fmt.Fprintf(w, "; %s left out as near-duplicates of others", wording.Thousands(d.Copies))
	}
	fmt.Fprintf(w, "\n\n%s\n", d.Result.Sentence)
	if d.Kind == ofParallel && d.Result.First == nil {
		fmt.Fprintln(w, "No two answers of tune agree: say how a final answer is found in a response, with --answer regex:… or json:…, or compare them with --agree cosine.")
	}
	if n := d.Splits["calibrate"]; !d.Result.Certified && d.Result.More > 0 && n > 0 {
		all := 0
		for _, k := range d.Splits {
			all += k
		}
		fmt.Fprintf(w, "These are requests of calibrate, about %s more over all splits as they are here; --splits can give calibrate more.\n", wording.Thousands((d.Result.More*all+n-1)/n))
	}
	fmt.Fprintln(w)
	words := d.words()
	dear := names[len(names)-1]
	t := tabbed(w)
	of := "of the oracle's share"
	if d.byCost() {
		of = "of the oracle's saving"
	}
	fmt.Fprintf(t, "setting\t%s\t%s\t%s\tmean quality\tcost against %s\t%s\n", words.threshold, words.share, words.risk, dear, of)
	d.printSetting(t, "certified", d.Result.Setting, d.Certified)
	d.printSetting(t, "heuristic", d.Result.Heuristic, d.Heuristic)
	for _, x := range []struct {
		name string
		of   *calibratedTest
	}{{"oracle", d.Oracle}, {"always " + dear, d.Dearest}} {
		if x.of != nil {
			fmt.Fprintf(t, "%s\t\t%s\t\t%.4f\t%s\t\n", x.name, percent(x.of.Share.Value), float64(x.of.Quality), percent(x.of.CostShare))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "%s Brackets: 95 %% intervals.\nHeuristic: the cheapest setting that looks good enough on tune, as tuning takes it; nothing is guaranteed. The oracle knows every\noutcome: %s. Who gives up quality may save more than it, over 100 %%.\n", words.means, words.oracle)
	d.Edit.print(w)
	return nil
}

func (d *calibrated) printSetting(t io.Writer, name string, s *calibrate.Setting, m *calibratedTest) {
	if s == nil {
		fmt.Fprintf(t, "%s\tnone\t\t\t\t\t\n", name)
		return
	}
	values := make([]string, len(s.Thresholds))
	for i, v := range s.Thresholds {
		values[i] = v.String()
	}
	if m == nil {
		fmt.Fprintf(t, "%s\t%s\t—\t—\t—\t—\t—\n", name, strings.Join(values, ", "))
		return
	}
	risk := interval(m.Risk)
	if d.Kind == ofRoute {
		risk = ranged("%.1f", m.Risk, 100)
	}
	fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%.4f\t%s\t%s\n", name, strings.Join(values, ", "), interval(m.Share), risk, float64(m.Quality), percent(m.CostShare), percent(m.OfOracle))
}

// interval shows a share with its 95 % interval.
func interval(e eval.Estimate) string {
	if !e.Value.Defined() {
		return "unknown"
	}
	return fmt.Sprintf("%.1f %% [%.1f, %.1f]", 100*e.Value, 100*e.Low, 100*e.High)
}
