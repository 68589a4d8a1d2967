package centroids

import (
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/blas/blas32"
)

const (
	leastShared = 1 << 18 // numbers that are worth several goroutines
	pieceSize   = 1 << 16 // numbers that are read at once: few enough to stay in a processor's own cache until they are summed
)

// source is what one call adds: a row for each tier, in memory or from read.
type source struct {
	tiers []int
	rows  []float32
	read  func(dst []float32, first int) error // nil: rows
	room  []float32                            // for what is read; each goroutine has its own
}

// block is what rows of one block add up to.
type block struct {
	dims  int
	sums  []float32 // [tier][dim]
	empty []int     // rows a tier without a vector, of those that Sums does not know yet
}

func newBlock(tiers, dims int) *block {
	return &block{dims: dims, sums: make([]float32, tiers*dims), empty: make([]int, tiers)}
}

// add adds the rows of src from one to another.
func (b *block) add(src *source, from, to int) error {
	if src.read == nil {
		b.addRows(src.rows[from*b.dims:to*b.dims], src.tiers[from:to])
		return nil
	}
	size := max(1, min(blockRows, pieceSize/b.dims)) // of a piece, in rows
	if src.room == nil {
		src.room = make([]float32, size*b.dims)
	}
	for ; from < to; from += size {
		tiers := src.tiers[from:min(from+size, to)]
		piece := src.room[:len(tiers)*b.dims]
		if err := src.read(piece, from); err != nil {
			return err
		}
		b.addRows(piece, tiers)
	}
	return nil
}

func (b *block) addRows(rows []float32, tiers []int) {
	for i, tier := range tiers {
		row := rows[i*b.dims : (i+1)*b.dims]
		blas32.Axpy(1,
			blas32.Vector{N: b.dims, Inc: 1, Data: row},
			blas32.Vector{N: b.dims, Inc: 1, Data: b.sums[tier*b.dims : (tier+1)*b.dims]})
		if isZero(row) {
			b.empty[tier]++
		}
	}
}

// addBlocks adds whole blocks of src from a row on. Each is summed from zero, as if
// it were alone, by whichever goroutine is free, and closed in row order. Those that
// wait for an earlier one are so few that memory stays O(tiers × dims) a processor.
// It returns the error of the first block that has one.
func (s *Sums) addBlocks(src source, from, blocks int) error {
	workers := min(runtime.GOMAXPROCS(0), blocks)
	free := make(chan *block, 4*workers) // nil where not made yet
	for range cap(free) {
		free <- nil
	}
	var (
		wg     sync.WaitGroup
		next   atomic.Int64 // to be summed
		mu     sync.Mutex
		summed = make([]*block, cap(free)) // and not closed; block k at k modulo the length
		closed int
		failed = blocks
		err    error
	)
	// one sums a block and closes those that are complete.
	one := func(src *source, b *block, k int) {
		failure := b.add(src, from+k*blockRows, from+(k+1)*blockRows)
		mu.Lock()
		defer mu.Unlock()
		if failure != nil {
			if k < failed {
				failed, err = k, failure
			}
			next.Store(int64(blocks)) // no more
			free <- b
			return
		}
		summed[k%len(summed)] = b
		for first := &summed[closed%len(summed)]; *first != nil; first = &summed[closed%len(summed)] {
			s.close(*first, blockRows)
			free <- *first
			*first = nil
			closed++
		}
	}
	for range workers {
		wg.Go(func() {
			own := src
			own.room = nil
			// With the room first, whoever has the earliest block can finish it.
			for b := range free {
				k := int(next.Add(1)) - 1
				if k >= blocks {
					free <- b // to whoever waits for what a block that failed keeps from closing
					return
				}
				if b == nil {
					b = newBlock(s.tiers, s.dims)
				}
				one(&own, b, k)
			}
		})
	}
	wg.Wait()
	return err
}

// close takes note of the rows that b got last, and closes what they complete.
func (s *Sums) close(b *block, rows int) {
	for k, n := range b.empty {
		s.empty[k] += n
	}
	clear(b.empty)
	s.rows += rows
	if s.rows%blockRows == 0 {
		s.closeBlock(b)
	}
	if s.rows%ShardRows == 0 {
		s.closeShard()
	}
}

func (s *Sums) closeBlock(b *block) {
	for i, v := range b.sums {
		s.shard[i] += float64(v)
	}
	clear(b.sums)
}

func (s *Sums) closeShard() {
	for i, v := range s.shard {
		s.total[i] += v
	}
	clear(s.shard)
}
