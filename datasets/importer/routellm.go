package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/internal/table"
	"github.com/routeproof/routeproof/internal/wording"
)

func mmluFormat() format {
	return format{
		Format: Format{
			Name:    "routellm-mmlu",
			Summary: "RouteLLM's MMLU answers: right or wrong for each of two models",
			Files:   "mmlu_DOMAIN.csv, some of them, or the folder responses",
			Columns: "prompt, and for each model a column with True or False",
			Options: []string{"contaminated"},
		},
		fits: mmluFits,
		read: readMMLU,
	}
}

func mmluFits(names []string) string {
	models := mmluModels(names)
	if !slices.Contains(names, "prompt") {
		return "no column prompt"
	}
	for _, name := range models {
		if slices.Contains([]string{"id", "sample_id", "eval_name", "model", "tier"}, name) || strings.Contains(name, "|") || strings.HasSuffix(name, "_response") {
			return "column " + wording.Quote(name) + " is no model"
		}
	}
	if len(models) == 0 {
		return "no column for a model"
	}
	return ""
}

func mmluModels(names []string) []string {
	return slices.DeleteFunc(without(names, []string{"prompt"}), isIndex)
}

func readMMLU(j *job, paths []string) error {
	paths, err := tablesOf(paths)
	if err != nil {
		return err
	}
	if err := j.readBanned("prompts on the list of contaminated ones"); err != nil || j.failure.Total > 0 {
		return err
	}
	domains := map[string]string{} // → its file
	return j.wide(paths, func(f *file) (plan, bool) {
		domain, ok := strings.CutPrefix(stem(f.path), "mmlu_")
		if !ok || domain == "" {
			j.problem(f.path, 0, "", "name does not tell the domain: expected one like mmlu_anatomy.csv")
			return plan{}, false
		}
		if before, twice := domains[domain]; twice {
			j.problem(f.path, 0, "", "is of the same domain as %s: expected each domain once", before)
			return plan{}, false
		}
		domains[domain] = f.path
		p := plan{rowID: "mmlu/" + domain + "/", prompt: "prompt", topic: domain}
		for _, name := range mmluModels(f.names) {
			p.models = append(p.models, modelColumns{model: name, score: name})
		}
		return p, true
	})
}

// tablesOf puts the CSV and Parquet files of a folder, by name, in its place.
func tablesOf(paths []string) ([]string, error) {
	var all []string
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			all = append(all, path) // what is wrong with it shows when it is read
			continue
		}
		entries, err := os.ReadDir(path) // sorted
		if err != nil {
			return nil, err
		}
		before := len(all)
		for _, entry := range entries {
			f, err := datasets.FormatOf(entry.Name())
			if err == nil && f.Container != "jsonl" && !entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
				all = append(all, filepath.Join(path, entry.Name()))
			}
		}
		if len(all) == before {
			return nil, usage("%s: no CSV or Parquet file in this folder", path)
		}
	}
	return all, nil
}

func gsm8kFormat() format {
	return format{
		Format: Format{
			Name:    "routellm-gsm8k",
			Summary: "RouteLLM's GSM8K answers: right or wrong for each of two models, with what they wrote",
			Files:   "gsm8k_responses.csv",
			Columns: "prompt, and for each MODEL a column MODEL with True or False and a column MODEL_response",
			Options: []string{"contaminated"},
		},
		fits: gsm8kFits,
		read: readGSM8K,
	}
}

func gsm8kFits(names []string) string {
	models := gsm8kModels(names)
	if !slices.Contains(names, "prompt") {
		return "no column prompt"
	}
	if len(models) == 0 {
		return "no pair of columns MODEL and MODEL_response"
	}
	known := []string{"prompt"}
	for _, m := range models {
		known = append(known, m.score, m.response)
	}
	for _, name := range without(names, known) {
		if !isIndex(name) {
			return fmt.Sprintf("column %s has no partner", wording.Quote(name))
		}
	}
	return ""
}

func gsm8kModels(names []string) []modelColumns {
	var models []modelColumns
	for _, name := range names {
		if response := name + "_response"; name != "" && name != "prompt" && slices.Contains(names, response) {
			models = append(models, modelColumns{model: name, score: name, response: response})
		}
	}
	return models
}

func readGSM8K(j *job, paths []string) error {
	if len(paths) > 1 {
		return usage("%s numbers the rows of one file, found %d files: import them apart", j.format.Name, len(paths))
	}
	if err := j.readBanned("prompts on the list of contaminated ones"); err != nil || j.failure.Total > 0 {
		return err
	}
	return j.wide(paths, func(f *file) (plan, bool) {
		return plan{rowID: "gsm8k/", prompt: "prompt", topic: "gsm8k", models: gsm8kModels(f.names)}, true
	})
}

// banned is a list of prompts to drop.
type banned struct {
	matched map[[16]byte]bool // hash of a prompt → whether it was met
	dropped int
	what    string // was dropped
}

// has tells whether a prompt is to be dropped.
func (b *banned) has(prompt string) bool {
	if b == nil {
		return false
	}
	key := hashOf(prompt)
	_, found := b.matched[key]
	if found {
		b.matched[key] = true
	}
	return found
}

// idle counts the prompts on the list that were not met.
func (b *banned) idle() int {
	n := 0
	for _, met := range b.matched {
		if !met {
			n++
		}
	}
	return n
}

// readBanned reads the list of contaminated prompts, if one is given. RouteLLM
// has a row for each pair of a prompt and one like it that routers were trained
// on; the prompt is in eval_prompt.
func (j *job) readBanned(what string) error {
	path := j.options.Contaminated
	if path == "" {
		return nil
	}
	j.banned = &banned{matched: map[[16]byte]bool{}, what: what}
	f := &file{path: path, passed: []string{"train_prompt", "train_idx", "eval_idx"}}
	columns := []table.Column{{Name: "eval_prompt", Type: table.Text, Required: true}}
	rows, err := j.scan(f, columns, func(b *table.Batch, i int, sound bool) error {
		if sound {
			j.banned.matched[hashOf(b.Cells[0].Text[i])] = false
		}
		return nil
	})
	if rows == 0 && err == nil && j.failure.Total == 0 {
		j.problem(path, 0, "", "no prompts to drop: expected rows with eval_prompt")
	}
	return err
}
