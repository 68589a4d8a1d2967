package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/routeproof/routeproof/eval/gate"
)

// The parts of JUnit's XML that are in common use: there is no standard, but
// https://github.com/testmoapp/junitxml describes what most readers take, and the
// schema of Jenkins's xUnit plug-in allows it
// (https://github.com/jenkinsci/xunit-plugin, junit-10.xsd), which knows no skipped
// on testsuites. Times are 0, as some readers want one.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     int          `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     int         `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    int           `xml:"time,attr"`
		Skipped *junitSkipped `xml:"skipped"`
		Error   *junitResult  `xml:"error"`
		Failure *junitResult  `xml:"failure"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
	junitResult struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",cdata"`
	}
)

// GateJUnit writes a verdict as JUnit XML: a suite for each classifier with a case
// for each gate, one for the certificates, and one for faults that are about all.
// Regressed is a failure, invalid an error, inconclusive skipped, whatever
// GateOptions.InconclusiveFails says: readers know no other third state. Characters
// that cannot be seen, among which are all that XML does not allow, become U+FFFD.
func GateJUnit(w io.Writer, v *gate.Verdict, opt GateOptions) error {
	flips, err := readFlips(len(v.Classifiers), opt.flips(), v.EachFlip)
	if err != nil {
		return err
	}
	all := junitSuites{Name: "routeproof check"}
	add := func(s junitSuite) {
		if len(s.Cases) == 0 {
			return
		}
		s.count()
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
		all.Suites = append(all.Suites, s)
	}
	of := map[string][]gate.Fault{} // by classifier
	for _, f := range v.Faults {
		of[f.Classifier] = append(of[f.Classifier], f)
	}
	add(faultSuite("check", of[""]))
	for i := range v.Classifiers {
		c := &v.Classifiers[i]
		s := faultSuite(c.Name, of[c.Name])
		delete(of, c.Name)
		for j := range c.Gates {
			s.Cases = append(s.Cases, junitGate(c, &c.Gates[j], flips[i][0], opt))
		}
		add(s)
	}
	for _, f := range v.Faults { // of classifiers that the verdict does not hold
		if f.Classifier != "" {
			add(faultSuite(f.Classifier, of[f.Classifier]))
			delete(of, f.Classifier)
		}
	}
	add(certificateSuite(v))
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n")
	return err
}

func (s *junitSuite) count() {
	s.Tests = len(s.Cases)
	for _, c := range s.Cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}

// faultSuite begins a suite with a case for what makes it invalid, if anything does.
func faultSuite(name string, faults []gate.Fault) junitSuite {
	s := junitSuite{Name: junitLine(name)}
	if len(faults) == 0 {
		return s
	}
	var lines []string
	for _, f := range faults {
		lines = append(lines, junitLine(f.Why))
		for _, id := range f.IDs[:min(len(f.IDs), mostListed)] {
			lines = append(lines, "  "+junitLine(id))
		}
		if n := len(f.IDs) - mostListed; n > 0 {
			lines = append(lines, fmt.Sprintf("  and %d more", n))
		}
	}
	s.Cases = []junitCase{{Class: s.Name, Name: "comparison", Error: &junitResult{Type: string(gate.Invalid), Message: junitLine(faults[0].Why), Text: strings.Join(lines, "\n")}}}
	return s
}

func junitGate(c *gate.Classifier, g *gate.Gate, worse []gate.Flip, opt GateOptions) junitCase {
	name := gateTitle(g)
	if strings.HasPrefix(g.Name, floorPrefix) {
		name += fmt.Sprintf(", %s %s", floorSide(g), gateLevel(g, g.Margin))
	}
	if g.Slice != nil {
		name += " of " + g.Slice.Kind + " " + junitLine(g.Slice.Name)
	}
	out := junitCase{Class: junitLine(c.Name), Name: name}
	why := junitLine(g.Why)
	switch g.Outcome {
	case gate.Inconclusive:
		out.Skipped = &junitSkipped{Message: "inconclusive: " + why}
	case gate.Regressed:
		out.Failure = &junitResult{Type: string(gate.Regressed), Message: why, Text: junitText(c, g, worse, opt)}
	case gate.Invalid:
		out.Error = &junitResult{Type: string(gate.Invalid), Message: why, Text: why}
	}
	return out
}

// junitText is what a failure says: figures, and of accuracy the prompts that got
// worse, the first of which are given.
func junitText(c *gate.Classifier, g *gate.Gate, worse []gate.Flip, opt GateOptions) string {
	cells := gateCells(g)
	lines := []string{junitLine(g.Why)}
	for i, what := range []string{"baseline", "candidate", "change", "at worst", "margin", "Holm p"} {
		lines = append(lines, what+": "+cells[i])
	}
	lines = append(lines, "method: "+junitLine(g.Method))
	if g.Name != gate.Accuracy || g.Slice != nil {
		return strings.Join(lines, "\n")
	}
	for _, f := range worse {
		line := fmt.Sprintf("prompt %s: %s, was %s, now %s", junitLine(f.ID), junitLine(f.Truth), junitLine(f.Baseline.Tier), junitLine(f.Candidate.Tier))
		if opt.Texts != nil {
			if text, known := opt.Texts(f.ID); known {
				line += ": " + junitLine(beginning(text))
			}
		}
		lines = append(lines, line)
	}
	if n := c.Flips.Worse - len(worse); n > 0 {
		lines = append(lines, fmt.Sprintf("and %d more prompts: see %s", n, CheckFile))
	}
	return strings.Join(lines, "\n")
}

func certificateSuite(v *gate.Verdict) junitSuite {
	s := junitSuite{Name: "certificates"}
	for _, t := range v.Certificates {
		c := junitCase{Class: s.Name, Name: junitLine(t.Claim)}
		why := junitLine(t.Why)
		switch {
		case t.Fate == gate.Broken && brokenCounts(v):
			c.Failure = &junitResult{Type: t.Fate, Message: why, Text: why}
		case t.Fate != gate.Holds:
			c.Skipped = &junitSkipped{Message: t.Fate + ": " + why}
		}
		s.Cases = append(s.Cases, c)
	}
	return s
}

// junitLine makes a text one line of what can be seen.
func junitLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r != ' ' && !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, s)
}
