package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/routeproof/routeproof/eval/logs"
)

// madeLog makes up a log and its prompts.
func madeLog(t *testing.T, lines int, parameters string) {
	t.Helper()
	args := []string{"data", "synth", "--n", "300", "--logs", fmt.Sprint(lines), "--only", "logs,prompts", "--out", "made"}
	if parameters != "" {
		args = append(args, "--parameters", writeFile(t, "parameters.json", parameters))
	}
	must(t, args...)
}

// logged is what logs --json prints.
type logged struct {
	Schema string
	logs.Summary
	Saving *struct { // origins are written and never read
		DearestUSD float64 `json:"dearest_usd"`
	} `json:"saving"`
	Rules []logs.Decided
}

func parseLogged(t *testing.T, text string) (l logged) {
	t.Helper()
	// Undefined figures are null, which leaves 0.
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLogsOfEveryPacking(t *testing.T) {
	t.Chdir(t.TempDir())
	madeLog(t, 5000, "")
	text := readFile(t, "made/logs.jsonl")
	var z bytes.Buffer
	gz := gzip.NewWriter(&z)
	_, _ = gz.Write([]byte(text))
	_ = gz.Close()
	writeFile(t, "log.gz", z.String())
	zs, _ := zstd.NewWriter(nil)
	writeFile(t, "log.zst", string(zs.EncodeAll([]byte(text), nil)))
	cut := strings.Index(text[2000:], "\n") + 2001
	writeFile(t, "a", text[:cut])
	writeFile(t, "b", text[cut:])
	want := must(t, "logs", "made/logs.jsonl", "--json").stdout
	for _, args := range []string{"log.gz", "log.zst", "a b", "-"} {
		got := call(t, text, append(append([]string{"logs"}, strings.Fields(args)...), "--json")...)
		if got.code != 0 || got.stdout != want {
			t.Errorf("logs %s: exit %d, other figures than of the plain file: %s", args, got.code, got.stderr)
		}
	}
	if got := call(t, text, "logs", "-"); got.code != 0 || !strings.Contains(got.stdout, "5,000 lines read of standard input: 5,000 requests") {
		t.Errorf("logs -: exit %d: %s%s", got.code, got.stdout, got.stderr)
	}
	l := parseLogged(t, want)
	if l.Schema != "routeproof.logs/1" || l.Whole.Requests != 5000 || len(l.Features) != 4 || l.Saving == nil {
		t.Errorf("%+v", l)
	}
}

func TestLogsFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	madeLog(t, 3000, "")
	folders := [2]string{"one", "two"}
	for _, folder := range folders {
		must(t, "logs", "made/logs.jsonl", "--out", folder, "--summary", folder+".md")
	}
	for _, name := range []string{"logs.md", "logs.json", "log_features.parquet", "log_tiers.parquet", "feature_days.parquet", "plots/log-cost.svg", "plots/log-tiers.svg", "plots/log-latency.svg"} {
		if readFile(t, filepath.Join("one", name)) != readFile(t, filepath.Join("two", name)) {
			t.Errorf("%s differs from run to run", name)
		}
	}
	if summary := readFile(t, "one.md"); !strings.Contains(summary, "3,000 requests") || strings.Contains(summary, ".svg") {
		t.Errorf("a summary is Markdown without plots, which are not beside it:\n%s", summary)
	}
}

func TestLogsExitCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	madeLog(t, 3000, "")
	writeFile(t, "empty", "")
	writeFile(t, "csv", "ts,feature\n1,2\n")
	writeFile(t, "unknown", `{"feature":"a","tier":"SIMPLE"}`+"\n")
	writeFile(t, "cut.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x00\x05\x00\xfa\xff{\"a\":")
	writeFile(t, "rules.yaml", "logs: {fail_if: [requests > 10]}\n")
	writeFile(t, "warn.yaml", "logs: {inconclusive: warn, fields: {feature: \"\"}, tiers: {small: SIMPLE}}\n")
	writeFile(t, "bad.yaml", "logs: {fail_if: [requests > ten]}\n")
	writeFile(t, "fields.yaml", "logs: {fields: {time: ts}}\n")
	must(t, "build", "--out", "a.safetensors")
	for _, c := range []struct {
		args, says string
		code       int
	}{
		{"made/logs.jsonl", "", 0},
		{"made/logs.jsonl --fail-if requests>1e6", "PASS", 0},
		{"made/logs.jsonl --fail-if requests>10", "BROKEN", 10},
		{"made/logs.jsonl --config rules.yaml", "BROKEN", 10},
		{"made/logs.jsonl --fail-if cost.suport_bot>10", `did you mean "support_bot"`, 12},
		{"made/logs.jsonl --fail-if escalation_rate>11%", "INCONCLUSIVE", 11},
		{"made/logs.jsonl --fail-if escalation_rate>11% --inconclusive warn", "INCONCLUSIVE", 0},
		{"unknown --fail-if cost>1", "unknown", 11},
		{"unknown --fail-if cost>1 --config warn.yaml", "unknown", 0},
		{"unknown", "1 request", 0},
		{"empty", "the log is empty", 12},
		{"csv", "none of 2 lines is one", 12},
		{"cut.gz", "could not be read", 12},
		{"made/logs.jsonl --until 2020-01-01", "lie outside", 12},
		{"made/logs.jsonl --now 2024-01-01", "over an hour in the future", 0},
		{"made/logs.jsonl --config bad.yaml", "expected a number", 2},
		{"made/logs.jsonl --config fields.yaml", `found "time"`, 2},
		{"made/logs.jsonl --fail-if requests", "expected METRIC > NUMBER", 2},
		{"missing", "no such file", 2},
		{"made", "is a folder", 2},
		{"- -", "given twice", 2},
		{"made/logs.jsonl --field ts", "expected a field and where it stands", 2},
		{"made/logs.jsonl --field when=ts", `found "when"`, 2},
		{"made/logs.jsonl --since yesterday", "expected a day or time", 2},
		{"made/logs.jsonl --since 2025-01-02 --until 2025-01-01", "is not before", 2},
		{"made/logs.jsonl --word-vectors x", "goes with --artifact", 2},
		{"made/logs.jsonl --artifact made/logs.jsonl", "made/logs.jsonl", 12},
		{"made/logs.jsonl --artifact a.safetensors --json", "nothing can be compared", 0},
		{"made/logs.jsonl --out made/logs.jsonl", "to be read and to be written", 2},
		{"sample made/logs.jsonl --draws d.jsonl --out p.jsonl", "no draw has a text", 12},
		{"sample made/logs.jsonl --draws d.txt", "d.txt", 2},
		{"sample made/logs.jsonl --draws d.jsonl --n 3", "expected 8 to 100000", 2},
		{"sample made/logs.jsonl --draws d.jsonl --texts made/prompts.jsonl", "are for --out", 2},
		{"sample - --draws d.jsonl", "cannot be read more than once", 2},
		{"sample empty --draws d.jsonl", "the log is empty", 12},
		{"sample cut.gz --draws d.jsonl", "would not stand for the log", 12},
		{"estimate --draws missing --prompts made/prompts.jsonl", "no such file", 2},
	} {
		r := call(t, "", append([]string{"logs"}, strings.Fields(c.args)...)...)
		if r.code != c.code || !strings.Contains(r.stdout+r.stderr, c.says) {
			t.Errorf("logs %s: exit %d, want %d and %q:\n%s%s", c.args, r.code, c.code, c.says, r.stdout, r.stderr)
		}
	}
}

// TestLogsFieldsElsewhere reads a log of other names.
func TestLogsFieldsElsewhere(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "log", `{"time":"2026-01-01T00:00:00Z","labels":{"endpoint":"bot"},"size":"small","usage":{"cost":0.25},"model":"x","usage.in":1000000,"out":0}`+"\n"+
		`{"time":"2026-01-01T00:00:01Z","labels":{"endpoint":"bot"},"size":"small","model":"x","usage.in":1000000,"out":0}`+"\n")
	writeFile(t, "c.yaml", "logs:\n  fields: {ts: time, feature: labels.endpoint, tier: size}\n  tiers: {small: SIMPLE}\n")
	writeFile(t, "prices.jsonl", `{"model":"x","input_per_m":2,"output_per_m":3}`+"\n"+`{"model":"anthropic/claude-opus-4","input_per_m":100,"output_per_m":100}`+"\n")
	l := parseLogged(t, must(t, "logs", "log", "--config", "c.yaml", "--field", "cost_usd=usage.cost", "--field", "input_tokens=usage.in", "--field", "output_tokens=out", "--prices", "prices.jsonl", "--json").stdout)
	if l.Whole.USD != 2.25 || l.Features[0].Name != "bot" || l.Tiers[0].Requests != 2 || l.Saving.DearestUSD != 200 || l.Days != 1 {
		t.Errorf("%+v", l)
	}
}

