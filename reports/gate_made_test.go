package reports

import (
	"context"
	"fmt"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/gate"
)

// made is one side of a made-up check. A prompt i has the true tier i mod 4 and the
// domain of i mod 3; wrong says which ones are answered with the tier below (of the
// lowest: above).
type made struct {
	classifier string
	prompts    int
	repeats    int
	wrong      func(i, repeat int) bool
	change     func(i int, p *datasets.Prediction) // may be nil
}

func under(n int) func(i, repeat int) bool { return func(i, _ int) bool { return i < n } }

func (m made) rows() []datasets.Prediction {
	tiers := centroids.DefaultTiers().Names()
	var out []datasets.Prediction
	for i := range m.prompts {
		for r := range max(1, m.repeats) {
			truth, pick := i%4, i%4
			if m.wrong(i, r) {
				pick = max(truth-1, 1-truth)
			}
			scores := make([]float64, 4)
			scores[pick], scores[(pick+1)%4] = 0.75, 0.5
			p := datasets.Prediction{ID: fmt.Sprintf("p%04d", i), Classifier: m.classifier, Tier: tiers[truth], Predicted: tiers[pick], Repeat: r,
				Domain: []string{"chat", "code", "law"}[i%3], Scores: scores, Confidence: datasets.Known(0.8), CostUSD: datasets.Known(0.0001)}
			if m.change != nil {
				m.change(i, &p)
			}
			out = append(out, p)
		}
	}
	return out
}

// checkOf decides over two sides that are made of several classifiers each.
func checkOf(t testing.TB, base, cand []made, rules gate.Rules, certificates ...gate.Retest) *gate.Verdict {
	t.Helper()
	side := func(name string, of []made, certificates []gate.Retest) *gate.Side {
		s, err := gate.NewSide(gate.Source{
			Name: name, Tiers: centroids.DefaultTiers(), Certificates: certificates,
		}, func(visit func(*datasets.Prediction) error) error {
			for _, m := range of {
				for _, row := range m.rows() {
					row.PromptTokens = datasets.Known(100 + 10*int(row.ID[len(row.ID)-1]-'0'))
					if err := visit(&row); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	v, err := gate.Decide(context.Background(), side("base", base, nil), side("cand", cand, certificates), rules, gateCosts())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func gateCosts() *gate.Costs {
	of := func(scale float64) eval.Costs {
		c := eval.Costs{OutputScale: 1}
		for i, name := range centroids.DefaultTiers().Names() {
			in, out := []float64{0.15, 1, 3, 5}[i]*scale, []float64{0.6, 4, 15, 25}[i]*scale
			c.Tiers = append(c.Tiers, eval.TierModel{Tier: name, Model: "m" + name, InputPerM: &in, OutputPerM: &out, ExpectedOutput: []float64{60, 300, 900, 2500}[i]})
		}
		return c
	}
	return &gate.Costs{Baseline: of(1), Candidate: of(1.5)}
}

func certificate(claim string, n, wrong int) gate.Retest {
	return gate.Retest{Certificate: centroids.Certificate{Claim: claim, Alpha: 0.1, Delta: 0.05}, N: n, Errors: wrong}
}

// gateCases are verdicts of every kind.
func gateCases(t testing.TB) map[string]*gate.Verdict {
	t.Helper()
	on := gate.Margin{On: true}
	rule := func(n int, wrong func(i, r int) bool) []made {
		return []made{{classifier: "rule", prompts: n, wrong: wrong}}
	}
	slices := gate.Rules{Slices: []gate.Slice{{Kind: gate.Domain, Name: "*"}}}
	all := gate.Rules{
		Slices:  []gate.Slice{{Kind: gate.Domain, Name: "*"}},
		MacroF1: on, TierRecall: on, UnderRouting: on, Invalid: on, ECE: on, Cost: on, Certificates: true, Seed: 5,
		Floors: []gate.Floor{{Metric: gate.Accuracy, Value: 0.85}, {Metric: gate.UnderRouting, Value: 0.3}},
	}
	repeated := func(wrong int) []made {
		return []made{{classifier: "llm", prompts: 200, repeats: 3, wrong: func(i, r int) bool { return i < wrong && r != i%3 }}}
	}
	missing := rule(60, under(5))
	missing[0].prompts = 30
	v := map[string]*gate.Verdict{
		"pass":         checkOf(t, rule(3000, under(100)), rule(3000, func(i, _ int) bool { return i < 99 || i == 500 }), slices),
		"identical":    checkOf(t, rule(40, under(5)), rule(40, under(5)), gate.Rules{}),
		"improved":     checkOf(t, rule(400, under(60)), rule(400, under(20)), gate.Rules{}),
		"regressed":    checkOf(t, rule(200, under(20)), rule(200, under(35)), all, certificate("wrong on at most 10 % of the accepted", 150, 40), certificate("cheap", 400, 10), certificate("few", 20, 2)),
		"slice":        checkOf(t, rule(1200, under(60)), rule(1200, func(i, _ int) bool { return i < 60 || i < 160 && i%3 == 1 || i > 1000 && i%3 == 2 && i < 1008 }), slices),
		"inconclusive": checkOf(t, rule(120, under(10)), rule(120, func(i, _ int) bool { return i < 12 || i == 50 }), slices, certificate("broken but not counted", 100, 40)),
		"invalid":      checkOf(t, append(rule(60, under(5)), made{classifier: "other", prompts: 60, wrong: under(3)}), append(missing, made{classifier: "other", prompts: 60, wrong: under(3)}), gate.Rules{}),
		"repeats":      checkOf(t, repeated(20), repeated(80), gate.Rules{}),
		"unreadable":   gate.Invalidated(gate.Fault{Why: "base.csv: line 3: no such tier"}, gate.Fault{Why: "cand.csv: empty"}),
	}
	for name, want := range map[string]gate.Outcome{"pass": gate.Pass, "identical": gate.Pass, "improved": gate.Pass, "regressed": gate.Regressed, "slice": gate.Regressed,
		"inconclusive": gate.Inconclusive, "invalid": gate.Invalid, "repeats": gate.Regressed, "unreadable": gate.Invalid} {
		if v[name].Outcome != want {
			t.Fatalf("%s: %s, expected %s: %s", name, v[name].Outcome, want, v[name].Why)
		}
	}
	return v
}
