package reports

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/gate"
)

type gateWriter func(io.Writer, *gate.Verdict, GateOptions) error

func gateSays(t testing.TB, write gateWriter, v *gate.Verdict, opt GateOptions) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, v, opt); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func writeGate(w io.Writer, v *gate.Verdict, _ GateOptions) error { return WriteGate(w, v) }

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// What each output looks like, on a check that regressed and on one that is open.
func TestGateGolden(t *testing.T) {
	cases := gateCases(t)
	texts := func(id string) (string, bool) {
		return "What is  " + id + "?\nSay it | in <b>one</b> line.", id != "p0022"
	}
	for _, c := range []struct {
		file  string
		of    string
		write gateWriter
	}{
		{"regressed.txt", "regressed", GateText}, {"regressed.md", "regressed", GateMarkdown},
		{"regressed.annotations", "regressed", GateAnnotations}, {"regressed.xml", "regressed", GateJUnit},
		{"inconclusive.txt", "inconclusive", GateText}, {"inconclusive.json", "inconclusive", writeGate},
	} {
		got := gateSays(t, c.write, cases[c.of], GateOptions{Baseline: "runs/main", Candidate: "out", Flips: 3, Texts: texts})
		path := filepath.Join("testdata", "gate", c.file)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs; if that is wanted, run with -update:\n%s", path, cmp.Diff(string(want), got))
		}
	}
}

// What people read has what a decision needs, on a terminal and in a summary.
func TestGateSays(t *testing.T) {
	cases := gateCases(t)
	for name, c := range map[string]struct {
		opt  GateOptions
		says []string
		not  []string
	}{
		"pass":      {GateOptions{}, []string{"A fall of 2 points is ruled out", "1 prompt is now wrong", "1 prompt is now right", "prices +$10.00, tokens $0.00, tier mix −$0.0189, own classifying $0.00"}, []string{"more in check.json", "untestable", "p0001"}},
		"identical": {GateOptions{}, []string{"All predictions are the same.", "PASS, the same"}, []string{"now wrong", "at worst"}},
		"improved":  {GateOptions{Flips: -1}, []string{"Improved: ", "PASS, improved", "+10 points", "40 prompts are now right (0 shown, 40 more in check.json)"}, []string{"p0021"}},
		"regressed": {GateOptions{Flips: 3}, []string{"−7.5 points", "−10.7 points", "0.00046", "at least 85.0 %", "BROKEN: wrong on at most 10 %", "HOLDS: cheap", "NOT SHOWN: few",
			"It improved", "15 prompts are now wrong (3 shown, 12 more in check.json)"}, []string{"now right", "p0024"}},
		"slice": {GateOptions{Flips: 40}, []string{"−8.25 points", "36 prompts are now wrong", "−1.66 points"}, []string{"more in check.json"}},
		"inconclusive": {GateOptions{}, []string{"INCONCLUSIVE, untestable", "inconclusive, untestable", "8.73 points", "655", "535", "1,270", "Slices can only regress", "does not count as failed", "Warnings", "1 certificate is broken",
			"p0010"}, nil},
		"invalid":    {GateOptions{Baseline: "old.csv"}, []string{"lacks 30 prompts", "p0049", " and 10 more", "All predictions are the same."}, []string{"p0050", "Classifier rule", "Classifier `rule`"}},
		"repeats":    {GateOptions{}, []string{"Each prompt was asked 3 times.", "60 prompts are now right less often (10 shown, 50 more", "right 33 %"}, nil},
		"unreadable": {GateOptions{}, []string{"base.csv: line 3: no such tier", "cand.csv: empty"}, []string{"Accuracy"}},
	} {
		v := cases[name]
		word := strings.ToUpper(string(v.Outcome))
		text, markdown := gateSays(t, GateText, v, c.opt), gateSays(t, GateMarkdown, v, c.opt)
		if name == "invalid" && !strings.Contains(text, "the other side has: p0030, ") {
			t.Errorf("the ids are told twice:\n%s", text)
		}
		if !strings.HasPrefix(text, word+": ") || !strings.HasPrefix(markdown, "## Check: "+word+"\n") {
			t.Errorf("%s: the outcome does not come first:\n%.60s\n%.60s", name, text, markdown)
		}
		for what, got := range map[string]string{"terminal": text, "summary": markdown} {
			for _, want := range c.says {
				if !strings.Contains(got, want) {
					t.Errorf("%s: the %s lacks %q:\n%s", name, what, want, got)
				}
			}
			for _, bad := range append(c.not, "NaN", "%!", "-0", "![") {
				if strings.Contains(got, bad) {
					t.Errorf("%s: the %s says %q:\n%s", name, what, bad, got)
				}
			}
		}
	}
	if got := gateSays(t, GateText, cases["inconclusive"], GateOptions{InconclusiveFails: true}); !strings.Contains(got, "Inconclusive counts as failed here.") {
		t.Errorf("that it fails is not said:\n%s", got)
	}
}

