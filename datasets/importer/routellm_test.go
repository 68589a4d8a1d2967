package importer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/table"
)

const weak, strong = "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"

// The layout of routellm/evals/mmlu/responses/mmlu_abstract_algebra.csv.
const mmluCSV = "prompt," + weak + "," + strong + "\n" +
	"\"Find the degree, \"\"Q\"\".\nA. 0\nAnswer:\",True,False\n" +
	"Twice,False,True\nTwice,False,False\n"

func mmluOutcomes() []datasets.Outcome {
	const text = "Find the degree, \"Q\".\nA. 0\nAnswer:"
	return []datasets.Outcome{
		scored("mmlu/abstract_algebra/0", weak, text, "abstract_algebra", 1), scored("mmlu/abstract_algebra/0", strong, text, "abstract_algebra", 0),
		scored("mmlu/abstract_algebra/1", weak, "Twice", "abstract_algebra", 0), scored("mmlu/abstract_algebra/1", strong, "Twice", "abstract_algebra", 1),
		scored("mmlu/abstract_algebra/2", weak, "Twice", "abstract_algebra", 0), scored("mmlu/abstract_algebra/2", strong, "Twice", "abstract_algebra", 0),
	}
}

func TestMMLU(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"mmlu_abstract_algebra.csv":    mmluCSV,
		"mmlu_abstract_algebra.csv.gz": "\ufeff" + mmluCSV,
		"mmlu_abstract_algebra.tsv":    strings.NewReplacer(",gpt", "\tgpt", "prompt,", "prompt\t", ",True", "\tTrue", ",False", "\tFalse").Replace(mmluCSV),
	} {
		expect(t, load(t, "routellm-mmlu", Options{}, put(t, dir, name, content)), mmluOutcomes()...)
	}
	// Ends of lines are those of Windows, also in texts.
	in := load(t, "routellm-mmlu", Options{}, put(t, dir, "mmlu_a.csv", strings.ReplaceAll(mmluCSV, "\n", "\r\n")))
	if in.err != nil || in.outcomes[0].Prompt != "Find the degree, \"Q\".\r\nA. 0\r\nAnswer:" || in.outcomes[1].Score.Value != 0 {
		t.Errorf("%v, %+v", in.err, in.outcomes)
	}
	// The number of the row that pandas writes without index=False is no model.
	expect(t, load(t, "routellm-mmlu", Options{}, put(t, dir, "mmlu_a.csv", ",prompt,m\n0,x,True\n")), scored("mmlu/a/0", "m", "x", "a", 1))
	// Cells that are 1, 1.0 or empty.
	in = load(t, "routellm-mmlu", Options{}, put(t, dir, "mmlu_a.csv", "prompt,m,n\nx,1.0,\ny,nan,0\nz,,\n"))
	expect(t, in, scored("mmlu/a/0", "m", "x", "a", 1), scored("mmlu/a/1", "n", "y", "a", 0))
	if !slices.Equal(in.report.Dropped, []Drop{{4, "cells without score, response or cost: no answer was recorded"}}) {
		t.Errorf("%+v", in.report)
	}
	refusal(t, load(t, "routellm-mmlu", Options{}, put(t, dir, "mmlu_a.csv", "prompt,m\nx,\n")), "nothing to import")
}

func TestMMLUParquet(t *testing.T) {
	dir := t.TempDir()
	for _, kind := range []table.Type{table.Boolean, table.Number} {
		columns := []table.Column{{Name: "prompt", Type: table.Text}, {Name: weak, Type: kind}, {Name: strong, Type: kind}}
		var rows [][]any
		for all := mmluOutcomes(); len(all) > 0; all = all[2:] {
			row := []any{all[0].Prompt, all[0].Score.Value, all[1].Score.Value}
			if kind == table.Boolean {
				row = []any{all[0].Prompt, all[0].Score.Value == 1, all[1].Score.Value == 1}
			}
			rows = append(rows, row)
		}
		expect(t, load(t, "routellm-mmlu", Options{}, putParquet(t, dir, "mmlu_abstract_algebra.parquet", columns, rows)), mmluOutcomes()...)
	}
	columns := []table.Column{{Name: "prompt", Type: table.Text}, {Name: "m", Type: table.Number}}
	refusal(t, load(t, "routellm-mmlu", Options{}, putParquet(t, dir, "mmlu_a.parquet", columns, [][]any{{"x", 1.0}, {"y", 0.5}})), ":2: m: expected true or false, found 0.5")
}

func TestMMLUFolder(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "mmlu_b.csv", "prompt,m,n\nx,True,True\n")
	put(t, dir, "mmlu_a.csv.gz", "prompt,n,m\ny,False,True\n")
	put(t, dir, ".mmlu_c.csv", "left by an editor")
	put(t, dir, "contaminated_prompts.jsonl", `{"train_prompt":"x'","eval_prompt":"x","train_idx":1,"eval_idx":0}`+"\n"+`{"eval_prompt":"elsewhere"}`)
	in := load(t, "routellm-mmlu", Options{}, dir)
	expect(t, in, scored("mmlu/a/0", "n", "y", "a", 0), scored("mmlu/a/0", "m", "y", "a", 1), scored("mmlu/b/0", "m", "x", "b", 1), scored("mmlu/b/0", "n", "x", "b", 1))
	if !slices.Equal(in.report.Models, []string{"n", "m"}) || in.report.Prompts != 2 || in.report.Dropped != nil || in.report.Warnings != nil {
		t.Errorf("%+v", in.report)
	}
	in = load(t, "routellm-mmlu", Options{Contaminated: filepath.Join(dir, "contaminated_prompts.jsonl")}, dir)
	expect(t, in, scored("mmlu/a/0", "n", "y", "a", 0), scored("mmlu/a/0", "m", "y", "a", 1))
	if !slices.Equal(in.report.Dropped, []Drop{{1, "prompts on the list of contaminated ones"}}) || !slices.Equal(in.report.Warnings, []string{"1 of 2 prompts to drop stand in none of the files"}) {
		t.Errorf("%+v", in.report)
	}
	put(t, dir, "mmlu_a.csv", "prompt,m,n\nx,True,True\n")
	refusal(t, load(t, "routellm-mmlu", Options{}, dir), "is of the same domain as")
	if err := os.Remove(filepath.Join(dir, "mmlu_a.csv")); err != nil {
		t.Fatal(err)
	}
	put(t, dir, "mmlu_c.csv", "prompt,m,other\nx,True,True\n")
	refusal(t, load(t, "routellm-mmlu", Options{}, dir), "has other models", `expected "m", "n", found "m", "other"`)
}