// TestSampleAndEstimate draws from a log of known truth, and comes near it.
func TestSampleAndEstimate(t *testing.T) {
	t.Chdir(t.TempDir())
	madeLog(t, 20_000, `{"logs":{"router_accuracy":0.8,"scores":true}}`)
	must(t, "build", "--out", "a.safetensors")
	printed := must(t, "logs", "sample", "made/logs.jsonl", "--n", "400", "--seed", "2", "--artifact", "a.safetensors", "--texts", "made/prompts.jsonl", "--out", "labelled.csv", "--draws", "draws.parquet").stdout
	for _, want := range []string{"escalated", "near", "drifted", "rest", "400 draws", "to label"} {
		if !strings.Contains(printed, want) {
			t.Errorf("sample does not say %q:\n%s", want, printed)
		}
	}
	var e struct {
		Labelled int
		Requests float64
		Accuracy struct{ Value, Low, High float64 }
		TierMix  []struct{ Share struct{ Low, High float64 } } `json:"tier_mix"`
	}
	if err := json.Unmarshal([]byte(must(t, "logs", "estimate", "--draws", "draws.parquet", "--prompts", "labelled.csv", "--json").stdout), &e); err != nil {
		t.Fatal(err)
	}
	if e.Labelled != 400 || math.Abs(e.Requests-20_000) > 1e-6 || e.Accuracy.Low > .8 || e.Accuracy.High < .8 || e.Accuracy.High-e.Accuracy.Low > .15 || len(e.TierMix) != 4 {
		t.Errorf("%+v: want an accuracy near .8", e)
	}
	if text := must(t, "logs", "estimate", "--draws", "draws.parquet", "--prompts", "labelled.csv").stdout; !strings.Contains(text, "400 draws labelled") || !strings.Contains(text, "truly FRONTIER") {
		t.Errorf("estimate says:\n%s", text)
	}
	// Without labels there is nothing to estimate by.
	rows := strings.Split(readFile(t, "labelled.csv"), "\n")
	writeFile(t, "unlabelled.jsonl", `{"id":"`+strings.Split(rows[1], ",")[0]+`","prompt":"x"}`+"\n")
	if r := call(t, "", "logs", "estimate", "--draws", "draws.parquet", "--prompts", "unlabelled.jsonl"); r.code != exitContent || !strings.Contains(r.stderr, "no draw of draws.parquet has a label") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}

// TestLogsOfOwnArtifact logs what an artifact decided: texts and scores agree with
// it. A log with scores of another artifact is noticed.
func TestLogsOfOwnArtifact(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "build", "--out", "a.safetensors")
	var in, log, other strings.Builder
	var texts []string
	for i := range 300 {
		texts = append(texts, fmt.Sprintf("Summarise chapter %d of the book and compare it with the %d before.", i, i%7))
		fmt.Fprintf(&in, `{"id":"%d","prompt":%q}`+"\n", i, texts[i])
	}
	dec := json.NewDecoder(strings.NewReader(call(t, in.String(), "classify", "--artifact", "a.safetensors", "--in", "-").stdout))
	for i := range texts {
		var d struct{ Scores map[string]float64 }
		if err := dec.Decode(&d); err != nil {
			t.Fatal(err)
		}
		scores, _ := json.Marshal(d.Scores)
		fmt.Fprintf(&log, `{"prompt":%q,"scores":%s}`+"\n", texts[i], scores)
		fmt.Fprintf(&other, `{"prompt":%q,"scores":{"SIMPLE":0.9,"MEDIUM":0.1,"COMPLEX":0,"FRONTIER":0}}`+"\n", texts[i])
	}
	writeFile(t, "log", log.String())
	writeFile(t, "other", other.String())
	d := parseLogged(t, must(t, "logs", "log", "--artifact", "a.safetensors", "--json").stdout).Drift
	if d.Of != logs.DriftTexts || d.Checked != 300 || d.Differing != 0 || d.Status != logs.Void { // all prompts are alike, as calibrate prompts are not
		t.Errorf("%+v", d)
	}
	d = parseLogged(t, must(t, "logs", "other", "--artifact", "a.safetensors", "--json").stdout).Drift
	if d.Differing != 300 || d.Status != logs.Void || !strings.Contains(d.Why, "the router runs another one") {
		t.Errorf("%+v", d)
	}
}

// The commands of docs/logs.md work one behind the other.
func TestLogsWalkthrough(t *testing.T) {
	skipOtherProcesses(t)
	page := readFile(t, "../../docs/logs.md")
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(page, -1) {
		script.WriteString(block[1])
	}
	if n := strings.Count(script.String(), "routeproof "); n < 6 {
		t.Fatalf("%d commands", n)
	}
	folder := t.TempDir()
	out, err := asShell(t, folder, strings.ReplaceAll(script.String(), "--logs 100000", "--logs 5000")).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(folder, "logs-report", "logs.md")); err != nil {
		t.Error(err)
	}
	// The record that the page shows has each field that is read.
	line := regexp.MustCompile("(?s)```json\n(.*?)```").FindStringSubmatch(page)[1]
	writeFile(t, filepath.Join(folder, "log"), line)
	l := parseLogged(t, must(t, "logs", filepath.Join(folder, "log"), "--json").stdout)
	if l.Whole.Requests != 1 || len(l.Reading.Faults) != 0 || l.Whole.Escalation.N != 1 || l.Tiers[0].Latency.N != 1 {
		t.Errorf("%+v", l)
	}
}
