package datasets

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"
	"unicode/utf8"
)

// fuzzRows are rows that reach every branch of the readers.
var fuzzRows = []string{
	"", "\n\n", "{}", "[]", "null", "{\"id\":\"a\"", "\ufeff" + `{"id":"a","prompt":"x"}` + "\r\n",
	`{"id":"a","prompt":"x","tier":"SIMPLE","alt_tier":"MEDIUM","split":"dev","task_type":"general","schema":{"a":[1]},"group":"g"}`,
	`{"id":"a","prompt":"x","tier":"NONE","schema":"{}"}` + "\n" + `{"id":"a","prompt":"y","tier":null}`,
	`{"id":"a","prompt":"\ud83d\ude00 \ud83d","tier":"SIMPEL","other":1,"other":2}`,
	"{\"id\":\"\xff\"}", `{"id":"a","prompt":"\\ufffd\ufffd"} x`,
	`{"id":"a","answer":"SIMPLE","model":"m","input_tokens":12,"output_tokens":0.5,"cost_usd":1e-5,"latency_ms":-1,"repeat":0}`,
	`{"id":"a","answer":"x","repeat":2}` + "\n" + `{"id":"a","answer":"y","repeat":1}`,
	`{"id":"a","answer":"x","cost_usd":1e999}`,
}

// checkError holds that content gives a ContentError that is whole, told in full.
func checkError(t *testing.T, err error, told []Problem) {
	t.Helper()
	var content *ContentError
	if err == nil {
		if len(told) > 0 {
			t.Fatalf("success, though told of %v", told)
		}
		return
	}
	if !errors.As(err, &content) {
		t.Fatalf("error is %v, expected a ContentError", err)
	}
	if content.Total != len(told) || !slices.Equal(content.First, told[:min(len(told), ShownProblems)]) {
		t.Fatalf("%d problems, first %v; told of %v", content.Total, content.First, told)
	}
	for _, p := range told {
		if p.Line < 0 || p.Reason == "" || !utf8.ValidString(p.Reason) || len(p.Reason) > 2000 {
			t.Fatalf("problem %+v", p)
		}
	}
}

func FuzzParsePrompts(f *testing.F) {
	for _, row := range fuzzRows {
		f.Add([]byte(row))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var told []Problem
		file, err := ParsePrompts(bytes.NewReader(data), "f", testTiers, func(p Problem) { told = append(told, p) })
		checkError(t, err, told)
		if err != nil {
			return
		}
		ids := map[string]bool{}
		for _, p := range file.Prompts {
			if p.ID == "" || ids[p.ID] {
				t.Errorf("id %q is empty or stands twice", p.ID)
			}
			ids[p.ID] = true
			for i, v := 0, reflect.ValueOf(p); i < v.NumField(); i++ {
				if !utf8.ValidString(v.Field(i).String()) {
					t.Errorf("%s is not valid UTF-8: %q", v.Type().Field(i).Name, v.Field(i))
				}
			}
			for _, c := range []struct {
				value   string
				allowed []string
			}{{p.Tier, testTiers}, {p.AltTier, testTiers}, {p.Split, splitNames()}, {p.TaskType, TaskTypes()}} {
				if c.value != "" && !slices.Contains(c.allowed, c.value) {
					t.Errorf("%q is none of %q", c.value, c.allowed)
				}
			}
		}
		if len(ids) == 0 {
			t.Error("success without a prompt")
		}
		if len(ContentHash(file.Prompts)) != 64 {
			t.Error("no content hash")
		}
		assigned, err := AssignSplits(setOf(file.Prompts), "salt", DefaultShares(), "f", nil)
		if err != nil {
			checkColumn(t, file.Prompts, err)
			return
		}
		splitOf := map[string]Split{}
		for i := range file.Prompts {
			key := assigned.Groups.Key(i)
			if s, seen := splitOf[key]; seen && s != assigned.Splits[i] {
				t.Errorf("group %q is in %s and in %s", key, s, assigned.Splits[i])
			}
			splitOf[key] = assigned.Splits[i]
		}
	})
}

// checkColumn holds that only a split column can be at fault.
func checkColumn(t *testing.T, prompts []Prompt, err error) {
	t.Helper()
	var content *ContentError
	if !errors.As(err, &content) {
		t.Errorf("error is %v, expected a ContentError", err)
	}
	if !slices.ContainsFunc(prompts, func(p Prompt) bool { return p.Split != "" }) {
		t.Errorf("%v, though no prompt names a split", err)
	}
}

func FuzzParseAnswers(f *testing.F) {
	for _, row := range fuzzRows {
		f.Add([]byte(row))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var told []Problem
		file, err := ParseAnswers(bytes.NewReader(data), "f", func(p Problem) { told = append(told, p) })
		checkError(t, err, told)
		if err != nil {
			return
		}
		if len(file.Answers) == 0 {
			t.Error("success without an answer")
		}
		for id, a := range file.Answers {
			if id == "" || !utf8.ValidString(id) || !utf8.ValidString(a.Text) || !utf8.ValidString(a.Model) {
				t.Errorf("answer %q: %+v", id, a)
			}
			for _, n := range []Optional[int]{a.InputTokens, a.OutputTokens} {
				if n.Value < 0 {
					t.Errorf("answer %q: %d tokens", id, n.Value)
				}
			}
			for _, x := range []Optional[float64]{a.CostUSD, a.LatencyMS} {
				if !(x.Value >= 0 && x.Value <= math.MaxFloat64) {
					t.Errorf("answer %q: %g", id, x.Value)
				}
			}
		}
	})
}
