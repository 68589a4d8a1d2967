package neardup

import (
	"cmp"
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

// joiner joins texts into groups. Texts go by number, which depends on the
// order in which they came, or by rank, which does not.
type joiner struct {
	f      *Finder
	rank   []int32 // number → rank by hash
	ranked []int32 // rank → number

	mu       sync.Mutex
	all      Sets
	words    Sets   // by words alone
	template []bool // number → one of more that share their words than a family has
	err      error  // the first
}

func newJoiner(f *Finder) *joiner {
	n := len(f.ids)
	j := &joiner{f: f, rank: make([]int32, n), ranked: make([]int32, n), all: NewSets(n), words: NewSets(n), template: make([]bool, n)}
	type text struct {
		hash uint64
		id   int32
	}
	texts := make([]text, 0, n)
	for hash, id := range f.ids {
		texts = append(texts, text{hash, id})
	}
	slices.SortFunc(texts, func(a, b text) int { return cmp.Compare(a.hash, b.hash) })
	for rank, t := range texts {
		j.rank[t.id], j.ranked[rank] = int32(rank), t.id
	}
	return j
}

// joinAll joins the texts by each band, by each part of the word keys and as if
// words had no ends. None looks at what another has joined, so their order does not matter.
func (j *joiner) joinAll() error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), maxWorkers) {
		wg.Go(func() {
			var entries []uint64
			var err error
			for err == nil {
				switch task := int(next.Add(1)) - 1; {
				case task < bands:
					entries, err = j.joinBand(entries[:0], task)
				case task < bands+wordParts:
					entries, err = j.joinWords(entries[:0], uint64(task-bands))
				case task == bands+wordParts:
					entries, err = j.joinSolid(entries[:0])
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
	for id := range j.words {
		size[j.words.Root(int32(id))]++
	}
	for id := range j.words {
		if first := j.words.Root(int32(id)); size[first] <= maxFamily {
			j.all.Join(int32(id), first)
		} else {
			j.template[id] = true
		}
	}
}

// joinBand joins the similar ones of the texts that agree in a band. It
// returns entries, grown, for reuse.
func (j *joiner) joinBand(entries []uint64, band int) ([]uint64, error) {
	err := j.f.sketches.each(func(id int32, k *sketch) {
		if k.banded {
			entries = append(entries, entry(k.bandKey(band), j.rank[id]))
		}
	})
	return entries, cmp.Or(err, j.join(j.all, entries, len(entries), (*sketch).similar))
}

// joinWords joins the texts that are one word apart, of those with a word key
// in this part of the keys. It returns entries, grown, for reuse.
func (j *joiner) joinWords(entries []uint64, part uint64) ([]uint64, error) {
	err := j.f.sketches.each(func(id int32, k *sketch) {
		k.wordKeys(func(key uint64) {
			if key%wordParts == part {
				entries = append(entries, entry(key, j.rank[id]))
			}
		})
	})
	return entries, cmp.Or(err, j.join(j.words, entries, maxSharers, (*sketch).oneWordApart))
}

// joinSolid joins the texts whose words differ only in where they end. It
// returns entries, grown, for reuse.
func (j *joiner) joinSolid(entries []uint64) ([]uint64, error) {
	err := j.f.sketches.each(func(id int32, k *sketch) { entries = append(entries, entry(k.solid, j.rank[id])) })
	return entries, cmp.Or(err, j.join(j.all, entries, len(entries), func(a, b *sketch) bool { return a.solid == b.solid }))
}

// entry puts a text under the upper half of a key. That different keys may
// share it is no harm: a pair is joined only once it is compared.
func entry(key uint64, rank int32) uint64 { return key>>32<<32 | uint64(rank) }

// join joins the texts under one key that are near each other. More than most
// under it are a template.
func (j *joiner) join(into Sets, entries []uint64, most int, near func(a, b *sketch) bool) error {
	slices.Sort(entries)
	entries = slices.Compact(entries)
	var pairs [][2]int32
	var template []int32
	compared := make([]sketch, representatives+1)
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n]>>32 == entries[0]>>32 {
			n++
		}
		if n > most {
			for _, e := range entries[:n] {
				template = append(template, j.ranked[uint32(e)])
			}
		} else if n > 1 {
			var err error
			if pairs, err = j.nearPairs(pairs, entries[:n], compared, near); err != nil {
				return err
			}
		}
		entries = entries[n:]
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, p := range pairs {
		into.Join(p[0], p[1])
	}
	for _, id := range template {
		j.template[id] = true
	}
	return nil
}

// nearPairs appends near pairs of a bucket, enough to connect those that are
// near. In a small bucket all are compared; in a large one each with the last
// few that were near to none before, in the order of ranks. compared is room for
// these and one more.
func (j *joiner) nearPairs(pairs [][2]int32, bucket []uint64, compared []sketch, near func(a, b *sketch) bool) ([][2]int32, error) {
	var kept [representatives]int32
	own := compared[representatives:]
	n := 0
	for _, e := range bucket {
		id, alone := j.ranked[uint32(e)], true
		if err := j.f.sketches.get(id, own); err != nil {
			return nil, err
		}
		for i, other := range kept[:min(n, len(kept))] {
			if near(&own[0], &compared[i]) {
				pairs = append(pairs, [2]int32{id, other})
				alone = false
			}
		}
		if alone || len(bucket) <= len(kept) {
			kept[n%len(kept)], compared[n%len(kept)] = id, own[0]
			n++
		}
	}
	return pairs, nil
}
