package importer

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Endings of RouterBench's columns of a model.
const (
	responseEnding = "|model_response"
	costEnding     = "|total_cost"
)

func routerBenchFormat() format {
	return format{
		Format: Format{
			Name:    "routerbench",
			Summary: "RouterBench's wide table: score, answer and cost of eleven models",
			Files:   "routerbench_0shot or routerbench_5shot, as CSV or Parquet",
			Columns: "sample_id, prompt, eval_name, and for each MODEL a column MODEL with a score from 0 to 1, MODEL|model_response and MODEL|total_cost",
		},
		fits: routerBenchFits,
		read: readRouterBench,
	}
}

func routerBenchFits(names []string) string {
	if missing := without([]string{"sample_id", "prompt", "eval_name"}, names); len(missing) > 0 {
		return "no column " + missing[0]
	}
	models := routerBenchModels(names)
	if len(models) == 0 {
		return "no columns MODEL|model_response or MODEL|total_cost"
	}
	for _, m := range models {
		if !slices.Contains(names, m.score) {
			return "no column " + strconv.Quote(m.model) + " with the scores of that model"
		}
	}
	return ""
}

// routerBenchModels goes by the columns of answers, as RouterBench's code does,
// and where a table was stripped of them by those of costs. Evaluated tables
// hold routers too, which have costs only.
func routerBenchModels(names []string) []modelColumns {
	var models []modelColumns
	for _, ending := range []string{responseEnding, costEnding} {
		for _, name := range names {
			model, found := strings.CutSuffix(name, ending)
			if !found || model == "" {
				continue
			}
			m := modelColumns{model: model, score: model}
			if ending == responseEnding {
				m.response = name
			}
			if slices.Contains(names, model+costEnding) {
				m.cost = model + costEnding
			}
			models = append(models, m)
		}
		if len(models) > 0 {
			break
		}
	}
	return models
}

func readRouterBench(j *job, paths []string) error {
	return j.wide(paths, func(f *file) (plan, bool) {
		f.passed = []string{"oracle_model_to_route_to"}
		return plan{id: "sample_id", prompt: "prompt", domain: "eval_name", models: routerBenchModels(f.names), graded: true, lists: true}, true
	})
}

// unwrap returns the text in a Python list of one string, as RouterBench
// writes prompts and answers (['Who was …?']), and how many strings the list
// has. Any other text is returned as it is, with 0 where it is no list of
// strings as Python writes them. So nothing is lost: Python's repr makes the
// list again.
func unwrap(s string) (text string, n int) {
	rest, found := strings.CutPrefix(s, "[")
	for found {
		one, after, ok := pythonString(rest)
		if !ok {
			break
		}
		if n++; n == 1 {
			text = one
		}
		if after == "]" {
			if n > 1 {
				text = s
			}
			return text, n
		}
		rest, found = strings.CutPrefix(after, ", ")
	}
	return s, 0
}

// pythonString reads a string literal as repr writes it from the start of s.
func pythonString(s string) (text, rest string, ok bool) {
	if s == "" || s[0] != '\'' && s[0] != '"' {
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(s); {
		switch c := s[i]; {
		case c == s[0]:
			return b.String(), s[i+1:], true
		case c < ' ' || c == 0x7f:
			return "", "", false
		case c != '\\':
			b.WriteByte(c)
			i++
		default:
			r, size := pythonEscape(s[i:])
			if size == 0 {
				return "", "", false
			}
			b.WriteRune(r)
			i += size
		}
	}
	return "", "", false
}

// pythonEscape reads an escape that repr uses; size is 0 where s begins with
// none.
func pythonEscape(s string) (r rune, size int) {
	if len(s) < 2 {
		return 0, 0
	}
	digits := 0
	switch s[1] {
	case '\\', '\'', '"':
		return rune(s[1]), 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	}
	if digits == 0 || len(s) < 2+digits {
		return 0, 0
	}
	code, err := strconv.ParseUint(s[2:2+digits], 16, 32)
	if err != nil || !utf8.ValidRune(rune(code)) || code > utf8.MaxRune {
		return 0, 0
	}
	return rune(code), 2 + digits
}
