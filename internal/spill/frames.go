package spill

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// AppendFrame appends a record behind its length, for [File.Frames].
func (f *File) AppendFrame(record []byte) error {
	var length [binary.MaxVarintLen64]byte
	if _, err := f.Append(binary.AppendUvarint(length[:0], uint64(len(record)))); err != nil {
		return err
	}
	_, err := f.Append(record)
	return err
}

// Frames reads records one after the other.
type Frames struct {
	r     *bufio.Reader
	used  int    // bytes of r that the last record takes
	large []byte // room for a record that r has not
}

// Frames returns the records that were appended by AppendFrame from a place up to
// another, read through a buffer of so many bytes.
func (f *File) Frames(from, to int64, buffer int) *Frames {
	return &Frames{r: bufio.NewReaderSize(&section{f, from, to}, buffer)}
}

// Next returns the next record, which is good until Next is called again, or
// [io.EOF] where there is none.
func (f *Frames) Next() ([]byte, error) {
	f.r.Discard(f.used) // which was peeked
	f.used = 0
	length, err := binary.ReadUvarint(f.r)
	if err != nil {
		return nil, err
	}
	n := int(length)
	if n <= f.r.Size() {
		record, err := f.r.Peek(n)
		f.used = n
		return record, whole(err)
	}
	if cap(f.large) < n {
		f.large = make([]byte, n)
	}
	_, err = io.ReadFull(f.r, f.large[:n])
	return f.large[:n], whole(err)
}

// whole tells the end within a record from the one behind the last.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// section reads a part of a File from its beginning.
type section struct {
	file    *File
	at, end int64
}

func (s *section) Read(p []byte) (int, error) {
	if s.at == s.end {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), s.end-s.at))
	if err := s.file.Read(p[:n], s.at); err != nil {
		return 0, err
	}
	s.at += int64(n)
	return n, nil
}
