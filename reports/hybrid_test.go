package reports

import (
	"math"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/calibrate"
	"github.com/routeproof/routeproof/eval/pipeline"
)

// The section on the hybrid says where its margin comes from, and shows no figure
// that is not known.
func TestHybridSection(t *testing.T) {
	point := func(headline float64) *calibrate.HybridPoint {
		return &calibrate.HybridPoint{LLM: calibrate.StageShare{Decided: 0.25, PaidUSD: 0.5}, Headline: eval.Number(headline)}
	}
	never := calibrate.Threshold(math.Inf(1))
	for name, c := range map[string]struct {
		note      *pipeline.HybridNote
		has, lack []string
	}{
		"not run": {nil, nil, []string{"three-stage hybrid"}},
		"tuned": {&pipeline.HybridNote{Margin: 0.125, Source: pipeline.MarginTuned, Tune: 20, Test: 1200, Optimism: 0.5, Settings: []pipeline.HybridSetting{
			{Margin: never, Tune: point(3), Test: point(4)}, {Margin: 0.125, Chosen: true, Tune: point(1), Test: point(2.5)},
		}}, []string{"The margin is **0.125**: it is the one that costs least on tune or", "On 20 prompts of tune and 1,200 prompts of test", "two extremes: $0.50", "| never the embedding |", "| **0.125** | 0.0 % | 0.0 % | 25.0 % | $0.00 | $0.5000 | $2.50 | $1.00 |"}, nil},
		"untold": {&pipeline.HybridNote{Margin: never, Source: pipeline.MarginUntold, Untold: "a <b> has no price", Optimism: eval.Number(math.NaN()), Settings: []pipeline.HybridSetting{{Margin: never, Chosen: true}}},
			[]string{"**never the embedding**: tune cannot tell a better one, and there are no figures on tune: a &#60;b&#62; has no price"}, []string{"| margin |", "Optimism", "NaN"}},
		"without tune": {&pipeline.HybridNote{Margin: 0.05, Source: pipeline.MarginConfigured, Untold: "none", Test: 7, Optimism: eval.Number(math.NaN()), Settings: []pipeline.HybridSetting{{Margin: 0, Test: point(2)}}},
			[]string{"the configuration sets it", "On 7 prompts of test whose", "| 0, no LLM where there is a vector | 0.0 % | 0.0 % | 25.0 % | $0.00 | $0.5000 | $2.00 | — |"}, []string{"Optimism", "NaN"}},
	} {
		r := &report{run: &pipeline.Run{Hybrid: c.note}}
		r.hybrid()
		for _, part := range c.has {
			if !strings.Contains(r.String(), part) {
				t.Errorf("%s: no %q in\n%s", name, part, r.String())
			}
		}
		for _, part := range c.lack {
			if strings.Contains(r.String(), part) {
				t.Errorf("%s: %q in\n%s", name, part, r.String())
			}
		}
	}
}
