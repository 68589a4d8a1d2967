package table

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// values are those of a page or of a dictionary.
type values struct {
	kind   parquet.Kind
	width  int // bytes of a value; 0 where they differ
	n      int
	data   []byte
	starts []uint32 // of each value in data, if they differ in width
	ends   []uint32
	owned  int64 // bytes that belong to these values, beside those
}

// falseAndTrue are the values that bits are codes of.
var falseAndTrue = &values{kind: parquet.Boolean, width: 1, n: 2, data: []byte{0, 1}}

// shapeOf returns values of a type, without any.
func shapeOf(t parquet.Type) values {
	if isNull(t) { // the library knows of no bytes, and there are none
		return values{kind: parquet.Int32, width: 4}
	}
	v := values{kind: t.Kind()}
	switch v.kind {
	case parquet.Int32, parquet.Float:
		v.width = 4
	case parquet.Int64, parquet.Double:
		v.width = 8
	case parquet.FixedLenByteArray:
		v.width = t.Length()
	}
	return v
}

// size is the bytes that values take up beside the buffers of a page.
func (v *values) size() int64 { return int64(cap(v.starts)+cap(v.ends))*4 + v.owned }

func (v *values) bytes(k int) []byte {
	if v.width > 0 {
		return v.data[k*v.width : (k+1)*v.width]
	}
	return v.data[v.starts[k]:v.ends[k]]
}

func (v *values) uint32(k int) uint32 { return binary.LittleEndian.Uint32(v.data[4*k:]) }
func (v *values) uint64(k int) uint64 { return binary.LittleEndian.Uint64(v.data[8*k:]) }

// decode sets v to the values of a page, of which there are at most n.
func (p *pages) decode(v *values, data []byte, n int, encoding format.Encoding) error {
	switch {
	case encoding == format.Plain || len(data) == 0:
		return v.setPlain(data, n)
	case n > maxPageValues:
		return fmt.Errorf("a page of %d values, encoding %s, is over %d: write the file with smaller pages or row groups", n, encoding, maxPageValues)
	case encoding == format.ByteStreamSplit && v.width > 0:
		if err := p.grow(&p.spread, int64(len(data)/v.width*v.width)); err != nil {
			return err
		}
		v.data, v.n = p.spread, len(data)/v.width
		for i := range v.data {
			v.data[i] = data[i%v.width*v.n+i/v.width]
		}
		return nil
	case encoding == format.DeltaBinaryPacked && (v.kind == parquet.Int32 || v.kind == parquet.Int64):
		numbers, _, ok := deltas(data, n)
		if !ok {
			return errDeltas
		}
		if err := p.grow(&p.spread, int64(len(numbers)*v.width)); err != nil {
			return err
		}
		v.data, v.n = p.spread[:0], len(numbers)
		for _, number := range numbers {
			if v.width == 4 {
				v.data = binary.LittleEndian.AppendUint32(v.data, uint32(number))
			} else {
				v.data = binary.LittleEndian.AppendUint64(v.data, uint64(number))
			}
		}
		return nil
	case encoding == format.DeltaLengthByteArray && v.kind == parquet.ByteArray:
		lengths, rest, ok := deltas(data, n)
		if !ok {
			return errDeltas
		}
		return v.setLengths(rest, lengths)
	case encoding == format.DeltaByteArray && v.kind == parquet.ByteArray:
		return p.decodePrefixes(v, data, n)
	}
	return fmt.Errorf("encoding %s of type %s is not read", encoding, v.kind)
}

var errDeltas = errors.New("a page of differences makes no sense")

// setPlain sets v to at most n values as they stand side by side, texts with
// their lengths before them.
func (v *values) setPlain(data []byte, n int) error {
	v.data = data
	if v.kind != parquet.ByteArray {
		if v.width <= 0 {
			return fmt.Errorf("values of type %s are not read", v.kind)
		}
		v.n = min(n, len(data)/v.width)
		return nil
	}
	n = min(n, len(data)/4, maxPageValues)
	v.starts, v.ends = make([]uint32, 0, n), make([]uint32, 0, n)
	for at := 0; v.n < n && at < len(data); v.n++ {
		if len(data)-at < 4 || uint64(binary.LittleEndian.Uint32(data[at:])) > uint64(len(data)-at-4) {
			return errors.New("a text would be longer than its page")
		}
		end := at + 4 + int(binary.LittleEndian.Uint32(data[at:]))
		v.starts, v.ends = append(v.starts, uint32(at+4)), append(v.ends, uint32(end))
		at = end
	}
	return nil
}

// setLengths sets v to texts of the given lengths, one behind the other.
func (v *values) setLengths(data []byte, lengths []int64) error {
	v.data, v.n = data, len(lengths)
	v.starts, v.ends = make([]uint32, 0, v.n), make([]uint32, 0, v.n)
	at := int64(0)
	for _, length := range lengths {
		if length < 0 || length > int64(len(data))-at {
			return errors.New("a text would be longer than its page")
		}
		v.starts, v.ends = append(v.starts, uint32(at)), append(v.ends, uint32(at+length))
		at += length
	}
	return nil
}

