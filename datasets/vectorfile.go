package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
)

const (
	nearValues  = 16 << 20 // numbers that a VectorFile keeps in memory
	spillBuffer = 1 << 20  // bytes
)

// A VectorFile is a checked file of vectors, all of one length, each divided by its
// Euclidean norm. Up to 16 Mi numbers, 64 MiB, are in memory; the others are in a
// temporary file, so that memory grows by the ids alone, some 40 bytes a vector.
type VectorFile struct {
	Summary
	IDs  []string
	Dims int

	unnamed bool // the ids are numbers of rows

	limit  int       // of near
	near   []float32 // the first vectors
	zero   []bool    // vectors whose numbers are all 0
	far    *os.File  // the others, 4 bytes a number, little-endian; nil where there are none
	unit   []float32 // of Add
	buffer []byte    // of far, not written yet
	pool   sync.Pool // *[]byte, a vector of far each
}

// NewVectorFile returns a file without vectors.
func NewVectorFile() *VectorFile { return &VectorFile{limit: nearValues} }

// Add adds a vector, as [Unit] makes it. It panics where its length is not that of
// the first.
func (f *VectorFile) Add(id string, values []float32) error {
	if f.Dims == 0 {
		f.Dims, f.unit = len(values), make([]float32, len(values))
	}
	if len(values) != f.Dims || f.Dims == 0 {
		panic("datasets: vector of another length than the first")
	}
	zero := !Unit(f.unit, values)
	f.IDs, f.zero = append(f.IDs, id), append(f.zero, zero)
	if f.far == nil && len(f.near)+f.Dims <= f.limit {
		f.near = append(f.near, f.unit...)
		return nil
	}
	if f.far == nil {
		var err error
		if f.far, err = os.CreateTemp("", "routeproof-vectors-*"); err != nil {
			return fmt.Errorf("vectors beyond %d MiB go to a temporary file: %w", 4*f.limit>>20, err)
		}
		os.Remove(f.far.Name()) // at once where the system allows it, else by Close
		f.buffer = make([]byte, 0, spillBuffer+4*f.Dims)
	}
	for _, v := range f.unit {
		f.buffer = binary.LittleEndian.AppendUint32(f.buffer, math.Float32bits(v))
	}
	if len(f.buffer) >= spillBuffer {
		return f.flush()
	}
	return nil
}

// Unit puts a vector of finite numbers, divided by its Euclidean norm in float64 and
// rounded to float32, into dst, which has room for it. Where all are 0 they stay so,
// and it returns false.
func Unit(dst, values []float32) bool {
	norm := norm(values)
	if norm == 0 {
		clear(dst[:len(values)])
		return false
	}
	for d, v := range values {
		dst[d] = float32(float64(v) / norm)
	}
	return true
}

// norm is the Euclidean norm of finite numbers.
func norm(v []float32) float64 {
	var s0, s1, s2, s3 float64 // one sum would wait for itself
	square := func(x float32) float64 { return float64(float64(x) * float64(x)) }
	for ; len(v) >= 4; v = v[4:] {
		s0, s1, s2, s3 = s0+square(v[0]), s1+square(v[1]), s2+square(v[2]), s3+square(v[3])
	}
	for _, x := range v {
		s0 += square(x)
	}
	return math.Sqrt((s0 + s1) + (s2 + s3))
}

// flush writes what is buffered.
func (f *VectorFile) flush() error {
	if len(f.buffer) == 0 {
		return nil
	}
	_, err := f.far.Write(f.buffer)
	if f.buffer = f.buffer[:0]; err != nil {
		return fmt.Errorf("vectors beyond %d MiB go to a temporary file: %w", 4*f.limit>>20, err)
	}
	return nil
}

// Name gives the vectors of an array the ids of the prompts that they were made of,
// in this order. Another number of prompts is a [ContentError], of which each is
// told, unless it is nil. Vectors that brought their ids keep them.
func (f *VectorFile) Name(prompts []Prompt, name string, each func(Problem)) error {
	if !f.unnamed {
		return nil
	}
	if len(prompts) != len(f.IDs) {
		p := problems{file: name, each: each}
		p.add(0, "", "expected a row for each of %d prompts, in their order, found %d rows", len(prompts), len(f.IDs))
		return p.err()
	}
	for i := range prompts {
		f.IDs[i] = prompts[i].ID
	}
	f.unnamed = false
	return nil
}

// Zero tells whether the numbers of vector i are all 0.
func (f *VectorFile) Zero(i int) bool { return f.zero[i] }

// Vector copies vector i into dst, which has room for it. It may be called
// concurrently once nothing is added any more.
func (f *VectorFile) Vector(i int, dst []float32) error {
	dst = dst[:f.Dims]
	at := i - len(f.near)/f.Dims
	if at < 0 {
		copy(dst, f.near[i*f.Dims:])
		return nil
	}
	bytes, _ := f.pool.Get().(*[]byte)
	if bytes == nil {
		bytes = new(make([]byte, 4*f.Dims))
	}
	defer f.pool.Put(bytes)
	if _, err := f.far.ReadAt(*bytes, int64(at)*int64(len(*bytes))); err != nil {
		return fmt.Errorf("reading vector %d back from a temporary file: %w", i+1, err)
	}
	for d := range dst {
		dst[d] = math.Float32frombits(binary.LittleEndian.Uint32((*bytes)[4*d:]))
	}
	return nil
}

// Close removes the temporary file, if there is one. The vectors cannot be read
// afterwards. It may be called twice, and of nil.
func (f *VectorFile) Close() error {
	if f == nil || f.far == nil {
		return nil
	}
	err := f.far.Close()
	if removed := os.Remove(f.far.Name()); removed != nil && !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	f.far = nil
	return err
}
