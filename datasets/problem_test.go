package datasets

import (
	"strings"
	"testing"
)

func TestProblemString(t *testing.T) {
	for _, c := range []struct {
		problem Problem
		want    string
	}{
		{Problem{"f.jsonl", 3, "tier", "bad"}, "f.jsonl:3: tier: bad"},
		{Problem{"f.jsonl", 3, "", "bad"}, "f.jsonl:3: bad"},
		{Problem{"f.jsonl", 0, "split", "bad"}, "f.jsonl: split: bad"},
		{Problem{"f.jsonl", 0, "", "bad"}, "f.jsonl: bad"},
	} {
		if got := c.problem.String(); got != c.want {
			t.Errorf("%q, expected %q", got, c.want)
		}
	}
}

func TestContentErrorText(t *testing.T) {
	collect := func(n int) error {
		p := problems{file: "f"}
		for i := range n {
			p.add(i+1, "id", "bad %d", i)
		}
		return p.err()
	}
	if err := collect(0); err != nil {
		t.Errorf("without problems: %v", err)
	}
	if got, want := collect(1).Error(), "f:1: id: bad 0"; got != want {
		t.Errorf("%q, expected %q", got, want)
	}
	if got, want := collect(2).Error(), "f: 2 problems:\n  f:1: id: bad 0\n  f:2: id: bad 1"; got != want {
		t.Errorf("%q, expected %q", got, want)
	}
	if got := collect(20).Error(); !strings.HasPrefix(got, "f: 20 problems:\n") || strings.Count(got, "\n") != 20 {
		t.Errorf("20 problems: %q", got)
	}
	if got := collect(21).Error(); !strings.HasPrefix(got, "f: 21 problems, the first 20:\n") || !strings.HasSuffix(got, "\n  f:20: id: bad 19") {
		t.Errorf("21 problems: %q", got)
	}
}