// decodePrefixes reads texts that each begin like the one before.
func (p *pages) decodePrefixes(v *values, data []byte, n int) error {
	prefixes, rest, ok := deltas(data, n)
	if !ok {
		return errDeltas
	}
	suffixes, rest, ok := deltas(rest, n)
	if !ok || len(suffixes) != len(prefixes) {
		return errDeltas
	}
	lengths, total, left := make([]int64, len(prefixes)), int64(0), int64(len(rest))
	for k, prefix := range prefixes {
		before := int64(0)
		if k > 0 {
			before = lengths[k-1]
		}
		if prefix < 0 || prefix > before || suffixes[k] < 0 || suffixes[k] > left {
			return errDeltas
		}
		left -= suffixes[k]
		lengths[k] = prefix + suffixes[k]
		if total += lengths[k]; total > maxPageBytes {
			return fmt.Errorf("a page is over %d MiB: write the file with smaller pages or row groups", maxPageBytes>>20)
		}
	}
	if err := p.grow(&p.spread, total); err != nil {
		return err
	}
	out, before := p.spread[:0], 0 // where the text before starts
	for k, prefix := range prefixes {
		start := len(out)
		out = append(out, out[before:before+int(prefix)]...)
		out = append(out, rest[:suffixes[k]]...)
		rest, before = rest[suffixes[k]:], start
	}
	return v.setLengths(out, lengths)
}

// decoder turns stored values into those asked for. Only one function is set.
type decoder struct {
	bytes  func(*values, int) []byte
	digits func(*values, int) string
	number func(*values, int) float64
}

// decoderOf returns how values of a Parquet type become ones of type want,
// which is no list.
func decoderOf(t parquet.Type, want Type) (decoder, bool) {
	if want.isText() {
		if want == Name && (t.Kind() == parquet.Int32 || t.Kind() == parquet.Int64) {
			digits, ok := digitsOf(t)
			return decoder{digits: digits}, ok
		}
		switch annotation(t).(type) {
		case nil, *format.StringType, *format.JsonType, *format.EnumType:
			return decoder{bytes: (*values).bytes}, t.Kind() == parquet.ByteArray
		}
		return decoder{}, false
	}
	if t.Kind() == parquet.Boolean {
		return decoder{number: func(v *values, k int) float64 { return float64(v.data[k]) }}, want == Boolean
	}
	number, ok := numberOf(t)
	return decoder{number: number}, ok
}

func annotation(t parquet.Type) format.LogicalTypeValue {
	if logical := t.LogicalType(); logical != nil {
		return logical.Value
	}
	return nil
}

// isNull tells whether a type is that of columns without any value.
func isNull(t parquet.Type) bool {
	_, null := annotation(t).(*format.NullType)
	return null
}

// digitsOf writes integers.
func digitsOf(t parquet.Type) (func(*values, int) string, bool) {
	unsigned := false
	switch kind := annotation(t).(type) {
	case nil:
	case *format.IntType:
		unsigned = !kind.IsSigned
	default:
		return nil, false
	}
	switch {
	case t.Kind() == parquet.Int32 && unsigned:
		return func(v *values, k int) string { return strconv.FormatUint(uint64(v.uint32(k)), 10) }, true
	case t.Kind() == parquet.Int32:
		return func(v *values, k int) string { return strconv.FormatInt(int64(int32(v.uint32(k))), 10) }, true
	case unsigned:
		return func(v *values, k int) string { return strconv.FormatUint(v.uint64(k), 10) }, true
	}
	return func(v *values, k int) string { return strconv.FormatInt(int64(v.uint64(k)), 10) }, true
}

// maxScale is how many digits a decimal may have behind its point: beyond,
// float64 takes every one for 0.
const maxScale = 300

// numberOf reads integers, floats and decimals.
func numberOf(t parquet.Type) (func(*values, int) float64, bool) {
	scale, unsigned, decimal := 1.0, false, false
	switch kind := annotation(t).(type) {
	case nil:
	case *format.IntType:
		unsigned = !kind.IsSigned
	case *format.DecimalType:
		if kind.Scale < 0 || kind.Scale > maxScale {
			return nil, false
		}
		scale, decimal = math.Pow10(int(kind.Scale)), true
	case *format.NullType:
		return func(*values, int) float64 { return math.NaN() }, true // there are none
	default:
		return nil, false // a date, a time, a half float
	}
	switch t.Kind() {
	case parquet.Int32:
		if unsigned {
			return func(v *values, k int) float64 { return float64(v.uint32(k)) }, true
		}
		return func(v *values, k int) float64 { return float64(int32(v.uint32(k))) / scale }, true
	case parquet.Int64:
		if unsigned {
			return func(v *values, k int) float64 { return float64(v.uint64(k)) }, true
		}
		return func(v *values, k int) float64 { return float64(int64(v.uint64(k))) / scale }, true
	case parquet.Float:
		return func(v *values, k int) float64 { return float64(math.Float32frombits(v.uint32(k))) }, true
	case parquet.Double:
		return func(v *values, k int) float64 { return math.Float64frombits(v.uint64(k)) }, true
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return func(v *values, k int) float64 { return bigEndian(v.bytes(k)) / scale }, decimal
	}
	return nil, false
}

// bigEndian reads a two's complement number. None that a writer makes is longer
// than 32 bytes; +Inf stands for those.
func bigEndian(b []byte) float64 {
	if len(b) > 32 {
		return math.Inf(1)
	}
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	v, _ := new(big.Float).SetInt(n).Float64()
	return v
}
