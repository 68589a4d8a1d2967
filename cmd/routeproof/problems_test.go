package main

import (
	"os"
	"strings"
	"testing"
)

func TestWhereProblemsAreListed(t *testing.T) {
	t.Chdir(t.TempDir())
	one := writeFile(t, "one.jsonl", `{"id":"1","prompt":3}`)
	two := writeFile(t, "two.jsonl", "{}")
	good := writeFile(t, "good.jsonl", `{"id":"1","prompt":"x","tier":"SIMPLE"}`)

	// The sentence about the file comes behind the problems, if they are several.
	if r := call(t, "", "data", "validate", one); r.code != exitContent || strings.Contains(r.stderr, "listed") {
		t.Errorf("one problem: exit %d: %s", r.code, r.stderr)
	}
	r := call(t, "", "data", "validate", two)
	if last := "\nrouteproof: all 2 problems are listed in routeproof-problems.jsonl\n"; r.code != exitContent || !strings.HasSuffix(r.stderr, last) || strings.Count(readFile(t, defaultProblems), "\n") != 2 {
		t.Errorf("two problems: exit %d: %s", r.code, r.stderr)
	}

	// A clean run leaves no list of an earlier one, unless the user named it.
	call(t, "", "data", "validate", two, "--problems", "mine.jsonl")
	must(t, "data", "validate", good, "--problems", "mine.jsonl")
	if strings.Count(readFile(t, "mine.jsonl"), "\n") != 2 {
		t.Error("the user's own list was changed")
	}
	if _, err := os.Stat(defaultProblems); err != nil {
		t.Error("the list went though the command had another: ", err)
	}
	must(t, "data", "validate", good)
	if _, err := os.Stat(defaultProblems); err == nil {
		t.Error("the list of an earlier command is left")
	}

	// A list that cannot be written does not hide what is wrong; one that was
	// asked for is looked at first.
	if err := os.Mkdir(defaultProblems, 0o755); err != nil {
		t.Fatal(err)
	}
	if r := call(t, "", "data", "validate", two); r.code != exitContent || !strings.Contains(r.stderr, "warning: the problems are not listed in a file: open routeproof-problems.jsonl") {
		t.Errorf("default list cannot be written: exit %d: %s", r.code, r.stderr)
	}
	must(t, "data", "validate", good)
	for _, verb := range []string{"data validate", "data describe", "data split --out x.jsonl", "run --prompts", "classify --artifact absent --in", "import --from wide --models a --out x.jsonl", "data derive --ladder S=a,L=b --out x.jsonl"} {
		args := append(strings.Fields(verb), two, "--problems", "absent/list.jsonl")
		if r := call(t, "", args...); r.code != exitUsage || !strings.Contains(r.stderr, "--problems: expected a file that can be written") {
			t.Errorf("%s: exit %d: %s", verb, r.code, r.stderr)
		}
	}
	if _, err := os.Stat("absent"); err == nil {
		t.Error("a folder was made")
	}
}

func TestProblemsBeyondTheLimit(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "bad.jsonl", strings.Repeat("{}\n", 60_000))
	r := call(t, "", "data", "validate", "bad.jsonl")
	if r.code != exitContent || !strings.Contains(r.stderr, "the first 100,000 problems are listed in routeproof-problems.jsonl; reading stopped there") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
}
