package datasets

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseLadder(t *testing.T) {
	for _, c := range []struct {
		text string
		want Ladder
	}{
		{"T1=a,T2=b", Ladder{{"T1", "a"}, {"T2", "b"}}},
		{" T1 = a , T2 = b=c ", Ladder{{"T1", "a"}, {"T2", "b=c"}}},
		{"org/a:1,b", Ladder{{"org/a:1", "org/a:1"}, {"b", "b"}}},
	} {
		got, err := ParseLadder(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		} else if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: want −, got +:\n%s", c.text, diff)
		}
		if again, err := ParseLadder(got.String()); err != nil || !cmp.Equal(got, again) {
			t.Errorf("%q: %v reads back as %v, %v", c.text, got, again, err)
		}
	}
}

func TestParseModels(t *testing.T) {
	var names []string
	for i := range MaxModels {
		names = append(names, fmt.Sprint("m", i))
	}
	if l, err := ParseModels(strings.Join(names, ",")); err != nil || len(l) != MaxModels {
		t.Errorf("%d models: %d, %v", MaxModels, len(l), err)
	}
	if _, err := ParseModels(strings.Join(append(names, "one more"), ",")); err == nil || err.Error() != "ladder: expected 2 to 64 rungs, found 65" {
		t.Errorf("one too many: %v", err)
	}
}

func TestParseLadderErrors(t *testing.T) {
	for _, c := range []struct {
		text, want string
	}{
		{" ", "ladder is empty: expected 2 to 8 rungs, cheapest first, such as T1=small-model,T2=large-model"},
		{"a", "ladder: expected 2 to 8 rungs, found 1"},
		{"a,b,c,d,e,f,g,h,i", "ladder: expected 2 to 8 rungs, found 9"},
		{"a,,b", "ladder: rung 2 is empty: expected a model between two commas"},
		{"T1=a,T2=", `ladder: rung 2 ("T2=") names no model: expected TIER=MODEL`},
		{"=a,T2=b", `ladder: rung 1 ("=a") names no tier: expected TIER=MODEL`},
		{"T1=a,b", "ladder: 1 of 2 rungs name a tier: expected TIER=MODEL for all or MODEL for all"},
		{"T=a,T=b", `ladder: tier "T" stands twice`},
		{"T=a,U=a", `ladder: model "a" stands twice`},
		{"T=a,NONE=b", "ladder: NONE means that no model suffices: expected another name for rung 2"},
	} {
		if _, err := ParseLadder(c.text); err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, expected %s", c.text, err, c.want)
		}
	}
}
