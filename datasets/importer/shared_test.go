package importer

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

const sharedDir = "../../../shared/data/outcomes"

// sharedOutcomes reads real outcomes, which are not part of the project.
func sharedOutcomes(t *testing.T, name string) []datasets.Outcome {
	t.Helper()
	var all []datasets.Outcome
	_, err := datasets.Outcomes().ScanFile(filepath.Join(sharedDir, name), nil, func(o *datasets.Outcome) error { all = append(all, *o); return nil })
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no real data: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func putCSV(t *testing.T, path string, rows [][]string) {
	t.Helper()
	var b strings.Builder
	w := csv.NewWriter(&b)
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// RouteLLM's MMLU answers, in the layout that they came in, are imported as
// they are there. Where a number is missing a prompt was contaminated.
func TestSharedMMLU(t *testing.T) {
	all := sharedOutcomes(t, "routellm_mmlu.jsonl.gz")
	dir := t.TempDir()
	files, list := map[string][][]string{}, ""
	for i := 0; i < len(all); i += 2 {
		domain := all[i].Domain
		if files[domain] == nil {
			files[domain] = [][]string{{"prompt", weak, strong}}
		}
		for all[i].ID != "mmlu/"+domain+"/"+strconv.Itoa(len(files[domain])-1) {
			files[domain] = append(files[domain], []string{"gone " + domain, "True", "True"})
			list += `{"eval_prompt":"gone ` + domain + `"}` + "\n"
		}
		row := []string{all[i].Prompt, "False", "False"}
		for k := range 2 {
			if all[i+k].Score.Value == 1 {
				row[k+1] = "True"
			}
		}
		files[domain] = append(files[domain], row)
	}
	for domain, rows := range files {
		putCSV(t, filepath.Join(dir, "mmlu_"+domain+".csv"), rows)
	}
	report := importBack(t, "routellm-mmlu", dir, Options{Contaminated: put(t, t.TempDir(), "list.jsonl", list)}, all)
	if len(report.Dropped) != 1 || report.Dropped[0].Count != 5 || report.Prompts != 14037 {
		t.Errorf("%+v", report)
	}
}

// RouterBench rows, put back into the wide table with its lists, come out as
// they are there.
func TestSharedRouterBench(t *testing.T) {
	all := sharedOutcomes(t, "routerbench.jsonl.gz")
	const models = 11
	rows := [][]string{{"sample_id", "prompt", "eval_name"}}
	for _, o := range all[:models] {
		rows[0] = append(rows[0], o.Model, o.Model+responseEnding, o.Model+costEnding)
	}
	for i := 0; i < len(all); i += models {
		row := []string{all[i].ID, list(all[i].Prompt), all[i].Domain}
		for _, o := range all[i : i+models] {
			row = append(row, float(o.Score.Value), list(o.Response.Value), float(o.CostUSD.Value))
		}
		rows = append(rows, row)
	}
	path := filepath.Join(t.TempDir(), "routerbench.csv")
	putCSV(t, path, rows)
	importBack(t, "routerbench", path, Options{}, all)
}

// importBack holds that an import gives these outcomes.
func importBack(t *testing.T, format, path string, o Options, want []datasets.Outcome) Report {
	t.Helper()
	n := 0
	report, err := Import(format, []string{path}, o, nil, func(o *datasets.Outcome) error {
		if n == len(want) || *o != want[n] {
			return fmt.Errorf("outcome %d is %+v", n, *o)
		}
		n++
		return nil
	})
	if err != nil || n != len(want) {
		t.Errorf("after %d of %d outcomes: %v", n, len(want), err)
	}
	return report
}

func float(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// list is Python's repr([s]).
func list(s string) string {
	quote := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = `"`
	}
	var b strings.Builder
	b.WriteString("[" + quote)
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\\', string(r) == quote:
			b.WriteString(`\` + string(r))
		case r < ' ' || r == 0x7f:
			b.WriteString(`\x` + string("0123456789abcdef"[r>>4]) + string("0123456789abcdef"[r&15]))
		default:
			b.WriteRune(r)
		}
	}
	return b.String() + quote + "]"
}
