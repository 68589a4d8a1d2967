package reports

import (
	"fmt"
	"strings"

	"github.com/routeproof/routeproof/internal/wording"
)

func (r *report) tiers() {
	r.heading(2, "Tier by tier")
	r.image(plotConfusion, "Confusion matrix of the best classifier")
	r.image(plotScores, "Scores of the embedding classifier by true tier")
	for i, s := range r.result.Classifiers {
		write := func() {
			var rows [][]string
			for _, t := range s.PerTier {
				rows = append(rows, []string{code(t.Tier), fmt.Sprintf("%.0f", t.Support), fmt.Sprintf("%.0f", t.Predicted),
					shareCell(t.Recall), shareCell(t.Precision), numberCell(t.F1, threeDigits)})
			}
			r.table([]string{"tier", "prompts", "sent there", "recall", "precision", "F1"}, rows)
		}
		if i == 0 {
			r.text("%s:", code(s.Name))
			write()
		} else {
			r.folded(escape(s.Name), write)
		}
	}
}

func (r *report) pairs() {
	if len(r.result.Pairs) == 0 {
		return
	}
	r.heading(2, "Is the difference real?")
	r.text("Two classifiers on the same prompts: the exact two-sided McNemar test on those that only one of them got right, adjusted by Holm's method for all %s. "+
		"Where prompts come in groups it is the sign-flip test of how many more of each group one got right, and a group counts as that of the classifier that got more of it right.", wording.Plural(len(r.result.Pairs), "pair"))
	var rows [][]string
	for _, p := range r.result.Pairs {
		said := "not shown"
		if p.HolmP <= 0.05 {
			said = "**yes**"
		}
		rows = append(rows, []string{code(p.A) + " against " + code(p.B), fmt.Sprint(p.OnlyA), fmt.Sprint(p.OnlyB),
			points(float64(p.Diff)), pValue(p.P), pValue(p.HolmP), said})
	}
	r.table([]string{"", "only the first right", "only the second", "accuracy", "p", "Holm p", "differs at 5 %"}, rows)
}

// shownDomains is how many domains the report lists; result.json has all.
const shownDomains = 15

func (r *report) parts() {
	r.heading(2, "Where it works")
	for _, kind := range []string{"domain", "length"} {
		var rows [][]string
		left := 0
		for _, s := range r.result.Slices {
			if s.Kind != kind {
				continue
			}
			if len(rows) == shownDomains {
				left++
				continue
			}
			name := escape(s.Name)
			if name == "" {
				name = "(none)"
			}
			cells := []string{name, fmt.Sprint(s.N)}
			for _, a := range s.Accuracy {
				cells = append(cells, shareCell(a))
			}
			rows = append(rows, cells)
		}
		if len(rows) == 0 {
			continue
		}
		header := []string{kind, "n"}
		for _, s := range r.result.Classifiers {
			header = append(header, code(s.Name))
		}
		r.text("Accuracy by %s:", kind)
		r.table(header, rows)
		if left > 0 {
			r.text("%s more in `%s`.", wording.Plural(left, kind), ResultFile)
		}
	}
}

func (r *report) mistakes() {
	r.heading(2, "Worst mistakes")
	r.text("The farthest from the true tier first, too low before too high.")
	for i, m := range r.result.Mistakes {
		write := func() {
			if len(m.Worst) == 0 {
				return
			}
			var rows [][]string
			for _, x := range m.Worst {
				scores := missing
				if x.Scores != nil {
					parts := make([]string, len(x.Scores))
					for k, s := range x.Scores {
						parts[k] = threeDigits(s)
					}
					scores = strings.Join(parts, " / ")
				}
				rows = append(rows, []string{escape(x.Prompt), code(x.ID), code(x.Truth), code(x.Predicted), scores})
			}
			r.table([]string{"prompt", "id", "true tier", "sent to", "scores, cheapest tier first"}, rows)
		}
		if i == 0 {
			r.text("%s, %s in all:", code(m.Classifier), wording.Plural(m.Total, "mistake"))
			write()
		} else {
			r.folded(fmt.Sprintf("%s, %s", escape(m.Classifier), wording.Plural(m.Total, "mistake")), write)
		}
	}
}

// howToVerify says how to check the artifact's embedder where it is used.
func (r *report) howToVerify() string {
	if r.run.Embedder.Recorded {
		return "Check it where it is used: embed its canaries again and compare their scores."
	}
	words := ""
	if r.run.Embedder.Rows > 0 {
		words = " --word-vectors FILE"
	}
	return fmt.Sprintf("Check it where it is used with `routeproof inspect %s --verify%s`.", ArtifactFile, words)
}

// embedder says what made the vectors and what it left without one.
func (r *report) embedder() {
	e := r.run.Embedder
	line := fmt.Sprintf("embedder: %s %s, %d dims", code(e.Kind), code(e.Model), e.Dims)
	if e.Preprocessing != "" {
		line += ", " + code(e.Preprocessing)
	}
	if e.Digest != "" {
		line += ", file of SHA-256 " + code(e.Digest)
	}
	r.bullet("%s", line)
	if e.Rows > 0 {
		r.bullet("word vectors: %s, of which texts can match %s", wording.Plural(e.Rows, "row"), wording.Thousands(e.Words))
	}
	if e.Empty > 0 {
		r.bullet("vectors: %s of %s have none and go to the fallback tier", wording.Thousands(e.Empty), wording.Plural(e.Prompts, "labelled prompt"))
	} else {
		r.bullet("vectors: every labelled prompt has one")
	}
	if e.Recorded {
		r.bullet("vectors were recorded elsewhere, so the canaries are train prompts: **the artifact holds the text of %d of yours**", len(r.run.Artifact.Manifest().Canaries))
	}
}
