package simulate

import (
	"encoding/binary"
	"encoding/json"
	"iter"
	"math"

	"github.com/routeproof/routeproof/internal/spill"
)

// Points are the points of a sweep, in its order. The first MiB of them is in memory,
// the others are in a temporary file until the sweep is closed. The zero value is
// none, and null in JSON. They may be read concurrently.
type Points[T any] struct {
	n, width int
	rows     *spill.File // of width numbers each
	numbers  func(point T, room []float64) []float64
	of       func(row []float64) T

	row   []float64 // to be written
	bytes []byte
}

const (
	nearPoints = 1 << 20 // bytes of them in memory
	pointsRead = 512     // at once
)

// newPoints returns none, to be added to. numbers appends a point's numbers, always
// width of them, and of makes a point of those, which it must not keep.
func newPoints[T any](width, near int, numbers func(point T, room []float64) []float64, of func(row []float64) T) Points[T] {
	return Points[T]{width: width, rows: &spill.File{Limit: near, What: "points of a sweep"}, numbers: numbers, of: of}
}

func (p *Points[T]) add(point T) error {
	p.n++
	p.row, p.bytes = p.numbers(point, p.row[:0]), p.bytes[:0]
	for _, v := range p.row {
		p.bytes = binary.LittleEndian.AppendUint64(p.bytes, math.Float64bits(v))
	}
	_, err := p.rows.Append(p.bytes)
	return err
}

// Len returns how many there are.
func (p Points[T]) Len() int { return p.n }

// At returns point i, below Len.
func (p Points[T]) At(i int) (point T, err error) {
	for point, err = range p.part(i, i+1) {
	}
	return point, err
}

// All visits them. What cannot be read is an error, the last thing that is visited.
func (p Points[T]) All() iter.Seq2[T, error] { return p.part(0, p.n) }

func (p Points[T]) part(from, to int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		size := 8 * p.width
		bytes, row := make([]byte, size*min(to-from, pointsRead)), make([]float64, p.width)
		for ; from < to; from += pointsRead {
			left := bytes[:size*min(to-from, pointsRead)]
			if err := p.rows.Read(left, int64(from)*int64(size)); err != nil {
				var none T
				yield(none, err)
				return
			}
			for ; len(left) > 0; left = left[size:] {
				for k := range row {
					row[k] = math.Float64frombits(binary.LittleEndian.Uint64(left[8*k:]))
				}
				if !yield(p.of(row), nil) {
					return
				}
			}
		}
	}
}

// None returns none, as an empty list in JSON.
func (p Points[T]) None() Points[T] { return Points[T]{rows: new(spill.File)} }

// MarshalJSON writes all of them, which it holds in memory.
func (p Points[T]) MarshalJSON() ([]byte, error) {
	var all []T
	if p.rows != nil {
		all = make([]T, 0, p.n)
	}
	for point, err := range p.All() {
		if err != nil {
			return nil, err
		}
		all = append(all, point)
	}
	return json.Marshal(all)
}

// close gives them up.
func (p Points[T]) close() error {
	if p.rows == nil {
		return nil
	}
	return p.rows.Close()
}
