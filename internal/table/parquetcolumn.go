package table

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/bits"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// A page ends with the batch that reaches pageBytes. A dictionary that is
// full is given up for the rest of its row group.
const (
	pageBytes       = 1 << 20
	dictionaryBytes = 1 << 20
	dictionarySize  = 1 << 16
)

// columnWriter makes the pages of a column.
type columnWriter struct {
	Column
	z            *zstd.Encoder
	most, listed byte // definition levels of a value, and of a list with elements

	// of the row group at hand
	pages          []byte // that are done
	dictionaryPage []byte
	texts          map[string]uint32
	numbers        map[float64]uint32
	dictionary     []byte
	given          bool // the dictionary is given up
	values         int64
	nulls          int64
	plainSize      int64

	// of the page at hand
	def, rep []byte
	plain    []byte
	codes    []uint32
	levels   int
	pageNull int64
	bits     int // of booleans

	scratch, packed []byte
}

func newColumnWriter(column Column, z *zstd.Encoder) *columnWriter {
	c := &columnWriter{Column: column, z: z, texts: map[string]uint32{}, numbers: map[float64]uint32{}}
	if !column.Required {
		c.most++
	}
	if column.Type.element() != column.Type {
		c.most++
		c.listed = c.most
	}
	c.reset()
	return c
}

// reset begins a row group.
func (c *columnWriter) reset() {
	clear(c.texts)
	clear(c.numbers)
	c.pages, c.dictionaryPage, c.dictionary = c.pages[:0], c.dictionaryPage[:0], c.dictionary[:0]
	c.given = !(c.Type.isText() && c.Repeats || c.Type == Whole)
	c.values, c.nulls, c.plainSize = 0, 0, 0
}

// add takes in the cells of n rows.
func (c *columnWriter) add(cells *Cells, n int) error {
	c.levels += n
	known := cells.Known[:n]
	if c.listed == 0 {
		for _, known := range known {
			if !known {
				c.pageNull++
			}
			if c.most > 0 {
				def := byte(0)
				if known {
					def = 1
				}
				c.def = append(c.def, def)
			}
		}
	}
	switch {
	case c.Type.isText():
		for i, s := range cells.Text[:n] {
			if known[i] {
				c.addText(s)
			}
		}
	case c.Type == Whole:
		for i, v := range cells.Number[:n] {
			if known[i] {
				c.addWhole(v)
			}
		}
	case c.Type == Boolean:
		for i, v := range cells.Bool[:n] {
			if known[i] {
				c.addBool(v)
			}
		}
	case c.Type == Numbers:
		for i, list := range cells.List[:n] {
			c.addLevels(known[i], len(list))
			for _, v := range list {
				c.plain = binary.LittleEndian.AppendUint64(c.plain, math.Float64bits(v))
			}
		}
	case c.Type == Vector:
		for i, list := range cells.Vector[:n] {
			c.addLevels(known[i], len(list))
			for _, v := range list {
				c.plain = binary.LittleEndian.AppendUint32(c.plain, math.Float32bits(v))
			}
		}
	default:
		for i, v := range cells.Number[:n] {
			if known[i] {
				c.plain = binary.LittleEndian.AppendUint64(c.plain, math.Float64bits(v))
			}
		}
	}
	if !c.given && (len(c.dictionary) > dictionaryBytes || len(c.texts)+len(c.numbers) > dictionarySize) {
		if err := c.endPage(); err != nil {
			return err
		}
		c.given = true
	}
	if len(c.plain) >= pageBytes || len(c.def) >= pageBytes {
		return c.endPage()
	}
	return nil
}

func (c *columnWriter) addBool(v bool) {
	if c.bits%8 == 0 {
		c.plain = append(c.plain, 0)
	}
	if v {
		c.plain[len(c.plain)-1] |= 1 << (c.bits % 8)
	}
	c.bits++
}

func (c *columnWriter) addText(s string) {
	if c.given {
		c.plain = appendPlainText(c.plain, s)
		return
	}
	code, known := c.texts[s]
	if !known {
		code = uint32(len(c.texts))
		c.texts[s] = code
		c.dictionary = appendPlainText(c.dictionary, s)
	}
	c.codes = append(c.codes, code)
}

func appendPlainText(dst []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint32(dst, uint32(len(s))), s...)
}