// Of classifiers and of more gates than are shown the worst come first.
func TestGateOrder(t *testing.T) {
	side := func(wrong func(i, r int) bool) []made {
		change := func(i int, p *datasets.Prediction) { p.Domain = fmt.Sprintf("d%03d", i%150) }
		return []made{{classifier: "rule", prompts: 3000, wrong: under(90), change: change}, {classifier: "second", prompts: 3000, wrong: wrong, change: change}}
	}
	v := checkOf(t, side(under(90)), side(func(i, _ int) bool { return i < 90 || i%150 == 149 }), gate.Rules{Slices: []gate.Slice{{Kind: gate.Domain, Name: "*"}}})
	for what, got := range map[string]string{"terminal": gateSays(t, GateText, v, GateOptions{}), "summary": gateSays(t, GateMarkdown, v, GateOptions{})} {
		got = strings.ReplaceAll(got, "`", "")
		second, first := strings.Index(got, "Classifier second: REGRESSED"), strings.Index(got, "Classifier rule: PASS")
		if second < 0 || first < second {
			t.Errorf("%s: the classifier that regressed does not come first:\n%s", what, got)
		}
		for _, want := range []string{"domain d149", "And 51 other gates, none of them worse: see check.json."} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %q is lacking:\n%s", what, want, got)
			}
		}
		if strings.Contains(got, "domain d148") {
			t.Errorf("%s: more than 100 gates are shown", what)
		}
	}
}

// A verdict that costs nothing, has no figures, or no classifiers, is told too.
func TestGateWithoutFigures(t *testing.T) {
	some := []made{{classifier: "rule", prompts: 8, wrong: under(1)}}
	other := []made{{classifier: "rule", prompts: 8, wrong: under(2), change: func(_ int, p *datasets.Prediction) {
		p.Scores, p.Confidence, p.CostUSD = nil, datasets.Optional[float64]{}, datasets.Optional[float64]{}
	}}}
	v := checkOf(t, some, other, gate.Rules{ECE: gate.Margin{On: true}, Cost: gate.Margin{On: true}})
	got := gateSays(t, GateText, v, GateOptions{})
	for _, want := range []string{"ECE: not decided, as", "Cost: not decided, as", "INCONCLUSIVE"} {
		if !strings.Contains(got, want) {
			t.Errorf("the terminal lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "NaN") || strings.Contains(got, "Cost of 1,000") {
		t.Errorf("unknown figures are shown:\n%s", got)
	}
	for _, write := range []gateWriter{GateText, GateMarkdown, GateAnnotations, GateJUnit, writeGate} {
		if got := gateSays(t, write, gate.Invalidated(), GateOptions{}); got == "" || strings.Contains(got, "NaN") {
			t.Errorf("of nothing: %q", got)
		}
	}
}

// The reasons of figures that follow the gates' own sentences.
func TestGateFigures(t *testing.T) {
	for _, c := range []struct {
		name   string
		v      eval.Number
		amount string
	}{
		{"accuracy", 0.1, "+10 points"}, {"accuracy", -0.0755, "−7.55 points"}, {"accuracy", -1e-9, "0 points"}, {"accuracy", 0, "0 points"}, {"accuracy", eval.Number(math.NaN()), "—"},
		{"ece", -0.0123, "−0.0123"}, {"macro_f1", 1e-9, "0"}, {"cost", -0.5, "−$0.5000"}, {"cost", 1e-17, "$0.00"}, {"cost", 2, "+$2.00"},
	} {
		if got := signedAmount(&gate.Gate{Name: c.name}, c.v); got != c.amount {
			t.Errorf("%s %g: %s, expected %s", c.name, c.v, got, c.amount)
		}
	}
	for p, want := range map[float64]string{1: "1", 0.0496: "0.05", 0.051: "0.051", 1e-5: "<0.0001", math.NaN(): "—"} {
		if got := gateP(eval.Number(p)); got != want {
			t.Errorf("p %g: %s, expected %s", p, got, want)
		}
	}
	for text, want := range map[string]string{
		"": "", " \n ": "", " a\n\t b ": "a b", strings.Repeat("é", 80): strings.Repeat("é", 80),
		strings.Repeat("é", 81): strings.Repeat("é", 80) + "…", strings.Repeat("é", 80) + " \n": strings.Repeat("é", 80), strings.Repeat("e ", 90): strings.Repeat("e ", 40) + "…",
	} {
		if got := beginning(text); got != want {
			t.Errorf("%q: %q, expected %q", text, got, want)
		}
	}
}

// Classifiers of which nothing changed share a sentence; one whose prices did does
// not.
func TestGateTellsUnchangedTogether(t *testing.T) {
	sides := []made{{classifier: "a", prompts: 40, wrong: under(4)}, {classifier: "b", prompts: 40, wrong: under(0)}}
	v := checkOf(t, sides, sides, gate.Rules{})
	for i := range v.Classifiers {
		v.Classifiers[i].Cost = nil
	}
	for what, write := range map[string]gateWriter{"terminal": GateText, "summary": GateMarkdown} {
		got := strings.ReplaceAll(gateSays(t, write, v, GateOptions{}), "`", "")
		if !strings.Contains(got, "Nothing that is gated changed: a (accuracy 90.0 % on 40 prompts), b (accuracy 100.0 % on 40 prompts).") || strings.Contains(got, "Classifier ") {
			t.Errorf("the %s:\n%s", what, got)
		}
	}
	v.Classifiers[0].Cost = &gate.Cost{Change: 1}
	if got := gateSays(t, GateText, v, GateOptions{}); !strings.Contains(got, "Classifier a: PASS") || !strings.Contains(got, "changed: b (") {
		t.Errorf("with other prices:\n%s", got)
	}
}
