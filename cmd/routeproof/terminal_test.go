package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"context"
)

// hostile holds control characters of each kind, and none that may stand in a
// file's name.
const hostile = "a\x1b[31m\u007f\u0085\u009b0mz"

func TestControlCharactersDoNotReachTheTerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "build", "--out", "c.safetensors")
	id, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, "p.jsonl", `{"id":`+string(id)+`,"prompt":"x","tier":"SIMPLE","domain":`+string(id)+`}`)
	writeFile(t, hostile+".jsonl", `{"id":"1","prompt":"x"}`)
	writeFile(t, "bad.jsonl", `{"id":"1","prompt":"x","tier":`+string(id)+`}`)
	for _, args := range [][]string{
		{"data", "describe", "p.jsonl"},
		{"data", "describe", "p.jsonl", "--json"},
		{"data", "describe", hostile + ".jsonl", "--json"},
		{"data", "describe", "p.jsonl", "--against", hostile + ".jsonl"},
		{"data", "validate", hostile + ".jsonl"},
		{"data", "validate", hostile + ".jsonl", "--json"},
		{"data", "validate", "bad.jsonl", "--json"},
		{"data", "validate", "--against", hostile + ".jsonl", "p.jsonl"},
		{"data", "validate", hostile},
		{"data", "validate", "p.jsonl", "--problems=" + hostile + "/x"},
		{"data", "validate", "p.jsonl", "--kind", hostile},
		{"data", "validate", "p.jsonl", "--tiers", hostile + ",B"},
		{"data", "split", "p.jsonl", "--out", hostile + ".txt"},
		{"data", "derive", hostile, "--ladder", hostile, "--out", "x.jsonl"},
		{"data", "synth", "--n", "1", "--only", "prices", "--out", hostile + ".set"},
		{"data", hostile}, {hostile}, {"run", "--" + hostile},
		{"classify", "--artifact", "c.safetensors", "--in", "p.jsonl"},
		{"inspect", hostile},
		{"run", "--config", hostile},
	} {
		r := call(t, "", args...)
		for _, said := range []string{r.stdout, r.stderr} {
			if at := strings.IndexFunc(said, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }); at >= 0 {
				t.Errorf("%q: control character %q in %q", args, said[at:at+2], said)
			}
		}
	}
	if r := call(t, "", "data", "validate", hostile); !strings.Contains(r.stderr, `"a\x1b[31m\x7f\u0085\u009b0mz"`) {
		t.Errorf("the file's name is not quoted: %s", r.stderr)
	}
	var line classified
	r := must(t, "classify", "--artifact", "c.safetensors", "--in", "p.jsonl")
	if err := json.Unmarshal([]byte(r.stdout), &line); err != nil || line.ID != hostile {
		t.Errorf("%v: id %q, expected %q", err, line.ID, hostile)
	}
}

func TestSafe(t *testing.T) {
	for _, c := range []struct{ text, arg, want string }{
		{"open a\nb: no such file", "a\nb", `open "a\nb": no such file`},
		{"open a\nb: no such file", "--in=a\nb", `open "a\nb": no such file`},
		{"2 problems:\n  x\ty é\u00a0\U0001f600", "x", "2 problems:\n  x\ty é\u00a0\U0001f600"},
		{"\r\x00\xff\x9b\u009b", "", `\r\x00\xff\x9b\u009b`},
		{"one\ntwo", "\n", "one\ntwo"},
	} {
		if got := safe(c.text, []string{c.arg}); got != c.want {
			t.Errorf("%q with %q: %q, expected %q", c.text, c.arg, got, c.want)
		}
	}
}

// An interrupt ends the wait for a file that nobody ever writes.
func TestInterruptedAtAPipe(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "build", "--out", "c.safetensors")
	if out, err := exec.Command("mkfifo", "pipe").CombinedOutput(); err != nil {
		t.Skipf("no pipe: %v: %s", err, out)
	}
	for _, args := range []string{
		"data validate pipe", "data validate --kind vectors pipe", "data describe --kind outcomes pipe", "data describe --config pipe c.safetensors",
		"data derive pipe --ladder S=a,L=b --out x.jsonl", "data synth --out made --parameters pipe",
		"import --from routellm-mt-bench c.safetensors --questions pipe --contaminated pipe --out x.jsonl",
		"run --prompts pipe", "run --config pipe", "classify --artifact c.safetensors --in pipe", "classify --artifact pipe --in x", "inspect pipe",
		"simulate cascade --outcomes pipe", "simulate parallel --outcomes c.safetensors --schema pipe",
	} {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(50*time.Millisecond, cancel)
		done := make(chan result, 1)
		go func() { done <- callContext(ctx, t, strings.NewReader(""), strings.Fields(args)...) }()
		select {
		case r := <-done:
			if r.code != exitInterrupted {
				t.Errorf("%s: exit %d: %s", args, r.code, r.stderr)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: does not end", args)
		}
	}
	for _, left := range []string{"x.jsonl", "made", "out"} {
		if names := glob(t, left+"*"); len(names) > 0 {
			t.Errorf("left %q", names)
		}
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// What cannot be written is told once.
func TestFullDiskIsToldOnce(t *testing.T) {
	a := &app{out: fullDisk{}}
	long := strings.Repeat("x", 1<<13) // than the buffer, so that writing fails before flushing
	for _, text := range []string{"x", long} {
		err := a.buffered(func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
		if !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%d bytes: %v", len(text), err)
		}
	}
}
