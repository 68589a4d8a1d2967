package reports

import (
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/internal/wording"
)

// terminalPage is a page for a terminal.
type terminalPage struct{ strings.Builder }

// verdict writes the outcome as the first word. What a verdict says of itself
// begins with it too.
func (p *terminalPage) verdict(o gate.Outcome, why string) {
	word := outcomeWord(o)
	if len(why) > len(word) && strings.EqualFold(why[:len(word)], word) {
		fmt.Fprintf(p, "%s%s\n\n", word, p.prose(why[len(word):]))
		return
	}
	fmt.Fprintf(p, "%s: %s\n\n", word, p.prose(why))
}

func (p *terminalPage) heading(_ int, title string) { fmt.Fprintf(p, "%s\n\n", title) }

func (p *terminalPage) text(format string, args ...any) { fmt.Fprintf(p, format+"\n\n", args...) }

func (p *terminalPage) bullet(format string, args ...any) {
	fmt.Fprintf(p, "  - "+format+"\n", args...)
}

func (p *terminalPage) end() { p.WriteByte('\n') }

func (p *terminalPage) table(header []string, rows [][]string) {
	var b strings.Builder // which takes everything
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range append([][]string{header}, rows...) {
		fmt.Fprintf(t, "  %s\n", strings.Join(r, "\t"))
	}
	_ = t.Flush()
	for line := range strings.Lines(b.String()) {
		p.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	p.WriteByte('\n')
}

func (p *terminalPage) folded(summary string, write func()) {
	fmt.Fprintf(p, "%s:\n\n", summary)
	write()
}

func (p *terminalPage) wide() bool { return false }

func (p *terminalPage) strong(s string) string { return s }

// name shows a name: as it is, or quoted where it holds what a terminal or a
// runner of workflows may obey, or where its ends could not be seen.
func (p *terminalPage) name(s string) string {
	s = wording.Shorten(s)
	if quoted := p.quote(s); quoted[1:len(quoted)-1] != s || strings.TrimSpace(s) != s || s == "" || strings.HasPrefix(s, "::") {
		return quoted
	}
	return s
}

func (p *terminalPage) quote(s string) string { return noCommand(strconv.Quote(s)) }

// prose escapes what strconv.Quote would, but for quotation marks and backslashes,
// which the sentence has around names.
func (p *terminalPage) prose(s string) string {
	var b strings.Builder
	for _, r := range clip(s, mostProse) {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return noCommand(b.String())
}

// noCommand breaks up "##[", which begins a workflow command wherever in a line
// it stands (ActionCommand.TryParse in github.com/actions/runner). The other
// form, "::", is one at the beginning of a line only, where no prose stands.
func noCommand(s string) string { return strings.ReplaceAll(s, "##[", `#\x23[`) }
