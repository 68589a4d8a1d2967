package main

import (
	"testing"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/policy/live"
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