// A row keeps its number when rows before it are dropped.
func TestContaminatedKeepNumbers(t *testing.T) {
	dir := t.TempDir()
	list := put(t, dir, "list.jsonl", `{"eval_prompt":"x"}`)
	in := load(t, "routellm-mmlu", Options{Contaminated: list}, put(t, dir, "mmlu_a.csv", "prompt,m\nx,True\ny,True\n"))
	expect(t, in, scored("mmlu/a/1", "m", "y", "a", 1))
	path := put(t, dir, "mmlu_a.csv", "prompt,m\nx,True\n")
	refusal(t, load(t, "routellm-mmlu", Options{Contaminated: list}, path), "nothing to import")
	refusal(t, load(t, "routellm-mmlu", Options{Contaminated: put(t, dir, "list.jsonl", "")}, path), "eval_prompt")
	refusal(t, load(t, "routellm-mmlu", Options{Contaminated: put(t, dir, "list.jsonl", `{"prompt":"x"}`)}, path), "eval_prompt: missing")
}

func TestGSM8K(t *testing.T) {
	dir := t.TempDir()
	list := put(t, dir, "list.jsonl", `{"eval_prompt":"Janet’s ducks"}`)
	const csv = "prompt," + weak + "," + strong + "," + weak + "_response," + strong + "_response\n" +
		"Janet’s ducks,True,True,18,18\nA robe takes 2 bolts,False,True,\" A robe,\n#### 3\n\n\",\"\"\nLast,True,False,,3\n"
	first := scored("gsm8k/1", weak, "A robe takes 2 bolts", "gsm8k", 0)
	second := scored("gsm8k/1", strong, "A robe takes 2 bolts", "gsm8k", 1)
	third := scored("gsm8k/2", weak, "Last", "gsm8k", 1)
	fourth := scored("gsm8k/2", strong, "Last", "gsm8k", 0)
	first.Response, second.Response, fourth.Response = datasets.Known(" A robe,\n#### 3\n\n"), datasets.Known(""), datasets.Known("3")
	for _, name := range []string{"gsm8k_responses.csv", "gsm8k_responses.csv.gz"} {
		in := load(t, "routellm-gsm8k", Options{Contaminated: list}, put(t, dir, name, csv))
		expect(t, in, first, second, third, fourth)
		if in.report.Dropped[0].Count != 1 || in.report.Prompts != 2 {
			t.Errorf("%+v", in.report)
		}
	}
	columns := []table.Column{{Name: "prompt", Type: table.Text}, {Name: "m", Type: table.Boolean}, {Name: "m_response", Type: table.Text}}
	want := scored("gsm8k/0", "m", "x", "gsm8k", 1)
	want.Response = datasets.Known("y")
	expect(t, load(t, "routellm-gsm8k", Options{}, putParquet(t, dir, "x.parquet", columns, [][]any{{"x", true, "y"}})), want)
	refusal(t, load(t, "routellm-gsm8k", Options{}, put(t, dir, "x.csv", "prompt,m,m_response,n\nx,True,y,True\n")), `column "n" has no partner`)
	refusal(t, load(t, "routellm-gsm8k", Options{}, put(t, dir, "x.csv", "question,m,m_response\nx,True,y\n")), "no column prompt")
	refusal(t, load(t, "routellm-gsm8k", Options{}, put(t, dir, "x.csv", "prompt,m,m_response\nx,0.3,y\n")), `:2: m: expected True or False, found "0.3"`)
}

// The files themselves, where they are at hand: ROUTELLM names the folder
// routellm/evals of lm-sys/RouteLLM. The counts are those that its code prints.
func TestUpstream(t *testing.T) {
	evals := os.Getenv("ROUTELLM")
	if evals == "" {
		t.Skip("ROUTELLM names no folder")
	}
	for _, c := range []struct {
		format, folder, file, questions string
		prompts                         int
	}{
		{"routellm-mmlu", "mmlu", "responses", "", 14037},
		{"routellm-gsm8k", "gsm8k", "gsm8k_responses.csv", "", 1307},
		{"routellm-mt-bench", "mt_bench", "judgements.jsonl", "question.jsonl", 72},
	} {
		dir := filepath.Join(evals, c.folder)
		o := Options{Contaminated: filepath.Join(dir, "contaminated_prompts.jsonl")}
		if c.questions != "" {
			o.Questions = filepath.Join(dir, c.questions)
		}
		in := load(t, c.format, o, filepath.Join(dir, c.file))
		if in.err != nil || in.report.Prompts != c.prompts || in.report.Rows != 2*c.prompts || in.report.Warnings != nil {
			t.Errorf("%s: %v, %+v", c.format, in.err, in.report)
		}
	}
}
