package simulate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Sizes are those of counting in a map, small and large, and joined.
func TestGroupSizes(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		var sizes [2]groupSizes
		count := map[int32]int64{}
		groups := 1 + rng.Int32N(50)
		for which := range sizes {
			own := map[int32]bool{}
			for range rng.IntN(300) {
				group := rng.Int32N(groups) * rng.Int32N(2) // every other one is of group 0
				if first := sizes[which].add(group); first == own[group] {
					t.Fatalf("group %d is new: %t", group, first)
				}
				own[group] = true
				count[group]++
			}
		}
		sizes[0].join(&sizes[1])
		var n, squares int64
		for group, size := range count {
			n, squares = n+size, squares+size*size
			if got := sizes[0].size(group); got != size {
				t.Fatalf("group %d: %d requests, want %d", group, got, size)
			}
		}
		if sizes[0].n != n || sizes[0].squares != squares {
			t.Fatalf("%d requests and %d squared, want %d and %d", sizes[0].n, sizes[0].squares, n, squares)
		}
		if n > 0 && sizes[0].effective() != float64(n)*float64(n)/float64(squares) || n == 0 && sizes[0].effective() != 0 {
			t.Fatalf("they count for %g", sizes[0].effective())
		}
	}
}

// The interval of false agreements holds their share, also where a large group decides
// it: 100 wrong ones of one group among 100 right ones.
func TestFalseIntervalOfALargeGroup(t *testing.T) {
	var g groupSizes
	for i := range int32(100) {
		g.add(0)
		g.add(i + 1)
	}
	if i := falseInterval(.5, g.effective()); !(i[0] < .5 && .5 < i[1]) {
		t.Errorf("%v", i)
	}
	// Of equal groups it is Clopper and Pearson's: scipy 1.10.1, binomtest(3, 20).proportion_ci().
	if i := falseInterval(3./20, 20); math.Abs(float64(i[0])-0.03207094) > 1e-7 || math.Abs(float64(i[1])-0.37892683) > 1e-7 {
		t.Errorf("%v", i)
	}
}
