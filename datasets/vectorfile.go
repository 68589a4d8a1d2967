package datasets

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/routeproof/routeproof/internal/spill"
)

const nearVectors = 64 << 20 // bytes that a VectorFile keeps in memory

// A VectorFile is a checked file of vectors, all of one length, each divided by its
// Euclidean norm. Up to 16 Mi numbers, 64 MiB, are in memory; the others are in a
// temporary file, so that memory grows by the ids alone, some 40 bytes a vector.
// Those of an array stay in their file, which must not change until Close, and take
// one byte each.
type VectorFile struct {
	Summary
	IDs  []string // nil of an array, whose vectors are those of prompts in their order
	Dims int

	named *PromptSet // of an array

	zero  []bool     // vectors whose numbers are all 0
	array *NPY       // that holds the vectors; nil: kept does
	kept  spill.File // the vectors, as they are in memory
	unit  []float32  // of Add
}

// NewVectorFile returns a file without vectors.
func NewVectorFile() *VectorFile {
	return &VectorFile{kept: spill.File{Limit: nearVectors, What: "vectors"}}
}

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
	_, err := f.kept.Append(bytesOf(f.unit))
	return err
}

// open opens an array and checks it.
func (f *VectorFile) open(path string, each func(Problem)) (err error) {
	if f.array, err = OpenNPY(path); err != nil {
		return toldOf(err, each)
	}
	f.Dims = f.array.Dims
	f.zero = make([]bool, 0, f.array.Rows)
	f.Summary, err = f.array.scan(path, each, func(v *Vector) error {
		f.zero = append(f.zero, norm(v.Values) == 0)
		return nil
	})
	return err
}

// Unit puts a vector of finite numbers, divided by its Euclidean norm in float64 and
// rounded to float32, into dst, which has room for it, or is values. Where all are
// 0 they stay so, and it returns false.
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

// Len returns how many vectors there are.
func (f *VectorFile) Len() int { return len(f.zero) }

// Name gives the vectors of an array the prompts that they were made of,
// in this order. Another number of prompts is a [ContentError], of which each is
// told, unless it is nil. Vectors that brought their ids keep them.
func (f *VectorFile) Name(prompts *PromptSet, name string, each func(Problem)) error {
	if f.array == nil || f.named != nil {
		return nil
	}
	if prompts.Len() != f.Len() {
		p := problems{file: name, each: each}
		p.add(0, "", "expected a row for each of %d prompts, in their order, found %d rows", prompts.Len(), f.Len())
		return p.err()
	}
	f.named = prompts
	return nil
}

// ID returns the id of vector i, to be told. That of an array's is the id of its
// prompt, or the number of the row, from 1, before [VectorFile.Name].
func (f *VectorFile) ID(i int) string {
	switch {
	case f.IDs != nil:
		return f.IDs[i]
	case f.named != nil:
		return f.named.ID(i)
	}
	return strconv.Itoa(i + 1)
}

// Join visits prompts in the order of their ids, each with the number of the vector
// of its id, −1 where there is none. The vectors of an array must have been given
// these prompts, not sorted since.
func (f *VectorFile) Join(prompts *PromptSet, visit func(p *Prompt, vector int) error) error {
	if f.named != nil {
		return prompts.EachByID(func(i int, p *Prompt) error { return visit(p, i) })
	}
	order := make([]int32, len(f.IDs))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return strings.Compare(f.IDs[a], f.IDs[b]) })
	return prompts.EachByID(func(_ int, p *Prompt) error {
		for len(order) > 0 && f.IDs[order[0]] < p.ID {
			order = order[1:]
		}
		if len(order) == 0 || f.IDs[order[0]] != p.ID {
			return visit(p, -1)
		}
		return visit(p, int(order[0]))
	})
}

// Zero tells whether the numbers of vector i are all 0.
func (f *VectorFile) Zero(i int) bool { return f.zero[i] }

// Vector copies vector i into dst, which has room for it. It may be called
// concurrently once nothing is added any more.
func (f *VectorFile) Vector(i int, dst []float32) error {
	dst = dst[:f.Dims]
	if f.array != nil {
		err := f.array.ReadRows(dst, i)
		Unit(dst, dst)
		return err
	}
	return f.kept.Read(bytesOf(dst), int64(i)*4*int64(f.Dims))
}

// Close removes the temporary file, if there is one, or closes the array. The
// vectors cannot be read afterwards. It may be called twice, and of nil.
func (f *VectorFile) Close() error {
	if f == nil {
		return nil
	}
	if array := f.array; array != nil {
		f.array = nil
		return array.Close()
	}
	return f.kept.Close()
}
