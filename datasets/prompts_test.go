package datasets

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var testTiers = []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}

func parse(text string) (*PromptFile, error) {
	return ParsePrompts(strings.NewReader(text), "f", testTiers, nil)
}

// problemsOf returns the problems that err shows, as text.
func problemsOf(t *testing.T, err error) []string {
	t.Helper()
	var content *ContentError
	if !errors.As(err, &content) {
		t.Fatalf("error is %v, expected a ContentError", err)
	}
	var got []string
	for _, p := range content.First {
		got = append(got, p.String())
	}
	if content.Total < len(got) || len(got) != min(content.Total, ShownProblems) {
		t.Errorf("%d problems are shown of %d", len(got), content.Total)
	}
	return got
}

func TestParsePromptsFields(t *testing.T) {
	full := Prompt{ID: "a", Text: "Grüße\n\"x\"", Tier: "SIMPLE", AltTier: "MEDIUM", Domain: "web", Language: "de", Group: "g",
		Split: "test", TaskType: "structured_output", Reference: "ref", Schema: `{"type": "object"}`, Source: "here", Licence: "MIT"}
	for _, c := range []struct {
		name, in string
		want     Prompt
	}{
		{"all, schema as object", `{"id":"a","prompt":"Gr\u00fc\u00dfe\n\"x\"","tier":"SIMPLE","alt_tier":"MEDIUM","domain":"web","language":"de","group":"g","split":"test",` +
			`"task_type":"structured_output","reference":"ref","schema": {"type": "object"} ,"source":"here","licence":"MIT"}`, full},
		{"all in another order, schema as string", `{"licence":"MIT","source":"here","schema":"{\"type\": \"object\"}","reference":"ref","task_type":"structured_output",` +
			`"split":"test","group":"g","language":"de","domain":"web","alt_tier":"MEDIUM","tier":"SIMPLE","prompt":"Grüße\n\"x\"","id":"a"}`, full},
		{"only what must be there", `{"id":"a","prompt":"x"}`, Prompt{ID: "a", Text: "x"}},
		{"NONE is unlabelled", `{"id":"a","prompt":"x","tier":"NONE"}`, Prompt{ID: "a", Text: "x"}},
		{"null is absent", `{"id":"a","prompt":"x","tier":null,"alt_tier":null,"domain":null,"split":null,"schema":null,"task_type":null}`, Prompt{ID: "a", Text: "x"}},
		{"empty is absent", `{"id":"a","prompt":"x","tier":"","split":"","schema":""}`, Prompt{ID: "a", Text: "x"}},
		{"dev is tune", `{"id":"a","prompt":"x","split":"dev"}`, Prompt{ID: "a", Text: "x", Split: "tune"}},
		{"escaped names", `{"\u0069d":"a","prom\u0070t":"x"}`, Prompt{ID: "a", Text: "x"}},
		{"blank text", `{"id":"a","prompt":""}`, Prompt{ID: "a"}},
		{"an alternative without a label", `{"id":"a","prompt":"x","alt_tier":"MEDIUM"}`, Prompt{ID: "a", Text: "x", AltTier: "MEDIUM"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, err := parse(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]Prompt{c.want}, file.Prompts); diff != "" {
				t.Errorf("want −, got +:\n%s", diff)
			}
		})
	}
	for _, split := range splitNames() {
		if file, err := parse(`{"id":"a","prompt":"x","split":"` + split + `"}`); err != nil || file.Prompts[0].Split != split {
			t.Errorf("split %s: %v", split, err)
		}
	}
	for _, task := range TaskTypes() {
		if file, err := parse(`{"id":"a","prompt":"x","task_type":"` + task + `"}`); err != nil || file.Prompts[0].TaskType != task {
			t.Errorf("task type %s: %v", task, err)
		}
	}
}

