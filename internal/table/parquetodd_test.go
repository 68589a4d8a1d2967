package table

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/snappy"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// TestBadTextIsLookedThroughOnce has a text of 8 MiB that goes wrong at its
// end, in thousands of rows. To look through it for each would take half a
// minute.
func TestBadTextIsLookedThroughOnce(t *testing.T) {
	const rows = 4000
	c := crafted{element: element("id", format.ByteArray, format.Required), codec: format.Zstd, rows: rows}
	text := append(bytes.Repeat([]byte("é"), MaxRow/2-1), 0xff)
	body := slices.Concat(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text)
	h := dictionaryPage(1)
	h.UncompressedPageSize = int32(len(body))
	c.add(h, zstdOf(body))
	body = append([]byte{0}, uvarints(rows<<1)...)
	h = dataPage(rows, format.RLEDictionary)
	h.UncompressedPageSize = int32(len(body))
	c.add(h, zstdOf(body))
	began := time.Now()
	_, faults, _ := dumpText(t, string(c.file()), "f", []Column{{Name: "id", Type: Text}})
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("took %v", took)
	}
	if len(faults) != rows || faults[rows-1] != "4000 id: not valid UTF-8" {
		t.Errorf("%d faults, %.100q", len(faults), faults)
	}
}

// nulls is a column of the type that pyarrow and polars give a column of
// nothing but nulls.
func nulls(name string) format.SchemaElement {
	e := element(name, format.Int32, format.Optional)
	e.LogicalType.Value = &format.NullType{}
	return e
}

