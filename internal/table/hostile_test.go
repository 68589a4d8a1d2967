package table

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// allocated returns how many MiB f allocates in all.
func allocated(f func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc-before.TotalAlloc) / (1 << 20)
}

// ours is a small file of this package's own, of every type.
func ours(t testing.TB, n int) []byte {
	t.Helper()
	columns := slices.Clone(pyarrowColumns)
	columns[0].Repeats = true
	columns = append(columns, Column{Name: "scores", Type: Numbers})
	var b Batch
	b.Reset(columns)
	for i := range n {
		b.Append(0)
		b.SetText(0, fmt.Sprint(i/2))
		b.SetBool(1, i%3 == 0)
		b.SetNumber(2, float64(i)/3)
		if i%2 == 0 {
			b.SetNumber(4, float64(i))
			b.SetVector(6, []float32{1, float32(i)})
		}
		b.SetNumbers(7, []float64{0.5})
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, Format{Container: "parquet"}, columns, map[string]string{"key": "value"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// smallFiles are of three writers.
func smallFiles(t testing.TB) map[string][]byte {
	t.Helper()
	duck, err := os.ReadFile(duckdb + "float_list.parquet")
	if err != nil {
		t.Fatal(err)
	}
	delta := pyarrowFile(t, 20, "element", &parquet.DeltaByteArray, &parquet.ByteStreamSplit, &parquet.DeltaBinaryPacked)
	dictionary := pyarrowFile(t, 20, "item", &parquet.RLEDictionary, nil, &parquet.RLEDictionary, parquet.DataPageVersion(1), parquet.Compression(&parquet.Snappy))
	return map[string][]byte{"ours": ours(t, 20), "DuckDB": duck, "delta": delta, "dictionary": dictionary}
}

var hostileColumns = append(slices.Clone(pyarrowColumns), Column{Name: "scores", Type: Numbers}, Column{Name: "__index_level_0__", Type: Number})

// tryParquet reads a file and holds that it takes little memory. It returns
// the rows, if all is well with them.
func tryParquet(t testing.TB, what string, file []byte) []string {
	t.Helper()
	var rows, faults []string
	if mebibytes := allocated(func() { rows, faults, _ = dumpText(t, string(file), "f", hostileColumns) }); mebibytes > 20 {
		t.Errorf("%s: allocated %.0f MiB", what, mebibytes)
	}
	if len(faults) > 0 {
		return nil
	}
	return rows
}

func TestTruncatedParquet(t *testing.T) {
	for name, file := range smallFiles(t) {
		if len(tryParquet(t, name, file)) < 20 {
			t.Fatalf("%s: the sound file has too few rows", name)
		}
		for n := 0; n < len(file); n += step {
			if rows := tryParquet(t, fmt.Sprintf("%s cut to %d bytes", name, n), file[:n]); len(rows) > 0 {
				t.Errorf("%s cut to %d bytes: %d rows", name, n, len(rows))
			}
		}
	}
}

// TestDamagedParquet changes one byte at a time. Pages of our own files have
// checksums, so that no change of a value goes unseen.
func TestDamagedParquet(t *testing.T) {
	for name, file := range smallFiles(t) {
		sound := tryParquet(t, name, file)
		footer := len(file) - 8 - int(binary.LittleEndian.Uint32(file[len(file)-8:]))
		for i := 0; i < len(file); i += step {
			for _, mask := range []byte{0x01, 0x80, 0xff} {
				damaged := bytes.Clone(file)
				damaged[i] ^= mask
				rows := tryParquet(t, fmt.Sprintf("%s, byte %d ^ %x", name, i, mask), damaged)
				if name == "ours" && i < footer && rows != nil && !slices.Equal(rows, sound) {
					t.Errorf("%s, byte %d ^ %x: damage was not seen", name, i, mask)
				}
			}
		}
	}
}

func TestHostileParquet(t *testing.T) {
	const most = math.MaxInt32
	required, optional := element("score", format.Double, format.Required), element("score", format.Double, format.Optional)
	text, repeated := element("id", format.ByteArray, format.Required), element("scores", format.Double, format.Repeated)
	page := func(e format.SchemaElement, codec format.CompressionCodec, h format.PageHeader, body []byte) []byte {
		c := crafted{element: e, codec: codec, rows: 1}
		c.add(h, body)
		return c.file()
	}
	sized := func(h format.PageHeader, packed, plain int32) format.PageHeader {
		h.CompressedPageSize, h.UncompressedPageSize = packed, plain
		return h
	}
	bomb := zstdOf(make([]byte, 64<<20))
	long := marshal(new(format.PageHeader))
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"footer with a huge list", withFooter(nil, append([]byte{0x15, 2, 0x19, 0xfc}, uvarints(most)...)), "metadata are cut short"},
		{"footer with a huge string", withFooter(nil, append([]byte{0x68}, uvarints(most)...)), "metadata are cut short"},
		{"footer of nested structs", withFooter(nil, bytes.Repeat([]byte{0x1c}, 1<<20)), "metadata make no sense"},
		{"footer of nested lists", withFooter(nil, append([]byte{0x19}, bytes.Repeat([]byte{0x19}, 1<<20)...)), "metadata make no sense"},
		{"footer with a million structs", withFooter(nil, slices.Concat([]byte{0x29, 0xfc}, uvarints(1<<20), make([]byte, 1<<20+1))), "metadata have too many parts"},
		{"footer with a number of eleven bytes", withFooter(nil, append([]byte{0x15}, bytes.Repeat([]byte{0xff}, 11)...)), "metadata make no sense"},
		{"empty footer", withFooter(nil, nil), "metadata are cut short"},
		{"nested columns", (&crafted{element: required, change: func(m *format.FileMetaData) {
			m.Schema = slices.Repeat([]format.SchemaElement{{Name: "s", NumChildren: thrift.New(int32(1))}}, 50_000)
			m.Schema = append(m.Schema, required)
		}}).file(), "columns are nested over 32 deep"},
		{"more children than columns", (&crafted{element: required, change: func(m *format.FileMetaData) { m.Schema[0].NumChildren.Set(most) }}).file(), "declares 2147483647 children"},
		{"many columns in few row groups", (&crafted{element: required, change: func(m *format.FileMetaData) {
			m.Schema = append(m.Schema[:1], slices.Repeat(m.Schema[1:], 60_000)...)
			m.RowGroups = make([]format.RowGroup, 60_000)
		}}).file(), "row group 0 has 0 columns instead of 60000"},
		{"no columns", (&crafted{element: required, change: func(m *format.FileMetaData) { m.Schema = nil }}).file(), "row group 0 has 1 columns instead of 0"},
		{"pages outside", (&crafted{element: required, rows: 1, change: func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.DataPageOffset = 1 << 40 }}).file(), "its pages would lie outside the file"},
		{"negative offset", (&crafted{element: required, rows: 1, change: func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.DataPageOffset = -5 }}).file(), "its pages would lie outside the file"},
		{"negative length", (&crafted{element: required, rows: 1, change: func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.TotalCompressedSize = -5 }}).file(), "its pages would lie outside the file"},
		{"negative rows", (&crafted{element: required, rows: -1}).file(), "num_rows=-1 is negative"},
		{"fewer rows than said", (&crafted{element: required, rows: 1 << 60}).file(), "ends after 0 rows"},
		{"more rows than said", page(required, 0, dataPage(2, 0), make([]byte, 16)), "has more rows than its row group"},
		{"negative page", page(required, 0, sized(dataPage(1, 0), -1, 8), make([]byte, 8)), "a page would have -1 bytes"},
		{"page longer than the file", page(required, 0, sized(dataPage(1, 0), most, 8), make([]byte, 8)), "a page would have 2147483647 bytes"},
		{"page that says it is huge", page(required, format.Zstd, sized(dataPage(1, 0), 0, most), zstdOf(make([]byte, 8))), "a page of 2047 MiB is over 128"},
		{"page of two sizes", page(required, 0, sized(dataPage(1, 0), 8, 9), make([]byte, 8)), "a page has 8 bytes instead of 9"},
		{"negative values", page(required, 0, dataPage(-1, 0), make([]byte, 8)), "a page would have -1 values"},
		{"2^31 values", page(required, 0, dataPage(most, 0), make([]byte, 8)), "a page has too few values"},
		{"2^31 texts", page(text, 0, dataPage(most, 0), make([]byte, 8)), "a page has too few values"},
		{"text longer than its page", page(text, 0, dataPage(1, 0), []byte{0xff, 0xff, 0xff, 0xff, 0}), "a text would be longer than its page"},
		{"2^31 nulls", page(optional, 0, dataPage(most, 0), levels(uvarints(most<<1, 0))), "has more rows than its row group"},
		{"2^31 values by levels", page(optional, 0, dataPage(most, 0), levels(append(uvarints(most<<1), 1))), "a page has too few values"},
		{"more bits than there are", page(optional, 0, dataPage(9, 0), levels(uvarints(most<<1|1))), "a page has too few levels"},
		{"levels of their own length", page(optional, 0, dataPage(1, 0), []byte{0xff, 0xff, 0xff, 0x7f}), "its levels, encoding RLE, cannot be"},
		{"levels too high", page(optional, 0, dataPage(1, 0), levels(append(uvarints(1<<1), 0xff))), "a page has too few values"},
		{"list of 2^31", func() []byte {
			c := crafted{element: repeated, rows: 1}
			c.add(dictionaryPage(1), make([]byte, 8))
			c.add(dataPage(most, format.RLEDictionary), slices.Concat(levels(slices.Concat(uvarints(1<<1), []byte{0}, uvarints(most<<1), []byte{1})), levels(append(uvarints(most<<1), 1)), []byte{0}, uvarints(most<<1)))
			return c.file()
		}(), "list is longer than 8 MiB"},
		{"dictionary of 2^31", page(text, 0, dictionaryPage(most), make([]byte, 8)), "a dictionary of 2147483647 values, encoding PLAIN, cannot be"},
		{"two dictionaries", func() []byte {
			c := crafted{element: required, rows: 1}
			c.add(dictionaryPage(1), make([]byte, 8))
			c.add(dictionaryPage(1), make([]byte, 8))
			return c.file()
		}(), "a dictionary of 1 values, encoding PLAIN, cannot be"},
		{"code outside", func() []byte {
			c := crafted{element: required, rows: 1}
			c.add(dictionaryPage(1), make([]byte, 8))
			c.add(dataPage(1, format.RLEDictionary), append([]byte{1}, append(uvarints(1<<1), 1)...))
			return c.file()
		}(), "code 1 is outside a dictionary of 1"},
		{"codes without a dictionary", page(required, 0, dataPage(1, format.RLEDictionary), append([]byte{0}, uvarints(1<<1)...)), "code 0 is outside a dictionary of 0"},
		{"codes of 33 bits", page(required, 0, dataPage(1, format.RLEDictionary), []byte{33, 2, 0}), "codes would have 33 bits"},
		{"zstd bomb", page(required, format.Zstd, sized(dataPage(1, 0), 0, 8), bomb), "decompressing a page"},
		{"gzip bomb", page(required, format.Gzip, sized(dataPage(1, 0), 0, 8), gzipOf(make([]byte, 64<<20))), "found 9 bytes or more instead of 8"},
		{"snappy bomb", page(required, format.Snappy, sized(dataPage(1, 0), 0, 8), snappy.Encode(nil, make([]byte, 64<<20))), "found 67108864 bytes or more instead of 8"},
		{"snappy that says it is huge", page(required, format.Snappy, sized(dataPage(1, 0), 0, 8), append(uvarints(math.MaxUint32), 0)), "found 4294967295 bytes or more instead of 8"},
		{"garbage for gzip", page(required, format.Gzip, sized(dataPage(1, 0), 0, 8), []byte("garbage")), "decompressing a page"},
		{"LZ4", page(required, format.Lz4Raw, sized(dataPage(1, 0), 0, 8), []byte("garbage")), "compression LZ4_RAW is not read"},
		{"2^40 differences", page(element("score", format.Int64, format.Required), 0, dataPage(most, format.DeltaBinaryPacked), uvarints(128, 4, 1<<40, 0)), "a page of 2147483647 values, encoding DELTA_BINARY_PACKED, is over 16777216"},
		{"differences without bits", page(element("score", format.Int64, format.Required), 0, dataPage(1, format.DeltaBinaryPacked), uvarints(128, 4, 1<<20, 0)), "a page of differences makes no sense"},
		{"differences in one block", page(element("score", format.Int64, format.Required), 0, dataPage(1<<20, format.DeltaBinaryPacked), uvarints(1<<62, 1<<61, 1<<20, 0)), "a page of differences makes no sense"},
		{"prefixes that grow", page(text, 0, dataPage(1<<20, format.DeltaByteArray), growingPrefixes(1<<17)), "a page is over 128 MiB"},
		{"header with a huge text", (&crafted{element: required, rows: 1, pages: slices.Concat(long[:len(long)-1], []byte{0x5c, 0x15, 2, 0x15, 0, 0x15, 0, 0x15, 0, 0x1c, 0x18}, uvarints(most))}).file(), "metadata"},
		{"header without an end", (&crafted{element: required, rows: 1, pages: bytes.Repeat([]byte{0x1c}, 40<<20)}).file(), "metadata make no sense"},
		{"text of 9 MiB", func() []byte {
			body := slices.Concat(binary.LittleEndian.AppendUint32(nil, 9<<20), make([]byte, 9<<20))
			return page(text, format.Zstd, sized(dataPage(1, 0), 0, int32(len(body))), zstdOf(body))
		}(), "text is longer than 8 MiB"},
		{"decimal of a mebibyte", func() []byte {
			e := element("score", format.ByteArray, format.Required)
			e.LogicalType.Value = &format.DecimalType{Precision: 38}
			body := slices.Concat(binary.LittleEndian.AppendUint32(nil, 1<<20), bytes.Repeat([]byte{1}, 1<<20))
			return page(e, 0, dataPage(1, 0), body)
		}(), "expected a number, found +Inf"},
	} {
		var faults []string
		columns := []Column{{Name: "id", Type: Text}, {Name: "score", Type: Number}, {Name: "scores", Type: Numbers}}
		mebibytes := allocated(func() { _, faults, _ = dumpText(t, string(c.file), "f", columns) })
		if len(faults) != 1 || !strings.Contains(faults[0], c.want) {
			t.Errorf("%s: faults %.300q, expected %q", c.name, faults, c.want)
		}
		// The file itself is copied twice on its way into the reader.
		if limit := 60 + 5*float64(len(c.file))/(1<<20); mebibytes > limit {
			t.Errorf("%s: allocated %.0f MiB, expected at most %.0f", c.name, mebibytes, limit)
		}
	}
}

