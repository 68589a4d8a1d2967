package datasets

import (
	"io"

	"github.com/routeproof/routeproof/internal/table"
)

// Open opens a file for reading, decompressed if its first bytes say that it
// is gzip or zstd, whatever its name. What cannot be read is a [ContentError].
func Open(path string) (io.ReadCloser, error) {
	source, err := table.Open(path)
	if err != nil {
		return nil, contentError(path, err, nil)
	}
	return source, nil
}
