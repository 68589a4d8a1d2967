package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
)

// sharedFile returns the path of a file of real public data, kept outside the
// module; the test skips where it is absent.
func sharedFile(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("shared data is absent: %s", path)
	}
	return path
}

func TestDataExitCodes(t *testing.T) {
	t.Chdir(t.TempDir())
	prompt := `{"id":"1","prompt":"How do I reset the password of my account?","tier":"SIMPLE"}` + "\n"
	writeFile(t, "good.jsonl", prompt)
	writeFile(t, "bad.jsonl", prompt+prompt+`{"id":"2","prompt":3,"tier":"SIMPEL"}`)
	writeFile(t, "near.jsonl", `{"id":"9","prompt":"how do i reset the pasword of my account","tier":"SIMPLE"}`)
	writeFile(t, "straddle.jsonl", `{"id":"1","prompt":"x","split":"train"}`+"\n"+`{"id":"2","prompt":"X","split":"test"}`)
	writeFile(t, "outcomes.jsonl", `{"id":"1","model":"a","prompt":"x","score":1}`+"\n"+`{"id":"1","model":"b","score":0.2}`+"\n"+`{"id":"2","model":"a","prompt":"y","score":0}`)
	writeFile(t, "range.csv", "id,model,score\n1,a,1.5\n1,a,1\n")
	writeFile(t, "table.pkl", "\x80\x04\x95\x00")
	writeFile(t, "bad.json", `{"slop": 3}`)
	writeFile(t, "textless.jsonl", `{"id":"1","model":"a","score":1}`+"\n"+`{"id":"1","model":"b","score":1}`)
	writeFile(t, "more.json", `{"slope": 3} {}`)
	writeFile(t, "partial.jsonl", `{"id":"1","prompt":"x","split":"train"}`+"\n"+`{"id":"2","prompt":"y"}`)
	writeFile(t, "untold.jsonl", `{"id":"1","prompt":"x","Tier":"SIMPLE"}`)
	writeFile(t, "others.jsonl", `{"id":"1","prompt":"x","tier":"T1"}`)
	for _, c := range []struct {
		args string
		code int
		says string // on standard output where it works, else on standard error
	}{
		{"data", 0, "describe"},
		{"data nonsense", 2, "unknown command"},
		{"data validat --kind outcomes x", 2, `did you mean "validate"`},
		{"data --kind outcomes", 2, "unknown flag: --kind"},
		{"data validate", 2, "expected 1 argument at least, found none"},
		{"data validate good.jsonl", 0, "good.jsonl: 1 prompt, 1 labelled, nothing wrong"},
		{"data validate good.jsonl absent.jsonl", 2, "absent.jsonl"},
		{"data validate bad.jsonl", 12, `did you mean "SIMPLE"?`},
		{"data validate good.jsonl bad.jsonl", 12, "stands on line 1 already"},
		{"data validate --tiers A,B good.jsonl", 12, "expected one of A, B"},
		{"data validate --tiers A good.jsonl", 2, "expected 2 to 8 names"},
		{"data validate --kind outcomes outcomes.jsonl", 0, `model "b" lacks 1 prompt`},
		{"data validate --kind outcomes range.csv", 12, "expected 0 to 1, found 1.5"},
		{"data validate --kind outcome outcomes.jsonl", 2, "expected one of prompts, outcomes"},
		{"data validate --kind prices outcomes.jsonl", 12, "missing"},
		{"data validate --kind outcomes table.pkl", 12, "to_csv"},
		{"data validate --against good.jsonl near.jsonl", 12, `"9" nearly repeats "1" of good.jsonl`},
		{"data validate --against good.jsonl good.jsonl", 12, `"1" repeats "1" of good.jsonl`},
		{"data validate --kind answers --against good.jsonl good.jsonl", 2, "--against goes with prompts"},
		{"data validate good.jsonl --problems good.jsonl", 2, "to be read and to be written"},
		{"data derive textless.jsonl --ladder S=a,L=b --out x.jsonl", 12, "no prompt's tier can be told"},
		{"data derive outcomes.jsonl --ladder a.1,b --out x.jsonl", 2, "name them, as in SIMPLE=a.1"},
		{"data derive absent.jsonl --ladder S=a,L=b --out x.jsonl", 2, "open absent.jsonl"},
		{"import --from wide --models a absent.csv --out y.jsonl", 2, "open absent.csv"},
		{"import --from wide --models a . --out y.jsonl", 2, "."},
		{"data synth --n 3 --seed 0 --parameters more.json --out made", 2, "more behind it"},
		{"data describe good.jsonl", 0, "SIMPLE 1 (100.0 %)"},
		{"data describe --kind outcomes outcomes.jsonl", 0, "3 of 2 prompts × 2 models, 1 missing"},
		{"data describe --against good.jsonl near.jsonl", 0, "0 equal and 1 nearly equal"},
		{"data describe -", 2, "standard input cannot be read more than once"},
		{"data describe bad.jsonl", 12, "did you mean"},
		{"data describe --kind outcomes --against good.jsonl outcomes.jsonl", 2, "--against goes with prompts"},
		{"data describe --against - good.jsonl", 2, "standard input cannot be read more than once"},
		{"data describe untold.jsonl", 0, "no prompt is labelled"},
		{"data describe near.jsonl", 0, "the largest of 1 prompt\n"},
		{"data validat", 2, `(did you mean "validate"?)`},
		{"simulate cascad", 2, `(did you mean "cascade"?)`},
		{"data validate straddle.jsonl", 12, "give both one split"},
		{"data validate good.jsonl partial.jsonl", 12, "give every prompt a split, or none"},
		{"data validate untold.jsonl", 0, "untold.jsonl: 1 prompt, 0 labelled, nothing wrong\n"},
		{"data validate untold.jsonl", 0, "no prompt is labelled: expected tiers in a column named tier"},
		{"data validate others.jsonl", 12, "if the tiers have other names, name them with --tiers, cheapest first, or put the names under tiers:"},
		{"run --prompts others.jsonl", 12, "if the tiers have other names, put the names under tiers:"},
		{"data validate - -", 2, "give - once"},
		{"data validate --against good.jsonl -", 2, "standard input cannot be read more than once"},
		{"data split - --out x.jsonl", 2, "standard input cannot be read more than once"},
		{"data split good.jsonl", 2, "required flag"},
		{"data split good.jsonl --out good.jsonl", 2, "to be read and to be written"},
		{"data split good.jsonl --out x.txt", 2, "expected one that ends in .jsonl"},
		{"data split good.jsonl --out absent/x.jsonl", 2, "absent"},
		{"data split straddle.jsonl --out x.jsonl", 12, "give both one split"},
		{"data split good.jsonl --out split.csv.zst", 0, "1 prompt in 1 group"},
		{"data derive outcomes.jsonl --ladder a --out x.jsonl", 2, "--ladder"},
		{"data derive outcomes.jsonl --ladder S=a,M=c --out x.jsonl", 2, `"c"`},
		{"data derive outcomes.jsonl --ladder S=a,M=b --out x.jsonl", 0, "left out: 1 prompt,"},
		{"data synth --out made --n 0", 2, "--n: expected 1 to 2147483647 prompts, found 0"},
		{"data synth --out made --format xml", 2, "--format"},
		{"data synth --out made --only prompt", 2, "--only"},
		{"data synth --out made --parameters bad.json", 2, "slop"},
		{"data synth --out made --n 3 --format parquet", 0, filepath.Join("made", "outcomes.parquet")},
		{"import good.jsonl", 2, "required flag"},
		{"import --from nonsense --out x.jsonl good.jsonl", 2, "expected one of"},
		{"import --from routerbench --out x.jsonl table.pkl", 12, "to_csv"},
		{"import --from wide --out x.jsonl good.jsonl", 2, "models"},
	} {
		r := call(t, "", strings.Fields(c.args)...)
		said := r.stderr
		if c.code == 0 {
			said = r.stdout
		}
		if r.code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: exit %d, expected %d and %q in:\n%s\n%s", c.args, r.code, c.code, c.says, r.stdout, r.stderr)
		}
	}
	if _, err := os.Stat("x.jsonl"); err == nil && !strings.Contains(readFile(t, "x.jsonl"), `"tier":"S"`) {
		t.Errorf("x.jsonl: %s", readFile(t, "x.jsonl"))
	}
}

