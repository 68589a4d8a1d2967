package wording

import (
	"strings"
	"testing"
)

// TestEditDistance compares with distances counted by hand.
func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"kitten", "sitting", 3}, {"sunday", "saturday", 3}, {"ab", "ba", 1}, {"slat", "salt", 1}, {"ca", "abc", 3}, {"flaw", "lawn", 2},
		{"prompt", "promt", 1}, {"abcdef", "azced", 3}, {"größe", "grösse", 2}, {"日本語", "日本", 1},
	} {
		if got := editDistance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, expected %d", c.a, c.b, got, c.want)
		}
		if got := editDistance(c.b, c.a); got != c.want {
			t.Errorf("%q to %q: %d, expected %d", c.b, c.a, got, c.want)
		}
	}
}

func TestSuggest(t *testing.T) {
	tiers := []string{"SIMPLE", "MEDIUM", "COMPLEX", "FRONTIER"}
	for _, c := range []struct {
		name  string
		known []string
		want  string
	}{
		{"simple", tiers, "SIMPLE"}, {"SIMPEL", tiers, "SIMPLE"}, {"Fronteer", tiers, "FRONTIER"}, {"SIMPLEX", tiers, "SIMPLE"},
		{"MED", tiers, ""}, {"REASONING", tiers, ""}, {"", tiers, ""}, {"x", nil, ""}, {"x", []string{""}, ""},
		{"ID", []string{"text", "id"}, "id"}, {"ie", []string{"id"}, ""}, {"idx", []string{"id"}, "id"},
		{"cab", []string{"cat", "cap"}, "cat"}, {"cab", []string{"cap", "cat"}, "cap"}, {"cat", []string{"cap", "cat"}, "cat"},
		{"größer", []string{"groesser", "grösser"}, "grösser"},
		{strings.Repeat("x", 129), tiers, ""}, {strings.Repeat("x", 10000), tiers, ""},
		{"SIMPLE", []string{strings.Repeat("SIMPLE", 100)}, ""},
		{strings.Repeat("a", 200) + "b", []string{strings.Repeat("a", 200) + "c"}, strings.Repeat("a", 200) + "c"},
		{strings.Repeat("a", 256) + "b", []string{strings.Repeat("a", 256)}, ""},
		{strings.Repeat("a", 256), []string{strings.Repeat("a", 256) + "b"}, ""},
	} {
		if got := Suggest(c.name, c.known); got != c.want {
			t.Errorf("%.20q among %.20q: %q, expected %q", c.name, c.known, got, c.want)
		}
	}
	if got := DidYouMean("simple", tiers); got != ` (did you mean "SIMPLE"?)` {
		t.Errorf("%q", got)
	}
	if got := DidYouMean("nothing like it", tiers); got != "" {
		t.Errorf("%q", got)
	}
}

func TestQuote(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", `""`}, {"a", `"a"`}, {"a\"\n\x1b", `"a\"\n\x1b"`}, {"\u202e", `"\u202e"`},
		{strings.Repeat("é", 60), `"` + strings.Repeat("é", 60) + `"`},
		{strings.Repeat("é", 61), `"` + strings.Repeat("é", 60) + `…"`},
		{strings.Repeat("\U000e0001", 1000), `"` + strings.Repeat(`\U000e0001`, 60) + `…"`},
		{strings.Repeat("x", 1<<20), `"` + strings.Repeat("x", 60) + `…"`},
	} {
		if got := Quote(c.in); got != c.want {
			t.Errorf("%.80q: %s, expected %s", c.in, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"claude-v1", "claude-v2", "gpt-3.5-turbo-1106", "gpt-4-1106-preview", "mistralai/mistral-7b-chat", "mistralai/mixtral-8x7b-chat"}
	for name, want := range map[string]string{
		"gpt-4": "gpt-4-1106-preview", "mistral-7b": "mistralai/mistral-7b-chat", "Mixtral": "mistralai/mixtral-8x7b-chat",
		"claude": "claude-v1", "cluade-v2": "claude-v2", "llama": "", "": "", "x": "",
	} {
		if got := Nearest(name, known); got != want {
			t.Errorf("%q: %q, expected %q", name, got, want)
		}
	}
}

func TestPlural(t *testing.T) {
	for n, want := range map[int]string{0: "0 prompts", 1: "1 prompt", 999: "999 prompts", 1000: "1,000 prompts", 1234567: "1,234,567 prompts"} {
		if got := Plural(n, "prompt"); got != want {
			t.Errorf("Plural(%d) = %s, expected %s", n, got, want)
		}
	}
}
