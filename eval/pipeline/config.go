package pipeline

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/routeproof/routeproof/centroids"
	"github.com/routeproof/routeproof/datasets"
	"github.com/routeproof/routeproof/eval/classify"
	"github.com/routeproof/routeproof/eval/classify/llm"
)

//go:embed default.yaml
var defaultYAML []byte

// DefaultYAML returns the commented configuration that [DefaultConfig] is read
// from.
func DefaultYAML() []byte { return bytes.Clone(defaultYAML) }

// Config is routeproof.yaml. See default.yaml for what each key means.
type Config struct {
	Tiers       []TierConfig      `yaml:"tiers" json:"tiers"`
	Fallback    string            `yaml:"fallback" json:"fallback"`
	Embedder    EmbedderConfig    `yaml:"embedder" json:"embedder"`
	Classifiers ClassifiersConfig `yaml:"classifiers" json:"classifiers"`
	Splits      SplitsConfig      `yaml:"splits" json:"splits"`
	Bootstrap   BootstrapConfig   `yaml:"bootstrap" json:"bootstrap"`
	FixedCost   float64           `yaml:"fixed_cost_usd_per_day" json:"fixed_cost_usd_per_day"`
}

// TierConfig is a tier and the model that serves it. nil is unknown.
type TierConfig struct {
	Name           string   `yaml:"name" json:"name"`
	Model          string   `yaml:"model" json:"model"`
	InputPerM      *float64 `yaml:"input_per_m" json:"input_per_m"`
	OutputPerM     *float64 `yaml:"output_per_m" json:"output_per_m"`
	TTFTMS         *float64 `yaml:"ttft_ms" json:"ttft_ms"`
	TokensPerS     *float64 `yaml:"tokens_per_s" json:"tokens_per_s"`
	MaxTokens      int      `yaml:"max_tokens" json:"max_tokens"`
	SystemPrompt   string   `yaml:"system_prompt" json:"system_prompt"`
	ExpectedOutput float64  `yaml:"expected_output_tokens" json:"expected_output_tokens"`
}

// EmbedderConfig names an embedder.
type EmbedderConfig struct {
	Kind string `yaml:"kind" json:"kind"`
	Dims int    `yaml:"dims" json:"dims"`
}

// ClassifiersConfig configures each classifier.
type ClassifiersConfig struct {
	Rule   RuleConfig   `yaml:"rule" json:"rule"`
	LLM    LLMConfig    `yaml:"llm" json:"llm"`
	Hybrid HybridConfig `yaml:"hybrid" json:"hybrid"`
}

// RuleConfig is the rule classifier. Empty tiers are derived from the list.
type RuleConfig struct {
	FrontierPatterns []string `yaml:"frontier_patterns" json:"frontier_patterns"`
	SimplePatterns   []string `yaml:"simple_patterns" json:"simple_patterns"`
	SimpleBelowWords int      `yaml:"simple_below_words" json:"simple_below_words"`
	LongAboveWords   int      `yaml:"long_above_words" json:"long_above_words"`
	FrontierTier     string   `yaml:"frontier_tier" json:"frontier_tier"`
	SimpleTier       string   `yaml:"simple_tier" json:"simple_tier"`
	LongTier         string   `yaml:"long_tier" json:"long_tier"`
	DefaultTier      string   `yaml:"default_tier" json:"default_tier"`
}

// LLMConfig is the LLM classifier.
type LLMConfig struct {
	Model       string   `yaml:"model" json:"model"`
	InputPerM   *float64 `yaml:"input_per_m" json:"input_per_m"`
	OutputPerM  *float64 `yaml:"output_per_m" json:"output_per_m"`
	TTFTMS      *float64 `yaml:"ttft_ms" json:"ttft_ms"`
	TokensPerS  *float64 `yaml:"tokens_per_s" json:"tokens_per_s"`
	MaxChars    int      `yaml:"max_message_chars" json:"max_message_chars"`
	Concurrency int      `yaml:"concurrency" json:"concurrency"`
	Prompt      string   `yaml:"prompt" json:"prompt"`
}

// HybridConfig is the hybrids' own part.
type HybridConfig struct {
	EmbeddingMargin float64 `yaml:"embedding_margin" json:"embedding_margin"`
}

