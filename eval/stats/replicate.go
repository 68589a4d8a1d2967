package stats

import "math/rand/v2"

// seedReplicate sets src to the generator of replicate b. The state is a
// one-to-one function of (seed, b), so no two replicates share a stream and
// none depends on those drawn before it. Both words are mixed because streams
// of the same generator from neighbouring states would start out alike.
func seedReplicate(src *rand.PCG, seed uint64, b int) {
	high := mix(seed)
	src.Seed(high, mix(high^uint64(b)))
}

// mix is the output function of SplitMix64, a bijection of 64-bit words.
// Source: Steele, Lea and Flood (2014), OOPSLA, with Stafford's constants.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// uniform returns a multiple of 2⁻⁵³ in [0, 1).
func uniform(src *rand.PCG) float64 {
	return float64(src.Uint64()>>11) * (1.0 / (1 << 53))
}

func checkReplicates(replicates int) {
	if replicates < 0 {
		panic("stats: negative number of replicates")
	}
}

func checkItems(n int) {
	if n < 0 {
		panic("stats: negative count")
	}
}
