package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/internal/wording"
)

const comparisonSchema = "routeproof.comparison/1"

// A Comparison is what two runs, files of predictions or artifacts are beside each
// other.
type Comparison struct {
	A, B        string                // names, as they were given
	Predictions *gate.Comparison      // nil where a side has none
	Artifacts   *centroids.Difference // nil where a side has none
}

// CompareJSON writes everything, for machines.
func CompareJSON(w io.Writer, c Comparison) error {
	document := struct {
		Schema      string                `json:"schema"`
		A           string                `json:"a"`
		B           string                `json:"b"`
		Predictions *gate.Comparison      `json:"predictions"`
		Artifacts   *centroids.Difference `json:"artifacts"`
	}{comparisonSchema, c.A, c.B, c.Predictions, c.Artifacts}
	if c.Predictions == nil {
		return writeJSON(w, document)
	}
	bare := *c.Predictions
	bare.Classifiers = slices.Clone(bare.Classifiers)
	for i := range bare.Classifiers {
		bare.Classifiers[i].Flips = gate.Flips{}
	}
	document.Predictions = &bare
	return writeWithFlips(w, document, c.Predictions.EachFlip)
}

// CompareText writes a comparison for a terminal, with up to so many prompts that
// flipped, of each classifier and way.
func CompareText(w io.Writer, c Comparison, flips int) error {
	page := new(terminalPage)
	return c.write(w, page, &page.Builder, flips)
}

// CompareMarkdown writes a comparison in Markdown; see [CompareText].
func CompareMarkdown(w io.Writer, c Comparison, flips int) error {
	page := new(markdownPage)
	return c.write(w, page, &page.Builder, flips)
}

func (c Comparison) write(w io.Writer, d gatePage, written fmt.Stringer, flips int) error {
	d.heading(1, "Comparison")
	d.text("A is %s, B is %s.", d.name(c.A), d.name(c.B))
	if p := c.Predictions; p != nil {
		first, err := readFlips(len(p.Classifiers), flips, p.EachFlip)
		if err != nil {
			return err
		}
		predictions(d, p, first)
	}
	if c.Artifacts != nil {
		artifacts(d, c.Artifacts)
	}
	_, err := io.WriteString(w, strings.TrimRight(written.String(), "\n")+"\n")
	return err
}

func predictions(d gatePage, c *gate.Comparison, flips firstFlips) {
	d.heading(2, "Decisions")
	over := ""
	if c.A.Prompts != c.N || c.B.Prompts != c.N {
		over = fmt.Sprintf(" of %s in A and %s in B", wording.Thousands(c.A.Prompts), wording.Thousands(c.B.Prompts))
	}
	d.text("Compared over %s%s that both sides have with the same true tier.", wording.Plural(c.N, "prompt"), over)
	if len(c.Faults) > 0 {
		d.text("%s:", d.strong("The sides do not match"))
		for _, f := range c.Faults {
			about := ""
			if f.Classifier != "" {
				about = d.name(f.Classifier) + ": "
			}
			d.bullet("%s%s", about, d.prose(f.Why))
		}
		d.end()
	}
	for _, side := range []struct {
		name string
		only []string
	}{{"A", c.A.Only}, {"B", c.B.Only}} {
		if len(side.only) > 0 {
			d.text("Only %s has %s.", side.name, names(d, side.only))
		}
	}
	anyChanged := false
	for i, x := range c.Classifiers {
		classifier(d, x, flips[i])
		anyChanged = anyChanged || changed(x)
	}
	if len(c.Classifiers) == 0 {
		d.text("No classifier has predictions on both sides.")
	}
	if anyChanged {
		d.text("B − A has its 95 %% interval: bootstrap percentiles, independent prompts drawn for both sides together; none under 30 of them. "+
			"Better and worse stand where the interval excludes 0 and at least 6 prompts changed. Intervals are not adjusted for their number: "+
			"about one in twenty figures that did not change looks as if it had. ECE is over bins of both sides' confidences together; chance alone keeps it above 0, and its interval is wider by what that may hide. The p of a classifier is McNemar's, two-sided; Holm's is adjusted for %s.",
			wording.Plural(len(c.Classifiers), "classifier"))
	}
	for _, warning := range c.Warnings {
		d.text("Warning: %s", d.prose(warning))
	}
}