// SplitsConfig says how prompts are split.
type SplitsConfig struct {
	Salt      string  `yaml:"salt" json:"salt"`
	Train     float64 `yaml:"train" json:"train"`
	Tune      float64 `yaml:"tune" json:"tune"`
	Calibrate float64 `yaml:"calibrate" json:"calibrate"`
	Test      float64 `yaml:"test" json:"test"`
}

// BootstrapConfig says how intervals are resampled.
type BootstrapConfig struct {
	Replicates int    `yaml:"replicates" json:"replicates"`
	Seed       uint64 `yaml:"seed" json:"seed"`
}

// ConfigError is a fault of the configuration. Its text says where and how to
// mend it.
type ConfigError struct{ reason string }

func (e *ConfigError) Error() string { return e.reason }

func configErrorf(format string, args ...any) error {
	return &ConfigError{fmt.Sprintf(format, args...)}
}

// DefaultConfig returns the configuration of default.yaml.
func DefaultConfig() Config {
	c, err := ParseConfig(defaultYAML, "default.yaml")
	if err != nil {
		panic("pipeline: the built-in configuration is not valid: " + err.Error())
	}
	return c
}

// ReadConfig reads the file at path over the defaults. See [ParseConfig].
func ReadConfig(path string) (Config, error) {
	const largest = 1 << 20
	f, err := os.Open(path)
	if err != nil {
		return Config{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, largest+1))
	if err != nil {
		return Config{}, err
	}
	if len(text) > largest {
		return Config{}, configErrorf("%s: is larger than %d KiB: expected a configuration", path, largest>>10)
	}
	return ParseConfig(text, path)
}

// ParseConfig decodes YAML over the defaults and checks the result. A key that
// is not known, or stands twice, or has a value of another type is a
// [ConfigError] with line and column.
func ParseConfig(text []byte, name string) (Config, error) {
	var c Config
	for _, layer := range [][]byte{defaultYAML, text} {
		file, err := parser.ParseBytes(layer, 0)
		if err != nil {
			return Config{}, yamlError(name, err)
		}
		if len(file.Docs) > 1 {
			return Config{}, configErrorf("%s: expected one YAML document, found %d", name, len(file.Docs))
		}
		if len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.NullType {
			continue // nothing said: decoding would blank what is there
		}
		if err := yaml.NodeToValue(file.Docs[0].Body, &c, yaml.Strict()); err != nil {
			return Config{}, yamlError(name, err)
		}
	}
	// Prices and speed belong to a model: another model does not have those of
	// the default one.
	var own Config
	if err := yaml.Unmarshal(text, &own); err == nil && own.Classifiers.LLM.Model != "" {
		l := own.Classifiers.LLM
		c.Classifiers.LLM.InputPerM, c.Classifiers.LLM.OutputPerM = l.InputPerM, l.OutputPerM
		c.Classifiers.LLM.TTFTMS, c.Classifiers.LLM.TokensPerS = l.TTFTMS, l.TokensPerS
	}
	if err := c.check(); err != nil {
		return Config{}, configErrorf("%s: %v", name, err)
	}
	return c, nil
}

func yamlError(name string, err error) error {
	var y yaml.Error
	if !errors.As(err, &y) || y.GetToken() == nil {
		return configErrorf("%s: %v", name, err)
	}
	at := y.GetToken().Position
	where := fmt.Sprintf("%s:%d:%d", name, at.Line, at.Column)
	var unknown *yaml.UnknownFieldError
	var mismatch *yaml.TypeError
	var overflow *yaml.OverflowError
	switch {
	case errors.As(err, &unknown):
		key := y.GetToken().Value
		hint := "see routeproof init for all keys"
		switch s := datasets.Suggest(key, keys(reflect.TypeFor[Config]())); s {
		case "":
		case key:
			hint = "it belongs elsewhere, see routeproof init"
		default:
			hint = fmt.Sprintf("did you mean %q?", s)
		}
		return configErrorf("%s: unknown key %q: %s", where, key, hint)
	case errors.As(err, &mismatch):
		return configErrorf("%s: expected %s, found %q", where, kindName(mismatch.DstType), y.GetToken().Value)
	case errors.As(err, &overflow):
		return configErrorf("%s: expected %s, found %s", where, kindName(overflow.DstType), overflow.SrcNum)
	}
	return configErrorf("%s: %s", where, y.GetMessage())
}

