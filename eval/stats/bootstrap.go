package stats

import "math/rand/v2"

// Multinomial returns replicates values of a statistic of a table of counts
// under the bootstrap of its items. Entry b is stat of the b-th table that
// MultinomialEach draws, of which the requirements, cost and panics hold. stat
// may return NaN where the statistic is undefined; it must not keep the slice.
func Multinomial(counts []int, replicates int, seed uint64, stat func(counts []int) float64) []float64 {
	checkReplicates(replicates)
	values := make([]float64, replicates)
	MultinomialEach(counts, replicates, seed, func(b int, drawn []int) { values[b] = stat(drawn) })
	return values
}

// MultinomialEach draws tables of sum(counts) items from the multinomial
// distribution with the observed shares counts[i]/sum(counts), which is the
// distribution of the table of items drawn with replacement, and calls visit
// for replicate 0, 1, … in order on the calling goroutine. Drawing many
// statistics in one pass keeps them paired.
//
// The slice visit receives is aligned with counts, sums to the same total, and
// is reused: visit may change it but must not keep it. A cell of count zero
// stays zero. Each cell is an exact binomial given the cells before it, so the
// cost is O(replicates × cells) whatever the counts. Replicate b is a function
// of counts, seed and b alone. It panics on a negative count or replicates.
func MultinomialEach(counts []int, replicates int, seed uint64, visit func(replicate int, counts []int)) {
	checkReplicates(replicates)
	total := 0
	for _, c := range counts {
		if c < 0 {
			panic("stats: negative count")
		}
		total += c
	}
	samplers := make([]binomial, len(counts))
	left := total
	for i, c := range counts {
		if c > 0 {
			// The last cell in use has probability 1 and takes what is left.
			samplers[i] = newBinomial(float64(c) / float64(left))
			left -= c
		}
	}
	drawn := make([]int, len(counts))
	var src rand.PCG
	for b := range replicates {
		seedReplicate(&src, seed, b)
		left := total
		for i := range samplers {
			drawn[i] = samplers[i].draw(&src, left)
			left -= drawn[i]
		}
		visit(b, drawn)
	}
}

// Resample draws bootstrap samples of n items, or n clusters of items, with
// replacement, and calls visit for replicate 0, 1, … in order on the calling
// goroutine. weights has length n; weights[i] says how often item i was drawn,
// a whole number; the weights sum to n. The slice is reused: visit may change
// it but must not keep it. Where prompts share a source, n must count the
// sources, or the interval is too narrow.
//
// It takes O(n) a replicate. Replicate b is a function of n, seed and b alone.
// With n = 0 every sample is empty. It panics on a negative n or replicates.
func Resample(n, replicates int, seed uint64, visit func(replicate int, weights []float64)) {
	checkItems(n)
	checkReplicates(replicates)
	weights := make([]float64, n)
	var src rand.PCG
	for b := range replicates {
		seedReplicate(&src, seed, b)
		drawWeights(&src, weights)
		visit(b, weights)
	}
}

// Dot returns Σ a[i]·b[i], such as a sum of values under the weights of a bootstrap
// sample. b is at least as long as a. Element i goes to sum i mod 4, those left over
// to the first, and the result is (s0 + s1) + (s2 + s3): one sum would wait for
// itself.
func Dot(a, b []float64) float64 {
	var s DotSum
	s.Add(a, b)
	return s.Sum()
}

// A DotSum is what [Dot] gives, of values that come in parts. The zero value is that
// of none.
type DotSum struct{ s0, s1, s2, s3 float64 }

// Add adds a part. All parts but the last have a multiple of four values.
func (s *DotSum) Add(a, b []float64) {
	s0, s1, s2, s3 := s.s0, s.s1, s.s2, s.s3
	b = b[:len(a)]
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += float64(a[i] * b[i])
		s1 += float64(a[i+1] * b[i+1])
		s2 += float64(a[i+2] * b[i+2])
		s3 += float64(a[i+3] * b[i+3])
	}
	for ; i < len(a); i++ {
		s0 += float64(a[i] * b[i])
	}
	*s = DotSum{s0, s1, s2, s3}
}

// Sum returns the sum of all parts.
func (s *DotSum) Sum() float64 { return (s.s0 + s.s1) + (s.s2 + s.s3) }
