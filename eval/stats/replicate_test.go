package stats

import (
	"math/rand/v2"
	"testing"
)

// The first outputs of SplitMix64 from state 0, as listed with Vigna's
// reference code (prng.di.unimi.it/splitmix64.c): mix(i·0x9e3779b97f4a7c15).
func TestMixIsSplitMix64(t *testing.T) {
	const golden = 0x9e3779b97f4a7c15
	state := uint64(0)
	for i, want := range []uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f} {
		if got := mix(state); got != want {
			t.Errorf("output %d: %#x, want %#x", i, got, want)
		}
		state += golden
	}
}

func TestReplicateStreamsDiffer(t *testing.T) {
	seen := map[uint64][2]uint64{}
	var src rand.PCG
	for seed := range uint64(100) {
		for b := range 1000 {
			seedReplicate(&src, seed, b)
			first := src.Uint64()
			if other, ok := seen[first]; ok {
				t.Fatalf("seed %d replicate %d starts as seed %d replicate %d", seed, b, other[0], other[1])
			}
			seen[first] = [2]uint64{seed, uint64(b)}
		}
	}
}

func TestUniformRange(t *testing.T) {
	src := rand.NewPCG(1, 1)
	sum := 0.0
	for range 100000 {
		u := uniform(src)
		if u < 0 || u >= 1 {
			t.Fatal(u)
		}
		sum += u / 100000
	}
	if sum < 0.495 || sum > 0.505 { // five standard errors
		t.Errorf("mean %v", sum)
	}
}
