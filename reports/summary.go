package reports

import (
	"fmt"
	"io"
	"slices"
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
