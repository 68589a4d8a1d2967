package reports

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/eval/gate"
	"github.com/routeproof/routeproof/internal/wording"
)

// GitHub makes annotations of the first ten of each level that a step prints, and
// of the first fifty of a job; the others are only logged
// (https://github.com/actions/toolkit/blob/main/docs/problem-matchers.md,
// "Limitations"). Its runner cuts messages at 4,096 characters
// (_maxIssueMessageLength in src/Runner.Worker/ExecutionContext.cs of
// github.com/actions/runner), and its API takes titles of 255
// (https://docs.github.com/rest/checks/runs).
const (
	mostAnnotations   = 10
	mostOfTitle       = 200   // code points, before escaping
	mostOfMessage     = 2_000 // likewise; those beyond U+FFFF count twice
	annotationError   = "error"
	annotationWarning = "warning"
	annotationNotice  = "notice"
)

type annotation struct {
	rank           int // the least is the most important
	level          string
	title, message string
}

// GateAnnotations writes a verdict as GitHub workflow commands, a line each:
// errors for faults, gates that regressed and certificates that broke, where that
// counts; warnings for gates that are inconclusive, or errors if
// GateOptions.InconclusiveFails, and for the verdict's own; notices for what
// improved. Of each level there are at most ten, the most important first; where
// there are more, the tenth says how many.
func GateAnnotations(w io.Writer, v *gate.Verdict, opt GateOptions) error {
	all := gateAnnotations(v, opt)
	slices.SortStableFunc(all, func(a, b annotation) int { return a.rank - b.rank })
	var b strings.Builder
	for _, level := range []string{annotationError, annotationWarning, annotationNotice} {
		of := slices.DeleteFunc(slices.Clone(all), func(a annotation) bool { return a.level != level })
		if left := len(of) - (mostAnnotations - 1); left > 1 {
			of = append(of[:mostAnnotations-1], annotation{
				level: level, title: "and more",
				message: fmt.Sprintf("%s of this kind more: see the summary, or %s.", wording.Thousands(left), CheckFile),
			})
		}
		for _, a := range of {
			fmt.Fprintf(&b, "::%s title=%s::%s\n", level, escapeProperty(clip(a.title, mostOfTitle)), escapeData(clip(a.message, mostOfMessage)))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// gateAnnotations are all of them; their ranks put accuracy before further gates
// and those before slices, each in the order of the classifiers.
func gateAnnotations(v *gate.Verdict, opt GateOptions) []annotation {
	page := new(terminalPage) // annotations are log lines too
	var all []annotation
	add := func(rank int, level, title, message string) {
		all = append(all, annotation{rank, level, title, page.prose(message)})
	}
	for _, f := range v.Faults {
		title := "the check is invalid"
		if f.Classifier != "" {
			title = page.name(f.Classifier) + ": invalid"
		}
		add(0, annotationError, title, f.Why)
	}
	for _, c := range v.Classifiers {
		for i := range c.Gates {
			g := &c.Gates[i]
			title := page.name(c.Name) + ": " + gateTitle(g)
			if g.Slice != nil {
				title += " of " + g.Slice.Kind + " " + page.name(g.Slice.Name)
			}
			rank := gateRank(g)
			switch {
			case g.Outcome == gate.Regressed:
				add(rank, annotationError, title+" regressed", g.Why)
			case g.Outcome == gate.Inconclusive && g.Decides && opt.InconclusiveFails:
				add(10+rank, annotationError, title+" is inconclusive", g.Why)
			case g.Outcome == gate.Inconclusive && g.Decides:
				add(10+rank, annotationWarning, title+" is inconclusive", g.Why)
			case g.Improved:
				add(rank, annotationNotice, title+" improved", g.Why)
			}
		}
	}
	for _, c := range v.Certificates {
		if c.Fate != gate.Broken {
			continue
		}
		rank, level := 15, annotationWarning
		if brokenCounts(v) {
			rank, level = 4, annotationError
		}
		add(rank, level, "a certificate is broken", c.Claim+": "+c.Why)
	}
	for _, warning := range v.Warnings {
		add(20, annotationWarning, "check", warning)
	}
	failed := v.Outcome == gate.Invalid || v.Outcome == gate.Regressed
	if failed && !slices.ContainsFunc(all, func(a annotation) bool { return a.level == annotationError }) {
		add(0, annotationError, "the check failed", v.Why)
	}
	return all
}

// gateRank orders gates by what they weigh.
func gateRank(g *gate.Gate) int {
	switch {
	case g.Name == gate.Accuracy && g.Slice == nil:
		return 1
	case g.Decides:
		return 2
	}
	return 3
}

// brokenCounts tells whether a broken certificate may have decided: where it does,
// the check regressed.
func brokenCounts(v *gate.Verdict) bool { return v.Outcome == gate.Regressed }

// escapeData and escapeProperty are how the runner wants what a command holds:
// ActionCommand in src/Runner.Common/ActionCommand.cs of github.com/actions/runner.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
