package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/datasets/synth"
	"github.com/routeproof/routeproof/eval/pipeline"
)

func TestDeriveJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	outcomes := `{"id":"1","model":"a","prompt":"x","score":1,"cost_usd":2}` + "\n" + `{"id":"1","model":"b","score":0.2,"cost_usd":1}` + "\n" + `{"id":"2","model":"a","prompt":"y"}`
	r := call(t, outcomes, "data", "derive", "-", "--ladder", "S=a,L=b", "--out", "x.jsonl", "--json")
	var got derivation
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
		t.Fatalf("%v: exit %d: %s", err, r.code, r.stderr)
	}
	want := derivation{
		File: "x.jsonl", Prompts: 1, Tiers: []rung{{"S", "a", 1}, {"L", "b", 0}},
		LeftOut:       []leftOut{{1, "the outcome that decides has no score"}},
		Notes:         []string{`the recorded mean costs contradict the ladder, which is to be cheapest first: "a" $2 over 1 answer, "b" $1 over 1 answer`},
		Configuration: "tiers:\n  - name: \"S\"\n    model: \"a\"\n  - name: \"L\"\n    model: \"b\"\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
}

// What was not written is not counted as if it were.
func TestDeriveIntoNowhere(t *testing.T) {
	t.Chdir(t.TempDir())
	outcomes := `{"id":"1","model":"a","prompt":"x","score":1}` + "\n" + `{"id":"1","model":"b"}`
	if r := call(t, outcomes, "data", "derive", "-", "--ladder", "S=a,L=b", "--out", "absent/x.jsonl"); r.code != exitUsage || r.stdout != "" {
		t.Errorf("exit %d: %s%s", r.code, r.stdout, r.stderr)
	}
}

// Writing ends where it is interrupted, and leaves no file.
func TestDeriveInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	ladder, err := datasets.ParseLadder("S=a,L=b")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	outcomes := func(visit func(*datasets.Outcome) error) (datasets.Summary, error) {
		for i := range 100 {
			id := strconv.Itoa(i)
			for _, o := range []datasets.Outcome{
				{ID: id, Model: "a", Prompt: "text " + id, Score: datasets.Known(1.0)}, {ID: id, Model: "b", Prompt: "text " + id, Score: datasets.Known(1.0)},
			} {
				if err := visit(&o); err != nil {
					return datasets.Summary{}, err
				}
			}
		}
		return datasets.Summary{Rows: 200}, nil
	}
	derived, err := synth.Derive(ladder, outcomes)
	if err != nil {
		t.Fatal(err)
	}
	defer derived.Close()
	cancel()
	if err := writeDerived(ctx, "p.jsonl", "o.jsonl", derived, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, expected that it was cancelled", err)
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 0 {
		t.Errorf("left %v (%v)", entries, err)
	}
}

// The lines that derive prints are a configuration with the ladder's tiers.
func TestTierLinesLoad(t *testing.T) {
	for _, ladder := range []datasets.Ladder{
		{{Tier: "SIMPLE", Model: "openai/gpt-4o-mini"}, {Tier: "FRONTIER", Model: "anthropic/claude-opus-4"}},
		{{Tier: "no", Model: "1"}, {Tier: "~", Model: "yes"}, {Tier: "12", Model: "1e3"}},
		{{Tier: "é", Model: `a "b" \c: #d`}, {Tier: "x-y", Model: "<a&b> {c} [d] %e @f *g !h\u007f\u009b\u2028\U0001f600"}},
	} {
		config, err := pipeline.ParseConfig([]byte(tierLines(ladder)), "lines")
		if err != nil {
			t.Errorf("%v in\n%s", err, tierLines(ladder))
			continue
		}
		var got datasets.Ladder
		for _, tier := range config.Tiers {
			got = append(got, datasets.Rung{Tier: tier.Name, Model: tier.Model})
		}
		if diff := cmp.Diff(ladder, got); diff != "" {
			t.Errorf("want −, got +:\n%s", diff)
		}
	}
}

func TestSplitJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "p.jsonl", `{"id":"1","prompt":"x","tier":"A"}`+"\n"+`{"id":"2","prompt":"X"}`)
	r := must(t, "data", "split", "p.jsonl", "--tiers", "A, B", "--out", "s.jsonl", "--json")
	var got splitCounts
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
		t.Fatal(err)
	}
	file, err := datasets.ReadPrompts("s.jsonl", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := splitCounts{File: "s.jsonl", Prompts: 2, Groups: 1, Notes: []string{}, Counts: map[string]map[string]int{"train": {}, "tune": {}, "calibrate": {}, "test": {}}}
	want.Counts[file.Prompts[0].Split] = map[string]int{"A": 1, "NONE": 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
}

func TestImportJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "t.csv", "id,prompt,a,b\n1,x,1,\n2,y,0,1\n")
	r := must(t, "import", "--from", "wide", "--models", "a, b", "t.csv", "--out", "o.jsonl", "--json")
	var got imported
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil {
		t.Fatal(err)
	}
	if got.File != "o.jsonl" || got.Outcomes != 3 || got.Prompts != 2 || !cmp.Equal(got.Models, []string{"a", "b"}) || len(got.LeftOut) != 1 || got.LeftOut[0].Count != 1 || got.Notes == nil {
		t.Errorf("%+v", got)
	}
}

// Lists of the JSON are empty rather than null.
func TestDescribeJSONHasNoNull(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "p.jsonl", `{"id":"1","prompt":"how do I reset my password","tier":"SIMPLE"}`)
	writeFile(t, "q.jsonl", `{"id":"2","prompt":"nothing of the kind was ever asked","tier":"SIMPLE"}`)
	writeFile(t, "o.jsonl", `{"id":"1","model":"a","score":1,"cost_usd":1}`)
	for _, args := range []string{"p.jsonl", "p.jsonl --against q.jsonl", "--kind outcomes o.jsonl"} {
		if r := must(t, append(strings.Fields("data describe --json"), strings.Fields(args)...)...); strings.Contains(r.stdout, "null") {
			t.Errorf("%s: %s", args, r.stdout)
		}
	}
	writeFile(t, "bad.jsonl", `{}`)
	if r := call(t, "", "data", "describe", "--json", "bad.jsonl"); r.code != exitContent || r.stdout != "" {
		t.Errorf("bad file: exit %d: %s", r.code, r.stdout)
	}
}

func TestDescribeHeadsItsGroups(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "p.jsonl", `{"id":"1","prompt":"how do I reset the password of my account"}`+"\n"+`{"id":"2","prompt":"how do I reset the pasword of my account"}`)
	const heading = "\nThe largest groups that near-duplicates join (those of equal texts alone are left out):\n  2 prompts\n"
	if r := must(t, "data", "describe", "p.jsonl"); !strings.Contains(r.stdout, heading) {
		t.Errorf("expected %q in\n%s", heading, r.stdout)
	}
}

// Texts out of one template are counted, as near-duplicates among them are not
// looked for.
func TestDescribeCountsTemplates(t *testing.T) {
	t.Chdir(t.TempDir())
	var file strings.Builder
	for i := range 60 {
		fmt.Fprintf(&file, `{"id":"%d","prompt":"please translate the following sentence of our customer into friendly French and answer in one line: %c"}`+"\n", i, 'a'+rune(i%26))
	}
	writeFile(t, "p.jsonl", file.String())
	if r := must(t, "data", "describe", "p.jsonl"); !regexp.MustCompile(`(?m)^templates +26 texts mostly of what many have in common`).MatchString(r.stdout) {
		t.Errorf("no templates in\n%s", r.stdout)
	}
}
