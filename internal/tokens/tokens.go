// Package tokens counts the tokens of texts for which no count was recorded.
package tokens

import (
	"fmt"
	"unicode"

	"github.com/tiktoken-go/tokenizer"
)

// Encoding is the vocabulary that counts are made with. It is that of
// OpenAI's models since GPT-4o; for other makers' models a count is an
// approximation.
const Encoding = "o200k_base"

// The tokenizer takes time quadratic in a run of mixed white space. Texts are
// therefore counted in pieces, which may split a token at each cut.
const (
	pieceBytes = 1 << 14
	spaceRun   = 64 // code points of white space after which a piece ends
)

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

// Count returns the number of tokens of a text: exact up to 16 KiB without
// more than 64 code points of white space in a row, else at most one too many
// for each such stretch. Its time is linear in the text's length.
func (c *Counter) Count(text string) (int, error) {
	total := 0
	for len(text) > 0 {
		cut := pieceEnd(text)
		n, err := c.codec.Count(text[:cut])
		if err != nil {
			return 0, fmt.Errorf("counting tokens: %w", err)
		}
		total += n
		text = text[cut:]
	}
	return total, nil
}

// pieceEnd returns where the first piece of a text ends.
func pieceEnd(text string) int {
	spaces := 0
	for i, r := range text {
		if i >= pieceBytes || spaces >= spaceRun {
			return i
		}
		if unicode.IsSpace(r) {
			spaces++
		} else {
			spaces = 0
		}
	}
	return len(text)
}
