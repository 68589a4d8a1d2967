// Package spill keeps bytes that may outgrow memory: the first in memory, the
// others in a temporary file.
package spill

import (
	"errors"
	"fmt"
	"os"
)

const (
	bufferBytes = 1 << 18 // that are written at once
	chunkBytes  = 1 << 18 // that are allocated at once
)

// A File is bytes that are appended, then read from wherever it may be. What
// begins beyond Limit bytes is in a temporary file, which is gone once the File is
// closed, or the program ends.
type File struct {
	Limit int    // bytes that are kept in memory
	What  string // is kept, in messages

	near   [][]byte // of chunkBytes each, but for the last
	held   int      // bytes in near
	far    *os.File // nil where there is none yet
	size   int64    // of far
	buffer []byte   // of far, not written yet
	err    error    // that a write ended in
}

// Append appends bytes and returns where they begin.
func (f *File) Append(p []byte) (at int64, err error) {
	if f.err != nil {
		return 0, f.err
	}
	if f.far == nil && f.held+len(p) <= f.Limit {
		at = int64(f.held)
		f.hold(p)
		return at, nil
	}
	if f.far == nil {
		far, err := os.CreateTemp("", "routeproof-spill-*")
		if err != nil {
			return 0, f.failed(err)
		}
		f.far = far
		os.Remove(far.Name()) // at once where the system allows it, else by Close
	}
	at = f.Len()
	if len(f.buffer)+len(p) > bufferBytes {
		if err := f.write(f.buffer); err != nil {
			return 0, err
		}
		f.buffer = f.buffer[:0]
	}
	if len(p) > bufferBytes {
		return at, f.write(p)
	}
	f.buffer = append(f.buffer, p...)
	return at, nil
}

// hold keeps bytes in memory.
func (f *File) hold(p []byte) {
	f.held += len(p)
	for len(p) > 0 {
		last := len(f.near) - 1
		if last < 0 || len(f.near[last]) == chunkBytes {
			f.near = append(f.near, nil)
			if last++; last > 0 {
				f.near[last] = make([]byte, 0, chunkBytes)
			}
		}
		n := min(len(p), chunkBytes-len(f.near[last]))
		f.near[last] = append(f.near[last], p[:n]...)
		p = p[n:]
	}
}

func (f *File) write(p []byte) error {
	if _, err := f.far.Write(p); err != nil {
		return f.failed(err)
	}
	f.size += int64(len(p))
	return nil
}

func (f *File) failed(err error) error {
	f.err = fmt.Errorf("keeping %s in a temporary file: %w", f.What, err)
	return f.err
}

// Read fills p with the bytes from a place on. It may be called concurrently while
// nothing is appended. It fails once the File is closed.
func (f *File) Read(p []byte, at int64) error {
	if end := at + int64(len(p)); end > f.Len() {
		return fmt.Errorf("reading %s back: expected bytes %d to %d, found %d: they were given up", f.What, at, end, f.Len())
	}
	for len(p) > 0 && at < int64(f.held) {
		n := copy(p, f.near[at/chunkBytes][at%chunkBytes:])
		p, at = p[n:], at+int64(n)
	}
	at -= int64(f.held)
	if n := min(int64(len(p)), f.size-at); n > 0 {
		if _, err := f.far.ReadAt(p[:n], at); err != nil {
			return fmt.Errorf("reading %s back from a temporary file: %w", f.What, err)
		}
		p, at = p[n:], at+n
	}
	if len(p) > 0 {
		copy(p, f.buffer[at-f.size:])
	}
	return nil
}

// Len returns how many bytes were appended.
func (f *File) Len() int64 { return int64(f.held) + f.size + int64(len(f.buffer)) }

// Close gives the bytes up. A File that nothing was appended to may be closed, and
// one may be closed again.
func (f *File) Close() error {
	far := f.far
	*f = File{Limit: f.Limit, What: f.What}
	if far == nil {
		return nil
	}
	err := far.Close()
	if gone := os.Remove(far.Name()); gone != nil && !errors.Is(gone, os.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}
