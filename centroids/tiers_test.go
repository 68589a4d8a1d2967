package centroids_test

import (
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

func TestNewTiers(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  string // in the error; empty: fine
	}{
		{[]string{"a", "b"}, ""},
		{[]string{"1", "2", "3", "4", "5", "6", "7", "8"}, ""},
		{[]string{"小", "大 模型"}, ""},
		{nil, "expected 2 to 8"},
		{[]string{"a"}, "expected 2 to 8"},
		{strings.Split("123456789", ""), "expected 2 to 8"},
		{[]string{"a", "a"}, "twice"},
		{[]string{"a", ""}, "empty"},
		{[]string{"a", "NONE"}, "reserved"},
		{[]string{"a", "__metadata__"}, "reserved"},
		{[]string{"a", "b.c"}, "dot"},
		{[]string{"a", "b\x00"}, "printed"},
		{[]string{"a", "b\xff"}, "UTF-8"},
		{[]string{"a", " b"}, "spaces"},
		{[]string{"a", strings.Repeat("b", 65)}, "longer"},
	} {
		tiers, err := centroids.NewTiers(c.names...)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("NewTiers(%q): %v", c.names, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("NewTiers(%q): %v, expected an error with %q", c.names, err, c.want)
		case c.want == "" && tiers.Len() != len(c.names):
			t.Errorf("NewTiers(%q) has %d tiers", c.names, tiers.Len())
		}
	}
}

func TestTiersAreImmutable(t *testing.T) {
	names := []string{"a", "b"}
	tiers, err := centroids.NewTiers(names...)
	if err != nil {
		t.Fatal(err)
	}
	names[0] = "x"
	tiers.Names()[1] = "y"
	if tiers.Name(0) != "a" || tiers.Name(1) != "b" {
		t.Errorf("tiers changed to %v", tiers.Names())
	}
}

func TestFallback(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  int
	}{{[]string{"MEDIUM", "X"}, 0}, {[]string{"A", "B", "MEDIUM"}, 2}, {[]string{"A", "B", "C"}, 1}, {[]string{"A", "medium"}, 1}} {
		tiers, err := centroids.NewTiers(c.names...)
		if err != nil {
			t.Fatal(err)
		}
		if got := tiers.Fallback(); got != c.want {
			t.Errorf("fallback of %v is %d, expected %d", c.names, got, c.want)
		}
	}
}
