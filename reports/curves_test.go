package reports

import (
	"math"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/simulate"
)

// What is said of scores follows from their intervals, not from the largest
// value alone.
func TestScoreVerdict(t *testing.T) {
	router := func(name string, value, low, high eval.Number) simulate.Route {
		return simulate.Route{Name: name, HeldAbove: eval.Estimate{Value: value, Low: low, High: high}}
	}
	none := eval.Number(math.NaN())
	for name, c := range map[string]struct {
		routers []simulate.Route
		largest eval.Number
		says    string
	}{
		"one is shown, another is larger": {[]simulate.Route{router("wide", .0232, -.0134, .0522), router("sure", .0146, .001, .032)}, 1, "**With thresholds chosen on other prompts, `sure` beats random mixes"},
		"none is shown":                   {[]simulate.Route{router("a", -.01, -.02, .01), router("b", .01, -.02, .04)}, 1, "**No score is shown to beat random mixes of single models** with thresholds chosen on other prompts; the best is `b`"},
		"chance is no proposal":           {[]simulate.Route{router("a", -.01, -.02, .01), router("random", .01, .005, .04)}, 1, "**No score is shown"},
		"no costs":                        {[]simulate.Route{router("a", .01, .005, .04)}, none, ""},
		"one group":                       {[]simulate.Route{router("a", none, none, none)}, 1, ""},
	} {
		r := &report{}
		r.scoreVerdict(&simulate.Routes{Largest: c.largest, Routers: c.routers})
		if got := r.String(); !strings.Contains(got, c.says) || c.says == "" && got != "" {
			t.Errorf("%s: %q, expected %q", name, got, c.says)
		}
	}
}
