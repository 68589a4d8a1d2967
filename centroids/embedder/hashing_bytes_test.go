package embedder

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Texts of bytes alone have a way of their own, to the same n-grams in the same order,
// which is that of sums.
func TestBytesAreCodePoints(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	const some = "aAbZz09 _-.\t\n\v\r\x00\x7f"
	texts := []string{"", " ", "\n", "a", "ab", "a b", "  a\t\tb ", "\x00", strings.Repeat("ab ", maxRunes), strings.Repeat(" ", maxRunes) + "a"}
	for range 2000 {
		text := make([]byte, rng.IntN(40))
		for i := range text {
			if text[i] = some[rng.IntN(len(some))]; rng.IntN(4) == 0 {
				text[i] = byte(rng.IntN(128))
			}
		}
		texts = append(texts, string(text))
	}
	bytes, points := newHashScratch(64), newHashScratch(64)
	for _, text := range texts {
		bytes.found, points.found = bytes.found[:0], points.found[:0]
		if !bytes.foldBytes(text) {
			t.Fatalf("%q: not of bytes alone", text)
		}
		bytes.findByteWords()
		bytes.findBytes()
		points.fold(text)
		points.findWords()
		points.findChars()
		if string(bytes.text) != string(points.text) {
			t.Fatalf("%.50q becomes %.50q, expected %.50q", text, bytes.text, points.text)
		}
		if !slices.Equal(bytes.found, points.found) {
			t.Fatalf("%.50q: %d n-grams, expected %d, or others", text, len(bytes.found), len(points.found))
		}
	}
	for _, text := range []string{"é", "a\u00a0b", "\xff", "\u212a", strings.Repeat("a", maxRunes-1) + "é"} {
		if bytes.foldBytes(text) {
			t.Errorf("%.20q: of bytes alone", text)
		}
	}
	if text := strings.Repeat("a", maxRunes) + "é"; !bytes.foldBytes(text) || len(bytes.text) != maxRunes+2 {
		t.Errorf("what is behind the first %d code points counts", maxRunes)
	}
}
