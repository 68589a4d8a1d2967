package datasets

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// Open opens a file for reading, decompressed if its first bytes say that it
// is gzip, whatever its name. What it cannot read yet, zstd and Parquet, is a
// [ContentError] that says so.
func Open(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, errors.Join(&os.PathError{Op: "open", Path: path, Err: syscall.EISDIR}, f.Close())
	}
	r, err := Decompress(f, path)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{r, f}, nil
}

// Decompress returns what [Open] would read from a file with these bytes. The
// name is for errors.
func Decompress(r io.Reader, name string) (io.Reader, error) {
	refuse := func(reason string) error {
		p := problems{file: name}
		p.add(0, "", "%s", reason)
		return p.err()
	}
	buffered := bufio.NewReaderSize(r, 1<<16)
	magic, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, refuse("gzip header is damaged: " + err.Error())
		}
		return z, nil
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return nil, refuse("zstd is not read: decompress it first (zstd -d)")
	case bytes.HasPrefix(magic, []byte("PK\x03\x04")):
		return nil, refuse("is a zip archive: expected JSON Lines, plain or .gz")
	case bytes.HasPrefix(magic, []byte{0xff, 0xfe}), bytes.HasPrefix(magic, []byte{0xfe, 0xff}):
		return nil, refuse("is UTF-16: save it as UTF-8")
	case bytes.HasPrefix(magic, []byte("PAR1")):
		return nil, refuse("Parquet is not read: expected JSON Lines, plain or .gz")
	}
	return buffered, nil
}

// WriteFile creates or replaces the file at path with what write writes. The
// file appears whole or not at all: it is written to a temporary name in the
// same folder, synced, and renamed.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return writeError(path, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // at worst a second time: err says what went wrong
			err = writeError(path, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	buffered := bufio.NewWriterSize(f, 1<<16)
	for _, step := range []func() error{
		func() error { return write(buffered) },
		buffered.Flush,
		func() error { return f.Chmod(0o644) },
		f.Sync,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// writeError names the file that was asked for, not the temporary one.
func writeError(path string, err error) error {
	var inner *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &link):
		err = link.Err
	case errors.As(err, &inner):
		err = inner.Err
	default:
		return err // of whoever wrote the content
	}
	return &os.PathError{Op: "write", Path: path, Err: err}
}
