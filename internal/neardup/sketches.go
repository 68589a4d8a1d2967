package neardup

import (
	"unsafe"

	"github.com/routeproof/routeproof/internal/spill"
)

const (
	blockLen   = 1 << 10 // sketches that are kept, and read back, in one piece
	sketchSize = int64(unsafe.Sizeof(sketch{}))
)

// sketches are those of the different texts, in the order in which they were added, in
// memory up to a limit and in a temporary file beyond.
type sketches struct {
	open [][]sketch // behind those in kept; in blocks, as they must not move
	n    int        // of the last block that are taken
	kept spill.File
	far  int // sketches in kept
}

func newSketches(near int) sketches {
	return sketches{kept: spill.File{Limit: near, What: "sketches of texts"}}
}

// add returns the place of a further sketch, which is zero, and may be filled until
// keep.
func (s *sketches) add() (place int32, k *sketch) {
	if s.n%blockLen == 0 {
		s.open, s.n = append(s.open, make([]sketch, blockLen)), 0
	}
	s.n++
	last := len(s.open) - 1
	return int32(s.far + last*blockLen + s.n - 1), &s.open[last][s.n-1]
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

// get copies the sketch at a place to the one of to. It may be called concurrently once
// nothing is added any more.
func (s *sketches) get(place int32, to []sketch) error {
	if int(place) >= s.far {
		to[0] = s.open[0][int(place)-s.far]
		return nil
	}
	return s.kept.Read(bytesOf(to), int64(place)*sketchSize)
}

// each visits all sketches in order, which must not be kept. block is room for
// blockLen. It may be called concurrently once nothing is added any more.
func (s *sketches) each(block []sketch, visit func(k *sketch)) error {
	for from := 0; from < s.far; from += blockLen {
		if err := s.kept.Read(bytesOf(block), int64(from)*sketchSize); err != nil {
			return err
		}
		for i := range block {
			visit(&block[i])
		}
	}
	if len(s.open) > 0 {
		for i := range s.open[0][:s.n] {
			visit(&s.open[0][i])
		}
	}
	return nil
}
