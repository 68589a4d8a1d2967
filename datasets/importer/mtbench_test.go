package importer

import (
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
)

// Layouts of routellm/evals/mt_bench.
const (
	judgements = `{"question_id": 81, "model": "gpt-4", "judge": ["gpt-4", "single-v1-multi-turn"], "user_prompt": "u", "judgment": "j", "score": 10, "turn": 2, "tstamp": 1714636116.7}
{"question_id": 82, "model": "gpt-4", "judge": ["gpt-4", "single-v1"], "user_prompt": "u", "judgment": "j", "score": 9, "turn": 1, "tstamp": 1.0}
{"question_id": 81, "model": "mixtral", "score": 7, "turn": 1}
{"question_id": 81, "model": "gpt-4", "score": 9.5, "turn": 1}
{"question_id": 81, "model": "mixtral", "score": -1, "turn": 2}
{"question_id": 82, "model": "gpt-4", "score": 1, "turn": 2}
`
	questions = `{"question_id": 81, "category": "writing", "turns": ["Compose a post.", "Rewrite it."]}
{"question_id": 82, "category": "math", "turns": ["Add.", "Subtract."], "reference": ["1", "2"]}
{"question_id": 83, "category": "math", "turns": ["Nobody", "was asked."]}
`
)

func TestMTBench(t *testing.T) {
	dir := t.TempDir()
	path := put(t, dir, "judgements.jsonl", judgements)
	o := Options{Questions: put(t, dir, "question.jsonl", questions)}
	unknown := scored("mt-bench/81", "mixtral", "Compose a post.", "writing", 0)
	unknown.Score = datasets.Optional[float64]{}
	want := []datasets.Outcome{
		scored("mt-bench/81", "gpt-4", "Compose a post.", "writing", 0.975), // (10 + 9.5) / 20
		scored("mt-bench/82", "gpt-4", "Add.", "math", 0.5),                 // (9 + 1) / 20
		unknown,
	}
	for _, path := range []string{path, put(t, dir, "j.jsonl.gz", strings.ReplaceAll("\ufeff"+judgements, "\n", "\r\n"))} {
		in := load(t, "routellm-mt-bench", o, path)
		expect(t, in, want...)
		if r := in.report; r.Prompts != 2 || !slices.Equal(r.Models, []string{"gpt-4", "mixtral"}) || r.Dropped != nil ||
			!slices.Equal(r.Warnings, []string{"1 answers have no score: the judge failed at a turn", "1 questions have no judgement"}) {
			t.Errorf("%+v", r)
		}
	}
	o.Contaminated = put(t, dir, "list.jsonl", `{"eval_prompt":"Rewrite it."}`+"\n"+`{"eval_prompt":"Compose a post."}`)
	in := load(t, "routellm-mt-bench", o, path)
	expect(t, in, want[1])
	if !slices.Equal(in.report.Dropped, []Drop{{1, "questions with a turn on the list of contaminated prompts"}}) {
		t.Errorf("%+v", in.report)
	}
	// Without questions the turns of a question are those that anybody was judged at.
	in = load(t, "routellm-mt-bench", Options{}, put(t, dir, "j.jsonl", `{"question_id":1,"model":"a","turn":1,"score":4}`+"\n"+`{"question_id":2,"model":"a","turn":1,"score":4}`+"\n"+`{"question_id":2,"model":"b","turn":1,"score":null}`+"\n"+`{"question_id":1,"model":"b","turn":1,"score":6}`+"\n"+`{"question_id":1,"model":"b","turn":2,"score":7}`))
	expect(t, in, datasets.Outcome{ID: "mt-bench/1", Model: "a"}, scored("mt-bench/2", "a", "", "", 0.4), datasets.Outcome{ID: "mt-bench/2", Model: "b"}, scored("mt-bench/1", "b", "", "", 0.65))
	if !slices.Equal(in.report.Warnings, []string{"no questions were given: prompts and domains are unknown", "1 answers have no score: the judge failed at a turn", "1 answers have no score: a turn was not judged"}) {
		t.Errorf("%+v", in.report)
	}
}

// Ten times the score is the mean that the judge gave, to the bit.
func TestMTBenchIsReversible(t *testing.T) {
	for a := 2; a <= 20; a++ {
		for b := 2; b <= 20; b++ {
			mean := (float64(a)/2 + float64(b)/2) / 20
			if back := 10 * mean; back != float64(a+b)/4 {
				t.Errorf("%g and %g: %g came back as %g", float64(a)/2, float64(b)/2, mean, back)
			}
		}
	}
}

func TestMTBenchFaults(t *testing.T) {
	dir := t.TempDir()
	o := Options{Questions: put(t, dir, "question.jsonl", questions)}
	for row, words := range map[string]string{
		`{"question_id":81,"model":"m","turn":1,"score":11}`:    ":7: score: expected 1 to 10, or -1 where the judge failed, found 11",
		`{"question_id":81,"model":"m","turn":1,"score":0}`:     ":7: score: expected 1 to 10",
		`{"question_id":81,"model":"m","turn":1,"score":"9"}`:   ":7: score: expected a number, found a string",
		`{"question_id":99,"model":"m","turn":1,"score":9}`:     ":7: question_id: 99 is not in ",
		`{"question_id":"81","model":"m","turn":1,"score":9}`:   ":7: question_id: expected a whole number",
		`{"model":"m","turn":1,"score":9}`:                      ":7: question_id: missing",
		`{"question_id":81,"model":"","turn":1,"score":9}`:      ":7: model: is empty",
		`{"question_id":81,"model":"m","turn":0,"score":9}`:     ":7: turn: expected 1 to 2, found 0",
		`{"question_id":81,"model":"m","turn":3,"score":9}`:     ":7: turn: expected 1 to 2, found 3",
		`{"question_id":81,"model":"gpt-4","turn":2,"score":9}`: `:7: question_id: turn 2 of 81 by model "gpt-4" stands on line 1 already`,
		`{"question_id":81`: ":7: expected one JSON object",
	} {
		refusal(t, load(t, "routellm-mt-bench", o, put(t, dir, "j.jsonl", judgements+row)), words)
	}
	a, b := put(t, dir, "a.jsonl", judgements), put(t, dir, "b.jsonl", judgements)
	refusal(t, load(t, "routellm-mt-bench", o, a, b), "line 1 of "+a, "6 problems")
	for content, words := range map[string]string{
		"":                                     "no questions",
		`{"question_id":1,"turns":"x"}`:        "turns: expected a list",
		`{"question_id":1,"turns":[]}`:         "turns: expected a list",
		`{"question_id":1,"turns":["a",null]}`: "turns: expected a list",
		`{"question_id":1,"turns":["a"]}` + "\n" + `{"question_id":1,"turns":["a"]}`: ":2: question_id: 1 stands on line 1 already",
	} {
		refusal(t, load(t, "routellm-mt-bench", Options{Questions: put(t, dir, "q.jsonl", content)}, a), words)
	}
}
