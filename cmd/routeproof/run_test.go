package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/reports"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// steady returns the files of a run's folder but run.json, by name.
func steady(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "run.json" {
			return err
		}
		name, err := filepath.Rel(folder, path)
		files[filepath.ToSlash(name)] = readFile(t, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What make run writes, to the byte: the report, the manifest and the summary
// as they are, the other files by their hash.
func TestGoldenRun(t *testing.T) {
	golden, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	summary := must(t, "run", "--out", "out").stdout
	files := steady(t, "out")
	want := []string{"report.md", "result.json", "centroids.json", "centroids.safetensors", "predictions.parquet", "classifiers.parquet", "cascade.parquet", "parallel.parquet", "curves.parquet",
		"plots/accuracy.svg", "plots/confusion.svg", "plots/cost.svg", "plots/curves.svg", "plots/policies.svg",
		"plots/reliability-embedding.svg", "plots/risk.svg", "plots/scores.svg"}
	got := slices.Sorted(func(yield func(string) bool) {
		for name := range files {
			if !yield(name) {
				return
			}
		}
	})
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files: %s", diff)
	}
	for _, name := range append(got, "run.json") {
		if !slices.Contains(reports.RunFiles(), name) {
			t.Errorf("%s is written and not known to be, so that it may be an input too", name)
		}
	}
	var hashes strings.Builder
	for _, name := range got {
		fmt.Fprintf(&hashes, "%x  %s\n", sha256.Sum256([]byte(files[name])), name)
	}
	for name, content := range map[string]string{
		"summary.txt": summary, "report.md": files["report.md"], "centroids.json": files["centroids.json"], "files.sha256": hashes.String(),
	} {
		path := filepath.Join(golden, name)
		if *update {
			writeFile(t, path, content)
		}
		if name == "files.sha256" && runtime.GOARCH != "amd64" {
			continue // the last bits of logarithms differ between processors
		}
		if diff := cmp.Diff(readFile(t, path), content); diff != "" {
			t.Errorf("%s (make golden rewrites it):\n%s", name, diff)
		}
	}
}

// The result does not depend on the order of rows of any file, on compression, or
// on the number of processors.
func TestSameInputSameBytes(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "data", "synth", "--n", "500", "--out", "made")
	rng := rand.New(rand.NewPCG(1, 2))
	run := func(folder string, processors int, shuffle bool) map[string]string {
		args := []string{"run", "--out", filepath.Join(folder, "out")}
		for _, flag := range []string{"prompts", "llm-answers", "outcomes"} {
			name := strings.TrimPrefix(flag, "llm-")
			content := readFile(t, filepath.Join("made", name+".jsonl"))
			if shuffle {
				lines := strings.SplitAfter(content, "\n")
				rng.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
				content = zipped(t, strings.Join(lines, ""))
			}
			// Equal names, since the report shows them.
			args = append(args, "--"+flag, writeFile(t, filepath.Join(folder, name), content))
		}
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		must(t, args...)
		return steady(t, filepath.Join(folder, "out"))
	}
	first := run("a", runtime.GOMAXPROCS(0), false)
	if first["plots/policies.svg"] == "" {
		t.Error("no policies were simulated")
	}
	for name, files := range map[string]map[string]string{
		"again": run("b", runtime.GOMAXPROCS(0), false), "shuffled, on one processor": run("c", 1, true), "shuffled, on seven": run("d", 7, true),
	} {
		for file := range first {
			if first[file] != files[file] {
				t.Errorf("%s differs %s", file, name)
			}
		}
	}
}

func TestBuildEqualsRun(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "run")
	must(t, "build", "--out", "c.safetensors")
	if readFile(t, "c.safetensors") != readFile(t, "out/centroids.safetensors") {
		t.Error("build and run write different artifacts")
	}
	if readFile(t, "c.json") != readFile(t, "out/centroids.json") {
		t.Error("build and run write different manifests")
	}
}

// Build makes nothing of outcomes, but tells what is wrong with them.
func TestBuildChecksOutcomes(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	writeFile(t, "plain.yaml", plainEmbedding)
	writeFile(t, "bad.jsonl", `{"id":"a","model":"m","score":2}`+"\n"+`{"id":"b"}`+"\n")
	r := call(t, "", "build", "--config", "plain.yaml", "--prompts", "prompts.jsonl", "--outcomes", "bad.jsonl", "--out", "c.safetensors")
	for _, want := range []string{"bad.jsonl:1: score", "bad.jsonl:2: model"} {
		if r.code != 12 || !strings.Contains(r.stderr, want) {
			t.Errorf("code %d, expected 12 and %q in\n%s", r.code, want, r.stderr)
		}
	}
	if _, err := os.Stat("c.safetensors"); err == nil {
		t.Error("an artifact was written")
	}
}

