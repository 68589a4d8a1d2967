package stats

import (
	"math"
	"testing"
)

// mpmath (30 digits): the sum of the doc comment, shares with h first.
func TestPSI(t *testing.T) {
	for _, c := range []struct {
		expected, actual []int
		want             float64
	}{
		{[]int{10, 20, 30}, []int{12, 18, 33}, 0.010999385953223018},
		{[]int{3, 0, 5, 2}, []int{0, 4, 6, 0}, 1.5010465555035153},
		{[]int{50, 30, 15, 5}, []int{4000, 3500, 1800, 700}, 0.04036123203052099},
		{[]int{20, 14, 9, 11, 7, 8, 5, 6, 6, 50}, []int{98123, 71234, 70001, 65002, 51003, 49004, 33005, 30006, 20007, 512615}, 0.10185890803327043},
		{[]int{5000000, 3000000, 2000000}, []int{5001000, 2999500, 1999500}, 4.083357824250264e-08},
		{[]int{0, 5, 0, 9}, []int{0, 50, 0, 81}, 0.002230828378306697},
		{[]int{80, 10, 0, 0, 10}, []int{10, 10, 0, 5, 80}, 2.8398610558609128},
		{[]int{1, 0, 0}, []int{0, 0, 1}, math.Log(3)}, // h = ½: twice 1·ln(1.5/0.5), over 1 + 2·½
	} {
		if got := PSI(c.expected, c.actual); !nearRelative(got, c.want, 1e-11) {
			t.Errorf("PSI(%v, %v) = %v, want %v", c.expected, c.actual, got, c.want)
		}
	}
}

func TestPSIProperties(t *testing.T) {
	a, b := []int{30, 0, 12, 5, 0, 89}, []int{120, 13, 700, 44, 0, 90}
	want := PSI(a, b)
	if got := PSI(b, a); !nearRelative(got, want, 1e-14) {
		t.Errorf("exchanged: %v, want %v", got, want)
	}
	if got := PSI([]int{89, 5, 0, 12, 30}, []int{90, 44, 13, 700, 120}); !nearRelative(got, want, 1e-14) {
		t.Errorf("reordered, and without the empty cell: %v, want %v", got, want)
	}
	for _, factor := range []int{1, 7, 100000} {
		scaled := make([]int, len(a))
		for k, x := range a {
			scaled[k] = factor * x
		}
		if got := PSI(a, scaled); got != 0 {
			t.Errorf("equal shares, factor %d: %v", factor, got)
		}
	}
	if got := PSI([]int{5, 0}, []int{17, 0}); got != 0 {
		t.Errorf("one cell: %v", got)
	}
	for _, undefined := range []float64{PSI(nil, nil), PSI([]int{0}, []int{4}), PSI([]int{4}, []int{0})} {
		if !math.IsNaN(undefined) {
			t.Errorf("an empty side: %v", undefined)
		}
	}
}

// scipy: (1/n + 1/m)*chi2.ppf(level, cells-1).
func TestPSINull(t *testing.T) {
	for _, c := range []struct {
		n, m, cells int
		level, want float64
	}{
		{136, 100000, 20, 0.95, 0.2219450176665135},
		{136, 500, 20, 0.95, 0.28193063680574937},
		{1000, 10000000, 3, 0.99, 0.009211261406013378},
		{10, 10, 2, 0.5, 0.09098728462391441},
		{136, 100000, 200, 0.999, 1.9613836778968659},
		{50, 70, 11, 0.01, 0.0877101312064185},
		{50, 70, 3, 0.95, -2 * math.Log(0.05) * 120 / 3500}, // χ² of 2 degrees is exponential
		{50, 70, 1, 0.95, 0},
		{50, 70, 0, 0.95, 0},
		{0, 70, 3, 0.95, math.NaN()},
		{50, 0, 1, 0.95, math.NaN()},
	} {
		if got := PSINull(c.n, c.m, c.cells, c.level); !near(got, c.want, 1e-11) {
			t.Errorf("PSINull(%d, %d, %d, %v) = %v, want %v", c.n, c.m, c.cells, c.level, got, c.want)
		}
	}
}

func TestPSIPanics(t *testing.T) {
	wantPanic(t, "lengths", "stats: rows of counts of unequal length", func() { PSI([]int{1}, []int{1, 2}) })
	wantPanic(t, "count", "stats: negative count", func() { PSI([]int{1, 2}, []int{1, -2}) })
	wantPanic(t, "items", "stats: negative count", func() { PSINull(-1, 3, 4, 0.95) })
	wantPanic(t, "level", "stats: confidence level outside (0,1)", func() { PSINull(1, 3, 4, 1) })
}
