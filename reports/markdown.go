package reports

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/routeproof/routeproof/eval"
)

// page collects Markdown. All methods that take text from outside expect it
// escaped by [escape].
type page struct{ strings.Builder }

func (p *page) heading(level int, title string) {
	fmt.Fprintf(p, "%s %s\n\n", strings.Repeat("#", level), title)
}

func (p *page) text(format string, args ...any) { fmt.Fprintf(p, format+"\n\n", args...) }

func (p *page) bullet(format string, args ...any) { fmt.Fprintf(p, "- "+format+"\n", args...) }

// end closes a list.
func (p *page) end() { p.WriteByte('\n') }

// table writes a table. The first column is left-aligned, the others right.
func (p *page) table(header []string, rows [][]string) {
	line := func(cells []string) { fmt.Fprintf(p, "| %s |\n", strings.Join(cells, " | ")) }
	line(header)
	rule := make([]string, len(header))
	for i := range rule {
		rule[i] = "---:"
	}
	rule[0] = ":---"
	line(rule)
	for _, r := range rows {
		line(r)
	}
	p.WriteByte('\n')
}

func (p *page) image(file, alt string) { fmt.Fprintf(p, "![%s](%s)\n\n", alt, file) }

// folded puts what write writes into a section that is closed at first.
func (p *page) folded(summary string, write func()) {
	fmt.Fprintf(p, "<details><summary>%s</summary>\n\n", summary)
	write()
	p.WriteString("</details>\n\n")
}

// escape makes text from outside show as it is: no Markdown, no HTML, no
// mention, no link, one line. Characters that cannot be seen become U+FFFD.
func escape(s string) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(s), " ") {
		switch {
		case r == ' ':
			b.WriteByte(' ')
		case strings.ContainsRune("&<>|`[]", r):
			fmt.Fprintf(&b, "&#%d;", r)
		case r == '@':
			b.WriteString("@<!-- -->") // GitHub looks for mentions after entities are undone
		case strings.ContainsRune("\\*_#~$", r):
			b.WriteByte('\\')
			b.WriteRune(r)
		case !unicode.IsPrint(r):
			b.WriteRune('\ufffd')
		default:
			b.WriteRune(r)
		}
	}
	return strings.NewReplacer("://", "&#58;//", "www.", "www&#46;", "WWW.", "WWW&#46;").Replace(b.String())
}

// code shows a name as code, as an element where it has characters that cannot
// be escaped in Markdown's own.
func code(s string) string {
	if strings.ContainsAny(s, "`|") {
		return "<code>" + escape(s) + "</code>"
	}
	clean := strings.Map(func(r rune) rune {
		if r != ' ' && !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, strings.Join(strings.Fields(s), " "))
	return "`" + clean + "`"
}

const missing = "—"

func shareCell(e eval.Estimate) string { return estimateCell(e, percent) }

func usdCell(e eval.Estimate) string { return estimateCell(e, usd) }

func pointCell(e eval.Estimate) string {
	return estimateCell(e, threeDigits)
}

// estimateCell is a value with its interval, if it has one.
func estimateCell(e eval.Estimate, format func(float64) string) string {
	if !e.Value.Defined() {
		return missing
	}
	if !e.Low.Defined() || !e.High.Defined() {
		return format(float64(e.Value))
	}
	return fmt.Sprintf("%s [%s, %s]", format(float64(e.Value)),
		strings.TrimSuffix(format(float64(e.Low)), " %"), strings.TrimSuffix(format(float64(e.High)), " %"))
}

func numberCell(n eval.Number, format func(float64) string) string {
	if !n.Defined() {
		return missing
	}
	return format(float64(n))
}

// quantityCell marks where a figure comes from, by its origin's first letter.
func quantityCell(q eval.Quantity, format func(float64) string) string {
	if !q.Known() {
		return "unknown"
	}
	return fmt.Sprintf("%s <sup>%c</sup>", format(q.Value), q.Origin.String()[0])
}

const originLegend = "<sup>r</sup> recorded, <sup>c</sup> computed from recorded or configured figures, <sup>a</sup> rests on an assumption."

func milliseconds(v float64) string { return fmt.Sprintf("%.0f ms", v) }

// threeDigits never writes −0.000.
func threeDigits(v float64) string {
	return strings.Replace(fmt.Sprintf("%.3f", rounded(v, 3)), "-", "−", 1)
}

// pValue writes a p-value, never as zero.
func pValue(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

// pPhrase is a p-value in a sentence.
func pPhrase(p float64) string {
	if s := pValue(p); s[0] == '<' {
		return "p < " + s[1:]
	}
	return "p = " + pValue(p)
}
