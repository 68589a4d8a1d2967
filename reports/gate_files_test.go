package reports

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/gate"
)

// Everything of a verdict is in check.json, under its schema.
func TestGateJSONRoundTrip(t *testing.T) {
	cases := gateCases(t)
	cases["hostile"] = hostileFaults()
	for name, v := range cases {
		got := gateSays(t, writeGate, v, GateOptions{})
		var back struct {
			Schema string `json:"schema"`
			gate.Verdict
		}
		dec := json.NewDecoder(strings.NewReader(got))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&back); err != nil || back.Schema != "routeproof.check/1" {
			t.Fatalf("%s: schema %q, %v", name, back.Schema, err)
		}
		same := cmp.Comparer(func(a, b eval.Number) bool { // null leaves a zero
			return a == b || !a.Defined() && b == 0 || a == 0 && !b.Defined()
		})
		text := cmp.Comparer(func(a, b string) bool { return strings.ToValidUTF8(a, "\ufffd") == strings.ToValidUTF8(b, "\ufffd") })
		flips := cmp.Transformer("flips", func(of gate.Flips) (all []gate.Flip) {
			for f, err := range of.All() {
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, f)
			}
			return all
		})
		if diff := cmp.Diff(*v, back.Verdict, same, text, flips, cmpopts.IgnoreUnexported(gate.Gate{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if strings.Contains(got, `\u003c`) || strings.Contains(got, "NaN") || !strings.HasSuffix(got, "}\n") {
			t.Errorf("%s: not as the other JSON is: %s", name, got)
		}
	}
	if !strings.Contains(gateSays(t, writeGate, cases["unreadable"], GateOptions{}), `"margin": null`) {
		t.Error("an unknown figure is not null")
	}
}

// Errors, warnings and notices are told by what came of each gate.
func TestGateAnnotations(t *testing.T) {
	cases := gateCases(t)
	for _, c := range []struct {
		of    string
		fails bool
		want  []string // level and title of each line
	}{
		{"pass", false, nil}, {"identical", false, nil},
		{"improved", false, []string{"notice rule%3A accuracy improved"}},
		{"slice", false, []string{"error rule%3A accuracy regressed", "error rule%3A accuracy of domain code regressed"}},
		{"inconclusive", false, []string{"warning rule%3A accuracy is inconclusive", "warning a certificate is broken", "warning check"}},
		{"inconclusive", true, []string{"error rule%3A accuracy is inconclusive", "warning a certificate is broken", "warning check"}},
		{"invalid", false, []string{"error rule%3A invalid"}},
		{"unreadable", false, []string{"error the check is invalid", "error the check is invalid"}},
	} {
		var got []string
		for _, line := range strings.Split(gateSays(t, GateAnnotations, cases[c.of], GateOptions{InconclusiveFails: c.fails}), "\n") {
			if m := annotationLine.FindStringSubmatch(line); m != nil {
				got = append(got, m[1]+" "+m[2])
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s, fails %v: %q, expected %q", c.of, c.fails, got, c.want)
		}
	}
	if got := gateSays(t, GateAnnotations, gate.Invalidated(), GateOptions{}); got != "::error title=the check failed::Invalid.\n" {
		t.Errorf("an invalid check without a fault: %q", got)
	}
}

// There are at most ten of a level, accuracy before slices, and the tenth counts
// the others.
func TestGateAnnotationLimits(t *testing.T) {
	for classifiers, want := range map[int]string{5: "", 6: "3 of this kind more: see the summary, or check.json."} {
		side := func(n int) []made {
			var out []made
			for i := range classifiers {
				out = append(out, made{classifier: fmt.Sprintf("c%d", i), prompts: 600, wrong: under(n)})
			}
			return out
		}
		rules := gate.Rules{Slices: []gate.Slice{{Kind: gate.Domain, Name: "code"}}}
		v := checkOf(t, side(30), side(200), rules)
		lines := strings.Split(strings.TrimSuffix(gateSays(t, GateAnnotations, v, GateOptions{}), "\n"), "\n")
		if len(lines) != 10 {
			t.Fatalf("%d annotations of %d classifiers, expected 10", len(lines), classifiers)
		}
		for i := range classifiers {
			if !strings.HasPrefix(lines[i], fmt.Sprintf("::error title=c%d%%3A accuracy regressed::", i)) {
				t.Errorf("line %d: %s", i, lines[i])
			}
		}
		if last := lines[9]; want != "" && last != "::error title=and more::"+want || want == "" && !strings.Contains(last, "c4%3A accuracy of domain code regressed") {
			t.Errorf("the last of %d classifiers: %s", classifiers, last)
		}
	}
}

// junitSchema is what Jenkins's junit-10.xsd allows of what is used here: the
// attributes of an element, those that it must have first, and what is in it.
func junitSchema() map[string]struct{ must, may, holds []string } {
	return map[string]struct{ must, may, holds []string }{
		"testsuites": {nil, []string{"name", "time", "tests", "failures", "errors"}, []string{"testsuite"}},
		"testsuite":  {[]string{"name", "tests", "failures", "errors"}, []string{"time", "skipped"}, []string{"testcase"}},
		"testcase":   {[]string{"name"}, []string{"time", "classname"}, []string{"skipped", "error", "failure"}},
		"skipped":    {nil, []string{"type", "message"}, nil},
		"error":      {nil, []string{"type", "message"}, nil},
		"failure":    {nil, []string{"type", "message"}, nil},
	}
}

func TestGateJUnit(t *testing.T) {
	cases := gateCases(t)
	cases["hostile"], cases["faults"] = hostileVerdict(t), hostileFaults()
	folder := t.TempDir()
	for name, v := range cases {
		got := gateSays(t, GateJUnit, v, hostileOptions())
		checkSchema10(t, name, got)
		for _, r := range got {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%s: the file holds %U", name, r)
			}
		}
		var back junitSuites
		if err := xml.Unmarshal([]byte(got), &back); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		tests, failures, errs := 0, 0, 0
		for _, s := range back.Suites {
			of := junitSuite{Cases: s.Cases}
			of.count()
			if s.Tests != of.Tests || s.Failures != of.Failures || s.Errors != of.Errors || s.Skipped != of.Skipped || s.Tests == 0 {
				t.Errorf("%s, suite %s: counts %+v, expected %+v", name, s.Name, s, of)
			}
			tests, failures, errs = tests+s.Tests, failures+s.Failures, errs+s.Errors
		}
		if back.Tests != tests || back.Failures != failures || back.Errors != errs {
			t.Errorf("%s: counts of all are %d, %d, %d, expected %d, %d, %d", name, back.Tests, back.Failures, back.Errors, tests, failures, errs)
		}
		if (v.Outcome == gate.Regressed) != (failures > 0) || (v.Outcome == gate.Invalid) != (errs > 0) {
			t.Errorf("%s: %s with %d failures and %d errors", name, v.Outcome, failures, errs)
		}
		if again := gateSays(t, func(w io.Writer, _ *gate.Verdict, _ GateOptions) error {
			_, err := io.WriteString(w, xml.Header)
			enc := xml.NewEncoder(w)
			enc.Indent("", "  ")
			return errors.Join(err, enc.Encode(back))
		}, v, GateOptions{}); again+"\n" != got {
			t.Errorf("%s: it changes on a round trip: %s", name, cmp.Diff(got, again))
		}
		if err := os.WriteFile(filepath.Join(folder, name+".xml"), []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("python", func(t *testing.T) { readByPython(t, folder, len(cases)) })
}

// What readers of JUnit's XML count is what came of each gate.
func TestGateJUnitCases(t *testing.T) {
	cases := gateCases(t)
	for of, want := range map[string][]string{
		"pass":         {"rule/accuracy", "rule/accuracy of domain chat", "rule/accuracy of domain code", "rule/accuracy of domain law"},
		"slice":        {"rule/accuracy failure regressed", "rule/accuracy of domain chat", "rule/accuracy of domain code failure regressed", "rule/accuracy of domain law"},
		"inconclusive": {"rule/accuracy skipped", "rule/accuracy of domain chat", "rule/accuracy of domain code skipped", "rule/accuracy of domain law skipped", "certificates/broken but not counted skipped"},
		"invalid":      {"other/accuracy", "rule/comparison error invalid"},
		"unreadable":   {"check/comparison error invalid"},
	} {
		var back junitSuites
		if err := xml.Unmarshal([]byte(gateSays(t, GateJUnit, cases[of], GateOptions{InconclusiveFails: true})), &back); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range back.Suites {
			for _, c := range s.Cases {
				result := ""
				switch {
				case c.Failure != nil:
					result = " failure " + c.Failure.Type
				case c.Error != nil:
					result = " error " + c.Error.Type
				case c.Skipped != nil:
					result = " skipped"
				}
				got = append(got, s.Name+"/"+c.Name+result)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, expected %q", of, got, want)
		}
	}
}

func checkSchema10(t *testing.T, name, document string) {
	t.Helper()
	schema := junitSchema()
	var open []string
	for dec := xml.NewDecoder(strings.NewReader(document)); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			rule, known := schema[e.Name.Local]
			if !known || len(open) > 0 && !slices.Contains(schema[open[len(open)-1]].holds, e.Name.Local) {
				t.Errorf("%s: element %s within %q", name, e.Name.Local, open)
			}
			var attributes []string
			for _, a := range e.Attr {
				attributes = append(attributes, a.Name.Local)
				if !slices.Contains(append(rule.must, rule.may...), a.Name.Local) {
					t.Errorf("%s: attribute %s of %s", name, a.Name.Local, e.Name.Local)
				}
			}
			for _, must := range rule.must {
				if !slices.Contains(attributes, must) {
					t.Errorf("%s: %s lacks %s", name, e.Name.Local, must)
				}
			}
			open = append(open, e.Name.Local)
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
}

// readByPython has another reader of XML, expat, look at the files.
func readByPython(t *testing.T, folder string, files int) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3 here")
	}
	const script = `import glob, sys, xml.etree.ElementTree as tree
n = 0
for path in glob.glob(sys.argv[1] + "/*.xml"):
    root = tree.parse(path).getroot()
    cases = root.findall("testsuite/testcase")
    assert root.tag == "testsuites" and len(cases) == int(root.get("tests")) > 0, path
    assert len(root.findall(".//failure")) == int(root.get("failures")), path
    n += 1
print(n)`
	out, err := exec.Command(python, "-c", script, folder).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != fmt.Sprint(files) {
		t.Errorf("python read %s of %d files: %v", out, files, err)
	}
}
