package datasets

import (
	"encoding/hex"
	"slices"
)

// SketchSize is the most hashes a sketch holds.
const SketchSize = 1024

// Sketch returns the smallest [SketchSize] hashes of the distinct texts of the
// prompts, ascending, as 16 hex digits each, and how many distinct texts there
// are. Texts are distinct if they differ in more than case and white space.
// Up to SketchSize texts the sketch is complete; beyond, it is a random sample
// by which an overlap with other texts is likely noticed.
func Sketch(prompts []Prompt) (sketch []string, texts int) {
	all := make([]string, len(prompts))
	for i, p := range prompts {
		all[i] = sketchHash(p.Text)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return slices.Clone(all[:min(len(all), SketchSize)]), len(all)
}

// InSketch returns the prompts whose text is in a sketch, in order.
func InSketch(prompts []Prompt, sketch []string) []Prompt {
	var out []Prompt
	for _, p := range prompts {
		if _, found := slices.BinarySearch(sketch, sketchHash(p.Text)); found {
			out = append(out, p)
		}
	}
	return out
}

func sketchHash(text string) string {
	hash := textHash(text)
	return hex.EncodeToString(hash[:8])
}
