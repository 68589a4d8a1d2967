package synth

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidate(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Errorf("default: %v", err)
	}
	for _, c := range []struct {
		edit func(*Config)
		want string
	}{
		{func(c *Config) { *c = Config{} }, "ladder: expected 2 to 8 rungs, found 0"},
		{func(c *Config) { c.Models[1].Tier = "SIMPLE" }, `ladder: tier "SIMPLE" stands twice`},
		{func(c *Config) { c.Models[0].Share = .5 }, "models: expected shares that sum to 1, found 1.05"},
		{func(c *Config) { c.Models[2].Share = 0 }, "models[2].share: expected 0.001 to 1, found 0"},
		{func(c *Config) { c.Models[0].Words = math.NaN() }, "models[0].words: expected 1 to 2000, found NaN"},
		{func(c *Config) { c.Models[3].TokensPerS = 0 }, "models[3].tokens_per_s: expected 0.001 to 1e+09, found 0"},
		{func(c *Config) { c.ConfidenceAUROC = 1 }, "confidence_auroc: expected 0.5 to 0.9999, found 1"},
		{func(c *Config) { c.ErrorCorrelation = -.1 }, "error_correlation: expected 0 to 1, found -0.1"},
		{func(c *Config) { c.Distractors = 0 }, "distractors: expected 1 to 1000, found 0"},
		{func(c *Config) { c.Forms.Short.Right = .99 }, "forms: expected rates of right answers that sum to at most 1, found 1.03"},
		{func(c *Config) { c.Forms.Empty = .9 }, "forms: expected rates of wrong answers that sum to at most 1, found 1.57"},
		{func(c *Config) { c.Domains = nil }, "domains: expected 1 to 32, found 0"},
		{func(c *Config) { c.Languages[0].Weight = 0 }, "languages: en: expected a weight over 0 and at most 1e9, found 0"},
		{func(c *Config) { c.TaskTypes[0].Name = "chat" }, `task_types: expected names among general, extraction, classification, structured_output, found "chat"`},
		{func(c *Config) { c.Classifier.Accuracy = 2 }, "classifier.accuracy: expected 0 to 1, found 2"},
		{func(c *Config) { c.Logs.Features[1].Name = "support_bot" }, `logs.features: "support_bot" stands twice`},
		{func(c *Config) { c.Logs.Features[0].Mix = []float64{1} }, "logs.features: support_bot: expected a mix of 4 tiers, found 1"},
		{func(c *Config) { c.Logs.Features[0].Mix = make([]float64, 4) }, "logs.features: support_bot: expected a mix with a weight over 0"},
		{func(c *Config) { c.Logs.PerDay = 0 }, "logs.per_day: expected 0.001 to 1e+09, found 0"},
	} {
		config := Default()
		c.edit(&config)
		if _, err := New(config); err == nil || err.Error() != c.want {
			t.Errorf("%v, expected %s", err, c.want)
		}
	}
}

// TestTruthIsJSON reads a Truth back, so that it can stand in a file.
func TestTruthIsJSON(t *testing.T) {
	g := newGenerator(t, func(c *Config) { a := 1.5; c.Models[1].Ability = &a })
	want := g.Truth()
	if want.Abilities[1] != 1.5 || len(want.Thresholds) != 3 {
		t.Errorf("abilities %v, thresholds %v", want.Abilities, want.Thresholds)
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Truth
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want −, got +:\n%s", diff)
	}
}
