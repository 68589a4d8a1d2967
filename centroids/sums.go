package centroids

import (
	"fmt"
	"math"
)

// Rows are summed in float32 within a block and in float64 across the blocks
// of a shard; each shard starts from zero and shards are added in row order.
// Cutting work at shard edges only therefore gives the bytes of one pass.
const (
	blockRows = 256
	// ShardRows is the number of rows in a shard: the unit in which sums can
	// be computed apart and merged without changing a bit of the result.
	ShardRows = 65536
)

// Sums accumulates one vector sum a tier, in row order. Memory is O(tiers ×
// dims), whatever the number of rows.
type Sums struct {
	tiers, dims int
	total       []float64 // [tier][dim] of the finished shards
	shard       []float64 // [tier][dim] of the current shard's finished blocks
	block       *block    // the current one
	counts      []int     // rows a tier, those without a vector included
	empty       []int     // rows a tier without a vector
	rows        int
}

// NewSums returns empty sums for the given shape.
func NewSums(tiers, dims int) *Sums {
	if tiers <= 0 || dims <= 0 {
		panic("centroids: sums need at least one tier and one dimension")
	}
	return &Sums{
		tiers:  tiers,
		dims:   dims,
		total:  make([]float64, tiers*dims),
		shard:  make([]float64, tiers*dims),
		block:  newBlock(tiers, dims),
		counts: make([]int, tiers),
		empty:  make([]int, tiers),
	}
}

// Add adds row-major vectors of shape [len(tiers)][dims] to the sums of their
// tiers, in time O(len(rows)), on all processors where that is many numbers. The
// bits of the sums depend neither on the number of processors nor on how rows are
// cut into calls. It panics where a length or a tier is out of range, and adds
// nothing then.
func (s *Sums) Add(rows []float32, tiers []int) {
	if len(rows) != len(tiers)*s.dims {
		panic("centroids: rows and tiers differ in length")
	}
	_ = s.add(source{tiers: tiers, rows: rows}) // only reading has errors
}

// AddFrom is [Sums.Add] of rows that read gives, to the same bits. It fills dst,
// row-major, with rows from the first-th of this call on, and is called for some
// 256 KiB at a time, in no order, by several goroutines at once. An error of it is
// returned, the one of the earliest rows where there are several; the sums are of no
// use then.
func (s *Sums) AddFrom(tiers []int, read func(dst []float32, first int) error) error {
	return s.add(source{tiers: tiers, read: read})
}

func (s *Sums) add(src source) error {
	for _, tier := range src.tiers {
		if tier < 0 || tier >= s.tiers {
			panic("centroids: tier out of range")
		}
	}
	for _, tier := range src.tiers {
		s.counts[tier]++
	}
	for from, n := 0, 0; from < len(src.tiers); from += n {
		n = min(len(src.tiers)-from, blockRows-s.rows%blockRows)
		if whole := (len(src.tiers) - from) / blockRows; n == blockRows && whole*blockRows*s.dims >= leastShared {
			n = whole * blockRows
			if err := s.addBlocks(src, from, whole); err != nil {
				return err
			}
			continue
		}
		if err := s.block.add(&src, from, from+n); err != nil {
			return err
		}
		s.close(s.block, n)
	}
	return nil
}

// Merge appends the rows of next after those of s. To keep the result equal
// to one pass, s must hold a whole number of shards and next at most one; it
// panics otherwise. next must not be used afterwards.
func (s *Sums) Merge(next *Sums) {
	if next.tiers != s.tiers || next.dims != s.dims {
		panic("centroids: merge of sums of different shapes")
	}
	if s.rows%ShardRows != 0 || next.rows > ShardRows {
		panic("centroids: merge away from a shard edge")
	}
	next.closeBlock(next.block)
	next.closeShard()
	for i, v := range next.total {
		s.shard[i] += v
	}
	for k := range s.counts {
		s.counts[k] += next.counts[k]
		s.empty[k] += next.empty[k]
	}
	s.rows += next.rows
	if s.rows%ShardRows == 0 {
		s.closeShard()
	}
}

// Counts returns the rows of each tier and how many of them had no vector.
func (s *Sums) Counts() (rows, empty []int) {
	return append([]int(nil), s.counts...), append([]int(nil), s.empty...)
}

// Centroids returns the unit vector of each tier's sum; names labels the tiers in
// errors. See [Sums.Centroid].
func (s *Sums) Centroids(names []string) ([][]float32, error) {
	centroids := make([][]float32, s.tiers)
	for k := range centroids {
		var err error
		if centroids[k], err = s.Centroid(k, names[k]); err != nil {
			return nil, err
		}
	}
	return centroids, nil
}

// Centroid returns the unit vector of the tier's sum, which is that of its mean
// too. name stands for the tier in errors. A tier without a row, or whose vectors
// are all absent or cancel out, has no direction: that is [ErrNoDirection]. The
// sums can be added to afterwards.
func (s *Sums) Centroid(tier int, name string) ([]float32, error) {
	if s.counts[tier] == 0 {
		return nil, fmt.Errorf("%w: %s has no training text: label some, or leave the tier out", ErrNoDirection, name)
	}
	mean := make([]float64, s.dims)
	var square float64
	for d := range mean {
		i := tier*s.dims + d
		mean[d] = s.total[i] + (s.shard[i] + float64(s.block.sums[i]))
		square += float64(mean[d] * mean[d])
	}
	// Below this the direction is rounding noise of unit summands.
	if norm := math.Sqrt(square); !(norm > 1e-6*float64(s.counts[tier])) || math.IsInf(norm, 1) {
		return nil, fmt.Errorf("%w: %s: the vectors of its %d training texts are absent, all zeros or cancel out (%d are absent or zeros)",
			ErrNoDirection, name, s.counts[tier], s.empty[tier])
	}
	centroid := make([]float32, s.dims)
	scale := 1 / math.Sqrt(square)
	for d, v := range mean {
		centroid[d] = float32(v * scale)
	}
	return centroid, nil
}

func isZero(row []float32) bool {
	for _, v := range row {
		if v != 0 {
			return false
		}
	}
	return true
}
