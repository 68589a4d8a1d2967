package neardup

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// A set holds what a map does, of hashes near each other too.
func TestHashSet(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 15, 16, 17, 1000, 50_000} {
		for _, most := range []uint64{1 << 10, 1 << 63} {
			var set hashSet
			want := map[uint64]bool{}
			for range n {
				hash := 1 + rng.Uint64N(most)
				if added := set.add(hash); added == want[hash] {
					t.Fatalf("%d is new: %t", hash, added)
				}
				want[hash] = true
			}
			if room := len(set.slots); set.n != len(want) || room > max(16, 2*len(want)+4) {
				t.Errorf("%d hashes in %d slots, want %d", set.n, room, len(want))
			}
			if got := set.sorted(); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
				t.Errorf("%d hashes below %d are not sorted", n, most)
			}
			if !set.add(1) || set.n != 1 {
				t.Error("the set is not empty when its hashes are taken")
			}
		}
	}
}
