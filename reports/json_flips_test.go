package reports

import (
	"io"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/eval/gate"
)

// emptyFlips is how the flips of a classifier without any are written.
const emptyFlips = `"flips": []`

// Flips that are written one by one make the same document as those that are held.
func TestFlipsInPlace(t *testing.T) {
	cases := gateCases(t)
	cases["hostile"] = hostileFaults()
	cases["flips named so"] = func() *gate.Verdict {
		flips, err := gate.NewFlips(gate.Flip{ID: emptyFlips, Regressed: true}, gate.Flip{ID: "<b>&"})
		if err != nil {
			t.Fatal(err)
		}
		v := gate.Invalidated(gate.Fault{Why: emptyFlips, IDs: []string{emptyFlips}})
		v.Classifiers = []gate.Classifier{{Name: emptyFlips}, {Name: "x", Flips: flips}, {Name: "y"}}
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
	c := compared(emptyFlips)
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

// pieces are what is written at once.
type pieces []string

func (p *pieces) Write(b []byte) (int, error) {
	*p = append(*p, string(b))
	return len(b), nil
}

// However long texts are, none is cut between two writes: what looks for escape sequences
// and workflow commands in them sees them whole.
func TestFlipsAreWrittenWhole(t *testing.T) {
	for padding := range 300 {
		var all []gate.Flip
		for i := range 40 {
			all = append(all, gate.Flip{ID: strings.Repeat("a", 5000+padding+i) + "\u009b31m##[error]pwned"})
		}
		flips, err := gate.NewFlips(all...)
		if err != nil {
			t.Fatal(err)
		}
		v := gate.Invalidated()
		v.Classifiers = []gate.Classifier{{Name: "x", Flips: flips}}
		var got pieces
		if err := WriteGate(&got, v); err != nil {
			t.Fatal(err)
		}
		if len(got) < 3 {
			t.Fatalf("%d writes", len(got))
		}
		for _, piece := range got {
			if last := piece[len(piece)-1]; last != '}' && last != '\n' {
				t.Fatalf("a write ends in %q", piece[len(piece)-20:])
			}
		}
	}
}

// Each classifier is told with its own flips.
func TestFlipsOfEach(t *testing.T) {
	v := gate.Invalidated()
	v.Outcome = gate.Regressed
	for _, name := range []string{"one", "two"} {
		flips, err := gate.NewFlips(gate.Flip{ID: name + " worse", Truth: "T", Regressed: true}, gate.Flip{ID: name + " better", Truth: "T"})
		if err != nil {
			t.Fatal(err)
		}
		g := gate.Gate{Name: gate.Accuracy, Outcome: gate.Regressed}
		v.Classifiers = append(v.Classifiers, gate.Classifier{Name: "classifier " + name, Outcome: gate.Regressed, Gates: []gate.Gate{g}, Flips: flips})
	}
	v.Classifiers[0].Outcome, v.Classifiers[0].Gates[0].Outcome = gate.Inconclusive, gate.Inconclusive // the second comes first
	for name, write := range map[string]func(io.Writer, *gate.Verdict, GateOptions) error{"text": GateText, "Markdown": GateMarkdown, "JUnit": GateJUnit} {
		got := gateSays(t, write, v, GateOptions{})
		second := strings.Index(got, "two worse")
		if name == "JUnit" { // of failures alone
			if second < 0 || strings.Contains(got, "one worse") {
				t.Errorf("%s: %s", name, got)
			}
			continue
		}
		headed := strings.Index(got, "classifier two")
		first, after := strings.Index(got, "one worse"), strings.Index(got, "classifier one")
		if !(headed < second && second < after && after < first) || headed < 0 || strings.Index(got, "two better") > after || strings.Index(got, "one better") < after {
			t.Errorf("%s: %s", name, got)
		}
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
}
