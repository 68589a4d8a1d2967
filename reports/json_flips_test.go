package reports

import (
	"strings"
	"testing"

	"github.com/routeproof/routeproof/eval/gate"
)

// Flips that are written one by one make the same document as those that are held.
func TestFlipsInPlace(t *testing.T) {
	cases := gateCases(t)
	cases["hostile"] = hostileFaults()
	cases["flips named so"] = func() *gate.Verdict {
		flips, err := gate.NewFlips(gate.Flip{ID: noFlips, Regressed: true}, gate.Flip{ID: "<b>&"})
		if err != nil {
			t.Fatal(err)
		}
		v := gate.Invalidated(gate.Fault{Why: noFlips, IDs: []string{noFlips}})
		v.Classifiers = []gate.Classifier{{Name: noFlips}, {Name: "x", Flips: flips}, {Name: "y"}}
		return v
	}()
	several := 0
	for name, v := range cases {
		var whole strings.Builder
		if err := writeJSON(&whole, struct {
			Schema string `json:"schema"`
			*gate.Verdict
		}{checkSchema + "1", v}); err != nil {
			t.Fatal(err)
		}
		if got := gateSays(t, writeGate, v, GateOptions{}); got != whole.String() {
			t.Errorf("%s: another document:\n%s\nwant\n%s", name, got, whole.String())
		}
		for _, c := range v.Classifiers {
			if c.Flips.Len() > 1 {
				several++
			}
		}
	}
	if several < 3 {
		t.Errorf("%d classifiers with several flips", several)
	}
	c := compared(noFlips)
	var got, whole strings.Builder
	if err := CompareJSON(&got, c); err != nil {
		t.Fatal(err)
	}
	if err := writeJSON(&whole, c.Predictions); err != nil {
		t.Fatal(err)
	}
	indented := strings.ReplaceAll(strings.TrimSpace(whole.String()), "\n", "\n  ")
	if !strings.Contains(got.String(), `"predictions": `+indented+",\n") {
		t.Errorf("another comparison:\n%s\nlacks\n%s", got.String(), indented)
	}
	// What cannot be read is an error of each way of telling it.
	v := cases["regressed"]
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"text": GateText(&got, v, GateOptions{}), "Markdown": GateMarkdown(&got, v, GateOptions{}), "JUnit": GateJUnit(&got, v, GateOptions{}), "JSON": WriteGate(&got, v),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
