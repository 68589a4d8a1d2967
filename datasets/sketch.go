package datasets

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/internal/neardup"
)

// SketchSize is the most hashes a sketch holds.
const SketchSize = 1024

// A Sketcher sketches texts, at 8 bytes each. Two texts are distinct if they differ
// in more than case, white space and punctuation.
type Sketcher struct {
	folder *neardup.Folder
	hashes []uint64
}

// NewSketcher returns a Sketcher of no texts.
func NewSketcher() *Sketcher { return &Sketcher{folder: neardup.NewFolder()} }

// Add takes in a text.
func (s *Sketcher) Add(text string) {
	sum := sha256.Sum256([]byte(s.folder.Fold(text)))
	s.hashes = append(s.hashes, binary.BigEndian.Uint64(sum[:]))
}

// Sketch returns the smallest [SketchSize] hashes of the distinct texts,
// ascending, as 16 hex digits each, and how many distinct texts there are. Up to
// SketchSize texts the sketch is complete; beyond, it is a random sample by which
// an overlap with other texts is likely noticed.
func (s *Sketcher) Sketch() (sketch []string, texts int) {
	slices.Sort(s.hashes)
	s.hashes = slices.Compact(s.hashes)
	sketch = make([]string, min(len(s.hashes), SketchSize))
	for i := range sketch {
		sketch[i] = fmt.Sprintf("%016x", s.hashes[i])
	}
	return sketch, len(s.hashes)
}

// InSketch returns the ids of the prompts whose text is in a sketch, in order.
// Older sketches, whose texts were folded less, are understood too.
func InSketch(prompts *PromptSet, sketch []string) ([]string, error) {
	folder := neardup.NewFolder()
	var out []string
	err := prompts.EachInPlace(func(_ int, p *Prompt) error {
		sum, older := sha256.Sum256([]byte(folder.Fold(p.Text))), textHash(p.Text)
		for _, hash := range [][]byte{sum[:8], older[:8]} {
			if _, found := slices.BinarySearch(sketch, hex.EncodeToString(hash)); found {
				out = append(out, strings.Clone(p.ID))
				break
			}
		}
		return nil
	})
	return out, err
}
