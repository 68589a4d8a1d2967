package stats

import (
	"math"
	"math/bits"
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

// No order of the predictions beats the perfect one, which is one of them, and
// the orders' mean is that of chance. Checked over all subsets that may be wrong.
func TestPerfectAURC(t *testing.T) {
	for n := 1; n <= 9; n++ {
		least, sum, orders := make([]float64, n+1), make([]float64, n+1), make([]float64, n+1)
		for k := range least {
			least[k] = math.Inf(1)
		}
		confidence, correct := make([]float64, n), make([]bool, n)
		for i := range confidence {
			confidence[i] = float64(i)
		}
		for subset := range 1 << n {
			wrong := 0
			for i := range correct {
				if correct[i] = subset>>i&1 == 0; !correct[i] {
					wrong++
				}
			}
			area := AURC(RiskCoverageCurve(confidence, correct))
			least[wrong] = min(least[wrong], area)
			sum[wrong] += area
			orders[wrong]++
		}
		for wrong := range least {
			if got := PerfectAURC(n, wrong); !near(got, least[wrong], 1e-15) {
				t.Errorf("%d of %d wrong: %v, want %v", wrong, n, got, least[wrong])
			}
			if mean, want := sum[wrong]/orders[wrong], float64(wrong)/float64(n); !near(mean, want, 1e-14) {
				t.Errorf("%d of %d wrong: mean of all orders %v, want %v", wrong, n, mean, want)
			}
		}
	}
	if got, r := PerfectAURC(1e6, 3e5), 0.3; !near(got, r+(1-r)*math.Log(1-r), 1e-6) {
		t.Errorf("of a million: %v is not at its limit", got)
	}
	if got := PerfectAURC(0, 0); !math.IsNaN(got) {
		t.Errorf("of none: %v", got)
	}
	for _, wrong := range []int{-1, 3} {
		wantPanic(t, "wrong", "stats: wrong predictions outside [0, n]", func() { PerfectAURC(2, wrong) })
	}
}

// Of every order of a few predictions, with ties, the share that is as good.
func TestAURCTestAgainstAllOrders(t *testing.T) {
	confidence := []float64{0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.5, 0.2}
	for _, right := range []int{0b11111111, 0b00000111, 0b00010011, 0b11100000, 0b01010101, 0} {
		area := func(subset int) float64 {
			correct := make([]bool, len(confidence))
			for i := range correct {
				correct[i] = subset>>i&1 == 1
			}
			return AURC(RiskCoverageCurve(confidence, correct))
		}
		all, good := 0.0, 0.0
		for subset := range 1 << len(confidence) {
			if bits.OnesCount(uint(subset)) == bits.OnesCount(uint(right)) {
				all++
				if area(subset) <= area(right)+1e-12 {
					good++
				}
			}
		}
		correct := make([]bool, len(confidence))
		for i := range correct {
			correct[i] = right>>i&1 == 1
		}
		const replicates = 20000
		// Five standard errors of a share.
		if got, want := AURCTest(confidence, correct, replicates, 5), good/all; math.Abs(got-want) > 5*math.Sqrt(want*(1-want)/replicates)+1./replicates {
			t.Errorf("right %08b: p %v, of all orders %v", right, got, want)
		}
	}
}

// Where confidence means nothing the test finds something in at most as many
// sets as its level says, also where few are wrong.
func TestAURCTestLevel(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for _, accuracy := range []float64{0.5, 0.9} {
		const sets, n = 400, 60
		found := 0
		for s := range sets {
			confidence, correct := make([]float64, n), make([]bool, n)
			for i := range confidence {
				confidence[i], correct[i] = math.Round(20*rng.Float64())/20, rng.Float64() < accuracy
			}
			if AURCTest(confidence, correct, 200, uint64(s)) <= 0.05 {
				found++
			}
		}
		if found > 36 { // P(Bin(400, .05) > 36) < 0.001
			t.Errorf("accuracy %v: found in %d of %d sets", accuracy, found, sets)
		}
	}
}

func TestAURCTestEdges(t *testing.T) {
	if p := AURCTest(nil, nil, 10, 1); !math.IsNaN(p) {
		t.Errorf("no predictions: %v", p)
	}
	if p := AURCTest([]float64{1, 1, 1}, []bool{true, false, true}, 99, 1); p != 1 {
		t.Errorf("all tied: %v", p)
	}
	conf, right := claims(200)
	p := AURCTest(conf, right, 999, 3)
	if p != 0.001 || p != AURCTest(conf, right, 999, 3) {
		t.Errorf("a confidence that knows: %v", p)
	}
	wantPanic(t, "replicates", "stats: negative number of replicates", func() { AURCTest(conf, right, -1, 1) })
	wantPanic(t, "length", "stats: confidences and outcomes of unequal length", func() { AURCTest(conf, nil, 1, 1) })
}
