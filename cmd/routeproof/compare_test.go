package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
)

// predictionLines are JSON Lines of one classifier, a letter of tiers a prompt.
func predictionLines(classifier, truth, predicted string) string {
	names := map[byte]string{'S': "SIMPLE", 'M': "MEDIUM", 'C': "COMPLEX", 'F': "FRONTIER"}
	var b strings.Builder
	for i := range truth {
		fmt.Fprintf(&b, "{\"id\":\"p%03d\",\"classifier\":\"%s\",\"tier\":%q,\"predicted\":%q}\n", i, classifier, names[truth[i]], names[predicted[i]])
	}
	return b.String()
}

// readComparison is what the tests read of --json.
type readComparison struct {
	Schema      string
	Predictions *struct {
		N      int
		Faults []struct{ Why string }
		A, B   struct{ Only []string }

		Classifiers []struct {
			Classifier string
			OnlyA      int `json:"only_a"`
			OnlyB      int `json:"only_b"`
			P          float64
			Flips      []struct{ ID string }
			Measures   []struct {
				Measure    string
				A, B       *float64
				Difference struct{ Value, Low, High *float64 }
				Shown      bool
			}
		}
	}
	Artifacts *struct {
		Same    bool
		Differs []string
		Tiers   []struct{ Cosine *float64 }
	}
}

