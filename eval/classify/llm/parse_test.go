package llm

import (
	"strings"
	"testing"

	"github.com/routeproof/routeproof/centroids"
)

func tiersOf(t testing.TB, names ...string) centroids.Tiers {
	t.Helper()
	tiers, err := centroids.NewTiers(names...)
	if err != nil {
		t.Fatal(err)
	}
	return tiers
}

func TestParseTier(t *testing.T) {
	standard := centroids.DefaultTiers()
	lower := tiersOf(t, "small", "large one")
	dashed := tiersOf(t, "T-1", "T-2")
	nested := tiersOf(t, "C", "C++", "C#", "-")
	for _, c := range []struct {
		tiers  centroids.Tiers
		answer string
		want   string // empty: invalid
	}{
		{standard, "SIMPLE", "SIMPLE"},
		{standard, "FRONTIER", "FRONTIER"},
		{standard, "simple", "SIMPLE"},
		{standard, " \n\tMEDIUM\r\n", "MEDIUM"},
		{standard, "\u00a0COMPLEX\u3000", "COMPLEX"},
		{standard, `"SIMPLE"`, "SIMPLE"},
		{standard, "'simple'", "SIMPLE"},
		{standard, "`Simple`", "SIMPLE"},
		{standard, "**SIMPLE**", "SIMPLE"},
		{standard, "simple.", "SIMPLE"},
		{standard, "“Simple”。", "SIMPLE"},
		{standard, "«COMPLEX»!", "COMPLEX"},
		{standard, "→ MEDIUM ✅", "MEDIUM"},
		{standard, "_medium_", "MEDIUM"},
		{standard, "", ""},
		{standard, " \n", ""},
		{standard, "...", ""},
		{standard, "NONE", ""},
		{standard, "SIMPLE or MEDIUM", ""},
		{standard, "SIMPLE, MEDIUM", ""},
		{standard, "SIMPLE SIMPLE", ""},
		{standard, "The answer is SIMPLE", ""},
		{standard, "Classification: SIMPLE", ""},
		{standard, "SIMPLE because it is short", ""},
		{standard, "SIMPLER", ""},
		{standard, "SIM PLE", ""},
		{standard, "1. SIMPLE", ""},
		{lower, "small", "small"},
		{lower, "SMALL", "small"},
		{lower, "Large One.", "large one"},
		{lower, "large", ""},
		{lower, "large-one", ""},
		{dashed, "T-1", "T-1"},
		{dashed, "(t-2)", "T-2"},
		{dashed, "T1", ""},
		{dashed, "T-", ""},
		{nested, "C", "C"},
		{nested, "C.", "C"},
		{nested, "C++", "C++"},
		{nested, "**c++**", "C++"},
		{nested, "C#.", "C#"},
		{nested, "-", "-"},
		{nested, "?", ""},
	} {
		got, ok := ParseTier(c.answer, c.tiers)
		switch {
		case ok != (c.want != ""):
			t.Errorf("%q among %v: valid %v, want %v", c.answer, c.tiers.Names(), ok, !ok)
		case ok && c.tiers.Name(got) != c.want:
			t.Errorf("%q among %v: %s, want %s", c.answer, c.tiers.Names(), c.tiers.Name(got), c.want)
		}
	}
}

// A tier's name is read whatever its case and the marks around it, and letters
// around it make it invalid. Any answer is read without a panic.
func FuzzParseTier(f *testing.F) {
	for _, s := range []string{"", "SIMPLE", "**complex**", "“", "ſimple", "İ", "\xff", "T-1 "} {
		f.Add(s, uint8(1))
	}
	tiers := centroids.DefaultTiers()
	f.Fuzz(func(t *testing.T, s string, pick uint8) {
		want := int(pick) % tiers.Len()
		name := tiers.Name(want)
		if k, ok := ParseTier(s, tiers); ok && !strings.Contains(strings.ToUpper(s), tiers.Name(k)) {
			t.Errorf("%q is read as %s", s, tiers.Name(k))
		}
		for _, marked := range []string{name + s, s + strings.ToLower(name), s + name + s} {
			k, ok := ParseTier(marked, tiers)
			if ok != blank(s) || ok && k != want {
				t.Errorf("%q: tier %d, valid %v, want %d, %v", marked, k, ok, want, blank(s))
			}
		}
	})
}
