package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestHolmByHand(t *testing.T) {
	for _, c := range []struct {
		name    string
		p, want []float64
	}{
		{"none", []float64{}, []float64{}},
		{"one", []float64{0.2}, []float64{0.2}},
		// The four-hypothesis example of "Holm–Bonferroni method", Wikipedia:
		// .005·4, .01·3, .03·2, then .04·1 raised to .06.
		{"four", []float64{0.01, 0.04, 0.03, 0.005}, []float64{0.03, 0.06, 0.06, 0.02}},
		// p.adjust(p, "holm") of R 4.2.2 and multipletests(p, method='holm') of
		// statsmodels 0.13.5.
		{"five", []float64{0.01, 0.04, 0.03, 0.005, 0.8}, []float64{0.04, 0.09, 0.09, 0.025, 0.8}},
		{"ties and cap", []float64{0.5, 0.02, 0.5, 0.02}, []float64{1, 0.08, 1, 0.08}},
		{"zero", []float64{0, 1, 0}, []float64{0, 1, 0}},
	} {
		if diff := cmp.Diff(c.want, Holm(c.p), cmpopts.EquateApprox(0, 1e-15)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// The fifteen p-values of Benjamini and Hochberg (1995), JRSS B 57:289–300,
// section 3.2. Factors 15, 14, … by hand: .0001·15, .0004·14, .0019·13,
// .0095·12, .0201·11, .0278·10, .0298·9 = .2682 raised to .278, .0344·8 = .2752
// raised to .278, .0459·7, .3240·6 and later capped at 1.
func TestHolmBenjaminiHochbergData(t *testing.T) {
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
		0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000}
	want := []float64{0.0015, 0.0056, 0.0247, 0.114, 0.2211, 0.278, 0.278, 0.278,
		0.3213, 1, 1, 1, 1, 1, 1}
	if diff := cmp.Diff(want, Holm(p), cmpopts.EquateApprox(0, 1e-14)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHolmProperties(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		p := make([]float64, rng.IntN(12))
		for i := range p {
			p[i] = float64(rng.IntN(20)) / 200 // many ties
		}
		before := slices.Clone(p)
		adjusted := Holm(p)
		if !slices.Equal(p, before) {
			t.Fatal("input changed")
		}
		for i := range p {
			m := float64(len(p))
			if adjusted[i] < p[i] || adjusted[i] > min(1, m*p[i]) {
				t.Fatalf("adjusted %v outside [p, Bonferroni] of %v", adjusted[i], p[i])
			}
			for j := range p {
				if p[i] <= p[j] && adjusted[i] > adjusted[j] {
					t.Fatalf("order of %v not kept in %v", p, adjusted)
				}
			}
		}
		// Holm's own formulation: reject in order until p₍ⱼ₎ > α/(m−j+1).
		const alpha = 0.0511
		sorted := slices.Sorted(slices.Values(p))
		rejected := 0
		for rejected < len(p) && sorted[rejected]*float64(len(p)-rejected) <= alpha {
			rejected++
		}
		got := 0
		for _, a := range adjusted {
			if a <= alpha {
				got++
			}
		}
		if got != rejected {
			t.Fatalf("%v: %d rejections, want %d", p, got, rejected)
		}
	}
}

func TestHolmPanics(t *testing.T) {
	for _, v := range []float64{-0.1, 1.1, math.NaN()} {
		wantPanic(t, "p", "stats: probability outside [0,1]", func() { Holm([]float64{0.1, v}) })
	}
}
