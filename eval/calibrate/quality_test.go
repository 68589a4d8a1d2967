package calibrate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/eval/stats"
)

// gradedOf makes n requests of one score, of which the cheap of two models fails
// lost and the dear one gained.
func gradedOf(prefix string, n, lost, gained int, score float64) []Graded {
	rows := make([]Graded, n)
	for i := range rows {
		rows[i] = Graded{ID: fmt.Sprintf("%s%g-%04d", prefix, score, i), Score: score, Quality: []float64{1, 1}, Cost: []float64{1, 10}}
		switch {
		case i < lost:
			rows[i].Quality[0] = 0
		case i < lost+gained:
			rows[i].Quality[1] = 0
		}
	}
	return rows
}

// Easy requests lose nothing, hard ones half of their quality.
func TestQualityLossByHand(t *testing.T) {
	easy := func(prefix string) []Graded { return gradedOf(prefix, 200, 0, 0, 1) }
	hard := func(prefix string) []Graded { return gradedOf(prefix, 200, 100, 0, 2) }
	r, err := QualityLoss(slices.Concat(easy("t"), hard("t")), slices.Concat(easy("c"), hard("c")), Level{0.05, 0.9}, "salt")
	r = must(t, r, err)
	s := r.Setting
	if !r.Certified || s.Place != 0 || s.Thresholds[0] != 2 || s.N != 400 || s.Errors != 0 || s.Risk != 0 || s.Share != 0.5 || !near(float64(s.CostShare), 0.55) || r.Tested != 2 || r.Settings != 2 {
		t.Fatalf("%+v %+v", r, s)
	}
	if want := stats.RiskBetting(make([]float64, 400), 0.05, 0.1); s.P != want || r.Heuristic.Place != 0 {
		t.Errorf("p %v, want %v", s.P, want)
	}
	want := "Certified with 90 % confidence: mean quality is at most 5 points below that of the dearest model alone (scores from which each dearer model is asked: 2). " +
		"Seen: 0 points in the mean of 400 requests, 0 of which lose quality; kept from the dearest model: 50 % of all."
	if r.Sentence != want {
		t.Errorf("%q", r.Sentence)
	}
	if c, ok := r.Certificate(); !ok || c.N != 400 || c.Method != "betting, fixed sequence" {
		t.Errorf("%+v", c)
	}

	// With 25 points of loss tolerated the cheap model alone just about fails, with 35 it passes.
	r, err = QualityLoss(slices.Concat(easy("t"), hard("t")), slices.Concat(easy("c"), hard("c")), Level{0.35, 0.9}, "salt")
	if r = must(t, r, err); !r.Certified || !math.IsInf(float64(r.Setting.Thresholds[0]), 1) || r.Setting.Errors != 100 || r.Setting.Share != 1 || !near(float64(r.Setting.CostShare), 0.1) || r.Setting.Upper > 0.35 || r.Setting.Upper < 0.27 {
		t.Errorf("%+v %+v", r, r.Setting)
	}
}

// Too few requests, and more of the same kind.
func TestMoreForBetting(t *testing.T) {
	tune, certify := gradedOf("t", 100, 0, 0, 1), gradedOf("c", 100, 1, 0, 1)
	r, err := QualityLoss(tune, certify, Level{0.02, 0.9}, "salt")
	r = must(t, r, err)
	if r.Certified || r.Never || r.More < 100 {
		t.Fatalf("%+v", r)
	}
	losses := lossesOf(shuffled(certify, "salt"), []float64{math.Inf(1)})
	passes := func(n int) bool {
		all := make([]float64, n)
		for i := range all {
			all[i] = losses[i%100]
		}
		return stats.RiskBetting(all, 0.02, 0.1) <= 0.1
	}
	if n := 100 + r.More; !passes(n) || passes(n-1) {
		t.Errorf("%d more: with that %t, with one less %t", r.More, passes(n), passes(n-1))
	}
	r, err = QualityLoss(tune, gradedOf("c", 100, 2, 0, 1), Level{0.02, 0.9}, "salt")
	if r = must(t, r, err); r.Certified || !r.Never {
		t.Errorf("%+v", r)
	}
	r, err = QualityLoss(tune, nil, Level{0.02, 0.9}, "salt")
	if r = must(t, r, err); r.Certified || r.Never || r.More < 100 || r.N != 0 {
		t.Errorf("%+v", r)
	}
	r, err = QualityLoss(nil, certify, Level{0.02, 0.9}, "salt")
	if r = must(t, r, err); r.Certified || r.First != nil {
		t.Errorf("%+v", r)
	}
}

// Three models that cost 1, 2 and 10, and are equally good on the easy half. On
// the hull lie: the halves to first and last (5.5 a request, 1), to first and
// second (1.5, .75), and all to the first (1, .6). Other settings are between.
func TestSettingsOfThree(t *testing.T) {
	var tune []Graded
	for i := range 8 {
		g := Graded{ID: fmt.Sprint(i), Score: float64(i), Quality: []float64{0.2, 0.5, 1}, Cost: []float64{1, 2, 10}}
		if i < 4 {
			g.Quality = []float64{1, 1, 1}
		}
		tune = append(tune, g)
	}
	got, err := settingsOf(tune)
	if err != nil {
		t.Fatal(err)
	}
	want := "[[1 1] [2 2] [3 3] [4 4] [4 5] [4 6] [4 7] [4 +Inf] [5 +Inf] [6 +Inf] [7 +Inf] [+Inf +Inf]]"
	if fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	// Without costs only the last costs anything, so none is kept from the second.
	for i := range tune {
		tune[i].Cost = nil
	}
	got, err = settingsOf(tune)
	if want := "[[1 1] [2 2] [3 3] [4 4] [4 5] [4 6] [4 7] [4 +Inf]]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	tune = append(tune, Graded{ID: "none", Score: math.NaN(), Quality: make([]float64, 3)})
	for _, from := range [][]float64{{math.Inf(-1), math.Inf(-1)}, {0, 1}, {math.Inf(1), math.Inf(1)}} {
		if m := tune[8].model(from); m != 2 {
			t.Errorf("without a score to model %d", m)
		}
	}
}

