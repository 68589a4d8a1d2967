package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/internal/wording"
)

// artifacts sets two artifacts side by side.
func artifacts(d gatePage, x *centroids.Difference) {
	d.heading(2, "Artifacts")
	if x.Same {
		d.text("Both are the same, checksum %s.", d.name(shortHash(x.A.SHA256)))
		return
	}
	var rows [][]string
	a, b := artifactRows(d, x.A), artifactRows(d, x.B)
	for i, row := range a {
		differs := ""
		if row.fields == nil && row.value != b[i].value || slices.ContainsFunc(row.fields, func(f string) bool { return slices.Contains(x.Differs, f) }) {
			differs = d.strong("differs")
		}
		rows = append(rows, []string{row.title, row.value, b[i].value, differs})
	}
	d.table([]string{"", "A", "B", ""}, rows)
	if x.A.Measured != nil && x.B.Measured != nil {
		d.text("What is measured is each artifact's own, on the test prompts it was built with: these need not be the same.")
	}
	tierTable(d, x)
	for _, c := range []struct {
		says string
		all  []centroids.Certificate
	}{{"Certificates of B that A has not", x.Added}, {"Certificates of A that B has not", x.Removed}} {
		if len(c.all) == 0 {
			continue
		}
		d.text("%s:", c.says)
		for _, x := range c.all {
			d.bullet("%s, with %.7g %% confidence; shown on %s, %s of them against it (%s)", d.prose(x.Claim), 100*(1-x.Delta),
				wording.Plural(x.N, "prompt"), wording.Thousands(x.Errors), d.prose(x.Method))
		}
		d.end()
	}
}

// artifactRow is a line about an artifact, and the fields that it tells of; nil:
// what it says is all there is to compare.
type artifactRow struct {
	title, value string
	fields       []string
}

func artifactRows(d gatePage, s centroids.Summary) []artifactRow {
	scorer := s.Scorer
	if s.Scorer == centroids.ScorerNearest {
		scorer += fmt.Sprintf(", %s of %s", wording.Thousands(s.Neighbours), wording.Plural(s.Examples, "example"))
	}
	beta := "none"
	if s.InverseTemperature != nil {
		beta = fmt.Sprintf("1/%.6g", *s.InverseTemperature)
	}
	accuracy, f1, ece := missing, missing, missing
	if m := s.Measured; m != nil {
		accuracy = fmt.Sprintf("%s [%s, %s] (n = %s)", percent(m.Accuracy), strings.TrimSuffix(percent(m.Interval[0]), " %"), strings.TrimSuffix(percent(m.Interval[1]), " %"), wording.Thousands(m.N))
		f1 = threeDigits(m.MacroF1)
		if m.ECE != nil {
			ece = threeDigits(*m.ECE)
		}
	}
	var tiers []string
	for _, tier := range s.Tiers {
		tiers = append(tiers, d.name(tier))
	}
	optional := func(s string) string {
		if s == "" {
			return missing
		}
		return d.name(s)
	}
	e, data := s.Embedder, s.Dataset
	shares := strings.Trim(fmt.Sprint(data.Shares), "[]")
	return []artifactRow{
		{"checksum", d.name(shortHash(s.SHA256)), nil},
		{"tiers", strings.Join(tiers, ", "), []string{"tiers"}},
		{"embedder", d.name(e.Kind + " " + e.Model), []string{"embedder.kind", "embedder.model"}},
		{"dims", wording.Thousands(e.Dims), []string{"embedder.dims"}},
		{"preprocessing", optional(e.Preprocessing), []string{"embedder.preprocessing"}},
		{"embedder's digest", optional(shortHash(e.Digest)), []string{"embedder.digest"}},
		{"scorer", scorer, []string{"scorer", "neighbours", "examples"}},
		{"margin", fmt.Sprintf("%g", s.Margin), []string{"margin"}},
		{"fallback", d.name(s.Fallback), []string{"fallback"}},
		{"temperature", beta, []string{"inverse_temperature"}},
		{"certificates", fmt.Sprint(len(s.Certificates)), []string{"certificates"}},
		{"prompts", fmt.Sprintf("%s (%s unlabelled)", wording.Thousands(data.Prompts), wording.Thousands(data.Unlabelled)), []string{"dataset.prompts", "dataset.unlabelled"}},
		{"by split", splitCounts(s), []string{"dataset.counts"}},
		{"content hash", optional(shortHash(data.SHA256)), []string{"dataset.sha256"}},
		{"split hash", optional(shortHash(data.SplitSHA)), []string{"dataset.split_sha256"}},
		{"shares, salt", shares + ", " + optional(data.Salt), []string{"dataset.shares", "dataset.salt"}},
		{"accuracy", accuracy, nil},
		{"macro-F1", f1, nil},
		{"ECE", ece, nil},
	}
}

func shortHash(hash string) string { return hash[:min(len(hash), 12)] }

// splitCounts sums the prompts of each split over the tiers, in the order in which
// splits are used; the loader lets other names pass, which come last.
func splitCounts(s centroids.Summary) string {
	order := []string{"train", "tune", "calibrate", "test"}
	var out []string
	others := 0
	sum := func(counts map[string]int) (n int) {
		for _, c := range counts {
			n += c
		}
		return n
	}
	for _, split := range order {
		if counts, ok := s.Dataset.Counts[split]; ok {
			out = append(out, split+" "+wording.Thousands(sum(counts)))
		}
	}
	for split, counts := range s.Dataset.Counts {
		if !slices.Contains(order, split) {
			others += sum(counts)
		}
	}
	if others > 0 {
		out = append(out, "others "+wording.Thousands(others))
	}
	if len(out) == 0 {
		return missing
	}
	return strings.Join(out, ", ")
}

// tierTable sets thresholds, centroids and weights side by side.
func tierTable(d gatePage, x *centroids.Difference) {
	header := []string{"tier", "A accepts", "B accepts", "cosine of centroids"}
	if x.Weights != nil {
		header = append(header, "cosine of weights")
	}
	number := func(v *float64) string {
		if v == nil {
			return missing
		}
		return strings.Replace(fmt.Sprintf("%.4f", *v), "-", "−", 1)
	}
	var rows [][]string
	for i, t := range x.Tiers {
		row := []string{d.name(t.Tier), accepts(t.A), accepts(t.B), number(t.Cosine)}
		if row[1] != row[2] {
			row[2] = d.strong(row[2])
		}
		if x.Weights != nil {
			row = append(row, number(x.Weights.Cosines[i]))
		}
		rows = append(rows, row)
	}
	d.table(header, rows)
	switch {
	case x.A.Embedder.Dims != x.B.Embedder.Dims:
		d.text("Centroids of %s and %s dims cannot be compared.", wording.Thousands(x.A.Embedder.Dims), wording.Thousands(x.B.Embedder.Dims))
	case !x.SameEmbedder:
		d.text("%s: the embedders differ, and vectors of different embedders have no axes in common.", d.strong("The cosines mean little"))
	}
	if w := x.Weights; w != nil {
		d.text("The largest change of a weight of the logistic models is %.4g, of a bias %.4g.", w.Largest, w.Bias)
	}
}

// accepts says from which score a tier's decisions are accepted. No score is below
// −1 or above 1.
func accepts(threshold *float64) string {
	switch {
	case threshold == nil:
		return "no such tier"
	case *threshold <= -1:
		return "all"
	case *threshold > 1:
		return "nothing"
	}
	return strings.Replace(fmt.Sprintf("from %g", *threshold), "-", "−", 1)
}
