package stats

import (
	"math"
	"testing"
)

// Values of scipy 1.10.1: scipy.stats.fisher_exact([[a, b], [c, d]]).
func TestFisher(t *testing.T) {
	for _, x := range []struct {
		a, b, c, d int
		want       float64
	}{
		{3, 1, 2, 6, 0.222222222222222},
		{0, 5, 10, 3, 0.0065359477124183},
		{10, 10, 10, 10, 1},
		{17, 1003, 40, 2100, 0.775726188080055},
		{0, 0, 3, 4, 1},
		{5, 0, 0, 5, 0.00793650793650794},
		{83, 17, 650, 350, 0.000209344521289956},
		{2, 98, 30, 70, 2.5649824499365e-08},
		{1, 0, 0, 1, 1},
		{0, 0, 0, 0, 1},
		{5000, 0, 0, 5000, 0},
	} {
		got := Fisher(x.a, x.b, x.c, x.d)
		if math.Abs(got-x.want) > 1e-9*x.want+1e-300 {
			t.Errorf("%+v: %.15g, expected %.15g", x, got, x.want)
		}
		for _, same := range []float64{Fisher(x.c, x.d, x.a, x.b), Fisher(x.b, x.a, x.d, x.c), Fisher(x.a, x.c, x.b, x.d)} {
			if math.Abs(got-same) > 1e-9*got {
				t.Errorf("%+v: %g, turned round %g", x, got, same)
			}
		}
	}
}
