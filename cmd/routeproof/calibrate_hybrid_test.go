package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/eval/pipeline"
)

type hybridDocument struct {
	Result struct {
		Certified bool
		Claim     string
		Setting   *struct {
			Thresholds []float64
			N, Errors  int
		}
	}
	Settings []struct {
		Name   string
		Margin any
		Regret struct{ N, Accepted, Wrong int } `json:"test_regret"`
		Test   struct{ Headline float64 }
		Tune   struct{ Headline float64 }
	}
	Notes []string
	Edit  *struct {
		Value         float64
		Diff, Written string
		Certified     bool
	} `json:"config_edit"`
}

func hybridJSON(t *testing.T, args ...string) (d hybridDocument) {
	t.Helper()
	if err := json.Unmarshal([]byte(must(t, append([]string{"calibrate", "hybrid", "--json"}, args...)...).stdout), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// The certified margin goes into the configuration and is what run then takes.
func TestCalibrateHybrid(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	before := strings.Replace(readFile(t, "routeproof.yaml"), "replicates: 2000", "replicates: 100", 1)
	writeFile(t, "routeproof.yaml", before)
	d := hybridJSON(t, "--risk", "0.1", "--config", "routeproof.yaml")
	if !d.Result.Certified || d.Edit == nil || !d.Edit.Certified || d.Edit.Written != "" || readFile(t, "routeproof.yaml") != before {
		t.Fatalf("%+v", d)
	}
	if len(d.Settings) != 5 || d.Settings[0].Margin != d.Result.Setting.Thresholds[0] || d.Settings[1].Margin != d.Edit.Value || d.Edit.Value < d.Result.Setting.Thresholds[0] {
		t.Errorf("settings %+v, in the configuration %g", d.Settings, d.Edit.Value)
	}
	for _, s := range d.Settings[3:] { // never and always
		if s.Tune.Headline < d.Settings[2].Tune.Headline {
			t.Errorf("%s costs less on tune than %s", s.Name, d.Settings[2].Name)
		}
	}
	if last := d.Settings[4].Regret; last.Wrong == 0 || last.Accepted != last.N || d.Settings[3].Regret.Wrong != 0 {
		t.Errorf("%+v", d.Settings)
	}

	want, err := pipeline.ReadConfig("routeproof.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod("routeproof.yaml", 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("routeproof.yaml", "link.yaml"); err != nil {
		t.Fatal(err)
	}
	written := hybridJSON(t, "--risk", "0.1", "--config", "link.yaml", "--write")
	got, err := pipeline.ReadConfig("routeproof.yaml")
	want.Classifiers.Hybrid.EmbeddingMargin = &d.Edit.Value
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: more than the margin changed", err)
	}
	if info, err := os.Lstat("routeproof.yaml"); err != nil || info.Mode() != 0o600 || written.Edit.Written != "link.yaml" {
		t.Errorf("%v, %v, %+v", info, err, written.Edit)
	}
	if info, err := os.Lstat("link.yaml"); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", info, err)
	}
	if left := glob(t, ".routeproof*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	after := readFile(t, "routeproof.yaml")
	if strings.Count(after, "# routeproof calibrate: certified: on at most 10 %") != 1 {
		t.Errorf("no certificate in\n%s", after)
	}
	// Once more changes nothing; something else replaces the comment.
	if text := must(t, "calibrate", "hybrid", "--risk", "0.1", "--config", "routeproof.yaml", "--write").stdout; !strings.Contains(text, "has this setting (certified) already") || readFile(t, "routeproof.yaml") != after {
		t.Errorf("a second time:\n%s", text)
	}
	must(t, "calibrate", "hybrid", "--risk", "0.1", "--config", "routeproof.yaml", "--write", "--heuristic")
	if text := readFile(t, "routeproof.yaml"); strings.Count(text, "# routeproof calibrate: ") != 1 || !strings.Contains(text, "heuristic, nothing is guaranteed") {
		t.Errorf("the configuration is now\n%s", text)
	}

	// A run takes it.
	var run struct {
		Hybrid struct {
			Margin   float64
			Source   string
			Settings []struct {
				Chosen bool
				Test   struct{ Headline float64 }
			}
		}
	}
	if err := json.Unmarshal([]byte(must(t, "run", "--json", "--config", "routeproof.yaml", "--out", "out").stdout), &run); err != nil {
		t.Fatal(err)
	}
	if run.Hybrid.Margin != d.Edit.Value || run.Hybrid.Source != "configured" {
		t.Errorf("%+v", run.Hybrid)
	}
	for _, s := range run.Hybrid.Settings {
		if s.Chosen && s.Test.Headline != d.Settings[1].Test.Headline {
			t.Errorf("%g on test, said was %g", s.Test.Headline, d.Settings[1].Test.Headline)
		}
	}
}

func TestCalibrateHybridRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	writeFile(t, "locked.yaml", "fallback: MEDIUM\n")
	if err := os.Chmod("locked.yaml", 0o444); err != nil {
		t.Fatal(err)
	}
	const flow = "classifiers: {hybrid: {embedding_margin: 0.05}}\n"
	writeFile(t, "flow.yaml", flow)
	for args, says := range map[string]string{
		"--write":                              "name it with --config",
		"--write --config locked.yaml":         "locked.yaml is read-only",
		"--write --config absent.yaml":         "absent.yaml",
		"--write --config flow.yaml --risk .1": "in braces: put it and what is above it on lines of their own",
		"--prompts prompts.jsonl":              "give them with --llm-answers FILE",
		"--risk 2":                             "--risk: expected over 0",
		"--loss over":                          "expected one of wrong, under",
	} {
		if r := call(t, "", append([]string{"calibrate", "hybrid"}, strings.Fields(args)...)...); r.code != exitUsage || !strings.Contains(r.stderr, says) {
			t.Errorf("%s: exit %d: %s", args, r.code, r.stderr)
		}
	}
	if text := readFile(t, "flow.yaml"); text != flow {
		t.Errorf("the file became\n%s", text)
	}
	// Without --write the result stands, and how to set it by hand.
	if text := must(t, "calibrate", "hybrid", "--config", "flow.yaml", "--risk", "0.1").stdout; !strings.Contains(text, "or set it by hand (certified)") || !strings.Contains(text, "\n    embedding_margin: 0.") {
		t.Errorf("said is\n%s", text)
	}
	// What cannot be certified changes nothing.
	if d := hybridJSON(t, "--risk", "0.001", "--config", "routeproof.yaml", "--write"); d.Result.Certified || d.Edit != nil || !strings.Contains(strings.Join(d.Notes, "\n"), "nothing is written") {
		t.Errorf("%+v", d)
	}
	// Nor does a loss of half of the calls hide that these were not answered.
	answers := strings.SplitAfter(readFile(t, "answers.jsonl"), "\n")
	writeFile(t, "half.jsonl", strings.Join(answers[:len(answers)/2], ""))
	d := hybridJSON(t, "--prompts", "prompts.jsonl", "--llm-answers", "half.jsonl", "--risk", "0.5")
	notes := strings.Join(d.Notes, "\n")
	if !strings.Contains(notes, "there it counts as right") || !strings.Contains(notes, "without figures of cost: on tune, what it costs to classify is known for") {
		t.Errorf("notes: %s", notes)
	}
	if d.Result.Certified && (d.Edit == nil || d.Edit.Value != d.Result.Setting.Thresholds[0]) {
		t.Errorf("without costs: %+v", d.Edit)
	}
}

