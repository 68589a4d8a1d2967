// Package names numbers names in the order in which they are first seen.
package names

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// A Table is different names, numbered from 0. The zero value holds none. A name
// takes its bytes and some 16 more; those of a caller are copied.
type Table struct {
	seed   maphash.Seed
	places []int64  // where each name's length and bytes are: its block times blockBytes, and from where in it
	blocks []string // names behind their lengths; a long one has its own
	open   int      // the block that names are copied into
	bytes  strings.Builder
	slots  []int32 // a name's number and 1, by hash, open addressing; 0 where free
}

const blockBytes = 1 << 15 // that names are copied into

// Add returns a name's number, and whether the name is new. It panics at 2³¹ − 1
// names.
func (t *Table) Add(name string) (number int, added bool) {
	if len(t.places) >= len(t.slots)/4*3 {
		t.grow()
	}
	slot := t.find(name)
	if *slot != 0 {
		return int(*slot) - 1, false
	}
	if len(t.places) == math.MaxInt32-1 {
		panic("names: too many")
	}
	t.places = append(t.places, t.copied(name))
	*slot = int32(len(t.places))
	return len(t.places) - 1, true
}

// copied copies a name into a block, whose bytes stay where they are once written.
func (t *Table) copied(name string) (place int64) {
	var room [binary.MaxVarintLen64]byte
	length := binary.AppendUvarint(room[:0], uint64(len(name)))
	if len(name) > blockBytes/16 {
		t.blocks = append(t.blocks, string(length)+name)
		return int64(len(t.blocks)-1) * blockBytes
	}
	if need := len(length) + len(name); t.bytes.Cap()-t.bytes.Len() < need {
		t.bytes = strings.Builder{}
		t.bytes.Grow(max(need, min(blockBytes, 16*len(t.places)))) // few names take few bytes
		t.open, t.blocks = len(t.blocks), append(t.blocks, "")
	}
	place = int64(t.open)*blockBytes + int64(t.bytes.Len())
	t.bytes.Write(length)
	t.bytes.WriteString(name)
	t.blocks[t.open] = t.bytes.String()
	return place
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
		if *slot == 0 || t.Name(int(*slot-1)) == name {
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
	for i := range t.places {
		*t.find(t.Name(i)) = int32(i + 1)
	}
}

// Len returns how many names there are.
func (t *Table) Len() int { return len(t.places) }

// Name returns the name of a number.
func (t *Table) Name(number int) string {
	place := t.places[number]
	from := t.blocks[place/blockBytes][place%blockBytes:]
	length, shift := 0, 0
	for i := 0; ; i++ {
		length |= int(from[i]&0x7f) << shift
		if from[i] < 0x80 {
			return from[i+1:][:length]
		}
		shift += 7
	}
}

// Order returns the numbers in the order of their names.
func (t *Table) Order() []int32 {
	order := make([]int32, len(t.places))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return strings.Compare(t.Name(int(a)), t.Name(int(b))) })
	return order
}
