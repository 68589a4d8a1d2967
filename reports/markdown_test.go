package reports

import "testing"

func TestCode(t *testing.T) {
	for name, want := range map[string]string{
		"a b":         "`a b`",
		" a\n\tb ":    "`a b`",
		"a<b>&*_":     "`a<b>&*_`",
		"a\x1b":       "`a\ufffd`",
		"a|b":         "<code>a&#124;b</code>",
		"`a`|*<i>*":   "<code>&#96;a&#96;&#124;\\*&#60;i&#62;\\*</code>",
		"a|@team\x00": "<code>a&#124;@<!-- -->team\ufffd</code>",
	} {
		if got := code(name); got != want {
			t.Errorf("%q is shown as %s, expected %s", name, got, want)
		}
	}
}

func TestPercentOfMuch(t *testing.T) {
	for v, want := range map[float64]string{0.125: "12.5 %", -0.125: "−12.5 %", 1e6: "100000000.0 %", 1e300: "1e+302 %", -1e300: "−1e+302 %"} {
		if got := percent(v); got != want {
			t.Errorf("%g is shown as %s, expected %s", v, got, want)
		}
	}
}
