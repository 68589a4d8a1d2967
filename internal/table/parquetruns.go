package table

import (
	"encoding/binary"
	"math"
)

// runs reads small numbers as Parquet packs levels and codes: runs of one
// number, and stretches packed bit by bit. It holds no more than the packed
// bytes, however many numbers they stand for.
// https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE
type runs struct {
	data  []byte // after the run at hand
	width uint   // bits of a number, at most 32

	left   int    // numbers of the run at hand
	packed []byte // its numbers, or nil if all are value
	bit    uint   // of packed
	value  uint32
}

// bits reads numbers of one bit that are packed throughout.
func packedBits(data []byte) runs {
	return runs{width: 1, packed: data, left: 8 * len(data)}
}

// fill sets all of dst to the next numbers, and tells whether there were so
// many.
func (r *runs) fill(dst []uint32) bool {
	for len(dst) > 0 {
		if r.left == 0 && !r.next() {
			return false
		}
		n := min(r.left, len(dst))
		if r.packed == nil {
			for i := range dst[:n] {
				dst[i] = r.value
			}
		} else {
			r.unpack(dst[:n])
		}
		r.left -= n
		dst = dst[n:]
	}
	return true
}

// same takes the next n numbers if they are of one run of equal ones, which is
// then their value; otherwise it takes none.
func (r *runs) same(n int) (value uint32, ok bool) {
	if r.left == 0 && !r.next() || r.packed != nil || r.left < n {
		return 0, false
	}
	r.left -= n
	return r.value, true
}

func (r *runs) unpack(dst []uint32) {
	mask := uint64(1)<<r.width - 1
	for i := range dst {
		at := r.bit >> 3
		var word uint64
		if rest := r.packed[at:]; len(rest) >= 8 {
			word = binary.LittleEndian.Uint64(rest)
		} else {
			for k, b := range rest {
				word |= uint64(b) << (8 * k)
			}
		}
		dst[i] = uint32(word >> (r.bit & 7) & mask)
		r.bit += r.width
	}
}

// next turns to the next run that is not empty.
func (r *runs) next() bool {
	for r.left == 0 {
		head, n := binary.Uvarint(r.data)
		if n <= 0 || head>>1 > math.MaxInt32 {
			return false
		}
		r.data = r.data[n:]
		count := int(head >> 1)
		if head&1 == 0 || r.width == 0 {
			if head&1 != 0 {
				count *= 8
			}
			size := int(r.width+7) / 8
			if size > len(r.data) {
				return false
			}
			var word [4]byte
			copy(word[:], r.data[:size])
			r.left, r.packed, r.value, r.data = count, nil, binary.LittleEndian.Uint32(word[:]), r.data[size:]
			continue
		}
		// A writer may leave out the end of the last stretch.
		size := min(count*int(r.width), len(r.data))
		r.left, r.packed, r.bit, r.data = size*8/int(r.width), r.data[:size], 0, r.data[size:]
		if r.left == 0 {
			return false
		}
	}
	return true
}

// longRun is how many equal numbers end a stretch of packed ones.
const longRun = 16

// appendRuns writes numbers as [runs] reads them.
func appendRuns[N byte | uint32](dst []byte, numbers []N, width uint) []byte {
	for i := 0; i < len(numbers); {
		if n := sameAt(numbers, i, len(numbers)); n >= longRun || i+n == len(numbers) {
			dst = binary.AppendUvarint(dst, uint64(n)<<1)
			for k := uint(0); k < width; k += 8 {
				dst = append(dst, byte(uint32(numbers[i])>>k))
			}
			i += n
			continue
		}
		start := i
		for i += 8; i < len(numbers) && sameAt(numbers, i, longRun) < longRun; i += 8 {
		}
		i = min(i, len(numbers))
		dst = binary.AppendUvarint(dst, uint64(i-start+7)/8<<1|1)
		dst = appendPacked(dst, numbers[start:i], width)
	}
	return dst
}

// sameAt counts the numbers equal to the one at i, up to most.
func sameAt[N byte | uint32](numbers []N, i, most int) int {
	n := 1
	for n < most && i+n < len(numbers) && numbers[i+n] == numbers[i] {
		n++
	}
	return n
}

// appendPacked writes numbers bit by bit, filled up with zeros to eight.
func appendPacked[N byte | uint32](dst []byte, numbers []N, width uint) []byte {
	word, used := uint64(0), uint(0)
	for i := range (len(numbers) + 7) / 8 * 8 {
		if i < len(numbers) {
			word |= uint64(numbers[i]) << used
		}
		for used += width; used >= 8; used -= 8 {
			dst = append(dst, byte(word))
			word >>= 8
		}
	}
	return dst
}

// deltas reads whole numbers packed as differences, of which there are at most
// most, and returns what follows them.
// https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTAENC
func deltas(data []byte, most int) (numbers []int64, rest []byte, ok bool) {
	varint := func() uint64 {
		v, n := binary.Uvarint(data)
		if n <= 0 {
			ok = false
			return 0
		}
		data = data[n:]
		return v
	}
	zigzag := func() int64 {
		v := varint()
		return int64(v>>1) ^ -int64(v&1)
	}
	ok = true
	block, parts, total, last := varint(), varint(), varint(), zigzag()
	if !ok || total > uint64(most) || block == 0 || block > 1<<16 || parts == 0 || parts > block || block%parts != 0 || block/parts%8 != 0 {
		return nil, nil, false
	}
	size := int(block / parts)
	numbers = make([]int64, 0, total)
	if total > 0 {
		numbers = append(numbers, last)
	}
	for len(numbers) < int(total) {
		least := zigzag()
		if !ok || int(parts) > len(data) {
			return nil, nil, false
		}
		widths := data[:parts]
		data = data[parts:]
		for _, width := range widths {
			if len(numbers) == int(total) {
				break // the widths of parts without numbers may be anything
			}
			length := size / 8 * int(width)
			if width > 64 || length > len(data) {
				return nil, nil, false
			}
			for k := range min(size, int(total)-len(numbers)) {
				last += least + int64(packed64(data[:length], k*int(width), uint(width)))
				numbers = append(numbers, last)
			}
			data = data[length:]
		}
	}
	return numbers, data, true
}

// packed64 returns the number of width bits that starts at a bit.
func packed64(data []byte, bit int, width uint) (v uint64) {
	if width == 0 {
		return 0
	}
	for k, shift := bit/8, -(bit % 8); shift < int(width); k, shift = k+1, shift+8 {
		if shift < 0 {
			v = uint64(data[k]) >> -shift
		} else {
			v |= uint64(data[k]) << shift
		}
	}
	if width < 64 {
		v &= 1<<width - 1
	}
	return v
}