func TestParsePromptsAnyTier(t *testing.T) {
	in := `{"id":"a","prompt":"x","tier":"T1","alt_tier":"whatever","split":"dev"}`
	file, err := ParsePrompts(strings.NewReader(in), "f", nil, nil)
	if err != nil || file.Prompts[0].Tier != "T1" || file.Prompts[0].AltTier != "whatever" || file.Prompts[0].Split != "tune" {
		t.Errorf("without a list of tiers: %v, %v", file, err)
	}
	_, err = ParsePrompts(strings.NewReader(`{"id":"a","prompt":"x","schema":"x"}`), "f", nil, nil)
	if diff := cmp.Diff([]string{`f:1: schema: expected a JSON object, found "x"`}, problemsOf(t, err)); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
	if _, err := ParsePrompts(strings.NewReader(in), "f", []string{}, nil); err == nil {
		t.Error("an empty list allows a tier")
	}
}

func TestParsePromptsProblems(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"empty file", "", []string{"f: no prompts: expected rows with id, prompt and tier"}},
		{"only a byte order mark", "\ufeff", []string{"f: no prompts: expected rows with id, prompt and tier"}},
		{"only blank lines", "\n \r\n\t\n\n", []string{"f: no prompts: expected rows with id, prompt and tier"}},
		{"empty object", `{}`, []string{"f:1: id: missing: expected a string, found no fields", "f:1: prompt: missing: expected a string, found no fields"}},
		{"near names", `{"ID":"a","promt":"x"}`, []string{
			`f:1: id: missing: expected a string, found "ID", "promt": rename "ID" to "id"`, `f:1: prompt: missing: expected a string, found "ID", "promt" (did you mean "promt"?)`}},
		{"what is there instead is told once", `{"key":"a","x":1}` + "\n" + `{"key":"a","x":1}` + "\n" + `{"Prompt":"a"}`, []string{
			`f:1: id: missing: expected a string, found "key", "x"`, `f:1: prompt: missing: expected a string, found "key", "x"`,
			"f:2: id: missing: expected a string", "f:2: prompt: missing: expected a string",
			"f:3: id: missing: expected a string", `f:3: prompt: missing: expected a string: rename "Prompt" to "prompt"`}},
		{"null", `{"id":null,"prompt":null}`, []string{"f:1: id: expected a string, found null", "f:1: prompt: expected a string, found null"}},
		{"empty id", `{"id":"","prompt":"x"}`, []string{"f:1: id: is empty: expected a name of its own for each prompt"}},
		{"empty id beside another fault", `{"id":"","tier":"SIMPLE"}`, []string{
			"f:1: id: is empty: expected a name of its own for each prompt", `f:1: prompt: missing: expected a string, found "id", "tier"`}},
		{"empty ids are no duplicates", `{"id":"","prompt":"x"}` + "\n" + `{"id":"","prompt":"y"}`, []string{
			"f:1: id: is empty: expected a name of its own for each prompt", "f:2: id: is empty: expected a name of its own for each prompt"}},
		{"unknown tier", `{"id":"a","prompt":"x","tier":"SIMPEL"}`, []string{
			`f:1: tier: expected one of SIMPLE, MEDIUM, COMPLEX, FRONTIER, found "SIMPEL" (did you mean "SIMPLE"?)`}},
		{"tier in lower case", `{"id":"a","prompt":"x","tier":"medium"}`, []string{
			`f:1: tier: expected one of SIMPLE, MEDIUM, COMPLEX, FRONTIER, found "medium" (did you mean "MEDIUM"?)`}},
		{"tier like no other", `{"id":"a","prompt":"x","tier":"huge\u001b[31m"}`, []string{
			`f:1: tier: expected one of SIMPLE, MEDIUM, COMPLEX, FRONTIER, found "huge\x1b[31m"`}},
		{"long tier", `{"id":"a","prompt":"x","tier":"` + strings.Repeat("ü", 500) + `"}`, []string{
			`f:1: tier: expected one of SIMPLE, MEDIUM, COMPLEX, FRONTIER, found "` + strings.Repeat("ü", 60) + `…"`}},
		{"unknown alternative", `{"id":"a","prompt":"x","tier":"SIMPLE","alt_tier":"COMPLX"}`, []string{
			`f:1: alt_tier: expected one of SIMPLE, MEDIUM, COMPLEX, FRONTIER, found "COMPLX" (did you mean "COMPLEX"?)`}},
		{"alternative is the tier", `{"id":"a","prompt":"x","tier":"SIMPLE","alt_tier":"SIMPLE"}`, []string{
			"f:1: alt_tier: is the tier itself: expected another one or none"}},
		{"unknown split", `{"id":"a","prompt":"x","split":"Train"}`, []string{
			`f:1: split: expected one of train, tune, calibrate, test, found "Train" (did you mean "train"?)`}},
		{"unknown task type", `{"id":"a","prompt":"x","task_type":"summary"}`, []string{
			`f:1: task_type: expected one of general, extraction, classification, structured_output, found "summary"`}},
		{"duplicate id", `{"id":"a","prompt":"x"}` + "\n\n" + `{"id":"b","prompt":"x"}` + "\n" + `{"id":"a","prompt":"y"}` + "\n" + `{"id":"a","prompt":"z"}`, []string{
			`f:4: id: "a" stands on line 1 already: expected each id once`, `f:5: id: "a" stands on line 1 already: expected each id once`}},
		{"duplicate of a bad row", `{"id":"a"}` + "\n" + `{"id":"a","prompt":"y"}`, []string{
			`f:1: prompt: missing: expected a string, found "id"`, `f:2: id: "a" stands on line 1 already: expected each id once`}},
		{"an id of white space", `{"id":" \t","prompt":"x"}` + "\n" + `{"id":" \t","prompt":"y"}`, []string{
			"f:1: id: holds nothing but white space: expected a name of its own for each prompt", "f:2: id: holds nothing but white space: expected a name of its own for each prompt"}},
		{"schema that is no JSON", `{"id":"a","prompt":"x","schema":"{type: object}"}`, []string{`f:1: schema: expected a JSON object, found "{type: object}"`}},
		{"schema that is cut", `{"id":"a","prompt":"x","schema":"{\"type\":"}`, []string{`f:1: schema: expected a JSON object, found "{\"type\":"`}},
		{"schema that is a JSON string", `{"id":"a","prompt":"x","schema":"\"x\""}`, []string{`f:1: schema: expected a JSON object, found "\"x\""`}},
		{"schema of space", `{"id":"a","prompt":"x","schema":" "}`, []string{`f:1: schema: expected a JSON object, found " "`}},
		{"schema of another kind", `{"id":"a","prompt":"x","schema":["type"]}`, []string{"f:1: schema: expected a JSON object, found an array"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(c.in)
			if diff := cmp.Diff(c.want, problemsOf(t, err)); diff != "" {
				t.Errorf("want −, got +:\n%s", diff)
			}
		})
	}
}

