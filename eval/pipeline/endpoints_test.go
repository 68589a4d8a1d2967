package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/routeproof/routeproof/internal/openaiapi"
)

func TestEndpointClient(t *testing.T) {
	c, err := ParseConfig([]byte(`
endpoints:
  - name: far
    base_url: https://far.example/v1
    key_env: FAR_KEY
    headers: {X-Team: search, X-Token: $TEAM_TOKEN}
    timeout_s: 1.5
    retries: 0
    concurrency: 3
    requests_per_minute: 60
    tokens_per_minute: 1000
  - name: near
    base_url: http://127.0.0.1:1/v1
`), "x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"FAR_KEY": " sk-1\n", "TEAM_TOKEN": "t-1"}
	lookup := func(name string) string { return env[name] }
	far, err := c.Endpoint("")
	if err != nil {
		t.Fatal(err)
	}
	got, err := far.Client(lookup)
	want := openaiapi.Config{
		BaseURL: "https://far.example/v1", Key: "sk-1", Headers: map[string]string{"X-Team": "search"}, Secrets: map[string]string{"X-Token": "t-1"},
		Timeout: 1500 * time.Millisecond, Retries: -1, Concurrency: 3, RequestsPerMinute: 60, TokensPerMinute: 1000,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	near, err := c.Endpoint("near")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := near.Client(lookup); err != nil || got.Key != "" || got.Retries != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, missing := range []string{"FAR_KEY", "TEAM_TOKEN"} {
		if _, err := far.Client(func(name string) string {
			if name == missing {
				return ""
			}
			return env[name]
		}); !errors.Is(err, ErrNoKey) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

// The configuration that results show names no server and no header.
func TestEndpointsAreNotInResults(t *testing.T) {
	c, err := ParseConfig([]byte("endpoints: [{name: secretive, base_url: 'http://secretive/v1', headers: {X-A: secretive}}]\ntiers: [{name: a, endpoint: secretive}, {name: b}]"), "x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if text := must(json.Marshal(c)); bytes.Contains(text, []byte("secretive")) {
		t.Errorf("%s", text)
	}
}

// A key behind the $ of a header is refused, and not shown.
func TestHeadersNameVariables(t *testing.T) {
	for _, value := range []string{"$sk-live-SECRET", "$", "$Lower"} {
		_, err := ParseConfig([]byte("endpoints: [{name: e, base_url: 'http://e/v1', headers: {Authorization: "+value+"}}]\ntiers: [{name: a}, {name: b}]"), "x.yaml")
		if err == nil || !strings.Contains(err.Error(), "name of an environment variable behind the $") || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %v", value, err)
		}
	}
}
