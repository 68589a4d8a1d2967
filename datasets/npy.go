package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"sync"
	"unsafe"
)

// An NPY is an open file of vectors as numpy.save writes them: a matrix of 4- or
// 8-byte floats, little-endian, a vector a row. Source: NumPy Enhancement Proposal 1.
type NPY struct {
	Rows, Dims int

	f     *os.File
	info  os.FileInfo // when it was opened
	width int         // bytes of a number
	at    int64       // of the first row
	wide  sync.Pool   // *[]byte, numbers of 8 bytes
}

const (
	npyMagic  = "\x93NUMPY"
	npyHeader = 1 << 16 // bytes that one may have
	npyBuffer = 1 << 16 // bytes that are read at once where they are not numbers of ours
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
	n.info, err = f.Stat()
	if err == nil {
		err = n.header()
	}
	if err != nil {
		return nil, errors.Join(npyProblem(path, err), f.Close())
	}
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

// ReadRows fills dst, of len(dst) / Dims rows, with those from first on, which is 0
// for the first of all. Numbers need not be finite. It may be called concurrently. A
// file that has become shorter since it was opened is a [ContentError]. It panics
// where there are fewer rows or dst does not hold whole ones.
func (n *NPY) ReadRows(dst []float32, first int) error {
	if rows := len(dst) / n.Dims; len(dst)%n.Dims != 0 || first < 0 || rows > n.Rows-first {
		panic("datasets: rows beyond those of the array, or part of one")
	}
	at := n.at + int64(first)*int64(n.Dims)*int64(n.width)
	var err error
	if n.width == 4 {
		err = n.readNarrow(dst, at)
	} else {
		err = n.readWide(dst, at)
	}
	if errors.Is(err, io.EOF) {
		return npyProblem(n.f.Name(), npyErrorf("ends before row %d of %d: it was longer when it was opened", first+len(dst)/n.Dims, n.Rows))
	}
	return err
}

// readNarrow reads numbers of 4 bytes straight to where they go.
func (n *NPY) readNarrow(dst []float32, at int64) error {
	_, err := n.f.ReadAt(bytesOf(dst), at)
	if !littleEndian {
		fromLittleEndian(dst)
	}
	return err
}

// littleEndian tells whether the numbers of this machine are those of a file.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// bytesOf is where numbers are in memory.
func bytesOf(numbers []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(numbers))), 4*len(numbers))
}

// fromLittleEndian takes the bytes of numbers for little-endian ones.
func fromLittleEndian(numbers []float32) {
	bytes := bytesOf(numbers)
	for i := range numbers {
		numbers[i] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*i:]))
	}
}

// readWide reads numbers of 8 bytes.
func (n *NPY) readWide(dst []float32, at int64) error {
	buffer, _ := n.wide.Get().(*[]byte)
	if buffer == nil {
		buffer = new(make([]byte, npyBuffer))
	}
	defer n.wide.Put(buffer)
	for len(dst) > 0 {
		some := dst[:min(len(dst), npyBuffer/8)]
		bytes := (*buffer)[:8*len(some)]
		if _, err := n.f.ReadAt(bytes, at); err != nil {
			return err
		}
		for i := range some {
			some[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(bytes[8*i:])))
		}
		dst, at = dst[len(some):], at+int64(len(bytes))
	}
	return nil
}

// Close closes the file. That it was changed since it was opened is an error: what was read of it
// may be of either state.
func (n *NPY) Close() error {
	info, err := n.f.Stat()
	if err == nil && (info.Size() != n.info.Size() || !info.ModTime().Equal(n.info.ModTime())) {
		err = fmt.Errorf("%s was changed while it was read: leave it as it is, and begin again", n.f.Name())
	}
	return errors.Join(err, n.f.Close())
}
