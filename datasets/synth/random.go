package synth

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"sort"
)

// A stream is a use of random numbers. Streams are independent, so that a
// change of one part of a row leaves the others as they are.
type stream uint64

const (
	streamVocabulary stream = iota + 1
	streamCopy
	streamLatent
	streamText
	streamChange
	streamOutcome
	streamResponse
	streamAnswer
	streamRequest
)

// random is PCG with the draws that are needed here.
type random struct{ pcg rand.PCG }

// newRandom returns the numbers of row i, and of part m of it.
func newRandom(seed uint64, s stream, i, m int) random {
	return random{*rand.NewPCG(fmix(fmix(seed)+uint64(s)), fmix(fmix(uint64(i))+uint64(m)))}
}

// fmix is MurmurHash3's 64-bit finaliser.
func fmix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// uniform draws from (k + ½)/2⁵², k = 0 … 2⁵² − 1: never 0 or 1.
func (r *random) uniform() float64 { return (float64(r.pcg.Uint64()>>12) + .5) / (1 << 52) }

// normal draws from N(0, 1) by inversion.
func (r *random) normal() float64 { return quantile(r.uniform()) }

// below draws from 0 … n − 1, n > 0.
func (r *random) below(n int) int {
	hi, _ := bits.Mul64(r.pcg.Uint64(), uint64(n))
	return int(hi)
}

// pick draws an index with weights whose running sums end at 1.
func (r *random) pick(sums []float64) int { return place(sums, r.uniform()) }

// place returns the first index whose running sum exceeds u.
func place(sums []float64, u float64) int {
	return min(sort.Search(len(sums), func(i int) bool { return sums[i] > u }), len(sums)-1)
}

// running returns the running sums of n weights as shares of their total. The
// last is 1.
func running(n int, weight func(int) float64) []float64 {
	sums := make([]float64, n)
	total := 0.0
	for i := range sums {
		total += weight(i)
		sums[i] = total
	}
	for i := range sums {
		sums[i] /= total
	}
	return sums
}

// phi is the standard normal distribution function Φ.
func phi(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// quantile is Φ⁻¹.
func quantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// A law draws ranks 0 … n−1 with probability ∝ (rank+1)^−s in constant time:
// Walker's alias method, tables as by Vose, "A linear algorithm for generating
// random numbers with a given distribution", IEEE TSE 17 (1991).
type law struct {
	accept []uint32 // of 2³²
	alias  []uint32
}

func newLaw(n int, s float64) law {
	weight := make([]float64, n)
	total := 0.0
	for i := range weight {
		weight[i] = math.Pow(float64(i+1), -s)
		total += weight[i]
	}
	l := law{make([]uint32, n), make([]uint32, n)}
	var small, large []int
	for i := range weight {
		weight[i] *= float64(n) / total
		if weight[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		i, j := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		l.accept[i], l.alias[i] = uint32(weight[i]*(1<<32)), uint32(j)
		if weight[j] -= 1 - weight[i]; weight[j] < 1 {
			large = large[:len(large)-1]
			small = append(small, j)
		}
	}
	for _, rest := range [][]int{small, large} {
		for _, i := range rest {
			l.alias[i] = uint32(i)
		}
	}
	return l
}

func (l law) draw(r *random) int {
	u := r.pcg.Uint64()
	i := u >> 32 * uint64(len(l.accept)) >> 32
	if uint32(u) < l.accept[i] {
		return int(i)
	}
	return int(l.alias[i])
}
