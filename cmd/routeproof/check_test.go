package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/gate"
)

// made writes n predictions by one classifier, whose truths alternate; those of
// which wrong holds name the other tier.
func made(t *testing.T, path string, n int, wrong func(i int) bool) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		tiers := []string{"SIMPLE", "MEDIUM"}
		truth, predicted := tiers[i%2], tiers[i%2]
		if wrong(i) {
			predicted = tiers[1-i%2]
		}
		fmt.Fprintf(&b, `{"id":"p%04d","classifier":"c","tier":%q,"predicted":%q,"domain":"d%d"}`+"\n", i, truth, predicted, i%3)
	}
	writeFile(t, path, b.String())
}

func every(k int) func(int) bool { return func(i int) bool { return i%k == 0 } }

func TestCheckVerdicts(t *testing.T) {
	t.Chdir(t.TempDir())
	made(t, "base.jsonl", 600, every(10))
	made(t, "same.jsonl", 600, every(10))
	made(t, "worse.jsonl", 600, every(5))                                                   // 60 more are wrong
	made(t, "unsure.jsonl", 600, func(i int) bool { return i%10 == 0 && i != 0 || i == 1 }) // one better, one worse of 600 is inside
	made(t, "few.jsonl", 40, every(10))
	made(t, "few2.jsonl", 40, func(i int) bool { return i%10 == 0 || i == 1 })
	writeFile(t, "warn.yaml", "gate: {inconclusive: warn}\n")
	writeFile(t, "slice.yaml", "gate: {slices: [{domain: d0}, {tier: \"*\"}]}\n")
	writeFile(t, "floor.yaml", "gate: {floors: [{metric: accuracy, value: 0.95}]}\n")
	for _, c := range []struct {
		args, says string
		code       int
	}{
		{"--baseline base.jsonl --candidate same.jsonl", "PASS", 0},
		{"--baseline base.jsonl --candidate unsure.jsonl", "PASS", 0},
		{"--baseline base.jsonl --candidate worse.jsonl", "REGRESSED", 10},
		{"--baseline worse.jsonl --candidate base.jsonl", "mproved", 0},
		{"--baseline few.jsonl --candidate few2.jsonl", "INCONCLUSIVE", 11},
		{"--baseline few.jsonl --candidate few2.jsonl --inconclusive warn", "INCONCLUSIVE", 0},
		{"--baseline few.jsonl --candidate few2.jsonl --config warn.yaml", "INCONCLUSIVE", 0},
		{"--baseline few.jsonl --candidate few2.jsonl --config warn.yaml --inconclusive fail", "INCONCLUSIVE", 11},
		{"--baseline base.jsonl --candidate worse.jsonl --config slice.yaml", "REGRESSED", 10},
		{"--baseline base.jsonl --candidate same.jsonl --config floor.yaml", "REGRESSED", 10},
	} {
		r := call(t, "", append([]string{"check"}, strings.Fields(c.args)...)...)
		if r.code != c.code || !strings.Contains(r.stdout, c.says) {
			t.Errorf("%s: exit %d, expected %d and %q:\n%s%s", c.args, r.code, c.code, c.says, r.stdout, r.stderr)
		}
	}
	for args, says := range map[string]string{
		"--baseline base.jsonl --candidate none.jsonl":                        "none.jsonl",
		"--baseline none.jsonl --candidate base.jsonl":                        "none.jsonl",
		"--baseline base.jsonl":                                               "candidate",
		"--baseline base.jsonl --candidate same.jsonl --bless":                "ends in .parquet",
		"--baseline b.parquet --candidate same.jsonl --bless":                 "--why",
		"--baseline base.jsonl --candidate same.jsonl --why x":                "--bless",
		"--baseline base.jsonl --candidate same.jsonl --inconclusive perhaps": "fail, warn",
		"--baseline base.jsonl --candidate same.jsonl --artifact a":           "--prompts",
		"--baseline base.jsonl --candidate same.jsonl --summary same.jsonl":   "name another output",
		"--baseline base.jsonl --candidate same.jsonl --config absent.yaml":   "absent.yaml",
		"--baseline base.jsonl --candidate same.jsonl --config wrong.yaml":    "alpha",
		"--baseline base.jsonl --candidate same.jsonl --json --annotations":   "take one",
		"--baseline base.jsonl --candidate same.jsonl --config certs.yaml":    "--artifact",
		"--baseline base.jsonl --candidate same.jsonl --word-vectors w":       "--artifact",
		"--baseline base.jsonl --candidate same.jsonl --flips -1":             "--flips",
	} {
		writeFile(t, "wrong.yaml", "gate: {alpha: 1}\n")
		writeFile(t, "certs.yaml", "gate: {certificates: true}\n")
		if r := call(t, "", append([]string{"check"}, strings.Fields(args)...)...); r.code != exitUsage || !strings.Contains(r.stderr, says) {
			t.Errorf("%s: exit %d, expected %d and %q: %s", args, r.code, exitUsage, says, r.stderr)
		}
	}
}