// TestLongTextsInBoundedMemory reads a text of 8 MiB ten million times, in a
// file of a few hundred bytes.
func TestLongTextsInBoundedMemory(t *testing.T) {
	const rows = 10_000_000
	c := crafted{element: element("id", format.ByteArray, format.Required), codec: format.Zstd, rows: rows}
	body := slices.Concat(binary.LittleEndian.AppendUint32(nil, MaxRow), bytes.Repeat([]byte("x"), MaxRow))
	packed := zstdOf(body)
	h := dictionaryPage(1)
	h.UncompressedPageSize = int32(len(body))
	c.add(h, packed)
	body = append([]byte{0}, uvarints(rows<<1)...)
	h = dataPage(rows, format.RLEDictionary)
	h.UncompressedPageSize = int32(len(body))
	c.add(h, zstdOf(body))
	if n := len(c.file()); n > 2000 {
		t.Errorf("the file has %d bytes", n)
	}
	source, err := New(bytes.NewReader(c.file()), "f")
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	n := 0
	mebibytes := allocated(func() {
		reader, err := source.Rows([]Column{{Name: "id", Type: Text}})
		if err != nil {
			t.Fatal(err)
		}
		var b Batch
		for ; err == nil; err = reader.Read(&b) {
			n += b.Rows
		}
		if err != io.EOF {
			t.Fatal(err)
		}
	})
	if n != rows || mebibytes > 60 {
		t.Errorf("%d rows, allocated %.0f MiB", n, mebibytes)
	}
}

// TestSpoolLimit unpacks Parquet that only grows, and looks for what it left.
func TestSpoolLimit(t *testing.T) {
	if testing.Short() || raceDetector {
		t.Skip("writes 300 MB")
	}
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	path := filepath.Join(folder, "f.gz")
	bomb := gzipOf(append([]byte(parquetMagic), make([]byte, 400<<20)...))
	if err := os.WriteFile(path, bomb, 0o600); err != nil {
		t.Fatal(err)
	}
	var faults []string
	if mebibytes := allocated(func() { _, faults, _ = dumpFile(t, path, pyarrowColumns) }); mebibytes > 20 {
		t.Errorf("allocated %.0f MiB", mebibytes)
	}
	if len(faults) != 1 || !strings.HasPrefix(faults[0], "decompresses to over 32 times its size, which no Parquet file does") {
		t.Errorf("%q", faults)
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("left %v, %v", entries, err)
	}
}
