package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"sync"
)

// An NPY is an open file of vectors as numpy.save writes them: a matrix of 4- or
// 8-byte floats, little-endian, a vector a row. It is read front to back.
// Source: NumPy Enhancement Proposal 1.
type NPY struct {
	Rows, Dims int

	f     *os.File
	width int   // bytes of a number
	at    int64 // of the next row
	left  int   // rows
	parts []npyPart
}

// npyPart is what one processor reads with.
type npyPart struct {
	bytes []byte
	err   error
}

const (
	npyMagic   = "\x93NUMPY"
	npyHeader  = 1 << 16 // bytes that one may have
	npyBuffer  = 1 << 18 // bytes that are read at once
	npyAtLeast = 1 << 16 // numbers that another processor is worth
)

// errNPY is what is wrong with a file.
type errNPY string

func (e errNPY) Error() string { return string(e) }

func npyErrorf(format string, args ...any) error { return errNPY(fmt.Sprintf(format, args...)) }

// OpenNPY opens the file at path. Where it is not as it should be the error is a
// [ContentError].
func OpenNPY(path string) (*NPY, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	n := &NPY{f: f}
	if err := n.header(); err != nil {
		return nil, errors.Join(npyProblem(path, err), f.Close())
	}
	n.left = n.Rows
	return n, nil
}

// isNPY tells whether the file at path begins as an array.
func isNPY(path string) (bool, error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() { // what can be read but once is none
		return false, err
	}
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, len(npyMagic))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == npyMagic, nil
}

// npyProblem turns what is wrong with a file into a [ContentError].
func npyProblem(path string, err error) error {
	var wrong errNPY
	if !errors.As(err, &wrong) {
		return err
	}
	p := problems{file: path}
	p.add(0, "", "%s", string(wrong))
	return p.err()
}

// header reads magic, version, and the description of the array.
func (n *NPY) header() error {
	var head [12]byte
	if _, err := io.ReadFull(n.f, head[:10]); err != nil || string(head[:6]) != npyMagic {
		return npyErrorf("expected an array that numpy.save wrote, found another beginning")
	}
	size := int64(binary.LittleEndian.Uint16(head[8:]))
	n.at = 10
	switch head[6] {
	case 1:
	case 2, 3:
		if _, err := io.ReadFull(n.f, head[10:]); err != nil {
			return npyErrorf("ends within its header")
		}
		size, n.at = int64(binary.LittleEndian.Uint32(head[8:])), 12
	default:
		return npyErrorf("expected version 1 to 3 of the format, found %d", head[6])
	}
	if size > npyHeader {
		return npyErrorf("expected a header of up to %d bytes, found %d", npyHeader, size)
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(n.f, text); err != nil {
		return npyErrorf("ends within its header")
	}
	n.at += size
	return n.describe(string(text))
}

// describe reads a header such as
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 1536), }.
func (n *NPY) describe(header string) error {
	value := func(key, pattern string) string {
		if m := regexp.MustCompile(`'` + key + `'\s*:\s*(?:` + pattern + `)`).FindStringSubmatch(header); m != nil {
			return m[1]
		}
		return ""
	}
	switch kind := value("descr", `'([^']*)'`); kind {
	case "<f4":
		n.width = 4
	case "<f8":
		n.width = 8
	default:
		return npyErrorf("expected numbers of type '<f4' or '<f8', found %q: save vectors.astype('<f4')", kind)
	}
	if value("fortran_order", `(True|False)`) != "False" {
		return npyErrorf("expected rows one behind the other (fortran_order: False): save numpy.ascontiguousarray(vectors)")
	}
	shape := regexp.MustCompile(`^\s*(\d{1,12})\s*,\s*(\d{1,12})\s*,?\s*$`).FindStringSubmatch(value("shape", `\(([^)]*)\)`))
	if shape == nil {
		return npyErrorf("expected a matrix with a row for each vector, found shape (%s)", value("shape", `\(([^)]*)\)`))
	}
	n.Rows, _ = strconv.Atoi(shape[1])
	n.Dims, _ = strconv.Atoi(shape[2])
	if n.Rows < 1 || n.Dims < 1 || n.Dims > maxDims {
		return npyErrorf("expected at least one row of 1 to %d numbers, found shape (%d, %d)", maxDims, n.Rows, n.Dims)
	}
	info, err := n.f.Stat()
	if err != nil {
		return err
	}
	if want := n.at + int64(n.Rows)*int64(n.Dims)*int64(n.width); info.Mode().IsRegular() && info.Size() != want {
		return npyErrorf("expected %d bytes, as its shape (%d, %d) says, found %d", want, n.Rows, n.Dims, info.Size())
	}
	return nil
}

// Read fills dst with as many of the next rows as it has room for, on all
// processors, and returns how many there were; io.EOF comes after the last. Numbers
// need not be finite. It takes 256 KiB a processor.
func (n *NPY) Read(dst []float32) (rows int, err error) {
	rows = min(len(dst)/n.Dims, n.left)
	if rows == 0 {
		if n.left == 0 {
			return 0, io.EOF
		}
		return 0, fmt.Errorf("npy: expected room for a row of %d numbers, found %d", n.Dims, len(dst))
	}
	dst = dst[:rows*n.Dims]
	workers := max(1, min(runtime.GOMAXPROCS(0), len(dst)/npyAtLeast))
	for len(n.parts) < workers {
		n.parts = append(n.parts, npyPart{bytes: make([]byte, npyBuffer)})
	}
	var wg sync.WaitGroup
	for w := range workers {
		from, to := w*len(dst)/workers, (w+1)*len(dst)/workers
		wg.Go(func() { n.parts[w].err = n.read(dst[from:to], n.at+int64(from*n.width), n.parts[w].bytes) })
	}
	wg.Wait()
	for _, p := range n.parts[:workers] {
		if p.err != nil {
			return 0, p.err
		}
	}
	n.at += int64(len(dst) * n.width)
	n.left -= rows
	return rows, nil
}

// read fills dst with numbers from a place on.
func (n *NPY) read(dst []float32, at int64, buffer []byte) error {
	for len(dst) > 0 {
		some := min(len(dst), len(buffer)/n.width)
		bytes := buffer[:some*n.width]
		if _, err := n.f.ReadAt(bytes, at); err != nil {
			return err
		}
		at += int64(len(bytes))
		if out := dst[:some]; n.width == 4 {
			for i := range out {
				out[i] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*i:]))
			}
		} else {
			for i := range out {
				out[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(bytes[8*i:])))
			}
		}
		dst = dst[some:]
	}
	return nil
}

// Close closes the file.
func (n *NPY) Close() error { return n.f.Close() }
