package openaiapi

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	openai "github.com/sashabaranov/go-openai"
)

// Config of a [Client]. Zero values are the defaults that the fields name.
type Config struct {
	BaseURL string            // such as https://openrouter.ai/api/v1
	Key     string            // sent as a bearer token; empty: none
	Headers map[string]string // sent with every request, and part of its key
	Secrets map[string]string // likewise, but not part of the key, and kept out of all that is written

	RetryWait         time.Duration // before a request is sent again, doubled each time up to a minute; 0: one second
	Timeout           time.Duration // of one request, until the whole answer is there; 0: two minutes
	Retries           int           // requests sent again at most, of one question; negative: none; 0: five
	Concurrency       int           // requests at a time at most; 0: eight
	RequestsPerMinute float64       // 0: no limit
	TokensPerMinute   float64       // of input and the most of output; 0: no limit

	Store         *Store  // nil: nothing is kept
	RetryFailures bool    // ask again what the store holds a failure of, also where that may have been billed
	Fresh         bool    // ask again what the store holds an answer of
	Offline       bool    // send nothing: what the store does not hold is ErrNotHeld
	Ledger        *Ledger // nil: an own one, without limit
}

// Client asks one server. It is safe for concurrent use.
type Client struct {
	config  Config
	ai      *openai.Client
	limiter *limiter
	redact  redactor

	mu      sync.Mutex
	flights map[key]*flight // equal questions are asked once
	failed  map[key]bool    // by this client, which does not ask them again
}

// New returns a client. It sends nothing.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, errors.New("base URL: expected one such as https://openrouter.ai/api/v1")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("base URL: expected no user, query or fragment in it: keys belong in environment variables")
	case strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/chat/completions"):
		return nil, errors.New("base URL: expected it without /chat/completions, which is added")
	}
	if c.Timeout <= 0 {
		c.Timeout = 2 * time.Minute
	}
	if c.Retries == 0 {
		c.Retries = 5
	}
	if c.RetryWait <= 0 {
		c.RetryWait = time.Second
	}
	if c.Concurrency <= 0 {
		c.Concurrency = 8
	}
	if c.Ledger == nil {
		c.Ledger = &Ledger{}
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	seen := map[string]bool{}
	for _, headers := range []*map[string]string{&c.Headers, &c.Secrets} {
		*headers = maps.Clone(*headers)
		for name, value := range *headers {
			if err := checkHeader(name, value, seen); err != nil {
				return nil, err
			}
		}
	}
	if strings.ContainsFunc(c.Key, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return nil, errors.New("the key holds white space: expected it as the provider gave it")
	}
	client := &Client{
		config: c, limiter: newLimiter(c.Concurrency, c.RequestsPerMinute, c.TokensPerMinute),
		redact: newRedactor(c), flights: map[key]*flight{}, failed: map[key]bool{},
	}
	config := openai.DefaultConfig(c.Key)
	config.BaseURL = c.BaseURL
	config.HTTPClient = &http.Client{
		Transport:     client.newTransport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	client.ai = openai.NewClientWithConfig(config)
	return client, nil
}

// checkHeader refuses what would not be sent, or would not be understood when it
// comes back. The value may be a secret: no error holds it.
func checkHeader(name, value string, seen map[string]bool) error {
	const others = "!#$%&'*+-.^_`|~"
	if name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune(others, r)
	}) {
		return fmt.Errorf("header %q: expected a name of letters, digits and hyphens", name)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return fmt.Errorf("header %s: expected a value of one line without control characters", name)
	}
	canonical := http.CanonicalHeaderKey(name)
	switch canonical {
	case "Host", "Content-Length", "Transfer-Encoding", "Accept-Encoding", "Connection", "Trailer":
		return fmt.Errorf("header %s: expected another, as this one is for the connection, not for the server", name)
	case "Idempotency-Key", "X-Idempotency-Key":
		return fmt.Errorf("header %s: expected another, as all requests would have the same", name)
	}
	if seen[canonical] {
		return fmt.Errorf("header %s: expected it once", name)
	}
	seen[canonical] = true
	return nil
}

// Ledger returns what the client spends.
func (c *Client) Ledger() *Ledger { return c.config.Ledger }

// Concurrency returns how many requests are under way at most. Callers keep
// twice as many waiting, so that answers are written while others are asked.
func (c *Client) Concurrency() int { return c.config.Concurrency }

// Chat returns the answer to a request: from the store, or else from the
// server. The error is an [Error] where there is none, also from the store;
// [ErrBudget] where asking would go beyond the ledger's limit; ctx's where it
// was done before a request was sent.
func (c *Client) Chat(ctx context.Context, r ChatRequest) (*ChatReply, error) {
	q, err := c.chatQuestion(r)
	if err != nil {
		return nil, err
	}
	return ask[ChatReply](ctx, c, q)
}

// Embed returns the vectors of texts, likewise.
func (c *Client) Embed(ctx context.Context, r EmbedRequest) (*EmbedReply, error) {
	q, err := c.embedQuestion(r)
	if err != nil {
		return nil, err
	}
	return ask[EmbedReply](ctx, c, q)
}

// Held tells whether the store holds the answer to a request, or its failure
// where those are not asked again: then it costs nothing.
func (c *Client) Held(r ChatRequest) (bool, error) {
	q, err := c.chatQuestion(r)
	if err != nil || c.config.Store == nil {
		return false, err
	}
	held, err := c.config.Store.get(q.key)
	return held != nil && !c.again(q.key, held), err
}
