package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/internal/wording"
)

// Summary writes the verdict and the table of classifiers for a terminal.
func Summary(w io.Writer, run *pipeline.Run) error {
	r := run.Result
	fmt.Fprintf(w, "%s: %s labelled, %s in test\n", run.Data.Name, wording.Plural(len(run.Items), "prompt"), wording.Thousands(r.N))
	if run.Data.Note != "" {
		fmt.Fprintln(w, run.Data.Note)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "classifier\taccuracy\tmacro-F1\tquadratic kappa\tsent too low\tUSD per 1,000")
	for _, s := range r.Classifiers {
		summaryRow(t, s.Name, shareCell(s.Accuracy), usdCell(s.Cost.Headline), s)
	}
	fmt.Fprintln(t, "\t\t\t\t\t")
	for _, s := range r.Baselines {
		summaryRow(t, s.Name, numberCell(s.Accuracy.Value, percent), numberCell(s.Cost.Headline.Value, usd), s)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if c := run.Choice; c != nil && c.Why == "" {
		chosen := c.Candidates[c.Chosen]
		fmt.Fprintf(w, "\n%s: %s vectors scored by %s, chosen of %s by cross-validation\n", pipeline.EmbeddingName, chosen.Embedder, chosen.Scorer, wording.Plural(len(c.Candidates), "candidate"))
	}
	if err := mixedSummary(w, run); err != nil {
		return err
	}
	if err := nestedSummary(w, run); err != nil {
		return err
	}
	for _, warning := range append(slices.Clone(run.Warnings), r.Warnings...) {
		if _, err := fmt.Fprintf(w, "warning: %s\n", warning); err != nil {
			return err
		}
	}
	return nil
}

func summaryRow(w io.Writer, name, accuracy, cost string, s eval.Score) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", name, accuracy, numberCell(s.MacroF1.Value, threeDigits),
		numberCell(s.QuadraticKappa.Value, threeDigits), numberCell(s.UnderRouting.Value, percent), cost)
}

// mixedSummary writes the figures for another tier mix, where one is given.
func mixedSummary(w io.Writer, run *pipeline.Run) error {
	m := run.Result.Mixed
	if m == nil {
		return nil
	}
	if m.Undefined != "" {
		_, err := fmt.Fprintf(w, "\nno figures for the tier mix %s: %s\n", mixText(run), m.Undefined)
		return err
	}
	fmt.Fprintf(w, "\nfor a tier mix of %s, on %s test prompts of them\n", mixText(run), listed(m.Support))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\taccuracy\tsent too low\tUSD per 1,000\tsaving on always "+run.Tiers.Name(run.Tiers.Len()-1))
	for _, s := range m.Scores {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", s.Name, shareCell(s.Accuracy), shareCell(s.UnderRouting), usdCell(s.Headline), shareCell(s.Saving))
	}
	return t.Flush()
}

// nestedSummary writes what nested evaluation found, where it was asked for.
func nestedSummary(w io.Writer, run *pipeline.Run) error {
	n := run.Nested
	if n == nil {
		return nil
	}
	fmt.Fprintf(w, "\nthe whole procedure, choices and tuning included, on %s that had no part in it; optimism beside\n", wording.Plural(n.N, "labelled prompt"))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\taccuracy\toptimism\tquadratic kappa\toptimism\tUSD per 1,000\toptimism")
	for _, s := range n.Scores {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Classifier, shareCell(s.Accuracy), numberCell(s.AccuracyOptimism, points),
			pointCell(s.Kappa), numberCell(s.KappaOptimism, signedThree), usdCell(s.Headline), numberCell(s.HeadlineOptimism, usd))
	}
	return t.Flush()
}

// mixText names the tiers with their shares.
func mixText(run *pipeline.Run) string {
	var out []string
	for k, share := range run.Result.Mixed.Shares {
		out = append(out, fmt.Sprintf("%s %s", run.Result.Tiers[k], percent(float64(share))))
	}
	return strings.Join(out, ", ")
}

// listed are numbers with commas between.
func listed(numbers []int) string {
	out := make([]string, len(numbers))
	for i, n := range numbers {
		out[i] = wording.Thousands(n)
	}
	return strings.Join(out, ", ")
}
