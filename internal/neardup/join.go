package neardup

import (
	"cmp"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// wordParts is into how many parts the keys of words are cut, to need less
	// memory at a time.
	wordParts = 16
	// Words that more texts than these share are a template.
	maxSharers = 4
	// maxFamily is how many different texts word keys may join. They form a
	// chain where a template has two places to fill in.
	maxFamily = 8
	// representatives is with how many members of a bucket another is compared.
	representatives = 8
)

// joiner joins texts into groups. They go by rank, so that the order in which they
// came does not matter.
type joiner struct {
	f *Finder

	mu       sync.Mutex
	all      Sets
	words    Sets   // by words alone
	template bitSet // one of more that share their words than a family has
	err      error  // the first
}

// bitSet is a set of the numbers from 0 on.
type bitSet []uint64

func (b bitSet) set(i int32) { b[i/64] |= 1 << (i % 64) }

func (b bitSet) count() int {
	n := 0
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

func newJoiner(f *Finder) *joiner {
	n := len(f.places)
	return &joiner{f: f, all: NewSets(n), words: NewSets(n), template: make(bitSet, (n+63)/64)}
}

// worker is one of those that join at once, with room that it uses again.
type worker struct {
	*joiner
	entries  []uint64
	block    []sketch // that are read back
	compared []sketch // the representatives of a bucket and one more
}

// joinAll joins the texts by each band, by each part of the word keys and as if
// words had no ends. None looks at what another has joined, so their order does not matter.
func (j *joiner) joinAll() error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), maxWorkers) {
		wg.Go(func() {
			w := worker{
				joiner: j, entries: make([]uint64, 0, max(len(j.f.places), slices.Max(j.f.words[:]))),
				block: make([]sketch, blockLen), compared: make([]sketch, representatives+1),
			}
			var err error
			for err == nil {
				w.entries = w.entries[:0]
				switch task := int(next.Add(1)) - 1; {
				case task < bands:
					err = w.joinBand(task)
				case task < bands+wordParts:
					err = w.joinWords(uint64(task - bands))
				case task == bands+wordParts:
					err = w.joinSolid()
				default:
					return
				}
			}
			j.mu.Lock()
			defer j.mu.Unlock()
			j.err = cmp.Or(j.err, err)
		})
	}
	wg.Wait()
	j.takeFamilies()
	return j.err
}

// takeFamilies joins what words joined, but for sets that are too large.
func (j *joiner) takeFamilies() {
	size := make([]int32, len(j.words))
	for rank := range j.words {
		size[j.words.Root(int32(rank))]++
	}
	for rank := range j.words {
		if first := j.words.Root(int32(rank)); size[first] <= maxFamily {
			j.all.Join(int32(rank), first)
		} else {
			j.template.set(int32(rank))
		}
	}
}

// joinBand joins the similar ones of the texts that agree in a band.
func (w *worker) joinBand(band int) error {
	err := w.f.sketches.each(w.block, func(k *sketch) {
		if k.banded {
			w.entries = append(w.entries, entry(k.bandKey(band), k.rank))
		}
	})
	if err != nil {
		return err
	}
	return w.join(w.all, len(w.entries), (*sketch).similar)
}

// joinWords joins the texts that are one word apart, of those with a word key
// in this part of the keys.
func (w *worker) joinWords(part uint64) error {
	err := w.f.sketches.each(w.block, func(k *sketch) {
		k.wordKeys(func(key uint64) {
			if key%wordParts == part {
				w.entries = append(w.entries, entry(key, k.rank))
			}
		})
	})
	if err != nil {
		return err
	}
	return w.join(w.words, maxSharers, (*sketch).oneWordApart)
}

// joinSolid joins the texts whose words differ only in where they end.
func (w *worker) joinSolid() error {
	if err := w.f.sketches.each(w.block, func(k *sketch) { w.entries = append(w.entries, entry(k.solid, k.rank)) }); err != nil {
		return err
	}
	return w.join(w.all, len(w.entries), func(a, b *sketch) bool { return a.solid == b.solid })
}

// entry puts a text under the upper half of a key. That different keys may
// share it is no harm: a pair is joined only once it is compared.
func entry(key uint64, rank int32) uint64 { return key>>32<<32 | uint64(rank) }

// join joins the texts under one key that are near each other. More than most
// under it are a template.
func (w *worker) join(into Sets, most int, near func(a, b *sketch) bool) error {
	slices.Sort(w.entries)
	entries := slices.Compact(w.entries)
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n]>>32 == entries[0]>>32 {
			n++
		}
		if n > most {
			w.mu.Lock()
			for _, e := range entries[:n] {
				w.template.set(int32(uint32(e)))
			}
			w.mu.Unlock()
		} else if n > 1 {
			if err := w.joinNear(into, entries[:n], near); err != nil {
				return err
			}
		}
		entries = entries[n:]
	}
	return nil
}

// joinNear joins near pairs of a bucket, enough to connect those that are
// near. In a small bucket all are compared; in a large one each with the last
// few that were near to none before, in the order of ranks.
func (w *worker) joinNear(into Sets, bucket []uint64, near func(a, b *sketch) bool) error {
	own := w.compared[representatives:]
	n := 0
	for _, e := range bucket {
		alone := true
		if err := w.f.sketches.get(w.f.places[uint32(e)], own); err != nil {
			return err
		}
		for i := range w.compared[:min(n, representatives)] {
			other := &w.compared[i]
			if near(&own[0], other) {
				w.mu.Lock()
				into.Join(own[0].rank, other.rank)
				w.mu.Unlock()
				alone = false
			}
		}
		if alone || len(bucket) <= representatives {
			w.compared[n%representatives] = own[0]
			n++
		}
	}
	return nil
}
