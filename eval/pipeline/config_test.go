package pipeline

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The defaults are those of the system that routeproof evaluates: its tier map,
// and prices and speeds by model.
func TestDefaultConfig(t *testing.T) {
	c := DefaultConfig()
	type tier struct {
		name, model               string
		in, out, ttft, speed      float64
		maxTokens, expectedOutput float64
	}
	want := []tier{
		{"SIMPLE", "openai/gpt-4o-mini", 0.15, 0.60, 300, 110, 256, 60},
		{"MEDIUM", "anthropic/claude-haiku-3-5", 0.80, 4.00, 400, 120, 1024, 300},
		{"COMPLEX", "anthropic/claude-sonnet-4", 3, 15, 800, 85, 4096, 900},
		{"FRONTIER", "anthropic/claude-opus-4", 15, 75, 2000, 40, 16384, 2500},
	}
	var got []tier
	for _, x := range c.Tiers {
		got = append(got, tier{x.Name, x.Model, *x.InputPerM, *x.OutputPerM, *x.TTFTMS, *x.TokensPerS, float64(x.MaxTokens), x.ExpectedOutput})
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(tier{})); diff != "" {
		t.Error(diff)
	}
	if s := c.Shares(); s != [4]float64{0.4, 0.2, 0.2, 0.2} {
		t.Errorf("shares %v", s)
	}
	if c.Classifiers.LLM.MaxChars != 800 || c.Embedder.Dims != 1024 {
		t.Errorf("max_message_chars %d, dims %d", c.Classifiers.LLM.MaxChars, c.Embedder.Dims)
	}
}

// Every key of the types stands in default.yaml, so that init shows it.
func TestDefaultYAMLShowsEveryKey(t *testing.T) {
	for _, key := range keys(reflect.TypeFor[Config]()) {
		if key == "" {
			t.Error("a field of Config has no yaml key")
		}
		if !strings.Contains(string(DefaultYAML()), key+":") {
			t.Errorf("default.yaml lacks %q", key)
		}
	}
}

