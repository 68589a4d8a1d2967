package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// By hand: five predictions, two of them tied at .8, of which one is wrong.
// AURC = .2·0 + .4·(1/3) + .2·(1/4) + .2·(2/5).
func TestRiskCoverageByHand(t *testing.T) {
	confidence := []float64{0.8, 0.5, 0.9, 0.8, 0.1}
	correct := []bool{false, true, true, true, false}
	got := RiskCoverageCurve(confidence, correct)
	want := []RiskCoverage{{0.2, 0, 0.9}, {0.6, 1.0 / 3, 0.8}, {0.8, 0.25, 0.5}, {1, 0.4, 0.1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if area, want := AURC(got), 0.4/3+0.05+0.08; !near(area, want, 1e-15) {
		t.Errorf("AURC %v, want %v", area, want)
	}
}

// numpy: o = argsort(-confidence); w = ~correct[o];
// mean(cumsum(w)/arange(1, 61)).
func TestAURCAgainstNumPy(t *testing.T) {
	if got := AURC(RiskCoverageCurve(claims(60))); !near(got, 0.3393727043066716, 1e-14) {
		t.Errorf("AURC %v", got)
	}
}

func TestRiskCoverageProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for range 300 {
		n := 1 + rng.IntN(40)
		confidence, correct := make([]float64, n), make([]bool, n)
		distinct := map[float64]bool{}
		wrong := 0
		for i := range confidence {
			confidence[i] = float64(rng.IntN(15)) - 7 // any scale
			distinct[confidence[i]] = true
			if correct[i] = rng.IntN(3) > 0; !correct[i] {
				wrong++
			}
		}
		curve := RiskCoverageCurve(confidence, correct)
		if len(curve) != len(distinct) {
			t.Fatalf("%d points, %d distinct confidences", len(curve), len(distinct))
		}
		for _, point := range curve {
			kept, bad := 0, 0
			for i, c := range confidence {
				if c >= point.Confidence {
					kept++
					if !correct[i] {
						bad++
					}
				}
			}
			want := RiskCoverage{float64(kept) / float64(n), float64(bad) / float64(kept), point.Confidence}
			if point != want {
				t.Fatalf("%+v, want %+v", point, want)
			}
		}
		last := curve[len(curve)-1]
		if last.Coverage != 1 || last.Risk != float64(wrong)/float64(n) {
			t.Fatalf("last point %+v with %d of %d wrong", last, wrong, n)
		}
		if area := AURC(curve); !(area >= 0 && area <= 1) {
			t.Fatalf("AURC %v", area)
		}
	}
}

func TestRiskCoverageEdges(t *testing.T) {
	if curve := RiskCoverageCurve(nil, nil); curve != nil || !math.IsNaN(AURC(curve)) {
		t.Errorf("no predictions: %v, AURC %v", curve, AURC(curve))
	}
	// One confidence for all: nothing to select by, so AURC is the error rate.
	tied := RiskCoverageCurve([]float64{2, 2, 2, 2}, []bool{true, false, true, true})
	if len(tied) != 1 || AURC(tied) != 0.25 {
		t.Errorf("all tied: %v", tied)
	}
	wantPanic(t, "length", "stats: confidences and outcomes of unequal length",
		func() { RiskCoverageCurve([]float64{1}, nil) })
	wantPanic(t, "NaN", "stats: confidence is NaN", func() { RiskCoverageCurve([]float64{math.NaN()}, []bool{true}) })
	wantPanic(t, "falling", "stats: coverage does not rise within (0,1]",
		func() { AURC([]RiskCoverage{{0.5, 0, 1}, {0.5, 0, 0}}) })
}
