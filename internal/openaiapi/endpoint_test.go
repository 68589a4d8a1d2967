package openaiapi

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A server that others wrote, named by the environment: what it says must come
// through, streamed or not, and what it cannot do must be an error.
func TestEndpoint(t *testing.T) {
	base, model := os.Getenv("ROUTEPROOF_TEST_ENDPOINT"), os.Getenv("ROUTEPROOF_TEST_MODEL")
	if base == "" || model == "" {
		t.Skip("ROUTEPROOF_TEST_ENDPOINT and ROUTEPROOF_TEST_MODEL name no server to ask")
	}
	store, err := OpenStore(filepath.Join(t.TempDir(), "journal"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	c, err := New(Config{BaseURL: base, Key: os.Getenv("ROUTEPROOF_TEST_KEY"), Store: store, Timeout: 5 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	zero := 0.0
	question := ChatRequest{Model: model, System: "Answer briefly.", User: "Name a colour.", MaxTokens: 8, Temperature: &zero, TopLogprobs: 3}
	var texts []string
	for _, stream := range []bool{false, true} {
		question.Stream = stream
		r, err := c.Chat(t.Context(), question)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, r.Text)
		t.Logf("stream %t: %q, %s, %d in, %d out, first token %v, whole %v", stream, r.Text, r.FinishReason, *cmp.Or(r.Usage.InputTokens, new(int)), *cmp.Or(r.Usage.OutputTokens, new(int)), r.FirstToken, r.Latency)
		if r.Text == "" || r.FinishReason == "" || r.Usage.InputTokens == nil || r.Usage.OutputTokens == nil || r.Latency <= 0 || (r.FirstToken > 0) != stream || r.FirstToken > r.Latency {
			t.Errorf("stream %t: %+v", stream, r)
		}
		if n := *cmp.Or(r.Usage.OutputTokens, new(int)); n > 8 {
			t.Errorf("stream %t: %d tokens, asked for at most 8", stream, n)
		}
		if len(r.Logprobs) == 0 || len(r.Logprobs[0].Top) != 3 {
			t.Logf("stream %t: no log-probabilities: %+v", stream, r.Logprobs)
		}
		again, err := c.Chat(t.Context(), question)
		if err != nil || !again.Stored || again.Text != r.Text {
			t.Errorf("stream %t: asked again: %+v, %v", stream, again, err)
		}
	}
	if texts[0] != texts[1] {
		t.Logf("at temperature 0 whole %q and streamed %q", texts[0], texts[1])
	}
	if _, err := c.Chat(t.Context(), ChatRequest{Model: "no-such-model", User: "x", MaxTokens: 1}); AsError(err) == nil || !AsError(err).Fatal() {
		t.Errorf("a model that there is not: %v", err)
	}
	e, err := c.Embed(t.Context(), EmbedRequest{Model: model, Inputs: []string{"one", "two words", "one"}})
	if err != nil {
		t.Logf("embeddings: %v", err)
		return
	}
	if dims := len(e.Vectors[0]); len(e.Vectors) != 3 || dims == 0 {
		t.Errorf("%d vectors of %d numbers", len(e.Vectors), dims)
	}
	if _, err := c.Embed(t.Context(), EmbedRequest{Model: model, Inputs: []string{"one"}, Dims: 65_536}); AsError(err) == nil {
		t.Errorf("65,536 dims were asked for, and given: %v", err)
	}
}
