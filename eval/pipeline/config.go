package pipeline

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/routeproof/routeproof/centroids/embedder"
	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/internal/wording"
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
	Endpoints   []EndpointConfig  `yaml:"endpoints" json:"-"` // where models are asked changes no result
	Embedder    EmbedderConfig    `yaml:"embedder" json:"embedder"`
	Classifiers ClassifiersConfig `yaml:"classifiers" json:"classifiers"`
	Policies    PoliciesConfig    `yaml:"policies" json:"policies"`
	Splits      SplitsConfig      `yaml:"splits" json:"splits"`
	Bootstrap   BootstrapConfig   `yaml:"bootstrap" json:"bootstrap"`
	Gate        GateConfig        `yaml:"gate" json:"-"`  // changes no result
	Judge       JudgeConfig       `yaml:"judge" json:"-"` // outcomes name their judge
	Logs        LogsConfig        `yaml:"logs" json:"-"`  // of another command
	TierMix     TierMix           `yaml:"tier_mix" json:"tier_mix,omitempty"`
	FixedCost   float64           `yaml:"fixed_cost_usd_per_day" json:"fixed_cost_usd_per_day"`
}

// TierNames returns the names of the tiers, cheapest first.
func (c Config) TierNames() []string {
	names := make([]string, len(c.Tiers))
	for i, t := range c.Tiers {
		names[i] = t.Name
	}
	return names
}

// FallbackTier returns the tier for what nothing could place.
func (c Config) FallbackTier() int {
	tiers, err := c.tierList()
	if err != nil {
		return 0 // no configuration that was checked
	}
	k, _ := c.fallback(tiers)
	return k
}

// ModelConfig is a model, its price in USD per million tokens, and its speed.
// nil is unknown.
type ModelConfig struct {
	Model      string   `yaml:"model" json:"model"`
	InputPerM  *float64 `yaml:"input_per_m" json:"input_per_m"`
	OutputPerM *float64 `yaml:"output_per_m" json:"output_per_m"`
	TTFTMS     *float64 `yaml:"ttft_ms" json:"ttft_ms"`
	TokensPerS *float64 `yaml:"tokens_per_s" json:"tokens_per_s"`
}

// TierConfig is a tier and the model that serves it.
type TierConfig struct {
	Name           string `yaml:"name" json:"name"`
	ModelConfig    `yaml:",inline"`
	Endpoint       string   `yaml:"endpoint" json:"-"`
	Temperature    *float64 `yaml:"temperature" json:"temperature"` // nil: the server's default
	Logprobs       bool     `yaml:"logprobs" json:"-"`              // outcomes carry the confidence that follows
	MaxTokens      int      `yaml:"max_tokens" json:"max_tokens"`
	SystemPrompt   string   `yaml:"system_prompt" json:"system_prompt"`
	ExpectedOutput float64  `yaml:"expected_output_tokens" json:"expected_output_tokens"`
}

// EmbedderConfig names an embedder. Results show what it made, never where its
// file lies or which server was asked.
type EmbedderConfig struct {
	Kind string `yaml:"kind" json:"kind"`
	Dims int    `yaml:"dims" json:"dims"` // 0: those of the file or the model
	Path string `yaml:"path" json:"-"`

	// Of a remote one.
	Model            string   `yaml:"model" json:"-"`
	Endpoint         string   `yaml:"endpoint" json:"-"`
	RequestDims      bool     `yaml:"request_dims" json:"-"`
	Prefix           string   `yaml:"prefix" json:"-"`
	MaxInputs        int      `yaml:"max_inputs" json:"-"`
	MaxTokensPerText int      `yaml:"max_tokens_per_text" json:"-"`
	InputPerM        *float64 `yaml:"input_per_m" json:"-"`
}

// ClassifiersConfig configures each classifier.
type ClassifiersConfig struct {
	Rule      RuleConfig      `yaml:"rule" json:"rule"`
	Embedding EmbeddingConfig `yaml:"embedding" json:"embedding"`
	LLM       LLMConfig       `yaml:"llm" json:"llm"`
	Hybrid    HybridConfig    `yaml:"hybrid" json:"hybrid"`
}

// EmbeddingConfig says which candidates for the embedding classifier there are.
type EmbeddingConfig struct {
	Structure  string    `yaml:"structure" json:"structure"`
	Scorer     string    `yaml:"scorer" json:"scorer"`
	LogisticC  []float64 `yaml:"logistic_c" json:"logistic_c"`
	Neighbours []int     `yaml:"neighbours" json:"neighbours"`
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
	ModelConfig `yaml:",inline"`
	Endpoint    string `yaml:"endpoint" json:"-"`
	MaxChars    int    `yaml:"max_message_chars" json:"max_message_chars"`
	MaxTokens   int    `yaml:"max_tokens" json:"max_tokens"`
	TopLogprobs int    `yaml:"top_logprobs" json:"top_logprobs"`
	Repeats     int    `yaml:"repeats" json:"repeats"`
	Prompt      string `yaml:"prompt" json:"prompt"`
}

// HybridConfig is the hybrids' own part.
type HybridConfig struct {
	EmbeddingMargin *float64 `yaml:"embedding_margin" json:"embedding_margin"` // nil: tuned
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

// ReadConfig reads the file at path over the defaults. Paths in it are relative
// to its folder. See [ParseConfig].
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
	c, err := ParseConfig(text, path)
	if err != nil {
		return Config{}, err
	}
	if p := c.Embedder.Path; p != "" && !filepath.IsAbs(p) {
		c.Embedder.Path = filepath.Join(filepath.Dir(path), p)
	}
	return c, nil
}

// ParseConfig decodes YAML over the defaults and checks the result. A key that
// is not known, or stands twice, or has a value of another type is a
// [ConfigError] with line and column.
func ParseConfig(text []byte, name string) (Config, error) {
	var c Config
	if line := tooDeep(text); line > 0 {
		return Config{}, configErrorf("%s:%d: expected lists and maps within each other at most %d deep, found more", name, line, deepest)
	}
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
		c.Classifiers.LLM.ModelConfig = own.Classifiers.LLM.ModelConfig
	}
	// Nor do other embedders have the length of the default one.
	if c.Embedder.Kind == embedder.KindStatic || c.Embedder.Kind == remote.Kind {
		c.Embedder.Dims = own.Embedder.Dims
	}
	if err := c.check(); err != nil {
		return Config{}, configErrorf("%s: %v", name, err)
	}
	return c, nil
}

// deepest is how many lists and maps may stand within each other: the parser's
// work grows with its square.
const deepest = 100

// tooDeep returns the line where more than deepest brackets are open or dashes
// stand before a value, from 1; 0 if there is none.
func tooDeep(text []byte) int {
	open, number := 0, 0
	for line := range bytes.Lines(text) {
		number++
		dashes, most := 0, 0
		for _, word := range bytes.Fields(line) {
			if string(word) != "-" {
				break
			}
			dashes++
		}
		for _, c := range line {
			switch c {
			case '[', '{':
				open++
				most = max(most, open)
			case ']', '}':
				open = max(0, open-1)
			}
		}
		if max(most, dashes) > deepest {
			return number
		}
	}
	return 0
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
		switch s := wording.Suggest(key, keys(reflect.TypeFor[Config]())); s {
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
		if !t.Field(i).Anonymous { // those are inline
			out = append(out, t.Field(i).Tag.Get("yaml"))
		}
		out = append(out, keys(t.Field(i).Type)...)
	}
	return out
}
