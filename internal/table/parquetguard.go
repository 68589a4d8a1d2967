package table

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// What a sound file does not exceed, so that a small hostile one cannot make
// the library claim memory.
const (
	maxFooter     = 64 << 20
	maxPageBytes  = 128 << 20
	maxPageValues = 16 << 20
	maxPageHeader = 1 << 20
)

// checkFooter holds that the file has an end that can be one of Parquet.
func checkFooter(r io.ReaderAt, size int64) error {
	var tail [8]byte
	if size < 12 {
		return refuse("Parquet file is cut short: it has %d bytes", size)
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return err
	}
	if string(tail[4:]) != parquetMagic {
		return refuse("Parquet file is cut short or encrypted: it does not end in %s: fetch the file again", parquetMagic)
	}
	if footer := int64(binary.LittleEndian.Uint32(tail[:4])); footer > min(maxFooter, size-12) {
		return refuse("Parquet file is damaged: its footer would be %d bytes long", footer)
	}
	return nil
}

// checkPages walks the headers of a column's pages and holds that none claims
// more than a page may be, nor more than the file has.
func checkPages(file io.ReaderAt, size int64, meta *format.ColumnMetaData) error {
	start := meta.DataPageOffset
	if meta.DictionaryPageOffset > 0 {
		start = min(start, meta.DictionaryPageOffset)
	}
	length := meta.TotalCompressedSize
	if start < 4 || length < 0 || length > size || start > size-length {
		return refuse("Parquet data is damaged: its pages would lie outside the file")
	}
	section := io.NewSectionReader(file, start, length)
	r := bufio.NewReaderSize(section, 1<<12)
	var compact thrift.CompactProtocol
	for pos := int64(0); pos < length; {
		header := new(format.PageHeader)
		limited := &io.LimitedReader{R: r, N: maxPageHeader}
		headerReader := bufio.NewReaderSize(limited, 16)
		if err := thrift.NewDecoder(compact.NewReader(headerReader)).Decode(header); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return refuse("Parquet data is cut short")
			}
			return err
		}
		pos += maxPageHeader - limited.N - int64(headerReader.Buffered())
		if err := checkPage(header, length-pos); err != nil {
			return err
		}
		pos += int64(header.CompressedPageSize)
		if _, err := section.Seek(pos, io.SeekStart); err != nil {
			return err
		}
		r.Reset(section)
	}
	return nil
}

func checkPage(header *format.PageHeader, left int64) error {
	values := max(header.DataPageHeader.V.NumValues, header.DataPageHeaderV2.V.NumValues, header.DictionaryPageHeader.V.NumValues)
	switch {
	case header.CompressedPageSize < 0 || header.UncompressedPageSize < 0 || values < 0:
		return refuse("Parquet data is damaged: a page has a negative size")
	case int64(header.CompressedPageSize) > left:
		return refuse("Parquet data is damaged: a page would be longer than its column")
	case header.UncompressedPageSize > maxPageBytes:
		return refuse("a Parquet page of %d MiB is over %d: write the file with smaller pages or row groups", header.UncompressedPageSize>>20, maxPageBytes>>20)
	case values > maxPageValues:
		return refuse("a Parquet page of %d values is over %d: write the file with smaller pages or row groups", values, maxPageValues)
	}
	return nil
}