// What cannot be compared is invalid, whatever the figures, and never passes.
func TestCheckInvalid(t *testing.T) {
	t.Chdir(t.TempDir())
	made(t, "base.jsonl", 200, every(10))
	base := readFile(t, "base.jsonl")
	lines := strings.SplitAfter(strings.TrimSuffix(base, "\n"), "\n")
	replaced := func(old, new string) string {
		if !strings.Contains(base, old) {
			t.Fatalf("no %s", old)
		}
		return strings.Replace(base, old, new, 1)
	}
	first := `"id":"p0001","classifier":"c","tier":"MEDIUM","predicted":"MEDIUM"`
	for name, text := range map[string]string{
		"missing id":         strings.Join(lines[1:], ""),
		"another id":         replaced(`"id":"p0001"`, `"id":"q0001"`),
		"changed label":      replaced(first, strings.Replace(first, `"tier":"MEDIUM"`, `"tier":"SIMPLE"`, 1)),
		"empty":              "",
		"classifier missing": strings.ReplaceAll(base, `"classifier":"c"`, `"classifier":"d"`),
		"unknown tier":       replaced(`"predicted":"MEDIUM"`, `"predicted":"HUGE"`),
		"duplicate":          base + lines[0],
		"NaN":                replaced(`"domain":"d1"`, `"domain":"d1","confidence":NaN`),
		"confidence of 2":    replaced(`"domain":"d1"`, `"domain":"d1","confidence":2`),
		"no answer":          replaced(`"domain":"d1"`, `"domain":"d1","error":"timeout"`),
		"two repeats":        base + strings.ReplaceAll(base, `"domain"`, `"repeat":1,"domain"`),
		"not JSON":           "predictions\n",
		"missing column":     strings.ReplaceAll(base, `"predicted"`, `"guessed"`),
		"binary":             "PAR1\x00\x00",
	} {
		writeFile(t, "cand.jsonl", text)
		for _, args := range [][]string{{"--baseline", "base.jsonl", "--candidate", "cand.jsonl"}, {"--baseline", "cand.jsonl", "--candidate", "base.jsonl"}} {
			if args[1] == "cand.jsonl" && name == "no answer" {
				continue // of the baseline it is known and tolerated as much
			}
			r := call(t, "", append([]string{"check", "--out", "out", "--inconclusive", "warn"}, args...)...)
			if r.code != exitContent || !strings.Contains(r.stdout, "INVALID") {
				t.Errorf("%s, %v: exit %d:\n%s%s", name, args, r.code, r.stdout, r.stderr)
			}
			var v struct{ Verdict string }
			if err := json.Unmarshal([]byte(readFile(t, "out/check.json")), &v); err != nil || v.Verdict != "invalid" {
				t.Errorf("%s: check.json says %q, %v", name, v.Verdict, err)
			}
		}
	}
	// Of Parquet files that say what they were made from.
	write := func(path string, hashes gate.Hashes) {
		tiers := centroids.DefaultTiers()
		p := gate.NewProvenance("x", tiers, hashes, eval.Costs{Tiers: make([]eval.TierModel, 4)})
		err := datasets.Predictions().WriteFile(path, datasets.WriteOptions{Metadata: map[string]string{gate.ProvenanceKey: p.JSON()}}, func(put func(datasets.Prediction) error) error {
			for i := range 10 {
				if err := put(datasets.Prediction{ID: fmt.Sprint(i), Classifier: "c", Tier: "SIMPLE", Predicted: "SIMPLE"}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write("a.parquet", gate.Hashes{Dataset: "1", Label: "1", Split: "1"})
	for i, h := range []gate.Hashes{{Dataset: "2", Label: "1", Split: "1"}, {Dataset: "1", Label: "2", Split: "1"}, {Dataset: "1", Label: "1", Split: "2"}} {
		write("b.parquet", h)
		if r := call(t, "", "check", "--baseline", "a.parquet", "--candidate", "b.parquet"); r.code != exitContent || !strings.Contains(r.stdout, "by hash") {
			t.Errorf("hashes %d: exit %d: %s%s", i, r.code, r.stdout, r.stderr)
		}
	}
	if r := call(t, "", "check", "--baseline", "a.parquet", "--candidate", "a.parquet"); r.code != exitOK {
		t.Errorf("with itself: exit %d: %s", r.code, r.stderr)
	}
}

// Only --bless moves a baseline; the file holds when and why, and what was there
// before.
func TestCheckBless(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "plain.yaml", plainEmbedding+"bootstrap: {replicates: 100}\n")
	must(t, "run", "--config", "plain.yaml", "--out", "one")
	writeFile(t, "alone.yaml", "classifiers: {embedding: {structure: alone, scorer: centroid}}\nbootstrap: {replicates: 100}\n")
	must(t, "run", "--config", "alone.yaml", "--out", "two")
	must(t, "check", "--baseline", "base.parquet", "--candidate", "one", "--bless", "--why", "the first")
	first := readFile(t, "base.parquet")
	if r := call(t, "", "check", "--baseline", "base.parquet", "--candidate", "two", "--out", "out"); r.code != exitOK || !strings.Contains(r.stdout, "mproved") {
		t.Errorf("structure against n-grams: exit %d:\n%s", r.code, r.stdout)
	}
	if r := call(t, "", "check", "--baseline", "two", "--candidate", "one"); r.code != exitRegressed {
		t.Errorf("n-grams against structure: exit %d:\n%s", r.code, r.stdout)
	}
	if readFile(t, "base.parquet") != first {
		t.Fatal("a check without --bless changes the baseline")
	}
	if r := call(t, "", "check", "--baseline", "base.parquet", "--candidate", "absent", "--bless", "--why", "x"); r.code != exitUsage || readFile(t, "base.parquet") != first {
		t.Errorf("a candidate that is not there: exit %d", r.code)
	}
	writeFile(t, "bad.jsonl", `{"id":"1"}`)
	if r := call(t, "", "check", "--baseline", "base.parquet", "--candidate", "bad.jsonl", "--bless", "--why", "x"); r.code != exitContent || readFile(t, "base.parquet") != first {
		t.Errorf("a candidate that cannot be read: exit %d", r.code)
	}
	writeFile(t, "cut.parquet", first[:len(first)-40])
	cut := readFile(t, "cut.parquet")
	if r := call(t, "", "check", "--baseline", "cut.parquet", "--candidate", "two", "--bless", "--why", "x"); r.code != exitContent || readFile(t, "cut.parquet") != cut || !strings.Contains(r.stderr, "history would be lost") {
		t.Errorf("a baseline that cannot be read: exit %d: %s", r.code, r.stderr)
	}
	// In-sample predictions are not held against out-of-fold ones.
	made(t, "plain.jsonl", 20, every(10))
	if r := call(t, "", "check", "--baseline", "base.parquet", "--candidate", "plain.jsonl"); r.code != exitContent || !strings.Contains(r.stdout, "out of fold") {
		t.Errorf("without folds: exit %d:\n%s", r.code, r.stdout)
	}
	must(t, "check", "--baseline", "base.parquet", "--candidate", "two", "--bless", "--why", "structure <is> better")
	text, err := datasets.Predictions().Metadata("base.parquet", gate.ProvenanceKey)
	if err != nil {
		t.Fatal(err)
	}
	p, err := gate.ParseProvenance(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Blessed) != 2 || p.Blessed[0].Why != "the first" || p.Blessed[0].Replaced != "" || p.Blessed[1].Why != "structure <is> better" ||
		p.Blessed[1].Candidate != "two" || p.Blessed[1].Verdict != gate.Pass || len(p.Blessed[1].Replaced) != 64 || p.Blessed[1].When.IsZero() {
		t.Errorf("history %+v", p.Blessed)
	}
	if p.Hashes.Dataset == "" || p.Hashes.Prices == "" || len(p.Models) != 4 {
		t.Errorf("provenance %+v", p)
	}
	// Every out-of-fold row of the candidate stands there, figure for figure.
	rows := func(path string) map[string]string {
		out := map[string]string{}
		if _, err := datasets.Predictions().ScanFile(path, nil, func(p *datasets.Prediction) error {
			if p.Fold.Known {
				out[p.ID+" "+p.Classifier] = fmt.Sprintf("%+v", *p)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if diff := cmp.Diff(rows("two/predictions.parquet"), rows("base.parquet")); diff != "" {
		t.Errorf("other rows: %.500s", diff)
	}
	// What was blessed passes against itself, whole and identical.
	if r := must(t, "check", "--baseline", "base.parquet", "--candidate", "two", "--json"); !strings.Contains(r.stdout, `"identical": true`) || strings.Contains(r.stdout, `"identical": false`) {
		t.Errorf("the blessed candidate is not identical to the baseline: %s", r.stdout[:300])
	}
}

// The cost of a change is split where prices are known, and a price edit alone
// regresses nothing.
func TestCheckPrices(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	writeFile(t, "routeproof.yaml", strings.Replace(readFile(t, "routeproof.yaml"), "replicates: 2000\n  seed", "replicates: 100\n  seed", 1))
	cheap := strings.Replace(readFile(t, "routeproof.yaml"), "input_per_m: 15.00", "input_per_m: 30.00", 1)
	writeFile(t, "dear.yaml", strings.Replace(cheap, "cost: null", "cost: 0.05", 1))
	run := func(config, out string) {
		must(t, "run", "--config", config, "--prompts", "prompts.jsonl", "--llm-answers", "answers.jsonl", "--out", out)
	}
	run("routeproof.yaml", "before")
	run("dear.yaml", "after")
	r := must(t, "check", "--config", "dear.yaml", "--baseline", "before", "--candidate", "after", "--json")
	var v struct {
		Verdict     string
		Classifiers []struct {
			Classifier string
			Cost       struct {
				Price   float64
				Tokens  float64
				TierMix float64 `json:"tier_mix"`
			}
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &v); err != nil || v.Verdict != "pass" || len(v.Classifiers) == 0 {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	for _, c := range v.Classifiers {
		if c.Cost.Price <= 0 || c.Cost.Tokens != 0 || (c.Classifier == "rule" && c.Cost.TierMix != 0) {
			t.Errorf("%+v, expected a price alone", c)
		}
	}
}

func TestCheckArtifact(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	writeFile(t, "plain.yaml", plainEmbedding+"bootstrap: {replicates: 100}\n")
	must(t, "calibrate", "classifier", "--config", "plain.yaml", "--prompts", "prompts.jsonl", "--loss", "under", "--risk", "0.2", "--out", "c.safetensors")
	made(t, "base.jsonl", 50, every(10))
	r := must(t, "check", "--baseline", "base.jsonl", "--candidate", "base.jsonl", "--artifact", "c.safetensors", "--prompts", "prompts.jsonl", "--json")
	var v struct {
		Certificates []struct {
			N, Errors int
			Fate      string
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &v); err != nil || len(v.Certificates) != 1 {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	// The same decisions, told by classify: those of the artifact's own test split.
	must(t, "run", "--config", "plain.yaml", "--prompts", "prompts.jsonl", "--out", "out")
	splits := splitsOf(t, "out/predictions.parquet")
	accepted := 0
	for _, line := range strings.Split(strings.TrimSpace(must(t, "classify", "--artifact", "c.safetensors", "--in", "prompts.jsonl").stdout), "\n") {
		var c classified
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		if splits[c.ID] == "test" && c.Accepted {
			accepted++
		}
	}
	if c := v.Certificates[0]; c.N != accepted || c.N == 0 || c.Errors == 0 || c.Errors >= c.N {
		t.Errorf("tried on %+v, classify accepts %d", c, accepted)
	}
	// With every label one tier higher all decisions are too low: broken.
	up := readFile(t, "prompts.jsonl")
	for _, pair := range [][2]string{{"COMPLEX", "FRONTIER"}, {"MEDIUM", "COMPLEX"}, {"SIMPLE", "FRONTIER"}} {
		up = strings.ReplaceAll(up, `"tier": "`+pair[0]+`"`, `"tier": "`+pair[1]+`"`)
	}
	var moved strings.Builder
	for line := range strings.Lines(up) {
		moved.WriteString(strings.Replace(strings.Replace(line, `"alt_tier"`, `"alternative"`, 1), `"prompt": "`, `"prompt": "Now then: `, 1))
	}
	writeFile(t, "moved.jsonl", moved.String())
	writeFile(t, "strict.yaml", "gate: {certificates: true}\n")
	for config, code := range map[string]int{"plain.yaml": exitOK, "strict.yaml": exitRegressed} {
		r := call(t, "", "check", "--config", config, "--baseline", "base.jsonl", "--candidate", "base.jsonl", "--artifact", "c.safetensors", "--prompts", "moved.jsonl")
		if r.code != code || !strings.Contains(r.stdout, "roken") {
			t.Errorf("%s: exit %d, expected %d:\n%s%s", config, r.code, code, r.stdout, r.stderr)
		}
	}
}

func TestCheckOutputs(t *testing.T) {
	t.Chdir(t.TempDir())
	made(t, "base.jsonl", 300, every(10))
	made(t, "worse.jsonl", 300, every(3))
	writeFile(t, "summary.md", "already there\n")
	r := call(t, "", "check", "--baseline", "base.jsonl", "--candidate", "worse.jsonl", "--out", "o/p", "--summary", "summary.md", "--annotations")
	if r.code != exitRegressed || !strings.HasPrefix(r.stdout, "::error") || !strings.Contains(r.stderr, "the verdict is regressed") {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if text := readFile(t, "summary.md"); !strings.HasPrefix(text, "already there\n") || !strings.HasSuffix(text, readFile(t, "o/p/check.md")) {
		t.Errorf("the summary is not appended: %s", text)
	}
	var suites struct {
		XMLName xml.Name
	}
	if err := xml.Unmarshal([]byte(readFile(t, "o/p/junit.xml")), &suites); err != nil || suites.XMLName.Local != "testsuites" {
		t.Errorf("%v, %+v", err, suites)
	}
	again := call(t, "", "check", "--baseline", "base.jsonl", "--candidate", "worse.jsonl", "--json")
	if again.stdout != readFile(t, "o/p/check.json") {
		t.Error("--json and check.json differ")
	}
	if entries, err := os.ReadDir("o/p"); err != nil || len(entries) != 3 {
		t.Errorf("%v, %v", entries, err)
	}
}

// The rules that docs/ci.md shows are rules.
func TestRulesOfThePage(t *testing.T) {
	page := readFile(t, "../../docs/ci.md")
	t.Chdir(t.TempDir())
	shown := 0
	for _, block := range strings.Split(page, "```yaml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		if !strings.HasPrefix(text, "gate:") {
			continue
		}
		shown++
		writeFile(t, "rules.yaml", text)
		made(t, "a.jsonl", 20, every(10))
		if r := call(t, "", "check", "--config", "rules.yaml", "--baseline", "a.jsonl", "--candidate", "a.jsonl"); r.code == exitUsage {
			t.Errorf("%s: %s", text, r.stderr)
		}
	}
	if shown == 0 {
		t.Error("docs/ci.md shows no rules")
	}
}

// 100,000 prompts by 8 classifiers, from Parquet files as runs write them.
func BenchmarkCheck(b *testing.B) {
	folder := b.TempDir()
	tiers := centroids.DefaultTiers()
	write := func(name string, shift int) string {
		path := folder + "/" + name
		p := gate.NewProvenance("x", tiers, gate.Hashes{Dataset: "1"}, eval.Costs{Tiers: make([]eval.TierModel, 4)})
		err := datasets.Predictions().WriteFile(path, datasets.WriteOptions{Metadata: map[string]string{gate.ProvenanceKey: p.JSON()}}, func(put func(datasets.Prediction) error) error {
			for c := range 8 {
				for i := range 100_000 {
					predicted := i % 4
					if (i*2654435761+c+shift)%10 == 0 {
						predicted = (i + 1) % 4
					}
					row := datasets.Prediction{ID: fmt.Sprintf("prompt-%06d", i), Classifier: fmt.Sprint("classifier ", c), Tier: tiers.Name(i % 4), Predicted: tiers.Name(predicted),
						Fold: datasets.Known(i % 5), Domain: fmt.Sprint("d", i%12), Group: fmt.Sprint(i), Confidence: datasets.Known(0.5)}
					if err := put(row); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		return path
	}
	base, cand := write("base.parquet", 0), write("cand.parquet", 3)
	b.ReportAllocs()
	for b.Loop() {
		a := &app{in: strings.NewReader(""), out: io.Discard, err: io.Discard}
		if code := a.run(b.Context(), []string{"check", "--baseline", base, "--candidate", cand}); code != exitOK && code != exitUncertain && code != exitRegressed {
			b.Fatal(code)
		}
	}
}

// Names that a terminal or the log of a runner would obey are escaped in JSON,
// and are what they were when it is read.
func TestCheckJSONOfHostileNames(t *testing.T) {
	t.Chdir(t.TempDir())
	made(t, "a.jsonl", 40, every(10))
	writeFile(t, "b.jsonl", strings.ReplaceAll(readFile(t, "a.jsonl"), `"classifier":"c"`, `"classifier":"##[error]x\u0085"`))
	r := must(t, "check", "--baseline", "b.jsonl", "--candidate", "b.jsonl", "--json")
	var v struct{ Classifiers []struct{ Classifier string } }
	if err := json.Unmarshal([]byte(r.stdout), &v); err != nil || len(v.Classifiers) != 1 || v.Classifiers[0].Classifier != "##[error]x\u0085" {
		t.Errorf("%v, %+v", err, v)
	}
	if strings.Contains(r.stdout, "##[") || strings.Contains(r.stdout, "\u0085") {
		t.Errorf("%s", r.stdout[:200])
	}
}
