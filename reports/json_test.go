package reports

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/eval/pipeline"
	"github.com/routeproof/routeproof/eval/simulate"
)

// TestResultHasFewPoints keeps the ends of a long sweep, all of a short one, and
// what it was given.
func TestResultHasFewPoints(t *testing.T) {
	sweep := func(points int) *simulate.Sweep {
		s := &simulate.Sweep{Knob: simulate.KnobConfidence, N: points}
		for i := range points {
			s.Points = append(s.Points, simulate.SweepPoint{Threshold: float64(i)})
		}
		return s
	}
	long, short := sweep(12_345), sweep(mostSweepPoints)
	p := &pipeline.Policies{Outcomes: "it", Sweeps: []*simulate.Sweep{long, short}}
	few := withFewPoints(p)
	if diff := cmp.Diff(few.Sweeps[1], short); diff != "" || few.Outcomes != p.Outcomes || len(long.Points) != 12_345 {
		t.Errorf("%s %d: %s", few.Outcomes, len(long.Points), diff)
	}
	got := few.Sweeps[0]
	if n := len(got.Points); n != mostSweepPoints || got.Points[0].Threshold != 0 || got.Points[n-1].Threshold != 12_344 || got.N != long.N {
		t.Errorf("%d points, %v", n, got.Points[n-1])
	}
	for i := 1; i < len(got.Points); i++ {
		if d := got.Points[i].Threshold - got.Points[i-1].Threshold; d < 24 || d > 25 {
			t.Errorf("points %d and %d are %v apart", i-1, i, d)
		}
	}
}
