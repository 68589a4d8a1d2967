package tokens

import (
	"strings"
	"testing"
)

// Counts are those of OpenAI's cookbook, "How to count tokens with tiktoken",
// for o200k_base.
func TestCount(t *testing.T) {
	c, err := NewCounter()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{
		"":                             0,
		"antidisestablishmentarianism": 6,
		"2 + 2 = 4":                    7,
		"お誕生日おめでとう":                    8,
	} {
		if got, err := c.Count(text); err != nil || got != want {
			t.Errorf("Count(%q) = %d, %v, expected %d", text, got, err, want)
		}
	}
}

func TestCountOfHostileText(t *testing.T) {
	c, err := NewCounter()
	if err != nil {
		t.Fatal(err)
	}
	for _, unit := range []string{"a", " ", "\n", "!", "\xff", "e\u0301", " \n", "\t \n", "a \n", " \r\n\u3000"} {
		n, err := c.Count(strings.Repeat(unit, 200_000/len(unit)))
		if err != nil || n < 1 {
			t.Errorf("repeated %q: %d tokens, %v", unit, n, err)
		}
	}
}

// Counting in pieces stays near what the whole text has.
func TestCountOfLongText(t *testing.T) {
	c, err := NewCounter()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("The quick brown fox jumps over the lazy dog, twice; then it rests.\n", 2000)
	want, err := c.codec.Count(text)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Count(text)
	if pieces := len(text)/pieceBytes + 1; err != nil || got < want || got > want+pieces {
		t.Errorf("%d tokens in %d bytes, %v; expected %d and at most %d more", got, len(text), err, want, pieces)
	}
}
