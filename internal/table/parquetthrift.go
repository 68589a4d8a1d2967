package table

import (
	"encoding/binary"
	"errors"

	"github.com/parquet-go/parquet-go/encoding/thrift"
)

// Parquet's metadata are Thrift structs in the compact protocol:
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
// The library's decoder allocates what a length claims before it looks whether
// that much is there, so every struct is walked first.

// Types of the compact protocol.
const (
	thriftTrue = iota + 1
	thriftFalse
	thriftByte
	thriftInt16
	thriftInt32
	thriftInt64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
)

// What sound metadata do not exceed. A struct takes up to a kilobyte of memory.
const (
	maxThriftDepth   = 32
	maxThriftStructs = 1 << 18
)

var (
	errThriftShort = errors.New("metadata are cut short")
	errThrift      = errors.New("metadata make no sense")
	errThriftMany  = errors.New("metadata have too many parts: write the file with fewer columns or larger row groups")
)

// decodeThrift reads the struct that b starts with, and returns its length.
func decodeThrift(b []byte, to any) (int, error) {
	w := walker{b: b}
	if err := w.fields(0); err != nil {
		return 0, err
	}
	n := len(b) - len(w.b)
	var compact thrift.CompactProtocol
	return n, thrift.Unmarshal(&compact, b[:n], to)
}

// walker steps over Thrift values without keeping anything.
type walker struct {
	b       []byte
	structs int
}

func (w *walker) skip(n uint64) error {
	if n > uint64(len(w.b)) {
		return errThriftShort
	}
	w.b = w.b[n:]
	return nil
}

func (w *walker) byte() (byte, error) {
	if len(w.b) == 0 {
		return 0, errThriftShort
	}
	first := w.b[0]
	w.b = w.b[1:]
	return first, nil
}

func (w *walker) varint() (uint64, error) {
	v, n := binary.Uvarint(w.b)
	switch {
	case n == 0:
		return 0, errThriftShort
	case n < 0:
		return 0, errThrift
	}
	w.b = w.b[n:]
	return v, nil
}

// fields steps over the fields of a struct.
func (w *walker) fields(depth int) error {
	if w.structs++; w.structs > maxThriftStructs {
		return errThriftMany
	}
	for {
		field, err := w.byte()
		if err != nil || field == 0 {
			return err
		}
		if field>>4 == 0 { // its number stands apart
			if _, err := w.varint(); err != nil {
				return err
			}
		}
		if t := field & 15; t == thriftTrue || t == thriftFalse {
			continue // the type is the value
		} else if err := w.value(t, depth+1); err != nil {
			return err
		}
	}
}

func (w *walker) value(t byte, depth int) error {
	if depth > maxThriftDepth {
		return errThrift
	}
	switch t {
	case thriftTrue, thriftFalse, thriftByte:
		return w.skip(1)
	case thriftInt16, thriftInt32, thriftInt64:
		_, err := w.varint()
		return err
	case thriftDouble:
		return w.skip(8)
	case thriftBinary:
		n, err := w.varint()
		if err != nil {
			return err
		}
		return w.skip(n)
	case thriftList, thriftSet:
		head, err := w.byte()
		if err != nil {
			return err
		}
		n := uint64(head >> 4)
		if n == 15 {
			if n, err = w.varint(); err != nil {
				return err
			}
		}
		return w.elements(n, depth, head&15)
	case thriftMap:
		n, err := w.varint()
		if err != nil || n == 0 {
			return err
		}
		types, err := w.byte()
		if err != nil {
			return err
		}
		return w.elements(n, depth, types>>4, types&15)
	case thriftStruct:
		return w.fields(depth)
	}
	return errThrift
}

// elements steps over n times the given types, each at least a byte long.
func (w *walker) elements(n uint64, depth int, types ...byte) error {
	if n > uint64(len(w.b)) {
		return errThriftShort
	}
	for range n {
		for _, t := range types {
			if err := w.value(t, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
