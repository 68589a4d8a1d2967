package table

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/klauspost/compress/zstd"
)

// maxWindow bounds the decompressor's memory; zstd -19 --long needs that much.
const maxWindow = 128 << 20

// Magic bytes.
const (
	gzipMagic = "\x1f\x8b"
	zstdMagic = "\x28\xb5\x2f\xfd"
	zipMagic  = "PK\x03\x04"
)

// compressionOf says from its first bytes how content is compressed, if it is,
// and what undoes that.
func compressionOf(head []byte) (name, undo string) {
	has := func(prefix string) bool { return bytes.HasPrefix(head, []byte(prefix)) }
	switch {
	case has(gzipMagic):
		return "gzip", "gunzip"
	case has(zstdMagic), len(head) >= 4 && head[0]>>4 == 5 && string(head[1:4]) == "\x2a\x4d\x18": // a frame to be skipped, as pzstd begins
		return "zstd", "unzstd"
	case has(zipMagic):
		return "a zip archive", "unzip"
	case has("BZh") && bytes.HasPrefix(head[min(4, len(head)):], []byte("1AY&SY")):
		return "bzip2", "bunzip2"
	case has("\xfd7zXZ\x00"):
		return "xz", "unxz"
	case has("\x04\x22\x4d\x18"):
		return "lz4", "unlz4"
	}
	return "", ""
}

func (s *Source) decompress(r io.Reader) error {
	s.in = &counter{r: r}
	s.r = bufio.NewReaderSize(s.in, 1<<16)
	magic, err := s.r.Peek(10)
	if err != nil && !errors.Is(err, io.EOF) && len(magic) == 0 {
		return err
	}
	name, undo := compressionOf(magic)
	switch name {
	case "gzip":
		z, err := gzip.NewReader(s.r)
		if err != nil && s.in.err == nil {
			return refuse("gzip header is damaged: %v", err)
		}
		if err != nil {
			return err
		}
		z.Multistream(false)
		s.unpack(name, &gzipMembers{Reader: z, r: s.r})
	case "zstd":
		z, err := zstd.NewReader(s.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return err // of the options: nothing was read
		}
		s.undo = append(s.undo, func() error { z.Close(); return nil })
		s.unpack(name, z)
	case "a zip archive":
		return notRead(name, undo)
	case "":
		if hasUTF16Mark(magic) {
			return errUTF16
		}
	}
	return nil
}

func notRead(name, undo string) error {
	return refuse("is %s: expected JSON Lines, CSV or Parquet, plain, .gz or .zst (%s it first)", name, undo)
}

// unpack goes on with what z makes of the bytes.
func (s *Source) unpack(name string, z io.Reader) {
	s.packed, s.file, s.r = name, nil, bufio.NewReaderSize(&unpacker{z, s.in}, 1<<16)
}

// gzipMembers reads what gzip packed, one part after the other. Zeros behind the
// last are not damage: gzip takes them for the padding of a tape.
type gzipMembers struct {
	*gzip.Reader
	r   *bufio.Reader
	err error // that ended the reading; it stays
}

func (m *gzipMembers) Read(b []byte) (int, error) {
	for m.err == nil {
		n, err := m.Reader.Read(b)
		switch {
		case !errors.Is(err, io.EOF):
			return n, err
		case n > 0:
			return n, nil
		}
		m.err = m.next()
	}
	return 0, m.err
}

// next turns to the next member, or returns io.EOF.
func (m *gzipMembers) next() error {
	first, err := m.r.Peek(1)
	if err != nil {
		return err
	}
	if first[0] == 0 {
		return m.padding()
	}
	if err := m.Reset(m.r); err != nil {
		return err
	}
	m.Multistream(false)
	return nil
}

func (m *gzipMembers) padding() error {
	for {
		c, err := m.r.ReadByte()
		if err != nil {
			return err
		}
		if c != 0 {
			return gzip.ErrHeader
		}
	}
}

// Spools are files that compressed Parquet is unpacked to, since its end must
// be read first. What grows far beyond what Parquet can is taken for a bomb.
const (
	spoolFree  = 256 << 20
	spoolRatio = 32
)

// spool copies the rest to a temporary file, which goes away with the source.
func (s *Source) spool() error {
	f, err := os.CreateTemp("", "routeproof-*.parquet")
	if err != nil {
		return err
	}
	os.Remove(f.Name()) // at once where the system allows it, else in the end
	s.undo = append(s.undo, func() error {
		err := f.Close()
		if gone := os.Remove(f.Name()); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return err
	})
	s.size = 0
	for {
		n, err := io.CopyN(f, s.r, 1<<20)
		s.size += n
		switch {
		case errors.Is(err, io.EOF):
			s.file, s.spooled = f, true
			return nil
		case err != nil:
			return err
		case s.size > spoolFree+spoolRatio*s.in.n:
			return refuse("decompresses to over %d times its size, which no Parquet file does: decompress it by hand if it is sound", spoolRatio)
		}
	}
}

// counter counts what is read, and remembers a failure to read.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// unpacker refuses compressed data that is damaged, which a failure to read it
// is not.
type unpacker struct {
	r  io.Reader
	in *counter
}

func (u *unpacker) Read(b []byte) (int, error) {
	n, err := u.r.Read(b)
	switch {
	case err == nil, errors.Is(err, io.EOF), u.in.err != nil:
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		err = refuse("is zstd with a window of over %d MiB: compress it again with --long=27 or less", maxWindow>>20)
	default:
		err = refuse("compressed data is damaged or cut short (%v): fetch the file again", err)
	}
	return n, err
}
