package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/routeproof/routeproof/internal/neardup"
)

// SketchSize is the most hashes a sketch holds.
const SketchSize = 1024

// Sketch returns the smallest [SketchSize] hashes of the distinct texts of the
// prompts, ascending, as 16 hex digits each, and how many distinct texts there
// are. Texts are distinct if they differ in more than case, white space and
// punctuation. Up to SketchSize texts the sketch is complete; beyond, it is a
// random sample by which an overlap with other texts is likely noticed.
func Sketch(prompts []Prompt) (sketch []string, texts int) {
	folder := neardup.NewFolder()
	all := make([]string, len(prompts))
	for i, p := range prompts {
		sum := sha256.Sum256([]byte(folder.Fold(p.Text)))
		all[i] = hex.EncodeToString(sum[:8])
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.Clone(all[:min(len(all), SketchSize)]), len(all)
}

// InSketch returns the prompts whose text is in a sketch, in order. Older
// sketches, whose texts were folded less, are understood too.
func InSketch(prompts []Prompt, sketch []string) []Prompt {
	folder := neardup.NewFolder()
	var out []Prompt
	for _, p := range prompts {
		sum, older := sha256.Sum256([]byte(folder.Fold(p.Text))), textHash(p.Text)
		for _, hash := range [][]byte{sum[:8], older[:8]} {
			if _, found := slices.BinarySearch(sketch, hex.EncodeToString(hash)); found {
				out = append(out, p)
				break
			}
		}
	}
	return out
}
