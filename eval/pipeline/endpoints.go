package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/routeproof/routeproof/centroids/embedder/remote"
	"github.com/routeproof/routeproof/internal/openaiapi"
	"github.com/routeproof/routeproof/internal/wording"
)

// EndpointConfig is a server that speaks OpenAI's protocol. Zero values are the
// client's defaults.
type EndpointConfig struct {
	Name              string            `yaml:"name"`
	BaseURL           string            `yaml:"base_url"`
	KeyEnv            string            `yaml:"key_env"` // the environment variable that holds the key; empty: no key
	Headers           map[string]string `yaml:"headers"` // values that begin with $ name environment variables
	TimeoutS          float64           `yaml:"timeout_s"`
	Retries           *int              `yaml:"retries"`
	Concurrency       int               `yaml:"concurrency"`
	RequestsPerMinute float64           `yaml:"requests_per_minute"`
	TokensPerMinute   float64           `yaml:"tokens_per_minute"`
	NoStream          bool              `yaml:"no_stream"`
}

// ErrNoKey is the error of an endpoint whose key is not in the environment.
var ErrNoKey = errors.New("no key")

// Endpoint returns the endpoint of a name; the first where it is empty.
func (c *Config) Endpoint(name string) (EndpointConfig, error) {
	if len(c.Endpoints) == 0 {
		return EndpointConfig{}, configErrorf("endpoints: expected at least one, to be asked")
	}
	if name == "" {
		return c.Endpoints[0], nil
	}
	i := slices.IndexFunc(c.Endpoints, func(e EndpointConfig) bool { return e.Name == name })
	if i < 0 {
		var names []string
		for _, e := range c.Endpoints {
			names = append(names, e.Name)
		}
		return EndpointConfig{}, configErrorf("endpoint: expected one of %s, found %q%s", strings.Join(names, ", "), name, wording.DidYouMean(name, names))
	}
	return c.Endpoints[i], nil
}

// Client returns the client's part of an endpoint, with key and secret headers
// out of the environment; beside ErrNoKey what there is, where one of them is not
// there.
func (e EndpointConfig) Client(env func(string) string) (c openaiapi.Config, err error) {
	c = openaiapi.Config{
		BaseURL: e.BaseURL, Concurrency: e.Concurrency, Timeout: time.Duration(e.TimeoutS * float64(time.Second)),
		RequestsPerMinute: e.RequestsPerMinute, TokensPerMinute: e.TokensPerMinute,
		Headers: map[string]string{}, Secrets: map[string]string{},
	}
	if e.Retries != nil {
		c.Retries = *e.Retries
		if c.Retries == 0 {
			c.Retries = -1
		}
	}
	if e.KeyEnv != "" {
		if c.Key = strings.TrimSpace(env(e.KeyEnv)); c.Key == "" {
			err = fmt.Errorf("%w: endpoint %s takes it from the environment variable %s, which is empty", ErrNoKey, e.Name, e.KeyEnv)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		value := e.Headers[name]
		variable, secret := strings.CutPrefix(value, "$")
		if !secret {
			c.Headers[name] = value
			continue
		}
		if c.Secrets[name] = strings.TrimSpace(env(variable)); c.Secrets[name] == "" && err == nil {
			err = fmt.Errorf("%w: endpoint %s takes the header %s from the environment variable %s, which is empty", ErrNoKey, e.Name, name, variable)
		}
	}
	return c, err
}

// variableChars are those of the names of environment variables.
const variableChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"

func (c *Config) checkEndpoints() error {
	seen := map[string]bool{}
	for i, e := range c.Endpoints {
		where := fmt.Sprintf("endpoints, %s", e.Name)
		if e.Name == "" || seen[e.Name] {
			return fmt.Errorf("endpoints: expected a name of its own for each, the one at place %d has %q", i+1, e.Name)
		}
		seen[e.Name] = true
		u, err := url.Parse(e.BaseURL)
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
			return fmt.Errorf("%s: base_url: expected one such as https://openrouter.ai/api/v1", where)
		case u.User != nil || u.RawQuery != "":
			return fmt.Errorf("%s: base_url: expected no user, password or query in it: keys belong in the environment, see key_env", where)
		case strings.Trim(e.KeyEnv, variableChars) != "": // not shown: it may be a key
			return fmt.Errorf("%s: key_env: expected the name of an environment variable, in capitals, not the key itself", where)
		case !(e.TimeoutS >= 0 && e.TimeoutS <= 86400):
			return fmt.Errorf("%s: timeout_s: expected 0 to 86400 seconds, found %g", where, e.TimeoutS)
		case e.Retries != nil && (*e.Retries < 0 || *e.Retries > 100):
			return fmt.Errorf("%s: retries: expected 0 to 100, found %d", where, *e.Retries)
		case e.Concurrency < 0 || e.Concurrency > 10_000:
			return fmt.Errorf("%s: concurrency: expected 0 to 10000, found %d", where, e.Concurrency)
		case !(e.RequestsPerMinute >= 0 && e.TokensPerMinute >= 0):
			return fmt.Errorf("%s: requests_per_minute and tokens_per_minute: expected 0, for no limit, or more", where)
		}
		for name, value := range e.Headers {
			if name == "" || strings.ContainsAny(name+value, "\r\n") {
				return fmt.Errorf("%s: headers: expected names with values of one line", where)
			}
			if variable, behind := strings.CutPrefix(value, "$"); behind && (variable == "" || strings.Trim(variable, variableChars) != "") { // not shown: it may be a key
				return fmt.Errorf("%s: headers, %s: expected the name of an environment variable behind the $, in capitals, not the key itself", where, name)
			}
			if secretHeader(name) && !strings.HasPrefix(value, "$") {
				return fmt.Errorf("%s: headers, %s: expected the name of an environment variable behind a $, as secrets do not belong in this file", where, name)
			}
		}
	}
	for _, name := range c.endpointsUsed() {
		if _, err := c.Endpoint(name); name != "" && err != nil {
			return err
		}
	}
	return nil
}