func TestParseConfigOverlays(t *testing.T) {
	c, err := ParseConfig([]byte("splits: {salt: mine}\nbootstrap: {replicates: 500}\nfallback: COMPLEX\n"), "x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig()
	want.Splits.Salt, want.Bootstrap.Replicates, want.Fallback = "mine", 500, "COMPLEX"
	if diff := cmp.Diff(want, c); diff != "" {
		t.Error(diff)
	}
	for _, empty := range []string{"", "\n# nothing\n", "---\n"} {
		if c, err := ParseConfig([]byte(empty), "x.yaml"); err != nil || !cmp.Equal(c, DefaultConfig()) {
			t.Errorf("%q: %v, expected the defaults", empty, err)
		}
	}
}

// Word vectors have dims of their own, and lie beside the configuration unless
// their path is absolute.
func TestStaticEmbedder(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "c.yaml")
	for _, c := range []struct {
		yaml, path string
		dims       int
	}{
		{"embedder: {kind: static, path: words.txt}", filepath.Join(folder, "words.txt"), 0},
		{"embedder: {kind: static, path: ../words.txt, dims: 300}", filepath.Join(filepath.Dir(folder), "words.txt"), 300},
		{"embedder: {kind: static, path: /words.txt}", "/words.txt", 0},
		{"splits: {salt: x}", "", 1024},
	} {
		if err := os.WriteFile(path, []byte(c.yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadConfig(path)
		if err != nil || got.Embedder.Path != c.path || got.Embedder.Dims != c.dims {
			t.Errorf("%s: %+v, %v, expected path %s and %d dims", c.yaml, got.Embedder, err, c.path, c.dims)
		}
	}
}

// A list of tiers replaces the default one: nothing of it shines through.
func TestOwnTiers(t *testing.T) {
	c, err := ParseConfig([]byte("tiers:\n  - name: small\n  - {name: big, model: m, input_per_m: 0, output_per_m: 0, expected_output_tokens: 5}\n"), "x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Tiers) != 2 || c.Tiers[0].InputPerM != nil || c.Tiers[0].Model != "" || *c.Tiers[1].InputPerM != 0 {
		t.Errorf("tiers %+v", c.Tiers)
	}
	rule, err := c.rule(must(c.tierList()))
	if err != nil {
		t.Fatal(err)
	}
	if rule.SimpleTier != 0 || rule.FrontierTier != 1 || rule.LongTier != 0 || rule.DefaultTier != 1 {
		t.Errorf("rule tiers %+v", rule)
	}
}

// Another model does not have the default model's prices.
func TestOtherLLMHasNoPrices(t *testing.T) {
	c, err := ParseConfig([]byte("classifiers: {llm: {model: other, input_per_m: 2, output_per_m: 3}}"), "x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if l := c.Classifiers.LLM; *l.InputPerM != 2 || *l.OutputPerM != 3 || l.TTFTMS != nil || l.TokensPerS != nil || l.MaxChars != 800 {
		t.Errorf("%+v", l)
	}
	if c, err = ParseConfig([]byte("classifiers: {llm: {model: other}}"), "x.yaml"); err != nil || c.Classifiers.LLM.InputPerM != nil {
		t.Errorf("%+v, %v: expected no price", c.Classifiers.LLM, err)
	}
	if c, err = ParseConfig([]byte("classifiers: {llm: {repeats: 9}}"), "x.yaml"); err != nil || *c.Classifiers.LLM.InputPerM != 0.15 {
		t.Errorf("%+v, %v: expected the default model's price", c.Classifiers.LLM, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestConfigErrors(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{"embeder: {}", `x.yaml:1:1: unknown key "embeder": did you mean "embedder"?`},
		{"classifiers:\n  rule:\n    simple_pattern: []", `x.yaml:3:5: unknown key "simple_pattern": did you mean "simple_patterns"?`},
		{"tiers: [{name: a, inptu_per_m: 1}, {name: b}]", `x.yaml:1:19: unknown key "inptu_per_m": did you mean "input_per_m"?`},
		{"classifiers:\n  llm:\n    modle: x", `x.yaml:3:5: unknown key "modle": did you mean "model"?`},
		{"zzzzzzzzzz: 1", "see routeproof init for all keys"},
		{"splits: {salt: a}\nsplits: {salt: b}", "x.yaml:2:1"},
		{"splits: {train: much}", `x.yaml:1:17: expected a number, found "much"`},
		{"splits: {dims: 3}", "it belongs elsewhere"},
		{"bootstrap: {seed: -1}", "x.yaml:1:19: expected a whole number of at least 0, found -1"},
		{"classifiers: {rule: {simple_patterns: x}}", "sequence is expected"},
		{"fixed_cost_usd_per_day: .inf", "fixed_cost_usd_per_day"},
		{"tiers: [{name: a, expected_output_tokens: .inf}, {name: b}]", "expected_output_tokens"},
		{"splits: [1]", "x.yaml:1"},
		{"splits: {salt: [", "x.yaml:1"},
		{"- a", "x.yaml:1"},
		{"a: 1\n---\nb: 2", "x.yaml"},
		{"{}\n---\n{}", "one YAML document"},
		{"splits: {train: 0.5}", "expected a sum of 1"},
		{"splits: {train: -0.4, tune: 1}", "share of train"},
		{"splits: {train: .nan}", "share of train"},
		{"tiers: []", "expected 2 to 8"},
		{"tiers: [{name: a}, {name: a}]", "twice"},
		{"tiers: [{name: a}, {name: b, input_per_m: 1}]", "both input_per_m and output_per_m"},
		{"tiers: [{name: a, input_per_m: -1, output_per_m: 1}, {name: b}]", "tiers, a: input_per_m"},
		{"tiers: [{name: a, ttft_ms: .inf}, {name: b}]", "ttft_ms"},
		{"tiers: [{name: a, tokens_per_s: 0}, {name: b}]", "tokens_per_s"},
		{"tiers: [{name: a, max_tokens: 5, expected_output_tokens: 6}, {name: b}]", "above max_tokens"},
		{"tiers: [{name: a, input_per_m: 1, output_per_m: 1}, {name: b, input_per_m: 1, output_per_m: 1}]", "expected_output_tokens"},
		{"fallback: LARGE", `fallback: expected one of SIMPLE, MEDIUM, COMPLEX, FRONTIER, found "LARGE"`},
		{"embedder: {kind: opnai}", `embedder, kind: expected one of hashing, static, openai, found "opnai" (did you mean "openai"?)`},
		{"embedder: {kind: openai}", "embedder, model: expected the name of the model"},
		{"embedder: {kind: openai, model: m, request_dims: true}", "request_dims: expected dims"},
		{"embedder: {kind: openai, model: m, path: x}", "embedder, path"},
		{"embedder: {kind: openai, model: m, input_per_m: -1}", "embedder, input_per_m"},
		{"embedder: {kind: openai, model: m, endpoint: opnrouter}", `expected one of openrouter, found "opnrouter"`},
		{"endpoints: [{name: a}]", "endpoints, a: base_url"},
		{"endpoints: [{base_url: 'http://h/v1'}]", "expected a name of its own"},
		{"endpoints: [{name: a, base_url: 'http://h/v1'}, {name: a, base_url: 'http://h/v1'}]", "expected a name of its own"},
		{"endpoints: [{name: a, base_url: 'ftp://h/v1'}]", "endpoints, a: base_url"},
		{"endpoints: [{name: a, base_url: 'https://me:secret@h/v1'}]", "keys belong in the environment"},
		{"endpoints: [{name: a, base_url: 'http://h/v1', key_env: sk-or-v1-123}]", "not the key itself"},
		{"endpoints: [{name: a, base_url: 'http://h/v1', key_env: gsk_AbC}]", "not the key itself"},
		{"endpoints: [{name: a, base_url: 'http://h/v1', headers: {X-Api-Key: abc}}]", "behind a $"},
		{"endpoints: [{name: a, base_url: 'http://h/v1', headers: {X-Auth: abc}}]", "behind a $"},
		{"endpoints: [{name: a, base_url: 'http://h/v1', headers: {X-A: \"b\\nc\"}}]", "one line"},
		{"endpoints: [{name: a, base_url: 'http://h/v1', retries: -1}]", "retries"},
		{"endpoints: [{name: a, base_url: 'http://h/v1', timeout_s: .nan}]", "timeout_s"},
		{"endpoints: [{name: a, base_url: 'http://h/v1', concurrency: -1}]", "concurrency"},
		{"endpoints: [{name: a, base_url: 'http://h/v1', tokens_per_minute: -1}]", "tokens_per_minute"},
		{"tiers: [{name: a, endpoint: b}, {name: c}]", `found "b"`},
		{"tiers: [{name: a, temperature: 3}, {name: c}]", "temperature"},
		{"judge: {llm: {endpoint: b}}", `found "b"`},
		{"judge: {llm: {max_tokens: -1}}", "judge, llm, max_tokens"},
		{"embedder: {kind: statik, path: x}", `did you mean "static"?`},
		{"embedder: {kind: static}", "embedder, path: expected the file of word vectors"},
		{"embedder: {kind: static, path: x, dims: -1}", "embedder, dims"},
		{"embedder: {path: x}", `embedder, path: goes with kind "static", the kind is "hashing"`},
		{"embedder: {dims: 0}", "embedder, dims"},
		{"classifiers: {rule: {frontier_patterns: ['ok', '[']}}", "frontier_patterns, number 2"},
		{"classifiers: {rule: {long_tier: LARGE}}", "long_tier"},
		{"classifiers: {llm: {prompt: no mark}}", "{message} once"},
		{"classifiers: {llm: {prompt: '{message}{message}'}}", "{message} once"},
		{"classifiers: {llm: {repeats: 0}}", "repeats"},
		{"classifiers: {llm: {top_logprobs: 21}}", "top_logprobs"},
		{"classifiers: {llm: {max_tokens: 0}}", "max_tokens"},
		{"classifiers: {hybrid: {embedding_margin: 3}}", "embedding_margin"},
		{"bootstrap: {replicates: 10}", "replicates"},
		{"fixed_cost_usd_per_day: -1", "fixed_cost"},
		{"tier_mix: {SIMPLE: 0.5}", "tier_mix: expected shares that sum to 1"},
		{"tier_mix: {SIMPEL: 1}", "SIMPLE"},
		{"tier_mix: {SIMPLE: .nan}", "tier_mix"},
	} {
		_, err := ParseConfig([]byte(c.yaml), "x.yaml")
		var config *ConfigError
		if !errors.As(err, &config) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, expected a ConfigError with %q", c.yaml, err, c.want)
		}
	}
}

func TestReadConfigBoundsItself(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.yaml")
	if err := os.WriteFile(path, []byte(strings.Repeat("# ", 1<<20)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadConfig(path); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("2 MiB of configuration: %v", err)
	}
}

// The parser takes seconds and gigabytes for what is nested a hundred thousand
// deep.
func TestDeepConfigIsNotParsed(t *testing.T) {
	for _, text := range []string{
		"\ntiers: " + strings.Repeat("[", 1<<17), "\ntiers: " + strings.Repeat("{a: ", 1<<16), "\n" + strings.Repeat("- ", 1<<17) + "x",
		"\n" + strings.Repeat("[", deepest+1) + strings.Repeat("]", deepest+1),
	} {
		if _, err := ParseConfig([]byte(text), "x.yaml"); err == nil || err.Error() != "x.yaml:2: expected lists and maps within each other at most 100 deep, found more" {
			t.Errorf("%.20q…: %v", text, err)
		}
	}
	for _, text := range []string{
		"splits: {salt: '" + strings.Repeat("[]{}", 1000) + strings.Repeat("]", 1000) + strings.Repeat("[", deepest-1) + "'}",
		"splits: {salt: '" + strings.Repeat("- ", 1000) + "'}",
	} {
		if _, err := ParseConfig([]byte(text), "x.yaml"); err != nil {
			t.Errorf("%.30q…: %v", text, err)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte("splits: {salt: x}"))
	f.Add([]byte("tiers:\n  - name: a\n  - name: b\n"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseConfig(text, "x.yaml")
		var config *ConfigError
		if err != nil && !errors.As(err, &config) {
			t.Fatalf("%v is not a ConfigError", err)
		}
		if err == nil && c.check() != nil {
			t.Fatal("a configuration that breaks its rules was read")
		}
	})
}