// Labels of test prompts reach nothing that is fitted.
func TestPermutedTestLabelsChangeNothingFitted(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "run", "--out", "before")
	must(t, "init", ".")
	splits := splitsOf(t, "before/predictions.parquet")
	var rows []map[string]any
	var tests []int
	for _, line := range strings.Split(strings.TrimSpace(readFile(t, "prompts.jsonl")), "\n") {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		delete(row, "alt_tier") // could be the tier itself after permuting
		if splits[row["id"].(string)] == "test" {
			tests = append(tests, len(rows))
		}
		rows = append(rows, row)
	}
	if len(tests) < 20 {
		t.Fatalf("%d test prompts", len(tests))
	}
	write := func(name string) string {
		var b bytes.Buffer
		for _, row := range rows {
			if err := json.NewEncoder(&b).Encode(row); err != nil {
				t.Fatal(err)
			}
		}
		return writeFile(t, name, b.String())
	}
	must(t, "build", "--prompts", write("plain.jsonl"), "--out", "plain.safetensors")
	first := rows[tests[0]]["tier"]
	for i := range tests[:len(tests)-1] {
		rows[tests[i]]["tier"] = rows[tests[i+1]]["tier"]
	}
	rows[tests[len(tests)-1]]["tier"] = first
	must(t, "build", "--prompts", write("permuted.jsonl"), "--out", "permuted.safetensors")

	a, dataA := safetensors(t, "plain.safetensors")
	b, dataB := safetensors(t, "permuted.safetensors")
	if !bytes.Equal(dataA, dataB) {
		t.Error("a tensor changed")
	}
	for _, key := range []string{"thresholds", "margin", "fallback", "inverse_temperature", "drift", "canaries"} {
		if diff := cmp.Diff(a[key], b[key]); diff != "" {
			t.Errorf("%s changed: %s", key, diff)
		}
	}
	if cmp.Equal(a["measured"], b["measured"]) {
		t.Error("measured accuracy did not change: the labels were not permuted")
	}
}

