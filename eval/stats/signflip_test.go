package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// itertools.product of all signs in Python; scipy.stats.permutation_test with
// permutation_type='samples', alternative='greater', statistic sum and all
// permutations gives the same in scipy 1.10.1.
func TestSignFlipAgainstScipy(t *testing.T) {
	for _, c := range []struct {
		x    []int
		want float64
	}{
		{[]int{3, 1, 2, -1}, 0.1875},
		{[]int{2, 2, -1, 3, 3, 1, -2, 1, 1}, 0.0625},
		{[]int{1, 2, 3, 4, 5, 6, 7, -3, -2, 10, -8, 5}, 0.06005859375},
		{[]int{0, 3, 0, 1, 2, -1}, 0.1875}, // zeros change nothing
		{nil, 1},
		{[]int{0, 0}, 1},
		{[]int{-4}, 1},
		{[]int{4}, 0.5},
	} {
		if got, exact := SignFlip(c.x, nil, 1, 1); math.Abs(got-c.want) > 1e-15 || !exact {
			t.Errorf("SignFlip(%v) = %v, %t, want %v", c.x, got, exact, c.want)
		}
	}
}

// Every sign pattern, one after the other.
func TestSignFlipEnumerated(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 3))
	for range 100 {
		x := make([]int, 1+rng.IntN(12))
		sum := 0
		for i := range x {
			x[i] = rng.IntN(11) - 4
			sum += x[i]
		}
		atLeast := 0
		for signs := range 1 << len(x) {
			flipped := 0
			for i, v := range x {
				if signs>>i&1 == 1 {
					v = -v
				}
				flipped += v
			}
			if flipped >= sum {
				atLeast++
			}
		}
		want := float64(atLeast) / float64(int(1)<<len(x))
		if got, _ := SignFlip(x, nil, 1, 1); !nearRelative(got, want, 1e-12) {
			t.Fatalf("SignFlip(%v) = %v, want %v", x, got, want)
		}
	}
}

func TestSignFlipOfUnitsIsMcNemar(t *testing.T) {
	for b := range 60 {
		for c := range 60 {
			x := make([]int, 3, 3+b+c)
			for range b {
				x = append(x, 1)
			}
			for range c {
				x = append(x, -1)
			}
			if got, _ := SignFlip(x, nil, 1, 1); !nearRelative(got, McNemarOneSided(b, c), 1e-12) {
				t.Fatalf("b=%d c=%d: %v, want %v", b, c, got, McNemarOneSided(b, c))
			}
		}
	}
}

// Beyond the bound for the exact sum patterns are drawn: 30,000 differences of
// size 1 to 3, whose sum has variance Σx² and is as good as normal.
func TestSignFlipDrawn(t *testing.T) {
	const draws = 20000
	x := make([]int, 30000)
	squares := 0
	for i := range x {
		x[i] = (1 + i%3) * (1 - 2*(i/3%2))
		squares += x[i] * x[i]
	}
	x = append(x, 150, 151) // the others cancel
	squares += 150*150 + 151*151
	got, exact := SignFlip(x, nil, draws, 4)
	// Half a step of 2 is the correction for continuity.
	want := 0.5 * math.Erfc(300/math.Sqrt(float64(squares))/math.Sqrt2)
	if exact || math.Abs(got-want) > 4*math.Sqrt(want*(1-want)/draws) {
		t.Errorf("%v (exact: %t), want about %v", got, exact, want)
	}
	again, _ := SignFlip(x, nil, draws, 4)
	if other, _ := SignFlip(x, nil, draws, 5); again != got || other == got {
		t.Errorf("seed 4: %v and %v, seed 5: %v", got, again, other)
	}
	// Nothing drawn is as large: the least value that draws can give.
	for i := range x {
		x[i] = max(x[i], -x[i])
	}
	if got, _ := SignFlip(x, nil, 999, 4); got != 1.0/1000 {
		t.Errorf("all one way: %v", got)
	}
}

// Differences that are given once with how many there are give what they give one by
// one, drawn or summed.
func TestSignFlipTimes(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 9))
	for _, most := range []int{5, 4000} {
		for range 20 {
			var x, times, each []int
			for range 1 + rng.IntN(8) {
				v, n := rng.IntN(15)-7, rng.IntN(most)
				x, times = append(x, v), append(times, n)
				for range n {
					each = append(each, v)
				}
			}
			got, exact := SignFlip(x, times, 500, 3)
			if want, alike := SignFlip(each, nil, 500, 3); got != want || exact != alike {
				t.Errorf("%v times %v: %v (exact: %t), want %v (%t)", x, times, got, exact, want, alike)
			}
		}
	}
}

func TestLeastPairedP(t *testing.T) {
	for d := range 60 {
		if got := LeastPairedP(d); got != McNemarOneSided(d, 0) {
			t.Errorf("d=%d: %v", d, got)
		}
	}
}

func TestSignFlipPanics(t *testing.T) {
	wantPanic(t, "draws", "stats: fewer than one draw", func() { SignFlip([]int{1}, nil, 0, 1) })
	for _, x := range [][]int{{math.MinInt}, {1 << 53, 1}, {math.MaxInt}} {
		wantPanic(t, "size", "stats: differences too large", func() { SignFlip(x, nil, 1, 1) })
	}
	for _, times := range []int{-1, 1<<53 + 1} {
		wantPanic(t, "times", "stats: differences too large", func() { SignFlip([]int{1}, []int{times}, 1, 1) })
	}
	wantPanic(t, "negative", "stats: negative number of changed pairs", func() { LeastPairedP(-1) })
}