// kindName is a type in the words of someone who writes YAML.
func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return kindName(t.Elem())
	case reflect.Slice:
		return "a list"
	case reflect.Struct:
		return "keys with values"
	case reflect.String:
		return "text"
	case reflect.Float64:
		return "a number"
	case reflect.Uint64:
		return "a whole number of at least 0"
	}
	return "a whole number"
}

// keys lists the keys of a configuration type, nested ones included.
func keys(t reflect.Type) []string {
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer:
		return keys(t.Elem())
	case reflect.Struct:
	default:
		return nil
	}
	var out []string
	for i := range t.NumField() {
		out = append(out, t.Field(i).Tag.Get("yaml"))
		out = append(out, keys(t.Field(i).Type)...)
	}
	return out
}

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
		if err := checkModel(where, t.InputPerM, t.OutputPerM, t.TTFTMS, t.TokensPerS); err != nil {
			return err
		}
		if !(t.ExpectedOutput >= 0 && t.ExpectedOutput <= mostTokens) || t.MaxTokens < 0 {
			return fmt.Errorf("%s: expected_output_tokens and max_tokens: expected 0 to %d, found %g and %d", where, mostTokens, t.ExpectedOutput, t.MaxTokens)
		}
		if t.MaxTokens > 0 && t.ExpectedOutput > float64(t.MaxTokens) {
			return fmt.Errorf("%s: expected_output_tokens (%g) is above max_tokens (%d): such answers would be cut", where, t.ExpectedOutput, t.MaxTokens)
		}
		if t.ExpectedOutput == 0 && c.priced() {
			return fmt.Errorf("%s (tier %d): expected_output_tokens: expected over 0, or costs cannot be computed", where, i+1)
		}
	}
	if c.Embedder.Kind != "hashing" {
		return fmt.Errorf("embedder, kind: expected \"hashing\", found %q", c.Embedder.Kind)
	}
	rule, err := c.rule(tiers)
	if err != nil {
		return err
	}
	if _, err := classify.NewRule("rule", rule); err != nil {
		return fmt.Errorf("classifiers, rule: %w", err)
	}
	l := c.Classifiers.LLM
	if err := checkModel("classifiers, llm", l.InputPerM, l.OutputPerM, l.TTFTMS, l.TokensPerS); err != nil {
		return err
	}
	if _, err := llm.New("llm", llm.Recorded{}, llm.Config{Prompt: l.Prompt, MaxChars: l.MaxChars, Concurrency: l.Concurrency}); err != nil {
		return fmt.Errorf("classifiers, llm: %w", err)
	}
	if m := c.Classifiers.Hybrid.EmbeddingMargin; !(m >= 0 && m <= 2) {
		return fmt.Errorf("classifiers, hybrid, embedding_margin: expected 0 to 2, found %g", m)
	}
	if err := c.shares().Check(); err != nil {
		return fmt.Errorf("splits: %w", err)
	}
	if n := c.Bootstrap.Replicates; n < 100 || n > 1_000_000 {
		return fmt.Errorf("bootstrap, replicates: expected 100 to 1,000,000, found %d", n)
	}
	if !(c.FixedCost >= 0 && c.FixedCost <= mostUSD) {
		return fmt.Errorf("fixed_cost_usd_per_day: expected 0 to %g, found %g", mostUSD, c.FixedCost)
	}
	return nil
}

func checkModel(where string, in, out, ttft, speed *float64) error {
	for _, f := range []struct {
		key      string
		v        *float64
		positive bool
	}{{"input_per_m", in, false}, {"output_per_m", out, false}, {"ttft_ms", ttft, false}, {"tokens_per_s", speed, true}} {
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
	if (in == nil) != (out == nil) {
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

func (c *Config) shares() datasets.Shares {
	return datasets.Shares{c.Splits.Train, c.Splits.Tune, c.Splits.Calibrate, c.Splits.Test}
}