// TestParsePromptsTypes gives every field a value of every wrong type.
func TestParsePromptsTypes(t *testing.T) {
	fields := []string{"id", "prompt", "tier", "alt_tier", "domain", "language", "group", "split", "task_type", "reference", "schema", "source", "licence"}
	values := map[string]string{"1": "a number", "-0.5e9": "a number", "true": "true or false", "false": "true or false", `["a"]`: "an array", `{"a":1}`: "an object"}
	for _, field := range fields {
		for value, kind := range values {
			if field == "schema" && (kind == "an object" || kind == "an array") {
				continue
			}
			row := map[string]string{"id": `"a"`, "prompt": `"x"`}
			row[field] = value
			var members []string
			for name, v := range row {
				members = append(members, fmt.Sprintf("%q:%s", name, v))
			}
			_, err := parse("{" + strings.Join(members, ",") + "}")
			mend := ""
			if kind == "a number" && field != "schema" {
				mend = ": put it in quotes"
			}
			want := []string{fmt.Sprintf("f:1: %s: expected a string, found %s%s", field, kind, mend)}
			if diff := cmp.Diff(want, problemsOf(t, err)); diff != "" {
				t.Errorf("%s %s: want −, got +:\n%s", field, value, diff)
			}
		}
	}
}

func TestAllBadRowsAreReported(t *testing.T) {
	var in strings.Builder
	for i := range 150 {
		if i%3 == 2 {
			fmt.Fprintf(&in, "{\"id\":\"%d\",\"prompt\":\"x\"}\n", i)
		} else {
			fmt.Fprintf(&in, "{\"id\":\"%d\",\"prompt\":%d}\n", i, i)
		}
	}
	var told []Problem
	_, err := ParsePrompts(strings.NewReader(in.String()), "f", nil, func(p Problem) { told = append(told, p) })
	var content *ContentError
	if !errors.As(err, &content) {
		t.Fatal(err)
	}
	if content.Total != 100 || len(content.First) != 20 || len(told) != 100 {
		t.Fatalf("total %d, first %d, told %d; expected 100, 20, 100", content.Total, len(content.First), len(told))
	}
	for i, p := range told {
		want := Problem{File: "f", Line: i + i/2 + 1, Field: "prompt", Reason: "expected a string, found a number: put it in quotes"}
		if p != want {
			t.Fatalf("problem %d is %+v, expected %+v", i, p, want)
		}
	}
	if diff := cmp.Diff(told[:20], content.First); diff != "" {
		t.Errorf("the first are not those told first:\n%s", diff)
	}
}

