package reports

import (
	"fmt"
	"math"
	"strings"

	"github.com/routeproof/routeproof/internal/wording"
)

// nested shows what the whole procedure gives.
func (r *report) nested() {
	n := r.run.Nested
	if n == nil {
		return
	}
	r.heading(2, "What the whole procedure gives")
	r.text("Fitting, choosing and tuning were repeated without each of %d folds, so that every one of %s in %s is decided by classifiers that owe nothing to its label. "+
		"**Optimism** is by how much a figure looks better where classifiers are asked about the prompts they came from, train and tune, than where others that had not seen these are: what you would have believed wrongly without a test split.",
		n.Folds, wording.Plural(n.N, "labelled prompt"), wording.Plural(n.Groups, "independent group"))
	priced := r.result.Unpriced == ""
	header := []string{"", "accuracy", "optimism", "quadratic κ", "optimism"}
	if priced {
		header = append(header, "USD per 1,000", "optimism")
	}
	var rows [][]string
	for _, s := range n.Scores {
		row := []string{code(s.Classifier), shareCell(s.Accuracy), numberCell(s.AccuracyOptimism, points),
			pointCell(s.Kappa), numberCell(s.KappaOptimism, signedThree)}
		if priced {
			row = append(row, usdCell(s.Headline), numberCell(s.HeadlineOptimism, usd))
		}
		rows = append(rows, row)
	}
	r.table(header, rows)
	r.folded("What was chosen and tuned without each fold", func() {
		rows = nil
		header := []string{"without fold", "embedding: vectors", "scorer", "β"}
		hybrid := n.Rounds[0].Margin != nil
		if hybrid {
			header = append(header, "margin of the three-stage hybrid")
		}
		for i, x := range n.Rounds {
			row := []string{fmt.Sprint(i + 1), code(x.Embedder), escape(x.Scorer), numberCell(x.Temperature, func(v float64) string { return fmt.Sprintf("%.4g", v) })}
			if hybrid {
				row = append(row, marginWords(*x.Margin))
			}
			rows = append(rows, row)
		}
		r.table(header, rows)
	})
}

func signedThree(v float64) string {
	return strings.Replace(fmt.Sprintf("%+.3f", math.Round(v*1000)/1000), "-", "−", 1)
}
