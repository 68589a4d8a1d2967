package reports

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"
)

// A document is what the same words and tables are written to, for people who
// read Markdown or a terminal.
type document interface {
	heading(level int, title string)
	text(format string, args ...any)
	bullet(format string, args ...any)
	end() // of a list
	table(header []string, rows [][]string)

	name(s string) string   // a name from outside
	prose(s string) string  // a sentence from outside
	strong(s string) string // own words that are to stand out
	String() string
}

// markdown is a document in Markdown.
type markdown struct{ page }

func (m *markdown) name(s string) string   { return code(s) }
func (m *markdown) prose(s string) string  { return escape(s) }
func (m *markdown) strong(s string) string { return "**" + s + "**" }

// terminal is a document for a terminal.
type terminal struct{ strings.Builder }

func (t *terminal) heading(level int, title string) {
	if level == 1 {
		title = strings.ToUpper(title)
	}
	fmt.Fprintf(t, "%s\n\n", title)
}

func (t *terminal) text(format string, args ...any) { fmt.Fprintf(t, format+"\n\n", args...) }

func (t *terminal) bullet(format string, args ...any) { fmt.Fprintf(t, "- "+format+"\n", args...) }

func (t *terminal) end() { t.WriteByte('\n') }

func (t *terminal) table(header []string, rows [][]string) {
	var b strings.Builder // which takes all that is written to it
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, cells := range append([][]string{header}, rows...) {
		fmt.Fprintln(w, "  "+strings.Join(cells, "\t"))
	}
	w.Flush()
	for line := range strings.Lines(b.String()) {
		t.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	t.WriteByte('\n')
}

func (t *terminal) name(s string) string   { return visible(s) }
func (t *terminal) prose(s string) string  { return visible(s) }
func (t *terminal) strong(s string) string { return s }

// visible puts text from outside on one line; characters that cannot be seen,
// such as those that terminals obey, become U+FFFD.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r != ' ' && !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, strings.Join(strings.Fields(s), " "))
}
