package datasets

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
)

func sketchOf(prompts []Prompt) (sketch []string, texts int) {
	s := NewSketcher()
	for _, p := range prompts {
		s.Add(p.Text)
	}
	return s.Sketch()
}

func inSketch(prompts []Prompt, sketch []string) []string {
	found, err := InSketch(setOf(prompts), sketch)
	if err != nil {
		panic(err)
	}
	return found
}

func TestSketch(t *testing.T) {
	var prompts []Prompt
	for i := range 3000 {
		prompts = append(prompts, Prompt{ID: fmt.Sprint(i), Text: fmt.Sprintf("Text  number %d", i%2500)})
	}
	sketch, texts := sketchOf(prompts)
	if texts != 2500 || len(sketch) != SketchSize || !slices.IsSorted(sketch) {
		t.Fatalf("%d texts, %d hashes, sorted %t", texts, len(sketch), slices.IsSorted(sketch))
	}
	slices.Reverse(prompts)
	if again, _ := sketchOf(prompts); !slices.Equal(sketch, again) {
		t.Error("the sketch depends on the order of rows")
	}
	// A sample: 1,024 of 2,500, whatever the texts.
	if n := len(inSketch(prompts[:1000], sketch)); n < 330 || n > 490 {
		t.Errorf("%d of 1,000 sketched prompts are found, expected about 410", n)
	}
	small, texts := sketchOf(prompts[:10])
	if texts != 10 || len(small) != 10 {
		t.Fatalf("%d texts, %d hashes, expected 10", texts, len(small))
	}
	found := inSketch([]Prompt{{ID: "new", Text: "another"}, {ID: "same", Text: "TEXT number\n" + fmt.Sprint(2999%2500)}}, small)
	if len(found) != 1 || found[0] != "same" {
		t.Errorf("found %+v, expected the text that differs in case and white space only", found)
	}
	found = inSketch([]Prompt{{ID: "marks", Text: "text: number, " + fmt.Sprint(2999%2500) + "!"}, {ID: "other number", Text: "text number 1 2"}}, small)
	if len(found) != 1 || found[0] != "marks" {
		t.Errorf("found %+v, expected the text that differs in punctuation only", found)
	}
	// As artifacts of before have it: of texts whose case and white space are folded.
	old := sha256.Sum256([]byte("a text, folded"))
	if found := inSketch([]Prompt{{Text: "A  text, folded"}, {Text: "a text folded"}}, []string{hex.EncodeToString(old[:8])}); len(found) != 1 {
		t.Errorf("older sketch: found %+v", found)
	}
}
