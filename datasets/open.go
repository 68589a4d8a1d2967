package datasets

import (
	"errors"
	"io"

	"github.com/routeproof/routeproof/internal/table"
)

// Open opens a file for reading, decompressed if its first bytes say that it
// is gzip or zstd, whatever its name. What cannot be read is a [ContentError],
// and so is the error of a read that comes upon damaged data.
func Open(path string) (io.ReadCloser, error) {
	source, err := table.Open(path)
	if err != nil {
		return nil, contentError(path, err, nil)
	}
	return &openFile{source, path}, nil
}

// openFile gives the errors of a source the name of the file.
type openFile struct {
	*table.Source
	path string
}

func (f *openFile) Read(b []byte) (int, error) {
	n, err := f.Source.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = contentError(f.path, err, nil)
	}
	return n, err
}

// OpenStream is [Open] for a stream, which has a name for errors.
func OpenStream(r io.Reader, name string) (io.ReadCloser, error) {
	source, err := table.New(r, name)
	if err != nil {
		return nil, contentError(name, err, nil)
	}
	return &openFile{source, name}, nil
}