// secretHeader tells whether what a header holds is a secret by its name.
func secretHeader(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, "-key") || slices.ContainsFunc([]string{"auth", "api-key", "apikey", "token", "secret", "cookie", "password", "credential", "session"},
		func(part string) bool { return strings.Contains(name, part) })
}

func (c *Config) endpointsUsed() []string {
	names := []string{c.Classifiers.LLM.Endpoint, c.Embedder.Endpoint, c.Judge.LLM.Endpoint}
	for _, t := range c.Tiers {
		names = append(names, t.Endpoint)
	}
	return names
}

// Remote returns what a remote embedder is asked for. count counts tokens.
func (e EmbedderConfig) Remote(count func(string) (int, error)) remote.Config {
	return remote.Config{
		Model: e.Model, Dims: e.Dims, RequestDims: e.RequestDims, Prefix: e.Prefix, MaxInputs: e.MaxInputs,
		MaxTokensPerText: e.MaxTokensPerText, Count: count, Price: openaiapi.Price{InputPerM: e.InputPerM},
	}
}

// JudgeConfig says who gives collected answers their score.
type JudgeConfig struct {
	By  string         `yaml:"by" json:"by"`
	LLM JudgeLLMConfig `yaml:"llm" json:"llm"`
}

// JudgeLLMConfig is a model that judges.
type JudgeLLMConfig struct {
	ModelConfig `yaml:",inline"`
	Endpoint    string `yaml:"endpoint" json:"-"`
	Rubric      string `yaml:"rubric" json:"rubric"`
	MaxTokens   int    `yaml:"max_tokens" json:"max_tokens"`
}

func (j JudgeConfig) check() error {
	if err := j.LLM.ModelConfig.check("judge, llm"); err != nil {
		return err
	}
	if j.LLM.MaxTokens < 0 || j.LLM.MaxTokens > mostTokens {
		return fmt.Errorf("judge, llm, max_tokens: expected 0 to %d, found %d", mostTokens, j.LLM.MaxTokens)
	}
	return nil
}
