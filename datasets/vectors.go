package datasets

import (
	"errors"
	"fmt"

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
				fault: func(c *table.Cells, i int) string {
					if n := len(c.Vector[i]); n == 0 || n > maxDims {
						return fmt.Sprintf("expected 1 to %d numbers, found %d", maxDims, n)
					}
					return ""
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
		name:  func(v *Vector) []string { return []string{v.ID} },
		clash: func(v *Vector, first string) string { return clashOfIDs(v.ID, first) },
	}
}

// ReadVectors reads all [Vectors] of the file at path; [Kind.Scan] has the
// formats and errors. Its memory is that of a [VectorFile].
func ReadVectors(path string, each func(Problem)) (*VectorFile, error) {
	file := NewVectorFile()
	summary, err := Vectors().ScanFile(path, each, func(v *Vector) error { return file.Add(v.ID, v.Values) })
	if err == nil {
		err = file.flush()
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	file.Summary = summary
	return file, nil
}
