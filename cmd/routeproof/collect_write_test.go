package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/policy/live"
	"github.com/routeproof/routeproof/internal/openaiapi"
)

// Speeds are medians, of what was streamed alone.
func TestCollectedSpeed(t *testing.T) {
	r := &collected{Models: make([]collectedModel, 1), failures: map[string]int{}, unscored: map[string]int{}}
	for _, o := range []datasets.Outcome{
		{TTFTMS: datasets.Known(100.0), LatencyMS: datasets.Known(1100.0), OutputTokens: datasets.Known(11)}, // 10 a second
		{TTFTMS: datasets.Known(300.0), LatencyMS: datasets.Known(800.0), OutputTokens: datasets.Known(21)},  // 40
		{TTFTMS: datasets.Known(200.0), LatencyMS: datasets.Known(1200.0), OutputTokens: datasets.Known(31)}, // 30
		{TTFTMS: datasets.Known(900.0), LatencyMS: datasets.Known(900.0), OutputTokens: datasets.Known(1)},   // all at once
		{LatencyMS: datasets.Known(5.0), OutputTokens: datasets.Known(100)},                                  // not streamed
		{Error: "cut"},
	} {
		o.Response = datasets.Optional[string]{Value: "x", Known: o.Error == ""}
		if err := r.addCall(&live.Record{Outcome: o}, &policy.Model{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	r.finish()
	if m := r.Models[0]; m.TTFTMS == nil || *m.TTFTMS != 200 || m.TokensPerS == nil || *m.TokensPerS != 30 {
		t.Errorf("%+v", m)
	}
	none := &collected{Models: make([]collectedModel, 1)}
	none.finish()
	if m := none.Models[0]; m.TTFTMS != nil || m.TokensPerS != nil {
		t.Errorf("%+v", m)
	}
}

// What cannot be judged is said before it is paid for.
func TestNoteUnjudged(t *testing.T) {
	prompts := []datasets.Prompt{{ID: "a", Reference: "1"}, {ID: "b", Schema: "{}"}, {ID: "c"}}
	for judge, want := range map[string]string{
		"exact":    "routeproof: warning: 2 of 3 prompts have no reference: judge exact gives their answers no score\n",
		"schema":   "routeproof: warning: 2 of 3 prompts have no schema: judge schema gives their answers no score\n",
		"regex:.*": "", "llm": "", "none": "",
	} {
		var said strings.Builder
		(&app{err: &said}).noteUnjudged(judge, prompts)
		if said.String() != want {
			t.Errorf("%s: %q, expected %q", judge, said.String(), want)
		}
	}
}

func TestMends(t *testing.T) {
	for want, err := range map[string]error{
		"base_url":       fmt.Errorf("model x: %w", &openaiapi.Error{Kind: openaiapi.Refused, Status: 401}),
		"raise --budget": fmt.Errorf("x: %w", openaiapi.ErrBudget),
	} {
		if got := mendOf(err); !strings.Contains(got, want) {
			t.Errorf("%v: %q, expected %q in it", err, got, want)
		}
	}
	if got := mendOf(&openaiapi.Error{Kind: openaiapi.Cut}); got != "" {
		t.Errorf("of one question: %q", got)
	}
}
