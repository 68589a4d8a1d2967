package table

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding"
)

// pyarrowFile writes a table as pyarrow and pandas lay it out: every column
// optional, lists as list.element (or list.item before version 8), an index
// column, the table's description in the metadata.
func pyarrowFile(t testing.TB, n int, inner string, text, number, whole encoding.Encoding, options ...parquet.WriterOption) []byte {
	t.Helper()
	list := func(of parquet.Node) parquet.Node {
		return parquet.Optional(listNode{parquet.Group{"list": parquet.Repeated(parquet.Group{inner: parquet.Optional(of)})}})
	}
	encoded := func(node parquet.Node, e encoding.Encoding) parquet.Node {
		if e != nil {
			node = parquet.Encoded(node, e)
		}
		return parquet.Optional(node)
	}
	boolean := parquet.Leaf(parquet.BooleanType)
	if whole != nil {
		boolean = parquet.Encoded(boolean, &parquet.RLE)
	}
	schema := parquet.NewSchema("schema", parquet.Group{
		"id":                encoded(parquet.String(), text),
		"flag":              parquet.Optional(boolean),
		"score":             encoded(parquet.Leaf(parquet.DoubleType), number),
		"small":             encoded(parquet.Leaf(parquet.FloatType), number),
		"tokens":            encoded(parquet.Int(64), whole),
		"short":             encoded(parquet.Int(32), whole),
		"embedding":         list(parquet.Leaf(parquet.FloatType)),
		"__index_level_0__": parquet.Optional(parquet.Int(64)),
	})
	var out bytes.Buffer
	options = append(options, schema, parquet.KeyValueMetadata("pandas", `{"index_columns": ["__index_level_0__"]}`), parquet.KeyValueMetadata("ARROW:schema", "/////w=="))
	w := parquet.NewGenericWriter[any](&out, options...)
	for i := range n {
		var row parquet.Row
		put := func(name string, values ...parquet.Value) {
			leaf, _ := schema.Lookup(strings.Split(name, ".")...)
			for k, v := range values {
				def := 1
				switch {
				case name != "embedding.list."+inner && v.IsNull():
					def = 0
				case name == "embedding.list."+inner:
					def = 3
					if v.IsNull() {
						def = i / 4 % 2 // a null list or an empty one
					}
				}
				row = append(row, v.Level(min(k, 1), def, leaf.ColumnIndex))
			}
		}
		null := func(every int, v parquet.Value) parquet.Value {
			if i%every == every-1 {
				return parquet.NullValue()
			}
			return v
		}
		put("__index_level_0__", parquet.Int64Value(int64(i)))
		if i%4 == 3 {
			put("embedding.list."+inner, parquet.NullValue())
		} else {
			put("embedding.list."+inner, parquet.FloatValue(float32(i)), parquet.FloatValue(0.5))
		}
		put("flag", null(5, parquet.BooleanValue(i%3 == 0)))
		put("id", parquet.ByteArrayValue([]byte(fmt.Sprintf("prompt %d", i))))
		put("score", null(7, parquet.DoubleValue(float64(i)/3)))
		put("short", null(6, parquet.Int32Value(int32(-i))))
		put("small", null(3, parquet.FloatValue(float32(i)/3)))
		put("tokens", null(2, parquet.Int64Value(int64(i*i)-1000)))
		if _, err := w.WriteRows([]parquet.Row{row}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// listNode marks a group as a list.
type listNode struct{ parquet.Group }

func (listNode) Type() parquet.Type { return parquet.List(parquet.String()).Type() }

var pyarrowColumns = []Column{
	{Name: "id", Type: Name, Required: true}, {Name: "flag", Type: Boolean}, {Name: "score", Type: Number}, {Name: "small", Type: Number},
	{Name: "tokens", Type: Whole}, {Name: "short", Type: Whole}, {Name: "embedding", Type: Vector},
}

func pyarrowRows(n int) []string {
	rows := make([]string, n)
	for i := range rows {
		or := func(every int, v any) string {
			if i%every == every-1 {
				return "–"
			}
			return fmt.Sprint(v)
		}
		list := fmt.Sprintf("[%d 0.5]", i)
		if i%4 == 3 {
			list = []string{"–", "[]"}[i/4%2]
		}
		rows[i] = strings.Join([]string{
			fmt.Sprintf("\"prompt %d\"", i), or(5, i%3 == 0), or(7, float64(i)/3), or(3, float64(float32(i)/3)), or(2, float64(i*i-1000)), or(6, -i), list,
		}, " | ")
	}
	return rows
}

func TestPyarrowLayouts(t *testing.T) {
	type encodings struct {
		name                string
		text, number, whole encoding.Encoding
	}
	for _, e := range []encodings{
		{name: "plain"},
		{"dictionary", &parquet.RLEDictionary, &parquet.RLEDictionary, &parquet.RLEDictionary},
		{"delta length", &parquet.DeltaLengthByteArray, &parquet.ByteStreamSplit, &parquet.DeltaBinaryPacked},
		{"delta", &parquet.DeltaByteArray, nil, &parquet.DeltaBinaryPacked},
	} {
		for version := 1; version <= 2; version++ {
			for _, inner := range []string{"element", "item"} {
				for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Zstd} {
					for _, n := range []int{1, 9, 3000} {
						if raceDetector && n > 9 && codec != &parquet.Snappy {
							continue
						}
						name := fmt.Sprintf("%s, pages of version %d, list.%s, %s, %d rows", e.name, version, inner, codec, n)
						file := pyarrowFile(t, n, inner, e.text, e.number, e.whole, parquet.DataPageVersion(version), parquet.Compression(codec), parquet.PageBufferSize(2000), parquet.MaxRowsPerRowGroup(1700))
						rows, faults, warnings := dumpText(t, string(file), "f", pyarrowColumns)
						if diff := cmp.Diff(pyarrowRows(n), rows); diff != "" || len(faults) > 0 {
							t.Fatalf("%s: faults %q; want −, got +:\n%s", name, faults, diff)
						}
						if diff := cmp.Diff([]string{"not asked for: __index_level_0__"}, warnings); diff != "" {
							t.Errorf("%s: want −, got +:\n%s", name, diff)
						}
					}
				}
			}
		}
	}
}