// safetensors reads an artifact as a router in another language would: the
// manifest and the bytes of the tensors, tier after tier.
func safetensors(t *testing.T, path string) (manifest map[string]any, data []byte) {
	t.Helper()
	raw := []byte(readFile(t, path))
	n := int(raw[0]) | int(raw[1])<<8 | int(raw[2])<<16
	var header map[string]json.RawMessage
	if err := json.Unmarshal(raw[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	var metadata map[string]string
	if err := json.Unmarshal(header["__metadata__"], &metadata); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(metadata["routeproof"]), &manifest); err != nil {
		t.Fatal(err)
	}
	return manifest, raw[8+n:]
}

// The scores of classify are the cosines of its vectors to the file's tensors.
func TestClassifyScoresAreCosines(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	writeFile(t, "plain.yaml", plainEmbedding)
	must(t, "build", "--config", "plain.yaml", "--out", "c.safetensors")
	manifest, data := safetensors(t, "c.safetensors")
	r := must(t, "classify", "--artifact", "c.safetensors", "--in", "prompts.jsonl", "--with-vector")
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	if len(lines) != 1200 {
		t.Fatalf("%d lines, expected 1200", len(lines))
	}
	for _, line := range lines {
		var c struct {
			ID, Tier string
			Scores   map[string]float64
			Vector   []float64
			Accepted bool
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		best := ""
		for k, tier := range manifest["tiers"].([]any) {
			var dot float64
			for d, v := range c.Vector {
				at := 4 * (k*len(c.Vector) + d)
				bits := uint32(data[at]) | uint32(data[at+1])<<8 | uint32(data[at+2])<<16 | uint32(data[at+3])<<24
				dot += v * float64(math.Float32frombits(bits))
			}
			name := tier.(string)
			if math.Abs(dot-c.Scores[name]) > 1e-6 {
				t.Errorf("prompt %s, tier %s: score %g, expected %g", c.ID, name, c.Scores[name], dot)
			}
			if best == "" || c.Scores[name] > c.Scores[best] {
				best = name
			}
		}
		if c.Tier != best || !c.Accepted {
			t.Errorf("prompt %s: tier %s, accepted %t, expected %s", c.ID, c.Tier, c.Accepted, best)
		}
	}
}

func TestClassifyTextWithoutVector(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "build", "--out", "c.safetensors")
	r := call(t, `{"id":"blank","prompt":" "}`, "classify", "--artifact", "c.safetensors", "--in", "-", "--problems", "none")
	want := `{"id":"blank","tier":"MEDIUM","scores":null,"probability":null,"margin":null,"accepted":false}` + "\n"
	if r.code != 0 || r.stdout != want {
		t.Errorf("exit %d: %s%s, expected %s", r.code, r.stdout, r.stderr, want)
	}
}

// An artifact is scored on its own test split where the prompts are those it
// was built from, and on all prompts elsewhere.
func TestBenchArtifact(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	built := must(t, "run", "--prompts", "prompts.jsonl", "--json")
	type document struct {
		Result struct {
			N           int
			Classifiers []struct {
				Name     string
				N        int
				Accuracy struct{ Value float64 }
				Fold     *struct{} `json:"out_of_fold_accuracy"`
			}
		}
	}
	embedding := func(r result) (n int, accuracy float64, fold bool) {
		var d document
		if err := json.Unmarshal([]byte(r.stdout), &d); err != nil {
			t.Fatal(err)
		}
		for _, c := range d.Result.Classifiers {
			if c.Name == "embedding" {
				return c.N, c.Accuracy.Value, c.Fold != nil
			}
		}
		t.Fatal("no embedding classifier")
		return
	}
	n, accuracy, fold := embedding(built)
	same := must(t, "bench", "--prompts", "prompts.jsonl", "--artifact", "out/centroids.safetensors", "--json")
	if n2, a2, f2 := embedding(same); n2 != n || a2 != accuracy || !fold || f2 {
		t.Errorf("same prompts: n %d, accuracy %g, out of fold %t; expected %d, %g, without", n2, a2, f2, n, accuracy)
	}
	lines := strings.SplitAfter(readFile(t, "prompts.jsonl"), "\n")
	if r := call(t, "", "bench", "--prompts", writeFile(t, "fewer.jsonl", strings.Join(lines[:200], "")), "--artifact", "out/centroids.safetensors"); r.code != exitContent || !strings.Contains(r.stderr, "was used to fit the artifact") {
		t.Errorf("prompts that the artifact was fitted on: exit %d: %s", r.code, r.stderr)
	}
	writeFile(t, "others.jsonl", strings.ReplaceAll(strings.Join(lines[:50], ""), `"prompt": "`, `"prompt": "Please: `))
	other := must(t, "bench", "--prompts", "others.jsonl", "--artifact", "out/centroids.safetensors", "--json")
	if n3, _, _ := embedding(other); n3 != 50 {
		t.Errorf("other prompts: n %d, expected all 50", n3)
	}
	if !strings.Contains(other.stdout, "built on other prompts") {
		t.Error("no warning that all prompts are scored")
	}
}

// Names of one's own, without prices: ranked by accuracy, cost unknown.
func TestOwnTiersWithoutPrices(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	renamed := strings.NewReplacer(`"SIMPLE"`, `"T1"`, `"MEDIUM"`, `"T1"`, `"COMPLEX"`, `"T2"`, `"FRONTIER"`, `"T3"`).Replace(readFile(t, "prompts.jsonl"))
	var kept []string
	for _, line := range strings.SplitAfter(renamed, "\n") {
		if !strings.Contains(line, "alt_tier") {
			kept = append(kept, line)
		}
	}
	writeFile(t, "three.jsonl", strings.Join(kept, ""))
	writeFile(t, "three.yaml", "tiers:\n  - name: T1\n  - name: T2\n  - name: T3\n")
	r := must(t, "run", "--prompts", "three.jsonl", "--config", "three.yaml")
	report := readFile(t, "out/report.md")
	if !strings.Contains(report, "Costs are unknown") || strings.Contains(report, "$") {
		t.Errorf("report speaks of costs:\n%s", report[:min(len(report), 2000)])
	}
	if _, err := os.Stat("out/plots/cost.svg"); err == nil {
		t.Error("a cost plot without costs")
	}
	if strings.Contains(r.stdout, "$") {
		t.Errorf("summary speaks of costs: %s", r.stdout)
	}
}

// The built-in set is called synthetic under whatever name it is read.
func TestInitSetIsCalledSynthetic(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	must(t, "run", "--prompts", "prompts.jsonl", "--llm-answers", "answers.jsonl")
	if start := readFile(t, "out/report.md")[:1500]; !strings.Contains(start, "These prompts are synthetic") || !strings.Contains(start, "far above what to expect") {
		t.Errorf("the report begins\n%s", start)
	}
}

// The figures for another tier mix stand in the report, in JSON and on the
// terminal; the flag wins over the configuration.
func TestTierMix(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	config := readFile(t, "routeproof.yaml")
	writeFile(t, "mixed.yaml", strings.Replace(config, "tier_mix: {}", "tier_mix: {SIMPLE: 0.5, MEDIUM: 0.5}", 1))
	flag := must(t, "run", "--config", "mixed.yaml", "--tier-mix", "SIMPLE=.75,FRONTIER=.25").stdout
	if report := readFile(t, "out/report.md"); !strings.Contains(report, "### At your tier mix") || !strings.Contains(report, "SIMPLE 75.0 %, MEDIUM 0.0 %, COMPLEX 0.0 %, FRONTIER 25.0 %") {
		t.Error("the report has no figures for the mix")
	}
	var result struct {
		Mixed struct {
			Shares []float64
			Scores []struct {
				Name     string
				Accuracy struct{ Value float64 }
			}
		} `json:"tier_mix"`
	}
	if err := json.Unmarshal([]byte(must(t, "bench", "--config", "mixed.yaml", "--json").stdout), &struct{ Result any }{&result}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{.5, .5, 0, 0}, result.Mixed.Shares); diff != "" {
		t.Error(diff)
	}
	for _, s := range result.Mixed.Scores {
		if want := map[string]float64{"always SIMPLE": .5, "always COMPLEX": 0, "oracle": 1}; s.Name == "oracle" || strings.HasPrefix(s.Name, "always") {
			if v, ok := want[s.Name]; ok && s.Accuracy.Value != v {
				t.Errorf("%s: %g, expected %g", s.Name, s.Accuracy.Value, v)
			}
		}
	}
	if !strings.Contains(flag, "for a tier mix of SIMPLE 75.0 %") {
		t.Errorf("the terminal shows\n%s", flag)
	}
}

// A later run without prices leaves no plot of an earlier one.
func TestNoPlotOfAnEarlierRun(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	must(t, "run")
	config := strings.NewReplacer("    input_per_m: 15.00\n", "", "    output_per_m: 75.00\n", "").Replace(readFile(t, "routeproof.yaml"))
	writeFile(t, "unpriced.yaml", config)
	must(t, "run", "--config", "unpriced.yaml")
	if _, err := os.Stat("out/plots/cost.svg"); err == nil {
		t.Error("out/plots/cost.svg is left of the run before")
	}
}

func TestPublicPrompts(t *testing.T) {
	shared, err := filepath.Abs("../../../shared/data/prompts")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(shared); err != nil {
		t.Skip("shared data is absent: ", err)
	}
	t.Chdir(t.TempDir())
	r := must(t, "run", "--prompts", filepath.Join(shared, "tiers_public.jsonl.gz"),
		"--llm-answers", filepath.Join(shared, "tiers_public.llm.jsonl.gz"), "--out", "out")
	if !strings.Contains(r.stdout, "test prompts of tier FRONTIER: 2") {
		t.Errorf("no warning of few FRONTIER prompts:\n%s", r.stdout)
	}
	report := readFile(t, "out/report.md")
	for _, want := range []string{"387 prompts, 0 of them unlabelled", "recorded", "`rule+embedding+llm`", "always picking the commonest tier"} {
		if !strings.Contains(report, want) {
			t.Errorf("report lacks %q", want)
		}
	}
	manifest, _ := safetensors(t, "out/centroids.safetensors")
	train := manifest["dataset"].(map[string]any)["counts"].(map[string]any)["train"].(map[string]any)
	for _, tier := range []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"} {
		if n, _ := train[tier].(float64); n < 1 {
			t.Errorf("no train prompt of tier %s", tier)
		}
	}
}

// What build does not use is said, and rows of it that cannot be read are told.
func TestBuildSaysWhatItLeavesOut(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "data", "synth", "--n", "300", "--out", ".", "--only", "prompts")
	writeFile(t, "o.jsonl", `{"id":"nobody","model":"none","response":"x","score":1}`+"\n")
	r := must(t, "build", "--prompts", "prompts.jsonl", "--outcomes", "o.jsonl", "--out", "a.safetensors")
	if !strings.Contains(r.stderr, "warning: --outcomes adds nothing to an artifact") {
		t.Error(r.stderr)
	}
	writeFile(t, "o.jsonl", `{"id":"nobody","score":1}`+"\n")
	if r := call(t, "", "build", "--prompts", "prompts.jsonl", "--outcomes", "o.jsonl", "--out", "b.safetensors"); r.code != exitContent || !strings.Contains(r.stderr, "o.jsonl:1: model") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	if r := must(t, "build", "--help"); strings.Contains(r.stdout, "--outcomes") || strings.Contains(r.stdout, "--tier-mix") {
		t.Error(r.stdout)
	}
}
