package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// asProgram makes the test binary behave as the program itself.
const asProgram = "ROUTEPROOF_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

type result struct {
	code           int
	stdout, stderr string
}

// call runs the program in this process.
func call(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	return callContext(context.Background(), t, strings.NewReader(stdin), args...)
}

func callContext(ctx context.Context, t *testing.T, stdin io.Reader, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{in: stdin, out: &out, err: &errs}
	code := a.run(ctx, args)
	return result{code, out.String(), errs.String()}
}

// must calls and expects success.
func must(t *testing.T, args ...string) result {
	t.Helper()
	r := call(t, "", args...)
	if r.code != exitOK {
		t.Fatalf("routeproof %s: exit %d\n%s", strings.Join(args, " "), r.code, r.stderr)
	}
	return r
}

func writeFile(t *testing.T, path, content string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// skipOtherProcesses skips a test of documents or of other programs under the race
// detector, where it takes minutes and looks for no race that tests of the verbs do
// not.
func skipOtherProcesses(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("takes minutes under the race detector")
	}
}

// Every example of every verb's help runs, in one folder, as a shell would.
func TestHelpExamples(t *testing.T) {
	skipOtherProcesses(t)
	folder := t.TempDir()
	// The files that examples name.
	t.Chdir(folder)
	must(t, "init", ".")
	must(t, "build", "--out", "centroids.safetensors")
	// Who asks an endpoint asks one on loopback, and nobody else.
	server := openaitest.Start(t, openaitest.Config{Key: "made-up-key"})
	t.Setenv("OPENROUTER_API_KEY", "made-up-key")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	writeFile(t, "routeproof.yaml", strings.Replace(readFile(t, "routeproof.yaml"), "https://openrouter.ai/api/v1", server.URL, 1))
	prompts := strings.Split(readFile(t, "prompts.jsonl"), "\n")
	writeFile(t, "others.jsonl", strings.ReplaceAll(strings.Join(prompts[:40], "\n"), `"prompt": "`, `"prompt": "Please: `))

	var examples []string
	var collect func(*cobra.Command)
	collect = func(c *cobra.Command) {
		for _, line := range strings.Split(c.Example, "\n") {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				examples = append(examples, line)
			}
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "help" && sub.Name() != "completion" && sub.Example == "" {
				t.Errorf("%s has no example", sub.CommandPath())
			}
			collect(sub)
		}
	}
	collect((&app{}).root())
	if len(examples) < 10 {
		t.Fatalf("found %d examples", len(examples))
	}
	for _, example := range examples {
		want := exitOK
		if strings.HasPrefix(example, "routeproof collect ") && !strings.Contains(example, "--budget") {
			want = exitUsage // nobody allowed it: it says what it would cost
		}
		cmd := asShell(t, folder, example)
		if out, err := cmd.CombinedOutput(); cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != want {
			t.Errorf("%s: %v, expected exit code %d\n%s", example, err, want, out)
		}
	}
	if server.Count() == 0 {
		t.Error("no example asked the server")
	}
}

