package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/classify"
	"github.com/routeproof/routeproof/eval/classify/llm"
	"github.com/routeproof/routeproof/internal/wording"
)

// Bounds of what a configuration may claim.
const (
	mostTokens = 1_000_000_000
	mostUSD    = 1e9
)

// check holds the configuration to its rules.
func (c *Config) check() error {
	tiers, err := c.tierList()
	if err != nil {
		return err
	}
	if _, err := c.fallback(tiers); err != nil {
		return err
	}
	for i, t := range c.Tiers {
		where := fmt.Sprintf("tiers, %s", t.Name)
		if err := t.ModelConfig.check(where); err != nil {
			return err
		}
		if !(t.ExpectedOutput >= 0 && t.ExpectedOutput <= mostTokens) || t.MaxTokens < 0 {
			return fmt.Errorf("%s: expected_output_tokens and max_tokens: expected 0 to %d, found %g and %d", where, mostTokens, t.ExpectedOutput, t.MaxTokens)
		}
		if t.Temperature != nil && !(*t.Temperature >= 0 && *t.Temperature <= 2) {
			return fmt.Errorf("%s: temperature: expected 0 to 2, or null for the server's default, found %g", where, *t.Temperature)
		}
		if t.MaxTokens > 0 && t.ExpectedOutput > float64(t.MaxTokens) {
			return fmt.Errorf("%s: expected_output_tokens (%g) is above max_tokens (%d): such answers would be cut", where, t.ExpectedOutput, t.MaxTokens)
		}
		if t.ExpectedOutput == 0 && c.priced() {
			return fmt.Errorf("%s (tier %d): expected_output_tokens: expected over 0, or costs cannot be computed", where, i+1)
		}
	}
	if err := c.checkEndpoints(); err != nil {
		return err
	}
	if err := c.Judge.check(); err != nil {
		return err
	}
	if err := c.Logs.check(c); err != nil {
		return fmt.Errorf("logs, %w", err)
	}
	if err := c.Embedder.check(); err != nil {
		return fmt.Errorf("embedder, %w", err)
	}
	rule, err := c.rule(tiers)
	if err != nil {
		return err
	}
	if _, err := classify.NewRule("rule", rule); err != nil {
		return fmt.Errorf("classifiers, rule: %w", err)
	}
	if err := c.Classifiers.Embedding.check(); err != nil {
		return fmt.Errorf("classifiers, embedding, %w", err)
	}
	l := c.Classifiers.LLM
	if err := l.ModelConfig.check("classifiers, llm"); err != nil {
		return err
	}
	if _, err := llm.New("llm", llm.Recorded{}, llm.Config{Prompt: l.Prompt, MaxChars: l.MaxChars}); err != nil {
		return fmt.Errorf("classifiers, llm: %w", err)
	}
	if l.MaxTokens < 1 || l.MaxTokens > mostTokens || l.TopLogprobs < 0 || l.TopLogprobs > 20 || l.Repeats < 1 || l.Repeats > 100 {
		return fmt.Errorf("classifiers, llm: expected max_tokens of at least 1, top_logprobs of 0 to 20 and repeats of 1 to 100, found %d, %d and %d", l.MaxTokens, l.TopLogprobs, l.Repeats)
	}
	if m := c.Classifiers.Hybrid.EmbeddingMargin; m != nil && !(*m >= 0 && *m <= 2) {
		return fmt.Errorf("classifiers, hybrid, embedding_margin: expected 0 to 2, or null to have it tuned, found %g", *m)
	}
	if err := c.Policies.check(); err != nil {
		return fmt.Errorf("policies, %w", err)
	}
	if err := c.Shares().Check(); err != nil {
		return fmt.Errorf("splits: %w", err)
	}
	if n := c.Bootstrap.Replicates; n < 100 || n > 1_000_000 {
		return fmt.Errorf("bootstrap, replicates: expected 100 to 1,000,000, found %d", n)
	}
	if _, err := c.Rules(); err != nil {
		return fmt.Errorf("gate, %w", err)
	}
	if err := c.TierMix.Check(c.TierNames()); err != nil {
		return fmt.Errorf("tier_mix: %w", err)
	}
	if !(c.FixedCost >= 0 && c.FixedCost <= mostUSD) {
		return fmt.Errorf("fixed_cost_usd_per_day: expected 0 to %g, found %g", mostUSD, c.FixedCost)
	}
	return nil
}

