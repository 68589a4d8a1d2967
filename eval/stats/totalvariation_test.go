package stats

import (
	"math"
	"testing"
)

// By hand.
func TestTotalVariation(t *testing.T) {
	for _, c := range []struct {
		a, b []int
		want float64
	}{
		{[]int{7, 7}, []int{7, 7}, 0},
		{[]int{1, 2}, []int{100, 200}, 0},
		{[]int{1, 0, 0}, []int{0, 0, 1}, 1},
		{[]int{3, 0, 5, 2}, []int{0, 4, 6, 0}, 0.5},
		{[]int{50, 30, 15, 5}, []int{4000, 3500, 1800, 700}, 0.1},
		{[]int{0, 9}, []int{0, 4}, 0},
		{nil, nil, math.NaN()},
		{[]int{0}, []int{4}, math.NaN()},
		{[]int{4}, []int{0}, math.NaN()},
	} {
		if got := TotalVariation(c.a, c.b); !near(got, c.want, 1e-15) {
			t.Errorf("TotalVariation(%v, %v) = %v, want %v", c.a, c.b, got, c.want)
		}
		if got := TotalVariation(c.b, c.a); !near(got, c.want, 1e-15) {
			t.Errorf("TotalVariation(%v, %v) = %v, want %v", c.b, c.a, got, c.want)
		}
	}
	wantPanic(t, "lengths", "stats: rows of counts of unequal length", func() { TotalVariation([]int{1}, nil) })
	wantPanic(t, "count", "stats: negative count", func() { TotalVariation([]int{-1}, []int{1}) })
}