func TestExitCodes(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	must(t, "build", "--out", "c.safetensors")
	good := `{"id":"1","prompt":"hi","tier":"SIMPLE"}` + "\n"
	writeFile(t, "good.jsonl", good)
	writeFile(t, "empty.jsonl", "")
	writeFile(t, "unlabelled.jsonl", `{"id":"1","prompt":"hi"}`)
	writeFile(t, "bad.jsonl", good+good+`{"id":"2","prompt":3,"tier":"SIMPEL"}`)
	writeFile(t, "cut.jsonl.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03abc")
	writeFile(t, "strange.jsonl", `{"id":"other","answer":"SIMPLE"}`)
	writeFile(t, "taken.safetensors/x", "")
	writeFile(t, "two.yaml", "tiers:\n  - name: A\n  - name: B\n")
	var blank strings.Builder
	for i := range 60 {
		fmt.Fprintf(&blank, "{\"id\":\"%d\",\"prompt\":\" \",\"group\":\"%d\",\"tier\":%q}\n", i, i, []string{"A", "B"}[i%2])
	}
	writeFile(t, "blank.jsonl", blank.String())
	writeFile(t, "typo.yaml", "splits:\n  slat: x\n")
	writeFile(t, "pattern.yaml", "classifiers:\n  rule:\n    simple_patterns: ['(']\n")
	tampered := []byte(readFile(t, "c.safetensors"))
	tampered[len(tampered)-1] ^= 1
	writeFile(t, "tampered.safetensors", string(tampered))

	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"--help", 0, ""},
		{"run --help", 0, ""},
		{"completion bash", 0, ""},
		{"nonsense", 2, `unknown command "nonsense"`},
		{"run --nonsense", 2, "unknown flag"},
		{"run --promts good.jsonl", 2, "unknown flag: --promts (did you mean \"--prompts\"?)\nUsage: routeproof run [flags]\nSee routeproof run --help.\n"},
		{"run extra", 2, "expected flags only, found the argument \"extra\"\nUsage: routeproof run [flags]\n"},
		{"compare a", 2, "expected 2 arguments, found 1\nUsage: routeproof compare A B [flags]\n"},
		{"compare a b c", 2, "expected 2 arguments at most, found 3: the first too many is \"c\"\n"},
		{"data split", 2, "expected 1 argument, found none\nUsage: routeproof data split FILE --out FILE [flags]\nSee routeproof data split --help.\n"},
		{"data splitt", 2, "See routeproof data --help.\n"},
		{"data synth --out x --seed -1", 2, "--seed: expected a whole number of at least 0, found \"-1\""},
		{"data synth --out x --n x", 2, "--n: expected a whole number, found \"x\""},
		{"data synth --out x --n 0", 2, "--n: expected 1 to 2147483647 prompts, found 0"},
		{"data synth --out x --logs -1", 2, "--logs: expected 0 to 2147483647 log records, found -1"},
		{"run --nested=2", 2, "--nested: expected true or false, found \"2\""},
		{"collect --budget x", 2, "--budget: expected a number, found \"x\""},
		{"data validate bad.jsonl", 12, "read as prompts: where a file is to hold something else, say so with --kind: prompts, outcomes,"},
		{"bench --tier-mix SIMPLE=.6", 2, "these sum to 0.6"},
		{"bench --tier-mix SIMPEL=1", 2, `"SIMPEL" is no tier`},
		{"bench --tier-mix SIMPLE=.5,SIMPLE=.5", 2, "stands there twice"},
		{"bench --tier-mix SIMPLE=2,MEDIUM=-1", 2, "a share from 0 to 1"},
		{"bench --tier-mix SIMPLE", 2, "expected TIER=SHARE"},
		{"classify", 2, "required flag"},
		{"inspect", 2, "expected 1 argument, found none\nUsage: routeproof inspect FILE"},
		{"run --prompts absent.jsonl", 2, "absent.jsonl"},
		{"run --prompts .", 2, "directory"},
		{"run --config .", 2, "directory"},
		{"run --out good.jsonl", 2, "good.jsonl"},
		{"run --out good.jsonl/x", 2, "good.jsonl"},
		{"run --out=", 2, "no name"},
		{"run --prompts good.jsonl --problems good.jsonl", 2, "to be read and to be written"},
		{"bench --prompts good.jsonl --problems good.jsonl", 2, "to be read and to be written"},
		{"build --prompts good.jsonl --out good.jsonl", 2, ".safetensors"},
		{"build --out absent/c.safetensors", 2, "absent"},
		{"build --out taken.safetensors", 2, "taken.safetensors"},
		{"inspect .", 2, "directory"},
		{"inspect c.json", 12, "file beside it"},
		{"run --config two.yaml", 2, "the built-in set has the default tiers"},
		{"run --prompts blank.jsonl --config two.yaml", 12, "no train prompt has tier"},
		{"run --config absent.yaml", 2, "absent.yaml"},
		{"run --config typo.yaml", 2, `typo.yaml:2:3: unknown key "slat": did you mean "salt"?`},
		{"run --config pattern.yaml", 2, "simple_patterns, number 1"},
		{"run --llm-answers strange.jsonl", 2, "--llm-answers goes with --prompts"},
		{"run --prompts empty.jsonl", 12, "no prompts"},
		{"run --prompts unlabelled.jsonl", 12, "none of 1 prompts is labelled"},
		{"run --prompts bad.jsonl", 12, "did you mean \"SIMPLE\"?"},
		{"run --prompts cut.jsonl.gz", 12, "compressed data is damaged"},
		{"run --prompts good.jsonl", 12, "no train prompt has tier MEDIUM: no prompt has it"},
		{"bench --prompts good.jsonl --artifact tampered.safetensors", 12, "checksum"},
		{"inspect tampered.safetensors", 12, "checksum"},
		{"inspect good.jsonl", 12, "not a routeproof artifact"},
		{"inspect absent.safetensors", 2, "absent.safetensors"},
		{"classify --artifact tampered.safetensors --in good.jsonl", 12, "checksum"},
		{"classify --artifact c.safetensors --in empty.jsonl", 12, "no prompts: expected rows with id and prompt\n"},
		{"init .", 0, ""},
		{"init .", 2, "exists already"},
	} {
		r := call(t, "", strings.Fields(c.args)...)
		if r.code != c.code || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%s: exit %d, expected %d and %q in:\n%s", c.args, r.code, c.code, c.says, r.stderr)
		}
		if c.code != 0 && r.stdout != "" {
			t.Errorf("%s: wrote to standard output: %s", c.args, r.stdout)
		}
	}
	if _, err := os.Stat("out"); err == nil {
		t.Error("a run that failed left a folder")
	}
	listed := strings.Split(strings.TrimSpace(readFile(t, "routeproof-problems.jsonl")), "\n")
	if len(listed) == 0 || !strings.Contains(listed[len(listed)-1], `"reason"`) {
		t.Errorf("problems file: %q", listed)
	}
}

