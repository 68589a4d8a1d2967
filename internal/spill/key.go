package spill

import (
	"bytes"
	"encoding/binary"
	"math"
)

// AppendKey appends a string so that records that begin with it sort by it first:
// its zero bytes become 0, 255, and 0, 0 ends it.
func AppendKey(to []byte, s []byte) []byte {
	for {
		zero := bytes.IndexByte(s, 0)
		if zero < 0 {
			return append(append(to, s...), 0, 0)
		}
		to = append(append(to, s[:zero]...), 0, 255)
		s = s[zero+1:]
	}
}

// CutKey appends the string that a record begins with to room, and returns it with
// the rest of the record, which must have been made by AppendKey.
func CutKey(room, record []byte) (s, rest []byte) {
	for {
		zero := bytes.IndexByte(record, 0)
		room = append(room, record[:zero]...)
		if record[zero+1] == 0 {
			return room, record[zero+2:]
		}
		room, record = append(room, 0), record[zero+2:]
	}
}

const signBit = 1 << 63

// AppendNumber appends a number, not NaN, in 8 bytes, so that records sort as their
// numbers do; −0 comes before 0.
func AppendNumber(to []byte, v float64) []byte {
	bits := math.Float64bits(v)
	if bits&signBit != 0 {
		bits = ^bits
	} else {
		bits |= signBit
	}
	return binary.BigEndian.AppendUint64(to, bits)
}

// Number returns the number that a record begins with, which must have been appended
// by AppendNumber.
func Number(record []byte) float64 {
	bits := binary.BigEndian.Uint64(record)
	if bits&signBit != 0 {
		return math.Float64frombits(bits &^ signBit)
	}
	return math.Float64frombits(^bits)
}
