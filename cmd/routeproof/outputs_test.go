package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/reports"
)

// A verb that writes a folder writes over nothing that it reads.
func TestInputInTheFolderToWrite(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	must(t, "data", "synth", "--n", "20", "--out", "made")
	writeFile(t, "p.parquet", "x")
	for _, c := range []struct{ input, args string }{
		{"out/result.json", "run --prompts out/result.json --out out"},
		{"out/plots/curves.svg", "run --prompts prompts.jsonl --outcomes out/plots/curves.svg --out out"}, // or removed
		{"out/centroids.json", "run --config out/centroids.json --out ./out/"},
		{"out/llm_answers.jsonl", "run --live --yes --prompts prompts.jsonl --llm-answers out/llm_answers.jsonl --out out"},
		{"out/logs.json", "logs out/logs.json --out out"},
		{"out/plots/log-days.svg", "logs --prices out/plots/log-days.svg made/logs.jsonl --out out"},
		{"out/check.json", "check --baseline p.parquet --candidate out/check.json --out out"},
		{"out/predictions.parquet", "check --baseline out/predictions.parquet --candidate out --bless --why x"},
		{"out/predictions.parquet", "check --baseline p.parquet --candidate out --summary out/predictions.parquet"},
		{"out/predictions.parquet", "compare out p.parquet --problems out/predictions.parquet"},
		{"out/curves.svg", "simulate route --outcomes out/curves.svg --plots out"},
		{"out/phrases", "simulate cascade --outcomes made/outcomes.jsonl --phrases out/phrases --log out/phrases"},
		{"made/truth.json", "data synth --n 20 --parameters made/truth.json --out made"},
	} {
		t.Run(c.args, func(t *testing.T) {
			if _, err := os.Stat(c.input); err != nil {
				writeFile(t, c.input, "of the user")
			}
			before := readFile(t, c.input)
			r := call(t, "", strings.Fields(c.args)...)
			if want := c.input + " is to be read and to be written: name another output"; r.code != exitUsage || !strings.Contains(r.stderr, want) {
				t.Errorf("exit %d, expected 2 and %q in\n%s", r.code, want, r.stderr)
			}
			if readFile(t, c.input) != before {
				t.Error("the input was changed")
			}
		})
	}
}

// What is known to be written is what is written; of a run see TestGoldenRun.
func TestFilesOfLogs(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "data", "synth", "--n", "60", "--out", "made")
	must(t, "logs", "made/logs.jsonl", "--out", "out")
	for name := range steady(t, "out") {
		if !slices.Contains(reports.LogFiles(), name) {
			t.Errorf("%s is written and not known to be", name)
		}
	}
}
