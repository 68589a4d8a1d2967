package openaiapi

import (
	"math"
	"strings"
	"testing"

	"github.com/routeproof/routeproof/internal/openaiapi/openaitest"
)

// The mean is over all tokens, of which the first alone are kept; a server
// without log-probabilities leaves both out.
func TestMeanLogprob(t *testing.T) {
	const words = 40
	for _, stream := range []bool{false, true} {
		s := openaitest.Start(t, openaitest.Config{Answer: func(*openaitest.Request) string { return strings.Repeat("word ", words) }})
		q := ChatRequest{Model: "m", User: "q", MaxTokens: 100, TopLogprobs: 2, Stream: stream}
		r, err := newClient(t, s.URL).Chat(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Logprobs) != keptTokens || r.MeanLogprob == nil || *r.MeanLogprob >= 0 {
			t.Fatalf("stream %t: %d tokens, mean %v", stream, len(r.Logprobs), r.MeanLogprob)
		}
		// Few answers are short enough to be kept whole.
		q.MaxTokens = keptTokens
		if r, err = newClient(t, s.URL).Chat(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, token := range r.Logprobs {
			sum += token.Logprob
		}
		if len(r.Logprobs) != keptTokens || math.Abs(sum/keptTokens-*r.MeanLogprob) > 1e-12 {
			t.Errorf("stream %t: mean %g of %d tokens that sum to %g", stream, *r.MeanLogprob, len(r.Logprobs), sum)
		}
		none := openaitest.Start(t, openaitest.Config{NoLogprobs: true})
		if r, err = newClient(t, none.URL).Chat(t.Context(), q); err != nil || r.MeanLogprob != nil || r.Logprobs != nil {
			t.Errorf("stream %t: %+v, %v", stream, r, err)
		}
	}
}
