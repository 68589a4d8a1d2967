package datasets

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/routeproof/routeproof/internal/table"
)

// A Vector is what some embedder made of a prompt.
type Vector struct {
	ID     string
	Values []float32 // good only while the row is visited
}

// maxDims is the longest vector.
const maxDims = 1 << 16

// Vectors is the kind of file that holds vectors: columns id and embedding, a
// list of finite numbers (in CSV as a JSON array). All have the length of the
// first; id is unique.
func Vectors() Kind[Vector] {
	return Kind[Vector]{
		noun: "vectors", needs: "id and embedding",
		fields: []field[Vector]{
			nameField("id", "the id of a prompt", func(v *Vector) *string { return &v.ID }),
			{
				Column: table.Column{Name: "embedding", Type: table.Vector, Required: true},
				fault: func(c *table.Cells, from int) (int, string) {
					for i := from; i < len(c.Vector); i++ {
						if n := len(c.Vector[i]); (n == 0 || n > maxDims) && c.Known[i] {
							return i, fmt.Sprintf("expected 1 to %d numbers, found %d", maxDims, n)
						}
					}
					return -1, ""
				},
				load: func(v *Vector, cells *table.Cells, i int, c *checker) {
					v.Values = cells.Vector[i]
					if n := len(v.Values); c.dims == 0 {
						c.dims = n
					} else if n != c.dims {
						c.problem("embedding", "expected %d numbers as in the rows before, found %d", c.dims, n)
					}
				},
				store: func(v *Vector, b *table.Batch, c int) { b.SetVector(c, v.Values) },
			},
		},
		keys:  []string{"id"},
		key:   func(v *Vector, key []byte) []byte { return appendName(key, v.ID) },
		clash: func(v *Vector, first string) string { return clashOfIDs(v.ID, first) },
	}
}

const npyAtOnce = 1 << 16 // numbers of an array that are read at once

// ScanVectors reads the file at path as [Vectors] in any of their formats, of which
// [Kind.Scan] tells, or as an array that numpy.save wrote ([NPY]). The rows of an
// array have no ids, which are then 1, 2, …, and must be finite.
func ScanVectors(path string, each func(Problem), visit func(*Vector) error) (Summary, error) {
	array, err := isNPY(path)
	if err != nil {
		return Summary{}, err
	}
	if !array {
		return Vectors().ScanFile(path, each, visit)
	}
	return scanNPY(path, each, visit)
}

func scanNPY(path string, each func(Problem), visit func(*Vector) error) (Summary, error) {
	n, err := OpenNPY(path)
	if err != nil {
		return Summary{}, toldOf(err, each)
	}
	defer n.Close()
	return n.scan(path, each, visit)
}

// toldOf tells each of what an array is refused for.
func toldOf(err error, each func(Problem)) error {
	var refused *ContentError
	if errors.As(err, &refused) && each != nil {
		each(refused.First[0])
	}
	return err
}

func (n *NPY) scan(path string, each func(Problem), visit func(*Vector) error) (Summary, error) {
	p := problems{file: path, each: each}
	size := max(1, npyAtOnce/n.Dims) // of a piece, in rows
	some := make([]float32, size*n.Dims)
	for row := 0; row < n.Rows; {
		some = some[:min(size, n.Rows-row)*n.Dims]
		if err := n.ReadRows(some, row); err != nil {
			return Summary{}, toldOf(err, each)
		}
		for v := range slices.Chunk(some, n.Dims) {
			row++
			if i := slices.IndexFunc(v, func(x float32) bool { return x-x != 0 }); i >= 0 {
				if p.add(row, "", "expected finite numbers, number %d is %g", i+1, v[i]); p.total == maxProblems {
					return Summary{}, p.err()
				}
				continue
			}
			if err := visit(&Vector{ID: strconv.Itoa(row), Values: v}); err != nil {
				return Summary{}, err
			}
		}
	}
	if err := p.err(); err != nil {
		return Summary{}, err
	}
	return Summary{Rows: n.Rows, metadata: func(string) string { return "" }}, nil
}

// ReadVectors reads all vectors of the file at path, as [ScanVectors] does. Its
// memory is that of a [VectorFile].
func ReadVectors(path string, each func(Problem)) (*VectorFile, error) {
	array, err := isNPY(path)
	if err != nil {
		return nil, err
	}
	file := NewVectorFile()
	if array {
		err = file.open(path, each)
	} else {
		file.Summary, err = Vectors().ScanFile(path, each, func(v *Vector) error { return file.Add(v.ID, v.Values) })
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
