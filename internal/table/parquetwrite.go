package table

import (
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// A row group ends with the batch that reaches one of these, which bounds the
// writer's memory.
const (
	groupRows  = 1 << 17
	groupBytes = 64 << 20
)

// createdBy has the form that the format asks for; the version is that of what
// is written, as a program's would change the bytes.
const createdBy = "routeproof version 1 (build 0)"

// parquetWriter writes row groups of columns, zstd-compressed, with
// dictionaries for values that recur.
type parquetWriter struct {
	w        io.Writer
	pos      int64
	columns  []*columnWriter
	rows     int // of the row group at hand
	bytes    int
	metadata format.FileMetaData
}

func newParquetWriter(w io.Writer, columns []Column, metadata map[string]string) (*parquetWriter, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
	if err != nil {
		return nil, err
	}
	p := &parquetWriter{w: w, metadata: format.FileMetaData{Version: 1, CreatedBy: createdBy}}
	p.metadata.Schema = append(p.metadata.Schema, format.SchemaElement{Name: "schema", NumChildren: thrift.New(int32(len(columns)))})
	for _, column := range columns {
		p.columns = append(p.columns, newColumnWriter(column, z))
		p.metadata.Schema = append(p.metadata.Schema, schemaOf(column)...)
	}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		p.metadata.KeyValueMetadata = append(p.metadata.KeyValueMetadata, format.KeyValue{Key: key, Value: metadata[key]})
	}
	return p, p.put([]byte(parquetMagic))
}

// schemaOf describes a column; a list is a group of a group, as the format has
// it.
func schemaOf(column Column) []format.SchemaElement {
	presence := thrift.New(format.Optional)
	if column.Required {
		presence = thrift.New(format.Required)
	}
	value := format.SchemaElement{Name: column.Name, Type: thrift.New(physical(column.Type)), RepetitionType: presence}
	if column.Type.isText() {
		value.ConvertedType = thrift.New(deprecated.UTF8)
		value.LogicalType = format.LogicalType{Value: &format.StringType{}}
	}
	if column.Type.element() == column.Type {
		return []format.SchemaElement{value}
	}
	value.Name, value.RepetitionType = "element", thrift.New(format.Required)
	return []format.SchemaElement{
		{Name: column.Name, RepetitionType: presence, NumChildren: thrift.New(int32(1)), ConvertedType: thrift.New(deprecated.List), LogicalType: format.LogicalType{Value: &format.ListType{}}},
		{Name: "list", RepetitionType: thrift.New(format.Repeated), NumChildren: thrift.New(int32(1))},
		value,
	}
}

func physical(t Type) format.Type {
	switch {
	case t.isText():
		return format.ByteArray
	case t == Whole:
		return format.Int64
	case t == Boolean:
		return format.Boolean
	case t == Vector:
		return format.Float
	}
	return format.Double
}

func (p *parquetWriter) put(b []byte) error {
	n, err := p.w.Write(b)
	p.pos += int64(n)
	return err
}

func (p *parquetWriter) write(b *Batch) (int, error) {
	if err := p.each(func(c int) error { return p.columns[c].add(&b.Cells[c], b.Rows) }); err != nil {
		return 0, err
	}
	p.rows += b.Rows
	p.bytes += b.bytes
	if p.rows < groupRows && p.bytes < groupBytes {
		return b.Rows, nil
	}
	return b.Rows, p.endGroup()
}

// each does something with every column, on all processors.
func (p *parquetWriter) each(do func(c int) error) error {
	errs := make([]error, len(p.columns))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(p.columns)) {
		workers.Go(func() {
			for c := int(next.Add(1)) - 1; c < len(p.columns); c = int(next.Add(1)) - 1 {
				errs[c] = do(c)
			}
		})
	}
	workers.Wait()
	return errors.Join(errs...)
}

// endGroup writes the row group at hand.
func (p *parquetWriter) endGroup() error {
	if p.rows == 0 {
		return nil
	}
	if err := p.each(func(c int) error { return p.columns[c].end() }); err != nil {
		return err
	}
	group := format.RowGroup{NumRows: int64(p.rows), FileOffset: p.pos, Ordinal: int16(min(len(p.metadata.RowGroups), 1<<15-1))}
	for _, column := range p.columns {
		meta := column.metadata(p.pos)
		group.Columns = append(group.Columns, format.ColumnChunk{MetaData: meta})
		group.TotalByteSize += meta.TotalUncompressedSize
		group.TotalCompressedSize += meta.TotalCompressedSize
		if err := p.put(column.dictionaryPage); err != nil {
			return err
		}
		if err := p.put(column.pages); err != nil {
			return err
		}
		column.reset()
	}
	p.metadata.RowGroups = append(p.metadata.RowGroups, group)
	p.metadata.NumRows += group.NumRows
	p.rows, p.bytes = 0, 0
	return nil
}

func (p *parquetWriter) close() error {
	if err := p.endGroup(); err != nil {
		return err
	}
	var compact thrift.CompactProtocol
	footer, err := thrift.Marshal(&compact, &p.metadata)
	if err != nil {
		return err
	}
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	return p.put(append(footer, parquetMagic...))
}
