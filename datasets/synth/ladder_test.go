package synth

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseLadder(t *testing.T) {
	for _, c := range []struct {
		text  string
		tiers []string
		want  Ladder
	}{
		{"T1=a,T2=b", nil, Ladder{{"T1", "a"}, {"T2", "b"}}},
		{" T1 = a , T2 = b=c ", nil, Ladder{{"T1", "a"}, {"T2", "b=c"}}},
		{"T1=a,T2=b", []string{"X"}, Ladder{{"T1", "a"}, {"T2", "b"}}},
		{"org/a:1,b", nil, Ladder{{"org/a:1", "org/a:1"}, {"b", "b"}}},
		{"a,b", []string{"LOW", "HIGH"}, Ladder{{"LOW", "a"}, {"HIGH", "b"}}},
	} {
		got, err := ParseLadder(c.text, c.tiers)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		} else if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: want −, got +:\n%s", c.text, diff)
		}
		if again, err := ParseLadder(got.String(), nil); err != nil || !cmp.Equal(got, again) {
			t.Errorf("%q: %v reads back as %v, %v", c.text, got, again, err)
		}
	}
}

func TestParseLadderErrors(t *testing.T) {
	for _, c := range []struct {
		text  string
		tiers []string
		want  string
	}{
		{" ", nil, "ladder is empty: expected 2 to 8 rungs, cheapest first, such as T1=small-model,T2=large-model"},
		{"a", nil, "ladder: expected 2 to 8 rungs, found 1"},
		{"a,b,c,d,e,f,g,h,i", nil, "ladder: expected 2 to 8 rungs, found 9"},
		{"a,,b", nil, "ladder: rung 2 is empty: expected a model between two commas"},
		{"T1=a,T2=", nil, `ladder: rung 2 ("T2=") names no model: expected TIER=MODEL`},
		{"=a,T2=b", nil, `ladder: rung 1 ("=a") names no tier: expected TIER=MODEL`},
		{"T1=a,b", nil, "ladder: 1 of 2 rungs name a tier: expected TIER=MODEL for all or MODEL for all"},
		{"a,b", []string{"X", "Y", "Z"}, "ladder: 2 models for 3 tiers (X, Y, Z): expected one a tier, or TIER=MODEL"},
		{"T=a,T=b", nil, `ladder: tier "T" stands twice`},
		{"T=a,U=a", nil, `ladder: model "a" stands twice`},
		{"T=a,NONE=b", nil, "ladder: NONE means that no model suffices: expected another name for rung 2"},
	} {
		if _, err := ParseLadder(c.text, c.tiers); err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, expected %s", c.text, err, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"claude-v1", "claude-v2", "gpt-3.5-turbo-1106", "gpt-4-1106-preview", "mistralai/mistral-7b-chat", "mistralai/mixtral-8x7b-chat"}
	for name, want := range map[string]string{
		"gpt-4": "gpt-4-1106-preview", "mistral-7b": "mistralai/mistral-7b-chat", "Mixtral": "mistralai/mixtral-8x7b-chat",
		"claude": "claude-v1", "cluade-v2": "claude-v2", "llama": "", "": "", "x": "",
	} {
		if got := nearest(name, known); got != want {
			t.Errorf("%q: %q, expected %q", name, got, want)
		}
	}
}
