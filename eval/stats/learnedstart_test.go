package stats

import "testing"

// Twice 45 at α = .05, δ = .1.
func TestLearnedStart(t *testing.T) {
	for _, c := range []struct {
		name     string
		accepted []int
		want     int
	}{
		{"first of enough", []int{0, 20, 60, 89, 90, 300}, 4},
		{"of equals the first", []int{10, 95, 95, 95}, 1},
		{"the strictest", []int{90, 100}, 0},
		{"too few", []int{10, 50, 89}, 2},
		{"one", []int{0}, 0},
		{"none", nil, -1},
	} {
		if got := LearnedStart(c.accepted, 0.05, 0.1); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	wantPanic(t, "order", "stats: accepted counts fall", func() { LearnedStart([]int{3, 2}, 0.05, 0.1) })
	wantPanic(t, "negative", "stats: accepted counts fall", func() { LearnedStart([]int{-1}, 0.05, 0.1) })
	wantPanic(t, "alpha", "stats: risk level outside (0,1)", func() { LearnedStart(nil, 0, 0.1) })
}
