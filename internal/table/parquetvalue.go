package table

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"
)

// values are those of a page, by the codes of its dictionary if it has one.
type values struct {
	n          int // values of the page
	dictionary parquet.Dictionary
	codes      []int32 // nil without a dictionary

	stored  int // values in the slices below
	boolean []byte
	int32s  []int32
	int64s  []int64
	floats  []float32
	doubles []float64
	data    []byte
	offsets []uint32 // into data; nil where all have the width
	width   int
}

// newValues looks into a page. A dictionary that before has looked into is not
// looked into again.
func newValues(page parquet.Page, before *values) (*values, error) {
	dictionary := page.Dictionary()
	if dictionary == nil {
		v := &values{}
		err := v.look(page.Data(), page.Type())
		v.n = v.stored
		return v, err
	}
	v := &values{dictionary: dictionary}
	if before != nil && before.dictionary == dictionary {
		*v = *before
	} else if err := v.look(dictionary.Page().Data(), dictionary.Type()); err != nil {
		return nil, err
	}
	codes := page.Data()
	if codes.Kind() != encoding.Int32 {
		return nil, fmt.Errorf("codes of a dictionary are of kind %s", codes.Kind())
	}
	v.codes = codes.Int32()
	v.n = len(v.codes)
	for _, code := range v.codes {
		if code < 0 || int(code) >= v.stored {
			return nil, fmt.Errorf("code %d is outside a dictionary of %d", code, v.stored)
		}
	}
	return v, nil
}

func (v *values) look(data encoding.Values, t parquet.Type) error {
	switch data.Kind() {
	case encoding.Boolean:
		v.boolean = data.Boolean()
		v.stored = 8 * len(v.boolean)
	case encoding.Int32:
		v.int32s = data.Int32()
		v.stored = len(v.int32s)
	case encoding.Int64:
		v.int64s = data.Int64()
		v.stored = len(v.int64s)
	case encoding.Float:
		v.floats = data.Float()
		v.stored = len(v.floats)
	case encoding.Double:
		v.doubles = data.Double()
		v.stored = len(v.doubles)
	case encoding.ByteArray:
		v.data, v.offsets = data.ByteArray()
		v.stored = max(len(v.offsets)-1, 0)
	case encoding.FixedLenByteArray:
		if v.data, v.width = data.FixedLenByteArray(); v.width <= 0 {
			return errors.New("values have no width")
		}
		v.stored = len(v.data) / v.width
	default:
		return fmt.Errorf("values of type %s are not read", t)
	}
	return nil
}

// place returns where value k is stored.
func (v *values) place(k int) int {
	if v.codes != nil {
		return int(v.codes[k])
	}
	return k
}

func (v *values) bytes(k int) []byte {
	k = v.place(k)
	if v.offsets == nil {
		return v.data[k*v.width : (k+1)*v.width]
	}
	return v.data[v.offsets[k]:v.offsets[k+1]]
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
		return decoder{number: func(v *values, k int) float64 {
			k = v.place(k)
			return float64(v.boolean[k/8] >> (k % 8) & 1)
		}}, want == Boolean
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

// digitsOf writes integers.
func digitsOf(t parquet.Type) (func(*values, int) string, bool) {
	var unsigned bool
	switch kind := annotation(t).(type) {
	case nil:
	case *format.IntType:
		unsigned = !kind.IsSigned
	default:
		return nil, false
	}
	integer := func(v *values, k int) int64 { return v.int64s[v.place(k)] }
	if t.Kind() == parquet.Int32 {
		integer = func(v *values, k int) int64 { return int64(v.int32s[v.place(k)]) }
		if unsigned {
			integer = func(v *values, k int) int64 { return int64(uint32(v.int32s[v.place(k)])) }
		}
	} else if unsigned {
		return func(v *values, k int) string { return strconv.FormatUint(uint64(integer(v, k)), 10) }, true
	}
	return func(v *values, k int) string { return strconv.FormatInt(integer(v, k), 10) }, true
}

// numberOf reads integers, floats and decimals.
func numberOf(t parquet.Type) (func(*values, int) float64, bool) {
	scale, unsigned, decimal := 1.0, false, false
	switch kind := annotation(t).(type) {
	case nil:
	case *format.IntType:
		unsigned = !kind.IsSigned
	case *format.DecimalType:
		scale, decimal = math.Pow(10, float64(kind.Scale)), true
	default:
		return nil, false // a date, a time, a half float
	}
	switch t.Kind() {
	case parquet.Int32:
		if unsigned {
			return func(v *values, k int) float64 { return float64(uint32(v.int32s[v.place(k)])) }, true
		}
		return func(v *values, k int) float64 { return float64(v.int32s[v.place(k)]) / scale }, true
	case parquet.Int64:
		if unsigned {
			return func(v *values, k int) float64 { return float64(uint64(v.int64s[v.place(k)])) }, true
		}
		return func(v *values, k int) float64 { return float64(v.int64s[v.place(k)]) / scale }, true
	case parquet.Float:
		return func(v *values, k int) float64 { return float64(v.floats[v.place(k)]) }, true
	case parquet.Double:
		return func(v *values, k int) float64 { return v.doubles[v.place(k)] }, true
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return func(v *values, k int) float64 { return bigEndian(v.bytes(k)) / scale }, decimal
	}
	return nil, false
}

// bigEndian reads a two's complement number of any length.
func bigEndian(b []byte) float64 {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	v, _ := new(big.Float).SetInt(n).Float64()
	return v
}
