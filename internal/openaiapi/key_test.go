package openaiapi

import (
	"maps"
	"testing"
)

// Whatever can change the answer changes the key, and nothing else does.
func TestKeys(t *testing.T) {
	config := Config{BaseURL: "https://host/v1", Key: "a", Headers: map[string]string{"X-A": "1", "X-B": "2"}, Secrets: map[string]string{"X-S": "s"}}
	request := ChatRequest{Model: "m", System: "s", User: "u", MaxTokens: 5, Temperature: pointer(0.7), TopLogprobs: 2, Stream: true, Version: "v", Repeat: 1}
	keyOf := func(change func(*Config, *ChatRequest)) key {
		t.Helper()
		c, r := config, request
		c.Headers, c.Secrets = maps.Clone(c.Headers), maps.Clone(c.Secrets)
		change(&c, &r)
		client, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		q, err := client.chatQuestion(r)
		if err != nil {
			t.Fatal(err)
		}
		return q.key
	}
	seen := map[key]string{keyOf(func(*Config, *ChatRequest) {}): "nothing"}
	for name, change := range map[string]func(*Config, *ChatRequest){
		"base URL":         func(c *Config, _ *ChatRequest) { c.BaseURL = "https://host/v2" },
		"header value":     func(c *Config, _ *ChatRequest) { c.Headers["X-A"] = "2" },
		"header name":      func(c *Config, _ *ChatRequest) { delete(c.Headers, "X-A"); c.Headers["X-C"] = "1" },
		"header less":      func(c *Config, _ *ChatRequest) { delete(c.Headers, "X-A") },
		"headers":          func(c *Config, _ *ChatRequest) { c.Headers = nil },
		"values swapped":   func(c *Config, _ *ChatRequest) { c.Headers = map[string]string{"X-A": "2", "X-B": "1"} },
		"model":            func(_ *Config, r *ChatRequest) { r.Model = "n" },
		"system":           func(_ *Config, r *ChatRequest) { r.System = "t" },
		"no system":        func(_ *Config, r *ChatRequest) { r.System = "" },
		"user":             func(_ *Config, r *ChatRequest) { r.User = "v" },
		"words moved":      func(_ *Config, r *ChatRequest) { r.System, r.User = "su", "" },
		"temperature 0":    func(_ *Config, r *ChatRequest) { r.Temperature = pointer(0.0) },
		"no temperature":   func(_ *Config, r *ChatRequest) { r.Temperature = nil },
		"max tokens":       func(_ *Config, r *ChatRequest) { r.MaxTokens = 6 },
		"no max tokens":    func(_ *Config, r *ChatRequest) { r.MaxTokens = 0 },
		"logprobs":         func(_ *Config, r *ChatRequest) { r.TopLogprobs = 3 },
		"no logprobs":      func(_ *Config, r *ChatRequest) { r.TopLogprobs = 0 },
		"stream":           func(_ *Config, r *ChatRequest) { r.Stream = false },
		"version":          func(_ *Config, r *ChatRequest) { r.Version = "w" },
		"repeat":           func(_ *Config, r *ChatRequest) { r.Repeat = 2 },
		"version and more": func(_ *Config, r *ChatRequest) { r.Version, r.Repeat = "v1", 0 },
	} {
		k := keyOf(change)
		if other, ok := seen[k]; ok {
			t.Errorf("%s and %s have one key", name, other)
		}
		seen[k] = name
	}
	for name, change := range map[string]func(*Config, *ChatRequest){
		"key":            func(c *Config, _ *ChatRequest) { c.Key = "b" },
		"secret":         func(c *Config, _ *ChatRequest) { c.Secrets["X-S"] = "t" },
		"slash":          func(c *Config, _ *ChatRequest) { c.BaseURL += "/" },
		"concurrency":    func(c *Config, _ *ChatRequest) { c.Concurrency, c.Retries, c.Timeout = 1, 2, 3 },
		"price":          func(_ *Config, r *ChatRequest) { r.Price = price() },
		"no header more": func(c *Config, _ *ChatRequest) { c.Headers = map[string]string{"X-B": "2", "X-A": "1"} },
	} {
		if k := keyOf(change); seen[k] != "nothing" {
			t.Errorf("%s changes the key", name)
		}
	}

	client := newClient(t, "https://host/v1")
	for name, r := range map[string]EmbedRequest{
		"least":   {Model: "m", Inputs: []string{"a", "b"}},
		"model":   {Model: "n", Inputs: []string{"a", "b"}},
		"inputs":  {Model: "m", Inputs: []string{"a", "c"}},
		"order":   {Model: "m", Inputs: []string{"b", "a"}},
		"in one":  {Model: "m", Inputs: []string{"ab"}},
		"dims":    {Model: "m", Inputs: []string{"a", "b"}, Dims: 8},
		"dims 16": {Model: "m", Inputs: []string{"a", "b"}, Dims: 16},
	} {
		q, err := client.embedQuestion(r)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[q.key]; ok {
			t.Errorf("embeddings: %s and %s have one key", name, other)
		}
		seen[q.key] = name
	}
}
