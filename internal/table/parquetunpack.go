package table

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
)

// unpack decompresses a page's bytes to a given size.
func (p *pages) unpack(packed []byte, size int32) ([]byte, error) {
	if p.codec == format.Uncompressed {
		if len(packed) != int(size) {
			return nil, fmt.Errorf("a page has %d bytes instead of %d", len(packed), size)
		}
		return packed, nil
	}
	if err := p.grow(&p.plain, int64(size)); err != nil {
		return nil, err
	}
	n, err := 0, error(nil)
	switch p.codec {
	case format.Snappy:
		if n, err = snappy.DecodedLen(packed); err == nil && n <= int(size) {
			_, err = snappy.Decode(p.plain, packed)
		}
	case format.Zstd:
		var plain []byte
		plain, err = zstdPages().DecodeAll(packed, p.plain[:0:size])
		n = len(plain)
	case format.Gzip:
		n, err = gunzip(p.plain, packed)
	default:
		return nil, fmt.Errorf("compression %s is not read: write the file with zstd, snappy or gzip", p.codec)
	}
	if err == nil && n != int(size) {
		err = fmt.Errorf("found %d bytes or more instead of %d", n, size)
	}
	if err != nil {
		return nil, fmt.Errorf("decompressing a page: %w", err)
	}
	return p.plain, nil
}

// zstdPages decompresses into the space it is given.
var zstdPages = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic("table: " + err.Error()) // the options are at fault
	}
	return d
})

// gunzip decompresses into dst, and returns how much there is, up to one more
// than it holds.
func gunzip(dst, packed []byte) (int, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(z, dst)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) || n < len(dst) {
		return n, err
	}
	more, err := io.ReadFull(z, make([]byte, 1))
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n + more, err
}
