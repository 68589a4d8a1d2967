package gate

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval"
)

// rows makes predictions of one classifier from strings of tiers, a letter a
// prompt: S, M, C, F.
func rows(classifier, truth, predicted string) []datasets.Prediction {
	out := make([]datasets.Prediction, len(truth))
	for i := range truth {
		out[i] = datasets.Prediction{ID: fmt.Sprintf("p%06d", i), Classifier: classifier, Tier: tierOf(truth[i]), Predicted: tierOf(predicted[i])}
	}
	return out
}

func tierOf(letter byte) string {
	return map[byte]string{'S': "SIMPLE", 'M': "MEDIUM", 'C': "COMPLEX", 'F': "FRONTIER"}[letter]
}

func source(name string) Source { return Source{Name: name, Tiers: centroids.DefaultTiers()} }

func sideOf(t testing.TB, source Source, rows []datasets.Prediction) *Side {
	t.Helper()
	s, err := NewSide(source, func(visit func(*datasets.Prediction) error) error {
		for i := range rows {
			if err := visit(&rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func decide(t testing.TB, base, cand *Side, rules Rules, costs *Costs) *Verdict {
	t.Helper()
	v, err := Decide(context.Background(), base, cand, rules, costs)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func allFlips(t testing.TB, of Flips) []Flip {
	t.Helper()
	var out []Flip
	for f, err := range of.All() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, f)
	}
	return out
}

func written(t testing.TB, v *Verdict) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// wild draws predictions of some classifiers that are right with probability
// skill, of prompts that are the same whatever rng; other repeats and confidences
// come with them.
func wild(rng *rand.Rand, prompts, classifiers, repeats int, skill float64) []datasets.Prediction {
	names := centroids.DefaultTiers().Names()
	out := make([]datasets.Prediction, 0, prompts*classifiers*repeats)
	for i := range prompts {
		fixed := rand.New(rand.NewPCG(uint64(i), 77))
		truth := fixed.IntN(4)
		domain := fmt.Sprint("d", fixed.IntN(5))
		for c := range classifiers {
			for r := range repeats {
				pick := truth
				if rng.Float64() >= skill {
					pick = rng.IntN(4)
				}
				scores := []float64{rng.Float64(), rng.Float64(), rng.Float64(), rng.Float64()}
				out = append(out, datasets.Prediction{
					ID: fmt.Sprintf("p%06d", i), Classifier: fmt.Sprint("c", c), Tier: names[truth], Predicted: names[pick], Repeat: r,
					Domain: domain, Scores: scores, Confidence: datasets.Known(rng.Float64()), CostUSD: datasets.Known(rng.Float64() / 1000),
					Invalid: rng.IntN(50) == 0,
				})
			}
		}
	}
	return out
}

func priced() *Costs {
	price := func(v float64) *float64 { return &v }
	c := eval.Costs{OutputScale: 1}
	for i, name := range centroids.DefaultTiers().Names() {
		c.Tiers = append(c.Tiers, eval.TierModel{
			Tier: name, Model: "m" + name, InputPerM: price([]float64{0.15, 1, 3, 5}[i]), OutputPerM: price([]float64{0.6, 4, 15, 25}[i]),
			SystemTokens: 10 * i, ExpectedOutput: []float64{60, 300, 900, 2500}[i],
		})
	}
	return &Costs{c, c}
}

func everything() Rules {
	on := Margin{On: true}
	return Rules{
		Slices:  []Slice{{Domain, "*"}, {Tier, "*"}},
		MacroF1: on, TierRecall: on, UnderRouting: on, Invalid: on, ECE: on, Cost: on,
		Floors: []Floor{{Metric: Accuracy, Value: 0.7}, {Metric: UnderRouting, Value: 0.3, Slice: &Slice{Domain, "d1"}}}, Seed: 5,
	}
}

// withTokens gives predictions the tokens of their prompts.
func withTokens(rows []datasets.Prediction) []datasets.Prediction {
	out := slices.Clone(rows)
	for i := range out {
		id := out[i].ID
		out[i].PromptTokens = datasets.Known(20 + 7*int(id[len(id)-1]-'0') + 31*int(id[len(id)-2]-'0'))
	}
	return out
}

// 100,000 prompts of 8 classifiers with every gate on.
func BenchmarkDecide(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	rows := wild(rng, 100_000, 8, 1, 0.8)
	base := sideOf(b, source("base"), withTokens(rows))
	names := centroids.DefaultTiers().Names()
	for i := range rows {
		if rng.IntN(10) == 0 {
			rows[i].Predicted = names[rng.IntN(4)]
			rows[i].Confidence = datasets.Known(rng.Float64())
		}
	}
	cand := sideOf(b, source("cand"), withTokens(rows))
	costs := priced()
	for _, c := range []struct {
		name  string
		rules Rules
	}{{"accuracy", Rules{}}, {"everything", everything()}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decide(context.Background(), base, cand, c.rules, costs); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("NewSide", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sideOf(b, source("base"), withTokens(rows))
		}
	})
}

func known(v float64) datasets.Optional[float64] { return datasets.Known(v) }
