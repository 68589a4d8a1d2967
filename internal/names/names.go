// Package names numbers names in the order in which they are first seen.
package names

import (
	"hash/maphash"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// A Table is different names, numbered from 0. The zero value holds none. A name
// takes its bytes and some 24 more; those of a caller are copied.
type Table struct {
	seed  maphash.Seed
	names []string
	slots []int32 // a name's number and 1, by hash, open addressing; 0 where free
	bytes strings.Builder
}

const blockBytes = 1 << 15 // that names are copied into

// Add returns a name's number, and whether the name is new. It panics at 2³¹ − 1
// names.
func (t *Table) Add(name string) (number int, added bool) {
	if len(t.names) >= len(t.slots)/4*3 {
		t.grow()
	}
	slot := t.find(name)
	if *slot != 0 {
		return int(*slot) - 1, false
	}
	if len(t.names) == math.MaxInt32-1 {
		panic("names: too many")
	}
	t.names = append(t.names, t.copied(name))
	*slot = int32(len(t.names))
	return len(t.names) - 1, true
}

// copied copies a name into a block, whose bytes stay where they are once written.
func (t *Table) copied(name string) string {
	if len(name) > blockBytes/16 {
		return strings.Clone(name)
	}
	if t.bytes.Cap()-t.bytes.Len() < len(name) {
		t.bytes = strings.Builder{}
		t.bytes.Grow(max(len(name), min(blockBytes, 16*len(t.names)))) // few names take few bytes
	}
	from := t.bytes.Len()
	t.bytes.WriteString(name)
	return t.bytes.String()[from:]
}

// Find returns a name's number; ok is whether it is known.
func (t *Table) Find(name string) (number int, ok bool) {
	if len(t.slots) == 0 {
		return 0, false
	}
	slot := t.find(name)
	return int(*slot) - 1, *slot != 0
}

// find returns the slot of a name, which is free if the name is not known.
func (t *Table) find(name string) *int32 {
	at, _ := bits.Mul64(maphash.String(t.seed, name), uint64(len(t.slots)))
	for {
		slot := &t.slots[at]
		if *slot == 0 || t.names[*slot-1] == name {
			return slot
		}
		if at++; at == uint64(len(t.slots)) {
			at = 0
		}
	}
}

func (t *Table) grow() {
	if t.slots == nil {
		t.seed = maphash.MakeSeed()
	}
	t.slots = make([]int32, max(16, len(t.slots)+len(t.slots)/2))
	for i, name := range t.names {
		*t.find(name) = int32(i + 1)
	}
}

// Len returns how many names there are.
func (t *Table) Len() int { return len(t.names) }

// Name returns the name of a number.
func (t *Table) Name(number int) string { return t.names[number] }

// Order returns the numbers in the order of their names.
func (t *Table) Order() []int32 {
	order := make([]int32, len(t.names))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return strings.Compare(t.names[a], t.names[b]) })
	return order
}
