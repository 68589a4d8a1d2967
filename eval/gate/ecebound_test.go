package gate

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/routeproof/routeproof/eval"
)

// claimed is a world of claims: draw is one prompt's, and rise is by how much the
// candidate's calibration error is truly larger.
type claimed struct {
	name string
	draw func(*rand.Rand) confident
	rise float64
}

// claimsOf draws claims, as prompts that are groups of their own.
func claimsOf(t *testing.T, w claimed, n int, rng *rand.Rand) *pair {
	t.Helper()
	side := &Side{}
	c := &check{base: side, cand: side}
	p := &pair{check: c, claims: claims{on: true, unchanged: true, rows: c.room("confidences")}}
	for range n {
		r := w.draw(rng)
		decided := func(c claim) []decision {
			return []decision{{confidence: c.confidence, pick: map[bool]int8{true: 1, false: 0}[c.right]}}
		}
		if err := p.claims.add(1, decided(r.base), decided(r.cand), true); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// raised is a calibrated baseline, of confidences between .5 and .9, and a
// candidate of the same answers that is so much surer; off is by how much both are
// too sure to begin with.
func raised(off, by float64) func(*rand.Rand) confident {
	return func(rng *rand.Rand) confident {
		p := .5 + .4*rng.Float64()
		right := rng.Float64() < p
		return confident{claim{p + off, right}, claim{p + off + by, right}}
	}
}

// redrawn asks again in a share of prompts, both sides too sure by off.
func redrawn(share, off float64) func(*rand.Rand) confident {
	return func(rng *rand.Rand) confident {
		p := .5 + .4*rng.Float64()
		r := confident{base: claim{p + off, rng.Float64() < p}}
		r.cand = r.base
		if rng.Float64() < share {
			p = .5 + .4*rng.Float64()
			r.cand = claim{p + off, rng.Float64() < p}
		}
		return r
	}
}

// verbal says one of five confidences, which hold; the candidate is surer by so
// much.
func verbal(by float64) func(*rand.Rand) confident {
	return func(rng *rand.Rand) confident {
		p := []float64{.6, .7, .8, .9, .95}[rng.IntN(5)]
		right := rng.Float64() < p
		return confident{claim{p, right}, claim{p + by, right}}
	}
}

// sure is right in 97 %, and knows it; the candidate is surer still.
func sure(rng *rand.Rand) confident {
	u := rng.Float64()
	p := .999 - .1*u*u*u
	right := rng.Float64() < p
	return confident{claim{p, right}, claim{p + .75*(1-p), right}}
}

func calibrationWorlds() []claimed {
	return []claimed{
		{"calibrated, .02 surer", raised(0, .02), .02}, {"calibrated, .05 surer", raised(0, .05), .05}, {"calibrated, .1 surer", raised(0, .1), .1},
		{".08 too sure, .02 surer", raised(.08, .02), .02}, {".05 too sure, mended", raised(.05, -.05), -.05}, {".025 too unsure, .025 too sure", raised(-.025, .05), 0},
		{"five confidences, .02 surer", verbal(.02), .02}, {"five confidences, .05 surer", verbal(.05), .05}, {"sure, surer", sure, .75 * .026},
		{"asked again", redrawn(1, 0), 0}, {"10 % asked again", redrawn(.1, 0), 0}, {".08 too sure, 10 % asked again", redrawn(.1, .08), 0},
	}
}

// A rise that is there is ruled out in about 5 %, and the 95 % interval of a
// comparison covers it in about 95, however good the calibration is. Percentiles of
// a bootstrap rule out 98 % of rises by .05 on 500 prompts.
func TestCalibrationIntervalCovers(t *testing.T) {
	figuresAlone(t)
	sizes, draws := []int{200, 500, 2000}, 150
	if testing.Verbose() {
		draws = 1000
	}
	for i, w := range calibrationWorlds() {
		for _, n := range sizes {
			rng := rand.New(rand.NewPCG(uint64(i), uint64(n)))
			covered, out, passed := 0, 0, [2]int{}
			width := 0.0
			for range draws {
				cells, err := claimsOf(t, w, n, rng).calibrationCells()
				if err != nil {
					t.Fatal(err)
				}
				both, one := calibrationInterval(cells, comparedAt), calibrationInterval(cells, 0.9)
				width += both.High - both.Low
				covered += int(bit(-both.High-1e-12 <= w.rise && w.rise <= -both.Low+1e-12))
				out += int(bit(-one.Low < w.rise-1e-12))
				passed[0] += int(bit(-one.Low < .02))
				passed[1] += int(bit(-one.Low < .05))
			}
			share := func(k int) float64 { return float64(k) / float64(draws) }
			t.Logf("%-32s n = %4d: covered %.3f (width %.3f), ruled out %.3f; below .02 in %.3f, below .05 in %.3f",
				w.name, n, share(covered), width/float64(draws), share(out), share(passed[0]), share(passed[1]))
			if share(covered) < .95-4*se(.95, draws) || share(out) > .05+4*se(.05, draws) {
				t.Errorf("%s, n = %d: the interval covers %.3f; the rise of %g is ruled out in %.3f", w.name, n, share(covered), w.rise, share(out))
			}
		}
	}
}

// Of 100 claims of .7 the baseline gets 72 right and the candidate, on the same
// prompts, 60: gaps of 2 and −10. Chance may have lifted the first by √(2/π)·√21, as
// exact confidences deviate by more than these claims, and the second by
// √(2/π)·√24. With the signs held a group that both get right counts −.3 − .3, one
// that both get wrong .7 + .7, and one of the twelve between .7 − .3.
func TestCalibrationIntervalOfOneBin(t *testing.T) {
	at := 0
	w := claimed{draw: func(*rand.Rand) confident {
		at++
		return confident{claim{.7, at <= 72}, claim{.7, at <= 60}}
	}}
	cells, err := claimsOf(t, w, 100, nil).calibrationCells()
	if err != nil {
		t.Fatal(err)
	}
	half := 1.959963984540054 * math.Sqrt(60*.36+28*1.96+12*.16-8*8/100.+2)
	low, high := 2-10-math.Sqrt(2/math.Pi*21)-half, 2-10+math.Sqrt(2/math.Pi*24)+half
	got := calibrationInterval(cells, .95)
	if !near(eval.Number(got.Low), low/100, 1e-12) || !near(eval.Number(got.High), high/100, 1e-12) {
		t.Errorf("%v, want %v to %v", got, low/100, high/100)
	}
}

// A candidate that asks again is not told to have regressed more often than alpha,
// nor is one of the same calibration whose confidences spread where the baseline's
// do not. A rise by a tenth is found.
func TestCalibrationGateKeepsTheLevel(t *testing.T) {
	const draws, n = 300, 300
	spread := func(rng *rand.Rand) confident {
		p := .5 + .4*rng.Float64()
		right := rng.Float64() < p
		return confident{claim{.7, right}, claim{p, right}}
	}
	for i, w := range []claimed{
		{"asked again", redrawn(.3, 0), 0}, {"too sure, asked again", redrawn(.3, .08), 0}, {"spread", spread, 0}, {".1 surer", raised(0, .1), .1},
	} {
		rng := rand.New(rand.NewPCG(uint64(i), 5))
		regressed := 0
		for range draws {
			p := claimsOf(t, w, n, rng)
			p.draws = 400
			g, err := p.ece(.02)
			if err != nil {
				t.Fatal(err)
			}
			regressed += int(bit(!g.passes && g.P <= .05))
		}
		t.Logf("%s: regressed in %d of %d", w.name, regressed, draws)
		share := float64(regressed) / draws
		if w.rise == 0 && share > .05+4*se(.05, draws) || w.rise > 0 && share < .75 {
			t.Errorf("%s: regressed in %v", w.name, share)
		}
	}
}