func TestParquetColumnsOfNulls(t *testing.T) {
	c := crafted{element: nulls("score"), rows: 2}
	c.add(dataPage(2, 0), levels(uvarints(2<<1, 0)))
	for _, of := range []Type{Text, Name, JSON, Number, Whole, Boolean, Numbers, Vector} {
		source, err := New(bytes.NewReader(c.file()), "f")
		if err != nil {
			t.Fatal(err)
		}
		columns := []Column{{Name: "score", Type: of}, {Name: "other", Type: of}}
		reader, err := source.Rows(columns)
		if err != nil {
			t.Fatal(err)
		}
		var b Batch
		if err := reader.Read(&b); err != nil || len(b.Faults) > 0 {
			t.Errorf("%s: %v, faults %v", of, err, b.Faults)
		}
		if diff := cmp.Diff([]string{"– | –", "– | –"}, rowsOf(&b, columns)); diff != "" || !slices.Equal(reader.Present(), []bool{true, false}) {
			t.Errorf("%s: present %v; want −, got +:\n%s", of, reader.Present(), diff)
		}
		_, faults, _ := dumpText(t, string(c.file()), "f", []Column{{Name: "score", Type: of, Required: true}})
		if want := fmt.Sprintf("0 score: expected %s, found a column of nulls", of); !slices.Equal(faults, []string{want}) {
			t.Errorf("required: %q, expected %q", faults, want)
		}
		if err := source.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestParquetListsOfNulls reads [], null, [null], as the type of the elements
// is where all lists are empty.
func TestParquetListsOfNulls(t *testing.T) {
	c := crafted{element: nulls("element"), rows: 3, change: func(m *format.FileMetaData) {
		one := thrift.New(int32(1))
		m.Schema = []format.SchemaElement{
			{Name: "s", NumChildren: one}, {Name: "scores", RepetitionType: thrift.New(format.Optional), NumChildren: one, LogicalType: format.LogicalType{Value: &format.ListType{}}},
			{Name: "list", RepetitionType: thrift.New(format.Repeated), NumChildren: one}, nulls("element"),
		}
	}}
	c.add(dataPage(3, 0), slices.Concat(levels(uvarints(3<<1, 0)), levels(uvarints(1<<1, 1, 1<<1, 0, 1<<1, 2))))
	rows, faults, _ := dumpText(t, string(c.file()), "f", []Column{{Name: "scores", Type: Numbers}})
	if !slices.Equal(rows, []string{"[]", "–", "–"}) || !slices.Equal(faults, []string{"3 scores: expected a list of numbers: an element is null"}) {
		t.Errorf("rows %q, faults %q", rows, faults)
	}
}

// TestParquetEmptyRowGroups has groups without rows before, between and behind
// others, whose pages are said to be at offset 0, as arrow-go writes them.
func TestParquetEmptyRowGroups(t *testing.T) {
	for _, full := range []int{0, 1, 3} {
		c := crafted{element: element("score", format.Double, format.Required), rows: 1}
		c.add(dataPage(1, 0), make([]byte, 8))
		c.change = func(m *format.FileMetaData) {
			one, none := m.RowGroups[0], m.RowGroups[0]
			none.NumRows, none.Columns = 0, []format.ColumnChunk{{MetaData: format.ColumnMetaData{Type: format.Double, PathInSchema: []string{"score"}}}}
			m.RowGroups, m.NumRows = []format.RowGroup{none, none}, int64(full)
			for range full {
				m.RowGroups = append(m.RowGroups, one, none)
			}
		}
		rows, faults, _ := dumpText(t, string(c.file()), "f", []Column{{Name: "score", Type: Number, Required: true}})
		if len(rows) != full || len(faults) > 0 {
			t.Errorf("%d full groups: rows %q, faults %q", full, rows, faults)
		}
	}
}

// TestParquetPagesOfNulls reads pages of version 2 that hold levels and, being
// of nulls only, not one byte of values, though these are said to be compressed.
func TestParquetPagesOfNulls(t *testing.T) {
	page := func(e format.Encoding, body []byte, values int) format.PageHeader {
		h := format.PageHeader{Type: format.DataPageV2}
		h.DataPageHeaderV2.Set(format.DataPageHeaderV2{NumValues: 2, NumNulls: int32(2 - values), NumRows: 2, Encoding: e, DefinitionLevelsByteLength: int32(len(body)), IsCompressed: thrift.New(true)})
		return h
	}
	for _, c := range []struct {
		kind     format.Type
		column   Column
		encoding format.Encoding
	}{
		{format.Double, Column{Name: "x", Type: Number}, format.Plain}, {format.Int64, Column{Name: "x", Type: Number}, format.DeltaBinaryPacked},
		{format.ByteArray, Column{Name: "x", Type: Text}, format.Plain}, {format.ByteArray, Column{Name: "x", Type: Text}, format.DeltaByteArray},
		{format.ByteArray, Column{Name: "x", Type: Text}, format.RLEDictionary}, {format.Boolean, Column{Name: "x", Type: Boolean}, format.RLE},
	} {
		for _, codec := range []format.CompressionCodec{format.Uncompressed, format.Snappy, format.Gzip, format.Zstd} {
			file := crafted{element: element("x", c.kind, format.Optional), codec: codec, rows: 2}
			body := uvarints(2<<1, 0)
			file.add(page(c.encoding, body, 0), body)
			rows, faults, _ := dumpText(t, string(file.file()), "f", []Column{c.column})
			if !slices.Equal(rows, []string{"–", "–"}) || len(faults) > 0 {
				t.Errorf("%s, %s, %s: rows %q, faults %q", c.kind, c.encoding, codec, rows, faults)
			}
		}
	}
	// Where there is a value its bytes are missed.
	file := crafted{element: element("x", format.Double, format.Optional), codec: format.Snappy, rows: 2}
	body := uvarints(2<<1, 1)
	file.add(page(format.Plain, body, 2), body)
	if _, faults, _ := dumpText(t, string(file.file()), "f", []Column{{Name: "x", Type: Number}}); len(faults) != 1 || !strings.Contains(faults[0], "a page has too few values") {
		t.Errorf("faults %q", faults)
	}
	// And bytes that are there are unpacked.
	file = crafted{element: element("x", format.Double, format.Optional), codec: format.Snappy, rows: 2}
	h := page(format.Plain, body, 2)
	packed := snappy.Encode(nil, make([]byte, 16))
	h.UncompressedPageSize = int32(len(body) + 16)
	file.add(h, append(bytes.Clone(body), packed...))
	if rows, faults, _ := dumpText(t, string(file.file()), "f", []Column{{Name: "x", Type: Number}}); !slices.Equal(rows, []string{"0", "0"}) {
		t.Errorf("rows %q, faults %q", rows, faults)
	}
}

func TestParquetNamesTwice(t *testing.T) {
	for name, columns := range map[string][]Column{"asked for": {{Name: "id", Type: Text}}, "not asked for": {{Name: "score", Type: Number}}} {
		c := crafted{element: element("id", format.ByteArray, format.Required), change: func(m *format.FileMetaData) {
			m.Schema[0].NumChildren.Set(3)
			m.Schema = append(m.Schema, m.Schema[1], m.Schema[1])
			m.RowGroups = nil
		}}
		_, faults, _ := dumpText(t, string(c.file()), "f", columns)
		if !slices.Equal(faults, []string{`0: column "id" stands twice: expected columns with names of their own`}) {
			t.Errorf("%s: %q", name, faults)
		}
	}
}

func TestParquetDecimals(t *testing.T) {
	for scale, want := range map[int32]string{0: "7", 2: "0.07", 300: "e-300", 301: "cast the column", -1: "cast the column"} {
		e := element("x", format.Int64, format.Required)
		e.LogicalType.Value = &format.DecimalType{Precision: 18, Scale: scale}
		c := crafted{element: e, rows: 1}
		c.add(dataPage(1, 0), binary.LittleEndian.AppendUint64(nil, 7))
		rows, faults, _ := dumpText(t, string(c.file()), "f", []Column{{Name: "x", Type: Number}})
		if got := strings.Join(append(rows, faults...), "\n"); !strings.HasSuffix(got, want) {
			t.Errorf("scale %d: %s, expected %s", scale, got, want)
		}
	}
}
