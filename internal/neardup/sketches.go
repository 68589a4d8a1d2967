package neardup

import (
	"unsafe"

	"github.com/routeproof/routeproof/internal/spill"
)

const (
	blockLen   = 1 << 10 // sketches that are kept, and read back, in one piece
	sketchSize = int64(unsafe.Sizeof(sketch{}))
)

// sketches are those of the different texts by number, in memory up to a limit and
// in a temporary file beyond.
type sketches struct {
	open [][]sketch // behind those in kept; in blocks, as they must not move
	n    int        // of the last block that are taken
	kept spill.File
	far  int // sketches in kept
}

func newSketches(near int) sketches {
	return sketches{kept: spill.File{Limit: near, What: "sketches of texts"}}
}

// add returns a further sketch, which is zero, and may be filled until keep.
func (s *sketches) add() *sketch {
	if s.n%blockLen == 0 {
		s.open, s.n = append(s.open, make([]sketch, blockLen)), 0
	}
	s.n++
	return &s.open[len(s.open)-1][s.n-1]
}

// keep keeps all full blocks, which must not be changed any more.
func (s *sketches) keep() error {
	for len(s.open) > 0 && (len(s.open) > 1 || s.n == blockLen) {
		if _, err := s.kept.Append(bytesOf(s.open[0])); err != nil {
			return err
		}
		s.open, s.far = s.open[1:], s.far+blockLen
	}
	return nil
}

// bytesOf is where sketches are in memory.
func bytesOf(these []sketch) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(these))), int64(len(these))*sketchSize)
}

// get copies sketch id to the one of to. It may be called concurrently once nothing
// is added any more.
func (s *sketches) get(id int32, to []sketch) error {
	if int(id) >= s.far {
		to[0] = s.open[0][int(id)-s.far]
		return nil
	}
	return s.kept.Read(bytesOf(to), int64(id)*sketchSize)
}

// each visits all sketches in order, which must not be kept. It may be called
// concurrently once nothing is added any more.
func (s *sketches) each(visit func(id int32, k *sketch)) error {
	id := int32(0)
	block := make([]sketch, blockLen)
	for range s.far / blockLen {
		if err := s.kept.Read(bytesOf(block), int64(id)*sketchSize); err != nil {
			return err
		}
		for i := range block {
			visit(id, &block[i])
			id++
		}
	}
	if len(s.open) > 0 {
		for i := range s.open[0][:s.n] {
			visit(id, &s.open[0][i])
			id++
		}
	}
	return nil
}
