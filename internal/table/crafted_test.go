package table

import (
	"bytes"
	"encoding/binary"
	"slices"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// crafted is a file of one column, from pages that may be of any kind.
type crafted struct {
	element format.SchemaElement
	codec   format.CompressionCodec
	rows    int64
	pages   []byte
	change  func(*format.FileMetaData)
}

func (c *crafted) add(header format.PageHeader, body []byte) {
	if header.CompressedPageSize == 0 {
		header.CompressedPageSize = int32(len(body))
	}
	if header.UncompressedPageSize == 0 {
		header.UncompressedPageSize = int32(len(body))
	}
	c.pages = append(append(c.pages, marshal(&header)...), body...)
}

func marshal(v any) []byte {
	var compact thrift.CompactProtocol
	b, err := thrift.Marshal(&compact, v)
	if err != nil {
		panic(err)
	}
	return b
}

func (c *crafted) file() []byte {
	metadata := format.FileMetaData{
		Version: 1, NumRows: c.rows,
		Schema: []format.SchemaElement{{Name: "s", NumChildren: thrift.New(int32(1))}, c.element},
		RowGroups: []format.RowGroup{{NumRows: c.rows, Columns: []format.ColumnChunk{{MetaData: format.ColumnMetaData{
			Type: c.element.Type.V, PathInSchema: []string{c.element.Name}, Codec: c.codec, NumValues: c.rows,
			DataPageOffset: 4, TotalCompressedSize: int64(len(c.pages)), TotalUncompressedSize: int64(len(c.pages)),
		}}}}},
	}
	if c.change != nil {
		c.change(&metadata)
	}
	return withFooter(c.pages, marshal(&metadata))
}

func withFooter(pages, footer []byte) []byte {
	file := append([]byte(parquetMagic), pages...)
	file = binary.LittleEndian.AppendUint32(append(file, footer...), uint32(len(footer)))
	return append(file, parquetMagic...)
}

func element(name string, of format.Type, presence format.FieldRepetitionType) format.SchemaElement {
	return format.SchemaElement{Name: name, Type: thrift.New(of), RepetitionType: thrift.New(presence)}
}

func dataPage(n int, e format.Encoding) format.PageHeader {
	h := format.PageHeader{Type: format.DataPage}
	h.DataPageHeader.Set(format.DataPageHeader{NumValues: int32(n), Encoding: e, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE})
	return h
}

func dictionaryPage(n int) format.PageHeader {
	h := format.PageHeader{Type: format.DictionaryPage}
	h.DictionaryPageHeader.Set(format.DictionaryPageHeader{NumValues: int32(n)})
	return h
}

func uvarints(v ...uint64) (b []byte) {
	for _, v := range v {
		b = binary.AppendUvarint(b, v)
	}
	return b
}

func levels(b []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(b))), b...)
}

func zstdOf(b []byte) []byte {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	return z.EncodeAll(b, nil)
}

// growingPrefixes are n texts, each the one before and a letter, which is n²/2
// letters out of few bytes.
func growingPrefixes(n int) []byte {
	differences := func(first, step uint64) []byte { // first, first + step, …
		b := uvarints(128, 4, uint64(n), first<<1)
		for range (n + 126) / 128 {
			b = append(b, uvarints(step<<1)...)
			b = append(b, 0, 0, 0, 0)
		}
		return b
	}
	return slices.Concat(differences(0, 1), differences(1, 0), bytes.Repeat([]byte("x"), n))
}
