package importer

import (
	"slices"

	"github.com/routeproof/routeproof/internal/wording"
)

func wideFormat() format {
	return format{
		Format: Format{
			Name:    "wide",
			Summary: "a table of one's own: a row a prompt, a column with the score for each model",
			Files:   "CSV or Parquet files",
			Columns: "a column with a score from 0 to 1 for each model; optionally id, prompt, domain, and MODEL_response and MODEL_cost_usd",
			Options: []string{"models"},
		},
		fits: func([]string) string { return "" },
		read: readWide,
	}
}

func readWide(j *job, paths []string) error {
	models := j.options.Models
	if len(models) == 0 {
		return usage("wide needs the names of the columns that are models: --models first,second")
	}
	for i, m := range models {
		if slices.Contains([]string{"", "id", "prompt", "domain"}, m) || slices.Contains(models[:i], m) {
			return usage("models: expected different columns with scores, found %s", wording.List(models))
		}
	}
	return j.wide(paths, func(f *file) (plan, bool) {
		has := func(name string) string {
			if slices.Contains(f.names, name) {
				return name
			}
			return ""
		}
		p := plan{id: has("id"), rowID: stem(f.path) + "/", prompt: has("prompt"), domain: has("domain"), graded: true}
		ok := true
		for _, m := range models {
			if has(m) == "" {
				j.problem(f.path, 0, m, "no such column: found %s%s", wording.List(f.names), wording.DidYouMean(m, f.names))
				ok = false
			}
			p.models = append(p.models, modelColumns{model: m, score: m, response: has(m + "_response"), cost: has(m + "_cost_usd")})
		}
		return p, ok
	})
}
