package table

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/bits"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// What sound pages do not exceed, so that a small hostile one cannot claim
// memory. DuckDB writes pages of up to 100 MB.
const (
	maxPageHeader = 32 << 20 // some writers put the whole of two values into it
	maxPageBytes  = 128 << 20
	maxPageValues = 16 << 20
	maxHeld       = 384 << 20 // by the pages at hand of all columns
)

// plainDictionary is what old writers call both a dictionary and codes of it.
const plainDictionary format.Encoding = 2

// pages reads a column of a row group page by page. The library's own reader
// unpacks whatever a page says it holds; this one keeps to the limits.
type pages struct {
	file     io.ReaderAt
	pos, end int64 // what is left of the column in the file
	codec    format.CompressionCodec
	shape    values // kind and width of values
	maxRep   byte
	maxDef   byte
	held     *int64 // bytes in the buffers of all columns

	body, plain, spread []byte // as stored, decompressed, without their encoding
	dictionary          *values

	// of the page at hand
	left     int // levels not taken yet
	rep, def runs
	codes    runs
	coded    bool
	values   *values // of the page, or the dictionary if it is coded
	place    int     // of the next value, unless it is coded
}

// open turns to a row group.
func (p *pages) open(file io.ReaderAt, size int64, meta *format.ColumnMetaData) error {
	start := meta.DataPageOffset
	if meta.DictionaryPageOffset > 0 {
		start = min(start, meta.DictionaryPageOffset)
	}
	if length := meta.TotalCompressedSize; start < 4 || length < 0 || length > size || start > size-length {
		return errors.New("its pages would lie outside the file")
	}
	p.forget()
	if p.dictionary != nil {
		*p.held -= p.dictionary.size()
	}
	p.file, p.pos, p.end, p.codec = file, start, start+meta.TotalCompressedSize, meta.Codec
	p.dictionary, p.left = nil, 0
	return nil
}

// next turns to the next page of data, or returns io.EOF.
func (p *pages) next() error {
	for p.pos < p.end {
		header, err := p.header()
		if err != nil {
			return err
		}
		if err := p.read(header); err != nil {
			return err
		}
		switch header.Type {
		case format.DictionaryPage:
			err = p.readDictionary(header)
		case format.DataPage:
			return p.readV1(header)
		case format.DataPageV2:
			return p.readV2(header)
		}
		if err != nil {
			return err
		}
	}
	return io.EOF
}

// header reads the header of a page, whose length it does not know.
func (p *pages) header() (*format.PageHeader, error) {
	for size := int64(1 << 9); ; size *= 16 {
		size = min(size, maxPageHeader, p.end-p.pos)
		if err := p.grow(&p.body, size); err != nil {
			return nil, err
		}
		if _, err := p.file.ReadAt(p.body, p.pos); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		header := new(format.PageHeader)
		n, err := decodeThrift(p.body, header)
		if errors.Is(err, errThriftShort) && size < min(maxPageHeader, p.end-p.pos) {
			continue
		}
		p.pos += int64(n)
		return header, err
	}
}

// read reads a page's bytes into body.
func (p *pages) read(header *format.PageHeader) error {
	size, plain := int64(header.CompressedPageSize), int64(header.UncompressedPageSize)
	switch {
	case size < 0 || plain < 0 || size > p.end-p.pos:
		return fmt.Errorf("a page would have %d bytes, %d decompressed, where %d are left", size, plain, p.end-p.pos)
	case size > maxPageBytes || plain > maxPageBytes:
		return fmt.Errorf("a page of %d MiB is over %d: write the file with smaller pages or row groups", max(size, plain)>>20, maxPageBytes>>20)
	}
	if err := p.grow(&p.body, size); err != nil {
		return err
	}
	if n, err := p.file.ReadAt(p.body, p.pos); n < len(p.body) {
		return err
	}
	p.pos += size
	if header.CRC != 0 && uint32(header.CRC) != crc32.ChecksumIEEE(p.body) {
		return errors.New("the checksum of a page is wrong: fetch the file again")
	}
	return nil
}

// grow gives a buffer a length, within what all may hold.
func (p *pages) grow(buf *[]byte, n int64) error {
	if have := int64(cap(*buf)); n > have {
		if err := p.claim(n - have); err != nil {
			return err
		}
		*buf = make([]byte, n)
	}
	*buf = (*buf)[:n]
	return nil
}

func (p *pages) claim(n int64) error {
	if *p.held += n; *p.held > maxHeld {
		return fmt.Errorf("pages hold over %d MiB at once: write the file with smaller pages or row groups", maxHeld>>20)
	}
	return nil
}