// data split gives the splits that run uses, in every format.
func TestSplitIsThatOfRun(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "data", "synth", "--n", "300", "--only", "prompts", "--out", ".")
	must(t, "run", "--prompts", "prompts.jsonl", "--out", "out")
	want := splitsOf(t, filepath.Join("out", "predictions.parquet"))
	for _, out := range []string{"a.jsonl", "b.csv.gz", "c.parquet", "d.parquet.zst"} {
		must(t, "data", "split", "prompts.jsonl", "--out", out)
		file, err := datasets.ReadPrompts(out, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, p := range file.Prompts {
			got[p.ID] = p.Split
		}
		if !maps.Equal(want, got) {
			t.Errorf("%s has other splits than run", out)
		}
		// What was split is run as it is.
		must(t, "run", "--prompts", out, "--out", "again")
		if !maps.Equal(want, splitsOf(t, filepath.Join("again", "predictions.parquet"))) {
			t.Errorf("run splits %s otherwise", out)
		}
	}
}

// Copies with a typo stay on one side.
func TestNearDuplicatesShareASplit(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "data", "synth", "--n", "2000", "--only", "prompts", "--out", ".")
	file, err := datasets.ReadPrompts("prompts.jsonl", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	group := map[string]string{}
	bare := file.Prompts
	for i, p := range bare {
		group[p.ID] = p.Group
		bare[i].Group = ""
	}
	if err := datasets.Prompts(nil).WriteFile("bare.jsonl", datasets.WriteOptions{}, func(put func(datasets.Prompt) error) error {
		for _, p := range bare {
			if err := put(p); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	must(t, "data", "split", "bare.jsonl", "--out", "split.jsonl")
	file, err = datasets.ReadPrompts("split.jsonl", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	split, copies, torn := map[string]string{}, 0, 0
	for _, p := range file.Prompts {
		g := group[p.ID]
		if first, seen := split[g]; !seen {
			split[g] = p.Split
		} else if copies++; first != p.Split {
			torn++
		}
	}
	// About 5 % of 2,000 are copies; of those that are not found a fifth to
	// three fifths land in the original's split by chance.
	if copies < 60 || float64(torn) > 0.05*float64(copies) {
		t.Errorf("%d of %d copies are in another split than the original", torn, copies)
	}
}

func TestValidateJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "p.csv", "id,prompt,tier,extra\r\n1,\"two\r\nlines\",SIMPLE,x\r\n2,\"a \"\"quote\"\"\",,\r\n")
	writeFile(t, "bad.jsonl", `{"id":"1","prompt":"x"}`+"\n"+strings.Repeat("{}\n", 15))
	r := call(t, "", "data", "validate", "--json", "p.csv", "bad.jsonl", "absent.jsonl")
	if r.code != exitUsage { // the worst: a file is not there
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	if strings.Contains(r.stdout, "null") {
		t.Errorf("null in %s", r.stdout)
	}
	var got []validated
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || len(got) != 3 {
		t.Fatalf("%v: %s", err, r.stdout)
	}
	one := 1
	want := validated{
		File: "p.csv", Kind: "prompts", Rows: 2, Labelled: &one, Columns: []string{"id", "prompt", "tier"},
		Warnings: []string{`columns not used: "extra"`}, Problems: problemsOfFile{First: []datasets.Problem{}},
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
	if bad := got[1]; bad.Rows != 1 || bad.Problems.Count != 30 || len(bad.Problems.First) != 20 || bad.Problems.First[0].Line != 2 {
		t.Errorf("bad.jsonl: %+v", bad)
	}
	if absent := got[2]; absent.Problems.Count != 1 || !strings.Contains(absent.Problems.First[0].Reason, "no such file") {
		t.Errorf("absent.jsonl: %+v", absent)
	}
}

// What can be read only once is not grouped, and that is said.
func TestValidateStandardInput(t *testing.T) {
	t.Chdir(t.TempDir())
	straddling := `{"id":"1","prompt":"x","split":"train"}` + "\n" + `{"id":"2","prompt":"X","split":"test"}`
	if r := call(t, straddling, "data", "validate", "-"); r.code != exitOK || !strings.Contains(r.stdout, "note: not looked at: whether the split column is whole") {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
	r := call(t, "id,score\na,0.5\nb,-1\n", "data", "validate", "--kind", "scores", "-")
	if r.code != exitOK || !strings.Contains(r.stdout, "2 scores, nothing wrong") {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
}

// All public files validate; derived_routerbench has tiers of its own.
func TestSharedFilesValidate(t *testing.T) {
	outcomes, err := filepath.Glob(filepath.Join(sharedFile(t, "outcomes"), "*.gz"))
	if err != nil || len(outcomes) != 5 {
		t.Fatalf("%q, %v", outcomes, err)
	}
	must(t, slices.Concat([]string{"data", "validate", "--kind", "outcomes"}, outcomes)...)
	must(t, "data", "validate", sharedFile(t, "prompts/tiers_public.jsonl.gz"), sharedFile(t, "prompts/complexity_e1.jsonl.gz"))
	must(t, "data", "validate", "--tiers", "T1,T2,T3,T4", sharedFile(t, "prompts/derived_routerbench.jsonl.gz"))
	must(t, "data", "validate", "--kind", "answers", sharedFile(t, "prompts/tiers_public.llm.jsonl.gz"))
}
