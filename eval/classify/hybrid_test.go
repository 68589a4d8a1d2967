package classify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/routeproof/routeproof/eval"
)

// part is a classifier that decides by text and records what it was asked.
type part struct {
	name   string
	decide map[string]eval.Decision // by text
	err    error
	asked  []string
}

func (p *part) Name() string { return p.name }

func (p *part) Classify(_ context.Context, requests []eval.Request) ([]eval.Decision, error) {
	out := make([]eval.Decision, len(requests))
	for i, q := range requests {
		p.asked = append(p.asked, q.Text)
		out[i] = p.decide[q.Text]
	}
	return out, p.err
}

func usd(v float64) eval.Quantity { return eval.Quantity{Value: v, Origin: eval.Recorded} }
func ms(v float64) eval.Quantity  { return eval.Quantity{Value: v, Origin: eval.Computed} }

func TestHybridStages(t *testing.T) {
	first := &part{name: "first", decide: map[string]eval.Decision{
		"sure":        {Tier: 1, Scores: []float64{0, 1}, Probabilities: []float64{0.1, 0.9}, Confidence: new(0.9), CostUSD: usd(1), LatencyMS: ms(10)},
		"unsure":      {Tier: 1, Scores: []float64{0, 0.25}, CostUSD: usd(1), LatencyMS: ms(10), InputTokens: new(100)},
		"failed":      {Tier: 1, Scores: []float64{0, 1}, CostUSD: usd(1), LatencyMS: ms(10), Err: "timeout"},
		"unsure both": {Tier: 1, CostUSD: usd(1), LatencyMS: ms(10)},
		"unknown":     {Tier: 1, LatencyMS: ms(10), Scores: []float64{0.5, 0.4}, Probabilities: []float64{0.3, 0.7}, Confidence: new(0.7)},
	}}
	second := &part{name: "second", decide: map[string]eval.Decision{
		"unsure":      {Tier: 2, Scores: []float64{1, 0}, CostUSD: usd(2), LatencyMS: ms(20), InputTokens: new(7), OutputTokens: new(3), Model: "m"},
		"failed":      {Tier: 0, Scores: []float64{1, 0}, CostUSD: usd(2), LatencyMS: ms(20)},
		"unsure both": {Tier: 2, CostUSD: usd(2), LatencyMS: ms(20)},
		"unknown":     {Tier: 2, CostUSD: usd(2), LatencyMS: ms(20)},
	}}
	last := &part{name: "last", decide: map[string]eval.Decision{
		"unsure both": {Tier: 3, CostUSD: usd(4), LatencyMS: ms(40), Probabilities: []float64{0.2, 0.3, 0, 0.5}, Confidence: new(0.5)},
		"unknown":     {Tier: 0, CostUSD: usd(4), LatencyMS: ms(40), Err: "down"},
	}}
	h := NewHybrid("hybrid", Stage{first, MarginAtLeast(0.5)}, Stage{second, MarginAtLeast(0.5)}, Stage{Classifier: last})
	texts := []string{"sure", "unsure", "failed", "unsure both", "unknown"}
	want := []eval.Decision{
		{Tier: 1, Stage: "first", Scores: []float64{0, 1}, Probabilities: []float64{0.1, 0.9}, Confidence: new(0.9), CostUSD: usd(1), LatencyMS: ms(10)},
		{Tier: 2, Stage: "second", Scores: []float64{1, 0}, CostUSD: usd(3), LatencyMS: ms(30), InputTokens: new(107), OutputTokens: new(3), Model: "m"},
		{Tier: 0, Stage: "second", Scores: []float64{1, 0}, CostUSD: usd(3), LatencyMS: ms(30)},
		{Tier: 3, Stage: "last", CostUSD: usd(7), LatencyMS: ms(70), Probabilities: []float64{0.2, 0.3, 0, 0.5}, Confidence: new(0.5)},
		// The last decides and its failure stands. The first stage's
		// probabilities are not of that decision.
		{Tier: 0, Stage: "last", Scores: []float64{0.5, 0.4}, LatencyMS: ms(70), Err: "down"},
	}
	if diff := cmp.Diff(want, ask(t, h, texts...)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, c := range []struct {
		part *part
		want []string
	}{{first, texts}, {second, texts[1:]}, {last, texts[3:]}} {
		if diff := cmp.Diff(c.want, c.part.asked); diff != "" {
			t.Errorf("%s was asked (-want +got):\n%s", c.part.name, diff)
		}
	}
	if h.Name() != "hybrid" {
		t.Errorf("name %q", h.Name())
	}
}

// Stages after the last request was decided are not asked.
func TestHybridStopsEarly(t *testing.T) {
	first := &part{name: "first", decide: map[string]eval.Decision{"a": {Tier: 1}}}
	second := &part{name: "second", err: errors.New("asked for nothing")}
	if d := ask(t, NewHybrid("hybrid", Stage{Classifier: first}, Stage{Classifier: second}), "a", "a"); d[0].Tier != 1 || d[1].Tier != 1 {
		t.Errorf("%+v", d)
	}
}

func TestHybridStageError(t *testing.T) {
	down := errors.New("down")
	h := NewHybrid("hybrid", Stage{Classifier: &part{name: "first", err: down}})
	if d, err := h.Classify(t.Context(), make([]eval.Request, 2)); d != nil || !errors.Is(err, down) {
		t.Errorf("%v, %v, want the stage's error alone", d, err)
	}
}

func TestHybridNeedsAStage(t *testing.T) {
	defer func() {
		if got := recover(); got != "classify: a hybrid needs a stage" {
			t.Errorf("panic %v", got)
		}
	}()
	NewHybrid("hybrid")
}

func TestMarginAtLeast(t *testing.T) {
	for _, c := range []struct {
		scores []float64
		least  float64
		want   bool
	}{
		{[]float64{0.5, 0.25}, 0.25, true},
		{[]float64{0.5, 0.25}, 0.26, false},
		{[]float64{0.5, 0.5}, 0, true},
		{[]float64{0.25, 0.5, 0}, 0.25, true},
		{nil, 0, false},
		{[]float64{1}, 0, false},
	} {
		if got := MarginAtLeast(c.least)(eval.Decision{Scores: c.scores}); got != c.want {
			t.Errorf("%v at least %v: %v, want %v", c.scores, c.least, got, c.want)
		}
	}
}

// The order of requests does not matter.
func TestHybridPermutation(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	parts := []*part{{name: "a", decide: map[string]eval.Decision{}}, {name: "b", decide: map[string]eval.Decision{}}, {name: "c", decide: map[string]eval.Decision{}}}
	var requests []eval.Request
	for i := range 60 {
		text := fmt.Sprint("text ", i)
		requests = append(requests, eval.Request{ID: text, Text: text})
		for _, p := range parts {
			d := eval.Decision{Tier: rng.IntN(4), Scores: []float64{0, rng.Float64()}, CostUSD: usd(rng.Float64()), LatencyMS: ms(rng.Float64())}
			if rng.IntN(6) == 0 {
				d.Err = "failed"
			}
			if rng.IntN(6) == 0 {
				d.CostUSD = eval.Quantity{}
			}
			p.decide[text] = d
		}
	}
	h := NewHybrid("hybrid", Stage{parts[0], MarginAtLeast(0.6)}, Stage{parts[1], MarginAtLeast(0.6)}, Stage{Classifier: parts[2]})
	want, err := h.Classify(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	stages := map[string]int{}
	for _, d := range want {
		stages[d.Stage]++
	}
	if len(stages) != 3 {
		t.Fatalf("decided by %v, want every stage to decide some", stages)
	}
	for range 5 {
		order := rng.Perm(len(requests))
		permuted := make([]eval.Request, len(requests))
		for j, i := range order {
			permuted[j] = requests[i]
		}
		got, err := h.Classify(t.Context(), permuted)
		if err != nil {
			t.Fatal(err)
		}
		for j, i := range order {
			if diff := cmp.Diff(want[i], got[j]); diff != "" {
				t.Fatalf("request %d (-in order +permuted):\n%s", i, diff)
			}
		}
	}
}

// The rule decides the extremes, the nearest centroid the rest.
func TestRuleThenEmbedding(t *testing.T) {
	rule, err := NewRule("rule", RuleConfig{FrontierPatterns: []string{"prove"}, FrontierTier: 1, DefaultTier: 0, LongAboveWords: 99})
	if err != nil {
		t.Fatal(err)
	}
	h := NewHybrid("rule+embedding", Stage{rule, RuleIsSure}, Stage{Classifier: train(t, 0, fit(), nil)})
	d := ask(t, h, "at 0, prove it", "at 0", "at 90")
	for i, want := range []struct {
		tier  int
		stage string
	}{{1, "rule"}, {0, "embedding"}, {1, "embedding"}} {
		if d[i].Tier != want.tier || d[i].Stage != want.stage || !d[i].CostUSD.Known() {
			t.Errorf("request %d: %+v, want tier %d by %s, free", i, d[i], want.tier, want.stage)
		}
	}
}