// forget gives up the values of the page at hand.
func (p *pages) forget() {
	if p.values != nil && !p.coded {
		*p.held -= p.values.size()
	}
	p.values = nil
}

func (p *pages) readDictionary(header *format.PageHeader) error {
	h := header.DictionaryPageHeader.V
	if p.dictionary != nil || h.NumValues < 0 || h.NumValues > maxPageValues || h.Encoding != format.Plain && h.Encoding != plainDictionary {
		return fmt.Errorf("a dictionary of %d values, encoding %s, cannot be", h.NumValues, h.Encoding)
	}
	plain, err := p.unpack(p.body, header.UncompressedPageSize)
	if err != nil {
		return err
	}
	v := p.shape
	if err := v.setPlain(bytes.Clone(plain), int(h.NumValues)); err != nil {
		return err
	}
	v.owned = int64(len(v.data)) + 32*int64(v.n) // and its texts
	p.dictionary = &v
	return p.claim(v.size())
}

// readV1 turns to a page whose levels are compressed with the values.
func (p *pages) readV1(header *format.PageHeader) error {
	h := header.DataPageHeader.V
	data, err := p.unpack(p.body, header.UncompressedPageSize)
	if err != nil {
		return err
	}
	for _, level := range []struct {
		runs     *runs
		most     byte
		encoding format.Encoding
	}{{&p.rep, p.maxRep, h.RepetitionLevelEncoding}, {&p.def, p.maxDef, h.DefinitionLevelEncoding}} {
		if level.most == 0 {
			continue
		}
		if level.encoding != format.RLE || len(data) < 4 || uint64(binary.LittleEndian.Uint32(data)) > uint64(len(data)-4) {
			return fmt.Errorf("its levels, encoding %s, cannot be", level.encoding)
		}
		n := 4 + int(binary.LittleEndian.Uint32(data))
		*level.runs = runs{data: data[4:n], width: uint(bits.Len8(level.most))}
		data = data[n:]
	}
	return p.setValues(data, int(h.NumValues), h.Encoding)
}

// readV2 turns to a page whose levels stand uncompressed before the values.
func (p *pages) readV2(header *format.PageHeader) error {
	h := header.DataPageHeaderV2.V
	rep, def := int(h.RepetitionLevelsByteLength), int(h.DefinitionLevelsByteLength)
	if rep < 0 || def < 0 || rep+def > len(p.body) || rep+def > int(header.UncompressedPageSize) {
		return fmt.Errorf("its levels would have %d and %d bytes", rep, def)
	}
	p.rep = runs{data: p.body[:rep], width: uint(bits.Len8(p.maxRep))}
	p.def = runs{data: p.body[rep : rep+def], width: uint(bits.Len8(p.maxDef))}
	data := p.body[rep+def:]
	if packed, set := h.IsCompressed.Get(); (packed || !set) && len(data) > 0 { // a page of nulls may have no bytes
		var err error
		if data, err = p.unpack(data, header.UncompressedPageSize-int32(rep+def)); err != nil {
			return err
		}
	}
	return p.setValues(data, int(h.NumValues), h.Encoding)
}

// setValues turns to a page's values, of which there are at most n.
func (p *pages) setValues(data []byte, n int, encoding format.Encoding) error {
	if n < 0 {
		return fmt.Errorf("a page would have %d values", n)
	}
	p.forget()
	p.left, p.place, p.coded = n, 0, true
	switch {
	case encoding == format.RLEDictionary || encoding == plainDictionary:
		if p.dictionary == nil {
			p.dictionary = &values{} // a page without values needs none
		}
		p.values, p.codes = p.dictionary, runs{}
		if len(data) > 0 {
			if data[0] > 32 {
				return fmt.Errorf("codes would have %d bits", data[0])
			}
			p.codes = runs{data: data[1:], width: uint(data[0])}
		}
		return nil
	case p.shape.kind == parquet.Boolean && encoding == format.Plain:
		p.values, p.codes = falseAndTrue, packedBits(data)
		return nil
	case p.shape.kind == parquet.Boolean && encoding == format.RLE:
		if len(data) > 0 && len(data) < 4 {
			return errors.New("its values are cut short")
		}
		p.values, p.codes = falseAndTrue, runs{data: data[min(4, len(data)):], width: 1}
		return nil
	}
	v := p.shape
	if err := p.decode(&v, data, n, encoding); err != nil {
		return err
	}
	p.values, p.coded = &v, false
	return p.claim(v.size())
}
