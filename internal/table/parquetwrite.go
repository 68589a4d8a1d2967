package table

import (
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
)

// A row group ends with the batch that reaches one of these, which bounds the
// writer's memory.
const (
	groupRows  = 1 << 17
	groupBytes = 64 << 20
)

// parquetWriter writes column by column, zstd-compressed, with dictionaries
// for values that recur.
type parquetWriter struct {
	w       *parquet.Writer
	columns []Column
	rows    int // of the row group at hand
	bytes   int
	buf     []parquet.Value
}

func newParquetWriter(w io.Writer, columns []Column, metadata map[string]string) *parquetWriter {
	options := []parquet.WriterOption{
		parquet.SchemaOf(reflect.New(rowType(columns)).Interface()),
		parquet.Compression(&parquet.Zstd),
		parquet.CreatedBy("routeproof", "1", "0"), // else the library's version would be in the bytes
	}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		options = append(options, parquet.KeyValueMetadata(key, metadata[key]))
	}
	return &parquetWriter{w: parquet.NewWriter(w, options...), columns: columns}
}

// rowType is a struct with a field a column, by which the library keeps their
// order.
func rowType(columns []Column) reflect.Type {
	fields := make([]reflect.StructField, len(columns))
	for c, column := range columns {
		var of reflect.Type
		tag := column.Name
		switch t := column.Type; {
		case t.isText():
			of = reflect.TypeFor[string]()
		case t == Whole:
			of = reflect.TypeFor[int64]()
		case t == Boolean:
			of = reflect.TypeFor[bool]()
		case t == Numbers:
			of, tag = reflect.TypeFor[[]float64](), tag+",list"
		case t == Vector:
			of, tag = reflect.TypeFor[[]float32](), tag+",list"
		default:
			of = reflect.TypeFor[float64]()
		}
		if !column.Required {
			tag += ",optional"
		}
		if column.Repeats && column.Type.isText() {
			tag += ",dict"
		}
		fields[c] = reflect.StructField{Name: fmt.Sprintf("F%d", c), Type: of, Tag: reflect.StructTag(fmt.Sprintf("parquet:%q", tag))}
	}
	return reflect.StructOf(fields)
}

func (p *parquetWriter) write(b *Batch) error {
	writers := p.w.ColumnWriters()
	for c, column := range p.columns {
		var err error
		if p.buf, err = appendValues(p.buf[:0], &b.Cells[c], column, c); err != nil {
			return err
		}
		if _, err := writers[c].WriteRowValues(p.buf); err != nil {
			return err
		}
	}
	clear(p.buf)
	p.rows += b.Rows
	p.bytes += b.bytes
	if p.rows < groupRows && p.bytes < groupBytes {
		return nil
	}
	p.rows, p.bytes = 0, 0
	return p.w.Flush()
}

func (p *parquetWriter) close() error { return p.w.Close() }

// appendValues returns the cells of a column with their levels.
func appendValues(dst []parquet.Value, cells *Cells, column Column, c int) ([]parquet.Value, error) {
	present := 1 // definition level of a value that is there
	if column.Required {
		present = 0
	}
	for i, known := range cells.Known {
		if !known {
			if column.Required {
				return nil, fmt.Errorf("row %d, column %s: is required and absent", i+1, column.Name)
			}
			dst = append(dst, parquet.NullValue().Level(0, 0, c))
			continue
		}
		switch t := column.Type; {
		case t.isText():
			if !utf8.ValidString(cells.Text[i]) {
				return nil, fmt.Errorf("row %d, column %s: text is not valid UTF-8: %.60q", i+1, column.Name, cells.Text[i])
			}
			dst = append(dst, parquet.ByteArrayValue([]byte(cells.Text[i])).Level(0, present, c))
		case t == Whole:
			dst = append(dst, parquet.Int64Value(int64(cells.Number[i])).Level(0, present, c))
		case t == Boolean:
			dst = append(dst, parquet.BooleanValue(cells.Bool[i]).Level(0, present, c))
		case t == Numbers:
			dst = appendListValues(dst, cells.List[i], parquet.DoubleValue, present, c)
		case t == Vector:
			dst = appendListValues(dst, cells.Vector[i], parquet.FloatValue, present, c)
		default:
			if v := cells.Number[i]; math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("row %d, column %s: %g cannot be written: an unknown number is left out", i+1, column.Name, v)
			}
			dst = append(dst, parquet.DoubleValue(cells.Number[i]).Level(0, present, c))
		}
	}
	return dst, nil
}

func appendListValues[F float32 | float64](dst []parquet.Value, list []F, value func(F) parquet.Value, present, c int) []parquet.Value {
	if len(list) == 0 {
		return append(dst, parquet.NullValue().Level(0, present, c))
	}
	for k, v := range list {
		dst = append(dst, value(v).Level(min(k, 1), present+1, c))
	}
	return dst
}
