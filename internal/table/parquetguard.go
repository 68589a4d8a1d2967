package table

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/format"
)

// What a sound footer does not exceed.
const (
	maxFooter = 64 << 20
	maxNested = 32 // columns within columns
)

// checkFooter holds that the file has an end that can be one of Parquet, from
// which the library makes no more than the file has.
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
	length := int64(binary.LittleEndian.Uint32(tail[:4]))
	if length > min(maxFooter, size-12) {
		return refuse("Parquet file is damaged: its footer would be %d bytes long", length)
	}
	footer := make([]byte, length)
	if _, err := r.ReadAt(footer, size-8-length); err != nil {
		return err
	}
	var metadata format.FileMetaData
	if _, err := decodeThrift(footer, &metadata); err != nil {
		return err
	}
	return checkSchema(&metadata)
}

// checkSchema holds that the columns are not nested too deeply, and that every
// row group has all of them.
func checkSchema(metadata *format.FileMetaData) error {
	var open []int32 // children still to come, of each column around
	leaves := 0
	for i := range metadata.Schema {
		element := &metadata.Schema[i]
		if element.Type.Valid {
			leaves++
		}
		if children := element.NumChildren.V; children > 0 {
			if open = append(open, children); len(open) > maxNested {
				return fmt.Errorf("columns are nested over %d deep", maxNested)
			}
			continue
		}
		for len(open) > 0 {
			last := len(open) - 1
			if open[last]--; open[last] > 0 {
				break
			}
			open = open[:last]
		}
	}
	for i := range metadata.RowGroups {
		if n := len(metadata.RowGroups[i].Columns); n != leaves {
			return fmt.Errorf("row group %d has %d columns instead of %d", i, n, leaves)
		}
	}
	return nil
}
