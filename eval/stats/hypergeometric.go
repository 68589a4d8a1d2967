package stats

import "math/rand/v2"

// singlesBelow is the number of items up to which moving one after the other is
// faster than a binomial count for each kind.
const singlesBelow = 32

// dealer draws subsets of a pool of items of several kinds without replacement:
// the multivariate hypergeometric distribution, exactly.
type dealer struct {
	pool, drawn, left []int // by kind; drawn + left = pool
	total             int
}

// newDealer keeps pool. Kinds of many items are best put first.
func newDealer(pool []int) *dealer {
	d := &dealer{pool: pool, drawn: make([]int, len(pool)), left: make([]int, len(pool))}
	for _, c := range pool {
		d.total += c
	}
	return d
}

// draw returns how many of each kind a random subset of n items has, 0 ≤ n ≤
// sum of the pool. The slice is reused.
//
// A subset into which every item goes with the same probability is, given its
// size, any of that size with equal probability, and remains so when items
// chosen alike are added or taken away. So binomial counts bring the size close
// to n, with an error of about √n, then of √√n, until single items settle it.
func (d *dealer) draw(src *rand.PCG, n int) []int {
	copy(d.left, d.pool)
	clear(d.drawn)
	for size := 0; size != n; {
		if size < n {
			size += move(src, d.left, d.drawn, d.total-size, n-size)
		} else {
			size -= move(src, d.drawn, d.left, size, size-n)
		}
	}
	return d.drawn
}

// move takes items at random out of from, which has total, and puts them into
// to: about count of them, or exactly where count is small. It returns how many.
func move(src *rand.PCG, from, to []int, total, count int) int {
	if count <= singlesBelow {
		rng := rand.New(src) // keeps no state of its own
		for i := range count {
			k, item := 0, int(rng.Uint64N(uint64(total-i)))
			for item >= from[k] {
				item -= from[k]
				k++
			}
			from[k]--
			to[k]++
		}
		return count
	}
	each := newBinomial(float64(count) / float64(total))
	moved := 0
	for k, c := range from {
		x := each.draw(src, c)
		from[k] -= x
		to[k] += x
		moved += x
	}
	return moved
}