// What cobra prints is an error where it cannot be written.
func TestHelpCannotBeWritten(t *testing.T) {
	for _, args := range []string{"--help", "run --help", "--version", "completion bash"} {
		var errs bytes.Buffer
		a := &app{in: strings.NewReader(""), out: fullDisk{}, err: &errs}
		if code := a.run(context.Background(), strings.Fields(args)); code != exitFailed || errs.String() != "routeproof: no space left on device\n" {
			t.Errorf("%s: exit %d: %s", args, code, errs.String())
		}
	}
}

func TestInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := callContext(ctx, t, strings.NewReader(""), "run")
	if r.code != exitInterrupted || !strings.Contains(r.stderr, "interrupted") {
		t.Errorf("exit %d: %s", r.code, r.stderr)
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 0 {
		t.Errorf("left %v (%v)", entries, err)
	}
}

// One signal ends the wait for input.
func TestInterruptedWhileReading(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "build", "--out", "c.safetensors")
	r, w := io.Pipe() // nobody ever writes
	defer w.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	interrupted, stop := context.WithCancel(context.Background())
	context.AfterFunc(ctx, stop)
	if got := callContext(interrupted, t, r, "classify", "--artifact", "c.safetensors", "--in", "-", "--problems", filepath.Join(t.TempDir(), "p")); got.code != exitInterrupted {
		t.Errorf("exit %d: %s", got.code, got.stderr)
	}
}

func TestAllBadRowsAreListed(t *testing.T) {
	t.Chdir(t.TempDir())
	var file strings.Builder
	for i := range 300 {
		file.WriteString(strings.Repeat(" ", i%3) + `{"id":"` + strings.Repeat("x", i+1) + `","prompt":7}` + "\n")
	}
	writeFile(t, "bad.jsonl", file.String())
	r := call(t, "", "run", "--prompts", "bad.jsonl", "--problems", "all.jsonl")
	if r.code != exitContent {
		t.Fatalf("exit %d", r.code)
	}
	if n := strings.Count(r.stderr, "expected a string, found a number"); n != 20 {
		t.Errorf("%d problems shown, expected the first 20", n)
	}
	if !strings.Contains(r.stderr, "300 problems") || !strings.Contains(r.stderr, "all.jsonl") {
		t.Errorf("standard error: %s", r.stderr)
	}
	if n := strings.Count(readFile(t, "all.jsonl"), "\n"); n != 300 {
		t.Errorf("%d problems listed, expected 300", n)
	}
}

// A second signal ends what the first cannot, such as writing to a pipe that
// nobody reads, with the same exit code.
func TestInterruptedTwice(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	must(t, "build", "--out", "c.safetensors")
	cmd := exec.Command(self, "classify", "--artifact", "c.safetensors", "--in", "prompts.jsonl", "--with-vector")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(stdout, make([]byte, 1)); err != nil { // it writes now
		t.Fatal(err)
	}
	for range 2 {
		time.Sleep(200 * time.Millisecond)
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	state, err := cmd.Process.Wait()
	if err != nil || state.ExitCode() != exitInterrupted {
		t.Errorf("%v, %v, expected exit code %d", err, state, exitInterrupted)
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return names
}
