package reports

import (
	"io"
	"slices"

	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/internal/wording"
)

// GateOptions say how a verdict is told.
type GateOptions struct {
	// Names of the sides for the heading; empty: none is named.
	Baseline, Candidate string

	// Flips is how many prompts that flipped are shown of each classifier and way,
	// the worst first; 0: 10, below 0: none.
	Flips int

	// InconclusiveFails tells that an inconclusive check fails the build.
	InconclusiveFails bool

	// Texts returns a prompt's text, whose beginning is shown beside its flip, and
	// whether it is known; nil: none is.
	Texts func(id string) (string, bool)
}

const standardFlips = 10

func (o GateOptions) flips() int {
	if o.Flips == 0 {
		return standardFlips
	}
	return max(o.Flips, 0)
}

// summaryLimit is GitHub's of the summary of one step, in bytes: with more it
// drops the whole of it (https://docs.github.com/actions/reference/workflow-commands-for-github-actions,
// "Step isolation and limits").
const summaryLimit = 1 << 20

// Most of what a verdict's text holds of each kind, whatever the options are, so
// that some way of telling it fits summaryLimit however long names and sentences
// are: escaped, a code point takes up to 9 bytes.
const (
	mostListed = 20  // faults, ids of one, warnings, certificates, sentences about gates
	mostGates  = 100 // rows of a table, the worst first
	mostProse  = 700 // code points of a sentence
)

// GateText writes a verdict for a terminal: what came of it and why, a table of
// each classifier's gates, what the data could have shown, and the prompts that
// flipped. Text from outside is cut and escaped, also against workflow commands,
// which GitHub looks for in all that a step prints.
func GateText(w io.Writer, v *gate.Verdict, opt GateOptions) error {
	flips, err := readFlips(len(v.Classifiers), opt.flips(), v.EachFlip)
	if err != nil {
		return err
	}
	page := new(terminalPage)
	tellGate(page, v, flips, opt, gateRoom{flips: opt.flips(), classifiers: len(v.Classifiers)})
	_, err = io.WriteString(w, page.String())
	return err
}

// GateMarkdown writes a verdict for a GitHub step summary: what GateText tells,
// with flips folded away. It is at most 1 MiB long: if need be fewer flips and
// classifiers are shown, and it says so and that check.json has them all.
func GateMarkdown(w io.Writer, v *gate.Verdict, opt GateOptions) error {
	flips, err := readFlips(len(v.Classifiers), opt.flips(), v.EachFlip)
	if err != nil {
		return err
	}
	room := gateRoom{classifiers: len(v.Classifiers)}
	for _, c := range v.Classifiers {
		room.flips = max(room.flips, min(opt.flips(), c.Flips.Len()))
	}
	for {
		page := new(markdownPage)
		tellGate(page, v, flips, opt, room)
		if page.Len() <= summaryLimit || !room.shrink() {
			_, err := io.WriteString(w, page.String())
			return err
		}
	}
}

// gateRoom is how much of a verdict is told.
type gateRoom struct {
	flips       int // of each classifier and way
	classifiers int // the worst first
	cut         bool
}

// shrink halves what takes the most room, or returns false where nothing is left
// to leave out.
func (r *gateRoom) shrink() bool {
	switch {
	case r.flips > 0:
		r.flips /= 2
	case r.classifiers > 1:
		r.classifiers /= 2
	default:
		return false
	}
	r.cut = true
	return true
}

// gatePage is where a verdict is told: a terminal or a Markdown page. What
// formats, titles and cells hold of text from outside has been through name or
// prose.
type gatePage interface {
	verdict(o gate.Outcome, why string)
	heading(level int, title string)
	text(format string, args ...any)
	bullet(format string, args ...any)
	end() // of bullets
	table(header []string, rows [][]string)
	folded(summary string, write func())
	wide() bool // there is room for scores, beside their margin

	strong(s string) string // own words and figures that stand out

	name(s string) string  // a name, cut
	prose(s string) string // a sentence, cut
	quote(s string) string // the beginning of a longer text
}

// markdownPage is a page for GitHub.
type markdownPage struct{ page }

func (p *markdownPage) verdict(o gate.Outcome, why string) {
	p.heading(2, "Check: "+outcomeWord(o))
	p.text("**%s**", p.prose(why))
}

func (p *markdownPage) wide() bool { return true }

func (p *markdownPage) strong(s string) string { return "**" + s + "**" }

func (p *markdownPage) name(s string) string  { return code(wording.Shorten(s)) }
func (p *markdownPage) prose(s string) string { return escape(clip(s, mostProse)) }
func (p *markdownPage) quote(s string) string { return escape(s) }

// clip cuts text after n code points.
func clip(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
		}
		n--
	}
	return s
}

// worstFirst are the numbers of a verdict's classifiers in order of what came of them, else
// in their own.
func worstFirst(v *gate.Verdict) []int {
	out := make([]int, len(v.Classifiers))
	for i := range out {
		out[i] = i
	}
	slices.SortStableFunc(out, func(a, b int) int { return severity(v.Classifiers[b].Outcome) - severity(v.Classifiers[a].Outcome) })
	return out
}

func severity(o gate.Outcome) int {
	return slices.Index([]gate.Outcome{gate.Pass, gate.Inconclusive, gate.Regressed, gate.Invalid}, o)
}
