package reports

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/eval"
	"github.com/routeproof/routeproof/eval/gate"
)

// compared is a comparison with something of everything; name comes from outside.
func compared(name string) Comparison {
	nan := eval.Number(math.NaN())
	beta := 2.0
	cosine, all, from := 0.96923, -1.0, 0.25
	summary := centroids.Summary{
		SHA256: strings.Repeat("a1", 32), Tiers: []string{"LOW", "TOP"}, Embedder: centroids.Identity{Kind: "toy", Model: "m", Dims: 8},
		Scorer: centroids.ScorerCentroid, Fallback: "LOW", Dataset: centroids.Dataset{Prompts: 1200, Counts: map[string]map[string]int{"train": {"LOW": 2, "TOP": 1}, "test": {"TOP": 1}}},
	}
	other := summary
	other.SHA256, other.InverseTemperature, other.Embedder.Model = strings.Repeat("b2", 32), &beta, "n"
	other.Measured = &centroids.Measured{Split: "test", N: 50, Accuracy: 0.9, Interval: [2]float64{0.8, 0.95}, MacroF1: 0.89}
	certificate := centroids.Certificate{Claim: "at most 5 % of " + name, Method: "exact", Alpha: 0.05, Delta: 0.1, N: 90, Errors: 1}
	flip := func(id string, regressed bool) gate.Flip {
		right, wrong := gate.Answer{Tier: "TOP", Right: 1, Confidence: 0.9, Margin: nan}, gate.Answer{Tier: "LOW", Confidence: nan, Margin: 0.125}
		if !regressed {
			right, wrong = wrong, right
		}
		return gate.Flip{ID: id, Domain: name, Truth: "TOP", Regressed: regressed, Baseline: right, Candidate: wrong}
	}
	flips, err := gate.NewFlips(flip("first "+name, true), flip("second", true), flip("third", false))
	if err != nil {
		panic(err)
	}
	return Comparison{
		A: "old " + name, B: "new " + name,
		Predictions: &gate.Comparison{
			A: gate.Compared{Prompts: 1200, Only: []string{"gone " + name}}, B: gate.Compared{Prompts: 1000}, N: 1000,
			Faults: []gate.Fault{{Classifier: name, Why: "B lacks " + name}}, Warnings: []string{"about " + name},
			Classifiers: []gate.ClassifierChange{
				{
					Name: name, N: 1000, Groups: 900, OnlyA: 12, OnlyB: 3, P: 0.0352, HolmP: 0.0704, ErrorsB: 2,
					Measures: []gate.Measure{
						{Name: gate.Accuracy, MoreIsBetter: true, N: 1000, A: 0.9, B: 0.891, Difference: eval.Estimate{Value: -0.009, Low: -0.017, High: -0.0004}, Changed: 15, Shown: true},
						{Name: gate.UnderRouting, N: 1000, A: 0.05, B: 0.03, Difference: eval.Estimate{Value: -0.02, Low: -0.03, High: -0.01}, Changed: 15, Shown: true},
						{Name: gate.QuadraticKappa, MoreIsBetter: true, N: 1000, A: 0.5, B: nan, Difference: eval.Estimate{Value: nan, Low: nan, High: nan}},
						{Name: gate.ECE, N: 20, A: 0.1, B: 0.1, Difference: eval.Estimate{Value: 0, Low: nan, High: nan}},
						{Name: gate.HeadlineCost, N: 1000, A: 50, B: 52.5, Difference: eval.Estimate{Value: 2.5, Low: -1, High: 6}, Changed: 15},
					},
					Slices: []gate.Measure{{Name: gate.Accuracy, Slice: &gate.Slice{Kind: gate.Domain, Name: name}, MoreIsBetter: true, N: 40, A: 0.8, B: 0.8,
						Difference: eval.Estimate{Value: 0, Low: -0.025, High: 0.025}}},
					Cost:  &gate.Cost{Price: 2, Tokens: 0, TierMix: 0.5, Classify: nan, PricesDiffer: true},
					Flips: flips,
				},
				{Name: "same", N: 40, Groups: 40, Identical: true, P: 1, HolmP: 1, Measures: []gate.Measure{{Name: gate.Accuracy, N: 40, A: 0.5, B: 0.5}}, Unpriced: "no price of " + name},
				{Name: "apart", P: nan, HolmP: nan},
			},
		},
		Artifacts: &centroids.Difference{
			A: summary, B: other, Differs: []string{"embedder.model", "inverse_temperature", "measured"},
			Tiers:   []centroids.TierDifference{{Tier: "LOW", Cosine: &cosine, A: &all, B: &from}, {Tier: "TOP", A: &all}},
			Weights: &centroids.WeightChange{Cosines: []*float64{&cosine, nil}, Largest: 0.5},
			Added:   []centroids.Certificate{certificate}, Removed: []centroids.Certificate{},
		},
	}
}

