package datasets

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parseAnswers(text string) (*AnswerFile, error) {
	return ParseAnswers(strings.NewReader(text), "f", nil)
}

type answersAndWarnings struct {
	Answers  map[string]Answer
	Warnings []string
}

func TestParseAnswers(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     answersAndWarnings
	}{
		{"every field", `{"id":"a","answer":"SIMPLE\n","model":"m","input_tokens":12,"output_tokens":0,"cost_usd":1.5e-5,"latency_ms":230.25,"repeat":0}`, answersAndWarnings{
			Answers: map[string]Answer{"a": {Text: "SIMPLE\n", Model: "m", InputTokens: Known(12), OutputTokens: Known(0), CostUSD: Known(1.5e-5), LatencyMS: Known(230.25)}}}},
		{"what is absent stays unknown", `{"id":"a","answer":"","input_tokens":null}` + "\n" + `{"id":"b","answer":"x"}`, answersAndWarnings{
			Answers: map[string]Answer{"a": {}, "b": {Text: "x"}}}},
		{"a whole number with an exponent", `{"id":"a","answer":"","input_tokens":1.2e3,"output_tokens":1000000000}`, answersAndWarnings{
			Answers: map[string]Answer{"a": {InputTokens: Known(1200), OutputTokens: Known(1_000_000_000)}}}},
		{"the lowest repeat counts, wherever it stands", `{"id":"a","answer":"two","repeat":2}` + "\n" + `{"id":"a","answer":"one","repeat":1}` + "\n" +
			`{"id":"a","answer":"three","repeat":3}` + "\n" + `{"id":"b","answer":"only","repeat":5}`, answersAndWarnings{
			Answers:  map[string]Answer{"a": {Text: "one"}, "b": {Text: "only"}},
			Warnings: []string{"2 repeated answers are not used: only the lowest repeat of each prompt is"}}},
		{"no repeat is repeat 0", `{"id":"a","answer":"one","repeat":1}` + "\n" + `{"id":"a","answer":"zero"}`, answersAndWarnings{
			Answers:  map[string]Answer{"a": {Text: "zero"}},
			Warnings: []string{"1 repeated answers are not used: only the lowest repeat of each prompt is"}}},
		{"unknown columns", `{"id":"a","answer":"x","votes":[-0.1],"Model":"m"}` + "\n" + `{"id":"b","answer":"x","votes":[],"logprobs":[{"token":"x"}]}`, answersAndWarnings{
			Answers: map[string]Answer{"a": {Text: "x"}, "b": {Text: "x", Logprobs: `[{"token":"x"}]`}}, Warnings: []string{`columns not used: "Model" (did you mean "model"?), "votes"`}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseAnswers(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, answersAndWarnings{got.Answers, got.Warnings}); diff != "" {
				t.Errorf("want −, got +:\n%s", diff)
			}
		})
	}
}

func TestParseAnswersProblems(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"empty file", "\n", []string{"f: no answers: expected rows with id and answer"}},
		{"missing", `{"Id":"a","answr":"x"}` + "\n" + `{"prompt":"x"}`, []string{
			`f:1: id: missing: expected a string, found "Id", "answr": rename "Id" to "id"`, `f:1: answer: missing: expected a string, found "Id", "answr" (did you mean "answr"?)`,
			"f:2: id: missing: expected a string", "f:2: answer: missing: expected a string"}},
		{"empty id", `{"id":"","answer":"x"}`, []string{"f:1: id: is empty: expected the id of a prompt"}},
		{"duplicate", `{"id":"a","answer":"x"}` + "\n" + `{"id":"a","answer":"x","repeat":1}` + "\n" + `{"id":"a","answer":"y"}` + "\n" + `{"id":"a","answer":"z","repeat":0}`, []string{
			`f:3: id: "a" (repeat 0) stands on line 1 already: expected each id and repeat once`, `f:4: id: "a" (repeat 0) stands on line 1 already: expected each id and repeat once`}},
		{"an unreadable repeat is no duplicate", `{"id":"a","answer":"x"}` + "\n" + `{"id":"a","answer":"y","repeat":0.5}`, []string{
			"f:2: repeat: expected a whole number, found 0.5"}},
		{"negative", `{"id":"a","answer":"x","input_tokens":-1,"cost_usd":-0.001,"latency_ms":-5,"repeat":-1}`, []string{
			"f:1: repeat: expected 0 to 1000000000, found -1", "f:1: input_tokens: expected 0 to 1000000000, found -1",
			"f:1: cost_usd: expected 0 to 1e+06, found -0.001", "f:1: latency_ms: expected 0 to 1e+09, found -5"}},
		{"fractional tokens", `{"id":"a","answer":"x","input_tokens":1.5,"output_tokens":2147483648}`, []string{
			"f:1: input_tokens: expected a whole number, found 1.5", "f:1: output_tokens: expected 0 to 1000000000, found 2147483648"}},
		{"negative and fractional is one problem", `{"id":"a","answer":"x","input_tokens":-1.5}`, []string{"f:1: input_tokens: expected a whole number, found -1.5"}},
		{"too large a number", `{"id":"a","answer":"x","cost_usd":1e999,"input_tokens":-` + strings.Repeat("9", 400) + `}`, []string{
			"f:1: input_tokens: expected a number within ±1.8e+308, found -" + strings.Repeat("9", 59) + "…",
			"f:1: cost_usd: expected a number within ±1.8e+308, found 1e999"}},
		{"numbers as text", `{"id":"a","answer":"x","input_tokens":"12","cost_usd":"NaN","latency_ms":[1],"output_tokens":{}}` + "\n" + `{"id":"b","answer":"x","cost_usd":true}`, []string{
			"f:1: input_tokens: expected a whole number, found a string", "f:1: output_tokens: expected a whole number, found an object",
			"f:1: cost_usd: expected a number, found a string", "f:1: latency_ms: expected a number, found an array", "f:2: cost_usd: expected a number, found true or false"}},
		{"answer of another type", `{"id":"a","answer":3,"model":4}`, []string{"f:1: answer: expected a string, found a number: put it in quotes", "f:1: model: expected a string, found a number: put it in quotes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseAnswers(c.in)
			if diff := cmp.Diff(c.want, problemsOf(t, err)); diff != "" {
				t.Errorf("want −, got +:\n%s", diff)
			}
		})
	}
	for _, bare := range []string{"NaN", "Infinity", "-Infinity", "+1", "01", ".5", "1.", "0x10"} {
		_, err := parseAnswers(`{"id":"a","answer":"x","cost_usd":` + bare + `}`)
		if got := problemsOf(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "f:1: expected one JSON object: invalid character") {
			t.Errorf("%s: %q", bare, got)
		}
	}
}