// Thresholds of cascades and of agreement go into the configuration too.
func TestCalibrateWritesPolicies(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "o.jsonl", strings.Join(toys(600, ""), "\n"))
	for verb, read := range map[string]func(pipeline.Config) float64{
		"cascade":  func(c pipeline.Config) float64 { return c.Policies.Checks.MinConfidence },
		"parallel": func(c pipeline.Config) float64 { return c.Policies.Agreement.SimilarityFrom() },
	} {
		name := verb + ".yaml"
		writeFile(t, name, "policies: # ours\n  agreement:\n    answer: text\n")
		args := []string{"calibrate", verb, "--outcomes", "o.jsonl", "--ladder", "a,b", "--risk", "0.3", "--config", name}
		text := must(t, args...).stdout
		if !strings.Contains(text, "the change of "+name+" (certified), which --write makes:\n--- "+name+"\n+++ "+name+"\n@@ -1,3 +1,") {
			t.Errorf("%s shows\n%s", verb, text)
		}
		var d struct {
			Result struct {
				Setting struct{ Thresholds []float64 }
			}
		}
		if err := json.Unmarshal([]byte(must(t, append(args, "--write", "--json")...).stdout), &d); err != nil {
			t.Fatal(err)
		}
		config, err := pipeline.ReadConfig(name)
		if err != nil || read(config) != d.Result.Setting.Thresholds[0] || !strings.Contains(readFile(t, name), "of a and b, certified: ") {
			t.Errorf("%s: %v, %g, expected %v in\n%s", verb, err, read(config), d.Result.Setting.Thresholds, readFile(t, name))
		}
		if text := must(t, append(args, "--write", "--heuristic")...).stdout; !strings.Contains(text, "(heuristic, nothing is guaranteed):") || strings.Count(readFile(t, name), "# routeproof calibrate: ") != 1 {
			t.Errorf("%s: %s\n%s", verb, text, readFile(t, name))
		}
	}
	// The confidence of a cascade is one for all of its models.
	lines := toys(600, "")
	for i := range 600 {
		lines = append(lines, fmt.Sprintf(`{"id":"%d","model":"c","response":"1","score":1}`, i))
	}
	writeFile(t, "three.jsonl", strings.Join(lines, "\n"))
	if text := must(t, "calibrate", "cascade", "--outcomes", "three.jsonl", "--ladder", "a,b,c", "--risk", "0.3").stdout; !strings.Contains(text, "of a ladder of 3 nothing is shown here but for a and c") {
		t.Errorf("%s", text)
	}
	// A threshold of another way to compare answers is not put there.
	args := []string{"calibrate", "parallel", "--outcomes", "o.jsonl", "--ladder", "a,b", "--risk", "0.3", "--answer", `regex:\d`, "--config", "parallel.yaml"}
	if text := must(t, args...).stdout; !strings.Contains(text, "no change of the configuration is proposed") {
		t.Errorf("%s", text)
	}
	if r := call(t, "", append(args, "--write")...); r.code != exitUsage || !strings.Contains(r.stderr, "set by and answer there first") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	if r := call(t, "", "calibrate", "route", "--outcomes", "o.jsonl", "--write"); r.code != exitUsage {
		t.Errorf("route takes --write: exit %d", r.code)
	}
}

func TestUnified(t *testing.T) {
	for _, c := range []struct{ before, after, want string }{
		{"", "", ""},
		{"a\n", "a\n", ""},
		{"", "a\n", "--- f\n+++ f\n@@ -0,0 +1,1 @@\n+a\n"},
		{"a\nb\nc\nd\ne\nf\ng\n", "a\nb\nc\nd\nX\nY\nf\ng\n", "--- f\n+++ f\n@@ -2,6 +2,7 @@\n b\n c\n d\n-e\n+X\n+Y\n f\n g\n"},
		{"a\na\n", "a\na\na\n", "--- f\n+++ f\n@@ -1,2 +1,3 @@\n a\n a\n+a\n"},
		{"a", "a\nb\n", "--- f\n+++ f\n@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n"},
		{"a\nb", "X\nb", "--- f\n+++ f\n@@ -1,2 +1,2 @@\n-a\n+X\n b\n\\ No newline at end of file\n"},
	} {
		if got := unified("f", []byte(c.before), []byte(c.after)); got != c.want {
			t.Errorf("%q to %q: %q, expected %q", c.before, c.after, got, c.want)
		}
	}
}
