package remote

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// seenPerToken bounds what is read of a text: so many code points for each
	// token that it may have.
	seenPerToken = 8
	// cutTries bounds how often a text is counted for a cut.
	cutTries = 12
)

// input returns what is sent for a text, and nothing where it is blank. Rules 1
// to 3 of [Embedder] are here, and the rule for cuts in cut.
func (e *Embedder) input(text string) (string, error) {
	kept := head(text, seenPerToken*e.config.MaxTokensPerText)
	if !utf8.ValidString(kept) {
		kept = string([]rune(kept)) // each byte apart, unlike strings.ToValidUTF8
	}
	if isBlank(kept) {
		return "", nil
	}
	kept, err := e.cut(kept)
	if err != nil || isBlank(kept) {
		return "", err
	}
	return e.config.Prefix + kept, nil
}

// cut returns the beginning of a text that with the prefix has at most
// MaxTokensPerText tokens.
//
// It holds two numbers of code points, one that fits and one that does not: at
// first 0, taken to have 0 tokens, and the whole text. In each of at most 12
// steps the number between them is counted at which tokens would reach limit -
// limit/64 if they were spread evenly; in every third step it is the middle. The
// number takes the place of the one that it is like. It ends once the fitting
// one has at least limit - limit/32 tokens, or the two are neighbours. The answer
// is the fitting one, or what fits even if every byte is a token where that is
// more: a quarter of the tokens that the prefix's bytes leave. Divisions round
// down.
//
// A count of a longer beginning may be smaller, as tokens merge, so there is no
// one longest beginning that fits: these steps are the definition.
func (e *Embedder) cut(text string) (string, error) {
	limit, prefix := e.config.MaxTokensPerText, e.config.Prefix
	if len(prefix)+len(text) <= limit { // a token has at least a byte
		return text, nil
	}
	most, err := e.count(prefix + text)
	if err != nil || most <= limit {
		return text, err
	}
	fits, fitsTokens := 0, 0
	over, overTokens := utf8.RuneCountInString(text), most
	for try := 1; try <= cutTries && over-fits > 1 && fitsTokens < limit-limit/32; try++ {
		n := fits + (over-fits)/2
		if try%3 != 0 {
			n = fits + (over-fits)*max(0, limit-limit/64-fitsTokens)/(overTokens-fitsTokens)
		}
		n = min(max(n, fits+1), over-1)
		tokens, err := e.count(prefix + head(text, n))
		if err != nil {
			return "", err
		}
		if tokens <= limit {
			fits, fitsTokens = n, tokens
		} else {
			over, overTokens = n, tokens
		}
	}
	return head(text, max(fits, (limit-len(prefix))/bytesPerPoint)), nil
}

func (e *Embedder) count(input string) (int, error) {
	n, err := e.config.Count(input)
	if err != nil {
		return 0, fmt.Errorf("counting tokens: %w", err)
	}
	return n, nil
}

// head returns the first n code points of a text, or all.
func head(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}

func isBlank(text string) bool { return strings.TrimSpace(text) == "" }