func (e EmbedderConfig) check() error {
	switch e.Kind {
	case embedder.KindHashing:
		if e.Path != "" {
			return fmt.Errorf("path: goes with kind %q, the kind is %q: change one of them", embedder.KindStatic, e.Kind)
		}
		if _, err := embedder.NewHashing(e.Dims); err != nil {
			return fmt.Errorf("dims: %w", err)
		}
	case embedder.KindStatic:
		if e.Path == "" {
			return fmt.Errorf("path: expected the file of word vectors that kind %q reads", e.Kind)
		}
		if e.Dims < 0 {
			return fmt.Errorf("dims: expected those of the file, or none, found %d", e.Dims)
		}
	case remote.Kind:
		switch {
		case e.Model == "":
			return fmt.Errorf("model: expected the name of the model that the endpoint embeds with")
		case e.Path != "":
			return fmt.Errorf("path: goes with kind %q, the kind is %q: change one of them", embedder.KindStatic, e.Kind)
		case e.RequestDims && e.Dims == 0:
			return fmt.Errorf("request_dims: expected dims to request")
		case e.InputPerM != nil && !(*e.InputPerM >= 0 && *e.InputPerM <= mostUSD):
			return fmt.Errorf("input_per_m: expected 0 to %g, or no key where it is unknown, found %g", mostUSD, *e.InputPerM)
		}
	default:
		kinds := []string{embedder.KindHashing, embedder.KindStatic, remote.Kind}
		return fmt.Errorf("kind: expected one of %s, found %q%s", strings.Join(kinds, ", "), e.Kind, wording.DidYouMean(e.Kind, kinds))
	}
	return nil
}

func (m ModelConfig) check(where string) error {
	for _, f := range []struct {
		key      string
		v        *float64
		positive bool
	}{{"input_per_m", m.InputPerM, false}, {"output_per_m", m.OutputPerM, false}, {"ttft_ms", m.TTFTMS, false}, {"tokens_per_s", m.TokensPerS, true}} {
		if f.v == nil {
			continue
		}
		least := "at least"
		if f.positive {
			least = "over"
		}
		if !(*f.v >= 0 && *f.v <= mostUSD) || f.positive && *f.v == 0 {
			return fmt.Errorf("%s: %s: expected %s 0 and at most %g, or no key where it is unknown, found %g", where, f.key, least, mostUSD, *f.v)
		}
	}
	if (m.InputPerM == nil) != (m.OutputPerM == nil) {
		return fmt.Errorf("%s: expected both input_per_m and output_per_m, or neither", where)
	}
	return nil
}

func (c *Config) priced() bool {
	return !slices.ContainsFunc(c.Tiers, func(t TierConfig) bool { return t.InputPerM == nil })
}

func (c *Config) tierList() (centroids.Tiers, error) {
	names := make([]string, len(c.Tiers))
	for i, t := range c.Tiers {
		names[i] = t.Name
	}
	return centroids.NewTiers(names...)
}

func (c *Config) fallback(tiers centroids.Tiers) (int, error) {
	return tierOr(tiers, "fallback", c.Fallback, tiers.Fallback())
}

// tierOr returns the index of a name, or the default where it is empty.
func tierOr(tiers centroids.Tiers, key, name string, otherwise int) (int, error) {
	if name == "" {
		return otherwise, nil
	}
	k, ok := tiers.Index(name)
	if !ok {
		return 0, fmt.Errorf("%s: expected one of %s, found %q", key, strings.Join(tiers.Names(), ", "), name)
	}
	return k, nil
}

func (c *Config) rule(tiers centroids.Tiers) (classify.RuleConfig, error) {
	y := c.Classifiers.Rule
	fallback, err := c.fallback(tiers)
	if err != nil {
		return classify.RuleConfig{}, err
	}
	last := tiers.Len() - 1
	r := classify.RuleConfig{
		FrontierPatterns: y.FrontierPatterns, SimplePatterns: y.SimplePatterns,
		SimpleBelowWords: y.SimpleBelowWords, LongAboveWords: y.LongAboveWords,
		FrontierTier: last, SimpleTier: 0, LongTier: last - 1, DefaultTier: fallback,
	}
	for _, t := range []struct {
		key, name string
		dst       *int
	}{
		{"frontier_tier", y.FrontierTier, &r.FrontierTier}, {"simple_tier", y.SimpleTier, &r.SimpleTier},
		{"long_tier", y.LongTier, &r.LongTier}, {"default_tier", y.DefaultTier, &r.DefaultTier},
	} {
		if *t.dst, err = tierOr(tiers, "classifiers, rule, "+t.key, t.name, *t.dst); err != nil {
			return classify.RuleConfig{}, err
		}
	}
	return r, nil
}

// Shares returns the parts of the prompts that each split gets.
func (c Config) Shares() datasets.Shares {
	return datasets.Shares{c.Splits.Train, c.Splits.Tune, c.Splits.Calibrate, c.Splits.Test}
}
