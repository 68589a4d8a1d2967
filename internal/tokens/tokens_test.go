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
	for _, unit := range []string{"a", " ", "\n", "!", "\xff", "e\u0301"} {
		n, err := c.Count(strings.Repeat(unit, 100_000))
		if err != nil || n < 1 {
			t.Errorf("100,000 × %q: %d tokens, %v", unit, n, err)
		}
	}
}