func TestParsePromptsWarnings(t *testing.T) {
	var wide, wider strings.Builder
	for i := range 25 {
		fmt.Fprintf(&wide, `,"c%04d":0`, i)
	}
	for i := range 1500 {
		fmt.Fprintf(&wider, `,"c%04d":0`, i)
	}
	first20 := `columns not used: "c0000", "c0001", "c0002", "c0003", "c0004", "c0005", "c0006", "c0007", "c0008", "c0009", "c0010", "c0011", "c0012", "c0013", "c0014", "c0015", "c0016", "c0017", "c0018", "c0019"`
	long := strings.Repeat("k", 100)
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"none", `{"id":"a","prompt":"x","tier":"SIMPLE"}` + "\n" + `{"id":"b","prompt":"y","tier":"MEDIUM"}`, nil},
		{"unknown columns, once", `{"id":"a","votes":[1],"prompt":"x","Tier":null}` + "\n" + `{"note\u001b":{},"id":"b","prompt":"x","votes":2}`,
			[]string{`columns not used: "Tier" (did you mean "tier"?), "note\x1b", "votes"`}},
		{"many unknown columns", `{"id":"a","prompt":"x"` + wide.String() + "}", []string{first20 + " and 5 more"}},
		{"too many unknown columns", `{"id":"a","prompt":"x"` + wider.String() + "}", []string{first20 + " and at least 980 more"}},
		{"a long name", `{"id":"a","prompt":"x","` + long + `":1}`, []string{`columns not used: "` + long[:60] + `…"`}},
		{"blank prompts", `{"id":"a","prompt":" \n\t"}` + "\n" + `{"id":"b","prompt":""}`, []string{"2 prompts are blank"}},
		{"blank prompts with two tiers", `{"id":"a","prompt":"","tier":"SIMPLE"}` + "\n" + `{"id":"b","prompt":"","tier":"MEDIUM"}`, []string{"2 prompts are blank"}},
		{"the same text with two tiers",
			`{"id":"a","prompt":"Hi  there","tier":"SIMPLE"}` + "\n" + `{"id":"b","prompt":"hi there ","tier":"COMPLEX"}` + "\n" +
				`{"id":"c","prompt":"hi there","tier":"MEDIUM"}` + "\n" + `{"id":"d","prompt":"x","tier":"SIMPLE"}` + "\n" + `{"id":"e","prompt":"X","tier":"MEDIUM"}`,
			[]string{`texts with more than one tier: 2 (prompts "a", "b", "c", "d", "e")`}},
		{"the same text with one tier or none", `{"id":"a","prompt":"x","tier":"SIMPLE"}` + "\n" + `{"id":"b","prompt":"x","tier":"SIMPLE"}` + "\n" + `{"id":"c","prompt":"x"}`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			file, err := parse(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, file.Warnings); diff != "" {
				t.Errorf("want −, got +:\n%s", diff)
			}
		})
	}
}
