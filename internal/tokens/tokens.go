// Package tokens counts the tokens of texts for which no count was recorded.
package tokens

import (
	"fmt"

	"github.com/tiktoken-go/tokenizer"
)

// Encoding is the vocabulary that counts are made with. It is that of
// OpenAI's models since GPT-4o; for other makers' models a count is an
// approximation.
const Encoding = "o200k_base"

// Counter counts tokens. It is safe for concurrent use.
type Counter struct {
	codec tokenizer.Codec
}

// NewCounter loads the vocabulary, which is part of the program.
func NewCounter() (*Counter, error) {
	codec, err := tokenizer.Get(tokenizer.O200kBase)
	if err != nil {
		return nil, fmt.Errorf("loading token vocabulary %s: %w", Encoding, err)
	}
	return &Counter{codec}, nil
}

// Count returns the number of tokens of a text. Its time is linear in the
// text's length.
func (c *Counter) Count(text string) (int, error) {
	n, err := c.codec.Count(text)
	if err != nil {
		return 0, fmt.Errorf("counting tokens: %w", err)
	}
	return n, nil
}
