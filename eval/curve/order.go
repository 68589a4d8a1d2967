package curve

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Order is prompts by a score, highest first, with equal scores together.
type Order struct {
	rows []int32 // prompts
	ends []int32 // of each run of equal scores, in rows
}

// NewOrder sorts prompts by their scores. The upper half of the keys is sorted
// by radix, what it leaves open by comparison: O(n log n) at worst, O(n) on
// scores that differ. A score that is NaN or infinite is an error. −0 is 0.
func NewOrder(scores []float64) (*Order, error) {
	entries := make([]entry, len(scores))
	for i, s := range scores {
		if s-s != 0 {
			return nil, fmt.Errorf("score %d of %d: expected a finite number, found %g", i+1, len(scores), s)
		}
		entries[i] = entry{keyOf(s), int32(i)}
	}
	entries = radixSort(entries)
	o := &Order{rows: make([]int32, len(entries)), ends: make([]int32, 0, len(entries))}
	for start := 0; start < len(entries); {
		end := start + 1
		for end < len(entries) && entries[end].key>>unsorted == entries[start].key>>unsorted {
			end++
		}
		if run := entries[start:end]; end-start > 1 {
			slices.SortFunc(run, func(a, b entry) int { return cmp.Or(cmp.Compare(a.key, b.key), int(a.row-b.row)) })
		}
		start = end
	}
	for i, e := range entries {
		o.rows[i] = e.row
		if i+1 == len(entries) || entries[i+1].key != e.key {
			o.ends = append(o.ends, int32(i+1))
		}
	}
	return o, nil
}

// entry is a prompt with its key.
type entry struct {
	key uint64
	row int32
}

// keyOf turns scores into numbers that rise as the scores fall.
func keyOf(score float64) uint64 {
	bits := math.Float64bits(score + 0)
	if bits>>63 == 0 {
		return ^bits &^ (1 << 63)
	}
	return bits
}

// Len returns the number of prompts.
func (o *Order) Len() int { return len(o.rows) }

// Distinct returns the distinct scores, highest first, of those that o was made
// of: the thresholds at or above which a prompt is sent on.
func (o *Order) Distinct(scores []float64) []float64 {
	out := make([]float64, len(o.ends))
	for k, end := range o.ends {
		out[k] = scores[o.rows[end-1]]
	}
	return out
}

// Ascending returns the scores that o was made of, lowest first.
func (o *Order) Ascending(scores []float64) []float64 {
	out := make([]float64, len(o.rows))
	for k, i := range o.rows {
		out[len(out)-1-k] = scores[i]
	}
	return out
}

// Thresholds returns how many distinct scores there are.
func (o *Order) Thresholds() int { return len(o.ends) }

const (
	digitBits = 11
	digits    = 1 << digitBits
	passes    = 3
	unsorted  = 64 - passes*digitBits // lower bits of keys that radixSort leaves
)

// radixSort sorts entries by the upper bits of their keys, least digit first,
// stably. Digits that all keys share are passed over.
func radixSort(entries []entry) []entry {
	n := len(entries)
	other := make([]entry, n)
	var counts [passes][digits]int32
	for _, e := range entries {
		for p := range passes {
			counts[p][e.key>>(unsorted+p*digitBits)&(digits-1)]++
		}
	}
	for p := range passes {
		shift := unsorted + p*digitBits
		if n == 0 || counts[p][entries[0].key>>shift&(digits-1)] == int32(n) {
			continue
		}
		at := &counts[p]
		sum := int32(0)
		for d, c := range at {
			at[d] = sum
			sum += c
		}
		for _, e := range entries {
			d := e.key >> shift & (digits - 1)
			other[at[d]] = e
			at[d]++
		}
		entries, other = other, entries
	}
	return entries
}