func TestCompareText(t *testing.T) {
	var b strings.Builder
	if err := CompareText(&b, compared("x"), 1); err != nil {
		t.Fatal(err)
	}
	want := `Comparison

A is old x, B is new x.

Decisions

Compared over 1,000 prompts of 1,200 in A and 1,000 in B that both sides have with the same true tier.

The sides do not match:

  - x: B lacks x

Only A has gone x.

Classifier x

Of 1,000 prompts, 900 independent, A alone is right on 12 and B alone on 3 (p = 0.035, Holm's = 0.070).

No answer, so the fallback tier stands in: A 0 prompts, B 2 prompts.

                 A       B       B − A
  accuracy       90.0 %  89.1 %  −0.9 points [−1.7, −0.0]  worse
  sent too low   5.0 %   3.0 %   −2.0 points [−3.0, −1.0]  better
  quadratic κ    0.500   —       —
  ECE (n = 20)   0.100   0.100   0.000 (no interval)
  USD per 1,000  $50.00  $52.50  +$2.50 [−$1.00, +$6.00]

Of the change of cost: prices +$2.00, tokens $0.00, tiers picked +$0.5000.

  accuracy           A       B       B − A
  domain x (n = 40)  80.0 %  80.0 %  0.0 points [−2.5, +2.5]

Right in A, wrong in B: 2 prompts (1 shown). The farthest from the true tier come first.

  prompt   domain  truth  A                    B
  first x  x       TOP    TOP, confidence 0.9  LOW, margin 0.125

Wrong in A, right in B: 1 prompt. The farthest from the true tier come first.

  prompt  domain  truth  A                  B
  third   x       TOP    LOW, margin 0.125  TOP, confidence 0.9

Classifier same

All predictions are the same.

            A and B
  accuracy  50.0 %

Costs are unknown: no price of x.

Classifier apart

No prompt has predictions of it on both sides.

B − A has its 95 % interval:`
	if got := b.String(); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nexpected\n%s", got, want)
	}
	_, found, _ := strings.Cut(b.String(), "Artifacts\n")
	want = `
                     A                    B
  checksum           a1a1a1a1a1a1         b2b2b2b2b2b2                 differs
  tiers              LOW, TOP             LOW, TOP
  embedder           toy m                toy n                        differs
  dims               8                    8
  preprocessing      —                    —
  embedder's digest  —                    —
  scorer             centroid             centroid
  margin             0                    0
  fallback           LOW                  LOW
  temperature        none                 1/2                          differs
  certificates       0                    0
  prompts            1,200 (0 unlabelled) 1,200 (0 unlabelled)
  by split           train 3, test 1      train 3, test 1
  content hash       —                    —
  split hash         —                    —
  shares, salt       0 0 0 0, —           0 0 0 0, —
  accuracy           —                    90.0 % [80.0, 95.0] (n = 50) differs
  macro-F1           —                    0.890                        differs
  ECE                —                    —

  tier  A accepts  B accepts     cosine of centroids  cosine of weights
  LOW   all        from 0.25     0.9692               0.9692
  TOP   all        no such tier  —                    —

The cosines mean little: the embedders differ, and vectors of different embedders have no axes in common.

The largest change of a weight of the logistic models is 0.5, of a bias 0.

Certificates of B that A has not:

- at most 5 % of x, with 90 % confidence; shown on 90 prompts, 1 of them against it (exact)
`
	spaces := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	if spaces(found) != spaces(want) {
		t.Errorf("got\n%s\nexpected\n%s", found, want)
	}
}

// In Markdown what is shown is bold, and nothing else of the figures.
func TestCompareMarkdown(t *testing.T) {
	var b strings.Builder
	if err := CompareMarkdown(&b, compared("x"), 0); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"### Classifier `x`\n", "**The sides do not match**:\n\n- `x`: B lacks x\n",
		"| accuracy | 90.0 % | 89.1 % | **−0.9 points [−1.7, −0.0]** | **worse** |\n",
		"| USD per 1,000 | $50.00 | $52.50 | +$2.50 [−$1.00, +$6.00] |  |\n",
		"| domain `x` (n = 40) | 80.0 % | 80.0 % | 0.0 points [−2.5, +2.5] |  |\n",
		"| `LOW` | all | **from 0.25** | 0.9692 | 0.9692 |\n", "Intervals are not adjusted for their number",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("lacks %q:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "first x") {
		t.Error("flips are shown, none were asked for")
	}
}

// Names and sentences from outside become neither markup nor control characters.
func TestCompareHostileNames(t *testing.T) {
	const attack = "</td><script>x</script> | ![x](http://evil.example) <img src=x> @everyone `a` \n# heading\x1b[31m\u202e $x$"
	c := compared(attack)
	var text, marked, machine strings.Builder
	if err := CompareText(&text, c, 10); err != nil {
		t.Fatal(err)
	}
	if err := CompareMarkdown(&marked, c, 10); err != nil {
		t.Fatal(err)
	}
	if err := CompareJSON(&machine, c); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{text.String(), marked.String()} {
		if i := strings.IndexFunc(out, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("a character that cannot be seen: %q", out[i:min(i+20, len(out))])
		}
		if strings.Contains(out, "\n# heading") {
			t.Error("a name begins a line")
		}
	}
	prose := 0
	for i, part := range strings.Split(marked.String(), "`") { // code spans are every second part
		if i%2 == 0 {
			prose++
			for _, bad := range []string{"<script", "<img", "![x]", "@everyone", "http://", " | !"} {
				if strings.Contains(part, bad) {
					t.Errorf("%q in %q", bad, part)
				}
			}
		}
	}
	if prose < 10 {
		t.Errorf("%d parts outside of code", prose)
	}
	for _, line := range strings.Split(marked.String(), "\n") {
		if strings.HasPrefix(line, "| `first") && strings.Count(line, " | ") != 4 {
			t.Errorf("a name makes a cell: %s", line)
		}
	}
	var back struct {
		Schema      string
		A           string
		Predictions struct {
			Classifiers []struct {
				Measures []struct{ B, Difference any }
			}
		}
	}
	if err := json.Unmarshal([]byte(machine.String()), &back); err != nil {
		t.Fatal(err)
	}
	if back.Schema != "routeproof.comparison/1" || back.A != "old "+attack {
		t.Errorf("%+v", back)
	}
	// Undefined is null, not 0.
	if m := back.Predictions.Classifiers[0].Measures[2]; m.B != nil || fmt.Sprint(m.Difference) != "map[high:<nil> low:<nil> value:<nil>]" {
		t.Errorf("%+v", m)
	}
}
