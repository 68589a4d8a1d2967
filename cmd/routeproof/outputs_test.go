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

// Where nothing can be written nothing is read: the input of each of these is bad.
func TestOutputsBeforeInput(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "bad.jsonl", "{\n")
	writeFile(t, "bad.parquet", "{\n")
	writeFile(t, "bad.csv", "{\n")
	writeFile(t, "afile", "x")
	if err := os.Symlink("afile", "alink"); err != nil {
		t.Fatal(err)
	}
	must(t, "init", "work")
	before := namesIn(t, ".")
	const file, under = "expected a folder, found the file afile: name another folder", "cannot be one, since afile is a file"
	const missing, none = "the folder none is not there", "expected the name of a file"
	for _, c := range []struct{ args, want string }{
		{"run --prompts bad.jsonl --out afile", "--out: " + file},
		{"run --prompts bad.jsonl --out alink", "found the file alink"},
		{"run --prompts bad.jsonl --out afile/x/y", under},
		{"logs bad.jsonl --out afile", "--out: " + file},
		{"logs bad.jsonl --summary none/s.md", "--summary: expected a file that can be written"},
		{"check --baseline bad.parquet --candidate bad.jsonl --out afile", "--out: " + file},
		{"check --baseline none/b.parquet --candidate bad.jsonl --bless --why x", "--baseline: " + missing},
		{"simulate route --outcomes bad.jsonl --plots afile", "--plots: " + file},
		{"simulate route --outcomes bad.jsonl --curves none/c.parquet", "--curves: " + missing + ", so none/c.parquet cannot be written: make it"},
		{"simulate cascade --outcomes bad.jsonl --log none/l.jsonl", "--log: " + missing},
		{"simulate cascade --outcomes bad.jsonl --log work", "--log: " + none},
		{"build --prompts bad.jsonl --out none/c.safetensors", "--out: " + missing},
		{"build --prompts bad.jsonl --out afile/c.safetensors", "afile is no folder"},
		{"calibrate classifier --prompts bad.jsonl --out none/c.safetensors", "--out: " + missing},
		{"data split bad.jsonl --out none/s.jsonl", "--out: " + missing},
		{"data derive bad.jsonl --ladder A=a,B=b --out none/s.jsonl", "--out: " + missing},
		{"import --from wide --models a bad.csv --out none/o.jsonl", "--out: " + missing},
		{"logs sample bad.jsonl --draws none/d.jsonl", "--draws: " + missing},
		{"logs sample bad.jsonl --draws d.jsonl --out none/o.jsonl", "--out: " + missing},
		{"collect --prompts bad.jsonl --out none/o.jsonl", "--out: " + missing},
		{"collect --prompts bad.jsonl --log none/o.jsonl", "--log: " + missing},
		{"data synth --parameters bad.jsonl --out afile", "--out: " + file},
		{"init afile", "FOLDER: " + file},
	} {
		if r := call(t, "", strings.Fields(c.args)...); r.code != exitUsage || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%s: exit %d, expected 2 and %q in\n%s", c.args, r.code, c.want, r.stderr)
		}
	}
	// And where the input is bad nothing is left.
	for _, args := range []string{"run --prompts bad.jsonl --out new/out --problems afile", "simulate route --outcomes bad.jsonl --plots new --problems afile"} {
		if r := call(t, "", strings.Fields(args)...); r.code != exitContent {
			t.Errorf("%s: exit %d, expected 12\n%s", args, r.code, r.stderr)
		}
	}
	if after := namesIn(t, "."); !slices.Equal(after, before) {
		t.Errorf("%v was left of %v", after, before)
	}
}

// Nor does a run go on where a folder is read-only.
func TestReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write anywhere")
	}
	t.Chdir(t.TempDir())
	writeFile(t, "locked/x", "x")
	if err := os.Chmod("locked", 0o555); err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"run --prompts none.jsonl --out locked/out", "build --prompts none.jsonl --out locked/c.safetensors"} {
		if r := call(t, "", strings.Fields(args)...); r.code != exitUsage || !strings.Contains(r.stderr, "the folder locked cannot be written into: permission denied") {
			t.Errorf("%s: exit %d\n%s", args, r.code, r.stderr)
		}
	}
}
