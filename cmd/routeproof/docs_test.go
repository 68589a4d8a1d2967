package main

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// asShell returns a command of sh in which routeproof is this program.
func asShell(t *testing.T, folder, script string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "routeproof")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-ec", script)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), asProgram+"=1", "PATH="+bin+":"+os.Getenv("PATH"))
	return cmd
}

// The commands of docs/cli.md work one behind the other.
func TestWalkthrough(t *testing.T) {
	skipOtherProcesses(t)
	page := readFile(t, "../../docs/cli.md")
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(page, -1) {
		script.WriteString(block[1])
	}
	if n := strings.Count(script.String(), "routeproof "); n < 8 {
		t.Fatalf("%d commands", n)
	}
	folder := t.TempDir()
	out, err := asShell(t, folder, script.String()).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if report := readFile(t, filepath.Join(folder, "out", "report.md")); !strings.Contains(report, "LARGE") {
		t.Error("the report is not about the ladder's tiers")
	}
	for _, code := range []int{exitOK, exitFailed, exitUsage, exitRegressed, exitUncertain, exitContent, exitBudget, exitInterrupted} {
		if !strings.Contains(page, fmt.Sprintf("\n| %d |", code)) {
			t.Errorf("docs/cli.md does not explain exit code %d", code)
		}
	}
}

// Splits are what docs/formats.md says, computed here from its words.
func TestSplitsAreAsDocumented(t *testing.T) {
	t.Chdir(t.TempDir())
	const near, nearer = "How do I reset the  password of my account?", "how do i reset the pasword of my account"
	prompts := []datasets.Prompt{
		{ID: "1", Text: "  What TIME is it\tin Lima? "},
		{ID: "2", Text: "Überprüfe die Rechnung von gestern, bitte"},
		{ID: "3", Text: near},
		{ID: "4", Text: nearer},
		{ID: "5", Text: "translate the menu into French", Group: "zebra"},
		{ID: "6", Text: "Translate the menu\ninto french", Group: "ant"},
		{ID: "7", Text: "an unrelated remark about ships and sealing wax", Group: "zebra"},
	}
	text := func(s string) string {
		sum := sha256.Sum256([]byte(strings.Join(strings.Fields(strings.ToLower(s)), " ")))
		return "text " + hex.EncodeToString(sum[:16])
	}
	either := min(text(near), text(nearer))
	keys := []string{text(prompts[0].Text), text(prompts[1].Text), either, either, "group ant", "group ant", "group ant"}
	if err := datasets.Prompts(nil).WriteFile("p.jsonl", datasets.WriteOptions{}, func(put func(datasets.Prompt) error) error {
		for _, p := range prompts {
			if err := put(p); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	shares := pipeline.DefaultConfig().Shares()
	for _, salt := range []string{"routeproof", "a", "b", "c", "d"} {
		must(t, "data", "split", "p.jsonl", "--salt", salt, "--out", "s.jsonl")
		file, err := datasets.ReadPrompts("s.jsonl", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range file.Prompts {
			sum := sha256.Sum256([]byte(salt + "\x00" + keys[i]))
			u := float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
			want := "test"
			switch {
			case u < shares[0]:
				want = "train"
			case u < shares[0]+shares[1]:
				want = "tune"
			case u < shares[0]+shares[1]+shares[2]:
				want = "calibrate"
			}
			if p.Split != want {
				t.Errorf("salt %s, prompt %s: %s, expected %s", salt, p.ID, p.Split, want)
			}
		}
	}
}

// Help says of every file of prompts what it may be.
func TestHelpNamesTheFormats(t *testing.T) {
	for _, verb := range []string{"run", "build", "bench", "classify", "data"} {
		if r := must(t, verb, "--help"); !strings.Contains(r.stdout, "JSON Lines, CSV or Parquet, plain, .gz or .zst") {
			t.Errorf("%s --help:\n%s", verb, r.stdout)
		}
	}
}

// Links between the pages lead somewhere.
func TestLinksOfTheDocuments(t *testing.T) {
	pages := append(glob(t, "../../docs/*.md"), "../../README.md")
	for _, page := range pages {
		for _, link := range regexp.MustCompile(`\]\(([^)#]*\.md)?(#[^)]*)?\)`).FindAllStringSubmatch(readFile(t, page), -1) {
			target := page
			if link[1] != "" {
				target = filepath.Join(filepath.Dir(page), link[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			if link[2] != "" && !slices.Contains(anchors(readFile(t, target)), link[2]) {
				t.Errorf("%s: %s has no heading %s", page, target, link[2])
			}
		}
	}
}

// anchors are what headings are linked by: lower-cased, spaces as hyphens.
func anchors(page string) []string {
	var list []string
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		list = append(list, "#"+strings.ReplaceAll(strings.ToLower(heading[1]), " ", "-"))
	}
	return list
}

// Every kind of file and each of its fields stands in docs/formats.md.
func TestFieldsAreDocumented(t *testing.T) {
	page := readFile(t, "../../docs/formats.md")
	t.Chdir(t.TempDir())
	must(t, "data", "synth", "--n", "20", "--format", "parquet", "--out", "made")
	for _, kind := range []string{"prompts", "outcomes", "answers", "scores", "prices"} {
		r := must(t, "data", "validate", "--kind", kind, "--json", "made/"+kind+".parquet")
		for _, name := range regexp.MustCompile(`(?s)"columns": \[(.*?)\]`).FindStringSubmatch(r.stdout)[1:] {
			for _, quoted := range regexp.MustCompile(`"(\w+)"`).FindAllStringSubmatch(name, -1) {
				if !strings.Contains(page, "`"+quoted[1]+"`") {
					t.Errorf("docs/formats.md lacks the field %s of %s", quoted[1], kind)
				}
			}
		}
	}
	for _, file := range []string{"made/logs.jsonl", "made/truth.json"} {
		text := readFile(t, file)
		if _, truth, found := strings.Cut(text, `"truth"`); found {
			text = truth
		}
		for _, key := range regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(text, -1) {
			if nested := []string{"too_short", "uncertain", "bad_json", "any", "right", "wrong"}; !slices.Contains(nested, key[1]) && !strings.Contains(page, "`"+key[1]+"`") {
				t.Errorf("docs/formats.md lacks %s of %s", key[1], file)
			}
		}
	}
}

// The data card quotes what data describe says of the built-in set.
func TestDataCard(t *testing.T) {
	card := readFile(t, "../../docs/dataset.md")
	t.Chdir(t.TempDir())
	must(t, "init", ".")
	if says := must(t, "data", "describe", "prompts.jsonl").stdout; !strings.Contains(card, "```\n"+says+"```") {
		t.Errorf("docs/dataset.md does not quote\n%s", says)
	}
}