// names are up to ten names with commas between, and a count of the others.
func names(d gatePage, all []string) string {
	const shown = 10
	out := make([]string, 0, shown)
	for _, name := range all[:min(len(all), shown)] {
		out = append(out, d.name(name))
	}
	text := strings.Join(out, ", ")
	if more := len(all) - len(out); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// changed tells whether anything that is measured of a classifier did.
func changed(x gate.ClassifierChange) bool {
	return slices.ContainsFunc(x.Measures, func(m gate.Measure) bool { return m.Changed > 0 })
}

func classifier(d gatePage, x gate.ClassifierChange, flips [2][]gate.Flip) {
	d.heading(3, "Classifier "+d.name(x.Name))
	switch {
	case x.N == 0:
		d.text("No prompt has predictions of it on both sides.")
		return
	case x.Identical:
		d.text("All predictions are the same.")
	default:
		independent := ""
		if x.Groups != x.N {
			independent = fmt.Sprintf(", %s independent,", wording.Thousands(x.Groups))
		}
		d.text("Of %s%s A alone is right on %s and B alone on %s (p %s, Holm's %s).", wording.Plural(x.N, "prompt"), independent,
			wording.Thousands(x.OnlyA), wording.Thousands(x.OnlyB), pIs(x.P), pIs(x.HolmP))
	}
	if x.ErrorsA > 0 || x.ErrorsB > 0 {
		d.text("No answer, so the fallback tier stands in: A %s, B %s.", wording.Plural(x.ErrorsA, "prompt"), wording.Plural(x.ErrorsB, "prompt"))
	}
	header, rows := []string{"", "A", "B", "B − A", ""}, [][]string{}
	for _, m := range x.Measures {
		title := measureTitle(m.Name)
		if m.N != x.N {
			title += fmt.Sprintf(" (n = %s)", wording.Thousands(m.N))
		}
		row := measureRow(d, m, title)
		if !changed(x) {
			row = row[:2]
		}
		rows = append(rows, row)
	}
	if !changed(x) {
		header = []string{"", "A and B"}
	}
	d.table(header, rows)
	if x.Cost == nil {
		d.text("Costs are unknown: %s.", d.prose(x.Unpriced))
	} else if x.Cost.PricesDiffer || x.Cost.Tokens != 0 {
		own := ""
		if x.Cost.Classify.Defined() {
			own = ", classifying " + signedUSD(float64(x.Cost.Classify))
		}
		d.text("Of the change of cost: prices %s, tokens %s, tiers picked %s%s.",
			signedUSD(float64(x.Cost.Price)), signedUSD(float64(x.Cost.Tokens)), signedUSD(float64(x.Cost.TierMix)), own)
	}
	if x.Identical {
		return
	}
	parts(d, x)
	flipTables(d, x, flips)
}

// parts is accuracy by slice, up to shownDomains of a kind.
func parts(d gatePage, x gate.ClassifierChange) {
	var rows [][]string
	left, of := 0, map[string]int{}
	for _, m := range x.Slices {
		if of[m.Slice.Kind]++; of[m.Slice.Kind] > shownDomains {
			left++
			continue
		}
		rows = append(rows, measureRow(d, m, fmt.Sprintf("%s %s (n = %s)", m.Slice.Kind, d.name(m.Slice.Name), wording.Thousands(m.N))))
	}
	if len(rows) == 0 {
		return
	}
	d.table([]string{"accuracy", "A", "B", "B − A", ""}, rows)
	if left > 0 {
		d.text("%s more with --json.", wording.Plural(left, "part"))
	}
}

func flipTables(d gatePage, x gate.ClassifierChange, first [2][]gate.Flip) {
	for i, way := range []struct {
		says string
		all  int
	}{{"Right in A, wrong in B", x.Flips.Worse}, {"Wrong in A, right in B", x.Flips.Better}} {
		shown := first[i]
		if len(shown) == 0 {
			continue
		}
		more := ""
		if way.all > len(shown) {
			more = fmt.Sprintf(" (%s shown)", wording.Thousands(len(shown)))
		}
		d.text("%s: %s%s. The farthest from the true tier come first.", way.says, wording.Plural(way.all, "prompt"), more)
		t := gateTeller{gatePage: d}
		d.table(t.flipTable(shown, "A", "B"))
	}
}
