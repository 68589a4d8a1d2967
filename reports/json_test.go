package reports

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/policy"
	"github.com/routeproof/routeproof/eval/simulate"
)

// TestResultHasFewPoints keeps the ends of a long sweep, all of a short one, and
// what it was given.
func TestResultHasFewPoints(t *testing.T) {
	sweep := func(points int) *simulate.Sweep {
		made := make([]simulate.SweepPoint, points)
		for i := range made {
			made[i] = simulate.SweepPoint{Threshold: float64(i), Served: []int{i, 0}}
		}
		s := &simulate.Sweep{Knob: simulate.KnobConfidence, N: points}
		var err error
		if s.Points, err = simulate.NewSweepPoints(made...); err != nil {
			t.Fatal(err)
		}
		return s
	}
	text := func(s *simulate.Sweep) string {
		out, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	long, short := sweep(12_345), sweep(mostSweepPoints)
	p := &pipeline.Policies{Outcomes: "it", Sweeps: []*simulate.Sweep{long, short}}
	few, err := withFewPoints(p)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(text(few.Sweeps[1]), text(short)); diff != "" || few.Outcomes != p.Outcomes || long.Points.Len() != 12_345 {
		t.Errorf("%s %d: %s", few.Outcomes, long.Points.Len(), diff)
	}
	var got []simulate.SweepPoint
	for x, err := range few.Sweeps[0].Points.All() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, x)
	}
	if n := len(got); n != mostSweepPoints || got[0].Threshold != 0 || got[n-1].Threshold != 12_344 || got[n-1].Served[0] != 12_344 || few.Sweeps[0].N != long.N {
		t.Errorf("%d points, %v", n, got[n-1])
	}
	for i := 1; i < len(got); i++ {
		if d := got[i].Threshold - got[i-1].Threshold; d < 24 || d > 25 {
			t.Errorf("points %d and %d are %v apart", i-1, i, d)
		}
	}
	// Points that are not there any more are an error of what shows them.
	if err := long.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := withFewPoints(p); err == nil {
		t.Error("points that were given up are in result.json")
	}
	if err := writeCascade(io.Discard, p); err == nil {
		t.Error("points that were given up are in cascade.parquet")
	}
}

// Points of a pair that are not there any more are an error of what shows them.
func TestReportNeedsPairs(t *testing.T) {
	b, err := policy.NewRecorded([]policy.Model{{Tier: "S", Name: "s"}, {Tier: "L", Name: "l"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, model := range []string{"s", "l"} {
		if err := b.Add(&datasets.Outcome{ID: "1", Model: model, Prompt: "p", Response: datasets.Known("same"), Score: datasets.Known(1.0)}); err != nil {
			t.Fatal(err)
		}
	}
	pairs, err := simulate.SweepPairs(context.Background(), policy.SameAnswer{}, 0, b, b.Requests())
	if err != nil {
		t.Fatal(err)
	}
	p := &pipeline.Policies{Pairs: pairs, Agreement: pipeline.DefaultConfig().Policies.Agreement}
	for _, closed := range []bool{false, true} {
		if closed {
			if err := simulate.ClosePairs(pairs); err != nil {
				t.Fatal(err)
			}
		}
		r := &report{}
		r.agreement(p)
		if lost := r.err != nil; lost != closed || !closed && !strings.Contains(r.String(), "100.0 %") {
			t.Errorf("closed %v: %v\n%s", closed, r.err, r.String())
		}
		if err := writeParallel(io.Discard, p); (err != nil) != closed {
			t.Errorf("closed %v: %v", closed, err)
		}
	}
}
