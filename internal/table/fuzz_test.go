package table

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// FuzzOpen decompresses anything. What is not compressed comes as it is; gzip
// comes as the standard library reads it.
func FuzzOpen(f *testing.F) {
	for _, text := range []string{"", "{", "{}\n", "id,x\n1,2\n", "PAR1", "\x1f", gzipMagic, zstdMagic, zipMagic, "\xff\xfe", "\ufeff{}"} {
		f.Add([]byte(text))
		f.Add(gzipOf([]byte(text)))
		f.Add(zstdOf([]byte(text)))
		f.Add(append(gzipOf([]byte(text)), gzipOf([]byte(text))...))
		f.Add(append(zstdOf([]byte(text)), zstdOf([]byte(text))...))
	}
	f.Add(zstdOf(bytes.Repeat([]byte("0123456789"), 5000)))
	f.Add(zstdOf(make([]byte, 1<<20)))
	f.Fuzz(func(t *testing.T, data []byte) {
		const most = 64 << 20
		source, err := New(bytes.NewReader(data), "f")
		if err != nil {
			refusal(t, err)
			return
		}
		defer source.Close()
		got, err := io.ReadAll(io.LimitReader(source, most))
		if err != nil {
			refusal(t, err)
		}
		compression, _ := compressionOf(data)
		switch {
		case compression == "zstd":
		case compression == "gzip":
			z, zerr := gzip.NewReader(bytes.NewReader(data))
			if zerr != nil {
				t.Fatal("a header was taken that the standard library refuses")
			}
			want, zerr := io.ReadAll(io.LimitReader(z, most))
			padded := err == nil && data[len(data)-1] == 0
			if !bytes.Equal(got, want) || (err == nil) != (zerr == nil || padded) {
				t.Fatalf("read %d bytes, %v; expected %d, %v", len(got), err, len(want), zerr)
			}
		case !bytes.Equal(got, data) || err != nil:
			t.Fatalf("read %d bytes of %d, %v", len(got), len(data), err)
		}
	})
}

// FuzzParquet reads anything as Parquet, whose pages are not compressed so
// that changes reach what they hold.
func FuzzParquet(f *testing.F) {
	for _, file := range smallFiles(f) {
		f.Add(file[4:])
	}
	for _, version := range []int{1, 2} {
		option := parquet.DataPageVersion(version)
		f.Add(pyarrowFile(f, 10, "element", nil, nil, nil, option)[4:])
		f.Add(pyarrowFile(f, 10, "item", &parquet.RLEDictionary, &parquet.RLEDictionary, &parquet.RLEDictionary, option)[4:])
		f.Add(pyarrowFile(f, 10, "element", &parquet.DeltaByteArray, &parquet.ByteStreamSplit, &parquet.DeltaBinaryPacked, option)[4:])
		f.Add(pyarrowFile(f, 10, "element", &parquet.DeltaLengthByteArray, nil, &parquet.DeltaBinaryPacked, option)[4:])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		source, err := New(bytes.NewReader(append([]byte(parquetMagic), data...)), "f")
		if err != nil {
			t.Fatal(err)
		}
		defer source.Close()
		reader, err := source.Rows(hostileColumns)
		if err != nil {
			refusal(t, err)
			return
		}
		for b, n := new(Batch), 0; n < 1<<20; n += b.Rows { // a few bytes may mean a great many nulls
			err := reader.Read(b)
			if err != nil && !errors.Is(err, io.EOF) {
				t.Fatalf("error is %v, expected faults", err)
			}
			if !slices.IsSortedFunc(b.Faults, func(x, y Fault) int { return x.Line - y.Line }) {
				t.Fatalf("faults are not in order: %v", b.Faults)
			}
			if rows := rowsOf(b, hostileColumns); len(rows) != len(b.Line) {
				t.Fatalf("%d rows, %d lines", len(rows), len(b.Line))
			}
			if err != nil {
				break
			}
		}
	})
}

// FuzzRuns packs numbers and unpacks them, and unpacks anything.
func FuzzRuns(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3}, uint8(2))
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9}, uint8(7))
	f.Add(bytes.Repeat([]byte{1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2}, 20), uint8(8))
	f.Add(bytes.Repeat([]byte{3}, 300), uint8(32))
	f.Fuzz(func(t *testing.T, data []byte, width uint8) {
		width %= 33
		numbers := make([]uint32, len(data))
		for i, b := range data {
			numbers[i] = (uint32(b) * 0x01010101) & uint32(1<<width-1)
		}
		got := make([]uint32, len(numbers))
		unpacked := runs{data: appendRuns(nil, numbers, uint(width)), width: uint(width)}
		half := len(got) / 2
		if !unpacked.fill(got[:half]) || !unpacked.fill(got[half:]) || !slices.Equal(got, numbers) {
			t.Fatalf("%d came back as %d", numbers, got)
		}
		anything := runs{data: data, width: uint(width)}
		for range 100 {
			if !anything.fill(make([]uint32, 100)) {
				break
			}
		}
		deltas(data, 1000)
	})
}