func compareJSON(t *testing.T, args ...string) readComparison {
	t.Helper()
	var c readComparison
	if err := json.Unmarshal([]byte(must(t, append([]string{"compare", "--json"}, args...)...).stdout), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// 40 prompts of which 8 become wrong and 1 right: p is scipy's
// binomtest(1, 9).pvalue, 0.0390625.
func TestComparePredictions(t *testing.T) {
	t.Chdir(t.TempDir())
	truth := strings.Repeat("M", 40)
	writeFile(t, "a.jsonl", predictionLines("x", truth, "S"+truth[1:])+predictionLines("old", truth, truth))
	writeFile(t, "b.jsonl", predictionLines("x", truth, "MSSSSFFFF"+truth[9:]))
	c := compareJSON(t, "a.jsonl", "b.jsonl")
	x := c.Predictions.Classifiers[0]
	if c.Schema != "routeproof.comparison/1" || c.Artifacts != nil || c.Predictions.N != 40 || x.OnlyA != 8 || x.OnlyB != 1 || math.Abs(x.P-0.0390625) > 1e-12 || len(x.Flips) != 9 || x.Flips[0].ID != "p005" {
		t.Errorf("%+v: %+v", c, x)
	}
	if m := x.Measures[0]; m.Measure != "accuracy" || *m.A != 0.975 || *m.B != 0.8 || !m.Shown || *m.Difference.High >= 0 {
		t.Errorf("%+v", m)
	}
	text := must(t, "compare", "a.jsonl", "b.jsonl", "--flips", "2").stdout
	for _, want := range []string{"Only A has old.", "A alone is right on 8 and B alone on 1 (p = 0.039", "97.5 %  80.0 %  −17.5 points", "8 prompts (2 shown)", "p005", "p000", "Costs are unknown"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "p007") {
		t.Errorf("more than two flips:\n%s", text)
	}
	if marked := must(t, "compare", "a.jsonl", "b.jsonl", "--format", "markdown").stdout; !strings.Contains(marked, "| **worse** |") {
		t.Errorf("%s", marked)
	}
	// What a terminal would obey is escaped, in all formats.
	writeFile(t, "d.jsonl", predictionLines("x\u007f\u009b", truth, truth))
	for _, format := range []string{"text", "markdown", "json"} {
		if out := must(t, "compare", "d.jsonl", "d.jsonl", "--format", format).stdout; strings.ContainsAny(out, "\u007f\u009b") || !strings.Contains(out, "0") {
			t.Errorf("%s: %q", format, out)
		}
	}
	// Labels that changed and prompts of one side alone are told, and the rest is
	// compared.
	writeFile(t, "c.jsonl", predictionLines("x", "S"+truth[1:30], truth[:30]))
	if c = compareJSON(t, "a.jsonl", "c.jsonl", "--classifier", "x"); c.Predictions.N != 29 || len(c.Predictions.Faults) != 2 || len(c.Predictions.A.Only) != 0 {
		t.Errorf("%+v", c.Predictions)
	}
}

// A run's folder brings predictions, of which the out-of-fold ones count, and its
// artifact.
func TestCompareRuns(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	lines := strings.SplitAfter(readFile(t, "prompts.jsonl"), "\n")
	writeFile(t, "fewer.jsonl", strings.Join(lines[:400], ""))
	writeFile(t, "more.jsonl", strings.Join(lines[:500], ""))
	must(t, "run", "--prompts", "fewer.jsonl", "--out", "old")
	must(t, "run", "--prompts", "more.jsonl", "--out", "new")
	c := compareJSON(t, "old", "new")
	if c.Predictions.N != 400 || c.Artifacts == nil || c.Artifacts.Same || len(c.Artifacts.Tiers) != 4 {
		t.Fatalf("%+v", c)
	}
	if why := fmt.Sprint(c.Predictions.Faults); !strings.Contains(why, "data sets differ by hash") || !strings.Contains(why, "A lacks 100 prompts") {
		t.Errorf("%s", why)
	}
	for _, x := range c.Predictions.Classifiers {
		last := x.Measures[len(x.Measures)-1]
		if last.Measure != "headline_cost" || last.Difference.Low == nil {
			t.Errorf("%s: %+v", x.Classifier, last)
		}
	}
	c = compareJSON(t, "old", "old")
	if !c.Artifacts.Same || len(c.Predictions.Faults) != 0 || len(c.Predictions.Classifiers[0].Flips) != 0 {
		t.Errorf("with itself: %+v", c)
	}
	// What only one side has is left out; artifacts alone are compared too.
	if c = compareJSON(t, "old", "new/centroids.safetensors"); c.Predictions != nil || c.Artifacts == nil || *c.Artifacts.Tiers[0].Cosine >= 1 {
		t.Errorf("%+v", c)
	}
	if c = compareJSON(t, "old", "new/predictions.parquet"); c.Predictions == nil || c.Artifacts != nil || c.Predictions.N != 400 {
		t.Errorf("%+v", c)
	}
	if text := must(t, "compare", "old/centroids.safetensors", "new/centroids.safetensors").stdout; !strings.Contains(text, "differs") || strings.Contains(text, "Decisions") {
		t.Errorf("%s", text)
	}
}

func TestCompareExitCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "build", "--out", "c.safetensors")
	writeFile(t, "good.jsonl", predictionLines("x", "SM", "SS"))
	writeFile(t, "bad.jsonl", predictionLines("x", "SM", "SS")+predictionLines("x", "SM", "SS"))
	writeFile(t, "empty.jsonl", "")
	writeFile(t, "other.safetensors", "no artifact")
	writeFile(t, "folder/x", "")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"good.jsonl", 2, "expected 2 arguments, found 1"},
		{"good.jsonl absent.jsonl", 2, "absent.jsonl"},
		{"good.jsonl folder", 2, "predictions.parquet"},
		{"good.jsonl good.jsonl --format html", 2, "expected one of text, markdown, json"},
		{"good.jsonl good.jsonl --json --format text", 2, "leave one of them out"},
		{"good.jsonl good.jsonl --flips=-1", 2, "expected 0 or more"},
		{"good.jsonl good.jsonl --classifier y", 2, `neither side has "y"`},
		{"c.safetensors c.safetensors --classifier y", 2, "goes with predictions"},
		{"good.jsonl c.safetensors", 2, "nothing in common"},
		{"good.jsonl good.jsonl --problems good.jsonl", 2, "to be read and to be written"},
		{"good.jsonl good.jsonl --config absent.yaml", 2, "absent.yaml"},
		{"good.jsonl bad.jsonl", 12, "p000"},
		{"good.jsonl empty.jsonl", 12, "no predictions"},
		{"c.safetensors other.safetensors", 12, "other.safetensors"},
		{"good.jsonl good.jsonl", 0, ""},
	} {
		r := call(t, "", append([]string{"compare"}, strings.Fields(c.args)...)...)
		if r.code != c.code || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%s: exit %d, expected %d and %q in:\n%s", c.args, r.code, c.code, c.says, r.stderr)
		}
		if (c.code == 0) != (r.stdout != "") {
			t.Errorf("%s: standard output: %s", c.args, r.stdout)
		}
	}
}