func (c *columnWriter) addWhole(v float64) {
	if c.given {
		c.plain = binary.LittleEndian.AppendUint64(c.plain, uint64(int64(v)))
		return
	}
	code, known := c.numbers[v]
	if !known {
		code = uint32(len(c.numbers))
		c.numbers[v] = code
		c.dictionary = binary.LittleEndian.AppendUint64(c.dictionary, uint64(int64(v)))
	}
	c.codes = append(c.codes, code)
}

// addLevels notes a list of n elements, or its absence.
func (c *columnWriter) addLevels(known bool, n int) {
	if n == 0 {
		def := byte(0)
		if known {
			def = c.listed - 1
		}
		c.def, c.rep = append(c.def, def), append(c.rep, 0)
		c.pageNull++
		return
	}
	c.levels += n - 1
	for k := range n {
		c.def, c.rep = append(c.def, c.listed), append(c.rep, byte(min(k, 1)))
	}
}

// endPage compresses the page at hand.
func (c *columnWriter) endPage() error {
	if c.levels == 0 {
		return nil
	}
	encoding, page := format.Plain, c.scratch[:0]
	if c.listed > 0 {
		page = appendLevels(page, c.rep, 1)
	}
	if c.most > 0 {
		page = appendLevels(page, c.def, uint(bits.Len8(c.most)))
	}
	if len(c.codes) == 0 {
		page = append(page, c.plain...)
	} else {
		width := uint(bits.Len32(uint32(max(len(c.texts)+len(c.numbers)-1, 0))))
		encoding, page = format.RLEDictionary, appendRuns(append(page, byte(width)), c.codes, width)
	}
	header := &format.PageHeader{Type: format.DataPage}
	header.DataPageHeader.Set(format.DataPageHeader{
		NumValues: int32(c.levels), Encoding: encoding, DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
		Statistics: format.Statistics{NullCount: c.pageNull},
	})
	var err error
	c.pages, err = c.appendPage(c.pages, header, page)
	c.values += int64(c.levels)
	c.nulls += c.pageNull
	c.scratch, c.def, c.rep, c.plain, c.codes, c.levels, c.pageNull, c.bits = page, c.def[:0], c.rep[:0], c.plain[:0], c.codes[:0], 0, 0, 0
	return err
}

// appendPage compresses a page and puts its header before it.
func (c *columnWriter) appendPage(dst []byte, header *format.PageHeader, page []byte) ([]byte, error) {
	c.packed = c.z.EncodeAll(page, c.packed[:0])
	header.UncompressedPageSize, header.CompressedPageSize = int32(len(page)), int32(len(c.packed))
	header.CRC = int32(crc32.ChecksumIEEE(c.packed))
	var compact thrift.CompactProtocol
	head, err := thrift.Marshal(&compact, header)
	c.plainSize += int64(len(head) + len(page))
	return append(append(dst, head...), c.packed...), err
}

// end makes the last page of the row group, and that of its dictionary.
func (c *columnWriter) end() error {
	if err := c.endPage(); err != nil || len(c.dictionary) == 0 {
		return err
	}
	header := &format.PageHeader{Type: format.DictionaryPage}
	header.DictionaryPageHeader.Set(format.DictionaryPageHeader{NumValues: int32(len(c.texts) + len(c.numbers)), Encoding: format.Plain})
	var err error
	c.dictionaryPage, err = c.appendPage(c.dictionaryPage, header, c.dictionary)
	return err
}

// metadata describes the row group's pages, which start at pos.
func (c *columnWriter) metadata(pos int64) format.ColumnMetaData {
	meta := format.ColumnMetaData{
		Type: physical(c.Type), Encoding: []format.Encoding{format.Plain, format.RLE}, PathInSchema: []string{c.Name}, Codec: format.Zstd,
		NumValues: c.values, Statistics: format.Statistics{NullCount: c.nulls}, DataPageOffset: pos + int64(len(c.dictionaryPage)),
		TotalUncompressedSize: c.plainSize, TotalCompressedSize: int64(len(c.dictionaryPage) + len(c.pages)),
	}
	if c.listed > 0 {
		meta.PathInSchema = append(meta.PathInSchema, "list", "element")
	}
	if len(c.dictionaryPage) > 0 {
		meta.Encoding = append(meta.Encoding, format.RLEDictionary)
		meta.DictionaryPageOffset = pos
	}
	return meta
}

// appendLevels writes levels with their length before them.
func appendLevels(dst, levels []byte, width uint) []byte {
	at := len(dst)
	dst = appendRuns(append(dst, 0, 0, 0, 0), levels, width)
	binary.LittleEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	return dst
}