func TestTwoModelSettings(t *testing.T) {
	inf := math.Inf(1)
	var tune []Graded
	for i, s := range []float64{2, 1, 3, 2, math.NaN(), -inf, inf} {
		tune = append(tune, Graded{ID: fmt.Sprint(i), Score: s, Quality: []float64{0, 1}})
	}
	got, err := settingsOf(tune)
	if err != nil || fmt.Sprint(got) != "[[1] [2] [3] [+Inf] [+Inf]]" {
		t.Errorf("%v %v", got, err)
	}
	shares, cost := spread(tune, []float64{3})
	if !near(float64(shares[0]), 4.0/7) || !near(float64(shares[1]), 3.0/7) || !math.IsNaN(float64(cost)) {
		t.Errorf("%v %v", shares, cost)
	}
}

// p-values equal those of every setting by itself, on rows in the order of the
// hash, whatever order they come in; labels of the split that certifies change
// nothing that is chosen.
func TestBettingOneAtATime(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	for models := 2; models <= 3; models++ {
		draw := func(prefix string) []Graded {
			rows := make([]Graded, 200)
			for i := range rows {
				g := Graded{ID: fmt.Sprint(prefix, i), Score: float64(rng.IntN(20))}
				for m := range models {
					g.Quality = append(g.Quality, float64(rng.IntN(3))/2)
					g.Cost = append(g.Cost, float64(1+5*m))
				}
				rows[i] = g
			}
			return rows
		}
		tune, certify := draw("t"), draw("c")
		level := Level{0.2, 0.9}
		r, err := QualityLoss(tune, certify, level, "salt")
		r = must(t, r, err)
		slices.Reverse(tune)
		slices.Reverse(certify)
		again, err := QualityLoss(tune, certify, level, "salt")
		if again = must(t, again, err); written(t, again) != written(t, r) {
			t.Errorf("in another order %+v, was %+v", again, r)
		}
		from := make([]float64, models-1)
		for m := range from {
			from[m] = float64(r.First.Thresholds[m])
		}
		rows := shuffled(certify, "salt")
		var losses []float64
		for _, g := range rows {
			m := 0
			for m < models-1 && g.Score >= from[m] {
				m++
			}
			losses = append(losses, g.Quality[models-1]-g.Quality[m])
		}
		if p := stats.RiskBetting(losses, 0.2, 0.1); p != r.First.P {
			t.Errorf("p %v, want %v", r.First.P, p)
		}
		if m, err := MeasureQuality(certify, r.First.Thresholds, "salt"); err != nil || m.Loss.Value != r.First.Risk || m.CostShare != r.First.CostShare || m.Loss.High < r.First.Upper || m.Loss.Low > m.Loss.Value {
			t.Errorf("%+v %v, want %+v", m, err, r.First)
		}
		for i := range certify {
			for m := range models {
				certify[i].Quality[m] = float64(rng.IntN(2))
			}
		}
		other, err := QualityLoss(tune, certify, level, "salt")
		if other = must(t, other, err); fmt.Sprint(other.First.Thresholds, other.First.Place, other.Settings, other.Heuristic.Thresholds) != fmt.Sprint(r.First.Thresholds, r.First.Place, r.Settings, r.Heuristic.Thresholds) {
			t.Errorf("with other labels %+v, was %+v", other.First, r.First)
		}
	}
}

func TestQualityFaults(t *testing.T) {
	good := Graded{ID: "a", Quality: []float64{0, 1}, Cost: []float64{1, 2}}
	for _, c := range []struct {
		want string
		bad  Graded
	}{
		{"two or more models, the same for all, found 1", Graded{ID: "b", Quality: []float64{1}}},
		{"expected 2 costs, as others have, found 0", Graded{ID: "b", Quality: []float64{1, 1}}},
		{"expected qualities from 0 to 1", Graded{ID: "b", Quality: []float64{1, math.NaN()}, Cost: []float64{1, 1}}},
		{"expected qualities from 0 to 1", Graded{ID: "b", Quality: []float64{1, 1.5}, Cost: []float64{1, 1}}},
		{"expected costs of at least 0", Graded{ID: "b", Quality: []float64{1, 1}, Cost: []float64{-1, 1}}},
		{`"a" is in tune and`, good},
	} {
		if _, err := QualityLoss([]Graded{good}, []Graded{c.bad}, Level{0.1, 0.9}, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("expected %q, found %v", c.want, err)
		}
	}
	if _, err := QualityLoss(nil, nil, Level{0.1, 2}, ""); err == nil {
		t.Error("a confidence of 2")
	}
	if _, err := MeasureQuality(nil, nil, ""); err == nil {
		t.Error("measured on nothing")
	}
	if _, err := MeasureQuality([]Graded{good}, []Threshold{1, 2}, ""); err == nil || !strings.Contains(err.Error(), "1 in all, found 2") {
		t.Error(err)
	}
}
